"""Open pages, and the question that each of them waits for."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from index.errors import RefdeskError
from ui.asking import Asking, Askings, told
from ui.view import View


class Sessions:
    """At most one question a page: asking another stops the one before."""

    def __init__(self, askings: Askings) -> None:
        self._askings = askings
        self._current: dict[str, Asking] = {}

    def stop(self, session: str) -> None:
        """Ends what the page waits for, if it waits."""
        asking = self._current.get(session)
        if asking:
            asking.stop()

    async def views(
        self, session: str, question: str
    ) -> AsyncGenerator[tuple[View, int], None]:  # fmt: skip
        """What to show, and the whole seconds gone by, each time that one of them changes.

        The last view is not busy. Raises nothing: errors are views.
        """
        started = time.monotonic()
        frame = View(question), 0
        yield frame
        try:
            asking = self._begin(session, question)
        except RefdeskError as exc:
            yield replace(frame[0], error=str(exc)), 0
            return
        view = frame[0]
        try:
            async with aclosing(asking.follow()) as following:
                async for events in following:
                    for event in events:
                        view = view.after(event)
                    latest = view, int(time.monotonic() - started)
                    if latest != frame:
                        frame = latest
                        yield frame
        except Exception as exc:
            view = replace(view, error=told(exc))
        finally:
            superseded = self._end(session, asking)
        if superseded:
            return
        if view.busy:
            view = replace(view, stopped=True)
        if view != frame[0]:
            yield view, int(time.monotonic() - started)

    def _begin(self, session: str, question: str) -> Asking:
        self.stop(session)
        asking = self._askings.begin(question)
        self._current[session] = asking
        return asking

    def _end(self, session: str, asking: Asking) -> bool:
        """Lets go of `asking`. Returns whether the page has asked something else meanwhile."""
        asking.stop()
        if self._current.get(session) is not asking:
            return True
        del self._current[session]
        return False
