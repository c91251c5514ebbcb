"""Processes of our own that do one kind of work for this one: started, heard, and how they ended.

Messages are JSON behind a length of four bytes, over standard input and output.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

__all__ = ["end", "ending", "listening", "receive", "send", "signal_name", "start", "talk"]

_ROOT = Path(__file__).resolve().parent.parent


def start(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    stderr: IO[bytes] | int = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    """Starts this Python with `arguments`, such as ("-m", "index.worker"). Raises OSError."""
    path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
    return subprocess.Popen(
        # -P: modules that lie in the current folder, among the documents, are not run
        [sys.executable, "-P", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        env={**os.environ, **environment, "PYTHONPATH": path},
    )


def end(process: subprocess.Popen[Any]) -> None:
    """Kills a process that holds nothing which a kill could damage."""
    process.kill()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()
    process.wait()


def ending(process: subprocess.Popen[bytes]) -> str:
    """How a process ended, in words; waits for its end."""
    code = process.wait()
    return f"exit code {code}" if code >= 0 else signal_name(-code)


def signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def send(stream: IO[bytes], message: Any) -> None:
    """Raises OSError where nobody reads."""
    data = json.dumps(message).encode("ascii")
    stream.write(len(data).to_bytes(4, "big") + data)
    stream.flush()


def receive(stream: IO[bytes]) -> Any:
    """The next message; None at the end of the stream, or where it breaks off."""
    head = stream.read(4)
    size = int.from_bytes(head, "big")
    data = stream.read(size) if len(head) == 4 else b""
    return json.loads(data) if data and len(data) == size else None


def talk() -> IO[bytes]:
    """In the child: where to send messages. What a library prints goes to standard error."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C: the parent decides
    return out


def listening() -> queue.SimpleQueue[Any]:
    """In the child: the messages that come. At their end, which is the parent's, it ends too."""
    heard: queue.SimpleQueue[Any] = queue.SimpleQueue()

    # A thread of its own, so that the end is noticed in the middle of the work.
    def listen() -> None:
        while (message := receive(sys.stdin.buffer)) is not None:
            heard.put(message)
        os._exit(0)

    threading.Thread(target=listen, daemon=True).start()
    return heard
