"""What must be done for the library to mirror a folder. Looks at files, reads none of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG

from index.archive import MEMBER
from index.errors import UsageError
from index.held import Held, Origin
from index.walk import Problem, storable, walk

__all__ = ["FEW", "Gone", "Plan", "gone", "plan", "stamp"]

FEW = 10
"""Fewer documents than this may go at once without being asked for, even if they are the most."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a folder holds against what the library holds of it.

    read       files that are new, or not as they were when they were last read
    unchanged  places, as the library names them, that need not be read again
    gone       places whose file is not there any more
    mirrored   the number of places that the library has from this folder
    empty      the folder holds no file at all
    problems   what could not be looked into; what was read below it is kept
    """

    read: tuple[Path, ...]
    unchanged: tuple[str, ...]
    gone: tuple[str, ...]
    mirrored: int
    empty: bool
    problems: tuple[Problem, ...]

    def too_many(self, going: int) -> bool:
        """Whether so much would go that a disk not connected is likelier than a wish."""
        return going > 0 and (self.empty or (going >= FEW and going * 2 > self.mirrored))


@dataclass(frozen=True, slots=True)
class Gone:
    """moved: from which place to which; lost: places that take their document with them."""

    moved: Mapping[str, str]
    lost: tuple[str, ...]


def plan(folder: Path, held: Mapping[str, Origin], recipe: str, *, check: bool = False) -> Plan:
    """Compares `folder` with the places below it.

    recipe  how documents are read now; those read otherwise are read again
    check   read every file, even if size and time say that it did not change

    Raises UsageError if there is no such folder, or it cannot be opened.
    """
    if not folder.is_dir():
        raise UsageError(
            f"There is no folder {folder}. Check its name, or connect the disk that it is on."
        )
    walked = walk([folder])
    root = storable(folder)
    refused = [storable(Path(each.path)) for each in walked.problems]
    if root in refused:
        raise UsageError(f"The folder {folder} cannot be opened. Check its rights.")
    there = {storable(file): file for file in walked.files}
    by_file: dict[str, list[str]] = {}
    for path in held:
        by_file.setdefault(_holder(path, there), []).append(path)
    read: list[Path] = []
    unchanged: list[str] = []
    for name, file in there.items():
        places = by_file.get(name, [])
        now = stamp(file)
        fresh = all(
            (held[each].size, held[each].mtime_ns) == now and held[each].recipe == recipe
            for each in places
        )
        if places and fresh and None not in now and not check:
            unchanged += places
        else:
            read.append(file)
    mirrored = [path for path in held if held[path].synced and _seen(path, root)]
    gone = [
        path
        for path in mirrored
        if _holder(path, there) not in there
        and not any(path.startswith(each + "/") or path == each for each in refused)
    ]
    return Plan(
        tuple(read),
        tuple(unchanged),
        tuple(gone),
        len(mirrored),
        not there,
        tuple(walked.problems),
    )


def stamp(file: Path) -> tuple[int | None, int | None]:
    """Size in bytes and time of the last change in nanoseconds.

    None where they cannot be told, and for what is no regular file.
    """
    try:
        about = file.stat()
    except (OSError, ValueError):
        return None, None
    return (about.st_size, about.st_mtime_ns) if S_ISREG(about.st_mode) else (None, None)


def _holder(path: str, files: Mapping[str, object]) -> str:
    """The file that holds the document at `path`: itself, or what stands before a `!/`."""
    if path in files:
        return path
    at = path.find(MEMBER)
    while at >= 0:
        if path[:at] in files:
            return path[:at]
        at = path.find(MEMBER, at + 1)
    return path


def gone(
    paths: Sequence[str], find: Callable[[str], Held | None], arrived: Collection[str]
) -> Gone:
    """Tells what moved from what is lost, among places whose files are not there any more.

    find     the document at a place
    arrived  places that were read just now and hold what was held already
    """
    going = set(paths)
    moved: dict[str, str] = {}
    lost: list[str] = []
    for path in paths:
        held = find(path)
        stays = [each for each in held.entry.origins if each not in going] if held else []
        if not stays:
            lost.append(path)
        free = [each for each in stays if each in arrived and each not in moved.values()]
        if free:
            moved[path] = free[0]
    return Gone(moved, tuple(lost))


def _seen(path: str, root: str) -> bool:
    """Whether a walk through `root` would come by `path`: it passes hidden folders by."""
    below = path[len(root.rstrip(os.sep)) + 1 :]
    return not any(part.startswith(".") for part in below.split(os.sep))
