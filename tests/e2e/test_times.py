"""Time, disagreement and partly answerable questions through the real engine and model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rag.build import Parts
from rag.given import Given, Passage
from rag.types import Answer, Finished

pytestmark = pytest.mark.e2e

PAIRS = {
    pair["id"]: pair
    for pair in map(
        json.loads,
        (Path(__file__).parents[1] / "rag" / "times.jsonl").read_text("utf-8").splitlines(),
    )
}


def over(parts: Parts, pair: dict[str, Any], question: str) -> Answer:
    """The answer from a pair's two articles."""
    articles = [pair["older"], pair["newer"]]
    passages = [Passage(f"{a['says']} {a['rest']}", a["title"], a["date"]) for a in articles]
    *_, last = parts.engine_over(Given(passages, parts.embedder)).ask(question)
    assert isinstance(last, Finished)
    for claim in last.answer.claims:
        for each in claim.citations:
            text = passages[int(each.document)].text
            assert text[each.start : each.end] == each.quote
    return last.answer


@pytest.mark.parametrize("name", ["bus-fare", "museum-director", "bridge-opening"])
def test_both_are_stated_the_newest_first(parts: Parts, name: str) -> None:
    pair = PAIRS[name]
    answer = over(parts, pair, pair["now"])
    now, _, then = answer.text.partition("\n\nEarlier (")
    assert pair["newer"]["holds"] in now
    assert pair["older"]["holds"] in then
    assert answer.as_of == pair["newer"]["date"]


def test_a_past_time_is_answered_from_its_article(parts: Parts) -> None:
    pair = PAIRS["bus-fare"]
    answer = over(parts, pair, pair["past"])
    assert pair["older"]["holds"] in answer.text
    assert pair["newer"]["holds"] not in answer.text
    assert answer.as_of == pair["older"]["date"]


def test_what_only_looks_alike_does_not_differ(parts: Parts) -> None:
    answer = over(parts, PAIRS["staff-part"], PAIRS["staff-part"]["now"])
    assert "900" in answer.text
    assert all(not claim.differs for claim in answer.claims)


def test_the_part_that_is_not_held_is_named(parts: Parts) -> None:
    answer = over(
        parts,
        PAIRS["museum-director"],
        "Who was appointed director of the Halvik Museum, and how many people work there?",
    )
    assert "Tomas Berg" in answer.text
    assert answer.missing == ("how many people work there?",)


def test_lecuns_post_and_its_end(parts: Parts) -> None:
    *_, last = parts.engine.ask("Is Yann LeCun still working at Meta?")
    assert isinstance(last, Finished)
    answer = last.answer
    assert not answer.refused
    first = answer.claims[0].citations[0].quote
    assert "left Meta" in first or "formerly" in first, answer.text
