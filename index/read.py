"""Files → documents. A file is read once and parsed from memory, so that one that changes
meanwhile cannot give a torn state. How each kind is parsed stands in `index.kinds`.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from index.errors import (
    EmptyDocumentError,
    LockedError,
    ReadError,
    TooLargeError,
)
from index.kinds import Member, check_suffix, opened
from index.types import Document, Part

__all__ = ["members", "part_of", "read", "read_all"]

_MB = 1024 * 1024


def read(path: Path, *, max_bytes: int) -> tuple[Document, str]:
    """The document that a file holds, and the SHA-256 (hex) of the file's bytes.

    max_bytes  the largest file to read, in bytes

    Raises `ReadError` or one of its kinds, with a message that does not name the file; so too for
    a file of several documents, which `read_all` reads.
    """
    parts = read_all(path, max_bytes=max_bytes)
    first = parts[0]
    if first.name or isinstance(first.content, ReadError):
        raise ReadError(f"holds {len(parts)} documents: unpack it into files of their own")
    return first.content, first.sha256


def read_all(path: Path, *, max_bytes: int) -> list[Part]:
    """The documents that a file holds: never none, and only one without a name of its own.

    max_bytes  the largest file to read, and the largest member of an archive, in bytes

    What is wrong with the file is raised as `ReadError`, what is wrong with a member of it stands
    in its place.
    """
    return [part_of(member) for member in members(path, max_bytes=max_bytes)]


def part_of(member: Member) -> Part:
    """Parses a member. Raises `ReadError` if it is the file itself."""
    try:
        return Part(member.name, *member.parse())
    except ReadError as exc:
        if not member.name:
            raise
        return Part(member.name, exc)


def members(path: Path, *, max_bytes: int) -> Iterator[Member]:
    """The documents of a file one by one, not yet parsed. Raises `ReadError`."""
    data = _bytes(path, max_bytes)
    if not data:
        raise EmptyDocumentError("is empty: there is nothing to index")
    none = True
    for member in opened(data, path.name, max_bytes):
        none = False
        yield member
    if none:
        raise EmptyDocumentError("holds no documents: there is nothing to index")


def _bytes(path: Path, max_bytes: int) -> bytes:
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise ReadError("is a folder: name the files in it")
        if not stat.S_ISREG(mode):  # opening a pipe would wait for ever
            raise ReadError("is not a regular file: copy its content into one")
        check_suffix(path.name)  # before a folder of large pictures is read for nothing
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
            if len(data) > max_bytes:
                raise TooLargeError(_too_large(file, max_bytes))
    except PermissionError as exc:
        raise LockedError("may not be read: give the user running Refdesk read access") from exc
    except FileNotFoundError as exc:
        raise ReadError("does not exist: check the name") from exc
    except (OSError, ValueError) as exc:  # ValueError: a NUL in the name
        reason = getattr(exc, "strerror", None) or exc
        raise ReadError(f"could not be read ({reason}): check the disk and the name") from exc
    return data


def _too_large(file: BinaryIO, max_bytes: int) -> str:
    size = file.seek(0, 2)
    return (
        f"has {size / _MB:.1f} MB, over the limit of {max_bytes / _MB:.1f} MB:"
        " split it or raise index.max_file_mb"
    )
