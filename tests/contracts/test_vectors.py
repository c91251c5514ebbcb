"""What every vector store promises; the exact one is the reference."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from index.errors import CorruptError
from index.vectors import STORES, ExactStore

RNG = np.random.default_rng(7)


@pytest.fixture(params=sorted(STORES))
def kind(request: pytest.FixtureRequest) -> type:
    return STORES[request.param]


def vectors(n: int, dimension: int = 32) -> np.ndarray:
    made = RNG.normal(size=(n, dimension)).astype(np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def test_finds_what_the_exact_store_finds(kind: type) -> None:
    matrix = vectors(500)
    ids = np.arange(1000, 1500)
    store, exact = kind(ids, matrix), ExactStore(ids, matrix)
    for query in vectors(20):
        found, expected = store.search(query, 10), exact.search(query, 10)
        assert [number for number, _ in found] == [number for number, _ in expected]
        assert [score for _, score in found] == pytest.approx([s for _, s in expected], abs=1e-5)


def test_an_empty_store_finds_nothing(kind: type) -> None:
    store = kind(np.empty(0, np.int64), np.empty((0, 32), np.float32))
    assert len(store) == 0
    assert store.search(vectors(1)[0], 5) == []


def test_asks_for_more_than_there_is(kind: type) -> None:
    store = kind(np.array([3, 5]), vectors(2))
    assert sorted(number for number, _ in store.search(vectors(1)[0], 10)) == [3, 5]


def test_only_what_is_allowed_takes_places(kind: type) -> None:
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


def test_few_or_none_or_unknown_allowed(kind: type) -> None:
    store = kind(np.arange(10, 20), vectors(10))
    query = vectors(1)[0]
    assert sorted(number for number, _ in store.search(query, 5, np.array([11, 17, 900]))) == [
        11,
        17,
    ]
    assert store.search(query, 5, np.empty(0, np.int64)) == []
    assert store.search(query, 5, np.array([900])) == []
    assert store.search(query, 5, np.array([3])) == []


def test_saves_and_loads(kind: type, tmp_path: Path) -> None:
    matrix = vectors(20)
    store = kind(np.arange(20), matrix)
    store.save(tmp_path / "index.bin")
    loaded = kind.load(tmp_path / "index.bin")
    assert len(loaded) == 20
    assert loaded.search(matrix[7], 3) == store.search(matrix[7], 3)


def test_a_damaged_file_is_told(kind: type, tmp_path: Path) -> None:
    (tmp_path / "index.bin").write_bytes(b"not an index")
    with pytest.raises(CorruptError):
        kind.load(tmp_path / "index.bin")
