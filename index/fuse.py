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
    similarity: Mapping[T, float], words: Mapping[T, float], *, floor: float, words_weight: float
) -> list[tuple[T, float]]:
    """Fuses scores by a convex sum of similarity and word score, both brought to [0, 1].

    similarity  cosine of each passage, also of those that were found by words alone
    words       BM25 of the passages found by words
    floor       the cosine that counts as nothing: the last of those found by similarity

    Similarity is stretched between `floor` and its best, word scores are divided by their best:
    Bruch, Gai and Ingber, "An Analysis of Fusion Functions for Hybrid Retrieval", TOIS 2023.
    Best first; ties keep the order of `similarity`, then `words`.
    """
    best = max(similarity.values(), default=0.0)
    spread = max(best - floor, 1e-9)
    share = shares(words)
    scores = {
        item: (1.0 - words_weight) * max(similarity.get(item, floor) - floor, 0.0) / spread
        + words_weight * share.get(item, 0.0)
        for item in dict.fromkeys((*similarity, *words))
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
