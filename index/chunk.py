"""A document cut into passages: whole sentences, a token budget, exact offsets. Pure.

Passages do not overlap, so that the budget of a prompt is never spent twice on one sentence.
A passage ends at a paragraph or a heading where that leaves it at least half full.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from index.sentences import is_heading, paragraphs, sentences
from index.types import Chunk, Document, Span

Counter = Callable[[Sequence[str]], list[int]]
"""Token counts of several texts, without special tokens, by the embedder's own tokenizer."""

_FULL_ENOUGH = 0.5
_HEADER_SHARE = 0.4
_SPECIAL_TOKENS = 2


@dataclass(frozen=True, slots=True)
class _Unit:
    """A sentence, or a piece of an over-long one.

    opens    a paragraph starts here
    apart    what stands before it is not part of the body: no passage reaches across
    """

    span: Span
    tokens: int
    opens: bool
    heading: bool
    apart: bool


def header(document: Document) -> str:
    """The line that is embedded before every passage of `document`: title and date."""
    return f"{document.title} ({document.date})" if document.date else document.title


def embedded(title: str, header: str, text: str) -> str:
    """What is embedded of a passage: the header before it, unless it begins with the title."""
    return f"{header}\n{text}" if header and not text.startswith(title) else text


def chunk(
    document: Document, count: Counter, *, budget: int = 120, limit: int = 256
) -> list[Chunk]:
    """Cuts `document` into passages of at most `budget` tokens.

    count   the embedder's token counter
    budget  tokens a passage, header not counted
    limit   tokens that the embedder reads: header and passage together stay below it
    """
    head = _fit(header(document), count, int(limit * _HEADER_SHARE))
    room = min(budget, limit - _SPECIAL_TOKENS - (count([head])[0] if head else 0))
    spans = list(_pack(list(_units(document, count, room)), room))
    return [
        Chunk(n, span.start, span.end, span.of(document.text), head, _page(document, span.start))
        for n, span in enumerate(spans)
    ]


def _units(document: Document, count: Counter, room: int) -> Iterator[_Unit]:
    text = document.text
    found: list[tuple[Span, bool, bool]] = []
    for body in document.spans:
        apart = True
        for paragraph in paragraphs(text, body.start, body.end):
            for n, sentence in enumerate(sentences(text, paragraph.start, paragraph.end)):
                found.append((sentence, n == 0, apart))
                apart = False
    counts = count([span.of(text) for span, _, _ in found])
    for (span, opens, apart), tokens in zip(found, counts, strict=True):
        if tokens <= room:
            yield _Unit(span, tokens, opens, is_heading(text, span), apart)
            continue
        for n, piece in enumerate(_pieces(text, span, count, room)):
            yield _Unit(
                piece, count([piece.of(text)])[0], opens and n == 0, False, apart and n == 0
            )


def _pieces(text: str, span: Span, count: Counter, room: int) -> Iterator[Span]:
    """Halves an over-long sentence, at white space where there is any, until all fit."""
    if span.end - span.start <= 1 or count([span.of(text)])[0] <= room:
        yield span
        return
    middle = (span.start + span.end) // 2
    space = text.rfind(" ", span.start + 1, middle)
    cut = space if space > span.start + (middle - span.start) // 2 else middle
    for half in (Span(span.start, cut), Span(cut, span.end)):
        start = half.start
        while start < half.end and text[start].isspace():
            start += 1
        if start < half.end:
            yield from _pieces(text, Span(start, half.end), count, room)


def _pack(units: Sequence[_Unit], room: int) -> Iterator[Span]:
    held: list[_Unit] = []
    tokens = 0
    for unit in units:
        full = tokens + unit.tokens > room
        good_break = (unit.heading or unit.opens) and tokens >= room * _FULL_ENOUGH
        if held and (full or good_break or unit.apart):
            carried = [] if unit.apart else _trailing_headings(held)
            if len(carried) == len(held):
                carried = []
            kept = held[: len(held) - len(carried)]
            yield Span(kept[0].span.start, kept[-1].span.end)
            held = carried
            tokens = sum(each.tokens for each in held)
            if held and tokens + unit.tokens > room:
                yield Span(held[0].span.start, held[-1].span.end)
                held, tokens = [], 0
        held.append(unit)
        tokens += unit.tokens
    if held:
        yield Span(held[0].span.start, held[-1].span.end)


def _trailing_headings(held: Sequence[_Unit]) -> list[_Unit]:
    """Headings at the end of a passage belong to the one that follows."""
    n = len(held)
    while n and held[n - 1].heading:
        n -= 1
    return list(held[n:])


def _fit(line: str, count: Counter, room: int) -> str:
    """`line` cut at a word so that it has at most `room` tokens."""
    words = line.split()
    while words and count([" ".join(words)])[0] > room:
        words = words[: max(len(words) * 3 // 4, len(words) - 8, 0)]
    return " ".join(words)


def _page(document: Document, offset: int) -> int | None:
    for page in document.pages:
        if page.span.start <= offset < page.span.end:
            return page.number
    return None
