"""What answers took, one line each: numbers only, no word of a question or an answer.

A file of JSON lines, which only its owner may read. It is kept where receipts are pruned or off.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from index.errors import StorageError

__all__ = ["Ledger", "Row", "Sum", "joules_cost", "summed", "tokens_cost"]

_KINDS: dict[str, type | tuple[type, ...]] = {
    "at": str,
    "model": str,
    "end": str,
    "prompt_tokens": int,
    "answer_tokens": int,
    "seconds": (int, float),
    "joules": (int, float),
    "measured": bool,
}


@dataclass(frozen=True, slots=True)
class Row:
    """One question's.

    at        when it was asked, ISO 8601 in UTC
    end       "answered", "refused", or "stopped" before its end, whose tokens are not known
    measured  the energy was read from the processor; else it is an estimate
    """

    at: str
    model: str
    end: str
    prompt_tokens: int
    answer_tokens: int
    seconds: float
    joules: float
    measured: bool

    @property
    def day(self) -> dt.date:
        """The day of asking, by this machine's clock."""
        return dt.datetime.fromisoformat(self.at).astimezone().date()


@dataclass(frozen=True, slots=True)
class Sum:
    """Of several questions. `measured`: those whose energy was measured."""

    answered: int = 0
    refused: int = 0
    stopped: int = 0
    prompt_tokens: int = 0
    answer_tokens: int = 0
    seconds: float = 0.0
    joules: float = 0.0
    measured: int = 0

    @property
    def questions(self) -> int:
        return self.answered + self.refused + self.stopped

    @property
    def kwh(self) -> float:
        return self.joules / 3.6e6


class Ledger:
    """The file of what answers took. Safe to use from several threads and processes."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, row: Row) -> None:
        """Raises StorageError."""
        line = json.dumps(asdict(row)) + "\n"
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                # One write: lines of several processes do not mix.
                os.write(handle, line.encode())
            finally:
                os.close(handle)
        except OSError as exc:
            raise StorageError(
                f"{self._path} cannot be written ({exc.strerror}): what the answer took is not "
                "counted. Make room."
            ) from exc

    def rows(
        self, since: dt.date = dt.date.min, until: dt.date = dt.date.max
    ) -> tuple[list[Row], int]:
        """The rows of the days from `since` to `until`, and how many lines cannot be read.

        Raises StorageError.
        """
        found, damaged = [], 0
        try:
            with self._path.open("rb") as file:
                for line in file:
                    row = _row(line)
                    if row is None:
                        damaged += 1
                    elif since <= row.day <= until:
                        found.append(row)
        except FileNotFoundError:
            return [], 0
        except OSError as exc:
            raise StorageError(
                f"{self._path} cannot be read ({exc.strerror}). Check its rights."
            ) from exc
        return found, damaged


def summed(rows: Sequence[Row]) -> Sum:
    """What they took together."""
    ends = [each.end for each in rows]
    return Sum(
        ends.count("answered"),
        ends.count("refused"),
        ends.count("stopped"),
        sum(each.prompt_tokens for each in rows),
        sum(each.answer_tokens for each in rows),
        sum(each.seconds for each in rows),
        sum(each.joules for each in rows),
        sum(each.measured for each in rows),
    )


def joules_cost(joules: float, tariff: float) -> float:
    """Money for energy. tariff: for a kilowatt-hour."""
    return joules / 3.6e6 * tariff


def tokens_cost(prompt_tokens: int, answer_tokens: int, read: float, written: float) -> float:
    """Money for tokens. read, written: for a million tokens."""
    return (prompt_tokens * read + answer_tokens * written) / 1e6


def _row(line: bytes) -> Row | None:
    try:
        held = json.loads(line)
        row = Row(**{each.name: held[each.name] for each in fields(Row)})
        _ = row.day
    except (ValueError, KeyError, TypeError):
        return None
    return row if all(_sound(row)) else None


def _sound(row: Row) -> Iterator[bool]:
    for name, value in asdict(row).items():
        yield isinstance(value, _KINDS[name])
