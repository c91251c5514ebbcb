"""Search by words: what it is, and SQLite's FTS5, the exact reference.

`index.tantivy` is the same search for large libraries.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import Protocol

from index.database import Database, marks

__all__ = ["TITLE_WEIGHT", "Fts5Words", "WordSearch", "topical"]

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
_MOST_WORDS = 64

TITLE_WEIGHT = 4
"""How much more a word counts in an article's title than in its text."""


class WordSearch(Protocol):
    """Search by BM25 (k1 = 1.2, b = 0.75) for any of a question's words.

    Words are lower-case, without diacritics, and English ones are reduced to their stems. Each
    search gives (number, score), the higher the better, best first.
    """

    name: str

    def passages(
        self, question: str, k: int, documents: Collection[int] | None = None
    ) -> list[tuple[int, float]]:
        """The `k` best passages, by their headers and texts; by their ids.

        documents  those to search in; None: all
        """
        ...

    def articles(
        self, question: str, k: int, documents: Collection[int] | None = None
    ) -> list[tuple[int, float]]:
        """The `k` best whole documents; a title counts `TITLE_WEIGHT` times."""
        ...


class Fts5Words:
    """SQLite's own full-text search: always as the library is, its time grows with the library."""

    name = "fts5"

    def __init__(self, db: Database) -> None:
        self._db = db

    def passages(
        self, question: str, k: int, documents: Collection[int] | None = None
    ) -> list[tuple[int, float]]:
        query = _query(question)
        if not query or k < 1:
            return []
        found = self._matches("words", "bm25(words)", query, 2 * k if documents is not None else k)
        if documents is None:
            return found
        # Mostly a few documents are left out: that is told faster of what was found than in SQL.
        owners = self._owners([number for number, _ in found])
        kept = [each for each in found if owners.get(each[0]) in documents]
        if len(kept) >= k or len(found) < 2 * k:
            return kept[:k]
        limited = "(SELECT document FROM chunk WHERE chunk.id = words.rowid)"
        return self._matches("words", "bm25(words)", query, k, limited, documents)

    def articles(
        self, question: str, k: int, documents: Collection[int] | None = None
    ) -> list[tuple[int, float]]:
        query = _query(question)
        if not query or k < 1:
            return []
        rank = f"bm25(articles, {TITLE_WEIGHT}.0, 1.0)"
        # With a plain `rowid` SQLite would search for the words once for each document.
        return self._matches("articles", rank, query, k, "+rowid", documents)

    def _matches(
        self,
        table: str,
        rank: str,
        query: str,
        k: int,
        limited: str = "",
        documents: Collection[int] | None = None,
    ) -> list[tuple[int, float]]:
        """The best `k` rows of a full-text table; `limited`, if asked, is among `documents`."""
        among = f"AND {limited} IN (SELECT value FROM json_each(?))"
        rows = self._db.rows(
            f"SELECT rowid, -{rank} AS score FROM {table} WHERE {table} MATCH ?"
            f" {among if documents is not None else ''} ORDER BY score DESC LIMIT ?",
            query,
            *([] if documents is None else [json.dumps(list(documents))]),
            k,
        )
        return [(row[0], float(row[1])) for row in rows]

    def _owners(self, chunk_ids: list[int]) -> dict[int, int]:
        rows = self._db.rows(
            f"SELECT id, document FROM chunk WHERE id IN ({marks(chunk_ids)})", *chunk_ids
        )
        return {row[0]: row[1] for row in rows}


def topical(question: str) -> list[str]:
    """The words of a question that carry a topic, or all of them where none does."""
    words = list(dict.fromkeys(_WORD.findall(question.lower())))
    return ([word for word in words if word not in _STOP] or words)[:_MOST_WORDS]


def _query(question: str) -> str:
    # Quoted: what a user types is never query syntax.
    return " OR ".join(f'"{word}"' for word in topical(question))
