"""Passages that come with a question, as the engine asks for them: no library, no search.

They are cut as the library cuts articles, and ordered by similarity to the question, so that the
engine does with them all that it does with what a search finds.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from index.chunk import chunk, embedded
from index.embed import Embedder
from index.types import Document, Entry, Filter, Hit


@dataclass(frozen=True, slots=True)
class Passage:
    """A text given with a question."""

    text: str
    title: str = ""
    date: str | None = None


class Given:
    """A searcher over a few passages. The path of each is its place among them, from 0."""

    def __init__(
        self, passages: Sequence[Passage], embedder: Embedder, *, chunk_tokens: int = 100
    ) -> None:
        self._embedder = embedder
        self._texts = [each.text for each in passages]
        self._found: list[Hit] = []
        for at, passage in enumerate(passages):
            document = Document(
                passage.text, passage.title or f"Passage {at + 1}", date=passage.date
            )
            cut = chunk(document, embedder.count, budget=chunk_tokens, limit=embedder.limit)
            entry = Entry(
                id=at, path=str(at), sha256="", title=document.title, author=None,
                date=passage.date, source=None, added="", characters=len(passage.text),
                chunks=len(cut),
            )  # fmt: skip
            self._found += [
                Hit(len(self._found) + n, entry, each, 0.0) for n, each in enumerate(cut)
            ]
        texts = [embedded(each.entry.title, each.chunk.header, each.chunk.text)
                 for each in self._found]  # fmt: skip
        self._vectors = embedder.embed_passages(texts) if texts else None

    def search(
        self,
        question: str,
        k: int = 10,
        where: Filter | None = None,
        today: dt.date | None = None,
    ) -> list[Hit]:
        """The `k` parts that are most like the question; limits and days count for nothing here."""
        if self._vectors is None:
            return []
        alike = (self._vectors @ self._embedder.embed_queries([question])[0]).tolist()
        order = sorted(range(len(alike)), key=lambda at: -alike[at])[:k]
        return [
            Hit(hit.chunk_id, hit.entry, hit.chunk, alike[at], similarity=alike[at])
            for at in order
            for hit in [self._found[at]]
        ]

    def passage(self, document: int, start: int, end: int) -> str:
        """The text of a passage from one offset to another."""
        return self._texts[document][start:end]

    def spelt(self, question: str) -> str:
        """The question: a few passages are no vocabulary."""
        return question

    def warm(self) -> None:
        """Nothing to load: the embedder was needed to take the passages in."""

    def is_empty(self) -> bool:
        return not self._found
