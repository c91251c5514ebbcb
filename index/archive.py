"""Zip files, and the packages that office programs and e-books are: opened within limits.

Nothing is unpacked to disk and a member's name is only a label, so a name such as "../x" leads
nowhere. What would fill the memory is refused from the sizes that the file itself declares, which
hold, because the standard library never gives more of a member than it declares.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from index.errors import LockedError, ReadError, TooLargeError

__all__ = ["MEMBER", "file_of", "is_named", "package", "part", "reason", "unpacked"]

MEMBER = "!/"
"""Stands between a file and a document inside it: "news.zip!/2029/ships.pdf"."""

_MB = 1024 * 1024
_MAX_PACKAGE = 256 * _MB
_MAX_ARCHIVE = 1024 * _MB
_MAX_RATIO = 200
_MAX_ENTRIES = 10_000
_DEEPEST = 1  # a zip in a zip; one more has no honest use
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError)

Load = Callable[[], bytes]
"""Gives the content of a member; raises `ReadError`."""


@dataclass(slots=True)
class _Room:
    """What an archive may still unpack, its inner archives included."""

    size: int
    entries: int


def package(data: bytes, what: str, suffix: str) -> zipfile.ZipFile:
    """The zip package that a file is, once its declared sizes are within the limits.

    what    what the file should be: "a Word document"
    suffix  the kind to save it as again: ".docx"

    Raises `LockedError` for an encrypted file and `ReadError` for a damaged or suspicious one.
    """
    if data.startswith(_OLE):
        raise LockedError(
            f"is encrypted, or an old {suffix[:-1]} file: save it as {suffix} without a password"
        )
    return _opened(data, what, suffix, _MAX_PACKAGE)


def part(opened: zipfile.ZipFile, name: str) -> bytes:
    """One part of a package; raises `ReadError` if it is missing, encrypted or damaged."""
    try:
        return _content(opened, opened.getinfo(name), _MAX_PACKAGE)
    except KeyError as exc:
        raise ReadError(f"is damaged (it lacks {label(name)}): save or download it again") from exc


def unpacked(data: bytes, max_bytes: int) -> Iterator[tuple[str, Load]]:
    """The files in a zip file and in zip files inside it, each with its label, in order.

    max_bytes  the largest member to unpack

    Folders, and what a folder that is added leaves out too (hidden files), are left out. Raises
    `ReadError` for a damaged or suspicious file; what is wrong with a member is raised by its
    `Load`.
    """
    yield from _files(data, max_bytes, _Room(_MAX_ARCHIVE, _MAX_ENTRIES), depth=0)


def file_of(path: str) -> str:
    """The file that a document's path lies in: the path itself, or what stands before "!/"."""
    inside = re.search(rf"\.[A-Za-z]\w{{1,9}}(?={re.escape(MEMBER)})", path)
    return path[: inside.end()] if inside else path


def is_named(path: str, name: str) -> bool:
    """Whether a document's path ends in `name`, which names its file and any place inside that."""
    return path.endswith(f"/{name}") and len(path) - len(name) < len(file_of(path))


def label(name: str) -> str:
    """A member's name as a relative path that is safe to print and leads out of nowhere."""
    parts = re.sub(r"[\x00-\x1f\x7f-\x9f]", "\ufffd", name.replace("\\", "/")).split("/")
    return "/".join(each for each in parts if each not in {"", ".", ".."}) or "unnamed"


def reason(exc: BaseException) -> str:
    """What a library's exception says, short enough to stand in a message."""
    return (" ".join(str(exc).split()) or type(exc).__name__)[:120].rstrip(".")


def _opened(data: bytes, what: str, suffix: str, most: int) -> zipfile.ZipFile:
    try:
        opened = zipfile.ZipFile(io.BytesIO(data))
    except Exception as exc:
        raise ReadError(
            f"is not {what}, or is damaged ({reason(exc)}): save it again as {suffix}"
        ) from exc
    entries = opened.infolist()
    size = sum(entry.file_size for entry in entries)
    if size > min(most, _MAX_RATIO * len(data)) or len(entries) > _MAX_ENTRIES:
        raise ReadError(
            f"would unpack to {size / _MB:.0f} MB in {len(entries)} parts, like a zip bomb:"
            " save what you need of it in a new file"
        )
    return opened


def _files(data: bytes, max_bytes: int, room: _Room, depth: int) -> Iterator[tuple[str, Load]]:
    opened = _opened(data, "a zip file", ".zip", room.size)
    entries = [entry for entry in opened.infolist() if not entry.is_dir()]
    room.size -= sum(entry.file_size for entry in entries)
    room.entries -= len(entries)
    if room.entries < 0:
        raise ReadError(f"holds more than {_MAX_ENTRIES} files with its inner zip files: split it")
    seen: set[str] = set()
    for entry in entries:
        shown = label(entry.filename)
        if any(each.startswith(".") or each == "__MACOSX" for each in shown.split("/")):
            continue
        name = _unique(shown, seen)

        def load(entry: zipfile.ZipInfo = entry) -> bytes:
            return _content(opened, entry, max_bytes)

        if name.lower().endswith(".zip"):
            yield from _inner(name, load, max_bytes, room, depth)
        else:
            yield name, load


def _inner(
    name: str, load: Load, max_bytes: int, room: _Room, depth: int
) -> Iterator[tuple[str, Load]]:
    try:
        if depth == _DEEPEST:
            raise ReadError("is a zip file in a zip file in a zip file: unpack it and add that")
        for each, content in _files(load(), max_bytes, room, depth + 1):
            yield f"{name}{MEMBER}{each}", content
    except ReadError as exc:
        yield name, _failing(exc)


def _failing(error: ReadError) -> Load:
    def load() -> bytes:
        raise error

    return load


def _unique(name: str, seen: set[str]) -> str:
    """A zip file may hold a name twice: both are kept."""
    unique, number = name, 1
    stem, suffix = posixpath.splitext(name)
    while unique in seen:
        number += 1
        unique = f"{stem} ({number}){suffix}"  # the suffix says how to read it
    seen.add(unique)
    return unique


def _content(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> bytes:
    if entry.flag_bits & 1:
        raise LockedError("is encrypted: unpack it with its password and add that")
    if entry.file_size > most:
        raise TooLargeError(
            f"unpacks to {entry.file_size / _MB:.1f} MB, over the limit of {most / _MB:.1f} MB:"
            " split it or raise index.max_file_mb"
        )
    try:
        with opened.open(entry) as stream:
            return stream.read(entry.file_size)
    except _BROKEN as exc:
        raise ReadError(f"is damaged ({reason(exc)}): save or download it again") from exc
