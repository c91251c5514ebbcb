"""What every vector store promises; the exact one is the reference."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from index.embed import Vectors
from index.errors import CorruptError
from index.vectors import (
    COMPRESSED,
    KINDS,
    LEAST,
    STORES,
    CompressedStore,
    ExactStore,
    Ids,
    VectorStore,
    kind_for,
)
from rag.sections import IndexSection

RNG = np.random.default_rng(7)


class Kind:
    """One kind of store; what holds no vectors itself is given them from here."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.kept: dict[int, Vectors] = {}

    def vectors_of(self, ids: Sequence[int]) -> dict[int, Vectors]:
        return {number: self.kept[number] for number in ids if number in self.kept}

    def __call__(self, ids: Ids, matrix: Vectors) -> VectorStore:
        self.kept = dict(zip(ids.tolist(), matrix, strict=True))
        if self.name == COMPRESSED:
            return CompressedStore.of(ids, matrix, self.vectors_of)
        return STORES[self.name](ids, matrix)

    def load(self, path: Path) -> VectorStore:
        if self.name == COMPRESSED:
            return CompressedStore.load(path, 32, self.vectors_of)
        return STORES[self.name].load(path)


@pytest.fixture(params=[*STORES, COMPRESSED])
def kind(request: pytest.FixtureRequest) -> Kind:
    return Kind(request.param)


def clustered(n: int, dimension: int = 384) -> Vectors:
    """Vectors about `n` / 50 centres, one after the other in turn."""
    centres = vectors(max(1, n // 50), dimension)
    return near(centres[np.arange(n) % len(centres)])


def near(matrix: Vectors) -> Vectors:
    """Vectors as near to these as passages are to a question: a cosine of about 0.7."""
    made = matrix + vectors(*matrix.shape)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def vectors(n: int, dimension: int = 32) -> np.ndarray:
    made = RNG.normal(size=(n, dimension)).astype(np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def test_finds_what_the_exact_store_finds(kind: Kind) -> None:
    matrix = vectors(500)
    ids = np.arange(1000, 1500)
    store, exact = kind(ids, matrix), ExactStore(ids, matrix)
    for query in vectors(20):
        found, expected = store.search(query, 10), exact.search(query, 10)
        assert [number for number, _ in found] == [number for number, _ in expected]
        assert [score for _, score in found] == pytest.approx([s for _, s in expected], abs=1e-5)


def test_an_empty_store_finds_nothing(kind: Kind) -> None:
    store = kind(np.empty(0, np.int64), np.empty((0, 32), np.float32))
    assert len(store) == 0
    assert store.search(vectors(1)[0], 5) == []


def test_asks_for_more_than_there_is(kind: Kind) -> None:
    store = kind(np.array([3, 5]), vectors(2))
    assert sorted(number for number, _ in store.search(vectors(1)[0], 10)) == [3, 5]


def test_only_what_is_allowed_takes_places(kind: Kind) -> None:
    matrix = vectors(500)
    ids = np.arange(1000, 1500)
    store, exact = kind(ids, matrix), ExactStore(ids, matrix)
    allowed = RNG.permutation(ids)[:40]
    for query in vectors(20):
        found = store.search(query, 10, allowed)
        assert len(found) == 10
        assert {number for number, _ in found} <= set(allowed.tolist())
        expected = [each for each in exact.search(query, 500) if each[0] in allowed][:10]
        assert [number for number, _ in found] == [number for number, _ in expected]


def test_few_or_none_or_unknown_allowed(kind: Kind) -> None:
    store = kind(np.arange(10, 20), vectors(10))
    query = vectors(1)[0]
    assert sorted(number for number, _ in store.search(query, 5, np.array([11, 17, 900]))) == [
        11,
        17,
    ]
    assert store.search(query, 5, np.empty(0, np.int64)) == []
    assert store.search(query, 5, np.array([900])) == []
    assert store.search(query, 5, np.array([3])) == []


def test_saves_and_loads(kind: Kind, tmp_path: Path) -> None:
    matrix = vectors(20)
    store = kind(np.arange(20), matrix)
    store.save(tmp_path / "index.bin")
    loaded = kind.load(tmp_path / "index.bin")
    assert len(loaded) == 20
    assert loaded.search(matrix[7], 3) == store.search(matrix[7], 3)


def test_a_damaged_file_is_told(kind: Kind, tmp_path: Path) -> None:
    (tmp_path / "index.bin").write_bytes(b"not an index")
    with pytest.raises(CorruptError):
        kind.load(tmp_path / "index.bin")


@pytest.mark.parametrize("place", ["first byte", "middle", "end"])
@pytest.mark.parametrize("name", ["exact", COMPRESSED])
def test_a_file_that_changed_is_told(name: str, tmp_path: Path, place: str) -> None:
    kind = Kind(name)  # FAISS's own files are read only where their sha256 is right
    file = tmp_path / "index.bin"
    matrix = vectors(300)
    kind(np.arange(300), matrix).save(file)
    data = bytearray(file.read_bytes())
    if place == "end":
        del data[-40:]
    else:
        data[0 if place == "first byte" else len(data) // 2] ^= 0x55
    file.write_bytes(bytes(data))
    with pytest.raises(CorruptError):
        kind.load(file)


def test_equal_vectors_are_all_found(kind: Kind) -> None:
    matrix = np.repeat(vectors(40), 5, axis=0)
    store = kind(np.arange(200), matrix)
    found = [number for number, _ in store.search(matrix[17], 5)]
    assert sorted(found) == [15, 16, 17, 18, 19]


def test_several_searches_at_once_find_the_same(kind: Kind) -> None:
    matrix = clustered(3000)
    store = kind(np.arange(3000), matrix)
    queries = matrix[:40]
    expected = [store.search(query, 10) for query in queries]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda query: store.search(query, 10), queries)) == expected


def test_nearly_all_of_the_nearest_are_found_among_many(kind: Kind) -> None:
    matrix = clustered(8000)
    ids = np.arange(5, 8005)
    store, exact = kind(ids, matrix), ExactStore(ids, matrix)
    half = ids[:4000].copy()
    for allowed in (None, half):
        right = 0
        for query in near(matrix[:40]):
            found = {number for number, _ in store.search(query, 10, allowed)}
            assert allowed is None or found <= set(half.tolist())
            right += len(found & {number for number, _ in exact.search(query, 10, allowed)})
        assert right >= 0.98 * 400


def compressed(n: int) -> tuple[CompressedStore, Vectors, Kind]:
    kind, matrix = Kind(COMPRESSED), clustered(n)
    store = kind(np.arange(1, n + 1), matrix)
    assert isinstance(store, CompressedStore)
    return store, matrix, kind


def test_a_compressed_store_grows_to_what_it_would_be_made_as() -> None:
    whole, matrix, kind = compressed(2000)
    ids = np.arange(1, 2001)
    begun = CompressedStore.of(ids[:1500], matrix[:1500], kind.vectors_of)
    grown = begun.plus([(ids[1500:1600], matrix[1500:1600]), (ids[1600:], matrix[1600:])])
    assert (len(begun), len(grown), grown.last) == (1500, 2000, 2000)
    assert grown.plus([]) is grown
    for query in matrix[::400]:
        assert grown.search(query, 20) == whole.search(query, 20)
    fewer = grown.only(ids[::2])
    assert np.array_equal(fewer.ids, ids[::2])
    assert fewer.search(matrix[2], 1) == whole.search(matrix[2], 1)


def test_what_is_gone_from_the_library_is_not_found() -> None:
    store, matrix, kind = compressed(2000)
    assert store.search(matrix[9], 1)[0][0] == 10
    del kind.kept[10]
    found = store.search(matrix[9], 20)
    assert len(found) == 20
    assert 10 not in [number for number, _ in found]


def test_codes_of_other_vectors_are_noticed() -> None:
    store, matrix, _ = compressed(100)
    assert store.agrees({})
    assert store.agrees({100: matrix[99], 7: matrix[6]})
    assert not store.agrees({100: matrix[98], 7: matrix[6]})
    assert not store.agrees({101: matrix[99]})
    assert not CompressedStore.empty(384, dict).agrees({1: matrix[0]})


def test_other_arrays_than_codes_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "index.bin"
    codes = np.zeros((2, 12), np.uint8)
    for ids, held in (
        (np.array([2, 1]), codes),
        (np.array([1.0, 2.0]), codes),
        (np.array([1, 2, 3]), codes),
        (np.array([1, 2]), codes[:, :5]),
    ):
        with file.open("wb") as opened:
            np.savez(opened, ids=ids, codes=held)
        with pytest.raises(CorruptError, match="other arrays"):
            CompressedStore.load(file, 32, dict)


def test_large_libraries_are_compressed() -> None:
    assert kind_for("auto", LEAST - 1) == "faiss"
    assert kind_for("auto", LEAST) == COMPRESSED
    assert [kind_for(each, 10 * LEAST) for each in KINDS[1:]] == list(KINDS[1:])
    assert set(KINDS) == set(IndexSection.__dataclass_fields__["store"].metadata["choices"])
