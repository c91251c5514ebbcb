"""Nearest vectors by inner product: exact in numpy (the reference), exact by FAISS, compressed.

The one place that imports FAISS. Stores are built from (ids, vectors) and never changed: a new
state of the library is a new store, so a search in progress keeps the one that it began with.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from index.embed import Vectors
from index.errors import CorruptError

Ids = npt.NDArray[np.int64]
Codes = npt.NDArray[np.uint8]
VectorsOf = Callable[[Sequence[int]], Mapping[int, Vectors]]
"""Some ids → the vectors, each of shape (dimension,), of those that still exist."""


_UNREADABLE = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)
"""What numpy raises for a damaged file of arrays."""


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
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                return cls(arrays["ids"], arrays["vectors"])
        except _UNREADABLE as exc:
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


class CompressedStore:
    """One bit a dimension, all compared by FAISS; the best by that are compared again exactly.

    Gao and Long, "RaBitQ: Quantizing High-Dimensional Vectors with a Theoretical Error Bound for
    Approximate Nearest Neighbor Search", SIGMOD 2024. Nothing is trained (distances are from the
    origin, not from a mean), so a code depends on its own vector alone and can be kept while others
    come and go. Codes of 384 dimensions take 56 bytes. The vectors themselves stay where they are:
    `vectors_of` gives those of the candidates, and none for what was removed meanwhile.
    """

    wide, least = 5, 500
    """Candidates for each one wanted, and however few are: see docs/performance.md."""

    def __init__(self, ids: Ids, codes: Codes, dimension: int, vectors_of: VectorsOf) -> None:
        """ids: ascending, shape (n,); codes: shape (n, bytes of a code)."""
        self.ids = ids
        self._codes = codes
        self._dimension = dimension
        self._vectors_of = vectors_of
        self._among: tuple[Ids, list[Any]] | None = None
        # FAISS compares one query in one thread. Whole bytes of a selector's bits fall to a part.
        size = -(-len(ids) // max(1, _threads()) // 8) * 8 or 8
        self._parts = [
            (slice(at, at + size), _coder(dimension, codes[at : at + size]))
            for at in range(0, len(ids), size)
        ]
        self._pool = ThreadPoolExecutor(max(1, len(self._parts)), thread_name_prefix="vectors")

    @classmethod
    def of(cls, ids: Ids, vectors: Vectors, vectors_of: VectorsOf) -> CompressedStore:
        """ids: ascending, shape (n,); vectors: shape (n, dimension)."""
        return cls.empty(vectors.shape[1], vectors_of).plus([(ids, vectors)])

    @classmethod
    def empty(cls, dimension: int, vectors_of: VectorsOf) -> CompressedStore:
        codes = np.empty((0, _coder(dimension).code_size), np.uint8)
        return cls(np.empty(0, np.int64), codes, dimension, vectors_of)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def last(self) -> int:
        """The highest id; 0: there is none."""
        return int(self.ids[-1]) if len(self.ids) else 0

    def plus(self, blocks: Iterable[tuple[Ids, Vectors]]) -> CompressedStore:
        """With more vectors, whose ids come after those that are there."""
        coder = _coder(self._dimension)
        ids, codes = [self.ids], [self._codes]
        for more, vectors in blocks:
            ids.append(more)
            codes.append(coder.sa_encode(np.ascontiguousarray(vectors, dtype=np.float32)))
        if len(ids) == 1:
            return self
        return self._with(np.concatenate(ids), np.concatenate(codes))

    def only(self, ids: Ids) -> CompressedStore:
        """Without what is not among `ids`."""
        kept = np.isin(self.ids, ids, assume_unique=True)
        return self._with(self.ids[kept], self._codes[kept])

    def agrees(self, vectors: Mapping[int, Vectors]) -> bool:
        """Whether all of these are held, and are what was encoded."""
        if not vectors:
            return True
        ids = np.fromiter(vectors, np.int64, len(vectors))
        at = np.searchsorted(self.ids, ids).clip(max=max(0, len(self) - 1))
        if not len(self) or not np.array_equal(self.ids[at], ids):
            return False
        codes = _coder(self._dimension).sa_encode(np.stack(list(vectors.values())))
        return np.array_equal(codes, self._codes[at])

    def search(self, query: Vectors, k: int, allowed: Ids | None = None) -> list[tuple[int, float]]:
        if not len(self) or k < 1:
            return []
        most = max(self.wide * k, self.least)
        few = self.ids if allowed is None else allowed
        found = few if len(few) <= most else self._candidates(query, most, allowed)
        exact = self._vectors_of(np.sort(found).tolist())
        if not exact:
            return []
        scores = np.stack(list(exact.values())) @ query
        ids = list(exact)
        return [(ids[at], float(scores[at])) for at in np.argsort(-scores, kind="stable")[:k]]

    def _candidates(self, query: Vectors, most: int, allowed: Ids | None) -> Ids:
        asked = np.ascontiguousarray(query[None, :], dtype=np.float32)
        limits = [None] * len(self._parts) if allowed is None else self._limited(allowed)

        def best(part: tuple[slice, Any], limit: Any) -> tuple[Ids, Vectors]:
            place, index = part
            scores, found = index.search(asked, min(most, index.ntotal), params=limit)
            there = found[0] >= 0
            return self.ids[place][found[0][there]], scores[0][there]

        ids, scores = zip(*self._pool.map(best, self._parts, limits), strict=True)
        order = np.argsort(-np.concatenate(scores), kind="stable")[:most]
        chosen: Ids = np.concatenate(ids)[order]
        return chosen

    def _limited(self, allowed: Ids) -> list[Any]:
        last = self._among
        if last is None or last[0] is not allowed:
            at = np.searchsorted(self.ids, allowed).clip(max=len(self) - 1)
            bits = np.zeros(len(self), bool)
            bits[at[self.ids[at] == allowed]] = True
            last = self._among = (allowed, [_selecting(bits[place]) for place, _ in self._parts])
        return last[1]

    def _with(self, ids: Ids, codes: Codes) -> CompressedStore:
        return CompressedStore(ids, codes, self._dimension, self._vectors_of)

    def save(self, path: Path) -> None:
        with path.open("wb") as file:
            np.savez(file, ids=self.ids, codes=self._codes)

    @classmethod
    def load(cls, path: Path, dimension: int, vectors_of: VectorsOf) -> CompressedStore:
        """Arrays alone, so that a damaged file means wrong candidates at worst.

        Raises CorruptError.
        """
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                ids, codes = arrays["ids"], arrays["codes"]
        except _UNREADABLE as exc:
            raise CorruptError(f"The vector file {path} is damaged: {exc}.") from exc
        if (
            ids.dtype != np.int64
            or codes.dtype != np.uint8
            or codes.shape != (*ids.shape, _coder(dimension).code_size)
            or np.any(ids[1:] <= ids[:-1])
        ):
            raise CorruptError(f"The vector file {path} holds other arrays than it should.")
        return cls(ids, codes, dimension, vectors_of)


def _coder(dimension: int, codes: Codes | None = None) -> Any:
    """FAISS's index of one bit a dimension, about the origin."""
    import faiss

    index: Any = faiss.IndexRaBitQ(dimension, faiss.METRIC_INNER_PRODUCT)
    index.train(np.zeros((1, dimension), np.float32))
    index.qb = 4  # bits of a query's own dimensions: 8 find as much in a third more time
    if codes is not None and len(codes):
        index.add_sa_codes(np.ascontiguousarray(codes))
    return index


def _threads() -> int:
    import faiss

    return int(faiss.omp_get_max_threads())


def _among(allowed: Ids) -> Any:
    """FAISS's way to search among some ids only: one bit each."""
    bits = np.zeros(int(allowed.max()) + 1, bool)
    bits[allowed] = True
    return _selecting(bits)


def _selecting(bits: npt.NDArray[np.bool_]) -> Any:
    import faiss as typed

    faiss: Any = typed  # its stubs tell of C++, not of what Python is given

    selector = faiss.IDSelectorBitmap(np.packbits(bits, bitorder="little"))
    return faiss.SearchParameters(sel=selector)


STORES: dict[str, type[ExactStore] | type[FaissStore]] = {"exact": ExactStore, "faiss": FaissStore}
"""Those that compare every vector, by name: made whole from all of them."""

COMPRESSED = "compressed"
KINDS = ("auto", *STORES, COMPRESSED)
"""What `index.store` may be."""

LEAST = 100_000
"""Vectors from which on "auto" means compressed: exact search takes 17 ms there, and grows."""


def kind_for(asked: str, count: int) -> str:
    """The kind of store for so many vectors: one of `KINDS`, but for "auto"."""
    if asked != "auto":
        return asked
    return COMPRESSED if count >= LEAST else "faiss"


def codes_by() -> str:
    """What made codes of its own layout."""
    import faiss

    return f"{COMPRESSED}:{faiss.__version__}"
