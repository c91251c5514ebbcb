"""Rendering: what is told, what is escaped, and where the marks fall."""

import html
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from index.types import Span
from rag.types import Answer, Citation, Claim, Cost, Source, Status, Timings
from tests.ui.fake_desk import (
    EMBEDDER,
    MODEL,
    FakeDesk,
    citation,
    cited_answer,
    hostile_answer,
    refused_answer,
    source,
)
from ui import render
from ui.cited import also_told, displayed, file_name, quoted, stretches, visible

TEXT = "One two three. Four five six. Seven eight nine."


def passage(text: str = TEXT, *, number: int = 1, start: int = 0, document_id: int = 1) -> Source:
    return Source(
        number, "/a/b.md", document_id, "A title", None, None, start, start + len(text), text, 1.0
    )


def cite(of: Source, low: int, high: int) -> Citation:
    """The citation of `of.text[low:high]`; may reach beyond the passage."""
    return Citation(
        of.number,
        of.document,
        of.document_id,
        of.title,
        of.date,
        of.page,
        of.start + low,
        of.start + high,
        of.text[max(low, 0) : high],
    )


def claim(*citations: Citation, text: str = "So it is.", supported: bool = True) -> Claim:
    return Claim(text, supported, 0.9 if supported else 0.1, citations)


def answer(text: str, *claims: Claim, sources: tuple[Source, ...] = ()) -> Answer:
    return Answer(
        "Why?", text, False, claims, sources or (passage(),), Timings(0.1, 1, 2, 3, 4), "m", "e"
    )


class Tags(HTMLParser):
    """The elements and attributes of some HTML, and its text."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def marked(source: str) -> list[str]:
    return [
        html.unescape(each) for each in re.findall(r"<mark[^>]*>(.*?)</mark>", source, re.DOTALL)
    ]


# Citations


def test_a_marker_links_to_its_passage_and_shows_the_quote() -> None:
    given = cited_answer("Why?")

    (first, second) = Tags(render.answer_html(given)).of("a")

    assert first["href"] == "#rd-source-1"
    assert first["class"] == "cite"
    assert first["title"] == given.claims[0].citations[0].quote
    assert second["href"] == "#rd-source-2"
    assert second["title"] == " … ".join(each.quote for each in given.claims[1].citations)


def test_the_marks_that_a_marker_names_are_on_the_page() -> None:
    given = cited_answer("Why?")

    shown = Tags(render.answer_html(given)).of("a")
    passages = Tags(render.sources_html(given.sources, given.claims))
    marks = {each["id"] for each in passages.of("mark")}

    named = [set((each["data-marks"] or "").split()) for each in shown]
    assert [len(each) for each in named] == [1, 2]
    assert named[0] | named[1] == marks


@pytest.mark.parametrize(
    ("text", "links", "left"),
    [
        ("So [1].", ["1"], "So1."),
        ("So [1, 3].", ["1", "3"], "So13."),
        ("So [1][3].", ["1", "3"], "So13."),
        ("So [2].", [], "So [2]."),
        ("So [1, 2].", ["1"], "So1 [2]."),
        ("So [0] [99] [1234].", [], "So [0] [99] [1234]."),
        ("See [appendix] and arr[1].", ["1"], "See [appendix] and arr1."),
    ],
)
def test_only_numbers_of_passages_become_links(text: str, links: list[str], left: str) -> None:
    sources = (passage(number=1), passage(number=3))

    tags = Tags(render.answer_html(answer(text, sources=sources)))

    assert [each["href"] for each in tags.of("a")] == [f"#rd-source-{n}" for n in links]
    assert tags.text == left


def test_a_long_quote_is_cut_in_the_tooltip() -> None:
    of = passage("word " * 200)
    given = answer("So it is. [1]", claim(cite(of, 0, 900)), sources=(of,))

    (link,) = Tags(render.answer_html(given)).of("a")

    assert len(link["title"] or "") <= 280
    assert (link["title"] or "").endswith("…")


# Marks in passages


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([(0, 14)], ["One two three."]),
        ([(0, 14), (15, 29)], ["One two three.", "Four five six."]),
        ([(0, 14), (8, 29)], ["One two three. Four five six."]),
        ([(0, 14), (14, 29)], ["One two three. Four five six."]),
        ([(15, 29), (0, 14)], ["One two three.", "Four five six."]),
        ([(0, 29), (4, 7)], ["One two three. Four five six."]),
        ([(-10, 14)], ["One two three."]),
        ([(30, 500)], ["Seven eight nine."]),
        ([(500, 600)], []),
        ([], []),
    ],
)
def test_marks_cover_what_is_cited_once(spans: list[tuple[int, int]], expected: list[str]) -> None:
    of = passage(start=1000)
    claims = [claim(cite(of, low, high)) for low, high in spans]

    shown = render.sources_html([of], claims)

    assert marked(shown) == expected
    assert TEXT in Tags(shown).text


def test_marks_in_text_that_needs_escaping_keep_their_place() -> None:
    of = passage("a < b & c > d, <b>bold</b>. The end.")
    shown = render.sources_html([of], [claim(cite(of, 0, 27))])

    assert marked(shown) == ["a < b & c > d, <b>bold</b>."]


def test_only_the_same_document_is_marked() -> None:
    cited, other = passage(), passage(number=2, document_id=2)

    assert quoted(cited, [claim(cite(cited, 0, 14))]) == [Span(0, 14)]
    assert quoted(other, [claim(cite(cited, 0, 14))]) == []


def test_near_misses_of_unsupported_claims_are_not_marked() -> None:
    of = passage()
    shown = render.sources_html([of], [claim(cite(of, 0, 14), supported=False)])

    assert marked(shown) == []
    assert "Also found" in shown


@pytest.mark.parametrize(
    ("also_in", "told"),
    [
        ((), ""),
        (("/x/c.md",), "c.md"),
        (("/x/b.md", "/b.md"), "x/b.md, b.md"),
        (("C:\\old\\c.md", "news.zip!/2029/c.md"), "c.md, news.zip!/2029/c.md"),
        (("/1.md", "/2.md", "/3.md", "/4.md", "/5.md"), "1.md, 2.md, 3.md and 2 more"),
        (("/x/\u202egpj.md",), "gpj.md"),
    ],
)
def test_other_places_of_an_article_are_named(also_in: tuple[str, ...], told: str) -> None:
    assert also_told("/a/b.md", also_in) == told

    card = render.sources_html([replace(passage(), also_in=also_in)])
    assert ("Also in: " + told in card) == bool(also_in)


def test_names_of_other_places_are_escaped() -> None:
    of = replace(passage(), also_in=("/x/<img src=x>.md",))
    shown = render.sources_html([of], [claim(cite(of, 0, 14))])

    assert Tags(shown).of("img") == []
    assert "Also in: <img src=x>.md" in Tags(shown).text


def test_passages_that_are_not_cited_follow_folded() -> None:
    given = cited_answer("Why?")

    shown = render.sources_html(given.sources, given.claims)

    assert Tags(shown).of("details") == [
        {"class": "rd-source rd-quiet", "id": "rd-source-3", "tabindex": "-1"}
    ]
    assert shown.index("Cited passages") < shown.index("Also found") < shown.index("rd-source-3")


def test_before_the_answer_all_passages_are_open() -> None:
    shown = render.sources_html(cited_answer("Why?").sources)

    assert "Passages found" in shown
    assert "<details" not in shown
    assert render.sources_html([]) == ""


def test_a_card_says_where_its_passage_is_from() -> None:
    text = Tags(render.sources_html([source(1, 2), source(2, 3)])).text

    assert "April 2024 · page 2 · quay repairs.pdf · characters 0–" in text
    assert "date unknown · market.html" in text


@pytest.mark.parametrize(
    ("date", "shown"),
    [
        ("2026-06-18", "18 June 2026"),
        ("2026-06", "June 2026"),
        ("2026", "2026"),
        ("2026-13-01", "2026-13-01"),
        ("<b>", "<b>"),
        (None, "date unknown"),
    ],
)
def test_dates_are_told_in_words(date: str | None, shown: str) -> None:
    tags = Tags(render.sources_html([replace(passage(), date=date)]))

    assert shown in tags.text
    assert not tags.of("b")


# What is not supported


def test_unsupported_claims_are_marked_and_keep_their_place() -> None:
    shown = render.answer_html(cited_answer("Why?"))

    struck = re.findall(r"<s>(.*?)</s>", shown)
    assert struck == ["The mayor paid for it himself."]
    assert shown.count("not found in the articles") == 1


def test_two_equal_claims_are_told_apart() -> None:
    given = answer("It is. It is.", claim(text="It is."), claim(text="It is.", supported=False))

    shown = render.answer_html(given)

    assert shown.index("It is.") < shown.index("<s>")
    assert shown.count("<s>") == 1


def test_an_unsupported_claim_over_two_lines_is_struck_on_both() -> None:
    given = answer("It is\nso.", claim(text="It is\nso.", supported=False))

    shown = render.answer_html(given)

    assert re.findall(r"<s>(.*?)</s>", shown) == ["It is", "so."]
    assert shown.count("not found in the articles") == 1


def test_every_character_of_the_answer_is_in_one_stretch() -> None:
    given = cited_answer("Why?")

    assert "".join(each.span.of(given.text) for each in stretches(given)) == given.text


def test_a_claim_that_is_not_in_the_text_harms_nothing() -> None:
    given = answer("It is. [1]", claim(text="Nowhere."), claim(text="It is."))

    assert Tags(render.answer_html(given)).text == "It is.1"


# Refusals, stops, errors


def test_what_was_understood_is_told_before_the_answer() -> None:
    typed = cited_answer("When was that?")
    assert "Understood as" not in render.answer_html(typed) + render.answer_text(typed)
    assert render.answer_json(typed)["understood"] == ""
    for known in (typed, refused_answer("When was that?")):
        told = replace(known, understood="When did <b>Holt</b> close it?")
        shown = render.answer_html(told)
        assert shown.count("Understood as: When did &lt;b&gt;Holt&lt;/b&gt; close it?") == 1
        assert shown.endswith(render.answer_html(known))
        assert render.answer_text(told).startswith(
            "(Understood as: When did <b>Holt</b> close it?)"
        )
        assert render.answer_json(told)["understood"] == "When did <b>Holt</b> close it?"
        assert render.answer_json(told)["question"] == "When was that?"


def test_a_refusal_is_a_panel_of_its_own() -> None:
    given = refused_answer("Why?")

    shown = render.answer_html(given)

    assert "rd-refusal" in shown
    assert "The articles don't say." in Tags(shown).text
    assert "Closest passages" in render.sources_html(given.sources, given.claims, refused=True)


def test_a_refusal_tells_what_comes_nearest_and_where_it_stands() -> None:
    given = refused_answer("Who paid?")
    quote = "Repairs to the lower quay will cost 3 million crowns."

    told = Tags(render.answer_html(given))
    cards = render.sources_html(given.sources, displayed(given), refused=True)

    assert f"What comes nearest, so that you can judge for yourself:{quote}2" in told.text
    (link,) = told.of("a")
    assert link["href"] == "#rd-source-2"
    assert f'<mark id="{link["data-marks"]}">{quote}</mark>' in cards


def test_a_refusal_that_nothing_comes_near_points_to_the_passages_if_there_are_any() -> None:
    bare = replace(refused_answer("Who paid?"), nearest=())
    hint = "The closest passages are shown"

    assert hint in render.answer_html(bare)
    assert hint not in render.answer_html(replace(bare, sources=()))


def test_what_comes_nearest_cannot_bring_markup() -> None:
    evil = source(1, 4)
    given = replace(refused_answer("Why?"), sources=(evil,), nearest=(citation(evil, evil.text),))
    shown = render.answer_html(given) + render.answer_text(given)

    assert "<script" not in render.answer_html(given)
    assert "<img" not in render.answer_html(given)
    assert "window.hacked" in shown


def test_an_answer_says_as_of_when_it_is_known() -> None:
    given = cited_answer("Why?")  # of articles of 12 March 2024 and of April 2024
    assert given.as_of == "2024-04"
    assert "As of April 2024" in Tags(render.answer_html(given)).text
    assert '<time datetime="2024-04">' in render.answer_html(given)
    assert "(As of April 2024)" in render.answer_text(given)
    assert render.answer_json(given)["as_of"] == "2024-04"
    undated = answer("It is. [1]", claim(cite(passage(), 0, 14), text="It is."))
    for silent in (refused_answer("Why?"), undated):
        assert silent.as_of is None
        assert "As of" not in render.answer_html(silent) + render.answer_text(silent)
        assert render.answer_json(silent)["as_of"] is None


def test_what_another_article_says_is_a_claim_of_its_own() -> None:
    now, then = passage(), passage(number=2, document_id=2)
    given = answer(
        "Four five six. [1]\n\nEarlier (May 2024): One two three. [2]",
        claim(cite(now, 15, 29), text="Four five six."),
        replace(claim(cite(then, 0, 14), text="One two three."), differs="earlier"),
        sources=(now, then),
    )
    shown = render.answer_html(given)
    assert shown.count('<p dir="auto">') == 2
    assert "Earlier (May 2024): One two three." in Tags(shown).text
    assert "Earlier (May 2024): One two three. [2]" in render.answer_text(given)
    assert [each["differs"] for each in render.answer_json(given)["claims"]] == ["", "earlier"]


@pytest.mark.parametrize(
    ("stopped", "said"), [("length", "length limit"), ("cancelled", "Stopped")]
)
def test_an_answer_cut_short_says_so(stopped: str, said: str) -> None:
    given = replace(cited_answer("Why?"), stopped=stopped)

    assert said in render.answer_html(given)
    assert said in render.answer_text(given, 80)


def test_what_was_stopped_says_that_it_is_not_checked() -> None:
    assert "not been checked" in render.stopped_html("It is")
    assert Tags(render.stopped_html(" ")).text == "Stopped."


def test_an_error_is_an_alert_with_its_commands_set_as_code() -> None:
    shown = render.error_html("No <model>. Run `refdesk models pull`.")

    assert 'role="alert"' in shown
    assert "No &lt;model&gt;. Run <code>refdesk models pull</code>." in shown


def test_status_has_a_bar_and_the_seconds() -> None:
    known = Tags(render.status_html(Status("Reading <it>", 0.4), 3.2))
    unknown = Tags(render.status_html(Status("Waiting"), 0.4))

    assert known.text == "Reading <it>3 s"
    assert known.of("progress") == [{"aria-label": "Reading <it>", "max": "1", "value": "0.400"}]
    assert unknown.text == "Waiting"
    assert "value" not in unknown.of("progress")[0]
    assert 'value="1.000"' in render.status_html(Status("", 7.0))


def test_the_footer_tells_what_it_took() -> None:
    assert Tags(render.footer_html(cited_answer("Why?"))).text == (
        "3 passages in 0.06 s · first word after 3.1 s · finished in 6.2 s · "
        f"512 tokens read, 42 written · {MODEL} · runs on this machine"
    )
    assert "first word" not in render.footer_html(refused_answer("Why?"))


def test_the_footer_tells_what_it_cost_and_leads_to_the_receipt() -> None:
    answer = replace(
        cited_answer("Why?"), id="k7m2q9xd4p", cost=Cost(104.4, False, 0.000009, "EUR")
    )
    tags = Tags(render.footer_html(answer))
    assert "about 0.029 Wh, under 0.0001 EUR · fake-1b" in tags.text
    assert tags.text.endswith("receipt k7m2q9xd4p")
    (link,) = tags.of("a")
    assert link["href"] == "/api/receipts/k7m2q9xd4p"
    assert link["download"] == "refdesk-k7m2q9xd4p.json"


def test_an_answer_on_the_terminal_ends_with_what_it_took() -> None:
    answer = replace(cited_answer("Why?"), id="k7m2q9xd4p", cost=Cost(72_000, True))
    *_, last = render.answer_text(answer).split("\n\n")
    assert last == "(512 tokens read, 42 written · 6.2 s · 20 Wh · receipt k7m2q9xd4p)"


# Text that is being written


def test_unfinished_markers_are_held_back() -> None:
    sources = (passage(),)

    assert Tags(render.streaming_html("It is [", sources=sources)).text == "It is"
    assert Tags(render.streaming_html("It is [1", sources=sources)).text == "It is"
    assert Tags(render.streaming_html("It is [1]", sources=sources)).of("a")
    assert render.streaming_html("") == ""


def test_the_status_follows_the_text() -> None:
    shown = render.streaming_html("It is", Status("Writing"))

    assert shown.index("It is") < shown.index("Writing")


def test_lists_and_paragraphs_keep_their_form() -> None:
    shown = render.streaming_html("Two:\n- **a** x\n- b\n\nThen:\n3. c\n4. d\n\nlast\nline")

    assert '<p dir="auto">Two:</p><ul><li dir="auto"><strong>a</strong> x</li>' in shown
    assert '<ol start="3">' in shown
    assert "last<br>line" in shown


# What is hostile


def test_nothing_of_articles_and_models_becomes_markup() -> None:
    given = hostile_answer("<script>")
    shown = "".join(
        [
            render.answer_html(given),
            render.streaming_html(given.text, Status(given.text), given.sources),
            render.stopped_html(given.text, given.sources),
            render.sources_html(given.sources, given.claims),
            render.sources_html(given.sources),
            render.error_html(given.text),
            render.footer_html(replace(given, model="<script>")),
        ]
    )

    tags = Tags(shown)
    used = {name for name, _ in tags.found}
    assert used <= {
        "div",
        "p",
        "a",
        "s",
        "sup",
        "small",
        "section",
        "h2",
        "h3",
        "article",
        "details",
        "summary",
        "blockquote",
        "span",
        "i",
        "progress",
        "code",
        "br",
        "mark",
        "time",
        "strong",
    }
    assert all((each["href"] or "").startswith("#rd-source-") for each in tags.of("a"))
    assert not any(name.startswith("on") for _, each in tags.found for name in each)
    assert "![x](http://evil.test/a.png)" in tags.text
    assert "\u202e" not in shown


def test_quotes_cannot_leave_an_attribute() -> None:
    of = passage("\"' onmouseover='x' \"")
    given = answer("So it is. [1]", claim(cite(of, 0, 20)), sources=(of,))

    (link,) = Tags(render.answer_html(given)).of("a")

    assert set(link) == {"class", "href", "title", "aria-label", "data-marks"}


@pytest.mark.parametrize("bad", ["\x00", "\x1b[31m", "\x9b31m", "\u202e", "\u2066"])
def test_control_characters_are_left_out(bad: str) -> None:
    given = answer(f"It {bad}is. [1]", sources=(passage(f"a{bad}b"),))

    shown = render.answer_html(given) + render.sources_html(given.sources)
    told = render.answer_text(replace(given, refused=True), 80)

    assert bad[0] not in shown + told
    assert visible("a\tb\r\nc\rd") == "a\tb\nc\nd"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/a/b.md", "b.md"),
        ("C:\\a\\b c.md", "b c.md"),
        ("b.md", "b.md"),
        ("/a/x\\y.md", "x\\y.md"),
        ("/a/news.zip!/b/c.pdf", "news.zip!/b/c.pdf"),
        ("C:\\a\\b.jsonl!/3", "b.jsonl!/3"),
    ],
)
def test_file_names(path: str, name: str) -> None:
    assert file_name(path) == name


# The terminal


def test_answer_text_has_footnotes_with_quotes() -> None:
    given = cited_answer("Why?")

    told = render.answer_text(given, 70)

    assert told == (
        "The tide of March 2024 rose 4.2 metres, the highest since 1931. [1]\n"
        "Raising the lower quay costs 3 million crowns and begins in May. [2]\n"
        "The mayor paid for it himself. [not found in the articles]\n"
        "\n"
        "(As of April 2024)\n"
        "\n"
        "[1] Highest tide at Varn since 1931, 2024-03-12, tides.md, characters\n"
        "    41-128\n"
        "    also in: backup/tides.md, highest <tide>.html, 2.txt and 1 more\n"
        "    The spring tide of March 2024 rose 4.2 metres, the highest since\n"
        "    records began in 1931.\n"
        "\n"
        "[2] The lower quay is to be raised, 2024-04, quay repairs.pdf, p. 2,\n"
        "    characters 0-53\n"
        "    Repairs to the lower quay will cost 3 million crowns.\n"
        "\n"
        "[2] The lower quay is to be raised, 2024-04, quay repairs.pdf, p. 2,\n"
        "    characters 54-87\n"
        "    Holt said the work begins in May."
    )


def test_answer_text_of_a_refusal_shows_the_closest_passages() -> None:
    told = render.answer_text(refused_answer("Why?"), 60)

    assert told.startswith(
        "The articles don't say.\n\nWhat comes nearest:\n\n[2] The lower quay is to be raised"
    )
    assert "\n\nClosest passages:\n\n[1] Fish market" in told
    assert "date unknown" in told
    assert all(len(line) <= 60 for line in told.splitlines())


def test_answer_text_keeps_lists() -> None:
    assert render.answer_text(answer("Two:\n- a\n- b"), 80) == "Two:\n- a\n- b"


# JSON


def test_answer_json_has_its_keys() -> None:
    given = render.answer_json(cited_answer("Why?"))

    (cited,) = given["claims"][0]["citations"]
    assert set(given) >= {
        "question",
        "answer",
        "refused",
        "as_of",
        "missing",
        "claims",
        "sources",
        "timings",
        "model",
        "embedder",
    }
    assert given["nearest"] == []
    (near,) = render.answer_json(refused_answer("Why?"))["nearest"]
    assert set(near) == set(cited)
    assert set(given["claims"][0]) == {"text", "supported", "score", "differs", "citations"}
    assert set(cited) >= {"document", "title", "date", "page", "start", "end", "quote"}
    assert set(given["sources"][0]) >= {
        "document",
        "title",
        "date",
        "score",
        "start",
        "end",
        "text",
        "also_in",
    }
    assert set(given["timings"]) == {
        "retrieve_s",
        "first_token_s",
        "total_s",
        "prompt_tokens",
        "answer_tokens",
    }
    assert (given["model"], given["embedder"]) == (MODEL, EMBEDDER)
    assert json.loads(json.dumps(given)) == given


def test_the_offsets_of_answer_json_lead_to_the_quote() -> None:
    given = render.answer_json(cited_answer("Why?"))
    texts = {each["document"]: each for each in given["sources"]}

    for each in (each for claim in given["claims"] for each in claim["citations"]):
        of = texts[each["document"]]
        low, high = each["start"] - of["start"], each["end"] - of["start"]
        assert of["text"][low:high] == each["quote"]


def test_the_library_is_listed_folded() -> None:
    tags = Tags(render.library_html(FakeDesk().entries()))

    assert tags.text.startswith("3 articles in the library")
    assert len(tags.of("li")) == 3
    assert "12 March 2024 · Varn Gazette" in tags.text
    assert "The library is empty." in render.library_html([])


def test_what_was_left_out_is_told() -> None:
    given = cited_answer("Why?")
    one, two = replace(given, omitted=1), replace(given, omitted=2)

    assert "One sentence was left out" in render.answer_html(one)
    assert "2 sentences were left out" in render.answer_text(two)
    assert "left out" not in render.answer_html(given) + render.answer_text(given)


def test_a_table_is_shown_as_one_with_its_citations() -> None:
    text = (
        "So:\n| Name | Year |\n| --- | ---: |\n| Anna | 1998 [1] |\n| Bo | 2003 [1] |\nThat is all."
    )
    of = passage()
    claims = (claim(cite(of, 0, 14), text="Anna | 1998"), claim(text="Bo | 2003", supported=False))
    shown = render.answer_html(answer(text, *claims, sources=(of,)))
    assert shown.count("<tr>") == 3
    assert '<thead><tr><td dir="auto">Name</td>' in shown
    assert "---" not in shown
    assert "|" not in re.sub(r"<[^>]*>", "", shown)
    assert shown.count('class="cite"') == 2
    unsupported = re.findall(r"<s>(.*?)</s>", shown)
    assert [each.strip() for each in unsupported] == ["Bo", "2003"]


@pytest.mark.parametrize(
    "hostile",
    [
        "| <script>x</script> | [a](javascript:x) |",
        "[a](https://evil.example)",
        "![a](https://evil.example/p.gif)",
        "<https://evil.example> https://evil.example",
        "[a][b]\n[b]: https://evil.example",
        "<img src=x onerror=y><a href=data:text/html,x>a</a>",
        "- [a](https://evil.example)[^1]",
    ],
)
def test_nothing_of_a_models_making_becomes_a_link_or_an_image(hostile: str) -> None:
    shown = render.answer_html(answer(hostile, sources=(passage(),)))
    elements = set(re.findall(r"<(\w+)", shown))
    assert elements <= {"div", "p", "br", "ul", "li", "table", "tbody", "tr", "td"}
    assert not re.search(r"<[^>]*(?:href|src|onerror)", shown)


def test_a_note_is_told_with_the_answer() -> None:
    noted = replace(answer("It is so."), note="Other <language>")
    assert "Other &lt;language&gt;" in render.answer_html(noted)
    assert "(Other <language>)" in render.answer_text(noted)
    assert render.answer_json(noted)["note"] == "Other <language>"
