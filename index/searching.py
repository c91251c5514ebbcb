"""The searching side of a library: its vectors, its words, and what they rank."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable
from pathlib import Path

from index import generations
from index.catalog import Catalog
from index.embed import Embedder
from index.errors import CorruptError
from index.limits import Limits
from index.nearest import Nearest
from index.ranking import Ranking, Weights
from index.rerank import Reranker, reranked
from index.types import Entry, Filter, Hit
from index.wordcache import WordCache

__all__ = ["Searching", "sound"]

_VECTORS, _WORDS = "vectors", "words"


def sound(folder: Path) -> Path:
    """The library's file. To SQLite one of no length is a new one. Raises CorruptError."""
    file = folder / "library.sqlite"
    emptied = False
    with contextlib.suppress(OSError):  # whoever opens it tells why it cannot be
        emptied = not file.stat().st_size and any(
            generations.there(folder / name) for name in (_VECTORS, _WORDS)
        )
    if emptied:
        raise CorruptError(
            f"The library {file} is damaged: the file is empty, and what lies beside it was made "
            "from one that held articles. Restore a backup of it; or, to begin anew, remove it "
            "and add the articles again."
        )
    return file


class Searching:
    """Searches one library as it is now, whoever changed it. Safe to use from several threads."""

    def __init__(
        self,
        catalog: Catalog,
        embedder: Embedder,
        folder: Path,
        get: Callable[[str], Entry],
        reranker: Reranker | None,
        *,
        store: str,
        words: str,
        candidates: int,
        weights: Weights,
        newest: bool,
        rerank: int,
    ) -> None:
        """
        folder  the library's, where the caches lie
        get     the document that a filter names
        newest  of several versions of one article, search only the newest
        rerank  the passages that the reranker judges

        Raises SettingsError.
        """
        self._embedder = embedder
        self._reranker = reranker
        self._most = rerank if reranker else 0
        self.nearest = Nearest(catalog, embedder, folder / _VECTORS, store)
        self.words = WordCache(catalog, folder / _WORDS, words)
        self._ranking = Ranking(catalog, embedder, candidates=candidates, weights=weights)
        self._limits = Limits(catalog, get, newest=newest)

    def hits(self, question: str, k: int, where: Filter, today: dt.date | None) -> list[Hit]:
        """The `k` best passages; see `index.library.Library.search`."""
        store = self.nearest.store()
        limited = self._limits.limit(where)
        if not len(store) or (limited and not limited[0]):
            return []
        documents, allowed = limited or (None, None)
        words = self.words.search()
        most = max(k, self._most)
        hits = self._ranking.best(question, most, store, words, documents, allowed, today)
        if self._reranker:
            hits = reranked(question, hits, self._reranker, self._most)
        return hits[:k]

    def warm(self) -> None:
        """Loads what a search needs. Raises ModelError."""
        self._embedder.embed_queries(["warm"])
        if self._reranker:
            self._reranker.scores("warm", ["warm"])

    def publish(self) -> None:
        """Writes the caches. The caller holds the library's write lock."""
        self.nearest.publish()
        self.words.publish()

    def close(self) -> None:
        """Ends what is under way in the background."""
        self._ranking.close()
        self.words.close()
