"""Passages ranked for a question: the searches, and how they are joined."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from index.catalog import Catalog
from index.embed import Embedder
from index.fuse import convex, lifted, reciprocal_rank_fusion, shares
from index.types import Hit
from index.vectors import Ids, VectorStore

__all__ = ["Ranking", "Weights"]


@dataclass(frozen=True, slots=True)
class Weights:
    """How the searches are joined.

    fusion    "convex", or "rrf" (with rrf_k), which joins two searches only: see `index.fuse`
    words     the share of word search in the convex sum of meaning and words
    articles  what the article that fits best by its words adds to its passages; 0: not searched
    """

    fusion: str = "convex"
    words: float = 0.5
    articles: float = 0.5
    rrf_k: int = 60


class Ranking:
    """Finds passages by meaning, by their words and by their articles' words."""

    def __init__(
        self, catalog: Catalog, embedder: Embedder, *, candidates: int, weights: Weights
    ) -> None:
        """candidates: taken from each search."""
        self._catalog = catalog
        self._embedder = embedder
        self._candidates = candidates
        self._weights = weights

    def best(
        self,
        question: str,
        k: int,
        store: VectorStore,
        documents: Collection[int] | None = None,
        allowed: Ids | None = None,
    ) -> list[Hit]:
        """The `k` passages that answer `question` best.

        documents, allowed  those to search in, and the ids of their passages; None: all
        """
        wide = max(self._candidates, k)
        query = self._embedder.embed_queries([question])[0]
        dense = dict(store.search(query, wide, allowed))
        words = dict(self._catalog.match(question, wide, documents))
        alone = self._catalog.vectors_of([number for number in words if number not in dense])
        alike = dense | {number: float(vector @ query) for number, vector in alone.items()}
        if self._weights.fusion == "rrf":
            fused = reciprocal_rank_fusion([list(dense), list(words)], k=self._weights.rrf_k)
        else:
            floor = min(dense.values(), default=0.0)
            fused = convex(alike, words, floor=floor, words_weight=self._weights.words)
            fused = lifted(fused, self._of_articles(question, wide, list(alike), documents))
        return list(self._hits(fused, alike, words, k))

    def _of_articles(
        self, question: str, k: int, passages: Sequence[int], documents: Collection[int] | None
    ) -> dict[int, float]:
        """What passages gain from the words of their articles."""
        if not self._weights.articles:
            return {}
        fit = shares(dict(self._catalog.articles(question, k, documents)))
        return {
            number: self._weights.articles * fit[document]
            for number, document in self._catalog.documents_of(passages).items()
            if document in fit
        }

    def _hits(
        self,
        fused: Sequence[tuple[int, float]],
        alike: dict[int, float],
        words: dict[int, float],
        k: int,
    ) -> Iterator[Hit]:
        # A document removed since the vectors were built is found no more: twice `k` makes up.
        best = fused[: 2 * k]
        known = self._catalog.chunks([number for number, _ in best])
        given = 0
        for number, score in best:
            if number not in known or given == k:
                continue
            entry, passage = known[number]
            given += 1
            yield Hit(number, entry, passage, score, alike.get(number), words.get(number))
