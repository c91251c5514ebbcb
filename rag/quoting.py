"""An article's own sentence in place of a model's words that do not stand. Pure.

A quote is never false; at worst it is beside the point. So where the passages hold the answer, by
the model's own judgement, but what it made of them cannot be checked, their sentence is told.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag import cite, nearness, plan, yesno
from rag.quotable import Sentence, sentences_of
from rag.similar import Similarity
from rag.statements import Statement
from rag.terms import terms
from rag.types import Citation, Claim, Source

__all__ = ["nearest", "quoted"]

_FEWEST_ASKED = 3
_QUOTED_FEWEST = 2
_QUOTED_ASKED = 0.4
"""Of the question's words, the share that a sentence which has all that an answer adds needs with
its article's title."""

_MOST_NEAREST = 2


def quoted(
    question: str,
    statements: Sequence[Statement],
    sources: Sequence[Source],
    *,
    least: float,
) -> Claim | None:
    """A sentence of the passages that answers, as a claim in the article's own words.

    For a question that the passages answer though the model's words did not stand the check,
    sometimes because they repeat a name or a figure of the question that no passage has. The
    sentence has `least` of the question's words, of only two both; or else some of them, and all
    that the model's answer adds to the question but figures of its own making. None where there is
    no such sentence.
    """
    asked = frozenset(terms(question))
    parts = [frozenset(terms(part)) for part in plan.searches(question)]
    candidates = sentences_of(sources)
    if not candidates:
        return None

    def shared(each: Sentence) -> int:
        return len(asked & each.words)

    nearest = max(candidates, key=shared)
    enough = least * len(asked) if len(asked) >= _FEWEST_ASKED else max(len(asked), 2)
    if shared(nearest) >= enough:
        return cite.told(nearest)
    anywhere = frozenset().union(*(each.words for each in candidates))
    for statement in statements:
        added = {word for word in terms(statement.text) if word not in asked}
        added -= {word for word in added if word[0].isdigit() and word not in anywhere}
        fitting = [each for each in candidates if added and added <= each.words]
        best = max(fitting, key=shared, default=None)
        if best and any(
            len(part & best.own) >= max(_QUOTED_ASKED * len(part), min(_QUOTED_FEWEST, len(part)))
            for part in parts
        ):
            return cite.told(best)
    return None


def nearest(
    question: str,
    claims: Sequence[Claim],
    sources: Sequence[Source],
    alike: Similarity,
    words: Similarity,
) -> tuple[Citation, ...]:
    """What the passages say that comes nearest to an answer, where none can be given.

    First what the model took its answer from (`claims`), which says more than any nearness; then
    the sentences nearest to the question. Two: of 128 questions that were refused though the
    articles answer them, these hold the answer of 80, one of 63 and three of 86 (docs/trust.md).
    """
    every = [(yesno.likelihood(signals), each)
             for each, signals in nearness.weighed(question, sources, alike, words)]  # fmt: skip
    if not every and (candidates := sentences_of(sources)):
        cosines = alike([question], [each.text for each in candidates])[0]
        every = [(float(of), each) for of, each in zip(cosines, candidates, strict=True)]
    every.sort(key=lambda each: -each[0])
    tried = [cited for claim in claims for cited in claim.citations]
    held: list[Citation] = []
    for cited in [*tried, *(cite.led(each.source, each.span) for _, each in every)]:
        if len(held) < _MOST_NEAREST and not any(_overlap(cited, other) for other in held):
            held.append(cited)
    return tuple(held)


def _overlap(one: Citation, other: Citation) -> bool:
    alike = one.document_id == other.document_id
    return alike and one.start < other.end and other.start < one.end
