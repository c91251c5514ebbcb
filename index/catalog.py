"""The library's truth: documents, passages, vectors and full-text search in one SQLite file.

Everything else on disk (see `index.generations`) is made from here and can be thrown away.
One transaction a document, so that an interrupted run loses at most the document in hand.
"""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from index.archive import MEMBER
from index.embed import Vectors
from index.errors import BusyError, CorruptError, NotFoundError, StorageError
from index.types import Chunk, Document, Entry
from index.vectors import Ids

SCHEMA_VERSION = 1

_SCHEMA = """
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

_ENTRY = """
SELECT d.id, d.path, d.sha256, d.title, d.author, d.date, d.source, d.added,
       length(d.text) AS characters,
       (SELECT count(*) FROM chunk c WHERE c.document = d.id) AS chunks
FROM document d
"""

# Words that carry no topic: left out of word search, where they would only add noise and time.
_STOP = frozenset(
    """
    a about am an and any are as at be been being but by can could did do does doing for from had
    has have he her hers him his how i if in into is it its just me my no nor not of on or our
    ours she should so some such than that the their theirs them then there these they this those
    through to too up us was we were what when where which while who whom whose why will with
    would you your yours tell say says said
    """.split()
)
_WORD = re.compile(r"\w+")


class Catalog:
    """One open database. Usable from several threads; calls are serialised."""

    def __init__(self, path: Path) -> None:
        """Opens or creates the database.

        Raises CorruptError (damaged, or made by a newer version), StorageError, BusyError.
        """
        self._path = path
        self._lock = threading.RLock()
        with self._told():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=10, check_same_thread=False)
            self._db.row_factory = sqlite3.Row
            self._db.isolation_level = None
            for pragma in (
                "journal_mode=WAL",
                "synchronous=FULL",
                "foreign_keys=ON",
                "secure_delete=ON",
            ):
                self._db.execute(f"PRAGMA {pragma}")
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                self._create()
            elif version != SCHEMA_VERSION:
                raise CorruptError(
                    f"The library {path} has format {version}; this Refdesk reads format "
                    f"{SCHEMA_VERSION}. Use the version that made it, or another --home."
                )

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def sequence(self) -> int:
        """Grows by one with each committed change, by whichever process."""
        return int(self._rows("SELECT value FROM meta WHERE key = 'sequence'")[0][0])

    def entries(self) -> list[Entry]:
        return [_entry(row) for row in self._rows(_ENTRY + "ORDER BY d.id")]

    def find(self, path: str) -> tuple[Entry, str] | None:
        """The document at `path` and its recipe, if it is in the library."""
        rows = self._rows(_ENTRY + "WHERE d.path = ?", path)
        if not rows:
            return None
        entry = _entry(rows[0])
        recipe = self._rows("SELECT recipe FROM document WHERE id = ?", entry.id)[0][0]
        return entry, str(recipe)

    def within(self, path: str) -> list[Entry]:
        """The document at `path`, and those that were read out of the file there."""
        first, last = path + MEMBER, path + MEMBER[:-1] + chr(ord(MEMBER[-1]) + 1)
        where = "WHERE d.path = ? OR (d.path >= ? AND d.path < ?) ORDER BY d.id"
        return [_entry(row) for row in self._rows(_ENTRY + where, path, first, last)]

    def text(self, document_id: int) -> str:
        """A document's extracted text. Raises NotFoundError."""
        rows = self._rows("SELECT text FROM document WHERE id = ?", document_id)
        if not rows:
            raise NotFoundError(f"There is no document number {document_id}.")
        return str(rows[0][0])

    def body(self, document_id: int) -> list[tuple[int, int]] | None:
        """The spans of a document that are indexed; None: all of it."""
        rows = self._rows("SELECT body FROM document WHERE id = ?", document_id)
        if not rows or rows[0][0] is None:
            return None
        return [(start, end) for start, end in json.loads(rows[0][0])]

    def put(
        self,
        path: str,
        sha256: str,
        recipe: str,
        document: Document,
        chunks: Sequence[Chunk],
        vectors: Vectors,
        fingerprint: str,
    ) -> int:
        """Stores a document in place of whatever was at `path`. All or nothing.

        vectors  shape (len(chunks), dimension). Returns the document's number.
        """
        spans = document.body
        body = None if spans is None else json.dumps([[s.start, s.end] for s in spans])
        values = (
            sha256, recipe, document.title, document.author, document.date, document.source,
            datetime.now(UTC).isoformat(timespec="seconds"),
            json.dumps([[p.number, p.span.start, p.span.end] for p in document.pages]),
            body, document.text, path,
        )  # fmt: skip
        with self._change() as db:
            row = db.execute("SELECT id FROM document WHERE path = ?", (path,)).fetchone()
            if row is None:
                cursor = db.execute(
                    "INSERT INTO document (sha256, recipe, title, author, date, source, added,"
                    " pages, body, text, path) VALUES (?,?,?,?,?,?,?,?,?,?,?)", values,
                )  # fmt: skip
                number = int(cursor.lastrowid or 0)
            else:
                number = int(row[0])
                db.execute(
                    "UPDATE document SET sha256=?, recipe=?, title=?, author=?, date=?, source=?,"
                    " added=?, pages=?, body=?, text=? WHERE path=?", values,
                )  # fmt: skip
                db.execute("DELETE FROM chunk WHERE document = ?", (number,))
            db.executemany(
                "INSERT INTO chunk (document, ordinal, start, \"end\", page, header, text,"
                " fingerprint, vector) VALUES (?,?,?,?,?,?,?,?,?)",
                (
                    (number, c.ordinal, c.start, c.end, c.page, c.header, c.text, fingerprint,
                     vector.astype("<f4").tobytes())
                    for c, vector in zip(chunks, vectors, strict=True)
                ),
            )  # fmt: skip
        return number

    def remove(self, document_id: int) -> None:
        """Removes a document and all that was made from it. Raises NotFoundError."""
        with self._change() as db:
            if not db.execute("DELETE FROM document WHERE id = ?", (document_id,)).rowcount:
                raise NotFoundError(f"There is no document number {document_id}.")

    def count(self) -> int:
        """The number of passages."""
        return int(self._rows("SELECT count(*) FROM chunk")[0][0])

    def fingerprints(self) -> set[str]:
        """The embedders whose vectors are stored."""
        return {row[0] for row in self._rows("SELECT DISTINCT fingerprint FROM chunk")}

    def vectors(self, dimension: int) -> tuple[Ids, Vectors]:
        """All passages' ids, shape (n,), and vectors, shape (n, dimension)."""
        rows = self._rows("SELECT id, vector FROM chunk ORDER BY id")
        ids = np.fromiter((row[0] for row in rows), np.int64, len(rows))
        joined = b"".join(row[1] for row in rows)
        if len(joined) != len(rows) * dimension * 4:
            raise CorruptError(
                f"The library {self._path} holds vectors of another length than the embedder's. "
                "Add the same files again to embed them anew."
            )
        return ids, np.frombuffer(joined, "<f4").reshape(len(rows), dimension).astype(np.float32)

    def vectors_of(self, chunk_ids: Sequence[int]) -> dict[int, Vectors]:
        """Some passages' vectors, each of shape (dimension,)."""
        rows = self._rows(
            f"SELECT id, vector FROM chunk WHERE id IN ({_marks(chunk_ids)})", *chunk_ids
        )
        return {row[0]: np.frombuffer(row[1], "<f4") for row in rows}

    def match(self, question: str, k: int) -> list[tuple[int, float]]:
        """Word search: (passage id, BM25 score, higher is better), best first."""
        words = list(dict.fromkeys(_WORD.findall(question.lower())))
        topical = [word for word in words if word not in _STOP] or words
        if not topical or k < 1:
            return []
        # Quoted: what a user types is never query syntax.
        query = " OR ".join(f'"{word}"' for word in topical[:64])
        rows = self._rows(
            "SELECT rowid, -bm25(words) FROM words WHERE words MATCH ? ORDER BY rank LIMIT ?",
            query, k,
        )  # fmt: skip
        return [(row[0], float(row[1])) for row in rows]

    def chunks(self, chunk_ids: Sequence[int]) -> dict[int, tuple[Entry, Chunk]]:
        """The passages that still exist among `chunk_ids`, with their documents."""
        rows = self._rows(f"SELECT * FROM chunk WHERE id IN ({_marks(chunk_ids)})", *chunk_ids)
        numbers = sorted({row["document"] for row in rows})
        entries = {
            row["id"]: _entry(row)
            for row in self._rows(_ENTRY + f"WHERE d.id IN ({_marks(numbers)})", *numbers)
        }
        return {
            row["id"]: (
                entries[row["document"]],
                Chunk(row["ordinal"], row["start"], row["end"], row["text"], row["header"],
                      row["page"]),
            )
            for row in rows
        }  # fmt: skip

    def _create(self) -> None:
        with self._transaction() as db:
            if db.execute("PRAGMA user_version").fetchone()[0]:
                return  # another process was first
            for statement in _statements(_SCHEMA):
                db.execute(statement)
            db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def _rows(self, sql: str, *values: object) -> list[sqlite3.Row]:
        with self._lock, self._told():
            return self._db.execute(sql, values).fetchall()

    @contextlib.contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        with self._transaction() as db:
            yield db
            db.execute("UPDATE meta SET value = value + 1 WHERE key = 'sequence'")

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._told():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                # A full disk may have ended the transaction already.
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Turns SQLite's errors, and the file system's, into ours."""
        try:
            yield
        except sqlite3.DatabaseError as exc:
            reason = str(exc)
            if "locked" in reason or "busy" in reason:
                raise BusyError(
                    f"Another process is writing to the library {self._path}. Try again shortly."
                ) from exc
            if any(word in reason for word in ("full", "disk I/O", "readonly", "unable to open")):
                raise StorageError(
                    f"The library {self._path} cannot be written ({reason}). Nothing already "
                    "stored is lost: make room or check the folder's rights, and run it again."
                ) from exc
            raise CorruptError(
                f"The library {self._path} is damaged ({reason}). Move it away and add the "
                "articles again, or restore a backup."
            ) from exc
        except OSError as exc:
            raise StorageError(
                f"The library {self._path} cannot be opened ({exc.strerror}). "
                "Check the folder's rights, or name another with --home."
            ) from exc


def _statements(script: str) -> Iterator[str]:
    held = ""
    for line in script.splitlines():
        held += line + "\n"
        if sqlite3.complete_statement(held):
            yield held
            held = ""


def _marks(values: Sequence[object]) -> str:
    return ",".join("?" * len(values))


def _entry(row: sqlite3.Row) -> Entry:
    return Entry(
        id=row["id"], path=row["path"], sha256=row["sha256"], title=row["title"],
        author=row["author"], date=row["date"], source=row["source"], added=row["added"],
        characters=row["characters"], chunks=row["chunks"],
    )  # fmt: skip
