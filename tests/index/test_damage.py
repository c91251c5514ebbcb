"""Libraries that cannot be written, and files that are no longer what they were."""

from __future__ import annotations

import os
import resource
import shutil
from pathlib import Path

import pytest

from index.errors import CorruptError, StorageError
from index.library import Library, LibrarySettings
from index.lock import WriteLock
from tests.fakes import HashEmbedder


def fixed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may write anything but a read-only disk, so that the answer is given for the system."""
    monkeypatch.setattr(os, "access", lambda *_: False)


def closed(library: Library, folder: Path) -> None:
    """A library of one article, closed."""
    (folder / "tides.md").write_text("# Tides\n\nThe tide of Varn rose by four metres.\n")
    library.add([folder / "tides.md"])
    library.close()


def test_where_nothing_can_be_written_a_library_is_read(
    library: Library, tmp_path: Path, embedder: HashEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed(library, tmp_path)
    fixed(monkeypatch)
    before = sorted(path.name for path in (tmp_path / "home").iterdir())

    other = Library(tmp_path / "home", embedder, LibrarySettings(chunk_tokens=40))

    assert [entry.title for entry in other.entries()] == ["Tides"]
    assert other.search("tide")[0].entry.title == "Tides"
    with pytest.raises(StorageError, match="this user cannot write"):
        other.remove("1")
    assert sorted(path.name for path in (tmp_path / "home").iterdir()) == before
    other.close()


def test_on_a_full_disk_a_library_is_read(
    library: Library, tmp_path: Path, embedder: HashEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files may not grow, as on a full disk: what SQLite keeps beside an open library cannot be."""
    closed(library, tmp_path)
    full = shutil.disk_usage(tmp_path)._replace(free=0)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        with pytest.raises(StorageError, match="cannot be written"):  # and is not full
            Library(tmp_path / "home", embedder).entries()
        monkeypatch.setattr(shutil, "disk_usage", lambda _: full)

        other = Library(tmp_path / "home", embedder, LibrarySettings(chunk_tokens=40))

        assert [entry.title for entry in other.entries()] == ["Tides"]
        assert other.search("tide")[0].entry.title == "Tides"
        with pytest.raises(StorageError, match=r"is full. Reading the library works.*make room"):
            other.remove("1")
        other.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_lock_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StorageError, match="cannot be changed"), WriteLock(tmp_path / "file"):
        pytest.fail("a lock below a file")


@pytest.mark.parametrize("left", [0, 0.5])
def test_a_file_cut_off_is_damage_and_stays_as_it_is(
    library: Library, tmp_path: Path, embedder: HashEmbedder, left: float
) -> None:
    closed(library, tmp_path)
    file = tmp_path / "home" / "library.sqlite"
    rest = file.read_bytes()[: int(file.stat().st_size * left)]
    file.write_bytes(rest)

    with pytest.raises(CorruptError, match=r"is damaged.*[Rr]estore a backup"):
        Library(tmp_path / "home", embedder).entries()

    assert file.read_bytes() == rest


def test_an_empty_file_in_a_new_folder_is_a_new_library(
    tmp_path: Path, embedder: HashEmbedder
) -> None:
    (tmp_path / "library.sqlite").touch()

    assert Library(tmp_path, embedder).entries() == []
