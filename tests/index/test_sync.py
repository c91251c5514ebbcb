"""The library mirrors a folder: real files, a real database, a process really killed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from index.errors import UsageError
from index.held import Origin
from index.ingest import Outcome
from index.library import Labels, Library, LibrarySettings
from index.read import read_all
from index.types import Document
from tests.fakes import HashEmbedder
from tests.index.files import zip_of

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    fill(folder, 4)
    return folder


def fill(folder: Path, count: int) -> None:
    for n in range(count):
        text = f"# Note {n}\n\nThe ferry number {n} left for island {n * 7} with {n + 3} cars.\n"
        (folder / f"{n}.md").write_text(text)


def names(paths: object) -> list[str]:
    return sorted(Path(each).name for each in paths)  # type: ignore[attr-defined]


def test_new_changed_deleted_and_unchanged(docs: Path, library: Library) -> None:
    assert names(library.sync(docs).added) == ["0.md", "1.md", "2.md", "3.md"]
    (docs / "1.md").write_text("# Note\n\nThe ferry was sold.\n")
    (docs / "2.md").unlink()
    (docs / "4.md").write_text("# Another\n\nA new ferry came.\n")
    report = library.sync(docs)
    assert names(report.added) == ["4.md"]
    assert names(report.changed) == ["1.md"]
    assert names(report.removed) == ["2.md"]
    assert names(report.unchanged) == ["0.md", "3.md"]
    assert names(entry.path for entry in library.entries()) == ["0.md", "1.md", "3.md", "4.md"]
    assert library.search("new ferry came", 1)[0].entry.title == "Another"


def test_what_did_not_change_is_not_read(
    docs: Path, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.sync(docs)
    read: list[str] = []

    def counted(path: Path, *, max_bytes: int) -> object:
        read.append(path.name)
        return read_all(path, max_bytes=max_bytes)

    monkeypatch.setattr(library._intake, "_read", counted)
    assert len(library.sync(docs).unchanged) == 4
    assert read == []
    about = (docs / "1.md").stat()
    (docs / "1.md").write_text((docs / "1.md").read_text().replace("ferry", "yacht"))
    os.utime(docs / "1.md", ns=(about.st_atime_ns, about.st_mtime_ns))
    assert len(library.sync(docs).unchanged) == 4  # nothing outside tells of it
    report = library.sync(docs, check=True)
    assert names(report.changed) == ["1.md"]
    assert read == ["1.md"]  # the others' checksums tell that nothing changed
    (docs / "2.md").touch()
    (docs / "3.md").rename(docs / "three.md")
    assert len(library.sync(docs).unchanged) == 3
    assert len(library.sync(docs).unchanged) == 4
    assert read == ["1.md"]


def test_a_moved_file_keeps_number_and_corrections(
    docs: Path, library: Library, embedder: HashEmbedder
) -> None:
    library.sync(docs, labels=Labels("ferries", ("sea",)))
    library.edit("1.md", {"title": "A better title"})
    before = library.get("1.md")
    embedder.embedded.clear()
    (docs / "sub").mkdir()
    (docs / "1.md").rename(docs / "sub" / "renamed.md")
    report = library.sync(docs)
    assert report.moved == ((str(docs / "1.md"), str(docs / "sub" / "renamed.md")),)
    assert not report.added
    assert not report.copies
    assert not report.removed
    after = library.get("renamed.md")
    assert (after.id, after.title, after.tags, after.collections) == (
        before.id, "A better title", ("sea",), ("ferries",))  # fmt: skip
    assert after.origins == (str(docs / "sub" / "renamed.md"),)
    assert embedder.embedded == []


def test_a_collection_that_the_user_chose_is_kept(docs: Path, library: Library) -> None:
    labels = Labels("ferries", ("sea",))
    library.sync(docs)
    library.edit("1.md", collection="islands")
    library.sync(docs, labels=labels)
    (docs / "1.md").write_text("# Note\n\nThe ferry was sold.\n")
    library.sync(docs, labels=labels)
    (docs / "1.md").rename(docs / "one.md")
    library.sync(docs, labels=labels)
    assert library.get("one.md").collections == ("islands",)
    assert library.collections() == {"ferries": 3, "islands": 1}
    assert all(entry.tags == ("sea",) for entry in library.entries())


def test_a_moved_folder_needs_no_leave(docs: Path, library: Library) -> None:
    fill(docs, 20)
    library.sync(docs)
    (docs / "sub").mkdir()
    for file in docs.glob("*.md"):
        file.rename(docs / "sub" / file.name)
    report = library.sync(docs)
    assert len(report.moved) == 20
    assert not report.held_back
    assert len(library.entries()) == 20


def test_only_what_came_from_the_folder_is_removed(
    tmp_path: Path, docs: Path, library: Library
) -> None:
    (tmp_path / "docs-other").mkdir()
    elsewhere = tmp_path / "docs-other" / "x.md"
    elsewhere.write_text("# Elsewhere\n\nAnother matter.\n")
    library.add([elsewhere, docs / "3.md"])
    library.sync(docs)
    added = docs / "added.md"
    added.write_text("# By hand\n\nAdded by hand, not by a sync.\n")
    library.add([added])
    added.unlink()
    (docs / "3.md").unlink()  # added by hand first, but taken over by the sync
    elsewhere.unlink()
    assert names(library.sync(docs).removed) == ["3.md"]
    assert names(e.path for e in library.entries()) == ["0.md", "1.md", "2.md", "added.md", "x.md"]


def test_a_folder_that_is_not_there(tmp_path: Path, docs: Path, library: Library) -> None:
    library.sync(docs)
    docs.rename(tmp_path / "away")
    with pytest.raises(UsageError, match="no folder"):
        library.sync(docs)
    assert len(library.entries()) == 4


def test_an_empty_folder_removes_nothing_unasked(docs: Path, library: Library) -> None:
    library.sync(docs)
    for file in docs.iterdir():
        file.unlink()
    report = library.sync(docs)
    assert len(report.held_back) == 4
    assert not report.removed
    assert len(library.entries()) == 4
    assert len(library.sync(docs, delete=True).removed) == 4
    assert library.is_empty()


def test_most_of_many_are_not_removed_unasked(docs: Path, library: Library) -> None:
    fill(docs, 20)
    library.sync(docs)
    for n in range(11):
        (docs / f"{n}.md").unlink()
    (docs / "new.md").write_text("# New\n\nThis one is new.\n")
    report = library.sync(docs)
    assert names(report.added) == ["new.md"]
    assert len(report.held_back) == 11
    assert len(library.entries()) == 21
    assert len(library.sync(docs, delete=True).removed) == 11
    assert len(library.entries()) == 10


def test_a_part_that_cannot_be_opened_is_kept(
    docs: Path, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    (docs / "locked").mkdir()
    (docs / "locked" / "x.md").write_text("# Locked\n\nBehind a door.\n")
    library.sync(docs)
    scandir = os.scandir

    def refusing(path: object) -> object:
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)  # type: ignore[call-overload]

    monkeypatch.setattr(os, "scandir", refusing)
    report = library.sync(docs)
    assert not report.removed
    assert names(each.path for each in report.failed) == ["locked"]
    assert len(library.entries()) == 5


def test_a_file_that_can_no_longer_be_read_is_kept(docs: Path, library: Library) -> None:
    library.sync(docs)
    (docs / "1.md").write_text("")
    report = library.sync(docs)
    assert names(each.path for each in report.failed) == ["1.md"]
    assert len(library.entries()) == 4


def test_the_same_bytes_under_another_suffix_are_read(docs: Path, library: Library) -> None:
    (docs / "a.bin").write_bytes((docs / "1.md").read_bytes())
    library.sync(docs)
    assert names(each.path for each in library.sync(docs).skipped) == ["a.bin"]
    assert library.get("1.md").origins == (str(docs / "1.md"),)


def test_a_pipe_is_not_waited_for(docs: Path, library: Library) -> None:
    os.mkfifo(docs / "pipe.md")
    assert names(each.path for each in library.sync(docs).failed) == ["pipe.md"]


def test_a_relative_folder(docs: Path, library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(docs.parent)
    library.sync(Path("docs"))
    (docs / "1.md").rename(docs / "one.md")
    assert len(library.sync(Path("docs/../docs")).moved) == 1
    assert names(library.sync(docs).unchanged) == ["0.md", "2.md", "3.md", "one.md"]


def test_a_zip_is_mirrored_with_what_it_holds(
    docs: Path, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    news = docs / "news.zip"
    news.write_bytes(zip_of(**{"a.md": b"# Tide\n\nThe tide rose.", "b.md": b"# Fog\n\nFog came."}))
    assert names(library.sync(docs, labels=Labels("news")).added)[-2:] == ["a.md", "b.md"]
    library.edit("news.zip!/b.md", {"title": "Corrected"}, collection="kept")
    number = library.get("news.zip!/b.md").id
    with monkeypatch.context() as patch:
        patch.setattr(library._intake, "_read", None)  # it is not read again
        assert len(library.sync(docs).unchanged) == 6
        assert len(library.add([news]).unchanged) == 2

    news.write_bytes(zip_of(**{"a.md": b"# Tide\n\nIt fell.", "x/c.md": b"# Fog\n\nFog came."}))
    report = library.sync(docs)
    assert names(report.changed) == ["a.md"]
    assert report.moved == ((f"{news}!/b.md", f"{news}!/x/c.md"),)
    assert (report.added, report.copies, report.removed) == ((), (), ())
    entry = library.get("news.zip!/x/c.md")
    assert (entry.id, entry.title, entry.collections) == (number, "Corrected", ("kept",))

    news.rename(docs / "old.zip")
    assert len(library.sync(docs).moved) == 2
    assert library.get("old.zip!/x/c.md").id == number
    (docs / "old.zip").unlink()
    assert names(library.sync(docs).removed) == ["a.md", "c.md"]
    assert len(library.entries()) == 4


def test_a_zip_that_was_not_read_to_its_end_is_read_again(
    docs: Path, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    (docs / "news.zip").write_bytes(zip_of(**{f"{n}.txt": b"Note %d." % n for n in range(3)}))
    keep = library._ingest.keep

    def interrupted(document: Document, origin: Origin, *made: Any) -> Outcome:
        if origin.path.endswith("!/1.txt"):
            raise KeyboardInterrupt
        return keep(document, origin, *made)

    with monkeypatch.context() as patch:
        patch.setattr(library._ingest, "keep", interrupted)
        with pytest.raises(KeyboardInterrupt):
            library.sync(docs)
    assert names(library.sync(docs).added) == ["1.txt", "2.txt"]
    assert len(library.sync(docs).unchanged) == 7


def test_a_member_that_cannot_be_read_is_tried_again(docs: Path, library: Library) -> None:
    (docs / "news.zip").write_bytes(zip_of(**{"a.txt": b"A note.", "b.pdf": b"no", "c.jpg": b"x"}))
    for _ in range(2):
        report = library.sync(docs)
        assert names(each.path for each in report.failed) == ["b.pdf"]
        assert names(each.path for each in report.skipped) == ["c.jpg"]


def test_pictures_are_not_read_to_be_skipped(docs: Path, library: Library) -> None:
    (docs / "a.jpg").write_bytes(b"x")
    (docs / "a.jpg").chmod(0)
    with (docs / "b.jpg").open("wb") as file:
        file.truncate(1 << 40)
    assert names(each.path for each in library.sync(docs).skipped) == ["a.jpg", "b.jpg"]


SLOW = """
import sys, time
from pathlib import Path
from index.library import Library, LibrarySettings
from tests.fakes import HashEmbedder

class Slow(HashEmbedder):
    def embed_passages(self, texts):
        time.sleep(0.05)
        return super().embed_passages(texts)

sys.stdin.readline()
library = Library(Path(sys.argv[1]), Slow(), LibrarySettings(chunk_tokens=40))
print("ready", flush=True)
library.sync(Path(sys.argv[2]))
"""


def test_killed_and_run_again_it_completes(tmp_path: Path, docs: Path, library: Library) -> None:
    fill(docs, 40)
    library.sync(docs)
    library.edit("7.md", {"title": "Corrected"})
    number = library.get("7.md").id
    shutil.rmtree(tmp_path / "home" / "vectors")
    library.close()
    (docs / "sub").mkdir()
    for n in range(20):
        (docs / f"{n}.md").rename(docs / "sub" / f"{n}.md")
    for n in range(20, 40):
        (docs / f"{n}.md").write_text(f"# Note {n}\n\nThe {n}th ferry burnt down at night.\n")
    waits = (0.1, 0.35, 0.6)
    command = [sys.executable, "-c", SLOW, str(tmp_path / "home"), str(docs)]
    # Importing takes longer than the rest: they do it at once, and begin one after the other.
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT)
        for _ in waits
    ]
    for wait, process in zip(waits, processes, strict=True):
        with process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(b"go\n")
            process.stdin.flush()
            process.stdout.readline()
            time.sleep(wait)
            process.send_signal(signal.SIGKILL)
    again = Library(tmp_path / "home", HashEmbedder(), LibrarySettings(chunk_tokens=40))
    report = again.sync(docs)
    assert not report.held_back
    assert not report.failed
    assert len(again.entries()) == 40
    assert again.get("7.md").id == number
    assert again.get("7.md").title == "Corrected"
    assert {Path(e.path).parent.name for e in again.entries()} == {"sub", "docs"}
    assert again.search("39th ferry burnt", 1)[0].entry.title == "Note 39"
    assert len(again.sync(docs).unchanged) == 40
