"""The library: add files, mirror folders, correct, remove, search. Ties the stages together."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from filelock import FileLock, Timeout

from index import sync
from index.archive import is_named
from index.catalog import Catalog
from index.embed import Embedder
from index.errors import BusyError, NotFoundError, UsageError
from index.held import FIELDS
from index.ingest import Ingest
from index.intake import Intake, ReadFile
from index.limits import Limits
from index.nearest import Nearest
from index.ranking import Ranking, Weights
from index.read import read_all
from index.reindex import reindex
from index.report import Labels, Progress, Report
from index.rerank import Reranker, reranked
from index.types import Entry, Filter, Hit
from index.walk import Problem, storable, walk
from index.wordcache import WordCache

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


@dataclass(frozen=True, slots=True)
class LibrarySettings:
    """chunk_tokens: budget of a passage; candidates: taken from each of the two searches.

    words           what searches by words: one of `index.wordcache.KINDS`
    merge_versions  of several versions of one article, search only the newest
    rerank          the passages that the reranker judges, if there is one
    """

    chunk_tokens: int = 120
    max_file_bytes: int = 32 * 1024 * 1024
    store: str = "faiss"
    words: str = "auto"
    candidates: int = 100
    weights: Weights = field(default_factory=Weights)
    merge_versions: bool = True
    rerank: int = 20


class Library:
    """Documents in a folder on disk. Safe to use from several threads and processes."""

    def __init__(
        self,
        folder: Path,
        embedder: Embedder,
        settings: LibrarySettings | None = None,
        read: ReadFile = read_all,
        reranker: Reranker | None = None,
    ) -> None:
        """Opens the library in `folder`, making it if need be.

        read      gives the documents that a file holds, as `index.read.read_all` and
                  `index.parse.Parser` do
        reranker  puts the best passages of a search into their last order; None: fusion does

        Raises CorruptError, StorageError, BusyError, SettingsError.
        """
        self._folder = folder
        self._embedder = embedder
        self._reranker = reranker
        self._settings = settings or LibrarySettings()
        self._catalog = Catalog(folder / "library.sqlite")
        self._ingest = Ingest(self._catalog, embedder, self._settings.chunk_tokens)
        self._intake = Intake(
            self._catalog,
            self._ingest,
            embedder,
            read,
            max_file_bytes=self._settings.max_file_bytes,
        )
        self._nearest = Nearest(self._catalog, embedder, folder / "vectors", self._settings.store)
        self._words = WordCache(self._catalog, folder / "words", self._settings.words)
        self._ranking = Ranking(
            self._catalog,
            embedder,
            candidates=self._settings.candidates,
            weights=self._settings.weights,
        )
        self._write_lock = FileLock(folder / "write.lock", timeout=5)
        self._limits = Limits(self._catalog, self.get, newest=self._settings.merge_versions)

    def close(self) -> None:
        self._words.close()
        self._catalog.close()

    def entries(self) -> list[Entry]:
        """All documents in the order in which they came."""
        return self._catalog.entries()

    def is_empty(self) -> bool:
        return self._catalog.is_empty()

    def revision(self) -> int:
        """Grows with each committed change, by whichever process."""
        return self._catalog.revision()

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

    def passage(self, document: int, start: int, end: int) -> str:
        """Part of a document's text, by its number. Raises NotFoundError."""
        return self._catalog.passage(document, start, end)

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
            files = list(walked.files.items())
            outcomes = self._intake.add(files, labels or Labels(), progress)
            if outcomes.changed_anything:
                self._finish()
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
                self._intake.label(origin.path, labels)
            files = [(file, False) for file in planned.read]
            outcomes = self._intake.add(files, labels, progress, check=check)
            report = outcomes.report()
            arrived = {storable(Path(each)) for each in (*report.copies, *report.changed)}
            gone = sync.gone(planned.gone, self._catalog.find, arrived)
            for before, after in gone.moved.items():
                self._intake.label(after, Labels(held[before].collection or None))
            back = gone.lost if planned.too_many(len(gone.lost)) and not delete else ()
            removed = [path for path in planned.gone if path not in back]
            if removed:
                self._catalog.forget(removed)
            if removed or outcomes.changed_anything:
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

    def reindex(self, progress: Progress | None = None) -> int:
        """Cuts and embeds anew what other settings or another model did, from what is stored.

        Files are not looked at. Interrupted at any moment, running it again goes on from there.
        Returns the number of documents. Raises BusyError, StorageError, CorruptError, ModelError.
        """
        with self._writing():
            done = reindex(self._catalog, self._ingest, self._embedder, progress)
            # An interrupted run left what only its end tidies up, though nothing may be left to do.
            self._finish()
        return done

    def is_searchable(self) -> bool:
        """Whether all of it was embedded by the present model: otherwise `search` raises."""
        return self._nearest.is_current()

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

    def search(
        self,
        question: str,
        k: int = 10,
        where: Filter | None = None,
        today: dt.date | None = None,
    ) -> list[Hit]:
        """The `k` passages that answer `question` best: by meaning and by words, fused, reranked.

        where  what to search in; None: everything. Of several versions of one article only the
               newest that it lets through is searched, if `merge_versions` is set.
        today  the day of asking, which "last week" counts from; None: such words are only words

        Raises ModelError, LibraryError if the library was embedded with another model,
        NotFoundError for a document, collection or tag that there is none of.
        """
        store = self._nearest.store()
        limited = self._limits.limit(where or Filter())
        if not len(store) or (limited and not limited[0]):
            return []
        documents, allowed = limited or (None, None)
        words = self._words.search()
        most = self._settings.rerank if self._reranker else 0
        hits = self._ranking.best(question, max(k, most), store, words, documents, allowed, today)
        if self._reranker:
            hits = reranked(question, hits, self._reranker, most)
        return hits[:k]

    def warm(self) -> None:
        """Loads what a search needs, so that the first one is as fast. Raises ModelError."""
        self._embedder.embed_queries(["warm"])
        if self._reranker:
            self._reranker.scores("warm", ["warm"])

    def words_by(self) -> str:
        """What searches by words now: "fts5" or "tantivy", and why where that is the slower one."""
        return self._words.told()

    def _finish(self) -> None:
        """After the last change of a run: drop what none uses, write the caches."""
        self._catalog.collect()
        self._nearest.publish()
        self._words.publish()

    def _writing(self) -> _Writing:
        return _Writing(self._write_lock, self._folder)


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
