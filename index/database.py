"""One SQLite file: opened, migrated, its errors told as ours. Knows nothing of documents.

The one place that imports SQLite.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from index.chunk import embedded
from index.errors import BusyError, CorruptError, StorageError
from index.schema import MIGRATIONS, SCHEMA, VERSION

__all__ = ["Connection", "Database", "Row", "Snapshot", "digest", "marks", "stems"]

Row = sqlite3.Row
Connection = sqlite3.Connection

_ROOM = 1 << 16
"""Bytes: the index of the log, of 32 KB, and the log's first page."""

# How a transaction begins, is committed and is undone, alone and in a group of them.
_OUTER = ("BEGIN IMMEDIATE", "COMMIT", ("ROLLBACK",))
_INNER = ("SAVEPOINT one", "RELEASE one", ("ROLLBACK TO one", "RELEASE one"))


def digest(text: str) -> bytes:
    """SHA-256 of a text's UTF-8; lone surrogates, which a broken file may hold, count too."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def marks(values: Sequence[object]) -> str:
    """As many question marks as there are values, for `IN (...)`."""
    return ",".join("?" * len(values))


def stems(words: Sequence[str]) -> list[str]:
    """Each word as full-text search keeps it: lower-case, without diacritics, its ending cut."""
    db = sqlite3.connect(":memory:")
    try:
        db.execute("CREATE VIRTUAL TABLE words USING fts5 (text, tokenize = 'porter unicode61')")
        db.execute("CREATE VIRTUAL TABLE stem USING fts5vocab (words, instance)")
        db.executemany("INSERT INTO words (rowid, text) VALUES (?, ?)", enumerate(words))
        found = dict(db.execute("SELECT doc, term FROM stem"))
    finally:
        db.close()
    return [found.get(at, word) for at, word in enumerate(words)]


class Database:
    """One open database. Usable from several threads; calls are serialised."""

    def __init__(self, path: Path) -> None:
        """Opens, creates or migrates the database; where it cannot be written, to read only: no
        rights, a disk that is read-only, or one that is full.

        Raises CorruptError (damaged, or made by a newer version), StorageError, BusyError.
        """
        self.path = path
        self._lock = threading.RLock()
        self._grouped = False
        self._full = False
        with self._told():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._fixed = _is_fixed(path)
            try:
                self._open()
            except sqlite3.OperationalError:
                if self._fixed or not _is_full(path):
                    raise
                self.connection.close()
                self._fixed = self._full = True
                self._open()
            self._prepare()
            # Only now: a migration drops tables, which must not cascade.
            self.connection.execute("PRAGMA foreign_keys=ON")

    def _open(self) -> None:
        self.connection = _connected(self.path, fixed=self._fixed)
        self.connection.row_factory = sqlite3.Row
        if not self._fixed:
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
                self.connection.execute(f"PRAGMA {pragma}")

    def close(self) -> None:
        with self._lock:
            self.connection.close()

    def rows(self, sql: str, *values: object) -> list[sqlite3.Row]:
        """All rows that a query gives."""
        with self._lock, self._told():
            return self.connection.execute(sql, values).fetchall()

    def snapshot(self) -> Snapshot:
        """The database as it is now, to be read at leisure while others read and write it.

        The caller closes it. Raises StorageError, BusyError, CorruptError.
        """
        with self._told():
            return Snapshot(_connected(self.path, fixed=self._fixed), self._told)

    def sequence(self) -> int:
        """Grows with each committed change of passages, by whichever process."""
        return self._counter("sequence")

    def revision(self) -> int:
        """Grows with each committed change of any kind, by whichever process."""
        return self._counter("revision")

    @contextlib.contextmanager
    def change(self, *, passages: bool = True) -> Iterator[sqlite3.Connection]:
        """A transaction, all or nothing, that `revision` counts, and `sequence` if passages do."""
        counted = "'sequence', 'revision'" if passages else "'revision'"
        with self.transaction() as db:
            yield db
            db.execute(f"UPDATE meta SET value = value + 1 WHERE key IN ({counted})")

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A transaction that nothing counts: for what no search and no listing shows."""
        with self._lock, self._told():
            begin, commit, undo = _INNER if self._grouped else _OUTER
            self.connection.execute(begin)
            try:
                yield self.connection
                self.connection.execute(commit)
            except BaseException:
                # A full disk may have ended the transaction already.
                if self.connection.in_transaction:
                    for statement in undo:
                        self.connection.execute(statement)
                raise

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """Transactions that reach the disk at once: waiting for it takes longer than most of them.

        Each is still all or nothing. Those that were complete are kept, whatever ends the group.
        Other threads wait until then, so that none sees what might yet be lost.
        """
        with self._lock:
            try:
                with self._told():
                    self.connection.execute("BEGIN IMMEDIATE")
                self._grouped = True
                yield
            finally:
                self._grouped = False
                with self._told():
                    self._commit()

    def _commit(self) -> None:
        try:
            if self.connection.in_transaction:
                self.connection.execute("COMMIT")
        except BaseException:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            raise

    def _counter(self, key: str) -> int:
        return int(self.rows("SELECT value FROM meta WHERE key = ?", key)[0][0])

    def _prepare(self) -> None:
        if self._version() == VERSION:
            return
        self.connection.create_function("sha256", 1, digest, deterministic=True)
        self.connection.create_function("embedded", 3, embedded, deterministic=True)
        with self.transaction() as db:
            version = self._version()  # again: another process may have been first
            if version == VERSION:
                return
            script = SCHEMA if version == 0 else MIGRATIONS.get(version)
            if script is None:
                raise CorruptError(
                    f"The library {self.path} has format {version}; this Refdesk reads format "
                    f"{VERSION}. Use the version that made it, or another --home."
                )
            for statement in _statements(script):
                db.execute(statement)
            db.execute(f"PRAGMA user_version = {VERSION}")

    def _version(self) -> int:
        return int(self.connection.execute("PRAGMA user_version").fetchone()[0])

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Turns SQLite's errors, and the file system's, into ours."""
        try:
            yield
        except sqlite3.DatabaseError as exc:
            reason = str(exc)
            if "locked" in reason or "busy" in reason:
                raise BusyError(
                    f"Another process is writing to the library {self.path}. Try again shortly."
                ) from exc
            if self._full and "readonly" in reason:
                raise StorageError(
                    f"The disk of the library {self.path} is full. Reading the library works; to "
                    f"change it, make room first ({reason})."
                ) from exc
            if self._fixed and any(word in reason for word in ("readonly", "unable to open")):
                raise StorageError(
                    f"The library {self.path} is on a disk or in a folder that this user cannot "
                    "write. Reading it works, unless a program that was changing it did not end "
                    "well: then open it once where it can be written. To change it, do that there "
                    "too, or copy the folder and name the copy with --home."
                ) from exc
            if any(word in reason for word in ("full", "disk I/O", "readonly", "unable to open")):
                raise StorageError(
                    f"The library {self.path} cannot be written ({reason}). Nothing already "
                    "stored is lost: make room or check the folder's rights, and run it again."
                ) from exc
            raise CorruptError(
                f"The library {self.path} is damaged ({reason}). Move it away and add the "
                "articles again, or restore a backup."
            ) from exc
        except OSError as exc:
            raise StorageError(
                f"The library {self.path} cannot be opened ({exc.strerror}). "
                "Check the folder's rights, or name another with --home."
            ) from exc


class Snapshot:
    """One state of a database, on a connection of its own. For one thread at a time."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        told: Callable[[], contextlib.AbstractContextManager[None]],
    ):
        """told: turns SQLite's errors into ours."""
        self._told = told
        self._connection = connection
        self._connection.execute("PRAGMA query_only=ON")
        self._connection.execute("BEGIN")

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """All rows that a query gives; the first query fixes the state."""
        with self._told():
            return self._connection.execute(sql, values).fetchall()

    def close(self) -> None:
        self._connection.close()


def _connected(path: Path, *, fixed: bool) -> sqlite3.Connection:
    """A connection without transactions of its own making.

    fixed  the file cannot be written. Nor can what SQLite keeps beside it, so it is read as one
           that nobody changes; if changes lie beside it that are not yet in it, SQLite refuses.
    """
    name = str(path)
    if fixed:
        waiting = path.with_name(path.name + "-wal")
        changes = os.path.exists(waiting) and os.path.getsize(waiting) > 0
        name = path.absolute().as_uri() + ("?mode=ro" if changes else "?immutable=1")
    connection = sqlite3.connect(name, timeout=10, check_same_thread=False, uri=fixed)
    connection.isolation_level = None
    return connection


def _is_fixed(path: Path) -> bool:
    """Whether the file is there and cannot be changed here: a read-only disk, no rights."""
    return os.path.exists(path) and not (
        os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
    )


def _is_full(path: Path) -> bool:
    """Whether the disk has no room for what SQLite keeps beside an open database."""
    known = os.path.exists(path) and os.path.getsize(path) > 0
    return known and shutil.disk_usage(path.parent).free < _ROOM


def _statements(script: str) -> Iterator[str]:
    held = ""
    for line in script.splitlines():
        held += line + "\n"
        if sqlite3.complete_statement(held):
            yield held
            held = ""
