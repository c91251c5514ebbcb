"""llama.cpp tried in a process of its own, whose death is told instead of shared.

A build for another processor dies of an illegal instruction with its first prompt, a model that is
too large is ended by the system: what was being done then, and what to do about it, is the message.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from index.child import end, signal_name
from index.errors import ModelLoadError
from rag.tuning import Speed, Tuning

__all__ = ["REBUILD", "REBUILD_PLAIN", "About", "Device", "Probing", "explained"]

REBUILD = "make llama"
REBUILD_PLAIN = "make llama FLAGS='-DGGML_AVX512=OFF -DGGML_AVX_VNNI=OFF'"
"""Without the newest instructions, for what refuses some that it advertises."""

_ROOT = Path(__file__).resolve().parent.parent
_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Device:
    """A graphics card as llama.cpp sees it; memory in bytes."""

    name: str
    about: str
    free: int
    total: int


@dataclass(frozen=True, slots=True)
class About:
    """A build of llama.cpp.

    features  as it prints them: "CPU : AVX = 1 | AVX2 = 1 | ..."
    offloads  it can use a graphics card
    """

    version: str
    features: str
    offloads: bool
    devices: tuple[Device, ...]

    @property
    def instructions(self) -> frozenset[str]:
        """What is switched on in it, by llama.cpp's names."""
        pairs = (each.rpartition(" : ")[2].split(" = ") for each in self.features.split("|"))
        return frozenset(pair[0].strip() for pair in pairs if pair[-1].strip() == "1")


class Probing:
    """The process, to be used in a `with`; started with the first request. For one thread."""

    def __init__(
        self, *, probe: Sequence[str] = ("-m", "rag.probe"), seconds: float = _SECONDS
    ) -> None:
        """probe: arguments to Python that start it; seconds: for one request"""
        self._probe = tuple(probe)
        self._seconds = seconds
        self._process: subprocess.Popen[str] | None = None
        self._errors: IO[str] | None = None
        self._instructions: frozenset[str] | None = None
        self.resident = 0
        """Bytes of memory that the process held after the last run."""

    def __enter__(self) -> Self:
        # A file, not a pipe: nobody reads it till the end, and a full pipe would hold it up.
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()
        if self._errors is not None:
            self._errors.close()

    def about(self) -> About:
        """The build. Raises ModelLoadError where it cannot be used."""
        held = self._ask("while it was loaded", do="about")
        devices = tuple(Device(**each) for each in held.pop("devices"))
        about = About(**held, devices=devices)
        self._instructions = about.instructions
        return about

    def load(self, path: Path, gpu_layers: int) -> None:
        """Loads a model, whose file the caller has verified. Raises ModelLoadError."""
        doing = f"while it loaded {path.name}"
        self._ask(doing, do="load", path=str(path), gpu_layers=gpu_layers)

    def run(self, tuning: Tuning, *, context: int, read: int, write: int) -> Speed:
        """Reads and writes so many tokens. Raises ModelLoadError."""
        sizes = {"context": context, "read": read, "write": write}
        held = self._ask("while it read a prompt", do="run", **asdict(tuning), **sizes)
        self.resident = int(held["resident"])
        return Speed(read / max(held["read_s"], 1e-9), write / max(held["write_s"], 1e-9))

    def _ask(self, doing: str, **request: Any) -> dict[str, Any]:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, *self._probe],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors,
                text=True, encoding="utf-8", cwd=_ROOT,
            )  # fmt: skip
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        late = threading.Event()

        def stop() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(self._seconds, stop)
        timer.daemon = True
        timer.start()
        try:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(json.dumps(request) + "\n")
                process.stdin.flush()
            line = process.stdout.readline()
        finally:
            timer.cancel()
        if not line:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)  # a signal of ours must not stand in for what ended it
            self._end()
            raise ModelLoadError(
                f"llama.cpp was stopped {doing}: it took more than {self._seconds:g} seconds. "
                "Choose a smaller model (`models.generator`)."
                if late.is_set()
                else explained(process.returncode, doing, self._instructions, self._last_words())
            )
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            todo = (
                f"Build it with `{REBUILD}`."
                if answer.get("unusable")
                else "Check the model with `refdesk models verify`, or choose a smaller one "
                "(`models.generator`)."
            )
            raise ModelLoadError(f"{answer['error']}. {todo}")
        return answer

    def _last_words(self) -> str:
        assert self._errors is not None, "used outside of its `with`"
        self._errors.seek(0)
        lines = self._errors.read().strip().splitlines()
        return lines[-1] if lines else ""

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        # Asked to end, it would first finish what it is doing, which may take a minute.
        end(process)


def explained(
    status: int, doing: str, instructions: frozenset[str] | None = None, words: str = ""
) -> str:
    """Why llama.cpp's process ended, and what to do.

    status        its exit status; below 0: the signal that ended it
    doing         when, such as "while it read a prompt"
    instructions  that it was built for; None: it died before it could tell
    words         the last line that it wrote
    """
    if status >= 0:
        said = f": {words[:200]}" if words else ""
        return (
            f"llama.cpp ended {doing} with exit status {status}{said}. Build it again with "
            f"`{REBUILD}`."
        )
    name = signal_name(-status)
    if name == "SIGILL":
        amx = instructions is not None and any(each.startswith("AMX") for each in instructions)
        again = (
            f"`{REBUILD}`, which leaves AMX out"
            if amx
            else f"`{REBUILD}`; if that dies too, with `{REBUILD_PLAIN}`"
            if instructions is None
            else f"`{REBUILD_PLAIN}`"
        )
        return (
            f"llama.cpp died of an illegal instruction ({name}) {doing}: it was built for "
            f"instructions that this processor, or its virtual machine, refuses. Build it again "
            f"with {again}."
        )
    if name == "SIGKILL":
        return (
            f"llama.cpp was killed {doing} ({name}), most likely because memory ran out. Choose a "
            "smaller model (`models.generator`), lower `model.context`, or end other programs."
        )
    return (
        f"llama.cpp crashed {doing} ({name}). Check the model with `refdesk models verify`, then "
        f"build llama.cpp again with `{REBUILD}`."
    )
