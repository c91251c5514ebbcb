"""The article's sentence that answers a question of yes or no."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from rag.nearness import Signals, weighed
from rag.yesno import answering, likelihood
from tests.rag.test_cite import similarity, source

LEASE = (
    "The premises may be used as a bakery. Cooking by deep frying is prohibited. "
    "The tenant may not assign part of the premises."
)
GUIDE = "Do not give amlodine in shock. It is not recommended in pregnancy."
REPORT = "The pump tripped on 17 April. Nobody was hurt. The owner is Jonas Berg."
ALIKE = {frozenset({"injured", "hurt"}): 0.8}


def words(one: Sequence[str], other: Sequence[str]) -> np.ndarray:
    """The same words are alike, and those of `ALIKE`."""
    found = [[1.0 if a == b else ALIKE.get(frozenset({a, b}), 0.1) for b in other] for a in one]
    return np.array(found, dtype=np.float32)


@pytest.mark.parametrize(
    ("question", "text", "expected"),
    [
        ("Can the tenant deep fry?", LEASE, "Cooking by deep frying is prohibited."),
        ("Can amlodine be given in pregnancy?", GUIDE, GUIDE),
        ("Was anyone injured by the pump?", REPORT, "Nobody was hurt."),
        ("Was Jonas Berg dismissed?", REPORT, None),
        ("May the tenant keep a dog?", LEASE, None),
        ("Is it prohibited?", LEASE, None),
        ("Can the tenant deep fry?", "...", None),
        ("Can the tenant deep fry?", "", None),
    ],
)
def test_the_sentence_that_answers(question: str, text: str, expected: str | None) -> None:
    title = "The tenant" if text == LEASE else "The pump"
    sources = [source(1, text, title=title)] if text else []
    found = answering(question, sources, similarity, words, least=0.3)
    assert (found.text if found else None) == expected
    if found:
        assert found.citations[0].quote == expected


def test_a_name_alone_is_no_answer() -> None:
    signals = {
        sentence.text: each
        for sentence, each in weighed(
            "Was J. Berg dismissed in April?", [source(1, REPORT)], similarity, words
        )
    }
    of = signals["The owner is Jonas Berg."]
    assert of.share > 0.15
    assert of.matter < 0.2


def test_more_of_each_signal_makes_an_answer_likelier() -> None:
    little = Signals(0.4, 0.4, 0.4)
    more = [
        Signals(0.8, 0.4, 0.4),
        Signals(0.4, 0.8, 0.4),
        Signals(0.4, 0.4, 0.8),
        Signals(0.4, 0.4, 0.4, firm=True),
    ]
    assert all(likelihood(each) > likelihood(little) for each in more)
    assert likelihood(Signals(0, 0, 0)) < 0.01
    assert likelihood(Signals(1, 1, 0.9)) > 0.95
