"""A worker with readers that misbehave. Run by the tests as `python hostile_worker.py`."""

from __future__ import annotations

import os
import signal
import time

from index.kinds import reader
from index.types import Document
from index.worker import main


@reader(".hang")
def _hang(data: bytes, name: str) -> Document:
    time.sleep(600)
    return Document("", name)


@reader(".eat")
def _eat(data: bytes, name: str) -> Document:
    try:
        return Document("x" * (1 << 34), name)
    except Exception as exc:  # as a library may take it for a damaged file
        from index.errors import ReadError

        raise ReadError(f"is damaged ({exc})") from exc


@reader(".abort")
def _abort(data: bytes, name: str) -> Document:
    os.abort()


@reader(".exit")
def _exit(data: bytes, name: str) -> Document:
    os._exit(3)


@reader(".mistake")
def _mistake(data: bytes, name: str) -> Document:
    raise KeyError("no such\nkey")


@reader(".print")
def _print(data: bytes, name: str) -> Document:
    print("words between the messages", flush=True)
    os.write(1, b"\0\0\0\1x")
    return Document(f"read by {os.getpid()}", name)


@reader(".interrupt")
def _interrupt(data: bytes, name: str) -> Document:
    os.kill(os.getppid(), signal.SIGINT)
    time.sleep(600)
    return Document("", name)


if __name__ == "__main__":
    main()
