"""A model in a process of its own: what it says, how it breaks off, and what is told then."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from index.errors import ModelError, ModelLoadError
from rag.llm import Began, Check, Checked, End, Part, Piece, Prefill, Waiting
from rag.messages import (
    check_from,
    check_message,
    prompt_from,
    prompt_message,
    step_from,
    step_message,
)
from rag.remote import Remote

PROMPT = (Part("<s>", template=True, kept=True), Part("Why?"))

WORKER = """
import os, signal, sys
from index.child import listening, send, talk
out, heard = talk(), listening()
load = heard.get()["load"]
kind = sys.argv[1]
if kind == "refuses":
    send(out, {"error": "ModelLoadError", "message": "No such model."})
    sys.exit()
if kind == "dies loading":
    os.kill(os.getpid(), signal.SIGKILL)
send(out, {"ready": {"context": 77, "runs": {"version": "1"}, "draft": 7}})
while True:
    message = heard.get()
    if "cancel" in message:
        send(out, {"events": [], "busy_s": 5.0})
        continue
    key, said = message["id"], "".join(part[0] for part in message["prompt"])
    send(out, {"events": [[key, "Began", {"tokens": 3}]], "busy_s": 1.0})
    if "crash" in said:
        print("GGML_ASSERT failed", file=sys.stderr, flush=True)
        os.kill(os.getpid(), signal.SIGABRT)
    if "endless" in said:
        continue
    error = "It went wrong." if "wrong" in said else ""
    send(out, {"events": [[key, "Piece", {"text": said, "tokens": 1}],
                          [key, "End", {"error": error}]], "busy_s": 2.0})
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "worker.py"
    path.write_text(WORKER, encoding="utf-8")
    return path


@pytest.fixture
def remote(script: Path) -> Iterator[Remote]:
    model = made(script)
    yield model
    model.close()


def made(script: Path, kind: str = "", about: str = "") -> Remote:
    worker = [str(script), kind]
    return Remote(Path("m.gguf"), name="tiny", worker=worker, about=lambda: about)


def said(model: Remote, text: str) -> list[object]:
    return [*model.generate((Part(text),), max_tokens=9)]


def test_orders_and_events_survive_the_way() -> None:
    check = Check(PROMPT, ("yes", "Yes"), ())
    assert prompt_from(prompt_message(PROMPT)) == PROMPT
    assert check_from(check_message(check)) == check
    for step in (
        Waiting(2), Began(7), Prefill(1, 2), Checked(0.5), Piece("a", 3, True, 9), End("no"),
    ):  # fmt: skip
        assert step_from(*step_message(step)) == step


def test_each_asker_hears_what_was_said_to_him(remote: Remote) -> None:
    assert (remote.context, remote.runs) == (77, {"version": "1", "draft": 7})
    heard: dict[str, list[object]] = {}
    threads = [
        threading.Thread(target=lambda text=text: heard.update({text: said(remote, text)}))
        for text in ("one", "two", "three")
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join(20)
    assert heard == {text: [Began(3), Piece(text, 1)] for text in ("one", "two", "three")}
    assert remote.busy_s == 2.0


def test_what_cannot_be_done_is_raised(remote: Remote) -> None:
    with pytest.raises(ModelError, match=r"^It went wrong\.$"):
        said(remote, "wrong")
    assert said(remote, "right")[-1] == Piece("right", 1)


def test_a_crash_is_told_to_all_who_wait_and_the_next_question_is_answered(
    remote: Remote, caplog: pytest.LogCaptureFixture
) -> None:
    other = remote.generate((Part("endless"),), max_tokens=9)
    assert next(other) == Began(3)
    with pytest.raises(ModelError, match=r"tiny broke off while it was answering \(SIGABRT\)"):
        said(remote, "crash")
    with pytest.raises(ModelError, match="starts it again"):
        next(other)
    assert "GGML_ASSERT failed" in caplog.text
    assert said(remote, "again")[-1] == Piece("again", 1)
    assert remote.busy_s == 3.0, "what the first process took is not forgotten"


def test_whoever_stops_listening_takes_his_order_back(remote: Remote) -> None:
    steps = remote.generate((Part("endless"),), max_tokens=9)
    next(steps)
    steps.close()  # type: ignore[attr-defined]
    assert said(remote, "next")[-1] == Piece("next", 1)
    assert remote.busy_s in (2.0, 5.0)


def test_a_model_that_cannot_be_loaded_is_told_with_what_it_needs(script: Path) -> None:
    with pytest.raises(ModelLoadError, match=r"^No such model\. It needs 9 GB\.$"):
        made(script, "refuses", "It needs 9 GB.")
    with pytest.raises(ModelLoadError, match=r"tiny broke off while .* \(SIGKILL\).*memory"):
        made(script, "dies loading")


def test_a_closed_model_ends_what_is_under_way(remote: Remote) -> None:
    steps = remote.generate((Part("endless"),), max_tokens=9)
    next(steps)
    remote.close()
    with pytest.raises(ModelError, match="closed"):
        next(steps)
    with pytest.raises(ModelError, match="closed"):
        said(remote, "more")
