"""Which passages the model reads, and how much of each: the token budget. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from index.types import Span
from rag.focus import Focused, prose
from rag.prompt import headed
from rag.types import Source

_NUMBER_TOKENS = 4
"""What "[1] " and the line's end cost."""


def pack(
    passages: Sequence[Focused],
    count: Callable[[str], int],
    *,
    budget: int,
    most: int,
    neighbours: bool = True,
) -> tuple[Source, ...]:
    """The best passages that fit, numbered from 1, those of one article together.

    What is left of the budget goes to the sentences around what matters, the best passage's first:
    in a short document the answer often stands in the next sentence, which has no word of the
    question ("Omar Haddad voted against.").

    count   tokens of a text, by a tokenizer close to the model's
    budget  tokens of all passages and their headings; the best passage is always taken
    most    passages, at most
    neighbours  whether what is left is spent so
    """
    taken: list[Focused] = []
    used = 0
    for passage in passages:
        entry = passage.hit.entry
        cost = count(passage.text) + _NUMBER_TOKENS
        if all(entry.id != each.hit.entry.id for each in taken):
            cost += count(headed(entry.title, entry.date))
        if taken and (used + cost > budget or len(taken) == most):
            continue
        taken.append(passage)
        used += cost
    if neighbours:
        taken = list(_widened(taken, count, budget - used))
    return tuple(_numbered(taken))


def _widened(
    passages: Sequence[Focused], count: Callable[[str], int], room: int
) -> Iterator[Focused]:
    """The passages with whole sentences more, those behind before those in front.

    room: tokens that are left for them
    """
    for each in passages:
        text = each.hit.chunk.text
        spans = prose(text)
        read = each.read
        for span in (span for span in spans if span.start >= each.read.end):
            if (cost := count(span.of(text))) > room:
                break
            read, room = Span(read.start, span.end), room - cost
        for span in (span for span in reversed(spans) if span.end <= each.read.start):
            if (cost := count(span.of(text))) > room:
                break
            read, room = Span(span.start, read.end), room - cost
        yield replace(each, read=read)


def _numbered(passages: Sequence[Focused]) -> list[Source]:
    """Passages of one article stand together, in reading order, the best article first."""
    order = list(dict.fromkeys(each.hit.entry.id for each in passages))
    sources: list[Source] = []
    for document in order:
        mine = sorted(
            (each for each in passages if each.hit.entry.id == document),
            key=lambda each: each.hit.chunk.start,
        )
        for each in mine:
            hit = each.hit
            sources.append(
                Source(
                    number=len(sources) + 1,
                    document=hit.entry.path,
                    document_id=hit.entry.id,
                    title=hit.entry.title,
                    date=hit.entry.date,
                    page=hit.chunk.page,
                    start=hit.chunk.start,
                    end=hit.chunk.end,
                    text=hit.chunk.text,
                    score=hit.score,
                    read=each.read,
                    also_in=hit.entry.elsewhere,
                )
            )
    return sources
