"""Open pages: the question that each of them waits for, and what was asked on it before."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace

from index.errors import RefdeskError
from index.types import Entry
from rag.types import Answer, Question, Turn
from ui.ahead import Ahead
from ui.asking import Asking, Askings, told
from ui.choice import chosen
from ui.view import View

TURNS = 6
"""Earlier questions that go with the next one."""

_PAGES = 64
_TOLD = 4096
"""Pages that are known to have been let go of; each takes a few bytes."""


class Sessions:
    """At most one question a page: asking another stops the one before.

    Of each page the last answers are kept, to be sent with its next question and with no other's.
    A page that was closed is not told of: Gradio would hold a connection open for every page, of
    which a browser has six for all its tabs. So the pages that asked last are kept; one that was
    let go of is told so with its next answer.
    """

    def __init__(
        self,
        askings: Askings,
        ahead: Ahead,
        entries: Callable[[], Sequence[Entry]],
        pages: int = _PAGES,
    ) -> None:
        """entries: the documents in the library; pages: whose answers are kept, at most."""
        self._askings = askings
        self._ahead = ahead
        self._entries = entries
        self._pages = pages
        self._current: dict[str, Asking] = {}
        self._turns: dict[str, tuple[Turn, ...]] = {}
        self._let_go: dict[str, None] = {}

    def stop(self, session: str) -> None:
        """Ends what the page waits for, if it waits."""
        asking = self._current.get(session)
        if asking:
            asking.stop()

    def forget(self, session: str) -> None:
        """Ends what the page waits for, and lets go of what was asked on it before."""
        self.stop(session)
        self._ahead.stop(session)
        self._current.pop(session, None)
        self._turns.pop(session, None)
        self._let_go.pop(session, None)

    async def typing(self, session: str, question: str, choice: str = "") -> None:
        """The page's reader has paused in typing `question`, which is not asked yet."""
        try:
            limited = await asyncio.to_thread(chosen, choice, self._entries)
        except RefdeskError:
            return  # told when it is asked
        if session and not self._askings.busy:
            self._ahead.typing(session, Question(question, self.history(session), limited.where))

    def history(self, session: str) -> tuple[Turn, ...]:
        """What goes with the page's next question, oldest first."""
        return self._turns.get(session, ())

    async def views(
        self, session: str, question: str, choice: str = ""
    ) -> AsyncGenerator[tuple[View, int], None]:
        """What to show, and the whole seconds gone by, each time that one of them changes.

        choice  what to search in, as `ui.choice.chosen` takes it

        The last view is not busy. Raises nothing: errors are views.
        """
        started = time.monotonic()
        try:
            limited = await asyncio.to_thread(chosen, choice, self._entries)
        except Exception as exc:
            yield View(question, error=told(exc)), 0
            return
        frame = View(question, limited, forgot=session in self._let_go), 0
        yield frame
        try:
            asking = self._begin(session, Question(question, self.history(session), limited.where))
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
            if view.answer is not None and not superseded:
                self._keep(session, view.answer)
        if superseded:
            return
        if view.busy:
            view = replace(view, stopped=True)
        if view != frame[0]:
            yield view, int(time.monotonic() - started)

    def _begin(self, session: str, question: Question) -> Asking:
        self.stop(session)
        self._ahead.stop(session)
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

    def _keep(self, session: str, answer: Answer) -> None:
        if not session:
            # Programs that name no page of theirs would share one conversation.
            return
        turns = self._turns.pop(session, ())
        # Put at the end: the first are the pages that asked longest ago.
        self._turns[session] = (*turns, turn(answer))[-TURNS:]
        self._let_go.pop(session, None)
        while len(self._turns) > self._pages:
            oldest = next(iter(self._turns))
            del self._turns[oldest]
            self._let_go[oldest] = None
        while len(self._let_go) > _TOLD:
            del self._let_go[next(iter(self._let_go))]


def turn(answer: Answer) -> Turn:
    """An answer as the next question is sent it: what of it is supported, without markers."""
    if answer.refused:
        return Turn(answer.understood or answer.question, answer.text)
    supported = " ".join(claim.text for claim in answer.claims if claim.supported)
    return Turn(answer.understood or answer.question, supported or answer.text)
