"""The vector store of a library as it is now, whoever changed it, and its cache on disk.

An exact store is made whole from the library's vectors whenever they change. A compressed one, of a
large library, goes from one state to the next: passages are never changed but made anew under
higher ids, so that the codes of new ones are added, and those of removed ones find nothing until
they are dropped.
"""

from __future__ import annotations

import threading
from pathlib import Path

from index import generations
from index.catalog import Catalog
from index.embed import Embedder
from index.errors import CorruptError, LibraryError
from index.vectors import (
    COMPRESSED,
    STORES,
    CompressedStore,
    VectorStore,
    codes_by,
    kind_for,
)

__all__ = ["Nearest"]

_GONE = 0.1
"""The share of removed passages above which their codes are dropped: they take others' places."""

_COMPARED = 64
"""Codes made again to see that they belong to this library: after a backup was put back, ids that
come next may mean other passages than they did."""


class Nearest:
    """Keeps one store, and makes a new one when the passages have changed."""

    def __init__(self, catalog: Catalog, embedder: Embedder, folder: Path, kind: str) -> None:
        """folder: where generations are kept; kind: one of `index.vectors.KINDS`."""
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
            store = self._made(state)
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
        store = self._made(state)
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
        sequence, count = self._catalog.sequence(), self._catalog.count()
        kind = kind_for(self._kind, count)
        made_by = codes_by() if kind == COMPRESSED else kind
        return generations.State(sequence, count, self._embedder.fingerprint, made_by)

    def _made(self, state: generations.State) -> VectorStore:
        if state.kind in STORES:
            return self._opened(state) or self._built(state)
        return self._grown(state)

    def _opened(self, state: generations.State) -> VectorStore | None:
        found = generations.current(self._folder, state)
        if found is None:
            return None
        try:
            store = STORES[state.kind].load(found.folder / generations.FILE)
        except CorruptError:
            return None  # a cache: made again from the database
        return store if len(store) == state.count else None

    def _built(self, state: generations.State) -> VectorStore:
        ids, vectors = self._catalog.vectors(self._embedder.dimension)
        return STORES[state.kind](ids, vectors)

    def _grown(self, state: generations.State) -> CompressedStore:
        """From the last state that is known, or from nothing where it is not of this library."""
        dimension = self._embedder.dimension
        base = self._last(state)
        if base is not None:
            grown = base.plus(self._catalog.blocks(dimension, after=base.last))
            gone = len(grown) - state.count
            if gone > _GONE * len(grown):
                grown = grown.only(self._catalog.ids())
            if gone >= 0:
                return grown
        empty = CompressedStore.empty(dimension, self._catalog.vectors_of)
        return empty.plus(self._catalog.blocks(dimension))

    def _last(self, state: generations.State) -> CompressedStore | None:
        known = self._store
        base: VectorStore | None = None
        if known is not None and known[0].fingerprint == state.fingerprint:
            base = known[1]
        if not isinstance(base, CompressedStore):
            base = self._loaded(state)
        if base is None:
            return None
        newest = self._catalog.last_ids(base.last, _COMPARED)
        return base if base.agrees(self._catalog.vectors_of(newest)) else None

    def _loaded(self, state: generations.State) -> CompressedStore | None:
        found = generations.latest(self._folder, fingerprint=state.fingerprint)
        if found is None or found.state.kind != state.kind:
            return None
        try:
            return CompressedStore.load(
                found.folder / generations.FILE,
                self._embedder.dimension,
                self._catalog.vectors_of,
            )
        except CorruptError:
            return None  # a cache: made again from the database
