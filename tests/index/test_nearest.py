"""A library's vectors from one state to the next: what is kept, and when all is made again."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from index import generations, nearest, passages, vectors
from index.catalog import Catalog
from index.chunk import embedded
from index.database import digest
from index.held import Origin, Stored
from index.nearest import Nearest
from index.types import Chunk, Document
from tests.fakes import HashEmbedder

EMBEDDER = HashEmbedder()


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    opened = Catalog(tmp_path / "library.sqlite")
    yield opened
    opened.close()


def put(catalog: Catalog, name: str, count: int = 20) -> int:
    texts = [f"{name} says {number}" for number in range(count)]
    keys = [digest(embedded(name, name, text)) for text in texts]
    made = EMBEDDER.embed_passages(texts)
    chunks = [Chunk(n, 0, len(text), text, name, None) for n, text in enumerate(texts)]
    stored = Stored(
        Document(" ".join(texts), name), {}, "test", chunks, keys,
        dict(zip(keys, made, strict=True)), EMBEDDER.fingerprint,
    )  # fmt: skip
    origin = Origin(f"/{name}-{catalog.count()}", "0" * 64, "test")
    return catalog.put(stored, origin=origin, document_id=None)


def opened(catalog: Catalog, folder: Path, kind: str = "compressed") -> Nearest:
    return Nearest(catalog, EMBEDDER, folder / "vectors", kind)


def same(catalog: Catalog, found: Nearest) -> None:
    """The store finds what comparing all the library's vectors finds."""
    store, exact = found.store(), vectors.ExactStore(*catalog.vectors(EMBEDDER.dimension))
    for text in ("moon says 3", "tide says 7", "kelp says 19"):
        query = EMBEDDER.embed_queries([text])[0]
        mine, theirs = store.search(query, 10), exact.search(query, 10)
        assert [s for _, s in mine] == pytest.approx([s for _, s in theirs], abs=1e-5)
        assert len(set(mine)) == len(mine)


def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by the number of vectors each time that some are read to be encoded."""
    read: list[int] = []
    before = passages.Passages.blocks

    def blocks(self: Catalog, dimension: int, *, after: int = 0) -> Iterator[object]:
        for ids, matrix in before(self, dimension, after=after):
            read.append(len(ids))
            yield ids, matrix

    monkeypatch.setattr(passages.Passages, "blocks", blocks)
    return read


def test_only_new_passages_are_encoded(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = counted(monkeypatch)
    put(catalog, "moon")
    put(catalog, "tide")
    found = opened(catalog, tmp_path)
    same(catalog, found)
    found.publish()
    put(catalog, "kelp", 7)
    same(catalog, found)
    again = opened(catalog, tmp_path)  # another process, which has the older generation
    same(catalog, again)
    assert read == [40, 7, 7]


def test_blocks_are_all_of_it(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passages, "_BLOCK", 7)
    put(catalog, "moon")
    ids, matrix = catalog.vectors(EMBEDDER.dimension)
    parts = list(catalog.blocks(EMBEDDER.dimension))
    assert [len(part) for part, _ in parts] == [7, 7, 6]
    assert np.array_equal(np.concatenate([part for part, _ in parts]), ids)
    assert np.array_equal(np.concatenate([part for _, part in parts]), matrix)
    assert [part.tolist() for part, _ in catalog.blocks(EMBEDDER.dimension, after=18)] == [[19, 20]]


def test_codes_of_what_is_removed_are_dropped_when_there_are_many(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = counted(monkeypatch)
    numbers = [put(catalog, name, 10) for name in ("moon", "tide", "kelp", "reef") * 4]
    found = opened(catalog, tmp_path)
    assert len(found.store()) == 160
    catalog.remove(numbers[0])
    same(catalog, found)
    assert len(found.store()) == 160
    catalog.remove(numbers[1])
    same(catalog, found)
    assert len(found.store()) == 140
    assert read == [160]


def test_a_search_keeps_the_store_it_began_with(catalog: Catalog, tmp_path: Path) -> None:
    put(catalog, "moon")
    found = opened(catalog, tmp_path)
    store = found.store()
    query = EMBEDDER.embed_queries(["tide says 3"])[0]
    before = store.search(query, 5)
    put(catalog, "tide")
    assert found.store() is not store
    assert store.search(query, 5) == before


def test_searches_while_articles_come(catalog: Catalog, tmp_path: Path) -> None:
    put(catalog, "moon")
    found, wrong = opened(catalog, tmp_path), []
    done = threading.Event()

    def search() -> None:
        query = EMBEDDER.embed_queries(["moon says 3"])[0]
        while not done.is_set():
            hits = found.store().search(query, 5)
            if len(hits) != 5 or hits[0][1] < 0.99:
                wrong.append(hits)

    threads = [threading.Thread(target=search) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(20):
        put(catalog, f"tide {number}", 3)
        found.publish()
    done.set()
    for thread in threads:
        thread.join()
    assert not wrong
    same(catalog, found)


def test_a_backup_put_back_is_noticed(catalog: Catalog, tmp_path: Path) -> None:
    put(catalog, "moon")
    catalog.close()
    backup = tmp_path / "backup.sqlite"
    shutil.copyfile(tmp_path / "library.sqlite", backup)
    first = Catalog(tmp_path / "library.sqlite")
    put(first, "tide")
    opened(first, tmp_path).publish()
    first.close()
    shutil.copyfile(backup, tmp_path / "library.sqlite")
    other = Catalog(tmp_path / "library.sqlite")
    put(other, "kelp", 30)  # under the ids that "tide" had, and on
    same(other, opened(other, tmp_path))
    other.close()


@pytest.mark.parametrize("damage", ["flipped", "cut", "gone", "other version"])
def test_a_damaged_cache_is_made_again(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    put(catalog, "moon")
    opened(catalog, tmp_path).publish()
    file = next((tmp_path / "vectors").glob("gen-*")) / generations.FILE
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    if damage == "flipped":
        file.write_bytes(bytes(data))
    elif damage == "cut":
        file.write_bytes(bytes(data[:-9]))
    elif damage == "gone":
        file.unlink()
    else:
        monkeypatch.setattr(nearest, "codes_by", lambda: "compressed:another")
    read = counted(monkeypatch)
    same(catalog, opened(catalog, tmp_path))
    assert read == [20]


def test_what_cannot_be_written_is_searched_all_the_same(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    put(catalog, "moon")
    found = opened(catalog, tmp_path)
    monkeypatch.setattr(generations, "publish", full)
    found.publish()
    same(catalog, found)


def test_a_library_that_grows_large_is_compressed_then(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectors, "LEAST", 30)
    put(catalog, "moon")
    found = opened(catalog, tmp_path, "auto")
    found.publish()
    assert isinstance(found.store(), vectors.FaissStore)
    number = put(catalog, "tide")
    found.publish()
    assert isinstance(found.store(), vectors.CompressedStore)
    same(catalog, found)
    catalog.remove(number)
    assert isinstance(found.store(), vectors.FaissStore)
    same(catalog, found)


def test_codes_of_another_embedder_are_not_taken(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(catalog, "moon")
    found = opened(catalog, tmp_path)
    found.publish()
    file = next((tmp_path / "vectors").glob("gen-*")) / "manifest.json"
    file.write_text(file.read_text().replace(EMBEDDER.fingerprint, "another"))
    read = counted(monkeypatch)
    same(catalog, opened(catalog, tmp_path))
    assert read == [20]
