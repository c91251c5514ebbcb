"""The sentences of the passages, that can be quoted, with the words on and around them. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from index.types import Span
from rag.focus import prose
from rag.names import PERSON, PLURAL, THING
from rag.terms import terms
from rag.types import Source

__all__ = ["Sentence", "around", "sentences_of"]

_PRONOUN = re.compile(
    rf"\b(?:{'|'.join(sorted(PERSON | THING | PLURAL))}|this|these|that|those)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a passage: what can be quoted.

    own      words of the sentence and of its article's title
    near     these, and those of the passage before it where the sentence points back
    context  words of passage, title and date
    """

    source: Source
    span: Span
    text: str
    words: frozenset[str]
    own: frozenset[str]
    near: frozenset[str]
    context: frozenset[str]


def around(source: Source) -> str:
    """What is said of a passage beside it: its article's title, and the parts of its date."""
    return f"{source.title} | {(source.date or '').replace('-', ' ')} |"


def sentences_of(sources: Sequence[Source]) -> list[Sentence]:
    found = []
    for source in sources:
        title = frozenset(terms(source.title))
        context = frozenset(terms(f"{around(source)} {source.text}"))
        for span in prose(source.text):
            text = span.of(source.text)
            words = frozenset(terms(text))
            before = terms(source.text[: span.start]) if _PRONOUN.search(text) else ()
            own = words | title
            found.append(Sentence(source, span, text, words, own, own.union(before), context))
    return found
