"""A language model in a process of its own, so that a fault of native code ends no page.

Whoever waits for an answer when that process breaks off is told so; the next question starts it
again.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import queue
import subprocess
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from index import errors
from index.child import end, ending, receive, send, start
from index.errors import ModelError, ModelLoadError
from rag.llm import Check, End, Prompt, Step
from rag.messages import check_message, prompt_message, step_from
from rag.shelf import Shelf, Shelving, keys
from rag.tuning import Tuning

__all__ = ["Remote"]

log = logging.getLogger("refdesk")

_CLOSED = "The language model was closed. Start Refdesk again."

_TOLD = 400
"""Characters of what the process wrote before it broke off, for the log."""


class Remote:
    """One GGUF model, served by `rag.modelworker`. Safe to use from several threads."""

    def __init__(
        self,
        path: Path,
        *,
        name: str,
        context: int = 4096,
        pool: int = 0,
        seats: int = 4,
        tuning: Tuning | None = None,
        draft: int = 7,
        gpu_layers: int = -1,
        kept_mb: int = 128,
        shelving: Shelving | None = None,
        about: Callable[[], str] = lambda: "",
        worker: Sequence[str] = ("-m", "rag.modelworker"),
    ) -> None:
        """Starts the process and waits until the model is loaded.

        path     a GGUF file whose checksum the caller has verified
        context  tokens of one prompt and its answer together
        pool     tokens of all that is answered at once; `context` at least
        seats    answers at once
        tuning   None: the default's
        draft    tokens guessed at once by prompt lookup, at most; 0: off
        kept_mb  memory for what was read of earlier prompts
        shelving  where passages are kept that were read by themselves; None: nowhere
        about    what else to say where the model cannot be loaded, such as what it needs
        worker   arguments to Python that start the process

        Raises ModelLoadError.
        """
        self.name = name
        self.context = context
        self.runs: dict[str, Any] = {}
        """What runs it; see `rag.built`."""
        self._load = {
            "path": str(path), "name": name, "context": context, "pool": pool,
            "seats": seats, "tuning": asdict(tuning or Tuning()), "draft": draft,
            "gpu_layers": gpu_layers, "kept_bytes": kept_mb * 1024 * 1024,
            "shelf": shelving and [str(shelving.folder), shelving.most, shelving.model],
        }  # fmt: skip
        self._shelving = shelving
        self.shelf: Shelf | None = None
        """Where passages are kept that this model has read."""
        self._about = about
        self._worker = tuple(worker)
        self._lock = threading.Lock()
        self._keys = itertools.count(1)
        self._closed = False
        self._busy_before_s = 0.0
        self._process = self._started()

    @property
    def process_id(self) -> int:
        return self._process.id

    @property
    def busy_s(self) -> float:
        """Core seconds that the model has taken so far."""
        return self._busy_before_s + self._process.busy_s

    def generate(
        self,
        prompt: Prompt,
        *,
        max_tokens: int,
        checks: Sequence[Check] = (),
        never_first: Sequence[str] = (),
    ) -> Iterator[Step]:
        return self._steps(
            {
                "prompt": prompt_message(prompt),
                "checks": [check_message(each) for each in checks],
                "max_tokens": max_tokens,
                "never_first": list(never_first),
            }
        )

    def read(self, prompt: Prompt, *, idle: bool = False) -> Iterator[Step]:
        return self._steps({"prompt": prompt_message(prompt), "ahead": True, "idle": idle})

    def has_read(self, prompt: Prompt) -> bool:
        shelf, passages = self.shelf, keys(prompt)
        return (
            shelf is not None
            and bool(passages)
            and all(shelf.has(passage.shelf, key) for passage, key in passages)
        )

    def close(self) -> None:
        """Ends the process; whoever waits for an answer is told so."""
        with self._lock:
            self._closed = True
            self._process.stop()

    def _steps(self, message: dict[str, Any]) -> Iterator[Step]:
        key = next(self._keys)
        process = self._running()
        answers = process.ask(key, message)
        over = False
        try:
            while True:
                event = answers.get()
                if isinstance(event, End):
                    over = True
                    if event.error:
                        raise ModelError(event.error)
                    return
                yield event
        finally:
            process.forget(key, cancel=not over)

    def _running(self) -> _Process:
        """The process, started again if it broke off. Raises ModelLoadError, ModelError."""
        with self._lock:
            if self._closed:
                raise ModelError(_CLOSED)
            if self._process.fault is not None:
                self._busy_before_s += self._process.busy_s
                self._process.stop()
                self._process = self._started()
            return self._process

    def _started(self) -> _Process:
        try:
            process = _Process(self._worker, self._load)
        except ModelLoadError as exc:
            raise ModelLoadError(f"{exc} {self._about()}".rstrip()) from exc
        self.context, self.runs = process.context, {**process.runs, "draft": process.draft}
        # What is read is the same whatever is guessed.
        self.shelf = self._shelving.shelf(process.runs) if self._shelving else None
        return process


class _Process:
    """A running worker, and those who wait for what it says."""

    def __init__(self, worker: Sequence[str], load: dict[str, Any]) -> None:
        self.fault: str | None = None
        self.busy_s = 0.0
        self._name = str(load["name"])
        self._lock = threading.Lock()
        self._waiting: dict[int, queue.SimpleQueue[Step | End]] = {}
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 it is open as long as the process
        try:
            self._popen = start(worker, {}, self._stderr)
        except OSError as exc:
            raise ModelLoadError(
                f"No process can be started for the language model ({exc.strerror}). End other "
                "programs and try again."
            ) from exc
        self.id = self._popen.pid
        self._finalizer = weakref.finalize(self, _ended, self._popen, self._stderr)
        with contextlib.suppress(OSError):  # what it has to say of its end is better
            self._send({"load": load})
        ready = self._received()
        if ready is None:
            raise ModelLoadError(self._broken_off("while the model was loaded"))
        if "error" in ready:
            self.stop()
            kind: type[ModelError] = getattr(errors, ready["error"])
            raise kind(ready["message"])
        self.context = int(ready["ready"]["context"])
        self.runs: dict[str, Any] = ready["ready"]["runs"]
        self.draft: int = ready["ready"]["draft"]
        threading.Thread(target=self._listen, daemon=True).start()

    def ask(self, key: int, message: dict[str, Any]) -> queue.SimpleQueue[Step | End]:
        """Sends an order. Returns where its events come, the last of them an `End`."""
        answers: queue.SimpleQueue[Step | End] = queue.SimpleQueue()
        with self._lock:
            if self.fault is not None:
                answers.put(End(self.fault))
                return answers
            self._waiting[key] = answers
            # Where nobody hears it, the listener tells all who wait.
            with contextlib.suppress(OSError, ValueError):
                self._send({"id": key, **message})
        return answers

    def forget(self, key: int, *, cancel: bool) -> None:
        """Nobody waits for this order any more."""
        with self._lock:
            self._waiting.pop(key, None)
            if cancel and self.fault is None:
                with contextlib.suppress(OSError, ValueError):  # it broke off, or was closed
                    self._send({"cancel": key})

    def stop(self) -> None:
        self._finalizer()

    def _listen(self) -> None:
        while self._heard():
            pass

    def _heard(self) -> bool:
        """Hands on what the process says next. Returns whether it said anything."""
        message = self._received()
        if message is None:
            closed = not self._finalizer.alive
            fault = _CLOSED if closed else self._broken_off("while it was answering")
            with self._lock:
                self.fault = fault
                waiting, self._waiting = self._waiting, {}
            for answers in waiting.values():
                answers.put(End(fault))
            return False
        self.busy_s = message["busy_s"]
        with self._lock:
            for key, kind, fields in message["events"]:
                if key in self._waiting:
                    self._waiting[key].put(step_from(kind, fields))
        return True

    def _send(self, message: Any) -> None:
        assert self._popen.stdin is not None
        send(self._popen.stdin, message)

    def _received(self) -> Any:
        assert self._popen.stdout is not None
        try:
            return receive(self._popen.stdout)
        except (OSError, ValueError):  # closed under it
            return None

    def _broken_off(self, when: str) -> str:
        how = ending(self._popen)
        with contextlib.suppress(OSError, ValueError):
            self._stderr.seek(0)
            said = " ".join(self._stderr.read().decode("utf-8", "replace").split())
            if said:
                log.error("The language model's process (%s) said: %s", how, said[-_TOLD:])
        self.stop()
        return f"The program that runs {self._name} broke off {when} ({how}). {_advice(how)}"


def _advice(how: str) -> str:
    if how == "SIGILL":
        return (
            "llama.cpp was built for another processor: build it again with `make llama`, then "
            "start Refdesk again."
        )
    if how == "SIGKILL":
        return (
            "That happens where memory runs out: lower `model.pool` and `model.context`, choose a "
            "smaller model, or end other programs. The next question starts it again."
        )
    return "The next question starts it again; if it happens every time, run `refdesk doctor`."


def _ended(process: subprocess.Popen[bytes], stderr: IO[bytes]) -> None:
    end(process)
    stderr.close()
