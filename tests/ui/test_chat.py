"""`refdesk ask` in a conversation, over a desk with a script."""

from __future__ import annotations

import argparse
import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from rag.types import Event, Question, Turn
from tests.ui.fake_desk import FIRST_WORDS, FakeDesk, cited_answer
from ui import chat
from ui.cli import main


class Typed(io.StringIO):
    """A terminal where lines are typed; `interrupt` is Ctrl-C instead of a line."""

    def isatty(self) -> bool:
        return True

    def readline(self, size: int | None = -1) -> str:  # type: ignore[override]
        line = super().readline()
        if line == "interrupt\n":
            raise KeyboardInterrupt
        return line


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> FakeDesk:
    desk = FakeDesk()

    @contextmanager
    def opened(arguments: argparse.Namespace, **_: Any) -> Iterator[Any]:
        yield SimpleNamespace(ask=desk.ask, engine=SimpleNamespace(ask=desk.ask))

    monkeypatch.setattr(chat, "opened", opened)
    return desk


@pytest.fixture
def say(
    desk: FakeDesk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    def say(stdin: io.StringIO, *argv: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", stdin)
        code = main(["ask", *argv])
        said = capsys.readouterr()
        return code, said.out, said.err

    return say


Say = Callable[..., tuple[int, str, str]]


def test_each_question_comes_with_the_turns_before_it(desk: FakeDesk, say: Say) -> None:
    lines = io.StringIO("How high did it rise?\n\n  When did he close it?\nWho is Ines?")
    code, out, _ = say(lines, "--chat")
    assert code == 0
    assert desk.asked == ["How high did it rise?", "When did he close it?", "Who is Ines?"]
    answer = cited_answer("").text
    first = Turn("How high did it rise?", answer)
    # The question as it was understood is the better one to remember.
    second = Turn("When did Holt close it?", answer)
    assert desk.turns == [(), (first,), (first, second)]
    assert out.count("> ") == 3
    assert out.index("> When did he close it?") < out.index("(Understood as: When did Holt close")
    assert desk.open == 0


def test_a_question_on_the_command_line_opens_the_conversation(desk: FakeDesk, say: Say) -> None:
    assert say(io.StringIO("Why?\n"), "How high?", "--chat")[0] == 0
    assert desk.asked == ["How high?", "Why?"]


def test_one_question_reads_no_input(desk: FakeDesk, say: Say) -> None:
    code, out, _ = say(io.StringIO("Why?\n"), "How high?")
    assert (code, desk.asked) == (0, ["How high?"])
    assert "> " not in out


def test_json_is_one_document_a_line(say: Say) -> None:
    code, out, _ = say(io.StringIO("How high?\nWhen did he sail?\n"), "--chat", "--json")
    assert code == 0
    answers = [json.loads(line) for line in out.splitlines()]
    assert [each["question"] for each in answers] == ["How high?", "When did he sail?"]
    assert [each["understood"] for each in answers] == ["", "When did Holt sail?"]


def test_a_pipe_without_chat_is_told_apart_from_no_question(desk: FakeDesk, say: Say) -> None:
    code, out, err = say(io.StringIO("How high?\n"))
    assert (code, out, desk.asked) == (2, "", [])
    assert "--chat" in err


def test_a_faulty_question_does_not_stop_the_rest(desk: FakeDesk, say: Say) -> None:
    code, out, err = say(io.StringIO(f"{'x' * 2001}\nHow high?\n"), "--chat")
    assert code == 2
    assert "2,001 characters" in err
    assert "4.2 metres" in out
    assert desk.turns == [(), ()]


def test_what_no_question_can_mend_ends_it(desk: FakeDesk, say: Say) -> None:
    code, _, err = say(io.StringIO("no model\nHow high?\n"), "--chat")
    assert code == 1
    assert "refdesk models pull" in err
    assert desk.asked == ["no model"]


def test_no_question_on_a_terminal_begins_a_conversation(desk: FakeDesk, say: Say) -> None:
    code, out, err = say(Typed("How high?\n\nWhy?\n"))
    assert code == 0
    assert desk.asked == ["How high?", "Why?"]
    assert "Ctrl-D" in err
    assert "> " not in out
    assert "Traceback" not in err


def test_ctrl_c_at_the_prompt_ends_the_conversation(desk: FakeDesk, say: Say) -> None:
    code, _, err = say(Typed("How high?\ninterrupt\nWhy?\n"))
    assert (code, desk.asked) == (130, ["How high?"])
    assert "Traceback" not in err


def test_ctrl_c_stops_the_answer_and_not_the_conversation(
    desk: FakeDesk, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = desk.ask

    def ask(question: Question) -> Iterator[Event]:
        for n, event in enumerate(real(question)):
            if n == 3 and question.text == "Stop me":
                raise KeyboardInterrupt
            yield event

    monkeypatch.setattr(desk, "ask", ask)
    code, out, err = say(Typed("Stop me\nHow high?\n"))
    assert code == 0
    assert "Stopped." in err
    assert "4.2 metres" in out
    assert desk.turns == [(), ()]


def test_ctrl_c_ends_a_conversation_from_a_pipe(
    desk: FakeDesk, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask(question: Question) -> Iterator[Event]:
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(desk, "ask", ask)
    code, _, err = say(io.StringIO("How high?\nWhy?\n"), "--chat")
    assert code == 130
    assert "interrupted" in err


def test_bytes_that_are_no_text_do_not_end_it(desk: FakeDesk, say: Say) -> None:
    raw = io.TextIOWrapper(io.BytesIO(b"How high? \xff\nWhy?\n"), encoding="utf-8")
    assert say(raw, "--chat")[0] == 0
    assert desk.asked == ["How high? \ufffd", "Why?"]


def test_words_that_are_withdrawn_are_taken_away(
    desk: FakeDesk, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat, "_live", lambda _: True)
    code, out, _ = say(io.StringIO(), "Who said it anew?")
    assert code == 0
    wiped, _, rest = out.partition("\r\x1b[J")
    assert wiped.startswith(FIRST_WORDS)
    assert FIRST_WORDS not in rest
    assert rest
