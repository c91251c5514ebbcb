"""What to search for, so that each part of a question finds its own passages. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from index.sentences import sentences
from index.types import Hit

_ASKING = r"(?:who|whom|whose|what|which|when|where|why|how)\b"
_SECOND = re.compile(rf"[,;]?\s+(?:and|or|but)\s+(?={_ASKING})|[,;]\s+(?={_ASKING})", re.IGNORECASE)
_ASKS = re.compile(rf"\?\W*$|^\W*{_ASKING}", re.IGNORECASE)
_FEWEST_WORDS = 3


def searches(question: str) -> list[str]:
    """The question itself, and its parts where it asks several things.

    "Who runs A, and who runs B?" gives the whole, "Who runs A" and "who runs B?". A sentence that
    asks nothing tells what the question is about: it is no part of its own.
    """
    parts = [
        part.strip()
        for span in sentences(question)
        if _ASKS.search(span.of(question))
        for part in _SECOND.split(span.of(question))
        if len(part.split()) >= _FEWEST_WORDS
    ]
    return [question, *parts] if len(parts) > 1 else [question]


def with_choices(question: str, choices: Sequence[str]) -> list[str]:
    """Searches for a question with answers to choose from: each may have its own passages."""
    return [question, *(f"{question} {choice}" for choice in choices)]


def interleaved(rankings: Sequence[Sequence[Hit]], k: int) -> list[Hit]:
    """The best of each ranking in turn, the parts' before the whole's, each passage once."""
    order = [*rankings[1:], rankings[0]]
    merged: dict[int, Hit] = {}
    for rank in range(max(map(len, order), default=0)):
        for ranking in order:
            if rank < len(ranking):
                merged.setdefault(ranking[rank].chunk_id, ranking[rank])
    return list(merged.values())[:k]
