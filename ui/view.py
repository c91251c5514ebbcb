"""What the page shows at one moment of a question: events in, HTML out. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rag.types import Answer, Event, Finished, Source, Sources, Status, Token, Withdrawn
from ui import render
from ui.choice import Choice, where_html
from ui.cited import displayed
from ui.prose import escaped

FORGOT = (
    "Asked without the earlier questions of this page: other pages have asked since, and only the "
    "last that asked are remembered."
)
"""Told where a conversation was let go of without the reader's doing."""

_ASKING = Status("Asking")
_EVERYTHING = Choice()


@dataclass(frozen=True, slots=True)
class View:
    """One question, and all that is known of its answer so far.

    choice   what it is limited to
    stopped  the reader ended it before the answer was there
    forgot   the page's earlier questions did not go with it: others took their place
    """

    question: str
    choice: Choice = _EVERYTHING
    status: Status = _ASKING
    text: str = ""
    sources: tuple[Source, ...] = ()
    answer: Answer | None = None
    error: str = ""
    stopped: bool = False
    forgot: bool = False

    def after(self, event: Event) -> View:
        """The view once `event` has come."""
        if isinstance(event, Status):
            return replace(self, status=event)
        if isinstance(event, Sources):
            return replace(self, sources=event.sources)
        if isinstance(event, Token):
            return replace(self, text=self.text + event.text, status=Status("Writing the answer"))
        if isinstance(event, Withdrawn):
            return replace(self, text="")
        if isinstance(event, Finished):
            return replace(self, answer=event.answer, sources=event.answer.sources)
        raise TypeError(f"unknown event {event!r}")

    @property
    def busy(self) -> bool:
        return self.answer is None and not self.error and not self.stopped

    def answer_pane(self, elapsed_s: float = 0.0) -> str:
        """The question and what there is of its answer."""
        return (
            # While it is busy, screen readers wait: they read the answer once it is whole.
            f'<section class="rd-answer" aria-label="Answer" aria-live="polite"'
            f' aria-busy="{"true" if self.busy else "false"}">'
            f'<h2 class="rd-question">{escaped(self.question.strip())}</h2>'
            f"{where_html(self.choice)}{self._answer(elapsed_s)}</section>"
        )

    def sources_pane(self) -> str:
        """The passages, as soon as they are known."""
        if self.answer is not None:
            refused = self.answer.refused
            return render.sources_html(self.sources, displayed(self.answer), refused=refused)
        return render.sources_html(self.sources)

    def _answer(self, elapsed_s: float) -> str:
        if self.answer is not None:
            told = render.answer_html(self.answer)
            if self.choice.where is not None and not self.sources:
                told += '<p class="rd-note">No article is within these limits.</p>'
            if self.forgot:
                told += f'<p class="rd-note">{FORGOT}</p>'
            return told + render.footer_html(self.answer)
        if self.error:
            return render.error_html(self.error)
        if self.stopped:
            return render.stopped_html(self.text, self.sources)
        written = render.streaming_html(self.text, sources=self.sources)
        return written + render.status_html(self.status, elapsed_s)
