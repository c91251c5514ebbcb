"""The library: add files, mirror folders, correct, remove, search. Ties the stages together."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from filelock import FileLock, Timeout

from index import sync
from index.archive import MEMBER, is_named
from index.catalog import Catalog
from index.embed import Embedder
from index.errors import BusyError, NotFoundError, ReadError, UnsupportedError, UsageError
from index.fuse import convex, reciprocal_rank_fusion
from index.held import FIELDS, Origin
from index.ingest import Ingest, Outcome
from index.limits import Limits
from index.nearest import Nearest
from index.read import read_all
from index.report import Labels, Outcomes, Progress, Report
from index.types import Entry, Filter, Hit, Part
from index.walk import Problem, storable, walk

__all__ = [
    "Labels",
    "Library",
    "LibrarySettings",
    "Problem",
    "Progress",
    "ReadFile",
    "Report",
    "storable",
]


Done = dict[str, tuple[str, Outcome]]
"""By place: its name as the user wrote it, and what became of it."""


class ReadFile(Protocol):
    """What reads files: as they are, or in a process of its own."""

    def __call__(self, path: Path, *, max_bytes: int) -> Sequence[Part]:
        """The documents that a file holds. Raises `ReadError`."""
        ...


@dataclass(frozen=True, slots=True)
class LibrarySettings:
    """chunk_tokens: budget of a passage; candidates: taken from each of the two searches.

    fusion          "convex" (with words_weight) or "rrf" (with rrf_k), see `index.fuse`
    merge_versions  of several versions of one article, search only the newest
    """

    chunk_tokens: int = 120
    max_file_bytes: int = 32 * 1024 * 1024
    store: str = "faiss"
    candidates: int = 100
    fusion: str = "convex"
    words_weight: float = 0.5
    rrf_k: int = 60
    merge_versions: bool = True


class Library:
    """Documents in a folder on disk. Safe to use from several threads and processes."""

    def __init__(
        self,
        folder: Path,
        embedder: Embedder,
        settings: LibrarySettings | None = None,
        read: ReadFile = read_all,
    ) -> None:
        """Opens the library in `folder`, making it if need be.

        read  gives the documents that a file holds, as `index.read.read_all` and
              `index.parse.Parser` do

        Raises CorruptError, StorageError, BusyError.
        """
        self._folder = folder
        self._embedder = embedder
        self._settings = settings or LibrarySettings()
        self._read = read
        self._catalog = Catalog(folder / "library.sqlite")
        self._ingest = Ingest(self._catalog, embedder, self._settings.chunk_tokens)
        self._nearest = Nearest(self._catalog, embedder, folder / "vectors", self._settings.store)
        self._write_lock = FileLock(folder / "write.lock", timeout=5)
        self._limits = Limits(self._catalog, self.get, newest=self._settings.merge_versions)

    def close(self) -> None:
        self._catalog.close()

    def entries(self) -> list[Entry]:
        """All documents in the order in which they came."""
        return self._catalog.entries()

    def is_empty(self) -> bool:
        return self._catalog.is_empty()

    def collections(self) -> dict[str, int]:
        """The number of documents in each collection; "" for those in none."""
        return self._catalog.collections()

    def get(self, reference: str) -> Entry:
        """The document of that number, path, or file name where only one has it.

        Raises NotFoundError.
        """
        if reference.isdecimal() and len(reference) < 19:
            entry = self._catalog.entry(int(reference))
            if entry is not None:
                return entry
        held = self._catalog.find(reference) or self._catalog.find(storable(Path(reference)))
        if held is not None:
            return held.entry
        named = self._catalog.named(reference)
        if len(named) == 1:
            return named[0]
        if named:
            places = ", ".join(f"{entry.id} ({entry.path})" for entry in named)
            raise NotFoundError(f"Several documents are named {reference!r}: {places}. Name one "
                                "by its number.")  # fmt: skip
        raise NotFoundError(
            f"No document {reference!r} in the library. `refdesk list` shows them all."
        )

    def text(self, entry: Entry) -> str:
        """The extracted text that all offsets count in."""
        return self._catalog.text(entry.id)

    def body(self, entry: Entry) -> list[tuple[int, int]] | None:
        """The spans of the text that are indexed; None: all of it."""
        return self._catalog.body(entry.id)

    def add(
        self, paths: Iterable[Path], progress: Progress | None = None, labels: Labels | None = None
    ) -> Report:
        """Reads, cuts, embeds and stores files, and the files in folders.

        A file that cannot be read is reported and the rest goes on. Interrupted at any moment,
        what was stored stays, and adding the same again goes on from there.
        Raises BusyError, StorageError, CorruptError, ModelError.
        """
        walked = walk(paths)
        with self._writing():
            outcomes = self._add_all(list(walked.files.items()), labels or Labels(), progress)
        report = outcomes.report()
        return replace(report, failed=(*walked.problems, *report.failed))

    def sync(
        self,
        folder: Path,
        progress: Progress | None = None,
        labels: Labels | None = None,
        *,
        check: bool = False,
        delete: bool = False,
    ) -> Report:
        """Makes the library mirror a folder: new, changed, moved and deleted files.

        check   read every file, even if size and time say that it did not change
        delete  remove even where most of what was mirrored has gone

        Only what came from this folder by a sync is ever removed. Interrupted at any moment,
        running it again completes it.
        Raises UsageError (no such folder), BusyError, StorageError, CorruptError, ModelError.
        """
        folder = Path(os.path.abspath(folder))
        with self._writing():
            held = self._catalog.origins(storable(folder))
            planned = sync.plan(folder, held, self._ingest.recipe, check=check)
            labels = replace(labels or Labels(), synced=True)
            fresh = [held[path] for path in planned.unchanged]
            self._catalog.touch(replace(each, synced=True) for each in fresh if not each.synced)
            for origin in fresh:
                self._label(origin.path, labels)
            files = [(file, False) for file in planned.read]
            outcomes = self._add_all(files, labels, progress, check=check)
            report = outcomes.report()
            arrived = {storable(Path(each)) for each in (*report.copies, *report.changed)}
            gone = sync.gone(planned.gone, self._catalog.find, arrived)
            for before, after in gone.moved.items():
                self._label(after, Labels(held[before].collection or None))
            back = gone.lost if planned.too_many(len(gone.lost)) and not delete else ()
            removed = [path for path in planned.gone if path not in back]
            if removed:
                self._catalog.forget(removed)
                self._finish()
        targets = set(gone.moved.values())
        return replace(
            report,
            unchanged=(*planned.unchanged, *report.unchanged),
            copies=tuple(each for each in report.copies if storable(Path(each)) not in targets),
            failed=(*planned.problems, *report.failed),
            moved=(*report.moved, *gone.moved.items()),
            removed=(*report.removed, *(path for path in removed if path not in gone.moved)),
            held_back=back,
        )

    def members(self, reference: str) -> list[Entry]:
        """The documents in a file of several, by the file's path or, where only one has it, name.

        None if there is no such file; raises NotFoundError if there are several.
        """
        return self._members(reference)[1]

    def remove_members(self, reference: str) -> list[Entry]:
        """Removes what came out of a file of several documents, as `remove` does.

        Returns the documents as they were. Raises NotFoundError, BusyError, StorageError.
        """
        with self._writing():
            places, entries = self._members(reference)
            self._catalog.forget(places)
            self._finish()
        return entries

    def _members(self, reference: str) -> tuple[list[str], list[Entry]]:
        found = self._catalog.members(storable(Path(reference))) or self._catalog.members(reference)
        if len(found) > 1:
            raise NotFoundError(f"Several files are named {reference!r}: {', '.join(found)}. Name "
                                "one by its path.")  # fmt: skip
        places = [path for paths in found.values() for path in paths]
        held = [each.entry for path in places if (each := self._catalog.find(path))]
        return places, list({entry.id: entry for entry in held}.values())

    def remove(self, reference: str) -> Entry:
        """Removes a document by number; by path or name only those places of it.

        A document goes with its last place; files stay where they are. Returns the document as
        it was. Raises NotFoundError, BusyError, StorageError.
        """
        with self._writing():
            entry = self.get(reference)
            path = storable(Path(reference))
            places = [
                each
                for each in entry.origins
                if each in (reference, path) or is_named(each, reference)
            ]
            if reference == str(entry.id) or not places:
                self._catalog.remove(entry.id)
            else:
                self._catalog.forget(places)
            self._finish()
        return entry

    def edit(
        self,
        reference: str,
        changes: Mapping[str, str | None] | None = None,
        *,
        collection: str | None = None,
        tags: Sequence[str] = (),
        untag: Sequence[str] = (),
        reset: bool = False,
    ) -> Entry:
        """Corrects what is known of a document; that holds when its file is read again.

        changes     title, author, date (ISO) and source; None: unknown
        collection  "" takes it out of any
        reset       first drop all corrections made before

        Returns the document as it is then. Raises NotFoundError, UsageError, BusyError,
        StorageError, ModelError.
        """
        changes = changes or {}
        unknown = set(changes) - set(FIELDS)
        if unknown or ("title" in changes and not (changes["title"] or "").strip()):
            raise UsageError(
                f"A document has {', '.join(FIELDS)}, and a title is never empty: got "
                f"{', '.join(f'{name} = {value!r}' for name, value in changes.items())}."
            )
        with self._writing():
            entry = self.get(reference)
            if reset:
                self._ingest.restore(entry.id)
            if changes:
                self._ingest.correct(entry.id, changes)
            if collection is not None or tags or untag:
                self._catalog.label(entry.id, collection=collection, tags=tags, untag=untag)
            if reset or changes:
                self._finish()
        return self.get(str(entry.id))

    def search(self, question: str, k: int = 10, where: Filter | None = None) -> list[Hit]:
        """The `k` passages that answer `question` best, by meaning and by words, fused.

        where  what to search in; None: everything. Of several versions of one article only the
               newest that it lets through is searched, if `merge_versions` is set.

        Raises LibraryError if the library was embedded with another model, NotFoundError for a
        document, collection or tag that there is none of.
        """
        store = self._nearest.store()
        limited = self._limits.limit(where or Filter())
        if not len(store) or (limited and not limited[0]):
            return []
        documents, allowed = limited or (None, None)
        wide = max(self._settings.candidates, k)
        query = self._embedder.embed_queries([question])[0]
        dense = dict(store.search(query, wide, allowed))
        words = dict(self._catalog.match(question, wide, documents))
        alone = self._catalog.vectors_of([number for number in words if number not in dense])
        alike = dense | {number: float(vector @ query) for number, vector in alone.items()}
        return list(self._hits(self._fused(dense, alike, words), alike, words, k))

    def _fused(
        self, dense: dict[int, float], alike: dict[int, float], words: dict[int, float]
    ) -> list[tuple[int, float]]:
        if self._settings.fusion == "rrf":
            return reciprocal_rank_fusion([list(dense), list(words)], k=self._settings.rrf_k)
        floor = min(dense.values(), default=0.0)
        return convex(alike, words, floor=floor, words_weight=self._settings.words_weight)

    def _hits(
        self,
        fused: Sequence[tuple[int, float]],
        alike: dict[int, float],
        words: dict[int, float],
        k: int,
    ) -> Iterator[Hit]:
        # A document removed since the vectors were built is found no more: twice `k` makes up.
        best = fused[: 2 * k]
        known = self._catalog.chunks([number for number, _ in best])
        given = 0
        for number, score in best:
            if number not in known or given == k:
                continue
            entry, passage = known[number]
            given += 1
            yield Hit(number, entry, passage, score, alike.get(number), words.get(number))

    def _add_all(
        self,
        files: Sequence[tuple[Path, bool]],
        labels: Labels,
        progress: Progress | None,
        *,
        check: bool = False,
    ) -> Outcomes:
        """Adds files, each with whether it was named itself. The caller holds the write lock."""
        outcomes = Outcomes()
        self._catalog.versions.find()
        for done, (file, explicit) in enumerate(files):
            if progress:
                progress(file.name, done, len(files))
            self._add_file(file, explicit, labels, outcomes, check=check)
        if progress:
            progress("", len(files), len(files))
        paths = outcomes.paths
        stored = (paths["added"], paths["copied"], paths["changed"])
        if any((*stored, outcomes.moved, outcomes.removed)):
            self._finish()
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
                parts = self._read(file, max_bytes=self._settings.max_file_bytes)
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
            self._label(place, labels)
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

    def _label(self, path: str, labels: Labels) -> None:
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

    def _finish(self) -> None:
        """After the last change of a run: drop what none uses, write the vectors' cache."""
        self._catalog.collect()
        self._nearest.publish()

    def _writing(self) -> _Writing:
        return _Writing(self._write_lock, self._folder)


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


class _Writing:
    """The right to change the library, one process and thread at a time."""

    def __init__(self, lock: FileLock, folder: Path) -> None:
        self._lock = lock
        self._folder = folder

    def __enter__(self) -> None:
        try:
            self._lock.acquire()
        except Timeout as exc:
            raise BusyError(
                f"Another process is changing the library in {self._folder}. Wait for it to end."
            ) from exc

    def __exit__(self, *_: object) -> None:
        self._lock.release()
