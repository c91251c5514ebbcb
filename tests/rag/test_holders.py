"""Who heads something, and what somebody does, by the article's own sentence."""

from __future__ import annotations

import pytest

from rag.holders import asks_for_a_post, asks_who, says_a_post, searched, stating
from tests.rag.test_cite import source

LEFT = "Ada Voss, formerly chief engineer at Delta, wrote the plan. It rained."
OLD = "Ada Voss, chief engineer at Delta, opened the lock."
NEW = "The plan is hers. Ada Voss, who wrote it and is now head of Brae Labs, spoke on Monday."
FOUNDED = "Voss, the founder of Brae Labs, was not there."


@pytest.mark.parametrize(
    ("question", "asks"),
    [
        ("Where does Ada Voss work now?", True),
        ("Who does Ada Voss work for?", True),
        ("What does Ada Voss do?", True),
        ("What did Ada Voss do at Delta?", True),
        ("What was Voss's job at Delta?", True),
        ("What is Ada Voss’s current position?", True),
        ("Which company does Voss lead?", True),
        ("She was at Delta. What company does Voss run now?", True),
        ("What role does Voss have?", True),
        ("Which company did Voss found?", True),
        ("What does Delta do?", False),
        ("What does Brae Labs do?", False),
        ("What does Brae Labs do now?", False),
        ("What is Voss's position on the dam?", False),
        ("What does the lock do?", False),
        ("What did Voss do about the flood?", False),
        ("Where does the lock stand?", False),
        ("Who is the head of Brae Labs?", False),
    ],
)
def test_what_asks_for_a_post(question: str, asks: bool) -> None:
    assert asks_for_a_post(question) is asks


@pytest.mark.parametrize(
    ("question", "texts", "expected"),
    [
        ("Where does Ada Voss work now?", [LEFT, OLD, NEW], "Ada Voss, who wrote it"),
        ("Where does Ada Voss work now?", [LEFT, OLD], None),
        ("Where does Ada Voss work now?", [LEFT, OLD, FOUNDED], "Voss, the founder of Brae"),
        ("Where does Ada Voss work?", [OLD], "Ada Voss, chief engineer at Delta"),
        ("What was Voss's job at Delta?", [NEW, LEFT], "Ada Voss, formerly chief"),
        ("What was Voss's job at Moss?", [NEW, LEFT], None),
        ("What did the storm do?", [NEW, LEFT], None),
        ("Who is in charge of Brae Labs?", [OLD, NEW], "Ada Voss, who wrote it"),
        ("Who heads Brae Labs?", ["Brae Labs, run by Bo Lind, closed."], "Brae Labs, run by"),
        ("Who leads Delta?", ["Delta chief executive Bo Lind spoke of Moss."], "Delta chief"),
        ("Who leads Moss?", ["Delta chief executive Bo Lind spoke of Moss."], None),
        ("Who is the CEO of Delta?", ["Bo Lind, the former CEO of Delta, spoke."], None),
        ("Who is Delta's CEO?", ["Delta’s chief executive Bo Lind spoke."], "Delta’s chief"),
        ("Who is the CEO of Delta?", ["The CEO of Delta spoke."], None),
        ("Which company did Voss found?", [NEW, OLD, FOUNDED], "Voss, the founder of Brae"),
        ("Which company did Voss found?", [NEW, OLD], None),
        ("Who founded Brae Labs?", [NEW, OLD, FOUNDED], "Voss, the founder of Brae"),
        ("Who founded Brae Labs?", ["Brae Labs, founded by Bo Lind, closed."], "Brae Labs, f"),
        ("Who founded Delta?", [NEW, OLD, FOUNDED], None),
        ("Who leads the lab?", ["Bo Lind leads the lab."], None),
        ("Where does Bo Lind work?", [NEW, LEFT], None),
    ],
)
def test_the_sentence_that_says_the_post(
    question: str, texts: list[str], expected: str | None
) -> None:
    found = stating(question, [source(at, text) for at, text in enumerate(texts, 1)])
    assert (found.text if found else "")[: len(expected or "")] == (expected or "")
    assert (found is None) == (expected is None)
    if found:
        assert found.citations[0].quote == found.text


def test_the_newest_sentence_is_taken() -> None:
    old = source(1, "Ada Voss, head of Moss College, spoke.", date="2024-02-01")
    new = source(2, "Ada Voss, head of Brae Labs, spoke.", date="2026-02-01")
    for order in ([old, new], [new, old]):
        found = stating("Where does Ada Voss work now?", order)
        assert found is not None
        assert "Brae Labs" in found.text


def test_an_answer_to_who_heads_it_says_so_or_not() -> None:
    assert asks_who("Who runs Delta?")
    assert not asks_who("Who rang the bell of Delta?")
    assert says_a_post("Who runs Delta?", "Bo Lind, chief executive of Delta, spoke.")
    assert not says_a_post("Who runs Delta?", "Delta is listed in Moss and runs a plant in Brae.")
    assert says_a_post("Who founded Delta?", "Ada Voss founded Delta in May.")
    assert not says_a_post("Who runs it?", "Bo Lind, chief executive of Delta, spoke.")


def test_an_answer_says_a_post_or_none() -> None:
    question = "What was Voss's job at Delta?"
    assert says_a_post(question, "Ada Voss was the chief engineer at Delta.")
    assert not says_a_post(question, "Voss was praised for the lock at Delta.")
    assert not says_a_post(question, "Delta hired Bo Lind, a co-founder of Moss, as head of it.")
    founded = "Which company did Voss found?"
    assert says_a_post(founded, "Voss founded Brae Labs in May.")
    assert says_a_post(founded, "Brae Labs, founded by Ada Voss, closed.")
    assert not says_a_post(founded, "Voss met Bo Lind, a young co-founder of Moss.")
    assert says_a_post(founded, FOUNDED)
    assert not says_a_post("Which company did Voss found?", OLD)


def test_posts_are_searched_for_besides() -> None:
    assert searched("Who wrote the plan?") == []
    for question in (
        "Where does Ada Voss work now?",
        "Ada Voss was at Delta. What company does she lead now?",
        "What was Ada Voss's job at Delta?",
    ):
        assert [each.partition(",")[0] for each in searched(question)] == ["Ada Voss"]
