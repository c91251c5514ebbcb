from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.sentences import is_heading, paragraphs, sentences
from index.types import Span


def split(text: str) -> list[str]:
    return [span.of(text) for span in sentences(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One here. Two there! Three?", ["One here.", "Two there!", "Three?"]),
        ("It cost $3.5 billion. It grew.", ["It cost $3.5 billion.", "It grew."]),
        ("Dr. Smith met Mr. J. Doe. They left.", ["Dr. Smith met Mr. J. Doe.", "They left."]),
        ("He works in the U.S. today.", ["He works in the U.S. today."]),
        ("Acme Inc. It folded.", ["Acme Inc.", "It folded."]),
        ("“We left.” They said so.", ["“We left.”", "They said so."]),
        ('He said "no." Then he left.', ['He said "no."', "Then he left."]),
        ("See no. 5 for more. Done.", ["See no. 5 for more.", "Done."]),
        ("Wait... what? Yes.", ["Wait... what?", "Yes."]),
        ("e.g. this one. Next.", ["e.g. this one.", "Next."]),
        ("第一句。第二句！", ["第一句。", "第二句！"]),
        ("- first item\n- second item", ["- first item", "- second item"]),
        ("1. First thing\n2. Second thing", ["1. First thing", "2. Second thing"]),
        ("4. Parking. There are 14 spaces. All are free.",
         ["4. Parking. There are 14 spaces.", "All are free."]),
        ("8.4 Minor operations. None.", ["8.4 Minor operations. None."]),
        ("2. **Interrupted check.** There was no rule.",
         ["2. **Interrupted check.** There was no rule."]),
        ("3. He left the firm in May of that year. Then she came.",
         ["3. He left the firm in May of that year.", "Then she came."]),
        ("A line\nthat was wrapped.", ["A line\nthat was wrapped."]),
        ("Costs\nThe price rose by a tenth.", ["Costs", "The price rose by a tenth."]),
        ("# Title\nText follows here.", ["# Title", "Text follows here."]),
        ("", []),
        (" \n\n ", []),
    ],
)  # fmt: skip
def test_boundaries(text: str, expected: list[str]) -> None:
    assert split(text) == expected


@given(st.text(alphabet=st.sampled_from('aB.!?\n "-#1。|'), max_size=60))
def test_spans_are_ordered_and_lose_nothing_but_space(text: str) -> None:
    spans = sentences(text)
    assert all(a.end <= b.start for a, b in itertools.pairwise(spans))
    assert "".join("".join(s.of(text).split()) for s in spans) == "".join(text.split())
    assert all(s.of(text) == s.of(text).strip() != "" for s in spans)


def test_a_part_of_a_text_keeps_the_whole_texts_offsets() -> None:
    text = "Skip this. Take this one. And this."
    assert [s.of(text) for s in sentences(text, 11)] == ["Take this one.", "And this."]


def test_paragraphs() -> None:
    text = "one\ntwo\n \n\nthree"
    assert [p.of(text) for p in paragraphs(text)] == ["one\ntwo", "three"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [("Costs and prices", True), ("## Costs.", True), ("It rose.", False), ("- an item", False)],
)
def test_headings(line: str, expected: bool) -> None:
    assert is_heading(line, Span(0, len(line))) is expected


def test_a_german_date_is_not_cut() -> None:
    text = "Die Brücke wurde am 4. Mai 2022 eröffnet. Sie ist 86 Meter lang."
    assert [span.of(text) for span in sentences(text)] == [
        "Die Brücke wurde am 4. Mai 2022 eröffnet.", "Sie ist 86 Meter lang.",
    ]  # fmt: skip
