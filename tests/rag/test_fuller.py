from __future__ import annotations

import pytest

from rag.fuller import as_written, in_full

PASSAGES = [
    "In Bergen the Norvik Harbour Dolphins beat the Gulls.",
    "President Ada Holm praised the Dolphins.",
    "Holm's sister Ida Berg and Liv Berg came too. The Gulls lost to Norvik's Terns.",
]


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("Dolphins", "Norvik Harbour Dolphins"),
        ("Holm", "Ada Holm"),
        ("Ada Holm", "Ada Holm"),
        ("Gulls", "Gulls"),
        ("Berg", "Berg"),
        ("Terns", "Terns"),
        ("the team", "the team"),
        ("42", "42"),
        ("", ""),
    ],
)
def test_a_name_is_completed_from_the_passages(name: str, full: str) -> None:
    assert in_full(name, [], PASSAGES) == full


def test_what_is_cited_decides_between_two() -> None:
    assert in_full("Berg", ["Liv Berg came too."], PASSAGES) == "Liv Berg"


def test_new_is_no_name_where_it_opens_a_sentence() -> None:
    opened = ["New Dolphins coach Ada Holm spoke.", "He lives in New Bergen."]
    assert in_full("Dolphins", [], opened) == "Dolphins"
    assert in_full("Bergen", [], opened) == "New Bergen"


@pytest.mark.parametrize(
    ("answer", "cited", "written"),
    [
        ("2", "It has two parts.", "two"),
        ("Seven ships", "It has 7 ships.", "7 ships"),
        ("1200", "It has 1,200 ships.", "1,200"),
        ("2", "Two of the 2 parts.", "2"),
        ("2 of 12", "It has 2 parts, of twelve.", "2 of twelve"),
        ("1.2", "It has two parts.", "1.2"),
        ("12", "It has two parts.", "12"),
        ("", "It has two parts.", ""),
    ],
)
def test_numbers_are_written_as_what_is_cited_has_them(
    answer: str, cited: str, written: str
) -> None:
    assert as_written(answer, [cited]) == written
