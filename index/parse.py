"""Files read in a process of its own, within limits of time and memory.

A file that hangs, crashes or bloats its reader costs one worker process and is told by name; the
rest goes on in a new one. The worker starts with the first file that needs it, which takes a few
tenths of a second, and is kept for the files that follow.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from index.child import end, ending, receive, send, start
from index.errors import ReadError
from index.read import read_all
from index.types import Part
from index.worker import error_from, part_from

__all__ = ["Parser"]

# Their readers are decoding and patterns in Python that take a fraction of a second at this size:
# handing them over would cost more than it guards against.
_PLAIN = frozenset({".txt", ".text", ".md", ".markdown"})
_SMALL = 256 * 1024
_MOST_LOST = 3
_STARTING_SECONDS = 60


class Parser:
    """Reads files as `index.read.read_all` does, in a worker process. Safe to share by threads."""

    def __init__(
        self,
        *,
        seconds: int = 120,
        memory_mb: int = 2048,
        worker: Sequence[str] = ("-m", "index.worker"),
    ) -> None:
        """Starts nothing yet.

        seconds    for a file, or a member of an archive
        memory_mb  address space of the worker, where the system can limit it
        worker     arguments to Python that start it
        """
        self._seconds = seconds
        self._memory_mb = memory_mb
        self._worker = tuple(worker)
        self._lock = threading.Lock()
        self._process: _Process | None = None

    def __call__(self, path: Path, *, max_bytes: int) -> list[Part]:
        """The documents that a file holds; see `index.read.read_all`. Raises `ReadError`."""
        if _is_small_text(path):
            return read_all(path, max_bytes=max_bytes)
        with self._lock:
            return self._parts(path, max_bytes)

    def close(self) -> None:
        """Ends the worker; the next file starts a new one."""
        with self._lock:
            self._stop()

    def _parts(self, path: Path, max_bytes: int) -> list[Part]:
        parts: list[Part] = []
        lost = 0
        while True:
            request = {"path": os.path.abspath(path), "max_bytes": max_bytes, "skip": len(parts)}
            try:
                failure, name = self._asked(request, parts)
            except ReadError:
                raise  # told by the worker, which goes on
            except BaseException:  # Ctrl-C among them: the worker is in the middle of a file
                self._stop()
                raise
            if failure is None:
                return parts
            self._stop()
            lost += 1
            if not name:
                raise failure
            if lost == _MOST_LOST:
                raise ReadError(
                    f"could not be read: its reader broke off {lost} times, last on {name!r}:"
                    " unpack it and add what is sound"
                ) from failure
            parts.append(Part(name, failure))

    def _asked(self, request: Any, parts: list[Part]) -> tuple[ReadError | None, str]:
        """Adds the parts that come; (None, "") at the end, else what broke off at which member."""
        fresh = self._process is None or not self._process.is_usable()
        if fresh:
            self._stop()
            self._process = _Process(self._worker, self._seconds, self._memory_mb)
            self._process.wait_until_ready()
        assert self._process is not None
        name, heard = "", False
        for message in self._process.answers(request):
            heard = True
            if "member" in message:
                name = message["member"]
            elif "part" in message:
                parts.append(part_from(message["part"]))
                name = ""
            elif "error" in message:
                raise error_from(message)
            elif "memory" in message:
                return self._out_of_memory(), name
            elif "end" in message:
                return None, ""
        if not (heard or fresh or self._process.expired):
            self._stop()  # it was ended from outside before it came to this file
            return self._asked(request, parts)
        return self._broken_off(), name

    def _out_of_memory(self) -> ReadError:
        return ReadError(
            f"could not be read: that took more than {self._memory_mb} MB of memory; split it or"
            " raise index.parse_memory_mb"
        )

    def _broken_off(self) -> ReadError:
        assert self._process is not None
        if self._process.expired:
            return ReadError(
                f"could not be read: that took longer than {self._seconds} s; split it or raise"
                " index.parse_seconds"
            )
        return ReadError(
            f"could not be read: the reader crashed on it ({self._process.ending()}); open it and"
            " save it again"
        )

    def _stop(self) -> None:
        if self._process is not None:
            self._process.stop()
            self._process = None


class _Process:
    """A running worker."""

    def __init__(self, worker: Sequence[str], seconds: int, memory_mb: int) -> None:
        # One thread each for libraries that would reserve memory for many.
        threads = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1")
        try:
            self._process = start([*worker, str(seconds), str(memory_mb)], threads)
        except OSError as exc:
            raise ReadError(
                f"could not be read: no process can be started for it ({exc.strerror}); end other"
                " programs and try again"
            ) from exc
        self._seconds = seconds
        self._finalizer = weakref.finalize(self, end, self._process)
        self.expired = False

    def is_usable(self) -> bool:
        return not self.expired and self._process.poll() is None

    def wait_until_ready(self) -> None:
        """Waits for the readers to be imported, which no file's time is spent on."""
        if self._received(_STARTING_SECONDS) is None:
            raise ReadError(
                f"could not be read: the process for it did not start ({self.ending()}); see what"
                " `python -m index.worker 1 2048` says in the checkout"
            )

    def answers(self, request: Any) -> Any:
        """The messages to a request, until the last one or until the worker is gone."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            send(self._process.stdin, request)
        except OSError:
            return
        while (message := self._received(self._seconds)) is not None:
            yield message
            if message.keys() & {"end", "error", "memory"}:
                return

    def ending(self) -> str:
        """How the process ended, in words."""
        return ending(self._process)

    def stop(self) -> None:
        self._finalizer()

    def _received(self, seconds: float) -> Any:
        """The next message; None if the worker is gone, or took too long and was ended."""
        assert self._process.stdout is not None
        guard = threading.Lock()
        arrived = False

        def expire() -> None:
            nonlocal arrived
            with guard:  # a message that came in time must not be followed by a kill
                if not arrived:
                    self.expired = True
                    self._process.kill()

        timer = threading.Timer(seconds, expire)
        timer.daemon = True
        timer.start()
        try:
            return receive(self._process.stdout)
        finally:
            timer.cancel()
            with guard:
                arrived = True


def _is_small_text(path: Path) -> bool:
    try:
        return path.suffix.lower() in _PLAIN and path.stat().st_size <= _SMALL
    except (OSError, ValueError):
        return True  # what cannot be looked at is told the same way, at less cost
