"""Generations of a derived file on disk: written aside, verified when opened, swapped whole.

    vectors/
      CURRENT               the name of the generation in use
      gen-7/index.bin       the file
      gen-7/manifest.json   sha256, count, sequence and fingerprint: what it was made from

A reader takes a generation only if it is complete, undamaged and made from the state of the
database that the reader sees; otherwise it rebuilds from the database. So a crash at any point
costs a rebuild at worst. Order of writes: file, manifest, fsync, rename, fsync, CURRENT.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

_FILE = "index.bin"
_MANIFEST = "manifest.json"
_CURRENT = "CURRENT"
_KEEP = 2


@dataclass(frozen=True, slots=True)
class State:
    """What a generation was made from; two equal states hold the same vectors."""

    sequence: int
    count: int
    fingerprint: str
    kind: str


def current(root: Path, state: State) -> Path | None:
    """The file of the generation in use, if it is undamaged and made from `state`."""
    try:
        folder = root / (root / _CURRENT).read_text(encoding="utf-8").strip()
        manifest = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        if manifest.get("state") != asdict(state):
            return None
        file = folder / _FILE
        return file if sha256(file) == manifest.get("sha256") else None
    except (OSError, ValueError, AttributeError):
        # Missing or damaged: a cache is not repaired but made again.
        return None


def publish(root: Path, state: State, write: Callable[[Path], None]) -> Path:
    """Makes a new generation with `write(path)` and puts it in use. Returns its file.

    The caller holds the library's write lock. Raises OSError.
    """
    root.mkdir(parents=True, exist_ok=True)
    name = f"gen-{_next_number(root)}"
    making = root / f"{name}.tmp"
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir()
    try:
        file = making / _FILE
        write(file)
        _fsync(file)
        manifest = making / _MANIFEST
        manifest.write_text(
            json.dumps({"state": asdict(state), "sha256": sha256(file)}, indent=1), encoding="utf-8"
        )
        _fsync(manifest)
        _fsync(making)
        making.rename(root / name)
    except BaseException:
        shutil.rmtree(making, ignore_errors=True)
        raise
    _fsync(root)
    pointer = root / f"{_CURRENT}.tmp"
    pointer.write_text(name, encoding="utf-8")
    _fsync(pointer)
    pointer.replace(root / _CURRENT)
    _fsync(root)
    _prune(root)
    return root / name / _FILE


def sha256(path: Path) -> str:
    """Hex digest of a file. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _numbers(root: Path) -> list[int]:
    return sorted(
        int(each.name[4:])
        for each in root.glob("gen-*")
        if each.is_dir() and each.name[4:].isdigit()
    )


def _next_number(root: Path) -> int:
    return max(_numbers(root), default=0) + 1


def _prune(root: Path) -> None:
    for number in _numbers(root)[:-_KEEP]:
        shutil.rmtree(root / f"gen-{number}", ignore_errors=True)
    for leftover in root.glob("gen-*.tmp"):
        shutil.rmtree(leftover, ignore_errors=True)


def _fsync(path: Path) -> None:
    # Some systems (Windows, some network mounts) cannot sync a folder: the rename still holds.
    with (
        contextlib.suppress(PermissionError, OSError) if path.is_dir() else contextlib.nullcontext()
    ):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
