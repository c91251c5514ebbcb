"""Passages as searches need them: vectors, and which documents a search may show."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence

import numpy as np

from index.database import Database, Row, marks
from index.embed import Vectors
from index.errors import CorruptError
from index.named import About
from index.texts import STATE
from index.types import Chunk, Entry
from index.vectors import Ids

_BLOCK = 20_000

_ENTRY = """
SELECT d.id, d.title, d.author, d.date, d.source, d.added, d.edits,
       length(d.text) AS characters,
       (SELECT count(*) FROM chunk c WHERE c.document = d.id) AS chunks,
       (SELECT json_group_array(json_array(o.path, o.sha256, o.collection))
        FROM (SELECT * FROM origin WHERE document = d.id ORDER BY id) o) AS origins,
       (SELECT json_group_array(t.tag) FROM tag t WHERE t.document = d.id) AS tags,
       (SELECT json_group_array(o.path) FROM document e JOIN origin o ON o.document = e.id
        WHERE e.family = d.family AND e.id <> d.id) AS also_in
FROM document d
"""

# A date known by year or month spans all of it: '2024' is 2024-01-01 to 2024-12-31.
_FIRST_DAY = "substr(d.date || substr('-01-01', length(d.date) - 3), 1, 10)"
_LAST_DAY = "substr(d.date || substr('-12-31', length(d.date) - 3), 1, 10)"


class Passages:
    """What searches read of a library."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def count(self) -> int:
        """The number of passages."""
        return int(self._db.rows("SELECT count(*) FROM chunk")[0][0])

    def state(self) -> tuple[int, int, str]:
        """What tells one state of the texts from another.

        The sequence, the number of passages, and the newest document's text, by its sha256: with
        a backup put back, the same numbers may come again.
        """
        found: tuple[int, int, str] = tuple(self._db.rows(STATE)[0])
        return found

    def fingerprints(self) -> set[str]:
        """The embedders whose vectors passages use."""
        # From one to the next in the index: there are few, of very many vectors.
        rows = self._db.rows(
            "WITH RECURSIVE each(fingerprint) AS (SELECT min(fingerprint) FROM vector UNION"
            " SELECT (SELECT min(fingerprint) FROM vector WHERE fingerprint > each.fingerprint)"
            " FROM each WHERE fingerprint IS NOT NULL)"
            " SELECT fingerprint FROM each WHERE EXISTS (SELECT 1 FROM vector"
            " WHERE vector.fingerprint = each.fingerprint AND (id NOT IN (SELECT vector FROM loose)"
            " OR id IN (SELECT vector FROM chunk)))"
        )
        return {row[0] for row in rows}

    def vectors(self, dimension: int) -> tuple[Ids, Vectors]:
        """All passages' ids, shape (n,), and vectors, shape (n, dimension)."""
        return self._vectors(dimension, after=0, most=-1)

    def blocks(self, dimension: int, *, after: int = 0) -> Iterator[tuple[Ids, Vectors]]:
        """The same in parts that take little memory, of the passages with ids above `after`."""
        while True:
            ids, vectors = self._vectors(dimension, after=after, most=_BLOCK)
            if not len(ids):
                return
            yield ids, vectors
            after = int(ids[-1])

    def _vectors(self, dimension: int, *, after: int, most: int) -> tuple[Ids, Vectors]:
        rows = self._db.rows(
            "SELECT c.id, v.vector FROM chunk c JOIN vector v ON v.id = c.vector"
            " WHERE c.id > ? ORDER BY c.id LIMIT ?",
            after, most,
        )  # fmt: skip
        ids = np.fromiter((row[0] for row in rows), np.int64, len(rows))
        joined = b"".join(row[1] for row in rows)
        if len(joined) != len(rows) * dimension * 4:
            raise CorruptError(
                f"The library {self._db.path} holds vectors of another length than the "
                "embedder's. `refdesk reindex` embeds them anew."
            )
        return ids, np.frombuffer(joined, "<f4").reshape(len(rows), dimension).astype(np.float32)

    def ids(self) -> Ids:
        """All passages' ids, ascending, shape (n,)."""
        # Not sorted by SQLite, which would read the texts for that and not an index.
        rows = self._db.rows("SELECT id FROM chunk")
        return np.sort(np.fromiter((row[0] for row in rows), np.int64, len(rows)))

    def last_ids(self, upto: int, most: int) -> list[int]:
        """The highest ids of passages that are not above `upto`."""
        rows = self._db.rows(
            "SELECT id FROM chunk WHERE id <= ? ORDER BY id DESC LIMIT ?", upto, most
        )
        return [row[0] for row in rows]

    def vectors_of(self, chunk_ids: Sequence[int]) -> dict[int, Vectors]:
        """Some passages' vectors, each of shape (dimension,)."""
        rows = self._db.rows(
            "SELECT c.id, v.vector FROM chunk c JOIN vector v ON v.id = c.vector"
            f" WHERE c.id IN ({marks(chunk_ids)})",
            *chunk_ids,
        )
        return {row[0]: np.frombuffer(row[1], "<f4") for row in rows}

    def documents_of(self, chunk_ids: Sequence[int]) -> dict[int, int]:
        """The document of each passage that still exists."""
        rows = self._db.rows(
            f"SELECT id, document FROM chunk WHERE id IN ({marks(chunk_ids)})", *chunk_ids
        )
        return {row[0]: row[1] for row in rows}

    def chunks(self, chunk_ids: Sequence[int]) -> dict[int, tuple[Entry, Chunk]]:
        """The passages that still exist among `chunk_ids`, with their documents."""
        rows = self._db.rows(f"SELECT * FROM chunk WHERE id IN ({marks(chunk_ids)})", *chunk_ids)
        numbers = sorted({row["document"] for row in rows})
        entries = {
            entry.id: entry
            for entry in self._entries(f"WHERE d.id IN ({marks(numbers)})", *numbers)
        }
        return {
            row["id"]: (
                entries[row["document"]],
                Chunk(row["ordinal"], row["start"], row["end"], row["text"], row["header"],
                      row["page"]),
            )
            for row in rows
            if row["document"] in entries
        }  # fmt: skip

    def texts_of(self, document: int) -> list[str]:
        """A document's passages, in their order."""
        rows = self._db.rows("SELECT text FROM chunk WHERE document = ? ORDER BY ordinal", document)
        return [row[0] for row in rows]

    def about(self) -> dict[int, About]:
        """What is known of each document."""
        return {
            row["id"]: About(row["author"], row["source"], row["date"])
            for row in self._db.rows("SELECT id, author, source, date FROM document")
        }

    def chunk_ids(self, documents: Collection[int]) -> Ids:
        """The passages of some documents, ascending, shape (n,)."""
        rows = self._db.rows(
            "SELECT id FROM chunk WHERE document IN (SELECT value FROM json_each(?)) ORDER BY id",
            json.dumps(list(documents)),
        )
        return np.fromiter((row[0] for row in rows), np.int64, len(rows))

    def select(
        self,
        *,
        newest: bool,
        documents: Collection[int] = (),
        collections: Sequence[str] = (),
        tags: Sequence[str] = (),
        date_from: str | None = None,
        date_to: str | None = None,
    ) -> frozenset[int] | None:
        """The documents that a search may show; None: all.

        newest     of several versions only the newest that fits the rest: by date, where one
                   without a date is the oldest, then the one added later
        documents  their numbers; the rest as in `index.types.Filter`
        """
        conditions: list[str] = []
        values: list[object] = []
        if documents:
            conditions.append("d.id IN (SELECT value FROM json_each(?))")
            values.append(json.dumps(list(documents)))
        if collections:
            conditions.append(
                "EXISTS (SELECT 1 FROM origin o WHERE o.document = d.id"
                f" AND o.collection IN ({marks(collections)}))"
            )
            values += collections
        for tag in tags:
            conditions.append("EXISTS (SELECT 1 FROM tag t WHERE t.document = d.id AND t.tag = ?)")
            values.append(tag)
        if date_from:
            conditions.append(f"{_LAST_DAY} >= ?")
            values.append(date_from + "-01-01"[len(date_from) - 4 :])
        if date_to:
            conditions.append(f"{_FIRST_DAY} <= ?")
            values.append(date_to + "-12-31"[len(date_to) - 4 :])
        if not conditions and not (newest and self._has_versions()):
            return None
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        place = (
            "row_number() OVER (PARTITION BY coalesce(d.family, -d.id)"
            " ORDER BY coalesce(d.date, '') DESC, d.added DESC, d.id DESC)"
        )
        rows = self._db.rows(
            f"SELECT id FROM (SELECT d.id, {place if newest else '1'} AS place"
            f" FROM document d {where}) WHERE place = 1",
            *values,
        )
        return frozenset(row[0] for row in rows)

    def _has_versions(self) -> bool:
        return bool(
            self._db.rows(
                "SELECT 1 FROM document WHERE family IS NOT NULL"
                " GROUP BY family HAVING count(*) > 1 LIMIT 1"
            )
        )

    def _entries(self, where: str, *values: object) -> list[Entry]:
        return [_entry(row) for row in self._db.rows(_ENTRY + where, *values)]


def _entry(row: Row) -> Entry:
    origins = json.loads(row["origins"])
    return Entry(
        id=row["id"], path=origins[0][0], sha256=origins[0][1], title=row["title"],
        author=row["author"], date=row["date"], source=row["source"], added=row["added"],
        characters=row["characters"], chunks=row["chunks"],
        origins=tuple(path for path, _, _ in origins),
        collections=tuple(sorted({name for _, _, name in origins if name})),
        tags=tuple(json.loads(row["tags"])),
        edited=tuple(json.loads(row["edits"])),
        also_in=tuple(json.loads(row["also_in"])),
    )  # fmt: skip
