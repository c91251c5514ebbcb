// What the page does by itself: a click on a citation shows its passage; a new question lets go
// of the passage shown before. Without this file the links still lead to the passages.
"use strict";

(() => {
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");

  function show(link) {
    const source = document.getElementById(link.hash.slice(1));
    if (!source) return;
    for (let each = source; each; each = each.parentElement) {
      if (each.tagName === "DETAILS") each.open = true;
    }
    for (const each of document.querySelectorAll("mark.rd-shown")) {
      each.classList.remove("rd-shown");
    }
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
    if (window.location.hash.startsWith("#rd-source-")) window.location.hash = "#rd";
  }

  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    const link = event.target.closest("a.cite");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      show(link);
    } else if (event.target.closest("#rd-ask-button, #rd-examples button")) {
      forget();
    }
  });

  document.addEventListener("keydown", (event) => {
    const asked = event.key === "Enter" && !event.shiftKey && event.target instanceof Element;
    if (asked && event.target.closest("#rd-question")) forget();
  });
})();
