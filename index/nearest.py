"""The vector store of a library as it is now, whoever changed it, and its cache on disk."""

from __future__ import annotations

import threading
from pathlib import Path

from index import generations
from index.catalog import Catalog
from index.embed import Embedder
from index.errors import CorruptError, LibraryError
from index.vectors import STORES, VectorStore

__all__ = ["Nearest"]


class Nearest:
    """Keeps one store, and makes a new one when the passages have changed."""

    def __init__(self, catalog: Catalog, embedder: Embedder, folder: Path, kind: str) -> None:
        """folder: where generations are kept; kind: a key of `index.vectors.STORES`."""
        self._catalog = catalog
        self._embedder = embedder
        self._folder = folder
        self._kind = kind
        self._lock = threading.Lock()
        self._store: tuple[generations.State, VectorStore] | None = None

    def store(self) -> VectorStore:
        """The vectors as they are now. Raises LibraryError where another model made some."""
        with self._lock:
            sequence = self._catalog.sequence()
            if self._store and self._store[0].sequence == sequence:
                return self._store[1]
            if self._strangers():
                raise LibraryError(
                    f"The library was embedded by another model than {self._embedder.name}, or by"
                    " that model on another backend. `refdesk reindex` embeds it anew, without the"
                    " files (if that was done meanwhile, start this program again); or go back to"
                    " the old models.embedder and embedder.backend."
                )
            state = self._state()
            store = self._opened(state) or self._built()
            self._store = (state, store)
            return store

    def is_current(self) -> bool:
        """Whether no other model made any of the vectors."""
        return not self._strangers()

    def publish(self) -> None:
        """Writes the cache. The caller holds the library's write lock."""
        if self._strangers():
            return  # `store` says so; the database itself is sound
        state = self._state()
        store = self._built()
        try:
            generations.publish(
                self._folder, state, lambda folder: store.save(folder / generations.FILE)
            )
        except (OSError, RuntimeError):
            # FAISS reports a failed write as RuntimeError. The truth is stored: the next
            # search rebuilds from it, so a cache that cannot be written costs time only.
            return
        with self._lock:
            self._store = (state, store)

    def _strangers(self) -> set[str]:
        return self._catalog.fingerprints() - {self._embedder.fingerprint}

    def _state(self) -> generations.State:
        return generations.State(
            self._catalog.sequence(), self._catalog.count(), self._embedder.fingerprint, self._kind
        )

    def _opened(self, state: generations.State) -> VectorStore | None:
        found = generations.current(self._folder, state)
        if found is None:
            return None
        try:
            store = STORES[state.kind].load(found.folder / generations.FILE)
        except CorruptError:
            return None  # a cache: made again from the database
        return store if len(store) == state.count else None

    def _built(self) -> VectorStore:
        ids, vectors = self._catalog.vectors(self._embedder.dimension)
        return STORES[self._kind](ids, vectors)
