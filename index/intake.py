"""Files into the library: which are read, what becomes of each, and what is no longer in them."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from index import sync
from index.archive import MEMBER
from index.catalog import Catalog
from index.errors import ReadError, UnsupportedError
from index.held import Origin
from index.ingest import Ingest, Outcome
from index.report import Labels, Outcomes, Progress
from index.types import Part
from index.walk import storable

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
        self, catalog: Catalog, ingest: Ingest, read: ReadFile, *, max_file_bytes: int
    ) -> None:
        self._catalog = catalog
        self._ingest = ingest
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
        outcomes = Outcomes()
        self._catalog.versions.find()
        for done, (file, explicit) in enumerate(files):
            if progress:
                progress(file.name, done, len(files))
            self._add_file(file, explicit, labels, outcomes, check=check)
        if progress:
            progress("", len(files), len(files))
        return outcomes

    def _add_file(
        self, file: Path, explicit: bool, labels: Labels, outcomes: Outcomes, *, check: bool
    ) -> None:
        """Adds the documents that a file holds; those that it held before and no more are gone."""
        # Before it is read: what changes meanwhile is then seen as changed the next time.
        size, mtime_ns = sync.stamp(file)
        path = storable(file)
        origin = Origin(path, "", self._ingest.recipe, size, mtime_ns, synced=labels.synced)
        held = self._catalog.within(path)
        if path not in held and not check and _is_fresh(held.values(), origin):
            self._catalog.touch(replace(each, synced=labels.synced) for each in held.values())
            done: Done = {each: (f"{file}{each[len(path) :]}", "unchanged") for each in held}
        elif (outcome := self._ingest.recognise(file, origin)) is not None:
            done = {path: (str(file), outcome)}
            outcomes.removed += self._leave(held.keys() - {path})
        else:
            try:
                parts = self._read(file, max_bytes=self._max_file_bytes)
            except ReadError as exc:
                outcomes.refuse(str(file), exc, explicit=explicit)
                return
            there = {path + (part.name and MEMBER + part.name): part.sha256 for part in parts}
            moved = _moved(held, there)
            if moved:
                outcomes.removed += self._catalog.rename(moved)
                outcomes.moved += moved.items()
            done = self._add_parts(file, parts, origin, explicit, outcomes)
            outcomes.removed += self._leave(held.keys() - there.keys() - moved.keys())
        arrived = {after for _, after in outcomes.moved}
        for place, (shown, outcome) in done.items():
            self.label(place, labels)
            if outcome != "unchanged" or place not in arrived:
                outcomes.paths[outcome].append(shown)

    def _add_parts(
        self, file: Path, parts: Sequence[Part], origin: Origin, explicit: bool, outcomes: Outcomes
    ) -> Done:
        """Stores what was read.

        Only when all of a file of several documents is stored do they bear its size and time: one
        that was interrupted, or of which something could not be read, is read again.
        """
        done: Done = {}
        places: list[Origin] = []
        whole = True
        for part in parts:
            inside = f"{MEMBER}{part.name}" if part.name else ""
            place = replace(origin, path=origin.path + inside, sha256=part.sha256)
            try:
                if isinstance(part.content, ReadError):
                    raise part.content
                now = replace(place, size=None, mtime_ns=None) if inside else place
                done[place.path] = (f"{file}{inside}", self._ingest.keep(part.content, now))
                places.append(place)
            except ReadError as exc:  # what is held of it stays: it is still in the file
                outcomes.refuse(f"{file}{inside}", exc, explicit=explicit and not inside)
                whole = whole and isinstance(exc, UnsupportedError)
        if whole:
            self._catalog.touch(places)
        return done

    def _leave(self, paths: Collection[str]) -> list[str]:
        """Forgets places that are no longer in a file, and tells which those were."""
        # A folder may be named like an archive and "!": what lies there is no part of the file.
        left = [each for each in sorted(paths) if MEMBER not in each or not os.path.lexists(each)]
        if left:
            self._catalog.forget(left)
        return left

    def label(self, path: str, labels: Labels) -> None:
        """Files a place that is held under what it is not filed under yet."""
        if labels.collection is None and not labels.tags:
            return
        held = self._catalog.find(path)
        if held is None:
            return
        # A sync runs again and again: it must not undo where the user put a document since.
        settled = labels.synced and held.origin.collection
        collection = None if settled else labels.collection
        if collection not in (None, held.origin.collection) or not set(labels.tags) <= set(
            held.entry.tags
        ):
            self._catalog.label(held.entry.id, collection=collection, path=path, tags=labels.tags)


def _is_fresh(held: Collection[Origin], now: Origin) -> bool:
    """Whether all that a file of several documents holds was stored from the file as it is now."""
    return bool(held) and all(
        (each.size, each.mtime_ns, each.recipe) == (now.size, now.mtime_ns, now.recipe)
        and None not in (each.size, each.mtime_ns)
        for each in held
    )


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
