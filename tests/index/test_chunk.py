from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from index.chunk import chunk, header
from index.types import Document, Page, Span
from tests.fakes import HashEmbedder

COUNT = HashEmbedder().count


def test_whole_sentences_within_the_budget_at_exact_offsets() -> None:
    text = " ".join(f"Sentence number {n} says a thing or two." for n in range(40))
    chunks = chunk(Document(text, "T"), COUNT, budget=50)
    assert len(chunks) > 5
    assert all(text[c.start : c.end] == c.text for c in chunks)
    assert all(COUNT([c.text])[0] <= 50 for c in chunks)
    assert all(c.text.endswith(".") and c.text.startswith("Sentence") for c in chunks)
    assert "".join(c.text.replace(" ", "") for c in chunks) == text.replace(" ", "")


def test_the_header_is_title_and_date_and_is_not_in_the_text() -> None:
    document = Document("Some words here.", "A title", date="2026-06-18")
    assert header(document) == "A title (2026-06-18)"
    (only,) = chunk(document, COUNT)
    assert only.header == "A title (2026-06-18)"
    assert only.text == "Some words here."


def test_a_heading_goes_with_what_follows_it() -> None:
    text = "First words of the text go here and on. " * 3 + "\n\n## Prices\n\nThey rose again. " * 1
    chunks = chunk(Document(text, "T"), COUNT, budget=32)
    assert chunks[-1].text.startswith("## Prices")


def test_only_the_body_is_cut() -> None:
    text = "MENU\n\nThe article itself.\n\nSHARE"
    (only,) = chunk(Document(text, "T", body=(Span(6, 25),)), COUNT)
    assert only.text == "The article itself."


def test_no_passage_reaches_across_what_was_left_out() -> None:
    text = "First part here. ACCEPT COOKIES Second part here."
    body = (Span(0, 16), Span(32, len(text)))
    assert [c.text for c in chunk(Document(text, "T", body=body), COUNT)] == [
        "First part here.",
        "Second part here.",
    ]


def test_pages_are_kept() -> None:
    text = "Page one has this.\n\nPage two has that."
    pages = (Page(1, Span(0, 20)), Page(2, Span(20, len(text))))
    chunks = chunk(Document(text, "T", pages=pages), COUNT, budget=21 // 4)
    assert {c.page for c in chunks} == {1, 2}


def test_an_endless_sentence_and_an_endless_title_still_fit() -> None:
    text = "word " * 500
    title = "title " * 300
    chunks = chunk(Document(text, title), COUNT, budget=100, limit=256)
    assert all(COUNT([c.header])[0] + COUNT([c.text])[0] + 2 <= 256 for c in chunks)
    assert sum(c.text.split().__len__() for c in chunks) == 500


@settings(max_examples=60)
@given(st.text(alphabet=st.sampled_from("ab.\n #1é中"), max_size=400), st.integers(5, 60))
def test_nothing_but_space_is_lost(text: str, budget: int) -> None:
    chunks = chunk(Document(text, "T"), COUNT, budget=budget)
    assert "".join("".join(c.text.split()) for c in chunks) == "".join(text.split())
    assert all(a.end <= b.start for a, b in itertools.pairwise(chunks))
