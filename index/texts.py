"""The texts of a library in one state of it, as caches of word search are made from them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from index.database import Snapshot

__all__ = ["Text", "Texts"]


@dataclass(frozen=True, slots=True)
class Text:
    """What word search sees of a document. passages: (id, header, text) in their order."""

    document: int
    title: str
    passages: tuple[tuple[int, str, str], ...]


class Texts:
    """One state of a library. For one thread at a time."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def close(self) -> None:
        self._snapshot.close()

    def versions(self) -> dict[int, int]:
        """A number of 64 bits for each document that changes whenever its texts do.

        Of its text and its last passage's id: passages are never changed but made anew, under new
        ids, and with a backup put back the same id may mean another text.
        """
        digests = dict(self._snapshot.rows("SELECT id, text_sha256 FROM document"))
        last = self._snapshot.rows("SELECT document, max(id) FROM chunk GROUP BY document")
        return {number: _version(digests[number], chunk) for number, chunk in last}

    def read(self, document: int) -> Text:
        """One document of this state."""
        title = self._snapshot.rows("SELECT title FROM document WHERE id = ?", document)[0][0]
        passages = self._snapshot.rows(
            "SELECT id, header, text FROM chunk WHERE document = ? ORDER BY ordinal", document
        )
        return Text(document, title, tuple(passages))

    def state(self) -> tuple[int, int, str]:
        """As `Passages.state`."""
        return self._snapshot.rows(STATE)[0]


STATE = """
SELECT (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'sequence'),
       (SELECT count(*) FROM chunk),
       (SELECT hex(text_sha256) FROM (SELECT max(id), text_sha256 FROM document))
"""
"""One statement, so that it speaks of one state."""


def _version(digest: bytes, last: int) -> int:
    made = hashlib.sha256(digest + last.to_bytes(8, "little")).digest()
    return int.from_bytes(made[:8], "little")
