from __future__ import annotations

import pytest

from rag.fuller import in_full

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
