"""The library's truth: documents, their places, passages and vectors in one SQLite file.

Everything else on disk (see `index.generations`) is made from here and can be thrown away.
One transaction a document, so that none is ever held in part.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

from index.archive import is_named
from index.database import Database, digest, marks
from index.errors import NotFoundError
from index.held import FIELDS, Held, Origin, Stored
from index.places import Places, origin_of, place
from index.spelling import Spelling
from index.texts import Texts
from index.types import Document, Entry, Page, Span
from index.versions import Versions
from index.words import Fts5Words

__all__ = ["Catalog"]


class Catalog(Places):
    """One open library file. Usable from several threads; calls are serialised."""

    def __init__(self, path: Path) -> None:
        """Opens or creates it.

        Raises CorruptError (damaged, or made by a newer version), StorageError, BusyError.
        """
        super().__init__(Database(path))
        self.versions = Versions(self._db)
        self.words = Fts5Words(self._db)
        self.spelling = Spelling(self._db)

    def close(self) -> None:
        self._db.close()

    def sequence(self) -> int:
        """Grows with each committed change of passages, by whichever process."""
        return self._db.sequence()

    def revision(self) -> int:
        """Grows with each committed change of any kind, by whichever process."""
        return self._db.revision()

    def together(self) -> AbstractContextManager[None]:
        """Changes that reach the disk at once; see `index.database.Database.together`."""
        return self._db.together()

    def texts(self) -> Texts:
        """All texts as they are now. The caller closes it."""
        return Texts(self._db.snapshot())

    def is_empty(self) -> bool:
        return not self._db.rows("SELECT 1 FROM document LIMIT 1")

    def entries(self) -> list[Entry]:
        return self._entries("ORDER BY d.id")

    def entry(self, document_id: int) -> Entry | None:
        return next(iter(self._entries("WHERE d.id = ?", document_id)), None)

    def named(self, name: str) -> list[Entry]:
        """The documents that have a file of that name, or a place so named in one, as an origin."""
        rows = self._db.rows(
            "SELECT path, document FROM origin WHERE substr(path, -length(?1) - 1) = '/' || ?1",
            name,
        )
        numbers = {row["document"] for row in rows if is_named(row["path"], name)}
        return [entry for number in sorted(numbers) if (entry := self.entry(number))]

    def numbers(self) -> set[int]:
        """Of all documents."""
        return {row[0] for row in self._db.rows("SELECT id FROM document")}

    def find(self, path: str) -> Held | None:
        """The document that was read from `path`, if it is in the library."""
        rows = self._db.rows(
            "SELECT o.*, d.recipe AS document_recipe FROM origin o"
            " JOIN document d ON d.id = o.document WHERE o.path = ?",
            path,
        )
        for row in rows:
            entry = self.entry(row["document"])
            if entry is not None:
                return Held(entry, origin_of(row), row["document_recipe"])
        return None

    def text(self, document_id: int) -> str:
        """A document's extracted text. Raises NotFoundError."""
        return self.found(document_id)[0].text

    def passage(self, document_id: int, start: int, end: int) -> str:
        """Part of a document's text. Raises NotFoundError."""
        rows = self._db.rows(
            "SELECT substr(text, ?, ?) FROM document WHERE id = ?",
            start + 1, end - start, document_id,
        )  # fmt: skip
        if not rows:
            raise NotFoundError(f"There is no document number {document_id}.")
        return str(rows[0][0])

    def body(self, document_id: int) -> list[tuple[int, int]] | None:
        """The spans of a document that are indexed; None: all of it."""
        spans = self.found(document_id)[0].body
        return None if spans is None else [(span.start, span.end) for span in spans]

    def found(self, document_id: int) -> tuple[Document, dict[str, str | None], str]:
        """A document as its reader found it, the user's corrections, and its recipe.

        Raises NotFoundError.
        """
        rows = self._db.rows(
            "SELECT text, found, edits, recipe, pages, body FROM document WHERE id = ?", document_id
        )
        if not rows:
            raise NotFoundError(f"There is no document number {document_id}.")
        row = rows[0]
        pages = tuple(Page(n, Span(start, end)) for n, start, end in json.loads(row["pages"]))
        body = row["body"] and tuple(Span(start, end) for start, end in json.loads(row["body"]))
        found = Document(row["text"], **json.loads(row["found"]), pages=pages, body=body)
        return found, json.loads(row["edits"]), row["recipe"]

    def known(self, digests: Collection[bytes], fingerprint: str) -> set[bytes]:
        """Those of the embedded texts whose vectors are stored, in use or not."""
        each = list(digests)
        known: set[bytes] = set()
        for at in range(0, len(each), 500):
            part = each[at : at + 500]
            rows = self._db.rows(
                "SELECT text_sha256 FROM vector WHERE fingerprint = ?"
                f" AND text_sha256 IN ({marks(part)})",
                fingerprint, *part,
            )  # fmt: skip
            known.update(row[0] for row in rows)
        return known

    def put(self, stored: Stored, *, origin: Origin | None, document_id: int | None) -> int:
        """Stores a document, in place of number `document_id` if given. All or nothing.

        origin  where it was read from just now; another document that held that place lets go
                of it, and goes with its last one. None: corrected, not read.

        Returns the document's number.
        """
        found, edits = stored.found, dict(stored.edits)
        known = {name: getattr(found, name) for name in FIELDS}
        spans = found.body
        values = (
            stored.recipe, *({**known, **edits}[name] for name in FIELDS),
            json.dumps(known), json.dumps(edits),
            datetime.now(UTC).isoformat(timespec="seconds") if origin else None,
            json.dumps([[p.number, p.span.start, p.span.end] for p in found.pages]),
            None if spans is None else json.dumps([[s.start, s.end] for s in spans]),
            digest(found.text), found.text,
        )  # fmt: skip
        with self._db.change() as db:
            if document_id is None:
                cursor = db.execute(
                    "INSERT INTO document (recipe, title, author, date, source, found, edits,"
                    " added, pages, body, text_sha256, text) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
                    values,
                )  # fmt: skip
                number = int(cursor.lastrowid or 0)
            else:
                number = document_id
                db.execute(
                    "INSERT INTO articles (articles, rowid, title, text)"
                    " SELECT 'delete', id, title, text FROM article WHERE id = ?", (number,),
                )  # fmt: skip
                db.execute(
                    "UPDATE document SET recipe=?, title=?, author=?, date=?, source=?, found=?,"
                    " edits=?, added=coalesce(?, added), pages=?, body=?, text_sha256=?, text=?,"
                    " family=NULL WHERE id=?", (*values, number),
                )  # fmt: skip
                db.execute("DELETE FROM chunk WHERE document = ?", (number,))
            db.executemany(
                "INSERT OR IGNORE INTO vector (text_sha256, fingerprint, vector) VALUES (?,?,?)",
                (
                    (key, stored.fingerprint, vector.astype("<f4").tobytes())
                    for key, vector in stored.fresh.items()
                ),
            )
            db.executemany(
                "INSERT INTO chunk (document, ordinal, start, \"end\", page, header, text, vector)"
                " VALUES (?,?,?,?,?,?,?, (SELECT id FROM vector"
                " WHERE fingerprint = ? AND text_sha256 = ?))",
                (
                    (number, c.ordinal, c.start, c.end, c.page, c.header, c.text,
                     stored.fingerprint, key)
                    for c, key in zip(stored.chunks, stored.digests, strict=True)
                ),
            )  # fmt: skip
            db.execute(
                "INSERT INTO articles (rowid, title, text)"
                " SELECT id, title, text FROM article WHERE id = ?", (number,),
            )  # fmt: skip
            if origin is not None:
                place(db, origin, number)
        return number

    def outdated(self, manner: str) -> list[int]:
        """The documents whose recipe, but for its version, is not `manner`."""
        rows = self._db.rows(
            "SELECT id FROM document WHERE substr(recipe, instr(recipe, ':') + 1) <> ? ORDER BY id",
            manner,
        )
        return [row[0] for row in rows]

    def label(
        self,
        document_id: int,
        *,
        collection: str | None = None,
        path: str | None = None,
        tags: Collection[str] = (),
        untag: Collection[str] = (),
    ) -> None:
        """Puts a document (or one of its places) into a collection, and changes its tags.

        collection  "" takes it out; None leaves it
        """
        with self._db.change(passages=False) as db:
            if collection is not None:
                db.execute(
                    "UPDATE origin SET collection = ?1 WHERE document = ?2"
                    " AND (?3 IS NULL OR path = ?3)",
                    (collection, document_id, path),
                )
            db.executemany(
                "INSERT OR IGNORE INTO tag VALUES (?, ?)", ((document_id, tag) for tag in tags)
            )
            db.executemany(
                "DELETE FROM tag WHERE document = ? AND tag = ?",
                ((document_id, tag) for tag in untag),
            )

    def collections(self) -> dict[str, int]:
        """The number of documents in each collection; "" for those in none."""
        rows = self._db.rows(
            "SELECT collection, count(DISTINCT document) FROM origin"
            " GROUP BY collection ORDER BY collection"
        )
        return {row[0]: row[1] for row in rows}

    def tags(self) -> dict[str, int]:
        """The number of documents with each tag."""
        return dict(self._db.rows("SELECT tag, count(*) FROM tag GROUP BY tag ORDER BY tag"))  # type: ignore[arg-type]

    def remove(self, document_id: int) -> None:
        """Removes a document and all that was made from it. Raises NotFoundError."""
        with self._db.change() as db:
            if not db.execute("DELETE FROM document WHERE id = ?", (document_id,)).rowcount:
                raise NotFoundError(f"There is no document number {document_id}.")

    def collect(self) -> None:
        """Drops the vectors that passages let go of and none has taken up since."""
        with self._db.transaction() as db:
            db.execute(
                "DELETE FROM vector WHERE id IN (SELECT vector FROM loose)"
                " AND NOT EXISTS (SELECT 1 FROM chunk WHERE chunk.vector = vector.id)"
            )
            db.execute("DELETE FROM loose")
