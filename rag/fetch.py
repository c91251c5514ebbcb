"""A model's files on their way into its folder, whatever the source.

What has arrived so far lies in `<file>.<kind of source>.part`, so that an interrupted pull goes on
where it stopped. A file is moved to its place only after its size and sha256 were found to be the
manifest's: what is in place is whole.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from index.errors import ChecksumError, ModelError, StorageError
from rag.manifest import ModelEntry, ModelFile, Source

__all__ = [
    "CHUNK",
    "Job",
    "Progress",
    "Unavailable",
    "alone",
    "file_sha256",
    "from_folder",
    "storage",
]

Progress = Callable[[str, int, int], None]
"""Told a label, the bytes that have arrived, and the bytes in all."""

CHUNK = 1 << 20


class Unavailable(Exception):
    """A source cannot give the files; the message says why in a phrase."""


class Job:
    """One model on its way: the files that are `left` to fetch, those `finished`, where they go."""

    def __init__(
        self,
        entry: ModelEntry,
        folder: Path,
        left: Sequence[ModelFile],
        progress: Progress,
        local_folder: Path | None = None,
    ) -> None:
        self.entry = entry
        self.folder = folder
        self.left = list(left)
        self.finished: list[ModelFile] = []
        self.local_folder = local_folder
        self._progress = progress
        self._total = sum(file.bytes for file in left)

    def part(self, file: ModelFile, kind: str) -> Path:
        """Where a file's bytes gather; its folder is made."""
        path = self.folder / f"{file.name}.{kind}.part"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def tell(self, arrived: int) -> None:
        """Report progress: the finished files, and `arrived` bytes besides."""
        arrived += sum(file.bytes for file in self.finished)
        self._progress(self.entry.name, min(arrived, self._total), self._total)

    def check_space(self) -> None:
        """Raises StorageError where the disk has no room for the files that are left."""
        there = sum(path.stat().st_size for path in self.folder.rglob("*.part"))
        needed = sum(file.bytes for file in self.left) - there
        free = shutil.disk_usage(self.folder).free
        if free < needed:
            raise StorageError(
                f"{self.folder}: {needed / 1e6:.0f} MB are needed, {free / 1e6:.0f} MB are free. "
                "Make room and run it again."
            )

    def accept(self, file: ModelFile, part: Path) -> None:
        """Verify a gathered file and move it to its place.

        Raises ChecksumError, and removes the part, where it is not what the manifest describes.
        """
        size, digest = part.stat().st_size, file_sha256(part)
        if size != file.bytes or digest != file.sha256:
            _remove_parts(part)
            raise ChecksumError(
                f"{file.name}: got {size} bytes with sha256 {digest}, expected {file.bytes} bytes "
                f"with sha256 {file.sha256}"
            )
        place = self.folder / file.name
        with part.open("rb") as stream:
            os.fsync(stream.fileno())
        os.replace(part, place)
        _sync_folder(place.parent)
        self.left.remove(file)
        self.finished.append(file)
        _remove_parts(*place.parent.glob(f"{place.name}.*.part"), part)
        self.tell(0)

    def copy(self, path: Path, file: ModelFile, kind: str) -> None:
        """Copy a file of this machine to its place, verified.

        Raises ChecksumError where it is not what the manifest describes.
        """
        part = self.part(file, kind)
        with path.open("rb") as source, part.open("wb") as target:
            while chunk := source.read(CHUNK):
                target.write(chunk)
                self.tell(target.tell())
        self.accept(file, part)


def from_folder(job: Job, source: Source) -> None:
    """Copy the files from the job's local folder, or its subfolder named as the model.

    Raises Unavailable and ChecksumError.
    """
    local = job.local_folder
    if local is None:
        raise Unavailable("no local folder is set")
    absent = []
    for file in tuple(job.left):
        for path in (local / job.entry.name / file.name, local / file.name):
            if path.is_file():
                job.copy(path, file, source.kind)
                break
        else:
            absent.append(file.name)
    if absent:
        raise Unavailable(f"{local} has no {', '.join(absent)}")


@contextmanager
def storage(folder: Path) -> Iterator[None]:
    """Turns the OSError of a disk that is full or refuses to be written into StorageError."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageError(
                f"{folder}: the disk is full. Make room and run it again."
            ) from error
        raise StorageError(f"{error.filename or folder}: {error.strerror or error}.") from error


@contextmanager
def alone(folder: Path, doing: str, *, leftovers: str) -> Iterator[None]:
    """Keeps other processes out of `folder`, which is made if need be.

    doing      what another process is then told to be at ("fetching NAME")
    leftovers  a pattern of folders that killed processes left there: removed

    Raises ModelError if another process is in it, StorageError.
    """
    with storage(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".lock", timeout=0)
        try:
            lock.acquire()
        except Timeout as error:
            raise ModelError(f"Another process is {doing}. Wait until it is done.") from error
    try:
        for left in folder.glob(leftovers):
            shutil.rmtree(left, ignore_errors=True)
        yield
    finally:
        lock.release()


def file_sha256(path: Path) -> str:
    """The digest of a file's content, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _remove_parts(*parts: Path) -> None:
    for part in parts:
        part.unlink(missing_ok=True)
        part.with_name(part.name + ".json").unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
