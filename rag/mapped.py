"""A file's pages in this process's memory: see `let_go`. Linux; elsewhere it does nothing."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

from index.types import Span

__all__ = ["let_go", "mappings"]

_DONT_NEED = 4
"""MADV_DONTNEED, madvise(2)."""


def let_go(path: Path) -> None:
    """Takes the pages of a mapped file out of this process. Those that are read again come back.

    llama.cpp maps a model's file, and keeps a copy of most weights in the order that its kernels
    want. What the copy was made of would go on counting as this process's memory, and be the last
    that the system takes back.
    """
    mapped = mappings(path)
    if not mapped:
        return
    madvise = ctypes.CDLL(None, use_errno=True).madvise
    madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    for span in mapped:
        # Where the system will not (locked memory), the pages stay, and nothing else changes.
        madvise(span.start, span.end - span.start, _DONT_NEED)


def mappings(path: Path) -> list[Span]:
    """The addresses at which a file is mapped unchanged: read-only, or never written to.

    None are known off Linux.
    """
    if sys.platform != "linux":
        return []
    wanted = os.fsencode(path.resolve())
    found = []
    for line in Path("/proc/self/maps").read_bytes().splitlines():
        addresses, rights, *_, name = line.split(maxsplit=5)
        if name == wanted and b"w" not in rights:
            start, end = addresses.split(b"-")
            found.append(Span(int(start, 16), int(end, 16)))
    return found
