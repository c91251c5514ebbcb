"""When to look at a folder again: told by the system, or by looking at it every few seconds.

The one place that imports watchfiles. Knows nothing of libraries.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

__all__ = ["changes"]

QUIET_S = 0.5
"""A file being written changes many times: it is looked at when it has been left alone so long."""

_MOST_S = 10.0  # looked at in spite of changes that never end
_ANYWAY_S = 60.0  # events get lost: on network mounts, in a full queue, while no one watched
_EVERY_S = 2.0


def changes(
    folder: Path, stop: threading.Event, *, poll: bool = False, every_s: float = _EVERY_S
) -> Iterator[None]:
    """Yields at once, then after each burst of changes below `folder`, until `stop` is set.

    poll     look every `every_s` seconds instead of waiting to be told; done anyway where the
             system cannot tell, or the folder is not there for now

    It may yield when nothing has changed. Hidden files and folders do not count.
    """
    yield
    while not stop.is_set():
        told = _polled(folder, stop, every_s) if poll else _told(folder, stop)
        try:
            for _ in told:
                yield
        except (ImportError, OSError, RuntimeError):
            # No wheel for this system, no folder, no watches left: look for ourselves.
            poll = True


def _told(folder: Path, stop: threading.Event) -> Iterator[None]:
    from watchfiles import watch

    root = os.path.abspath(folder)

    def counts(_: object, path: str) -> bool:
        return not any(part.startswith(".") for part in os.path.relpath(path, root).split(os.sep))

    # The first time-out comes soon: it covers what changed before the watch was in place.
    waited = 0.0
    step = 1.0
    for found in watch(
        root,
        watch_filter=counts,
        step=int(QUIET_S * 1000),
        debounce=int(_MOST_S * 1000),
        rust_timeout=int(step * 1000),
        yield_on_timeout=True,
        stop_event=stop,
    ):
        first, waited = waited == 0.0, waited + step
        if found or first or waited >= _ANYWAY_S:
            waited = step
            yield
        if not os.path.isdir(root):
            raise FileNotFoundError(root)


def _polled(folder: Path, stop: threading.Event, every_s: float) -> Iterator[None]:
    before = _snapshot(folder)
    waited = 0.0
    while not stop.wait(every_s):
        now, waited = _snapshot(folder), waited + every_s
        if now == before and waited < _ANYWAY_S:
            continue
        spent = 0.0
        while now != before and spent < _MOST_S and not stop.wait(min(QUIET_S, every_s)):
            before, now, spent = now, _snapshot(folder), spent + QUIET_S
        before, waited = now, 0.0
        yield


def _snapshot(folder: Path) -> dict[str, tuple[int, int]]:
    """Size and time of each file below `folder`; nothing where it is not there."""
    found: dict[str, tuple[int, int]] = {}
    for place, folders, names in os.walk(folder):
        folders[:] = [each for each in folders if not each.startswith(".")]
        for name in names:
            path = os.path.join(place, name)
            try:
                about = os.stat(path)
            except OSError:
                continue
            found[path] = (about.st_size, about.st_mtime_ns)
    return found
