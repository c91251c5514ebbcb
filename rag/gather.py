"""The passages found, made ready to be read: repeats left out, neighbours joined. Pure.

An article that quotes another, or a notice that stands under many, would fill the prompt with the
same words; a passage cut in two by the token budget reads better whole.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace

from index.types import Hit

__all__ = ["joined", "without_repeats"]

Text = Callable[[int, int, int], str]
"""The text of a document (its number) from one offset to another."""

_WORD = re.compile(r"\w+")
_SHINGLE = 4
_SAME = 0.8
"""The share of a passage's word sequences that a better one has, from which on it is a repeat."""

_LONGEST = 3
"""Passages joined to one at most: more would leave no room for other articles."""


def without_repeats(hits: Sequence[Hit]) -> list[Hit]:
    """Leaves out each passage that says in the same words what a better one says.

    Compared by overlapping sequences of four words (shingles, Broder 1997).
    """
    seen: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    kept: list[Hit] = []
    for hit in hits:
        mine = _shingles(hit.chunk.text)
        shared = Counter(place for each in mine for place in seen[each])
        if shared and max(shared.values()) >= _SAME * len(mine):
            continue
        for each in mine:
            seen[each].append(len(kept))
        kept.append(hit)
    return kept


def joined(hits: Sequence[Hit], text: Text) -> list[Hit]:
    """Joins passages that follow each other in their document, at the place of the best of them.

    Those under different headers or on different pages stay apart, so that both can be shown.
    """
    found = {(hit.entry.id, hit.chunk.ordinal): hit for hit in hits}
    done: set[tuple[int, int]] = set()
    whole: list[Hit] = []
    for hit in hits:
        if (hit.entry.id, hit.chunk.ordinal) in done:
            continue
        run = [hit]
        for step in (1, -1):
            while len(run) < _LONGEST:
                end = run[-1 if step > 0 else 0]
                key = end.entry.id, end.chunk.ordinal + step
                following = found.get(key)
                if following is None or key in done or not _alike(end, following):
                    break
                run.insert(len(run) if step > 0 else 0, following)
        done.update((each.entry.id, each.chunk.ordinal) for each in run)
        whole.append(_one(hit, run, text))
    return whole


def _alike(one: Hit, other: Hit) -> bool:
    return (one.chunk.header, one.chunk.page) == (other.chunk.header, other.chunk.page)


def _one(best: Hit, run: Sequence[Hit], text: Text) -> Hit:
    if len(run) == 1:
        return best
    start, end = run[0].chunk.start, run[-1].chunk.end
    chunk = replace(run[0].chunk, end=end, text=text(best.entry.id, start, end))
    return replace(best, chunk=chunk)


def _shingles(text: str) -> set[tuple[str, ...]]:
    words = [word.casefold() for word in _WORD.findall(text)]
    size = min(_SHINGLE, len(words)) or 1
    return {tuple(words[n : n + size]) for n in range(len(words) - size + 1)}
