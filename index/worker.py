"""The process that parses files for another one: `python -m index.worker`.

Talks as `index.child` has it. Knows the readers and nothing of models or of the library. It ends
with its parent: at the end of its input, or by an alarm where a parser holds it fast.

    {"ready": true} is sent once all is imported; then, for each request:

    request   {"path": …, "max_bytes": …, "skip": members not to parse again}
    messages  {"member": name} before each member, {"part": …} after it, and at last {"end": true}
              or {"error": kind, "message": …} or {"memory": true}
"""

from __future__ import annotations

import contextlib
import itertools
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from index import errors
from index.child import listening, send, talk
from index.errors import ReadError
from index.read import members, part_of
from index.types import Document, Page, Part, Span

__all__ = ["error_from", "main", "part_from"]

_MB = 1024 * 1024
_GRACE = 10  # seconds after which the alarm ends what a parent should have ended


def main() -> None:
    """Serves requests until the input ends. Arguments: seconds a member, MB of memory."""
    seconds, memory = int(sys.argv[1]), int(sys.argv[2])
    out = talk()
    _limit(memory)
    requests = listening()
    send(out, {"ready": True})
    while True:
        for message in _answered(requests.get(), seconds):
            send(out, message)


def part_from(message: Any) -> Part:
    """The part that a message holds."""
    if "error" in message:
        return Part(message["name"], error_from(message))
    document = message["document"]
    document["pages"] = tuple(Page(n, Span(start, end)) for n, start, end in document["pages"])
    if document["body"] is not None:
        document["body"] = tuple(Span(start, end) for start, end in document["body"])
    return Part(message["name"], Document(**document), message["sha256"])


def error_from(message: Any) -> ReadError:
    """The error that a message tells."""
    kind: type[ReadError] = getattr(errors, message["error"])
    return kind(message["message"])


def _answered(request: Any, seconds: int) -> Iterator[Any]:
    try:
        found = members(Path(request["path"]), max_bytes=request["max_bytes"])
        with _alarm(seconds):
            found = itertools.islice(found, request["skip"], None)
            member = next(found, None)
        while member is not None:
            yield {"member": member.name}
            with _alarm(seconds):
                message = _message(part_of(member))
            yield {"part": message}
            with _alarm(seconds):
                member = next(found, None)
        yield {"end": True}
    except Exception as exc:
        yield _told(exc)


def _message(part: Part) -> Any:
    if isinstance(part.content, ReadError):
        if _is_memory(part.content):
            raise MemoryError
        return {"name": part.name, **_error(part.content)}
    document = part.content
    fields = {name: getattr(document, name) for name in ("text", "title", "author", "date")}
    fields["source"] = document.source
    fields["pages"] = [(page.number, page.span.start, page.span.end) for page in document.pages]
    fields["body"] = document.body and [(span.start, span.end) for span in document.body]
    return {"name": part.name, "document": fields, "sha256": part.sha256}


def _told(exc: Exception) -> Any:
    if _is_memory(exc):
        return {"memory": True}
    if isinstance(exc, ReadError):
        return _error(exc)
    # A reader's own mistake, which one file brings out, must not end the reading of the others.
    what = f"{type(exc).__name__}: {' '.join(str(exc).split())}"[:120].rstrip(":. ")
    return _error(ReadError(f"could not be read: the reader failed ({what}); save it again"))


def _error(exc: ReadError) -> Any:
    return {"error": type(exc).__name__, "message": str(exc)}


def _is_memory(exc: BaseException | None) -> bool:
    """Whether memory ran out, though a reader may have taken that for a damaged file."""
    while exc is not None:
        if isinstance(exc, MemoryError):
            return True
        exc = exc.__cause__ or exc.__context__
    return False


@contextlib.contextmanager
def _alarm(seconds: int) -> Iterator[None]:
    """Ends the process where neither it nor its parent can: the signal's default is to kill."""
    if hasattr(signal, "alarm"):
        signal.alarm(seconds + _GRACE)
    try:
        yield
    finally:
        if hasattr(signal, "alarm"):
            signal.alarm(0)


def _limit(memory: int) -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    # Not every system lets an address space be limited (macOS does not).
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (memory * _MB, memory * _MB))
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a crash is told, not written to disk


if __name__ == "__main__":
    main()
