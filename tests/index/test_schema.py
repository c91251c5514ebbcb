"""A library made by an older version opens, is migrated and loses nothing."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from pathlib import Path

import pytest

from index import database, schema
from index.chunk import chunk, embedded
from index.ingest import RECIPE_VERSION
from index.library import Library, LibrarySettings
from index.read import read
from tests.fakes import HashEmbedder
from tests.index.files import assert_articles_in_step

VERSION_1 = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES ('sequence', '0');
CREATE TABLE document (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    path TEXT NOT NULL UNIQUE,
    sha256 TEXT NOT NULL,
    recipe TEXT NOT NULL,          -- how it was read, cut and embedded
    title TEXT NOT NULL,
    author TEXT, date TEXT, source TEXT,
    added TEXT NOT NULL,           -- ISO 8601, UTC
    pages TEXT NOT NULL,           -- JSON [[number, start, end], ...]
    body TEXT,                     -- JSON [[start, end], ...]; NULL: all of the text
    text TEXT NOT NULL
);
CREATE TABLE chunk (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    document INTEGER NOT NULL REFERENCES document (id) ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,
    start INTEGER NOT NULL, "end" INTEGER NOT NULL, page INTEGER,
    header TEXT NOT NULL, text TEXT NOT NULL,
    fingerprint TEXT NOT NULL,     -- of the embedder
    vector BLOB NOT NULL           -- little-endian float32
);
CREATE INDEX chunk_document ON chunk (document);
CREATE VIRTUAL TABLE words USING fts5 (
    header, text, content='chunk', content_rowid='id', tokenize='porter unicode61'
);
CREATE TRIGGER chunk_insert AFTER INSERT ON chunk BEGIN
    INSERT INTO words (rowid, header, text) VALUES (new.id, new.header, new.text);
END;
CREATE TRIGGER chunk_delete AFTER DELETE ON chunk BEGIN
    INSERT INTO words (words, rowid, header, text)
    VALUES ('delete', old.id, old.header, old.text);
END;
"""
STORY = " ".join(
    f"At {n} o'clock the harbour at Varn was closed because the spring tide rose {n} metres. "
    f"Boat number {n * 17} was moved to basin {n + 3}."
    for n in range(1, 9)
)


RECIPE = f"{RECIPE_VERSION}:40:hash:1"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A library of version 1: three documents, of which the last was removed again."""
    docs, home = tmp_path / "docs", tmp_path / "home"
    docs.mkdir()
    home.mkdir()
    (docs / "tide.md").write_text(f"---\ndate: 2024-03\n---\n# The tide\n\n{STORY}\nMenu\n")
    (docs / "bakery.txt").write_text("The bakery\n\nThe bakery sold 412 loaves on Monday.\n")
    (docs / "gone.txt").write_text("Gone\n\nNobody reads this any more, it seems to me.\n")
    embedder = HashEmbedder()
    db = sqlite3.connect(home / "library.sqlite")
    db.executescript(VERSION_1)
    for file in sorted(docs.iterdir(), key=lambda file: "btg".index(file.name[0])):
        document, sha256 = read(file, max_bytes=10**6)
        body = document.body and json.dumps([[s.start, s.end] for s in document.body])
        number = db.execute(
            "INSERT INTO document (path, sha256, recipe, title, author, date, source, added, pages,"
            " body, text) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
            (str(file), sha256, RECIPE, document.title, document.author, document.date,
             document.source, "2026-01-02T03:04:05+00:00", "[]", body, document.text),
        ).lastrowid  # fmt: skip
        for c in chunk(document, embedder.count, budget=40, limit=embedder.limit):
            vector = embedder.embed_passages([embedded(document.title, c.header, c.text)])[0]
            db.execute(
                'INSERT INTO chunk (document, ordinal, start, "end", page, header, text,'
                " fingerprint, vector) VALUES (?,?,?,?,?,?,?,?,?)",
                (number, c.ordinal, c.start, c.end, c.page, c.header, c.text, "hash:1",
                 vector.astype("<f4").tobytes()),
            )  # fmt: skip
    db.commit()
    db.execute("PRAGMA foreign_keys=ON")
    db.execute("DELETE FROM document WHERE path LIKE '%gone.txt'")
    db.execute("UPDATE meta SET value = 4 WHERE key = 'sequence'")
    db.execute("PRAGMA user_version = 1")
    db.commit()
    db.close()
    return home


def old_rows(home: Path) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    with sqlite3.connect(home / "library.sqlite") as db:
        documents = db.execute(
            "SELECT id, path, sha256, title, author, date, source, added, text FROM document"
        ).fetchall()
        chunks = db.execute(
            'SELECT id, document, ordinal, start, "end", page, header, text, vector FROM chunk'
        ).fetchall()
    db.close()
    return documents, chunks


def opened(home: Path, embedder: HashEmbedder | None = None) -> Library:
    return Library(home, embedder or HashEmbedder(), LibrarySettings(chunk_tokens=40))


def test_nothing_is_lost(home: Path) -> None:
    documents, chunks = old_rows(home)
    library = opened(home)
    assert [
        (e.id, e.path, e.sha256, e.title, e.author, e.date, e.source, e.added, library.text(e))
        for e in library.entries()
    ] == documents
    assert all(entry.origins == (entry.path,) and not entry.edited for entry in library.entries())
    catalog = library._catalog
    kept = catalog.chunks([row[0] for row in chunks])
    vectors = catalog.vectors_of([row[0] for row in chunks])
    assert len(kept) == len(chunks) > 3
    for number, document, ordinal, start, end, page, header, text, vector in chunks:
        entry, passage = kept[number]
        assert (entry.id, passage.ordinal, passage.start, passage.end) == (
            document, ordinal, start, end)  # fmt: skip
        assert (passage.page, passage.header, passage.text) == (page, header, text)
        assert vectors[number].astype("<f4").tobytes() == vector
    assert library.search("412 loaves", 1)[0].entry.title == "The bakery"
    assert library.search("spring tide at the harbour", 1)[0].entry.title == "The tide"


def test_the_files_are_not_read_in_again(home: Path) -> None:
    embedder = HashEmbedder()
    library = opened(home, embedder)
    report = library.add([home.parent / "docs" / "tide.md", home.parent / "docs" / "bakery.txt"])
    assert len(report.unchanged) == 2
    assert embedder.embedded == []


def test_vectors_are_taken_over(home: Path) -> None:
    embedder = HashEmbedder()
    library = opened(home, embedder)
    tide = home.parent / "docs" / "tide.md"
    tide.write_text(tide.read_text() + "\nOne sentence more was added at its very end.\n")
    library.add([tide])
    assert 0 < len(embedder.embedded) <= 2


def test_numbers_are_not_given_twice(home: Path) -> None:
    library = opened(home)
    (home.parent / "docs" / "new.txt").write_text("Something new\n\nIt is about an entire zebra.\n")
    library.add([home.parent / "docs" / "new.txt"])
    assert library.get("new.txt").id == 4


def test_versions_in_an_old_library_are_found(home: Path) -> None:
    library = opened(home)
    copy = home.parent / "docs" / "later.md"
    copy.write_text((home.parent / "docs" / "tide.md").read_text().replace("2024-03", "2024-05"))
    library.add([copy])
    assert library.get("tide.md").also_in == (str(copy),)


def test_a_migration_that_fails_changes_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def states() -> tuple[object, ...]:
        with sqlite3.connect(home / "library.sqlite") as db:
            tables = db.execute("SELECT sql FROM sqlite_master ORDER BY name").fetchall()
            version = db.execute("PRAGMA user_version").fetchone()
        db.close()
        return tables, version, hashlib.sha256(repr(old_rows(home)).encode()).hexdigest()

    before = states()
    broken = schema.MIGRATIONS[1].replace("DROP TABLE document_1", "SELECT * FROM a_full_disk")
    monkeypatch.setattr(database, "MIGRATIONS", {1: broken})
    with pytest.raises(Exception, match="a_full_disk"):
        opened(home)
    assert states() == before
    monkeypatch.undo()
    assert len(opened(home).entries()) == 2


def test_a_migrated_library_is_a_new_one(home: Path, tmp_path: Path) -> None:
    def shape(folder: Path) -> list[tuple[str, str]]:
        opened(folder).close()
        with sqlite3.connect(folder / "library.sqlite") as db:
            rows = db.execute(
                "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"
            ).fetchall()
        db.close()
        return rows

    assert shape(home) == shape(tmp_path / "new")


def test_a_library_without_article_search_gains_it(home: Path) -> None:
    opened(home).close()
    with sqlite3.connect(home / "library.sqlite") as db:
        db.executescript(
            "DROP TRIGGER document_delete; DROP TABLE articles; DROP VIEW article;"
            "PRAGMA user_version = 2;"
        )
    db.close()
    library = opened(home)
    assert [document for document, _ in library._catalog.words.articles("the spring tide", 5)] == [
        2
    ]
    assert_articles_in_step(home)
    library.remove("2")
    assert library._catalog.words.articles("the spring tide", 5) == []
    assert_articles_in_step(home)
