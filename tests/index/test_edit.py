"""Corrections win over what a file says, and last."""

from __future__ import annotations

from pathlib import Path

import pytest

from index.errors import NotFoundError, UsageError
from index.library import Library, LibrarySettings
from tests.fakes import HashEmbedder


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "tide.md"
    file.write_text("---\ntitle: Tdie\ndate: 2023-01-01\n---\n\nThe harbour was closed.\n")
    return file


@pytest.fixture
def library(tmp_path: Path, file: Path) -> Library:
    library = Library(tmp_path / "home", HashEmbedder(), LibrarySettings(chunk_tokens=40))
    library.add([file])
    return library


def test_corrections_are_shown_and_searched(library: Library) -> None:
    added = library.get("tide.md").added
    entry = library.edit("tide.md", {"title": "The flood", "date": "2024-03", "author": "A. Reed"})
    assert (entry.title, entry.date, entry.author) == ("The flood", "2024-03", "A. Reed")
    assert sorted(entry.edited) == ["author", "date", "title"]
    assert entry.added == added
    hit = library.search("flood", 1)[0]
    assert hit.bm25 is not None
    assert hit.chunk.header == "The flood (2024-03)"
    assert not [h for h in library.search("Tdie", 5) if h.bm25 is not None]


def test_the_new_header_is_embedded(tmp_path: Path, file: Path) -> None:
    embedder = HashEmbedder()
    library = Library(tmp_path / "other", embedder, LibrarySettings(chunk_tokens=40))
    library.add([file])
    embedder.embedded.clear()
    library.edit("1", {"date": None})
    (text,) = embedder.embedded
    assert text.startswith("Tdie\n")
    embedder.embedded.clear()
    library.edit("1", {"source": "Varn Gazette"})
    assert embedder.embedded == []  # the source is not part of it


def test_corrections_last_when_the_file_changes(library: Library, file: Path) -> None:
    library.edit("tide.md", {"title": "The flood", "date": None}, tags=["sea"], collection="news")
    file.write_text("---\ntitle: Tdie 2\ndate: 2023-02-02\nauthor: B\n---\n\nIt is open again.\n")
    assert library.add([file]).changed
    entry = library.get("tide.md")
    assert (entry.title, entry.date, entry.author) == ("The flood", None, "B")
    assert (entry.tags, entry.collections) == (("sea",), ("news",))


def test_corrections_can_be_dropped(library: Library) -> None:
    library.edit("tide.md", {"title": "The flood"})
    entry = library.edit("tide.md", reset=True)
    assert entry.title == "Tdie"
    assert entry.edited == ()


def test_what_cannot_be_is_told(library: Library) -> None:
    with pytest.raises(UsageError, match="never empty"):
        library.edit("tide.md", {"title": " "})
    with pytest.raises(UsageError, match="publisher"):
        library.edit("tide.md", {"publisher": "x"})
    with pytest.raises(NotFoundError):
        library.edit("other.md", {"title": "x"})


def test_an_edited_document_does_not_vanish_in_its_twin(
    tmp_path: Path, library: Library, file: Path
) -> None:
    other = tmp_path / "other.md"
    other.write_text("# Other\n\nSomething else.\n")
    library.add([other])
    library.edit("other.md", {"title": "Mine"})
    other.write_text(file.read_text())
    library.add([other])
    assert library.get("other.md").title == "Mine"
    assert library.get("tide.md").title == "Tdie"
