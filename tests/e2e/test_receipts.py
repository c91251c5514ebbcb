"""Receipts of the default model's answers, replayed by another process's worth of parts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rag import config, receipt
from rag.build import Parts
from rag.replay import overrides
from rag.types import Answer, Finished, Question, Turn

pytestmark = pytest.mark.e2e

QUESTIONS = (
    Question("Which companies rent computing power from xAI?"),
    Question("Who won the chess match?"),
    Question(
        "And when was that?",
        (Turn("Who left Meta?", "Yann LeCun left Meta to found a company of his own."),),
    ),
)


def asked(parts: Parts, question: Question) -> Answer:
    *_, last = parts.ask(question)
    assert isinstance(last, Finished)
    return last.answer


def test_warm_answers_are_replayed_cold_from_their_receipts_alone(
    parts: Parts, tmp_path: Path
) -> None:
    written = []
    for question in QUESTIONS:
        answer = asked(parts, question)
        assert answer.cost is not None
        assert answer.cost.joules > 0
        written.append(receipt.opened(parts.receipts.find(answer.id), answer.id))
    known = {row.name: row.default for row in config.describe(config.load(environment={}))}
    for held in written:
        assert receipt.faults(json.loads(json.dumps(held))) == []
        made = Parts(
            config.load(home=tmp_path / "empty", environment={}, overrides=overrides(held, known))
        )
        try:
            assert made.replay(held) == []
        finally:
            made.close()


def test_the_same_question_gives_the_same_receipt_warm_and_drafting_is_in_it(
    parts: Parts,
) -> None:
    first, second = (
        receipt.opened(parts.receipts.find(answer.id), answer.id)
        for answer in (asked(parts, QUESTIONS[0]), asked(parts, QUESTIONS[0]))
    )
    assert first["calls"] == second["calls"]
    assert first["answer"] == second["answer"]
    assert first["circumstances"]["settings"]["model.draft"] == 7
    assert first["calls"][0]["tokens"]
