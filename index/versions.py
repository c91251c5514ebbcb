"""Which documents are versions of one article: families, kept as versions are found.

A document is compared once, with those that share a MinHash band with it (`index.duplicates`), so
that the cost does not grow with the library. A family's number is never used for another one.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from index import duplicates
from index.database import Database, marks

__all__ = ["Versions"]


class Versions:
    """The families in one library file."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def find(self) -> None:
        """Looks for the versions of all documents for which that was not done yet."""
        for number in self._uncompared():
            mine = self._shingles(number)
            bands = duplicates.bands(mine)
            versions = [
                other
                for other in (self._candidates(number, bands) if bands else ())
                if duplicates.jaccard(mine, self._shingles(other)) >= duplicates.THRESHOLD
            ]
            self._relate(number, bands, versions)

    def _shingles(self, number: int) -> duplicates.Shingles:
        """Of the body: menus and the like are common to all pages of a site."""
        text, body = self._db.rows("SELECT text, body FROM document WHERE id = ?", number)[0]
        spans = json.loads(body) if body else [(0, len(text))]
        return duplicates.shingles("\n".join(text[start:end] for start, end in spans))

    def _uncompared(self) -> list[int]:
        """The documents whose versions have not been looked for."""
        return [row[0] for row in self._db.rows("SELECT id FROM document WHERE family IS NULL")]

    def _candidates(self, document_id: int, bands: Sequence[int], most: int = 16) -> list[int]:
        """The documents that share most bands, at most one of each family."""
        rows = self._db.rows(
            "SELECT b.document, count(*) AS shared FROM band b JOIN document d ON d.id = b.document"
            f" WHERE b.value IN ({marks(bands)}) AND b.document <> ? AND d.family IS NOT NULL"
            " GROUP BY d.family ORDER BY shared DESC, b.document LIMIT ?",
            *bands, document_id, most,
        )  # fmt: skip
        return [row[0] for row in rows]

    def _relate(self, document_id: int, bands: Sequence[int], versions: Sequence[int]) -> None:
        """Puts a document into one family with its versions, or into a new one of its own."""
        with self._db.change(passages=False) as db:
            db.execute("DELETE FROM band WHERE document = ?", (document_id,))
            db.executemany(
                "INSERT OR IGNORE INTO band VALUES (?, ?)", ((each, document_id) for each in bands)
            )
            families = sorted(
                row[0]
                for row in db.execute(
                    "SELECT DISTINCT family FROM document WHERE family IS NOT NULL"
                    f" AND id IN ({marks(versions)})",
                    list(versions),
                )
            )
            new = "SELECT coalesce(max(family), 0) + 1 FROM document"
            family = families[0] if families else db.execute(new).fetchone()[0]
            for other in families[1:]:
                db.execute("UPDATE document SET family = ? WHERE family = ?", (family, other))
            db.execute("UPDATE document SET family = ? WHERE id = ?", (family, document_id))
