"""Generations of derived files on disk: written aside, verified when opened, swapped whole.

    vectors/
      CURRENT               the name of the generation in use
      gen-7/index.bin       the file, or several
      gen-7/manifest.json   what it was made from (`State`), and each file's sha256

A reader takes a generation only if it is complete, undamaged and made from the state of the
database that the reader sees; otherwise it does without. So a crash at any point costs the work
since the last one at worst. Order of writes: files, manifest, fsync, rename, fsync, CURRENT.

A generation may begin as hard links to an older one's files. Whoever fills it adds and deletes
files and replaces them by renaming, but never writes into one.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

__all__ = ["FILE", "Generation", "State", "current", "latest", "publish", "sha256", "there"]

FILE = "index.bin"
"""The name of the file where a generation has only one."""

_MANIFEST = "manifest.json"
_CURRENT = "CURRENT"
_KEEP = 2


@dataclass(frozen=True, slots=True)
class State:
    """What a generation was made from; two equal states hold the same."""

    sequence: int
    count: int
    fingerprint: str
    kind: str


@dataclass(frozen=True, slots=True)
class Generation:
    """One whose files were found as they were written. files: path in `folder` → sha256."""

    folder: Path
    state: State
    files: Mapping[str, str]


def there(root: Path) -> bool:
    """Whether any generation was ever put in use here, and not removed."""
    return (root / _CURRENT).exists()


def current(root: Path, state: State) -> Generation | None:
    """The generation in use, if it is undamaged and made from `state`."""
    return _opened(root, lambda made: made == state)


def latest(root: Path, *, fingerprint: str) -> Generation | None:
    """The generation in use, if it is undamaged and has that fingerprint, whatever its state."""
    return _opened(root, lambda made: made.fingerprint == fingerprint)


def publish(
    root: Path, state: State, write: Callable[[Path], None], base: Generation | None = None
) -> Generation:
    """Makes a new generation with `write(folder)` and puts it in use.

    base  the generation whose files it begins with

    The caller holds the lock under which this root is written. Raises OSError.
    """
    root.mkdir(parents=True, exist_ok=True)
    name = f"gen-{_next_number(root)}"
    making = root / f"{name}.tmp"
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir()
    try:
        if base is not None:
            _link(base, making)
        write(making)
        files = _digests(making, base)
        manifest = making / _MANIFEST
        manifest.write_text(
            json.dumps({"state": asdict(state), "files": files}, indent=1), encoding="utf-8"
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
    return Generation(root / name, state, files)


def sha256(path: Path) -> str:
    """Hex digest of a file. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _opened(root: Path, wanted: Callable[[State], bool]) -> Generation | None:
    try:
        folder = root / (root / _CURRENT).read_text(encoding="utf-8").strip()
        manifest = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        found = Generation(folder, State(**manifest["state"]), dict(manifest["files"]))
        if not wanted(found.state):
            return None
        sound = all(sha256(folder / name) == digest for name, digest in found.files.items())
        return found if sound and found.files else None
    except (OSError, ValueError, TypeError, KeyError):
        # Missing or damaged: a cache is not repaired but made again.
        return None


def _link(base: Generation, folder: Path) -> None:
    for name in base.files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(base.folder / name, folder / name)
        except OSError:
            shutil.copyfile(base.folder / name, folder / name)  # a file system without links


def _digests(folder: Path, base: Generation | None) -> dict[str, str]:
    """Each file's sha256; new ones are synced to the disk. Others' locks are left out."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_dir():
            _fsync(path)
        elif path.suffix == ".lock":
            continue
        elif base and name in base.files and path.samefile(base.folder / name):
            found[name] = base.files[name]
        else:
            _fsync(path)
            found[name] = sha256(path)
    return found


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
