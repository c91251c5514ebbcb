"""Which passages the model reads, and how much of each: the token budget. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from index.types import Span
from rag.focus import Focused, prose
from rag.shown import headed
from rag.types import Source

_NUMBER_TOKENS = 4
"""What "[1] " and the line's end cost."""

_LITTLE = 0.4
"""Share of the budget up to which weak passages are read too."""


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
    question ("Omar Haddad voted against."). Where all that is still little, weak passages of the
    same articles are read too: a name is found in a record's head, what is asked of it below.

    count   tokens of a text, by a tokenizer close to the model's
    budget  tokens of all passages and their headings; the best passage is always taken
    most    passages, at most
    neighbours  whether what is left is spent so
    """

    def cost(chosen: Sequence[Focused]) -> int:
        entries = {each.hit.entry.id: each.hit.entry for each in chosen}
        headings = sum(count(headed(each.title, each.date)) for each in entries.values())
        return headings + sum(count(each.text) + _NUMBER_TOKENS for each in chosen)

    taken: list[Focused] = []
    for each in passages:
        fits = len(taken) < most and cost([*taken, each]) <= budget
        if not each.weak and (fits or not taken):
            taken.append(each)
    if not neighbours:
        return tuple(_numbered(taken))
    taken = list(_widened(taken, count, budget - cost(taken)))
    articles = {each.hit.entry.id for each in taken}
    for each in passages:
        little = cost(taken) < _LITTLE * budget and len(taken) < most
        fits = little and cost([*taken, each]) <= budget
        if each.weak and each.hit.entry.id in articles and fits:
            taken.append(each)
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
