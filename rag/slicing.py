"""How a prompt is cut for reading. Pure.

A model's numbers depend a little on how many tokens it reads at once, and what it has read is kept
for the next prompt that begins alike. So the cuts depend on the prompt alone, and what was read is
used again only where both prompts are cut alike: an answer is then the same, bit for bit, whatever
was asked before it.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["SHORT", "Slice", "common", "length", "sliced"]

SHORT = 32
"""Fewer tokens than this are read with those before them."""

Slice = tuple[int, ...]
"""Tokens that are read at once."""


def sliced(parts: Sequence[tuple[Sequence[int], bool]], size: int) -> list[Slice]:
    """The tokens of a prompt's parts, cut at the end of each that is kept and after `size` tokens.

    parts  tokens, and whether they are kept (see `rag.llm.Part`). The others are read together with
           what follows: each reading goes through all of the model's weights.
    """
    runs: list[list[int]] = [[]]
    for tokens, kept in parts:
        runs[-1].extend(tokens)
        if kept:
            runs.append([])
    return [each for run in runs for each in _cut(run, size) if each]


def length(slices: Sequence[Slice]) -> int:
    """Their tokens."""
    return sum(map(len, slices))


def _cut(run: Sequence[int], size: int) -> list[Slice]:
    """Slices of `size` tokens; a short rest goes with the last."""
    ends = list(range(size, len(run) - SHORT + 1, size))
    return [tuple(run[start:end]) for start, end in zip([0, *ends], [*ends, len(run)], strict=True)]


def common(held: Sequence[Slice], wanted: Sequence[Slice]) -> int:
    """How many slices both begin with."""
    n = 0
    for one, other in zip(held, wanted, strict=False):
        if one != other:
            break
        n += 1
    return n
