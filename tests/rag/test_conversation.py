"""Follow-up questions in words that stand alone."""

from __future__ import annotations

import time

import pytest

from rag import config, evaluate
from rag.conversation import CHARACTERS, TURNS, answers, understood
from rag.types import Turn

CHIEF = Turn("Who runs the mill at Lunde?", "Anna Berg runs the mill at Lunde. [1]")
SALE = Turn("How much did Northwind pay for Saltworks?", "Northwind paid $42 million. [1]")
MERGED = Turn("Did Northwind and Saltworks merge?", "Northwind and Saltworks merged in May. [2]")
REFUSED = Turn("How many people work at Northwind?", "The articles don't say.")


@pytest.mark.parametrize(
    ("turn", "question", "expected"),
    [
        (CHIEF, "When was she born?", "When was Anna Berg born?"),
        (CHIEF, "what is her salary", "What is Anna Berg's salary?"),
        (SALE, "Who founded it?", "Who founded Saltworks?"),
        (SALE, "Where is it based?", "Where is Northwind based?"),
        (REFUSED, "Who founded it?", "Who founded Northwind?"),
        (MERGED, "What do they sell?", "What do Northwind and Saltworks sell?"),
        (CHIEF, "Who works there?", "Who works there (Anna Berg runs the mill at Lunde)?"),
    ],
)
def test_a_pronoun_gives_way_to_the_name_that_it_means(
    turn: Turn, question: str, expected: str
) -> None:
    assert understood(question, (turn,)) == expected


@pytest.mark.parametrize(
    ("turn", "question", "expected"),
    [
        (MERGED, "Why?", "Why is it that Northwind and Saltworks merged in May?"),
        (MERGED, "and when was that?", "When is it that Northwind and Saltworks merged in May?"),
        (MERGED, "In which year?",
         "In which year is it that Northwind and Saltworks merged in May?"),
        (MERGED, "Who says so?", "Who says that Northwind and Saltworks merged in May?"),
        (CHIEF, "What about Varn?", "Who runs the mill at Varn?"),
        (SALE, "And for Havmat?", "How much did Northwind pay for Saltworks for Havmat?"),
        (SALE, "And Havmat?", "How much did Northwind pay for Havmat?"),
        (SALE, "What about wages?", "What about wages (Northwind, Saltworks)?"),
        (REFUSED, "Why?", "Why (How many people work at Northwind)?"),
        (Turn("What fell after Northwind closed?", "Prices fell."), "And Varn?",
         "Varn: What fell after Northwind closed?"),
        (Turn("Is the mill open?", "No."), "why not?", "Why not (Is the mill open: No)?"),
        (CHIEF, "And who owns land?", "Who owns land (Lunde, Anna Berg)?"),
    ],
)  # fmt: skip
def test_a_part_of_a_question_is_completed(turn: Turn, question: str, expected: str) -> None:
    assert understood(question, (turn,)) == expected


@pytest.mark.parametrize(
    "question",
    [
        "Who runs the harbour?",
        "Anna Berg ran the mill. What does she run now?",
        "Which prize does Hansen hold, and which firm did he found?",
        "What can bakers do if rye is too dear for them?",
        "Who sold his mill?",
        "What did the ferry company announce it would build?",
        "How long does it take to grind rye?",
        "Is it true that the mill burned down?",
        "how do they make salt from sea water in winter",
        "Which of these is a fish?",
        "Why does Berg say that prices rise?",
        "How many boats are there?",
        "What happened in Bergen this year?",
        "In his new book, what does Hansen praise?",
        "What's the price of rye?",
        "Who decides what happens to the mill and its workers?",
        "And who runs Northwind?",
        "  Who   runs Varn ?",
        "…",
    ],
)
def test_a_question_that_stands_alone_stays_as_it_is(question: str) -> None:
    assert understood(question, (CHIEF, SALE)) == question
    assert understood(question, ()) == question


def test_without_earlier_turns_nothing_changes() -> None:
    assert understood("And when was that?", ()) == "And when was that?"


def test_an_earlier_follow_up_is_understood_first() -> None:
    then = Turn("When did she take over?", "She took over in 1998. [1]")
    assert understood("Why?", (CHIEF, then)) == "Why is it that Anna Berg took over in 1998?"
    assert understood("What does she earn?", (CHIEF, then)) == "What does Anna Berg earn?"
    assert understood("What does she earn?", (CHIEF, SALE)) == "What does Anna Berg earn?"


def test_what_was_said_too_long_ago_is_forgotten() -> None:
    assert "Berg" not in understood("What does she earn?", (CHIEF, *[SALE] * TURNS))


def test_earlier_turns_are_bounded_and_cleaned() -> None:
    evil = Turn("Who runs it?\x1b[2J", "Anna\u202e Berg [7] runs\x00 it [1, 2]. " + "x" * 10_000)
    asked = understood("Why?", (evil,))
    assert asked == "Why is it that Anna Berg runs it?"
    endless = understood("Why?", (Turn("y" * 10_000, "The mill " + "burned " * 2_000),))
    assert len(endless) < CHARACTERS + 30
    assert understood("Why?", (Turn("\x00", "[1]"), Turn(" ", ""))) == "Why?"


@pytest.mark.parametrize(
    ("question", "answer", "expected"),
    [
        ("Why is it that the two merged?", "The two merged. [1]", False),
        ("In which year did she (Anna Berg sold the mill)?", "Anna Berg sold the mill.", False),
        ("Why is it that they merged?", "They merged to save costs. [1]", True),
        ("Did Northwind merge?", "Northwind did merge.", True),
        ("When is it that Anna Berg left?", "Anna Berg left in 1998.", True),
        ("Which bank lent for it (Varn sold salt)?", "Varn sold salt in May for money.", False),
        ("Which bank lent for it (Varn sold salt)?", "Salt was paid for by a bank.", True),
        ("Which firms (Varn sold salt)?", "Havmat and Saltworks bought it.", True),
        ("What about wages (Varn)?", "Varn sells salt.", False),
        ("Varn: What fell after it closed?", "Prices fell at Lunde.", False),
        ("Varn: What fell after it closed?", "Prices fell at Varn.", True),
    ],
)  # fmt: skip
def test_what_completed_a_question_does_not_answer_it(
    question: str, answer: str, expected: bool
) -> None:
    assert answers(question, answer) is expected


def test_a_long_question_is_left_alone_and_takes_no_time() -> None:
    question = "Why did he " + "say that it " * 100
    start = time.process_time()
    assert understood(question, (CHIEF, SALE)) == question
    assert time.process_time() - start < 0.1


def test_the_measured_conversations_are_sound() -> None:
    asked = evaluate.load(config.ROOT / "seeds" / "conversations.jsonl")
    assert len(asked) >= 60
    assert all(each.history for each in asked)
    kinds = {each.kind for each in asked}
    assert kinds >= {"pronoun", "ellipsis", "event", "chain", "unanswerable", "switch"}
    alone = [each for each in asked if each.kind == "switch"]
    assert len(alone) >= 10
    for each in alone:
        assert understood(each.question, each.history) == each.question
    changed = [e for e in asked if understood(e.question, e.history) != e.question]
    assert len(changed) >= 0.9 * (len(asked) - len(alone))


def test_the_seed_questions_stay_as_they_are_after_any_turn() -> None:
    asked = evaluate.load(config.ROOT / "seeds" / "questions.jsonl")
    for turn in (CHIEF, SALE, MERGED, REFUSED):
        for each in asked:
            assert understood(each.question, (turn,)) == each.question
