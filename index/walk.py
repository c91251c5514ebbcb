"""The files that a user's paths mean, and how the library writes a path."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Problem", "Walked", "storable", "walk"]


@dataclass(frozen=True, slots=True)
class Problem:
    """A file that was not indexed, and why."""

    path: str
    reason: str


@dataclass(slots=True)
class Walked:
    """The files to read, each with whether it was named itself; and what cannot be looked into."""

    files: dict[Path, bool] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def storable(path: Path) -> str:
    """A path as the library keeps it: absolute, and printable whatever bytes its name holds."""
    absolute = os.path.abspath(path)
    return os.fsencode(absolute).decode("utf-8", "backslashreplace")


def walk(paths: Iterable[Path]) -> Walked:
    """The files named, and those in the folders named but for hidden ones, in order."""
    walked = Walked()

    def refused(exc: OSError) -> None:
        why = f"cannot be opened ({exc.strerror}): give the user running Refdesk access to it"
        walked.problems.append(Problem(str(exc.filename), why))

    for path in paths:
        if path.is_dir():
            for folder, folders, names in os.walk(path, onerror=refused):
                folders[:] = sorted(each for each in folders if not each.startswith("."))
                for name in sorted(names):
                    if not name.startswith("."):
                        walked.files.setdefault(Path(folder) / name, False)
        elif path.exists() or path.is_symlink():
            walked.files[path] = True
        else:
            walked.problems.append(
                Problem(str(path), "there is no such file or folder: check the name")
            )
    return walked
