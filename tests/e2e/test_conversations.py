"""Follow-up questions through the real engine with the default models."""

from __future__ import annotations

import pytest

from rag import config, evaluate
from rag.build import Parts
from rag.types import Answer, Finished, Question, Turn

pytestmark = pytest.mark.e2e

ASKED = {
    each.id: each for each in evaluate.load(config.ROOT / "seeds" / "conversations.jsonl")
}  # fmt: skip


def answered(parts: Parts, question: Question) -> Answer:
    *_, last = parts.engine.ask(question)
    assert isinstance(last, Finished)
    return last.answer


@pytest.mark.parametrize("name", ["c01", "c02", "c08"])
def test_a_follow_up_is_answered_and_cited(parts: Parts, name: str) -> None:
    asked = ASKED[name]
    answer = answered(parts, Question(asked.question, asked.history))
    verdict = evaluate.judge(asked, answer)
    assert answer.understood
    assert verdict.right, answer.text
    assert verdict.cited
    for claim in answer.claims:
        for citation in claim.citations:
            text = parts.library.text(parts.library.get(citation.document))
            assert text[citation.start : citation.end] == citation.quote


def test_a_follow_up_that_the_articles_do_not_answer_is_refused(parts: Parts) -> None:
    asked = ASKED["c32"]
    answer = answered(parts, Question(asked.question, asked.history))
    assert answer.understood == "What is Alexander Wang's salary?"
    assert answer.refused, answer.text


def test_a_conversation_goes_on_from_its_own_answers(parts: Parts) -> None:
    first = answered(parts, Question("Who did Meta pick to run Superintelligence Labs?"))
    assert "Wang" in first.text
    turn = Turn(first.question, first.text)
    second = answered(parts, Question("Which company did he co-found?", (turn,)))
    assert "Wang" in second.understood
    assert "Scale AI" in second.text
