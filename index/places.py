"""The places that documents were read from: which are held, what leaves them, what moves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath

from index.archive import MEMBER, is_named
from index.database import Connection, Row, digest
from index.held import Origin
from index.passages import Passages

__all__ = ["Places", "origin_of", "place"]


class Places(Passages):
    """What a library knows of files. One document has one place or more."""

    def members(self, name: str) -> dict[str, list[str]]:
        """The places in each file of several documents with that path or name, by the file's."""
        inside = f"{name}{MEMBER}"
        rows = self._db.rows("SELECT path FROM origin WHERE instr(path, ?) ORDER BY id", inside)
        found: dict[str, list[str]] = {}
        for (path,) in rows:
            file = path[: path.index(inside) + len(name)]
            if file == name or is_named(file, name):
                found.setdefault(file, []).append(path)
        return found

    def within(self, path: str) -> dict[str, Origin]:
        """The place `path`, and those in the file there, by path."""
        first, last = path + MEMBER, path + MEMBER[:-1] + chr(ord(MEMBER[-1]) + 1)
        rows = self._db.rows(
            "SELECT * FROM origin WHERE path = ? OR (path >= ? AND path < ?) ORDER BY id",
            path, first, last,
        )  # fmt: skip
        return {row["path"]: origin_of(row) for row in rows}

    def origins(self, below: str) -> dict[str, Origin]:
        """The places in the folder `below` (absolute, no slash at its end), by path."""
        prefix = below.rstrip("/") + "/"
        rows = self._db.rows(
            "SELECT * FROM origin WHERE substr(path, 1, ?) = ? ORDER BY id", len(prefix), prefix
        )
        return {row["path"]: origin_of(row) for row in rows}

    def twin(self, origin: Origin, text: str) -> int | None:
        """A document with exactly that text; or one with a file of those bytes and that suffix,
        read by another recipe.
        """
        rows = self._db.rows(
            "SELECT id FROM document WHERE text_sha256 = ? ORDER BY id", digest(text)
        )
        if rows:
            return int(rows[0][0])
        # Read by the present recipe, the same bytes with another text are of another kind.
        suffix = PurePath(origin.path).suffix.lower()
        for row in self._db.rows(
            "SELECT document, path FROM origin WHERE sha256 = ? AND recipe <> ? ORDER BY id",
            origin.sha256, origin.recipe,
        ):  # fmt: skip
            if PurePath(row[1]).suffix.lower() == suffix:
                return int(row[0])
        return None

    def copies(self, sha256: str) -> list[str]:
        """The places of files with those bytes."""
        rows = self._db.rows("SELECT path FROM origin WHERE sha256 = ? ORDER BY id", sha256)
        return [row[0] for row in rows]

    def sizes(self) -> set[int]:
        """The sizes of the files held: one of another size is none of them."""
        return {row[0] for row in self._db.rows("SELECT DISTINCT size FROM origin WHERE size >= 0")}

    def attach(self, origin: Origin, document_id: int) -> None:
        """Notes one more place of a document that is held already."""
        with self._db.change() as db:
            place(db, origin, document_id)

    def touch(self, origins: Iterable[Origin]) -> None:
        """Notes when files that did not change were last looked at. Nothing that shows."""
        with self._db.transaction() as db:
            db.executemany(
                "UPDATE origin SET recipe = ?, size = ?, mtime_ns = ?, synced = max(synced, ?)"
                " WHERE path = ?",
                ((o.recipe, o.size, o.mtime_ns, o.synced, o.path) for o in origins),
            )

    def renewed(self, document_id: int, manner: str) -> None:
        """Notes that a document is cut and embedded in another manner, its files as they were."""
        with self._db.transaction() as db:
            db.execute(
                "UPDATE origin SET recipe = substr(recipe, 1, instr(recipe, ':')) || ?"
                " WHERE document = ?",
                (manner, document_id),
            )

    def forget(self, paths: Sequence[str]) -> list[int]:
        """Removes places; a document goes with its last one. The numbers of those that went."""
        gone: list[int] = []
        with self._db.change() as db:
            for path in paths:
                for row in db.execute(
                    "SELECT document FROM origin WHERE path = ?", (path,)
                ).fetchall():
                    db.execute("DELETE FROM origin WHERE path = ?", (path,))
                    gone += [row[0]] if _drop_placeless(db, row[0]) else []
        return gone

    def rename(self, moved: Mapping[str, str]) -> list[str]:
        """Notes that documents stand at other places, by where they stood.

        What stood there and moved nowhere is forgotten. Returns the places where it was so.
        """
        displaced = []
        with self._db.change() as db:
            # Through names that no path has: they may change places with each other.
            db.executemany("UPDATE origin SET path = char(0) || ?1 WHERE path = ?1",
                           ((before,) for before in moved))  # fmt: skip
            for before, after in moved.items():
                row = db.execute("SELECT document FROM origin WHERE path = ?", (after,)).fetchone()
                if row is not None:
                    db.execute("DELETE FROM origin WHERE path = ?", (after,))
                    _drop_placeless(db, row[0])
                    displaced.append(after)
                db.execute(
                    "UPDATE origin SET path = ?2, size = NULL, mtime_ns = NULL"
                    " WHERE path = char(0) || ?1",
                    (before, after),
                )
        return displaced


def place(db: Connection, origin: Origin, document_id: int) -> None:
    before = db.execute("SELECT document FROM origin WHERE path = ?", (origin.path,)).fetchone()
    db.execute(
        "INSERT INTO origin (path, document, sha256, recipe, size, mtime_ns, collection, synced)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, coalesce(?7, ''), ?8)"
        " ON CONFLICT (path) DO UPDATE SET document = ?2, sha256 = ?3, recipe = ?4, size = ?5,"
        " mtime_ns = ?6, collection = coalesce(?7, collection), synced = max(synced, ?8)",
        (origin.path, document_id, origin.sha256, origin.recipe, origin.size, origin.mtime_ns,
         origin.collection, origin.synced),
    )  # fmt: skip
    if before is not None and before[0] != document_id:
        _drop_placeless(db, before[0])


def _drop_placeless(db: Connection, document_id: int) -> bool:
    """Removes a document if it has no place left."""
    cursor = db.execute(
        "DELETE FROM document WHERE id = ?1"
        " AND NOT EXISTS (SELECT 1 FROM origin WHERE document = ?1)",
        (document_id,),
    )
    return cursor.rowcount > 0


def origin_of(row: Row) -> Origin:
    return Origin(
        row["path"], row["sha256"], row["recipe"], row["size"], row["mtime_ns"],
        row["collection"], bool(row["synced"]),
    )  # fmt: skip
