"""Questions that are still being typed: what they will need is made ready while nobody asks."""

from __future__ import annotations

import logging
import threading

from index.errors import RefdeskError
from rag.closing import closing
from rag.types import Question
from ui.desk import Desk

__all__ = ["FEWEST_WORDS", "Ahead", "Typed"]

log = logging.getLogger("refdesk")

FEWEST_WORDS = 3
"""Below this many words a question does not yet say what it is about."""

_MOST = 8
"""Pages whose questions are made ready at once; the model takes them one by one."""


class Typed:
    """A question being typed. Its work begins at once and ends by itself or with `stop`."""

    def __init__(self, desk: Desk, question: Question) -> None:
        self.question = question
        self._desk = desk
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="refdesk-ahead", daemon=True)
        self._thread.start()

    @property
    def ended(self) -> bool:
        return not self._thread.is_alive()

    def stop(self) -> None:
        """Ends the work at its next step."""
        self._stop.set()

    def _work(self) -> None:
        try:
            with closing(self._desk.prepare(self.question)) as steps:
                for _ in steps:
                    if self._stop.is_set():
                        break
        except RefdeskError as exc:
            # It fails again, and is told, when the question is asked.
            log.debug("A question being typed was not made ready: %s", exc)
        except Exception:
            log.exception("A question being typed could not be made ready")


class Ahead:
    """What is being typed, page by page: of each page the last that was seen."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._lock = threading.Lock()
        self._typed: dict[str, Typed] = {}

    def typing(self, session: str, question: Question) -> None:
        """A page's reader has paused in typing `question`."""
        with self._lock:
            self._typed = {key: each for key, each in self._typed.items() if not each.ended}
            before = self._typed.get(session)
            if before is not None:
                if before.question == question:
                    return
                before.stop()
            if len(self._typed) < _MOST and len(question.text.split()) >= FEWEST_WORDS:
                self._typed[session] = Typed(self._desk, question)

    def stop(self, session: str) -> None:
        """The page's question is asked, or dropped."""
        with self._lock:
            if (typed := self._typed.pop(session, None)) is not None:
                typed.stop()
