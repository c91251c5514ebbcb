"""Keys and values of passages that were read beforehand, as files.

Below the folder lies one for each way of running the model (`build`), in it one for each document
(a shelf), in it `<key>.kv`: 32 bytes of BLAKE2b, then the state as llama.cpp gives it. What was
used longest ago goes when there is no room. Safe for several threads and processes.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.llm import Passage, Prompt

__all__ = ["Held", "Shelf", "Shelving", "keys"]

_DIGEST = 32
_BROKEN_S = 600.0
_SPARE_SHARE = 0.5
"""Of the disk's free space, at most this share is taken: it is not ours alone."""


@dataclass(frozen=True, slots=True)
class Held:
    """What is kept: passages, and the bytes that they take up."""

    passages: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Shelving:
    """Where passages are kept.

    folder  made with the first passage
    most    bytes, of all models together
    model   names the weights
    """

    folder: Path
    most: int
    model: str

    def shelf(self, runs: Mapping[str, Any]) -> Shelf:
        """For the model as it is run; see `rag.built`."""
        run = json.dumps([self.model, dict(runs)], sort_keys=True)
        return Shelf(self.folder, hashlib.sha256(run.encode()).hexdigest()[:16], self.most)

    def held(self) -> Held:
        """What is kept, of all models."""
        return _held(self.folder)

    def keep_only(self, shelves: Collection[str]) -> None:
        """Removes the passages of all other documents, whatever model read them."""
        for build in _folders(self.folder):
            for each in _folders(build):
                if each.name not in shelves:
                    shutil.rmtree(each, ignore_errors=True)
            with contextlib.suppress(OSError):
                build.rmdir()  # only where nothing is left in it


class Shelf:
    """The passages that one way of running a model has read."""

    def __init__(self, folder: Path, build: str, most: int) -> None:
        """
        folder  made with the first passage that is kept
        build   names what the numbers depend on: weights, program and how it is set up
        most    bytes, of all models together
        """
        self._root = folder
        self._folder = folder / build
        self._most = most

    def has(self, shelf: str, key: str) -> bool:
        return self._file(shelf, key).is_file()

    def take(self, shelf: str, key: str) -> bytes | None:
        """The state of a passage. None: it is not there, or damaged: then it is removed."""
        file = self._file(shelf, key)
        try:
            data = file.read_bytes()
            state = data[_DIGEST:]
            if hashlib.blake2b(state, digest_size=_DIGEST).digest() == data[:_DIGEST]:
                os.utime(file)  # so that it goes last
                return state
            file.unlink(missing_ok=True)
        except OSError:
            pass  # removed by another process, or not to be read: it is read anew
        return None

    def put(self, shelf: str, key: str, state: bytes) -> bool:
        """Keeps the state of a passage. Returns whether there was room, and a right to write."""
        file = self._file(shelf, key)
        aside = file.with_suffix(f".{os.getpid()}.part")
        size = len(state) + _DIGEST
        try:
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not self._made_room(size):
                return False
            handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "wb") as out:
                out.write(hashlib.blake2b(state, digest_size=_DIGEST).digest())
                out.write(state)
            aside.replace(file)
        except OSError:
            with contextlib.suppress(OSError):
                aside.unlink(missing_ok=True)
            return False
        return True

    def fits_another(self) -> bool:
        """Whether one more, as large as the others are, can be kept without removing any."""
        held = self.held()
        size = held.bytes // max(held.passages, 1)
        return held.bytes + size <= self._most and size <= _SPARE_SHARE * self._free()

    def held(self) -> Held:
        """What is kept, of all models."""
        return _held(self._root)

    def tidy(self, shelf: str, known: Collection[str]) -> None:
        """Removes the passages of a document that are none any more."""
        for file in (self._folder / shelf).glob("*.kv"):
            if file.stem not in known:
                file.unlink(missing_ok=True)

    def _made_room(self, size: int) -> bool:
        files = sorted(_files(self._root))
        taken = sum(each for _, each, _ in files)
        if size > self._most or size > _SPARE_SHARE * self._free():
            return False
        for _, each, file in files:
            if taken + size <= self._most:
                break
            file.unlink(missing_ok=True)
            taken -= each
        return True

    def _free(self) -> int:
        found = self._root
        while not found.exists():
            found = found.parent
        return shutil.disk_usage(found).free

    def _file(self, shelf: str, key: str) -> Path:
        return self._folder / shelf / f"{key}.kv"


def keys(prompt: Prompt) -> list[tuple[Passage, str]]:
    """The passages of a prompt that are read by themselves, each with its key.

    The key follows from the passage and from what it is read behind.
    """
    found: list[tuple[Passage, str]] = []
    behind = hashlib.sha256()
    for part in prompt:
        if part.passage is not None:
            digest = behind.copy()
            for text, _ in part.passage.pieces:
                digest.update(b"\0" + text.encode("utf-8", "replace"))
            found.append((part.passage, digest.hexdigest()[:32]))
        elif not found:
            digest_of = f"{part.template:d}{part.text}\0"
            behind.update(digest_of.encode("utf-8", "replace"))
    return found


def _held(folder: Path) -> Held:
    sizes = [size for _, size, _ in _files(folder)]
    return Held(len(sizes), sum(sizes))


def _files(folder: Path) -> Iterator[tuple[float, int, Path]]:
    """Each file: when it was last used, its bytes. What a broken write left goes with time."""
    now = time.time()
    for file in folder.glob("*/*/*"):
        try:
            found = file.stat()
            if file.suffix == ".part" and now - found.st_mtime > _BROKEN_S:
                file.unlink()
                continue
        except OSError:
            continue  # removed meanwhile
        yield found.st_mtime, found.st_size, file


def _folders(folder: Path) -> list[Path]:
    try:
        return [each for each in folder.iterdir() if each.is_dir()]
    except OSError:
        return []
