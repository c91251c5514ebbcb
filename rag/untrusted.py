"""Passages are other people's text: what of them the model may read, and what is evidence. Pure.

Three guards, each alone not enough for a small model:

- Characters that nobody sees leave the text (`visible`).
- What looks like ours (a marker "[3]", "Question:", a chat's markup) is put in other signs
  (`plain`), and the passages stand between two lines that no document can guess (`fence`).
- A sentence that gives orders to whoever answers is no evidence: it is blanked before the model
  reads, and nothing can be cited from it (`disarmed`). Asked about, it is read, as a quotation.
  The reader is shown the whole passage in any case.

Orders are told by patterns (`rag.orders`). (The attack: Greshake et al., "Not what you've signed
up for", 2023. Marking what is data: Hines et al., "Defending Against Indirect Prompt Injection
Attacks With Spotlighting", 2024.)
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from index.sentences import paragraphs, sentences
from index.types import Hit, Span
from rag.characters import visible
from rag.orders import MARKUP, asks_of_orders, is_order
from rag.types import Source

__all__ = [
    "disarmed",
    "evidence",
    "fence",
    "orders",
    "plain",
    "safe",
    "whole",
]

_LETTERS = "bcdfghjklmnpqrstvwxz"
_FENCE_LETTERS = 5

_MARKER = re.compile(r"\[(\s*\^?\s*\d{1,3}(?:\s*[,;–-]\s*\d{1,3})*\s*)\]")
_FORGED = re.compile(
    r"\W*\[?(?:\d{1,3}\]|(?:passages?|questions?|answers?|articles?|system|assistant|user|human)\b"
    r"\s*[:：)\d\"(])",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"\b(passages?|questions?|answers?|system|assistant|user|human|instructions?)\s*[:：]"
    r"|\((?=article\b)",
    re.IGNORECASE,
)


def plain(text: str) -> str:
    """A text as the model may read it: visible, and with nothing in it that looks like ours."""
    text = MARKUP.sub(" ", visible(text))
    text = _MARKER.sub(r"(\1)", text)
    return _LABEL.sub(lambda found: f"{found[1]} –" if found[1] else "", text)


def fence(nonce: str, texts: Iterable[str]) -> str:
    """A word that stands before and after the passages, and in none of `texts`.

    It follows from `nonce` and `texts` alone, so that a recorded prompt can be made again and a
    question asked twice has one answer. No document can hold it: a word that a text has is passed
    over.
    """
    read = " ".join(texts).casefold()
    for attempt in range(1000):
        digest = hashlib.sha256(f"{nonce} {attempt}".encode()).digest()
        word = "".join(_LETTERS[byte % len(_LETTERS)] for byte in digest[:_FENCE_LETTERS])
        if word not in read:
            return word
    # Only a text of millions of characters, written to this end, holds a thousand of these words.
    return hashlib.sha256(nonce.encode()).hexdigest()


def disarmed(text: str, question: str = "") -> str:
    """`text` with orders blanked out: of the same length, so that all offsets hold.

    An order takes the rest of its paragraph with it: what it wants said mostly follows. Where
    `question` asks about such orders nothing is blanked.
    """
    if asks_of_orders(question):
        return text
    for span in orders(text):
        blank = "".join("\n" if each == "\n" else " " for each in span.of(text))
        text = text[: span.start] + blank + text[span.end :]
    return text


def orders(text: str) -> list[Span]:
    """The stretches of `text` that are orders, each to the end of its paragraph.

    What is numbered or labelled like our own passages and questions goes with an order that stands
    beside it: sentences before it, paragraphs after it.
    """
    found: list[Span] = []
    for paragraph in paragraphs(text):
        said = sentences(text, paragraph.start, paragraph.end)
        first = next((n for n, each in enumerate(said) if is_order(each.of(text))), None)
        goes_on = bool(found) and not text[found[-1].end : paragraph.start].strip()
        if first is None and goes_on and _FORGED.match(paragraph.of(text)):
            first = 0
        if first is None:
            continue
        while first and _FORGED.match(said[first - 1].of(text)):
            first -= 1
        found.append(Span(said[first].start, paragraph.end))
    return found


def safe(hits: Sequence[Hit], question: str) -> list[Hit]:
    """Hits with their orders blanked, without those of which nothing is left."""
    found = (
        replace(hit, chunk=replace(hit.chunk, text=disarmed(hit.chunk.text, question)))
        for hit in hits
    )
    return [hit for hit in found if any(each.isalnum() for each in hit.chunk.text)]


def evidence(sources: Sequence[Source], question: str) -> tuple[Source, ...]:
    """`sources` as what a claim may be tied to: with their orders blanked, at the same offsets."""
    return tuple(replace(each, text=disarmed(each.text, question)) for each in sources)


def whole(sources: Sequence[Source], hits: Sequence[Hit]) -> tuple[Source, ...]:
    """`sources`, which were made of `safe(hits)`, with the texts that the reader is to see."""
    texts = {(hit.entry.id, hit.chunk.start): hit.chunk.text for hit in hits}
    return tuple(
        replace(each, text=texts.get((each.document_id, each.start), each.text)) for each in sources
    )
