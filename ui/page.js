// What the page does by itself: a click on a citation shows its passage; what was answered before
// stays below the next answer; what to search in goes with each question. Without this file the
// links still lead to the passages, and questions are still answered.
"use strict";

window.refdesk = (() => {
  const MOST = 100;
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  // Where there is no keyboard on the screen to cover the answer.
  const keyboard = window.matchMedia("(hover: hover) and (pointer: fine)");
  let kept = 0;

  const one = (selector, where = document) => where.querySelector(selector);
  const all = (selector, where = document) => [...where.querySelectorAll(selector)];

  function made(tag, name, ...inner) {
    const element = document.createElement(tag);
    element.className = name;
    element.append(...inner);
    return element;
  }

  // Citations

  function show(link) {
    const source = document.getElementById(link.hash.slice(1));
    if (!source) return;
    for (let each = source; each; each = each.parentElement) {
      if (each.tagName === "DETAILS") each.open = true;
    }
    for (const each of all("mark.rd-shown")) each.classList.remove("rd-shown");
    // Set on the location, because only that makes the passage the page's :target.
    window.location.hash = link.hash;
    const marks = (link.dataset.marks || "").split(" ").filter(Boolean);
    const shown = marks.map((id) => document.getElementById(id)).filter(Boolean);
    for (const each of shown) each.classList.add("rd-shown");
    const behavior = calm.matches ? "auto" : "smooth";
    const tall = source.offsetHeight > window.innerHeight;
    (tall && shown.length ? shown[0] : source).scrollIntoView({ behavior, block: "center" });
    source.focus({ preventScroll: true });
  }

  function forget() {
    if (one(".rd-source:target")) window.location.hash = "#rd";
  }

  // While a question is typed, what it will need is read

  const PAUSE_MS = 600;
  let pause = 0;

  function typing(box) {
    clearTimeout(pause);
    // A tab that is not looked at has no reader who types.
    pause = setTimeout(() => {
      const busy = one("#rd-left .rd-answer")?.getAttribute("aria-busy") === "true";
      if (box.value.trim() && !busy && !document.hidden) one("#rd-typing-button")?.click();
    }, PAUSE_MS);
  }

  const typed = (question) => [question, chosen()];

  // The conversation

  // A copy whose ids are its own, so that its citations lead to its own passages.
  function copied(element, turn) {
    const copy = element.cloneNode(true);
    const own = (id) => `${turn}-${id}`;
    for (const each of all("[id]", copy)) each.id = own(each.id);
    for (const each of all("a.cite", copy)) {
      each.hash = `#${own(each.hash.slice(1))}`;
      if (each.dataset.marks) each.dataset.marks = each.dataset.marks.split(" ").map(own).join(" ");
    }
    for (const each of all(".rd-shown", copy)) each.classList.remove("rd-shown");
    for (const each of all("h2, h3", copy)) {
      each.setAttribute("aria-level", Number(each.tagName[1]) + 2);
    }
    return copy;
  }

  // Puts what is answered below, before the next question takes its place.
  function keep() {
    const answer = one("#rd-left .rd-answer");
    const said = answer && one(".rd-text, .rd-refusal h2", answer);
    if (!said || answer.getAttribute("aria-busy") !== "false") return;
    kept += 1;
    const asked = one(".rd-question", answer).textContent;
    const turn = made("details", "rd-turn");
    const heading = made("h3", "rd-turn-question", asked);
    const snippet = made("span", "rd-turn-snippet", said.textContent);
    const body = made("div", "rd-turn-body", copied(answer, `turn-${kept}`));
    one(".rd-question", body).remove();
    for (const each of all(".rd-answer", body)) {
      for (const name of ["aria-live", "aria-busy"]) each.removeAttribute(name);
      each.setAttribute("aria-label", "Earlier answer");
    }
    const passages = made("div", "rd-turn-sources");
    for (const each of all("#rd-right .rd-group")) passages.append(copied(each, `turn-${kept}`));
    body.append(passages);
    turn.append(made("summary", "", heading, snippet), body);
    const earlier = one("#rd-earlier");
    one("h2", earlier).after(turn);
    earlier.hidden = false;
    for (const each of all(".rd-turn", earlier).slice(MOST)) each.remove();
  }

  // Gradio passes over a second question while one is answered: the reader is told so.

  const WAIT = "An answer is being written: stop it or let it end. Your question stays in the box.";

  function wait(text) {
    let note = one("#rd-wait");
    if (!note) {
      if (!text) return;
      note = made("p", "rd-note");
      note.id = "rd-wait";
      note.setAttribute("role", "status");
      one("#rd-ask").after(note);
    }
    note.textContent = text;
    note.hidden = !text;
  }

  function asking(question) {
    clearTimeout(pause);
    wait("");
    keep();
    forget();
    // What was chosen stands in its summary; what is wrong with it stays in sight.
    if (one("#rd-search-in")?.checkValidity()) one(".rd-search-in").open = false;
    const box = one("#rd-question textarea");
    if (keyboard.matches) {
      // What is typed next takes its place; the buttons, switched off now, cannot hold the focus.
      box.focus();
      box.select();
    } else {
      box.blur();
    }
    return [question, chosen()];
  }

  function anew() {
    wait("");
    for (const each of all(".rd-turn")) each.remove();
    one("#rd-earlier").hidden = true;
    forget();
    one("#rd-question textarea").focus();
    return [];
  }

  // What to search in

  function chosen() {
    const form = one("#rd-search-in");
    const data = new FormData(form || undefined);
    const names = (kind) => data.getAll(kind);
    const typed = (kind) => (data.get(kind) || "").trim();
    const sent = {
      collections: names("collections"),
      tags: names("tags"),
      documents: names("documents"),
      since: typed("since"),
      until: typed("until"),
    };
    return Object.values(sent).some((each) => each.length) ? JSON.stringify(sent) : "";
  }

  function tell(form) {
    const data = new FormData(form);
    const documents = data.getAll("documents").length;
    const date = (kind) => data.get(kind) && `${kind} ${data.get(kind).replaceAll("-", "\u2011")}`;
    const parts = [
      data.getAll("collections").join(" or "),
      data.getAll("tags").join(" and "),
      documents ? `${documents} ${documents === 1 ? "article" : "articles"}` : "",
      date("since"),
      date("until"),
    ];
    const told = parts.filter(Boolean).join("; ");
    const shown = one(".rd-chosen");
    shown.textContent = told || "all articles";
    shown.classList.toggle("rd-limited", Boolean(told));
  }

  function find(input) {
    const wanted = input.value.trim().toLowerCase();
    for (const each of all(".rd-articles label")) {
      each.hidden = !each.textContent.toLowerCase().includes(wanted);
    }
  }

  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    const link = event.target.closest("a.cite");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      show(link);
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    if (!(event.target instanceof Element) || !event.target.matches("#rd-question textarea")) return;
    if (one("#rd-left .rd-answer")?.getAttribute("aria-busy") === "true") wait(WAIT);
  });

  document.addEventListener("input", (event) => {
    if (!(event.target instanceof Element)) return;
    if (event.target.matches("#rd-question textarea")) typing(event.target);
    else if (event.target.matches(".rd-articles input[type=search]")) find(event.target);
    else if (event.target.closest("#rd-search-in")) tell(event.target.form);
  });

  document.addEventListener("reset", (event) => {
    // After the event the form is empty.
    setTimeout(() => {
      tell(event.target);
      const search = one("input[type=search]", event.target);
      if (search) find(search);
    });
  });

  document.addEventListener("submit", (event) => {
    if (event.target instanceof Element && event.target.id === "rd-search-in") {
      event.preventDefault();
    }
  });

  return { asking, anew, typed };
})();
