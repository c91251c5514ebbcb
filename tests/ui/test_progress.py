from __future__ import annotations

import io
import os

import pytest

from ui.progress import ProgressBar, StatusLine


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_in_a_log_it_is_a_few_plain_lines() -> None:
    log, clock = io.StringIO(), Clock()
    with ProgressBar("B", log, clock) as bar:
        for done in range(1001):
            clock.now += 0.01
            bar("tiny", done * 1_000_000, 1_000_000_000)
    lines = log.getvalue().splitlines()
    assert lines[0] == "tiny    0%  0 B of 1.00 GB"
    assert lines[-1] == "tiny  100%  1.00 GB of 1.00 GB  100.0 MB/s"
    assert 10 <= len(lines) <= 12
    assert "40%" in lines[4]
    assert lines[4].endswith("6 s left")


def test_what_is_in_hand_does_not_begin_a_new_count() -> None:
    log, clock = io.StringIO(), Clock()
    bar = ProgressBar("", log, clock)
    for done in range(11):
        bar("Reading", done, 10, f"{done}.md\x1b[31m")
        clock.now += 2
    assert "Reading   80%  8 of 10  0.5/s  4 s left  8.md[31m" in log.getvalue().splitlines()


def test_a_slow_log_still_says_something() -> None:
    log, clock = io.StringIO(), Clock()
    bar = ProgressBar("", log, clock)
    for done in range(10):
        clock.now += 3
        bar("reading", done, 1000)
        bar("reading", done, 1000)
    assert len(log.getvalue().splitlines()) == 5


def test_on_a_terminal_it_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.get_terminal_size", lambda: os.terminal_size((60, 24)))
    screen, clock = Screen(), Clock()
    with ProgressBar("", screen, clock) as bar:
        bar("a\x1b[31m file", 0, 4)
        clock.now = 0.01
        bar("a\x1b[31m file", 1, 4)  # too soon to draw
        clock.now = 2.0
        bar("a\x1b[31m file", 2, 4)
        bar("a\x1b[31m file", 4, 4)
    shown = screen.getvalue()
    assert shown.count("\r\x1b[K") == 3
    assert shown.endswith("\n")
    assert "[31m file" in shown
    assert "\x1b[31m" not in shown
    assert f"[{'#' * 12}{'-' * 12}]" in shown
    assert all(len(line) <= 59 + 3 for line in shown.split("\r"))


def test_what_was_there_before_took_no_time() -> None:
    log, clock = io.StringIO(), Clock()
    bar = ProgressBar("B", log, clock)
    bar("tiny", 900, 1000)
    clock.now = 10.0
    bar("tiny", 950, 1000)
    assert log.getvalue().splitlines()[-1].endswith("5 B/s  10 s left")


def test_nothing_to_do_is_done() -> None:
    log = io.StringIO()
    ProgressBar("", log)("none", 0, 0)
    assert "100%" in log.getvalue()


def test_status_in_a_log_says_each_thing_once() -> None:
    log = io.StringIO()
    with StatusLine(log, io.StringIO()) as line:
        line.say("Searching")
        line.say("Reading", 0.1)
        line.say("Reading", 0.2)
    assert log.getvalue() == "Searching\nReading\n"


def test_streamed_words_are_taken_away_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.get_terminal_size", lambda: os.terminal_size((10, 24)))
    status, words = Screen(), Screen()
    with StatusLine(status, words) as line:
        line.say("Reading", 0.25)
        assert status.getvalue() == "\r\x1b[KReading  "  # cut to the terminal's width
        line.stream("one two three\n")
        line.stream("\x1b[2Jfour")
        line.say("Checking")
    assert status.getvalue() == "\r\x1b[KReading  \r\x1b[K"
    # Thirteen letters take two rows of ten, and the line break begins a third.
    assert words.getvalue() == "one two three\n[2Jfour\x1b[2A\r\x1b[J"
