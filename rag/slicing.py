"""How a prompt is cut for reading. Pure.

A model's numbers depend a little on how many tokens it reads at once, and what it has read is kept
for the next prompt that begins alike. So the cuts depend on the prompt alone, and what was read is
used again only where both prompts are cut alike: an answer is then the same, bit for bit, whatever
was asked before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

__all__ = ["SHORT", "Placed", "Slice", "common", "cut", "length", "sliced"]

SHORT = 32
"""Fewer tokens than this are read with those before them."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A passage that is read by itself (`rag.llm.Passage`); its tokens are those that a prompt has.

    key     tells it from others, together with what it is read behind
    shelf   see there
    behind  how many tokens of the prompt it is read behind
    whole   all of its tokens
    ranges  of `whole`, ascending: what the prompt has, one after the other
    """

    key: str
    shelf: str
    behind: int
    whole: tuple[int, ...]
    ranges: tuple[tuple[int, int], ...]

    def __len__(self) -> int:
        return sum(end - begin for begin, end in self.ranges)

    def __iter__(self) -> Iterator[int]:
        return (token for begin, end in self.ranges for token in self.whole[begin:end])


Slice = tuple[int, ...] | Placed
"""Tokens that are read at once, or a passage that is put in their place."""


def sliced(parts: Sequence[tuple[Sequence[int], bool] | Placed], size: int) -> list[Slice]:
    """The tokens of a prompt's parts, cut at the end of each that is kept and after `size` tokens.

    parts  passages, or tokens and whether they are kept (see `rag.llm.Part`). Those that are not
           are read together with what follows: each reading goes through all of the model's
           weights.
    """
    slices: list[Slice] = []
    run: list[int] = []
    for part in parts:
        if isinstance(part, Placed):
            slices += [*cut(run, size), part]
            run = []
            continue
        tokens, kept = part
        run.extend(tokens)
        if kept:
            slices += cut(run, size)
            run = []
    return slices + cut(run, size)


def length(slices: Sequence[Slice]) -> int:
    """Their tokens."""
    return sum(map(len, slices))


def cut(run: Sequence[int], size: int) -> list[tuple[int, ...]]:
    """Slices of `size` tokens; a short rest goes with the last."""
    ends = list(range(size, len(run) - SHORT + 1, size))
    starts = [0, *ends] if run else []
    return [tuple(run[start:end]) for start, end in zip(starts, [*ends, len(run)], strict=False)]


def common(held: Sequence[Slice], wanted: Sequence[Slice]) -> int:
    """How many slices both begin with."""
    n = 0
    for one, other in zip(held, wanted, strict=False):
        if one != other:
            break
        n += 1
    return n
