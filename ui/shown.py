"""A document's text with what was left out of it marked. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ui.cited import visible

__all__ = ["dropped", "pieces"]

MARK = "  ┊ "
_DIM, _NORMAL = "\x1b[2m", "\x1b[0m"

Spans = Sequence[tuple[int, int]]


def dropped(text: str, kept: Spans) -> list[tuple[int, int]]:
    """The spans of `text` that are not indexed, without white space at their ends."""
    edges = [0, *(edge for span in kept for edge in span), len(text)]
    found: list[tuple[int, int]] = []
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        part = text[start:end]
        if part.strip():
            first = start + len(part) - len(part.lstrip())
            found.append((first, first + len(part.strip())))
    return found


def pieces(text: str, left_out: Spans, *, dim: bool) -> Iterator[str]:
    """The document's lines as shown; a line with both kinds of text is shown in parts.

    dim  for a terminal: what was left out is also dimmed, not only marked
    """
    at = 0
    for start, end in left_out:
        yield from _lines(text[at:start])
        for line in _lines(text[start:end]):
            yield f"{_DIM}{MARK}{line}{_NORMAL}" if dim else f"{MARK}{line}"
        at = end
    yield from _lines(text[at:])


def _lines(text: str) -> Iterator[str]:
    """Lines without the empty edge that a cut leaves."""
    lines = visible(text).split("\n")
    if lines and not lines[0].strip():
        lines = lines[1:]
    if lines and not lines[-1].strip():
        lines = lines[:-1]
    yield from lines
