"""Nearest vectors by inner product: exact in numpy (the reference), and FAISS.

The one place that imports FAISS. Stores are built from (ids, vectors) and never changed: a new
state of the library is a new store, so a search in progress keeps the one that it began with.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from index.embed import Vectors
from index.errors import CorruptError

Ids = npt.NDArray[np.int64]


class VectorStore(Protocol):
    """An immutable set of vectors with ids."""

    def __len__(self) -> int: ...

    def search(self, query: Vectors, k: int, allowed: Ids | None = None) -> list[tuple[int, float]]:
        """The `k` nearest to `query` (shape (dimension,)): (id, inner product), best first.

        allowed  the ids to search among, shape (n,); None: all. Others take no place among `k`.
        """
        ...

    def save(self, path: Path) -> None: ...


class ExactStore:
    """Every vector compared, in numpy: ground truth for the other stores."""

    def __init__(self, ids: Ids, vectors: Vectors) -> None:
        self._ids = np.ascontiguousarray(ids, dtype=np.int64)
        self._vectors = np.ascontiguousarray(vectors, dtype=np.float32)

    def __len__(self) -> int:
        return len(self._ids)

    def search(self, query: Vectors, k: int, allowed: Ids | None = None) -> list[tuple[int, float]]:
        if not len(self._ids) or k < 1:
            return []
        scores = self._vectors @ query
        order = np.argsort(-scores, kind="stable")
        if allowed is not None:
            order = order[np.isin(self._ids[order], allowed)]
        return [(int(self._ids[at]), float(scores[at])) for at in order[:k]]

    def save(self, path: Path) -> None:
        with path.open("wb") as file:
            np.savez(file, ids=self._ids, vectors=self._vectors)

    @classmethod
    def load(cls, path: Path) -> ExactStore:
        """Raises CorruptError."""
        try:
            with np.load(path, allow_pickle=False) as arrays:
                return cls(arrays["ids"], arrays["vectors"])
        except (OSError, ValueError, KeyError) as exc:
            raise CorruptError(f"The vector file {path} is damaged: {exc}.") from exc


class FaissStore:
    """FAISS `IndexFlatIP` under an id map: exact, multi-threaded, loaded in one read."""

    def __init__(self, ids: Ids, vectors: Vectors) -> None:
        import faiss

        self._among: tuple[Ids, Any] | None = None
        dimension = vectors.shape[1] if vectors.ndim == 2 and vectors.shape[1] else 1
        self._index: Any = faiss.IndexIDMap2(faiss.IndexFlatIP(dimension))
        if len(ids):
            self._index.add_with_ids(
                np.ascontiguousarray(vectors, dtype=np.float32),
                np.ascontiguousarray(ids, dtype=np.int64),
            )

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def search(self, query: Vectors, k: int, allowed: Ids | None = None) -> list[tuple[int, float]]:
        if not len(self) or k < 1 or (allowed is not None and not len(allowed)):
            return []
        scores, ids = self._index.search(
            np.ascontiguousarray(query[None, :], dtype=np.float32),
            min(k, len(self)),
            params=None if allowed is None else self._limited(allowed),
        )
        return [
            (int(each), float(score))
            for each, score in zip(ids[0], scores[0], strict=True)
            if each >= 0
        ]

    def _limited(self, allowed: Ids) -> Any:
        # The same limits mostly hold for many searches, and `index.limits` gives the same array.
        last = self._among
        if last is None or last[0] is not allowed:
            last = self._among = (allowed, _among(allowed))
        return last[1]

    def save(self, path: Path) -> None:
        import faiss

        faiss.write_index(self._index, str(path))

    @classmethod
    def load(cls, path: Path) -> FaissStore:
        """Reads a file whose checksum the caller has verified. Raises CorruptError."""
        import faiss

        store = cls.__new__(cls)
        store._among = None
        try:
            store._index = faiss.read_index(str(path))
        except RuntimeError as exc:
            raise CorruptError(f"The vector file {path} is damaged.") from exc
        return store


def _among(allowed: Ids) -> Any:
    """FAISS's way to search among some ids only: one bit each."""
    import faiss as typed

    faiss: Any = typed  # its stubs tell of C++, not of what Python is given

    bits = np.zeros(int(allowed.max()) + 1, bool)
    bits[allowed] = True
    selector = faiss.IDSelectorBitmap(np.packbits(bits, bitorder="little"))
    return faiss.SearchParameters(sel=selector)


STORES: dict[str, type[ExactStore] | type[FaissStore]] = {"exact": ExactStore, "faiss": FaissStore}
"""By the name used in settings; the contract tests run over all of them."""
