"""How a prompt is cut for reading. Pure.

A model's numbers depend a little on how many tokens it reads at once, and they stay in its context
for the next prompt that begins alike. So the cuts depend on the prompt alone, and what was read is
kept only where both prompts are cut alike: an answer is then the same, bit for bit, whatever was
asked before it.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["SLICE", "Slice", "common", "sliced"]

SLICE = 128
"""Tokens read between two looks at the caller: progress, or the stop button."""

_SHORT = 32

Slice = tuple[int, ...]
"""Tokens that are read at once."""


def sliced(parts: Sequence[Sequence[int]]) -> list[Slice]:
    """The tokens of a prompt's parts, cut at the parts' ends and after `SLICE` tokens.

    Prompts that have their first parts in common then have those slices in common. Short parts in
    a row are read together: each reading goes through all of the model's weights.
    """
    runs: list[list[int]] = []
    short = False
    for part in parts:
        if short and len(part) < _SHORT:
            runs[-1].extend(part)
        elif part:
            runs.append(list(part))
            short = len(part) < _SHORT
    return [each for run in runs for each in _cut(run)]


def _cut(run: Sequence[int]) -> list[Slice]:
    """Slices of `SLICE` tokens; a short rest goes with the last."""
    ends = list(range(SLICE, len(run) - _SHORT + 1, SLICE))
    return [tuple(run[start:end]) for start, end in zip([0, *ends], [*ends, len(run)], strict=True)]


def common(held: Sequence[Slice], wanted: Sequence[Slice]) -> int:
    """How many slices both begin with."""
    n = 0
    for one, other in zip(held, wanted, strict=False):
        if one != other:
            break
        n += 1
    return n
