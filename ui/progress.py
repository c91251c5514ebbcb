"""What the command line shows while the user waits, on standard error.

`ProgressBar` is for work that can be counted, `StatusLine` for a question on its way. On a terminal
each is one line, rewritten in place; in a pipe or a log, a few plain lines.
"""

from __future__ import annotations

import shutil
import sys
import time
import unicodedata
from collections.abc import Callable
from types import TracebackType
from typing import Self, TextIO

__all__ = ["ProgressBar", "StatusLine"]

REDRAW_SECONDS = 0.1
PLAIN_SECONDS = 5.0
PLAIN_STEP = 0.1
BAR = 24


class ProgressBar:
    """Call it with a label, how much is done, how much there is and, if need be, what is in hand.

    A new label begins a new count; its rate tells the time left.

    unit  "B" for bytes; else what is counted, or nothing
    """

    def __init__(
        self,
        unit: str = "",
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._unit = unit
        self._stream = stream or sys.stderr
        self._clock = clock
        self._live = self._stream.isatty()
        self._label: str | None = None
        self._begun = (0.0, 0)
        self._shown = (0.0, 0.0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def reading(self, name: str, done: int, total: int) -> None:
        """What a library calls while it reads files: `index.report.Progress`."""
        if total:
            self("Reading", done, total, name)

    def __call__(self, label: str, done: int, total: int, note: str = "") -> None:
        now = self._clock()
        fresh = label != self._label
        if fresh:
            # What was there before counting began, as of an interrupted download, took no time.
            self._begun = (now, done)
            self._label = label
        fraction = done / total if total else 1.0
        if not fresh and not self._due(now, fraction):
            return
        self._shown = (now, fraction)
        text = self._text(label, done, total, fraction, now)
        if note:
            text += f"  {_printable(note)}"
        if self._live:
            width = shutil.get_terminal_size().columns - 1
            self._stream.write(f"\r\x1b[K{text[:width]}")
        else:
            self._stream.write(f"{text}\n")
        self._stream.flush()

    def close(self) -> None:
        """Leave the line as it stands; what follows begins on a new one."""
        if self._live and self._label is not None:
            self._stream.write("\n")
            self._stream.flush()
        self._label = None

    def _due(self, now: float, fraction: float) -> bool:
        then, before = self._shown
        if fraction >= 1.0 > before:
            return True
        if self._live:
            return now - then >= REDRAW_SECONDS
        return fraction - before >= PLAIN_STEP or (
            now - then >= PLAIN_SECONDS and fraction != before
        )

    def _text(self, label: str, done: int, total: int, fraction: float, now: float) -> str:
        parts = [f"{_printable(label)}  {fraction:4.0%}"]
        if self._live:
            full = int(fraction * BAR)
            parts.append(f"[{'#' * full}{'-' * (BAR - full)}]")
        parts.append(f"{self._amount(done)} of {self._amount(total)}")
        begun, before = self._begun
        if now - begun >= 1 and done > before:
            rate = (done - before) / (now - begun)
            parts.append(f"{self._amount(rate)}/s")
            if done < total:
                parts.append(f"{_duration((total - done) / rate)} left")
        return "  ".join(parts)

    def _amount(self, number: float) -> str:
        if self._unit != "B":
            shown = f"{number:.1f}" if 0 < number < 10 and number % 1 else f"{number:.0f}"
            return f"{shown} {self._unit}".rstrip()
        if number >= 1e9:
            return f"{number / 1e9:.2f} GB"
        for name, size in (("MB", 1e6), ("kB", 1e3)):
            if number >= size:
                return f"{number / size:.1f} {name}"
        return f"{number:.0f} B"


class StatusLine:
    """Says what is being done, and streams the words of an answer that a better one will replace.

    status  where `say` writes
    words   where `stream` writes; a terminal
    """

    def __init__(self, status: TextIO | None = None, words: TextIO | None = None) -> None:
        self._status = status or sys.stderr
        self._words = words or sys.stdout
        self._live = self._status.isatty()
        self._said = ""
        self._shown = False
        self._rows = self._column = 0
        self._streamed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.clear()

    def say(self, text: str, fraction: float | None = None) -> None:
        """Show what is being done; while words are streamed, nothing is."""
        if self._streamed:
            return
        text = _printable(text)
        if self._live:
            share = "" if fraction is None else f"  {fraction:.0%}"
            width = shutil.get_terminal_size().columns - 1
            self._status.write(f"\r\x1b[K{(text + share)[:width]}")
            self._shown = True
        elif text != self._said:
            self._status.write(f"{text}\n")
        self._status.flush()
        self._said = text

    def stream(self, text: str) -> None:
        """Show words as they come."""
        self._wipe_status()
        self._streamed = True
        # The words may quote an article, and an article may hold a terminal's control characters.
        text = "".join(char for char in text if char == "\n" or _printable(char))
        columns = shutil.get_terminal_size().columns
        for char in text:
            width = 0 if char == "\n" else _width(char)
            if char == "\n" or self._column + width > columns:
                self._rows, self._column = self._rows + 1, 0
            self._column += width
        self._words.write(text)
        self._words.flush()

    def clear(self) -> None:
        """Take away the status and the streamed words, as far as they are still on the screen."""
        self._wipe_status()
        if self._streamed:
            rows = min(self._rows, shutil.get_terminal_size().lines - 1)
            self._words.write(f"\x1b[{rows}A\r\x1b[J" if rows else "\r\x1b[J")
            self._words.flush()
        self._rows = self._column = 0
        self._streamed = False

    def _wipe_status(self) -> None:
        if self._shown:
            self._status.write("\r\x1b[K")
            self._status.flush()
            self._shown = False


def _printable(text: str) -> str:
    return "".join(char for char in text if unicodedata.category(char) not in ("Cc", "Cf"))


def _width(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
