"""What is said otherwise, and what only looks so. The pairs of times.jsonl are our own words.

Half of them were held out: written before the rules were first run, and no rule was made for them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from rag.differ import Contrast, Sentence, contrast
from rag.posts import Post, ended, given_away, posts, same_name
from rag.quantities import days, differ, quantities

PAIRS: list[dict[str, Any]] = [
    json.loads(line)
    for line in Path(__file__).with_name("times.jsonl").read_text(encoding="utf-8").splitlines()
]


def sentence(article: Mapping[str, str]) -> Sentence:
    return Sentence(article["says"], article["title"])


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair["id"])
@pytest.mark.parametrize(("mine", "theirs"), [("older", "newer"), ("newer", "older")])
def test_a_pair(pair: dict[str, Any], mine: str, theirs: str) -> None:
    found = contrast(pair["now"], pair[mine]["says"], sentence(pair[mine]), sentence(pair[theirs]))
    assert (found is not None) == pair["differs"], found


@pytest.mark.parametrize("pair", [p for p in PAIRS if p["differs"]], ids=lambda pair: pair["id"])
def test_nothing_else_in_the_articles_differs(pair: dict[str, Any]) -> None:
    for mine, theirs in (("older", "newer"), ("newer", "older")):
        one = sentence(pair[mine])
        for other in pair[theirs]["rest"].split(". "):
            around = f"{pair[theirs]['title']} {pair[theirs]['says']}"
            assert contrast(pair["now"], one.text, one, Sentence(other, around)) is None, other


def test_there_are_enough_pairs_and_half_were_held_out() -> None:
    for kind in (True, False):
        mine = [pair for pair in PAIRS if pair["differs"] is kind]
        assert len(mine) >= 12
        assert sum(pair["held_out"] for pair in mine) == len(mine) / 2


def said(question: str, one: str, other: str) -> Contrast | None:
    return contrast(question, one, Sentence(one), Sentence(other))


def test_another_figure_matters_only_where_figures_are_asked_for() -> None:
    one, other = (
        "Lund runs the Halvik mill with 40 people.",
        "Lund runs the Halvik mill with 50 people.",
    )
    assert said("Who runs the Halvik mill?", one, other) is None
    assert said("How many people run the Halvik mill?", one, other) == Contrast("figure")


def test_a_contradiction_needs_the_names_of_the_question() -> None:
    question = "How long is the Orla bridge?"
    one = "The Orla bridge is 300 metres long."
    assert said(question, one, "The Kell bridge is 500 metres long.") is None
    assert said(question, one, "The Orla bridge is 500 metres long.") == Contrast("figure")


def test_what_says_that_it_is_over_is_told() -> None:
    state = "Mara Voss, chief economist at Delta Bank, expects growth."
    for over in (
        "Mara Voss, formerly chief economist at Delta Bank, has written a book.",
        "Former Delta Bank economist Mara Voss has written a book.",
        "Mara Voss has left Delta Bank.",
        "Mara Voss resigned from Delta Bank in May.",
    ):
        assert said("Where does Mara Voss work?", state, over) == Contrast("ended", over=1), over
        assert said("Where does Mara Voss work?", over, state) == Contrast("ended", over=0), over
    assert said("What does Mara Voss expect?", state, "Mara Voss has left Delta Bank.") is None
    assert said("Where does Mara Voss work?", state, "Mara Voss left the stage to music.") is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The plant cost $1.2 million.", [("money", 1.2e6)]),
        ("It cost 1,200,000 dollars.", [("money", 1.2e6)]),
        ("Rates rose by 5 percent to 7%.", [("change", 5.0), ("share", 7.0)]),
        ("It opens at 2 pm.", [("time", 14.0)]),
        ("Version 3.4.1 of Papyr is out.", []),
        ("Papyr 3 has four windows.", [("count", 4.0)]),
        ("On 12 May 2025 it rained.", []),
        ("In 2023 it had 900 visitors.", [("count", 900.0)]),
    ],
)  # fmt: skip
def test_figures(text: str, found: list[tuple[str, float]]) -> None:
    assert [(each.kind, each.value) for each in quantities(text)] == found


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ("300 houses", "312 houses", True),
        ("about 300 houses", "312 houses", False),
        ("at least 4 people", "5 people", False),
        ("at least 4 people", "11 people", True),
    ],
)
def test_roundings_are_no_contradiction(one: str, other: str, apart: bool) -> None:
    (mine,), (theirs,) = quantities(one), quantities(other)
    assert mine.comparable(theirs)
    assert differ(mine, theirs) is apart


def test_what_was_before_is_told_apart() -> None:
    before, now = quantities("The fare rose from 3 crowns to 4 crowns.")
    assert (before.past, now.past) == (True, False)


def test_days() -> None:
    assert days("It opens on 12 May 2025, not in June.") == [(2025, 5, 12), (0, 6, None)]
    assert days("In 1984 it may rain.") == [(1984, None, None)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Greta Lund, the director of the museum, spoke.", [Post("director", "Greta Lund")]),
        ("Tomas Berg was appointed director on Monday.", [Post("director", "Tomas Berg")]),
        ("Coach Ines Moreau smiled.", [Post("coach", "Ines Moreau")]),
        ("The mill is owned by Nordkilde.", [Post("owner", "Nordkilde")]),
        ("Yes, Ada Voss, Delta‘s chief engineer, spoke.", [Post("chief", "Ada Voss")]),
        ("They hired Ada Voss, who is 40, as the new head of it.", [Post("head", "Ada Voss")]),
        ("The hiring of Ada Voss, of Delta Bank, as head was told.", [Post("head", "Ada Voss")]),
        ("Delta appointed Ada Voss to run the mill.", [Post("head", "Ada Voss")]),
        ("Former director Greta Lund spoke.", []),
        ("Greta Lund, the former director, spoke.", []),
        ("The deputy director Greta Lund spoke.", []),
    ],
)
def test_posts(text: str, found: list[Post]) -> None:
    assert posts(text) == found


@pytest.mark.parametrize(
    ("claim", "texts", "away"),
    [
        ("Voss leads Brae Labs.", ["Bo Lind heads Brae Labs.", "Voss was at Moss."], True),
        ("Bo Lind leads Brae Labs.", ["Bo Lind heads Brae Labs.", "Voss was at Moss."], False),
        ("Voss leads Brae Labs.", ["Bo Lind heads Moss.", "Voss was at Brae Labs."], False),
        ("Voss leads Brae Labs.", ["Bo Lind heads Brae Labs.", "Ada Voss heads Moss."], False),
        ("Voss praised Brae Labs.", ["Bo Lind heads Brae Labs."], False),
    ],
)
def test_a_post_is_not_given_away(claim: str, texts: list[str], away: bool) -> None:
    assert given_away(claim, texts) is away


def test_an_end_is_of_the_place_that_is_named() -> None:
    assert ended("Voss left Delta Bank in May.", "Mara Voss", "Delta Bank")
    assert ended("Voss's sudden departure from Delta Bank was told.", "Mara Voss", "Delta Bank")
    assert not ended("The departure from Delta Bank was told.", "Mara Voss", "Delta Bank")
    assert not ended("Voss left Delta Bank in May.", "Mara Voss", "Moss College")
    assert not ended("Voss praised Delta Bank.", "Mara Voss", "Delta Bank")


def test_names_that_may_be_the_same() -> None:
    assert same_name("Mara Voss", "Voss")
    assert not same_name("Mara Voss", "Mara Holt")
