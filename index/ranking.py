"""Passages ranked for a question: both searches, and how they are joined."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from index.catalog import Catalog
from index.embed import Embedder
from index.fuse import convex, reciprocal_rank_fusion
from index.types import Hit
from index.vectors import Ids, VectorStore

__all__ = ["Ranking"]


class Ranking:
    """Finds passages by meaning and by words."""

    def __init__(
        self,
        catalog: Catalog,
        embedder: Embedder,
        *,
        candidates: int,
        fusion: str,
        words_weight: float,
        rrf_k: int,
    ) -> None:
        """fusion: "convex" (with words_weight) or "rrf" (with rrf_k), see `index.fuse`."""
        self._catalog = catalog
        self._embedder = embedder
        self._candidates = candidates
        self._fusion = fusion
        self._words_weight = words_weight
        self._rrf_k = rrf_k

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
        return list(self._hits(self._fused(dense, alike, words), alike, words, k))

    def _fused(
        self, dense: dict[int, float], alike: dict[int, float], words: dict[int, float]
    ) -> list[tuple[int, float]]:
        if self._fusion == "rrf":
            return reciprocal_rank_fusion([list(dense), list(words)], k=self._rrf_k)
        floor = min(dense.values(), default=0.0)
        return convex(alike, words, floor=floor, words_weight=self._words_weight)

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
