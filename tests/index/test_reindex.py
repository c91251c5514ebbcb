"""Another embedder, or other passages: the library is embedded anew from what it holds."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from index import ingest
from index.embed import Vectors
from index.errors import LibraryError
from index.library import Library, LibrarySettings
from tests.fakes import HashEmbedder


def opened(tmp_path: Path, embedder: HashEmbedder, tokens: int = 40) -> Library:
    return Library(tmp_path / "home", embedder, LibrarySettings(chunk_tokens=tokens))


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    for n in range(12):
        lines = [f"Ferry {n} left for island {n * 7 + m} with {m + 3} cars." for m in range(8)]
        (folder / f"{n:02}.md").write_text(f"# Note {n}\n\n" + "\n\n".join(lines) + "\n")
    return folder


def test_another_embedder_without_the_files(tmp_path: Path, docs: Path) -> None:
    library = opened(tmp_path, HashEmbedder())
    library.sync(docs)
    library.edit("03.md", {"title": "A better title"})
    before = library.entries()
    library.close()
    kept = tmp_path / "kept"
    docs.rename(kept)

    other = HashEmbedder("other")
    library = opened(tmp_path, other)
    assert not library.is_searchable()
    with pytest.raises(LibraryError, match="refdesk reindex"):
        library.search("island")
    told: list[tuple[int, int]] = []
    assert library.reindex(lambda _, done, total: told.append((done, total))) == 12
    assert told[-1] == (12, 12)
    assert library.is_searchable()
    assert [(e.id, e.title, e.added, e.origins) for e in library.entries()] == [
        (e.id, e.title, e.added, e.origins) for e in before
    ]
    assert library.search("a better title", 1)[0].entry.title == "A better title"
    assert library._catalog.fingerprints() == {"other:1"}
    assert len(library._catalog._db.rows("SELECT id FROM vector")) <= library._catalog.count()

    other.embedded.clear()
    assert library.reindex() == 0
    kept.rename(docs)
    assert len(library.sync(docs).unchanged) == 12
    assert other.embedded == []


def test_interrupted_it_goes_on(tmp_path: Path, docs: Path) -> None:
    opened(tmp_path, HashEmbedder()).sync(docs)

    class Interrupted(HashEmbedder):
        def embed_passages(self, texts: Sequence[str]) -> Vectors:
            if self.embedded:
                raise KeyboardInterrupt
            return super().embed_passages(texts)

    library = opened(tmp_path, Interrupted("other"))
    with pytest.raises(KeyboardInterrupt):
        library.reindex()
    library.close()
    again = HashEmbedder("other")
    library = opened(tmp_path, again)
    assert not library.is_searchable()
    assert library.reindex() == 11
    assert not any("Ferry 0 " in text for text in again.embedded)
    assert library.search("ferry to island 21", 1)


def test_other_passages_keep_vectors_of_equal_texts(tmp_path: Path, docs: Path) -> None:
    (docs / "short.md").write_text("# A short one\n\nThe quay was raised.\n")
    opened(tmp_path, HashEmbedder()).sync(docs)
    embedder = HashEmbedder()
    library = opened(tmp_path, embedder, tokens=60)
    assert library.is_searchable()  # the passages are of another length, and no less true
    before = library._catalog.count()
    assert library.reindex() == 13
    assert library._catalog.count() < before
    assert not any("quay" in text for text in embedder.embedded)
    assert library.reindex() == 0


def test_what_readers_do_otherwise_needs_the_files(
    tmp_path: Path, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(tmp_path, HashEmbedder()).sync(docs)
    monkeypatch.setattr(ingest, "RECIPE_VERSION", ingest.RECIPE_VERSION + 1)
    other = opened(tmp_path, HashEmbedder("other"))
    assert other.reindex() == 12
    assert other.reindex() == 0
    assert len(other.sync(docs).changed) == 12
    assert len(other.sync(docs).unchanged) == 12


def test_copies_stay_places_of_one_document(tmp_path: Path, docs: Path) -> None:
    shutil.copy(docs / "01.md", docs / "copy.md")
    opened(tmp_path, HashEmbedder()).sync(docs)
    library = opened(tmp_path, HashEmbedder("other"))
    assert library.reindex() == 12
    assert len(library.get("copy.md").origins) == 2
    assert len(library.sync(docs).unchanged) == 13
