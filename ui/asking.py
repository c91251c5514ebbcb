"""Questions under way: each in a thread of its own, so that whoever waits for one never blocks.

Only that thread touches the desk's iterator. It looks at the stop flag between two events and
closes the iterator itself, because a generator cannot be closed while it runs.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import threading
import time
from collections.abc import AsyncGenerator
from queue import Empty, SimpleQueue

from index.errors import RefdeskError, ServeError
from rag.closing import closing
from rag.types import Event, Question
from ui.desk import Desk

log = logging.getLogger("refdesk")

FRAME_S = 0.25
"""How often a follower is told what has come: fast enough to read along, and seldom enough that a
browser on the same processor does not slow the model down."""

_ENDING = "Refdesk is being stopped. Start it again with `refdesk serve`."


class Asking:
    """One question under way. It begins at once."""

    def __init__(self, desk: Desk, question: Question | str) -> None:
        self._desk = desk
        self._question = question
        self._events: SimpleQueue[Event] = SimpleQueue()
        self._error: Exception | None = None
        self._reason: RefdeskError | None = None
        self._stop = threading.Event()
        self._ended = threading.Event()
        # A daemon: a step of the model that takes its time must not hold up the program's end.
        threading.Thread(target=self._work, name="refdesk-asking", daemon=True).start()

    def stop(self, reason: RefdeskError | None = None) -> None:
        """Ends the work at the next event. Followers end at once; `reason` is raised to them."""
        if not self._ended.is_set():
            self._reason = self._reason or reason
            self._stop.set()

    @property
    def stopped(self) -> bool:
        """Whether it was stopped before its end."""
        return self._stop.is_set()

    @property
    def ended(self) -> bool:
        """Whether the desk has been let go of."""
        return self._ended.is_set()

    async def follow(self, every: float = FRAME_S) -> AsyncGenerator[list[Event], None]:
        """What has come, `every` so many seconds (an empty list: nothing), until the end.

        Whoever stops following stops the work. Raises what the desk raised.
        """
        try:
            while not self.stopped:
                ended = self.ended
                events = self._drain()
                if events or not ended:
                    yield events
                if ended:
                    break
                await asyncio.sleep(every)
        finally:
            self.stop()
        if self._reason is not None:
            raise self._reason
        if self._error is not None and not self.stopped:
            raise self._error

    def _drain(self) -> list[Event]:
        events = []
        while True:
            try:
                events.append(self._events.get_nowait())
            except Empty:
                return events

    def _work(self) -> None:
        try:
            with closing(self._desk.ask(self._question)) as events:
                for event in events:
                    if self._stop.is_set():
                        break
                    self._events.put(event)
        except Exception as exc:  # the follower tells it
            self._error = exc
        finally:
            self._ended.set()


class Askings:
    """All questions under way, so that their number is bounded and the end reaches them."""

    def __init__(self, desk: Desk, most: int = 16) -> None:
        self._desk = desk
        self._most = most
        self._lock = threading.Lock()
        self._open: list[Asking] = []
        self._closed = False

    @property
    def busy(self) -> bool:
        """Whether any question is under way."""
        with self._lock:
            return any(not each.ended for each in self._open)

    def begin(self, question: Question | str) -> Asking:
        """Asks. Raises ServeError if too many questions wait, or the program is ending."""
        with self._lock:
            if self._closed:
                raise ServeError(_ENDING)
            self._open = [each for each in self._open if not each.ended]
            if len(self._open) >= self._most:
                raise ServeError(
                    f"{self._most} questions are being answered already. Try again in a moment."
                )
            asking = Asking(self._desk, question)
            self._open.append(asking)
        return asking

    def close(self, patience_s: float = 1.0) -> None:
        """Stops every question and takes no more. Waits `patience_s` at most."""
        with self._lock:
            self._closed = True
            rest = self._open
        for asking in rest:
            asking.stop(ServeError(_ENDING))
        until = time.monotonic() + patience_s
        while any(not each.ended for each in rest) and time.monotonic() < until:
            time.sleep(0.02)


def told(exc: Exception) -> str:
    """What to tell the reader of an error: its message, or where the log has more of it."""
    if isinstance(exc, RefdeskError):
        return str(exc)
    reference = secrets.token_hex(4)
    log.error("Fault %s while answering", reference, exc_info=exc)
    return f"Something went wrong in Refdesk. Its log tells more under the reference {reference}."
