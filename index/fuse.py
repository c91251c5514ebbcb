"""Fusion of rankings. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

T = TypeVar("T", bound=Hashable)


def reciprocal_rank_fusion(
    rankings: Sequence[Sequence[T]], *, k: int = 60
) -> list[tuple[T, float]]:
    """Fuses rankings (best first) by the sum of 1 / (k + rank); ties keep first appearance.

    Cormack, Clarke and Büttcher, "Reciprocal Rank Fusion outperforms Condorcet and individual
    Rank Learning Methods", SIGIR 2009.
    """
    scores: defaultdict[T, float] = defaultdict(float)
    for ranking in rankings:
        for rank, item in enumerate(ranking, start=1):
            scores[item] += 1.0 / (k + rank)
    return sorted(scores.items(), key=lambda pair: -pair[1])


def convex(
    similarity: Mapping[T, float], words: Mapping[T, float], *, words_weight: float
) -> list[tuple[T, float]]:
    """Fuses scores by a convex sum of similarity and of how well the words fit.

    similarity  cosine of each item
    words       how well its words fit, on any scale; none where it is missing

    The words' scores are stretched to [0, 1] over these items. Similarity is taken as it is: where
    a question is no more like one passage than like another, the words decide. Bruch, Gai and
    Ingber, "An Analysis of Fusion Functions for Hybrid Retrieval", TOIS 2023, stretch both.
    Best first; ties keep the order of `similarity`.
    """
    fit = {item: words.get(item, 0.0) for item in similarity}
    least, most = min(fit.values(), default=0.0), max(fit.values(), default=0.0)
    spread = (most - least) or 1.0
    scores = {
        item: (1.0 - words_weight) * alike + words_weight * (fit[item] - least) / spread
        for item, alike in similarity.items()
    }
    return sorted(scores.items(), key=lambda pair: -pair[1])


def shares(scores: Mapping[T, float]) -> dict[T, float]:
    """Scores divided by the best of them: in [0, 1] where none is negative."""
    most = max(scores.values(), default=0.0) or 1.0
    return {item: score / most for item, score in scores.items()}


def lifted(fused: Sequence[tuple[T, float]], gains: Mapping[T, float]) -> list[tuple[T, float]]:
    """A ranking after some items have gained in score; best first, ties keep their order."""
    return sorted(
        ((item, score + gains.get(item, 0.0)) for item, score in fused), key=lambda pair: -pair[1]
    )
