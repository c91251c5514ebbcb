"""The library with real files, a real database and real FAISS; only the embedder is a fake."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import threading
import time
from pathlib import Path

import pytest

from index.catalog import Catalog
from index.errors import BusyError, CorruptError, LibraryError, NotFoundError, StorageError
from index.library import Library, LibrarySettings, Report
from index.ranking import Weights
from index.read import read_all
from index.types import Part
from tests.fakes import HashEmbedder
from tests.index.files import assert_articles_in_step, zip_of

LONG = "Rain fell on the harbour town all through the night and the ferries stayed in port. "


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "harbour.txt").write_text("Harbour news\n\n" + LONG * 3, encoding="utf-8")
    (folder / "bakery.md").write_text(
        "---\ntitle: The bakery\ndate: 2026-02-03\n---\n\nThe bakery sold 412 loaves on Monday.\n",
        encoding="utf-8",
    )
    return folder


def open_library(
    tmp_path: Path, embedder: HashEmbedder | None = None, **options: object
) -> Library:
    return Library(
        tmp_path / "home", embedder or HashEmbedder(), LibrarySettings(chunk_tokens=40, **options)
    )  # type: ignore[arg-type]


@pytest.mark.parametrize("store", ["exact", "faiss", "compressed"])
def test_added_files_are_found_at_their_offsets(tmp_path: Path, docs: Path, store: str) -> None:
    library = open_library(tmp_path, store=store)
    report = library.add([docs])
    assert sorted(Path(p).name for p in report.added) == ["bakery.md", "harbour.txt"]
    best = library.search("How many loaves did the bakery sell?", 3)[0]
    assert best.entry.title == "The bakery"
    assert best.entry.date == "2026-02-03"
    text = library.text(best.entry)
    assert text[best.chunk.start : best.chunk.end] == best.chunk.text
    assert "412 loaves" in best.chunk.text
    assert text == (docs / "bakery.md").read_text(encoding="utf-8")


def test_the_same_again_changes_nothing(tmp_path: Path, docs: Path) -> None:
    embedder = HashEmbedder()
    library = open_library(tmp_path, embedder)
    library.add([docs])
    before, embedded = library.entries(), len(embedder.embedded)
    report = library.add([docs, docs / "bakery.md"])
    assert len(report.unchanged) == 2
    assert not report.added
    assert library.entries() == before
    assert len(embedder.embedded) == embedded


def test_a_changed_file_replaces_its_passages(tmp_path: Path, docs: Path) -> None:
    library = open_library(tmp_path)
    library.add([docs])
    (docs / "bakery.md").write_text("# The bakery\n\nThe bakery closed for good.\n")
    report = library.add([docs])
    assert [Path(p).name for p in report.changed] == ["bakery.md"]
    assert not any("412" in hit.chunk.text for hit in library.search("412 loaves bakery", 10))
    assert any("closed" in hit.chunk.text for hit in library.search("bakery closed", 3))
    assert len(library.entries()) == 2


def test_removed_is_gone_from_disk(tmp_path: Path, docs: Path) -> None:
    library = open_library(tmp_path)
    library.add([docs])
    removed = library.remove("bakery.md")
    assert removed.title == "The bakery"
    assert all(hit.entry.id != removed.id for hit in library.search("bakery loaves", 10))
    library.close()
    assert b"412 loaves" not in (tmp_path / "home" / "library.sqlite").read_bytes()


def test_what_cannot_be_read_is_told_and_the_rest_goes_on(tmp_path: Path, docs: Path) -> None:
    (docs / "empty.txt").write_text("")
    (docs / "picture.png").write_bytes(b"\x89PNG")
    (docs / "broken.pdf").write_bytes(b"%PDF-1.4 nonsense")
    library = open_library(tmp_path)
    report = library.add([docs, tmp_path / "missing.txt"])
    assert len(report.added) == 2
    assert {Path(p.path).name for p in report.failed} == {"empty.txt", "broken.pdf", "missing.txt"}
    assert [Path(p.path).name for p in report.skipped] == ["picture.png"]
    assert all(p.reason and "\n" not in p.reason for p in report.failed)
    named = library.add([docs / "picture.png"])
    assert [Path(p.path).name for p in named.failed] == ["picture.png"]


@pytest.mark.parametrize("name", ["a b.txt", 'it\'s "quoted".txt', "emoji 🗞️.txt", "..hidden..txt"])
def test_odd_file_names(tmp_path: Path, name: str) -> None:
    file = tmp_path / "docs" / name
    file.parent.mkdir()
    file.write_text(LONG)
    library = open_library(tmp_path)
    assert library.add([file.parent / ".." / "docs" / name]).added == (
        str(file.parent / ".." / "docs" / name),
    )
    entry = library.get(name)
    assert entry.path == str(file)
    assert library.get(str(file)) == entry
    assert library.get(str(entry.id)) == entry


def test_a_name_that_is_not_utf8(tmp_path: Path) -> None:
    raw = os.fsencode(tmp_path) + b"/caf\xe9.txt"
    with open(raw, "w") as file:
        file.write(LONG)
    library = open_library(tmp_path)
    assert len(library.add([Path(os.fsdecode(raw))]).added) == 1
    assert library.entries()[0].path.endswith("caf\\xe9.txt")


def test_two_of_one_name_are_told_apart(tmp_path: Path) -> None:
    for folder in "ab":
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "same.txt").write_text(f"From {folder}. {LONG}")
    library = open_library(tmp_path)
    library.add([tmp_path / "a", tmp_path / "b"])
    with pytest.raises(NotFoundError, match="by its number"):
        library.get("same.txt")
    with pytest.raises(NotFoundError, match="refdesk list"):
        library.get("other.txt")


def test_an_interrupted_run_keeps_what_was_stored_and_goes_on(tmp_path: Path, docs: Path) -> None:
    class Interrupted(HashEmbedder):
        def embed_passages(self, texts):  # type: ignore[no-untyped-def]
            if len(self.embedded):
                raise KeyboardInterrupt
            return super().embed_passages(texts)

    library = open_library(tmp_path, Interrupted())
    with pytest.raises(KeyboardInterrupt):
        library.add([docs])
    library.close()
    again = open_library(tmp_path)
    assert len(again.entries()) == 1
    assert again.search("bakery loaves", 3)  # the cache of vectors was never written
    report = again.add([docs])
    assert (len(report.added), len(report.unchanged)) == (1, 1)


def test_files_are_read_while_others_are_embedded_and_then_embedded_together(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    for n in range(9):
        (folder / f"{n}.txt").write_text(f"Ferry {n} left for island {n * 7}.")
    (folder / "4.txt").write_text("")
    shutil.copy(folder / "5.txt", folder / "7.txt")
    (folder / "8.txt").write_bytes((folder / "6.txt").read_text().encode("utf-16"))
    last = threading.Event()
    calls: list[int] = []

    class Waiting(HashEmbedder):
        def embed_passages(self, texts):  # type: ignore[no-untyped-def]
            assert last.wait(30)
            calls.append(len(texts))
            return super().embed_passages(texts)

    def read(path: Path, *, max_bytes: int) -> list[Part]:
        if path.name == "8.txt":
            last.set()
        return read_all(path, max_bytes=max_bytes)

    told: list[tuple[str, int, int]] = []
    library = Library(tmp_path / "home", Waiting(), LibrarySettings(), read=read)
    report = library.add([folder], lambda *each: told.append(each))
    assert [Path(p).name for p in report.added] == [f"{n}.txt" for n in (0, 1, 2, 3, 5, 6)]
    assert [Path(p).name for p in report.copies] == ["7.txt", "8.txt"]
    assert [Path(p.path).name for p in report.failed] == ["4.txt"]
    assert calls[0] == 1
    assert sum(calls) == 6  # what has a twin on its way is not embedded again
    assert len(calls) <= 3
    done = [count for _, count, _ in told]
    assert done == sorted(done)
    assert told[-1] == ("", 9, 9)
    assert ("8.txt", 0, 9) in told  # it was read when nothing was stored yet


def test_a_file_that_was_known_until_the_one_before_it_changed(tmp_path: Path) -> None:
    class Slow(HashEmbedder):
        def embed_passages(self, texts):  # type: ignore[no-untyped-def]
            time.sleep(0.2)  # time enough to look at the next file
            return super().embed_passages(texts)

    library = open_library(tmp_path, Slow())
    one, two = tmp_path / "1.txt", tmp_path / "2.txt"
    one.write_text("The quay was raised.")
    library.add([one])
    two.write_text("The quay was raised.")
    one.write_text("The lamp was lit again.")
    report = library.add([one, two])
    assert (report.changed, report.added) == ((str(one),), (str(two),))
    assert library.search("Which quay was raised?", 1)[0].entry.path == str(two)
    assert [library.text(entry) for entry in library.entries()] == [
        "The lamp was lit again.",
        "The quay was raised.",
    ]


def test_another_process_changes_the_library(tmp_path: Path, docs: Path) -> None:
    one, other = open_library(tmp_path), open_library(tmp_path)
    one.add([docs / "harbour.txt"])
    assert one.search("bakery", 5)
    other.add([docs / "bakery.md"])
    assert any(hit.entry.title == "The bakery" for hit in one.search("bakery loaves", 5))


def test_one_writer_at_a_time(tmp_path: Path, docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = open_library(tmp_path), open_library(tmp_path)
    monkeypatch.setattr(other._writing._lock, "timeout", 0.05)
    with one._writing, pytest.raises(BusyError, match="Another process"):
        other.add([docs])
    assert len(other.add([docs]).added) == 2


def test_searching_goes_on_while_adding(tmp_path: Path, docs: Path) -> None:
    library = open_library(tmp_path)
    library.add([docs])
    failures: list[BaseException] = []
    stop = threading.Event()

    def search() -> None:
        try:
            while not stop.is_set():
                assert library.search("bakery loaves", 3)
        except BaseException as exc:
            failures.append(exc)

    threads = [threading.Thread(target=search) for _ in range(3)]
    for thread in threads:
        thread.start()
    for n in range(10):
        (docs / f"more-{n}.txt").write_text(f"Note {n}. " + LONG)
        library.add([docs])
    stop.set()
    for thread in threads:
        thread.join()
    assert not failures


def test_vectors_of_another_model_are_never_searched(tmp_path: Path, docs: Path) -> None:
    open_library(tmp_path).add([docs])
    other = open_library(tmp_path, HashEmbedder("other"))
    with pytest.raises(LibraryError, match="another model"):
        other.search("bakery")
    assert len(other.add([docs]).changed) == 2
    assert other.search("bakery loaves", 1)[0].entry.title == "The bakery"


@pytest.mark.parametrize("victim", ["index.bin", "manifest.json", "CURRENT"])
def test_a_damaged_cache_is_made_again(tmp_path: Path, docs: Path, victim: str) -> None:
    library = open_library(tmp_path)
    library.add([docs])
    expected = [hit.chunk_id for hit in library.search("bakery loaves", 5)]
    library.close()
    for file in (tmp_path / "home" / "vectors").rglob(victim):
        file.write_bytes(b"garbage")
    assert [h.chunk_id for h in open_library(tmp_path).search("bakery loaves", 5)] == expected


def test_a_lost_cache_is_made_again(tmp_path: Path, docs: Path) -> None:
    open_library(tmp_path).add([docs])
    shutil.rmtree(tmp_path / "home" / "vectors")
    assert open_library(tmp_path).search("bakery loaves", 5)


def test_a_damaged_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "library.sqlite").write_bytes(b"not a database" * 500)
    with pytest.raises(CorruptError, match="damaged"):
        open_library(tmp_path)


def test_a_newer_format_is_told(tmp_path: Path) -> None:
    open_library(tmp_path).close()
    with sqlite3.connect(tmp_path / "home" / "library.sqlite") as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(CorruptError, match="format 99"):
        open_library(tmp_path)


def test_a_full_disk_loses_nothing(tmp_path: Path, docs: Path) -> None:
    library = open_library(tmp_path)
    library.add([docs])
    before = library.entries()
    db = library._catalog._db.connection
    pages = db.execute("PRAGMA page_count").fetchone()[0]
    db.execute(f"PRAGMA max_page_count = {pages}")  # SQLite then reports a full disk
    (docs / "big.txt").write_text(LONG * 500)
    with pytest.raises(StorageError, match="make room"):
        library.add([docs])
    assert library.entries() == before
    assert library.search("bakery loaves", 1)
    db.execute("PRAGMA max_page_count = 1000000")
    assert len(library.add([docs]).added) == 1


def test_a_home_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file is in the way")
    with pytest.raises(StorageError):
        open_library(tmp_path)


@pytest.mark.parametrize(
    "question", ['"', "AND OR NOT", "a* NEAR(b)", "col:x", "'; DROP TABLE", "的"]
)
def test_query_syntax_is_only_text(tmp_path: Path, docs: Path, question: str) -> None:
    library = open_library(tmp_path)
    library.add([docs])
    library.search(question, 3)


def test_words_match_by_stem_and_stop_words_do_not_count(tmp_path: Path, docs: Path) -> None:
    open_library(tmp_path).add([docs])
    catalog = Catalog(tmp_path / "home" / "library.sqlite")
    assert catalog.words.passages("selling a loaf or loaves", 5)
    assert not catalog.words.passages("what is the zebra", 5)


def test_an_archive_is_kept_in_step(tmp_path: Path) -> None:
    archive = tmp_path / "news.zip"
    library = open_library(tmp_path)

    def add(**members: bytes) -> Report:
        archive.write_bytes(
            zip_of(**{name.replace("_", "."): each for name, each in members.items()})
        )
        return library.add([archive])

    first = add(a_txt=b"Four ferries ran.", b_txt=b"The quay was raised.", c_jpg=b"x")
    assert first.added == (f"{archive}!/a.txt", f"{archive}!/b.txt")
    assert [problem.path for problem in first.skipped] == [f"{archive}!/c.jpg"]
    assert not first.failed
    assert library.search("Which quay was raised?", 1)[0].entry.path == f"{archive}!/b.txt"
    other = tmp_path / "news.zip!-notes.txt"
    other.write_text("Of another file.", encoding="utf-8")
    library.add([other])

    again = add(a_txt=b"Four ferries ran.", b_txt=b"\0", d_txt=b"A lamp was lit.")
    assert again.unchanged == (f"{archive}!/a.txt",)
    assert again.added == (f"{archive}!/d.txt",)
    # What can be read no longer is still in the file.
    assert [problem.path for problem in again.failed] == [f"{archive}!/b.txt"]
    assert again.removed == ()

    last = add(d_txt=b"A lamp was lit again.")
    assert last.changed == (f"{archive}!/d.txt",)
    assert last.removed == (f"{archive}!/a.txt", f"{archive}!/b.txt")
    assert [Path(entry.path).name for entry in library.entries()] == [other.name, "d.txt"]
    assert all(hit.entry.path != f"{archive}!/b.txt" for hit in library.search("quay", 5))

    archive.write_bytes(b"PK no more")
    assert [problem.path for problem in library.add([archive]).failed] == [str(archive)]
    assert len(library.entries()) == 2


def test_an_article_that_becomes_a_list(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    article = {"title": "The quay", "text": "The quay was raised by forty centimetres."}
    library = open_library(tmp_path)
    file.write_text(json.dumps(article), encoding="utf-8")
    assert library.add([file]).added == (str(file),)
    file.write_text(json.dumps([article, article]), encoding="utf-8")
    report = library.add([file])
    assert report.copies == (f"{file}!/1", f"{file}!/2")
    assert library.get("a.json!/2").origins == (f"{file}!/1", f"{file}!/2")
    assert report.removed == (str(file),)
    assert [entry.id for entry in library.entries()] == [1]  # it is the same article
    with pytest.raises(NotFoundError):
        library.get("2")  # a place in a file is no number


def test_an_article_in_an_archive_and_beside_it_is_one(tmp_path: Path) -> None:
    archive, beside = tmp_path / "news.zip", tmp_path / "quay.txt"
    archive.write_bytes(zip_of(**{"x/quay.txt": b"The quay was raised.", "fog.txt": b"Fog came."}))
    beside.write_bytes(b"The quay was raised.")
    library = open_library(tmp_path)
    report = library.add([archive, beside])
    assert (len(report.added), report.copies) == (2, (str(beside),))
    assert library.get("quay.txt").origins == (f"{archive}!/x/quay.txt", str(beside))
    assert len(library.search("Which quay was raised?", 5)) == 2

    assert [entry.path for entry in library.members("news.zip")] == [
        f"{archive}!/x/quay.txt",
        f"{archive}!/fog.txt",
    ]
    assert len(library.remove_members("news.zip")) == 2
    assert [entry.origins for entry in library.entries()] == [(str(beside),)]
    assert library.members("news.zip") == []
    library.add([archive])
    assert library.get("quay.txt").origins == (str(beside), f"{archive}!/x/quay.txt")
    with pytest.raises(NotFoundError):
        library.get("fog.txt")  # it is named with its archive


def test_a_line_put_before_others_leaves_them_as_they_were(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    lines = [json.dumps({"title": f"Note {n}", "text": f"Ferry {n} ran."}) for n in range(4)]
    file.write_text("\n".join(lines[1:3]), encoding="utf-8")
    library = open_library(tmp_path)
    library.add([file])
    library.edit("a.jsonl!/2", {"title": "Corrected"})
    file.write_text("\n".join([lines[0], lines[2], lines[1], lines[3]]), encoding="utf-8")
    report = library.add([file])
    assert report.added == (f"{file}!/1", f"{file}!/4")
    assert report.moved == ((f"{file}!/1", f"{file}!/3"),)
    assert report.unchanged == (f"{file}!/2",)
    assert [library.get(f"a.jsonl!/{n}").title for n in (1, 2, 3, 4)] == [
        "Note 0", "Corrected", "Note 1", "Note 3"]  # fmt: skip
    file.write_text("\n".join([lines[1], lines[2]]), encoding="utf-8")
    report = library.add([file])
    assert (report.moved, report.unchanged) == (((f"{file}!/3", f"{file}!/1"),), (f"{file}!/2",))
    assert report.removed == (f"{file}!/1", f"{file}!/4")
    assert [entry.title for entry in library.entries()] == ["Note 1", "Corrected"]


def test_whole_articles_are_searched_as_they_are_now(tmp_path: Path, docs: Path) -> None:
    library = open_library(tmp_path)
    library.add([docs])

    def found(words: str) -> list[str]:
        articles = library._catalog.words.articles(words, 5)
        return [library.get(str(document)).title for document, _ in articles]

    assert found("loaves on ferries") == ["The bakery", "Harbour news"]
    (docs / "bakery.md").write_text("# The mill\n\nThe mill ground 30 sacks of rye today.\n")
    library.add([docs])
    assert found("loaves") == []
    assert found("rye") == ["The mill"]
    assert_articles_in_step(tmp_path / "home")
    library.edit("bakery.md", {"title": "Rye"})
    assert found("mill rye harbour") == ["Rye", "Harbour news"]
    library.remove("harbour.txt")
    assert found("harbour") == []
    assert_articles_in_step(tmp_path / "home")


def test_the_article_decides_between_passages_that_are_alike(tmp_path: Path) -> None:
    for name, about in (("apes", "the zebra of Lemm"), ("tides", "Varn harbour")):
        (tmp_path / f"{name}.txt").write_text(
            f"News of {name}\n\nThis is a report on {about} and on nothing else.\n\n"
            f"The director paid 40 crowns. She said so on a Monday.\n"
        )
    for number in range(30):
        (tmp_path / f"other{number}.txt").write_text(f"Day {number}\n\nNothing was noted.\n")
    question = "What did the director pay at Varn harbour?"
    lead = {}
    for weight in (0.0, 0.8):
        library = Library(
            tmp_path / f"home{weight}",
            HashEmbedder(),
            LibrarySettings(chunk_tokens=20, weights=Weights(articles=weight)),
        )
        library.add(sorted(tmp_path.glob("*.txt")))
        paid = {
            hit.entry.title: hit.score
            for hit in library.search(question)
            if "40 crowns" in hit.chunk.text
        }
        lead[weight] = paid["News of tides"] - paid["News of apes"]
        library.close()
    assert lead[0.8] > lead[0.0] + 0.1


def test_of_few_articles_none_brings_all_its_passages_to_the_front(tmp_path: Path) -> None:
    talk = "\n\n".join(
        f"The works of artist {number} were founded on doubt, and works of doubt are many."
        for number in range(6)
    )
    (tmp_path / "art.txt").write_text(f"Works founded on doubt\n\n{talk}\n")
    (tmp_path / "town.txt").write_text(
        "News of the town\n\n" + LONG * 2 + "\n\nBo Lind, who founded Quill, is 61.\n\n" + LONG * 2
    )
    library = Library(tmp_path / "home", HashEmbedder(), LibrarySettings(chunk_tokens=20))
    library.add(sorted(tmp_path.glob("*.txt")))
    best = library.search("Who founded the Quill works?")[0]
    library.close()
    assert "Bo Lind" in best.chunk.text


def test_in_one_long_article_the_words_of_its_passages_decide(tmp_path: Path) -> None:
    days = [f"On day {day} the crew rested and wrote nothing of note.\n\n" for day in range(40)]
    days[23] = "On day 23 the crew found the Quillfeather and wrote of it.\n\n"
    (tmp_path / "log.txt").write_text("The log\n\n" + "".join(days))
    library = Library(tmp_path / "home", HashEmbedder(), LibrarySettings(chunk_tokens=20))
    library.add([tmp_path / "log.txt"])
    first, second = library.search("Which day did the crew find the Quillfeather?")[:2]
    library.close()
    assert "Quillfeather" in first.chunk.text
    assert first.score > second.score + 0.2
