"""Tables of plain text, whose columns are set with spaces, as lines that say what they hold. Pure.

"E07   Plunger not held   Refit the syringe": cut into passages and read as one paragraph, such rows
run into each other, and nothing tells what a figure is. So a block of lines whose columns stand one
below the other is told row by row as other tables are (`index.tables`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from index.tables import table_lines

__all__ = ["told"]

_GAP = re.compile(r"\S(?: {2,}|\t)\s*(?=\S)")
_RULE = re.compile(r"[ \t|+]*[-=_]{3,}[-=_ \t|+]*")
_FEWEST_ROWS = 3
_FEWEST_COLUMNS = 3
_MOST_HEADING = 3
_MOST_LINES = 2_000
_WIDEST = 400
"""Characters of a line that may be a row: columns are looked for in each of them."""


def told(text: str) -> str:
    """`text` with each row of such tables as a line of its own: "Code: E07; Meaning: ..."."""
    lines = text.split("\n")
    found: list[str] = []
    at = 0
    while at < len(lines):
        end = at
        while end < len(lines) and end - at < _MOST_LINES and _may_belong(lines[end], end > at):
            end += 1
        block = lines[at : max(end, at + 1)]
        found += _rows(block) or _below_caption(block) or block
        at += len(block)
    return "\n".join(found)


def _may_belong(line: str, inside: bool) -> bool:
    """inside: to a table that has begun; there a rule, or the rest of a cell, is a line too."""
    if len(line) > _WIDEST:
        return False
    if _GAP.search(line):
        return True
    return inside and bool(_RULE.fullmatch(line) or (line[:4].isspace() and line.strip()))


def _below_caption(block: Sequence[str]) -> list[str] | None:
    """As `_rows`, for a block whose first line ("6  FAULTS") stands across the columns."""
    rows = _rows(block[1:])
    return [block[0], *rows] if rows else None


def _rows(block: Sequence[str]) -> list[str] | None:
    """The lines that tell a table; None where the block is none."""
    if len(block) < _FEWEST_ROWS:
        return None
    lines = [line.expandtabs() for line in block]
    ruled = [bool(_RULE.fullmatch(line)) for line in lines]
    columns = _columns([line for line, rule in zip(lines, ruled, strict=True) if not rule])
    if len(columns) < _FEWEST_COLUMNS:
        return None
    heading = _heading(lines, ruled)
    cells = [[line[start:end].strip() for start, end in columns] for line in lines]
    rows = [_joined(cells[:heading])] if heading else []
    for row, rule in zip(cells[heading:], ruled[heading:], strict=True):
        if rule:
            continue
        if len(rows) > (heading > 0) and not row[0]:  # a cell goes on
            rows[-1] = _joined([rows[-1], row])
        else:
            rows.append(row)
    full = sum(sum(map(bool, row)) >= _FEWEST_COLUMNS for row in rows)
    if full < _FEWEST_ROWS or 2 * full < len(rows):
        return None
    return table_lines(rows, headed=True if heading else _may_be_headed(rows))


def _joined(lines: Sequence[Sequence[str]]) -> list[str]:
    """The cells of several lines, column by column."""
    return [" ".join(filter(None, parts)) for parts in zip(*lines, strict=True)]


def _may_be_headed(rows: Sequence[Sequence[str]]) -> bool | None:
    """False: no headers, None: the cells tell. Set by hand, headers begin with a capital."""
    first = next((row for row in rows if sum(map(bool, row)) > 1), [])
    return False if any(cell[:1].islower() for cell in first) else None


def _heading(lines: Sequence[str], ruled: Sequence[bool]) -> int:
    """The lines of headers: those above a rule, which may also stand above a sum; 0: no rule tells.

    ruled: of each line, whether it is a rule
    """
    at = next((at for at in range(1, min(_MOST_HEADING + 1, len(lines) - 1)) if ruled[at]), 0)
    return 0 if any(each.isdigit() for line in lines[:at] for each in line) else at


def _columns(lines: Sequence[str]) -> list[tuple[int, int]]:
    """Where the columns stand: between places that are blank in all lines, two side by side."""
    width = max(map(len, lines), default=0)
    used = [any(at < len(line) and line[at] != " " for line in lines) for at in range(width)]
    columns: list[tuple[int, int]] = []
    start: int | None = None
    for at in range(width + 1):
        if at < width and used[at]:
            start = at if start is None else start
        elif start is not None and (at >= width or not any(used[at : at + 2])):
            columns.append((start, at))
            start = None
    return columns
