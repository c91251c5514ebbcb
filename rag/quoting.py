"""An article's own sentence in place of a model's words that do not stand. Pure.

A quote is never false; at worst it is beside the point. So where the passages hold the answer, by
the model's own judgement, but what it made of them cannot be checked, their sentence is told.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag import cite, names, nearness, plan, yesno
from rag.quotable import Sentence, sentences_of
from rag.similar import Similarity
from rag.statements import Statement
from rag.terms import terms
from rag.types import Citation, Claim, Source

__all__ = ["meant", "nearest", "quoted"]

_FEWEST_ASKED = 3
_QUOTED_FEWEST = 2
_QUOTED_ASKED = 0.4
"""Of the question's words, the share that a sentence which has all that an answer adds needs with
its article's title."""

_MEANT = 0.5
"""Cosine from which on a sentence speaks of what is asked, in whatever words."""

_MOST_MEANT = 3
_FEWEST_MEANT = 2
"""Words of an answer that a second sentence must bring."""

_MOST_NEAREST = 2

_WHO = re.compile(r"^\W*who\b", re.IGNORECASE)

_MEANT_ADDED = 0.5
"""The share of what an answer adds to its question that such a sentence must have."""

_MEANT_SURE = 0.2
_MEANT_SURE_ADDED = 0.85
"""Both, where the model is sure to have found the answer."""


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


def meant(
    question: str,
    claims: Sequence[Claim],
    sources: Sequence[Source],
    alike: Similarity,
    *,
    sure: bool = False,
) -> list[Claim]:
    """The sentences that a model took its answer from, near in meaning to what is asked.

    For claims whose names and figures the passages have, but of which the question's own words
    cannot be found there: people ask in words that no article uses ("How long is the detour if the
    bridge is shut?", "Diversion route: 14 km"). Whether a name is told of that or of something
    else no rule can tell then; the sentence shows it. One, or as many as an answer was made of,
    each with something that those before it lack; none where none is near enough.

    sure  the model has hardly a doubt that the passages answer: sentences that have nearly all
          that an answer adds may then be less near
    """
    candidates = sentences_of(sources)
    if not candidates:
        return []
    asked = frozenset(terms(question))
    who = bool(_WHO.search(question))
    near = alike([question], [each.text for each in candidates])[0]
    for claim in claims:
        added = frozenset(terms(claim.text)) - asked
        left = added
        told: list[int] = []
        while left and len(told) < _MOST_MEANT:
            worth = [(len(left & each.words), len(asked & each.near), float(near[at]))
                     for at, each in enumerate(candidates)]  # fmt: skip
            best = max(range(len(candidates)), key=worth.__getitem__)
            if worth[best][0] < (_FEWEST_MEANT if told else 1):
                break
            told.append(best)
            left -= candidates[best].words
        have = len(added - left)
        nearest = max((near[at] for at in told), default=0.0)
        stated = nearest >= _MEANT and have >= _MEANT_ADDED * len(added)
        likely = sure and nearest >= _MEANT_SURE and have >= _MEANT_SURE_ADDED * len(added)
        if not told or not (stated or likely):
            continue
        texts = [candidates[at].text for at in told]
        if who and not any(_names_another(text, asked) for text in texts):
            continue
        return _once([cite.told(candidates[at]) for at in sorted(told)])
    return []


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
    for cited in [*tried, *(cite.told(each).citations[0] for _, each in every)]:
        if len(held) < _MOST_NEAREST and not any(_overlap(cited, other) for other in held):
            held.append(cited)
    return tuple(held)


def _overlap(one: Citation, other: Citation) -> bool:
    alike = one.document_id == other.document_id
    return alike and one.start < other.end and other.start < one.end


def _once(quotes: Sequence[Claim]) -> list[Claim]:
    """Without those that stand in another."""
    cited = [each.citations[0] for each in quotes]
    return [
        quote for quote, one in zip(quotes, cited, strict=True)
        if not any(
            other is not one and other.document_id == one.document_id
            and other.start <= one.start and one.end <= other.end
            for other in cited
        )
    ]  # fmt: skip


def _names_another(text: str, asked: frozenset[str]) -> bool:
    """Whether a sentence has a name that the question lacks: "who" asks for one."""
    return any(not asked.issuperset(terms(name)) for name in names.found(text))
