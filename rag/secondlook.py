"""A second look at a sentence that may answer, over its passage alone. Pure but for the model.

Where nothing of what the model said stands the check, the sentence that it was taken from may
answer all the same. Words and nearness hardly tell whether it does. The model can: it is shown
that one passage, the question, and the sentence as a proposed answer, and its "yes" is weighed
against its "no" (as in P(True), Kadavath et al., "Language Models (Mostly) Know What They Know",
2022; docs/trust.md has what was measured).
"""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from dataclasses import replace

from index.types import Span
from rag import choose, cite, prompt, untrusted
from rag.answerable import log_odds
from rag.llm import LLM, Check
from rag.types import Answer, Citation, Event, Source, Status

_MOST = 3

RIGHT_WEIGHT = 1.2
SIMILARITY_WEIGHT = 0.55
ADDED_WEIGHT = 1.5
DOUBT_WEIGHT = 0.6
BIAS = -2.75
"""Weights of a logistic regression on answers of ten recorded runs that did not stand; the bias so
that fewer unanswerable questions are answered than without a second look (docs/trust.md)."""


def looked(
    llm: LLM, family: prompt.Family, refusal: Answer
) -> Generator[Event, None, tuple[list[Citation], list[float]]]:
    """What a refused answer was taken from, and how surely the model finds each right.

    Raises ModelError.
    """
    found = tried(refusal)
    if not found:
        return [], []
    yield Status("Looking again at the nearest passage")
    checks = [check(family, refusal.sources, refusal.question, each) for each in found]
    return found, (yield from choose.probabilities(llm, checks))


def tried(answer: Answer) -> list[Citation]:
    """What the claims of an answer were taken from, each with what it points back to."""
    evidence = untrusted.evidence(answer.sources, answer.question)
    places = {each.number: each for each in evidence}
    found = [
        cite.led(of, Span(each.start - of.start, each.end - of.start))
        for claim in answer.claims
        for each in claim.citations
        if (of := places.get(each.number))
    ]
    return list(dict.fromkeys(found))[:_MOST]


def check(
    family: prompt.Family, sources: Sequence[Source], question: str, cited: Citation
) -> Check:
    """What the model is asked of a sentence: whether it is the right answer, by its passage."""
    source = next(each for each in sources if each.number == cited.number)
    start, end = cited.start - source.start, cited.end - source.start
    if source.read:
        source = replace(
            source, read=Span(min(source.read.start, start), max(source.read.end, end))
        )
    opened = prompt.asked(family, (replace(source, number=1),), question)
    proposed = prompt.to_confirm(family, opened, " ".join(cited.quote.split()))
    return Check(proposed, prompt.YES, prompt.NO)


def likelihood(right: float, similarity: float, added: float, *, doubted: bool = False) -> float:
    """The probability that a sentence answers.

    right       the model's "yes" against its "no" when asked whether it does
    similarity  the cosine of question and sentence
    added       of the words that the model's answer adds to the question, the share it has
    doubted     before it answered, the model doubted that it could (`rag.draft.Draft`)
    """
    odds = (
        RIGHT_WEIGHT * log_odds(right)
        + SIMILARITY_WEIGHT * similarity
        + ADDED_WEIGHT * added
        - DOUBT_WEIGHT * doubted
        + BIAS
    )
    return 1.0 / (1.0 + math.exp(-odds))
