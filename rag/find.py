"""From a question to the passages that the model reads: search, gather, focus, pack."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from index.embed import Embedder
from index.errors import LibraryError
from index.types import Filter, Hit
from rag import details, focus, gather, holders, partly, plan, untrusted
from rag.language import language
from rag.packing import pack
from rag.types import Source


class Searcher(Protocol):
    """What the engine asks of a library."""

    def search(
        self,
        question: str,
        k: int = 10,
        where: Filter | None = None,
        today: dt.date | None = None,
    ) -> list[Hit]: ...

    def spelt(self, question: str) -> str: ...

    def passage(self, document: int, start: int, end: int) -> str: ...

    def is_empty(self) -> bool: ...

    def warm(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Reading:
    """How much is read, and of what; see `refdesk config` for what each does.

    passages: at most
    """

    passages: int = 5
    passage_tokens: int = 260
    min_share: float = 0.5
    neighbours: bool = True
    min_similarity: float = 0.15
    join_adjacent: bool = False
    drop_repeats: bool = True


@dataclass(frozen=True, slots=True)
class Found:
    """sources: numbered. near: whether any passage has to do with the question at all"""

    sources: tuple[Source, ...]
    near: bool


class Finder:
    """Finds the passages to read. Safe to use from several threads."""

    def __init__(self, searcher: Searcher, embedder: Embedder, reading: Reading) -> None:
        self._searcher = searcher
        self._embedder = embedder
        self._reading = reading

    def found(
        self, text: str, choices: Sequence[str], where: Filter | None, today: dt.date
    ) -> Found:
        """text: the question, as it stands alone. Raises LibraryError for an empty library."""
        most = self._reading.passages * 3
        searches = plan.with_choices(text, choices) if choices else partly.searches(text)
        if not choices and not partly.parts(text):
            searches += holders.searched(text)
        found = [
            _posts_first(each, self._searcher.search(each, most, where, today)) for each in searches
        ]
        hits = _posts_first(text, self._gathered(plan.interleaved(found, most)))
        if not hits and self._searcher.is_empty():
            raise LibraryError("The library is empty. Add articles with `refdesk add PATH`.")
        packed = pack(
            self._focused(untrusted.safe(hits[: 2 * self._reading.passages], text), searches),
            self._count,
            budget=self._reading.passage_tokens,
            most=self._reading.passages,
            neighbours=self._reading.neighbours,
        )
        sources = untrusted.whole(packed, hits)
        lines = () if choices else self._lines(text, where, today)
        if lines:
            behind = (replace(each, number=each.number + len(lines)) for each in sources)
            return Found((*lines, *behind), near=True)
        return Found(sources, bool(sources) and self._near(hits))

    def spelt(self, question: str) -> str:
        """The question as the articles spell its words, unless it is in another language than
        English, whose words may be near to quite other ones. Raises LibraryError.
        """
        return self._searcher.spelt(question) if language(question) in (None, "en") else question

    def warm(self) -> None:
        """Loads what a search needs. Raises ModelError."""
        self._searcher.warm()

    def _lines(self, text: str, where: Filter | None, today: dt.date) -> tuple[Source, ...]:
        """What the article that a question means says of itself, if that is asked."""
        asked = details.asked(text)
        if asked is None:
            return ()
        hits = self._searcher.search(asked.searched, 3 * self._reading.passages, where, today)
        entry = details.fitting(asked, hits)
        if entry is None:
            return ()
        head = self._searcher.passage(entry.id, 0, min(entry.characters, details.HEAD))
        return tuple(details.lines(asked, entry, head))

    def _focused(self, hits: Sequence[Hit], searches: Sequence[str]) -> list[focus.Focused]:
        texts = [hit.chunk.text for hit in hits]
        read = [span.of(text) for text in texts for span in focus.prose(text)]
        alike = self._embedder.embed_queries(searches) @ self._embedder.embed_passages(read).T
        return focus.focus(hits, searches, alike, least=self._reading.min_share)

    def _gathered(self, hits: list[Hit]) -> list[Hit]:
        if self._reading.drop_repeats:
            hits = gather.without_repeats(hits)
        if self._reading.join_adjacent:
            hits = gather.joined(hits, self._searcher.passage)
        return hits

    def _near(self, hits: list[Hit]) -> bool:
        """Whether any passage has to do with the question at all."""
        return any(
            hit.bm25 is not None or (hit.similarity or -1.0) >= self._reading.min_similarity
            for hit in hits
        )

    def _count(self, passage: str) -> int:
        # The embedder's tokenizer is at hand before the model is loaded, and close enough.
        return self._embedder.count([passage])[0]


def _posts_first(question: str, hits: list[Hit]) -> list[Hit]:
    """Passages that name a post before the others, where one is asked for and nothing else."""
    if partly.parts(question) or not holders.asks_for_a_post(question):
        return hits
    # Stable: those of a kind stay as they were found.
    return sorted(hits, key=lambda hit: not holders.says_a_post(question, hit.chunk.text))
