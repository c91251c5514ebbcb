"""A queue of callers for something that serves one at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator

_POLL_S = 0.5


class Turns:
    """First come, first served. `take` yields the number ahead until it is the caller's turn."""

    def __init__(self) -> None:
        self._free = threading.Condition()
        self._queue: list[object] = []

    def take(self) -> Iterator[int]:
        ticket = object()
        with self._free:
            self._queue.append(ticket)
        try:
            while True:
                with self._free:
                    if self._queue[0] is not ticket:
                        self._free.wait(_POLL_S)
                    ahead = self._queue.index(ticket)
                if ahead == 0:
                    return
                yield ahead
        except BaseException:
            with self._free:
                self._queue.remove(ticket)
                self._free.notify_all()
            raise

    def give(self) -> None:
        with self._free:
            self._queue.pop(0)
            self._free.notify_all()
