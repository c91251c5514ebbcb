"""All seed questions through the real engine with the default models.

The bars are set below what was measured (docs/trust.md), so that another processor's rounding does
not fail the run, and high enough that a step back does.
"""

from __future__ import annotations

import pytest

from rag import config, evaluate
from rag.build import Parts
from rag.evaluate import Verdict
from rag.types import Finished

pytestmark = pytest.mark.e2e

MIN_RIGHT = 0.7
MIN_CITED_OF_RIGHT = 0.9
MIN_REFUSED = 0.75


@pytest.fixture(scope="module")
def verdicts(parts: Parts) -> list[Verdict]:
    found = []
    for asked in evaluate.load(config.ROOT / "seeds" / "questions.jsonl"):
        *_, last = parts.engine.ask(asked.question)
        assert isinstance(last, Finished)
        found.append(evaluate.judge(asked, last.answer))
    return found


def test_there_are_enough_questions_of_every_kind(verdicts: list[Verdict]) -> None:
    kinds = [verdict.asked.kind for verdict in verdicts]
    assert len(kinds) >= 40
    assert set(kinds) == {"fact", "figure", "several", "change", "unanswerable"}
    assert kinds.count("unanswerable") >= 10


def test_answers_are_right_and_cited(verdicts: list[Verdict]) -> None:
    answerable = [verdict for verdict in verdicts if verdict.asked.answerable]
    right = [verdict for verdict in answerable if verdict.right]
    wrong = {v.asked.id: v.answer.text for v in answerable if not v.right}
    assert len(right) >= MIN_RIGHT * len(answerable), wrong
    cited = [verdict for verdict in right if verdict.cited]
    assert len(cited) >= MIN_CITED_OF_RIGHT * len(right)


def test_what_the_articles_do_not_hold_is_refused(verdicts: list[Verdict]) -> None:
    others = [verdict for verdict in verdicts if not verdict.asked.answerable]
    answered = {v.asked.id: v.answer.text for v in others if not v.right}
    assert len(others) - len(answered) >= MIN_REFUSED * len(others), answered


def test_every_quote_is_literal(verdicts: list[Verdict], parts: Parts) -> None:
    checked = 0
    for verdict in verdicts:
        for claim in verdict.answer.claims:
            for citation in claim.citations:
                text = parts.library.text(parts.library.get(citation.document))
                assert text[citation.start : citation.end] == citation.quote
                checked += 1
    assert checked > 30
