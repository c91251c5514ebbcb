"""`refdesk ask`: one question, or a conversation read line by line.

On a terminal Ctrl-C stops the answer in hand, and at the prompt the conversation; Ctrl-D ends it.
From a pipe every line is a question, and what is wrong with one does not stop the rest.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import shutil
import sys
from collections.abc import Iterator

from index.errors import QuestionError, UsageError
from index.types import Filter
from rag.build import Parts
from rag.closing import closing
from rag.types import Answer, Event, Finished, Form, Question, Status, Token, Turn, Withdrawn
from ui.limits import limits_of
from ui.opening import opened, print_json
from ui.plain import answer_json, answer_text
from ui.progress import StatusLine

__all__ = ["ask"]

_PROMPT = "> "
_INTERRUPTED = 130
_KEPT = 20
"""Turns that are remembered; a question looks back at fewer."""


def ask(arguments: argparse.Namespace) -> int:
    """Answers the question, or questions line by line. Returns the exit code."""
    interactive = sys.stdin.isatty()
    if arguments.question is None and not arguments.chat and not interactive:
        raise UsageError(
            "No question was given. Write it behind `refdesk ask`, or read questions from standard "
            "input with --chat."
        )
    limited = limits_of(arguments)
    with StatusLine() as line, opened(arguments, loading=line.say) as parts:
        if arguments.question is not None and not arguments.chat:
            question = Question(arguments.question, where=limited, form=_form(arguments))
            answer = _answered(parts.ask(question), line, live=_live(arguments))
            if arguments.json:
                return print_json(answer_json(answer))
            print(answer_text(answer, _width()))
            return 0
        return _Chat(arguments, parts, line, limited, interactive=interactive).run()


class _Chat:
    """Questions from standard input, each with the turns before it."""

    def __init__(
        self,
        arguments: argparse.Namespace,
        parts: Parts,
        line: StatusLine,
        limited: Filter | None,
        *,
        interactive: bool,
    ) -> None:
        self._first: str | None = arguments.question
        self._json: bool = arguments.json
        self._live = _live(arguments)
        self._parts = parts
        self._line = line
        self._limited = limited
        self._form = _form(arguments)
        self._interactive = interactive
        self._history: tuple[Turn, ...] = ()

    def run(self) -> int:
        """Answers until the input ends. Returns the exit code: of the last error, if there was."""
        code = 0
        try:
            for question in self._questions():
                code = self._one(question) or code
        except KeyboardInterrupt:
            if not self._interactive:
                raise
            print(file=sys.stderr)
            return _INTERRUPTED
        return 0 if self._interactive else code

    def _one(self, question: str) -> int:
        if not self._interactive and not self._json:
            print(f"{_PROMPT}{question}")
        try:
            asked = Question(question, self._history, self._limited, self._form)
            answer = _answered(self._parts.ask(asked), self._line, live=self._live)
        except QuestionError as exc:
            print(f"refdesk: {exc}", file=sys.stderr)
            return exc.exit_code
        except KeyboardInterrupt:
            if not self._interactive:
                raise
            self._line.clear()
            print("Stopped.", file=sys.stderr)
            return 0
        turn = Turn(answer.understood or answer.question, answer.text)
        self._history = (*self._history, turn)[-_KEPT:]
        if self._json:
            print(json.dumps(answer_json(answer), ensure_ascii=False), flush=True)
        else:
            print(f"{answer_text(answer, _width())}\n", flush=True)
        return 0

    def _questions(self) -> Iterator[str]:
        """The lines that hold a question, without the space around them."""
        if self._first is not None:
            yield self._first
        if isinstance(sys.stdin, io.TextIOWrapper):
            # A pipe holds any bytes: what is not UTF-8 must not end the conversation.
            sys.stdin.reconfigure(errors="replace")
        if self._interactive:
            print("Ask, and ask on. Ctrl-D ends the conversation.", file=sys.stderr)
            with contextlib.suppress(ImportError):
                import readline  # noqa: F401 its presence gives `input` editing and earlier lines
        while (line := self._read()) is not None:
            if line.strip():
                yield line.strip()

    def _read(self) -> str | None:
        """The next line; None at the end of the input."""
        try:
            if self._interactive and sys.stdout.isatty():
                return input(_PROMPT)
            if self._interactive:  # the answers go elsewhere, and the prompt must not go with them
                print(_PROMPT, end="", file=sys.stderr, flush=True)
            return sys.stdin.readline() or None
        except EOFError:
            print(file=sys.stderr)
            return None


def _answered(events: Iterator[Event], line: StatusLine, *, live: bool) -> Answer:
    """Follows a question to its answer, telling what is being done.

    live  the words are shown as they come; the checked answer then takes their place
    """
    answer: Answer | None = None
    # An answer that was stopped must free the model for the next question.
    with closing(events):
        for event in events:
            if isinstance(event, Status):
                line.say(event.text, event.fraction)
            elif isinstance(event, Token) and live:
                line.stream(event.text)
            elif isinstance(event, Withdrawn):
                line.clear()
            elif isinstance(event, Finished):
                answer = event.answer
    line.clear()
    assert answer is not None, "ask ends with Finished"
    return answer


def _form(arguments: argparse.Namespace) -> Form:
    return "short" if arguments.short else "full"


def _live(arguments: argparse.Namespace) -> bool:
    return sys.stdout.isatty() and not arguments.json


def _width() -> int:
    return min(shutil.get_terminal_size((88, 24)).columns, 100)
