"""Files into the library: what becomes of each, and what is no longer in them."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from index.ahead import Fresh, batches
from index.archive import MEMBER
from index.catalog import Catalog
from index.embed import Embedder
from index.errors import ReadError, UnsupportedError
from index.held import Origin
from index.ingest import Ingest, Outcome
from index.look import Look, Looked, Step, is_fresh, place_of
from index.report import Labels, Outcomes, Progress
from index.types import Part

__all__ = ["Intake", "ReadFile"]

Done = dict[str, tuple[str, Outcome]]
"""By place: its name as the user wrote it, and what became of it."""


class ReadFile(Protocol):
    """What reads files: as they are, or in a process of its own."""

    def __call__(self, path: Path, *, max_bytes: int) -> Sequence[Part]:
        """The documents that a file holds. Raises `ReadError`."""
        ...


class Intake:
    """Takes in files. Whoever calls holds the library's write lock."""

    def __init__(
        self,
        catalog: Catalog,
        ingest: Ingest,
        embedder: Embedder,
        read: ReadFile,
        *,
        max_file_bytes: int,
    ) -> None:
        self._catalog = catalog
        self._ingest = ingest
        self._embedder = embedder
        self._read = read
        self._max_file_bytes = max_file_bytes

    def add(
        self,
        files: Sequence[tuple[Path, bool]],
        labels: Labels,
        progress: Progress | None,
        *,
        check: bool = False,
    ) -> Outcomes:
        """Adds files, each with whether it was named itself. Raises ModelError, StorageError."""
        run = _Run(self._catalog, self._ingest, self._reading, labels, progress, len(files), check)
        self._catalog.versions.find()
        with closing(batches(run.look.steps(files), self._embedder.embed_passages)) as made:
            for steps, fresh in made:
                with self._catalog.together():
                    for step in steps:
                        run.take(step, fresh)
                    self._catalog.versions.find()
        run.tell("")
        return run.outcomes

    def label(self, path: str, labels: Labels) -> None:
        """Files a place that is held under what it is not filed under yet."""
        label(self._catalog, path, labels)

    def _reading(self, file: Path) -> Sequence[Part]:
        return self._read(file, max_bytes=self._max_file_bytes)


class _Run:
    """Files that are taken in one after the other, step by step."""

    def __init__(
        self,
        catalog: Catalog,
        ingest: Ingest,
        read: Callable[[Path], Sequence[Part]],
        labels: Labels,
        progress: Progress | None,
        files: int,
        check: bool,
    ) -> None:
        self._catalog = catalog
        self._ingest = ingest
        self._read = read
        self._labels = labels
        self._progress = progress
        self._files = files
        self._check = check
        self._done = 0
        self._taking: _Taking | None = None
        self.outcomes = Outcomes()
        self.look = Look(catalog, ingest, self._told, synced=labels.synced, check=check)

    def tell(self, name: str) -> None:
        """Tells what is in hand, and how many files are done."""
        if self._progress:
            self._progress(name, self._done, self._files)

    def _told(self, file: Path) -> Sequence[Part]:
        self.tell(file.name)
        return self._read(file)

    def take(self, step: Step, fresh: Fresh) -> None:
        """Stores a document of a file, and with its last one what is to be known of the file.

        fresh  vectors of the documents' texts
        """
        looked = step.looked
        if step.first:
            self._taking = self._begun(looked)
        if self._taking is not None and looked.parts is None:
            # What it was known by has gone since: it is read after all.
            for each in self.look.parts(self._taking.looked):
                self._keep(self._taking, each, fresh)
                self.look.stored(each)
        elif self._taking is not None:
            self._keep(self._taking, step, fresh)
        self.look.stored(step)
        if step.last:
            if self._taking is not None:
                self._end(self._taking)
            self._taking = None
            self._done += 1
            self.tell(looked.file.name)

    def _begun(self, looked: Looked) -> _Taking | None:
        """A file of which something may be stored; None if nothing is."""
        origin, file = looked.origin, str(looked.file)
        path = origin.path
        held = self._catalog.within(path)
        if path not in held and not self._check and is_fresh(held.values(), origin):
            self._catalog.touch(replace(each, synced=origin.synced) for each in held.values())
            self._note({each: (f"{file}{each[len(path) :]}", "unchanged") for each in held})
            return None
        if (outcome := self._ingest.recognise(origin)) is not None:
            self._leave(held.keys() - {path})
            self._note({path: (file, outcome)})
            return None
        if looked.parts is None:
            looked = self.look.again(looked)
        if looked.parts is None or isinstance(looked.parts, ReadError):
            if looked.parts:
                self.outcomes.refuse(file, looked.parts, explicit=looked.explicit)
            return None
        there = {place_of(origin, part).path: part.sha256 for part in looked.parts}
        moved = _moved(held, there)
        if moved:
            self.outcomes.removed += self._catalog.rename(moved)
            self.outcomes.moved += moved.items()
        return _Taking(looked, held.keys() - there.keys() - moved.keys())

    def _keep(self, taking: _Taking, step: Step, fresh: Fresh) -> None:
        """Stores a document that was read."""
        if step.part is None:
            return
        origin = taking.looked.origin
        now = place_of(origin, step.part)
        shown = f"{taking.looked.file}{now.path[len(origin.path) :]}"
        inside = bool(step.part.name)
        try:
            if isinstance(step.part.content, ReadError):
                raise step.part.content
            outcome = self._ingest.keep(step.part.content, now, step.cut, fresh)
            taking.done[now.path] = (shown, outcome)
            if inside:
                taking.places.append(replace(now, size=origin.size, mtime_ns=origin.mtime_ns))
        except ReadError as exc:  # what is held of it stays: it is still in the file
            self.outcomes.refuse(shown, exc, explicit=taking.looked.explicit and not inside)
            taking.whole = taking.whole and isinstance(exc, UnsupportedError)

    def _end(self, taking: _Taking) -> None:
        if taking.whole and taking.places:
            self._catalog.touch(taking.places)
        self._leave(taking.left)
        self._note(taking.done)

    def _note(self, done: Done) -> None:
        """Labels and counts what became of places."""
        arrived = {after for _, after in self.outcomes.moved}
        for place, (shown, outcome) in done.items():
            label(self._catalog, place, self._labels)
            if outcome != "unchanged" or place not in arrived:
                self.outcomes.paths[outcome].append(shown)

    def _leave(self, paths: Collection[str]) -> None:
        """Forgets places that are no longer in a file."""
        # A folder may be named like an archive and "!": what lies there is no part of the file.
        left = [each for each in sorted(paths) if MEMBER not in each or not os.path.lexists(each)]
        if left:
            self._catalog.forget(left)
        self.outcomes.removed += left


@dataclass(slots=True)
class _Taking:
    """A file whose documents are being stored.

    left    the places in it that hold nothing any more
    places  those stored
    whole   all of it that can be read is stored
    """

    looked: Looked
    left: Collection[str]
    done: Done = field(default_factory=dict)
    places: list[Origin] = field(default_factory=list)
    whole: bool = True


def label(catalog: Catalog, path: str, labels: Labels) -> None:
    """Files a place that is held under what it is not filed under yet."""
    if labels.collection is None and not labels.tags:
        return
    held = catalog.find(path)
    if held is None:
        return
    # A sync runs again and again: it must not undo where the user put a document since.
    settled = labels.synced and held.origin.collection
    collection = None if settled else labels.collection
    if collection not in (None, held.origin.collection) or not set(labels.tags) <= set(
        held.entry.tags
    ):
        catalog.label(held.entry.id, collection=collection, path=path, tags=labels.tags)


def _moved(held: Mapping[str, Origin], there: Mapping[str, str]) -> dict[str, str]:
    """Where documents now stand in a file that held them elsewhere, by where they stood.

    there  the checksum of each document that the file holds now, by place
    """
    stays = {path for path, origin in held.items() if there.get(path) == origin.sha256}
    free: dict[str, list[str]] = {}
    for path, sha256 in there.items():
        if sha256 and path not in stays:
            free.setdefault(sha256, []).append(path)
    moved: dict[str, str] = {}
    for path, origin in held.items():
        if path not in stays and free.get(origin.sha256):
            moved[path] = free[origin.sha256].pop(0)
    return moved
