"""Passages ranked for a question: the searches, and how they are joined."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from index.catalog import Catalog
from index.embed import Embedder, Vectors
from index.fuse import convex, lifted, reciprocal_rank_fusion, shares
from index.named import Known
from index.types import Hit
from index.vectors import Ids, VectorStore
from index.words import WordSearch

__all__ = ["Ranking", "Weights"]

_NAMED = 20
"""Passages taken from the articles that a question names."""

_AT_ONCE = 4
"""Searches by words at once, at most."""

_FEW = 1000
"""Of more articles than these ("in 2025") the passages are not looked for one by one."""


@dataclass(frozen=True, slots=True)
class Weights:
    """How the searches are joined.

    fusion    "convex", or "rrf" (with rrf_k), which joins two searches only: see `index.fuse`
    words     the share of words in the convex sum of meaning and words
    articles  the share of whole articles' words in that, the rest passages'; 0: not searched
    few       articles of which half of that share holds, of more of them more: see `_share`
    named     what articles gain whose source, author or date the question names; 0: not looked at
    recent    what the newest article gains where the question names no time in the past; 0: nothing
    """

    fusion: str = "convex"
    words: float = 0.3
    articles: float = 0.8
    few: int = 10
    named: float = 0.15
    recent: float = 0.1
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
        self._known: tuple[int, Known] | None = None
        self._beside = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="words")

    def best(
        self,
        question: str,
        k: int,
        store: VectorStore,
        search: WordSearch,
        documents: Collection[int] | None = None,
        allowed: Ids | None = None,
        today: dt.date | None = None,
    ) -> list[Hit]:
        """The `k` passages that answer `question` best.

        documents, allowed  those to search in, and the ids of their passages; None: all
        today               what "last week" counts from; None: nothing
        """
        wide = max(self._candidates, k)
        # Beside: most of either is native code, which leaves the other core to the other.
        matched = self._beside.submit(self._matched, search, question, wide, documents)
        query = self._embedder.embed_queries([question])[0]
        dense = dict(store.search(query, wide, allowed))
        words, articles = matched.result()
        if self._weights.fusion == "rrf":
            alike = self._alike(query, dense, words)
            fused = reciprocal_rank_fusion([list(dense), list(words)], k=self._weights.rrf_k)
            return list(self._hits(fused, alike, words, k))
        asked = self._documents().asked(question, today)
        named = [each for each in asked.named if documents is None or each in documents]
        if 0 < len(named) <= _FEW and self._weights.named:
            # So that the best of them are among the candidates, however much else there is.
            dense |= dict(store.search(query, _NAMED, self._catalog.chunk_ids(named)))
            words |= dict(search.passages(question, _NAMED, named))
        alike = self._alike(query, dense, words)
        owners = self._catalog.documents_of(list(alike))
        passages, share = shares(words), self._share(documents)
        fit = {
            number: (1.0 - share) * passages.get(number, 0.0) + share * articles.get(document, 0.0)
            for number, document in owners.items()
        }
        fused = convex(alike, fit, words_weight=self._weights.words)
        gains = {
            number: asked.gain(document, named=self._weights.named, recent=self._weights.recent)
            for number, document in owners.items()
        }
        return list(self._hits(lifted(fused, gains), alike, words, k))

    def close(self) -> None:
        """Waits for what is under way, and takes no more."""
        self._beside.shutdown()

    def _matched(
        self, search: WordSearch, question: str, wide: int, documents: Collection[int] | None
    ) -> tuple[dict[int, float], dict[int, float]]:
        """The passages with the question's words, and how well the words of articles fit."""
        words = dict(search.passages(question, wide, documents))
        if self._weights.fusion == "rrf" or not self._weights.articles:
            return words, {}
        return words, shares(dict(search.articles(question, wide, documents)))

    def _share(self, documents: Collection[int] | None) -> float:
        """The share of whole articles' words, less where few articles are searched.

        Of five articles on one subject, which of them has a question's words most often is chance:
        all their passages would stand before the one passage that answers.
        """
        searched = len(self._documents()) if documents is None else len(documents)
        return self._weights.articles * searched / ((searched + self._weights.few) or 1)

    def _documents(self) -> Known:
        """What is known of the library's documents as they are now."""
        revision = self._catalog.revision()
        if self._known is None or self._known[0] != revision:
            self._known = revision, Known(self._catalog.about())
        return self._known[1]

    def _alike(
        self, query: Vectors, dense: Mapping[int, float], words: Mapping[int, float]
    ) -> dict[int, float]:
        """The similarity of all candidates, also of those that were found by words alone."""
        alone = self._catalog.vectors_of([number for number in words if number not in dense])
        return {**dense, **{number: float(vector @ query) for number, vector in alone.items()}}

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
