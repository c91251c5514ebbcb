"""Rows of cells as lines that can be read, found and cited one by one. Pure.

Below a row of headers every row becomes "Header: value; Header: value.": a passage cut from the
middle of a table still says what its figures are.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence

from index.dates import normalise
from index.errors import ReadError, TooLargeError

__all__ = ["rows_of", "table_lines"]

_MAX_CELLS = 2_000_000
_MAX_CHARACTERS = 20_000_000
_MAX_FIELD = 10_000_000
_HEADER_CHARACTERS = 80
_CAPTION_ROWS = 10
_SAMPLE_ROWS = 200
_DELIMITERS = ",;\t|"
_NUMBER = re.compile(
    r"[-+(]*[$€£¥]?\s*[-+]?\d[\d.,'\s]*(?:e[-+]?\d+)?\s*(?:%|[$€£¥])?\)?", re.IGNORECASE
)

Row = Sequence[str]


def table_lines(rows: Iterable[Row], *, headed: bool | None = None) -> list[str]:
    """A line for each row that holds anything; the row of headers goes into all of them.

    headed  whether the table begins with headers; None: judged by its first rows

    Rows of one cell above the headers are captions. Raises `TooLargeError`.
    """
    kept = _within_limits(rows)
    top = 0 if headed else _first_full(kept)
    head = kept[top] if top < len(kept) else []
    below = kept[top + 1 :]
    width = len(head)
    if below and width > 1 and (_is_header(head, below) if headed is None else headed):
        if headed or width > 2 or _has_values(below):
            return _sized([*map(_plain, kept[:top]), *(_told(head, row) for row in below)])
        # Two columns of words may as well be names and values, read from left to right.
        return _sized([_pair(row) for row in kept])
    return _sized([_plain(row) for row in kept])


def rows_of(text: str, delimiter: str | None = None) -> list[list[str]]:
    """The rows of a CSV file; without a delimiter, with the one that fits its first lines.

    Raises `ReadError` for a field that never ends and `TooLargeError`.
    """
    csv.field_size_limit(_MAX_FIELD)  # the default refuses a long article in a cell
    lines = text.split("\n")
    try:
        chosen = delimiter or _delimiter(lines[:50])
        rows: list[list[str]] = []
        cells = 0
        for row in csv.reader((line + "\n" for line in lines), delimiter=chosen):
            cells += len(row)
            if cells > _MAX_CELLS:  # told before much is made of them
                raise _too_many()
            rows.append(row)
        return rows
    except csv.Error as exc:
        raise ReadError(f"is not a table ({exc}): save it again as CSV") from exc


def _delimiter(lines: Sequence[str]) -> str:
    """The delimiter that cuts the most lines into the same number of cells."""

    def fit(delimiter: str) -> tuple[int, int]:
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
        usual = max(widths, key=widths.count, default=1)
        return (widths.count(usual), usual) if usual > 1 else (0, 0)

    return max(_DELIMITERS, key=fit)


def _within_limits(rows: Iterable[Row]) -> list[list[str]]:
    kept: list[list[str]] = []
    cells = 0
    for row in rows:
        tidied = [" ".join(cell.split()) for cell in row]
        while tidied and not tidied[-1]:
            tidied.pop()
        if tidied:
            kept.append(tidied)
        cells += len(tidied)
        if cells > _MAX_CELLS:
            raise _too_many()
    return kept


def _too_many() -> TooLargeError:
    return TooLargeError(f"has a table of more than {_MAX_CELLS} cells: split it")


def _sized(lines: list[str]) -> list[str]:
    size = sum(map(len, lines))
    if size > _MAX_CHARACTERS:
        raise TooLargeError(
            f"has a table that takes {size} characters to tell, over the limit of"
            f" {_MAX_CHARACTERS}: split it"
        )
    return lines


def _first_full(rows: Sequence[Row]) -> int:
    """The row that may hold headers: the first of more than one cell, below captions alone."""
    widest = max(map(len, rows[:_SAMPLE_ROWS]), default=0)
    for number, row in enumerate(rows[: _CAPTION_ROWS + 1]):
        corner = not row[0] and len(row) == widest  # above a column of names stands nothing
        if sum(map(bool, row)) > 1 or corner:
            return number
    return 0


def _is_header(head: Row, below: Sequence[Row]) -> bool:
    names = [cell for cell in head if cell]
    if len({name.casefold() for name in names}) < len(names):
        return False
    if any(len(name) > _HEADER_CHARACTERS or _is_value(name) for name in names):
        return False
    # A value comes back further down its column, a header does not.
    repeated = any(
        cell and number < len(head) and cell == head[number]
        for row in below[:_SAMPLE_ROWS]
        for number, cell in enumerate(row)
    )
    widest = max(sum(map(bool, row)) for row in below[:_SAMPLE_ROWS])
    return not repeated and 2 * len(names) >= widest


def _has_values(rows: Sequence[Row]) -> bool:
    """Whether some column is numbers or dates throughout."""
    sample = rows[:_SAMPLE_ROWS]
    columns = ([row[n] for row in sample if n < len(row) and row[n]] for n in range(2))
    return any(column and all(map(_is_value, column)) for column in columns)


def _is_value(cell: str) -> bool:
    return bool(_NUMBER.fullmatch(cell)) or normalise(cell) is not None


def _told(head: Row, row: Row) -> str:
    told = []
    for number, cell in enumerate(row):
        name = head[number].rstrip(":") if number < len(head) else ""
        if cell:
            told.append(f"{name}: {cell}" if name else cell)
    return _ended("; ".join(told))


def _pair(row: Row) -> str:
    cells = [cell for cell in row if cell]
    return _ended(f"{cells[0].rstrip(':')}: {'; '.join(cells[1:])}" if cells[1:] else cells[0])


def _plain(row: Row) -> str:
    cells = [cell for cell in row if cell]
    # One cell alone may be a caption: without a full stop it is read as a heading.
    return _ended("; ".join(cells)) if cells[1:] else cells[0]


def _ended(line: str) -> str:
    """With a full stop, a row is a sentence to be cited; without, it looks like a heading."""
    return line if line[-1:] in ".!?…。！？" else f"{line}."
