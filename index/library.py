"""The library: add files, mirror folders, correct, remove, search. Ties the stages together."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from index import references
from index.catalog import Catalog
from index.embed import Embedder
from index.errors import UsageError
from index.held import FIELDS
from index.ingest import Ingest
from index.intake import Intake, ReadFile
from index.lock import WriteLock
from index.mirror import mirror
from index.ranking import Weights
from index.read import read_all
from index.reindex import reindex
from index.report import Labels, Progress, Report
from index.rerank import Reranker
from index.searching import Searching, sound
from index.types import Entry, Filter, Hit
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


@dataclass(frozen=True, slots=True)
class LibrarySettings:
    """chunk_tokens: budget of a passage; candidates: taken from each of the two searches.

    store           what searches vectors: one of `index.vectors.KINDS`
    words           what searches by words: one of `index.wordcache.KINDS`
    merge_versions  of several versions of one article, search only the newest
    rerank          the passages that the reranker judges, if there is one
    """

    chunk_tokens: int = 120
    max_file_bytes: int = 32 * 1024 * 1024
    store: str = "auto"
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
        changed: Callable[[Collection[int]], object] = lambda _: None,
    ) -> None:
        """Opens the library in `folder`, making it if need be.

        read      gives the documents that a file holds, as `index.read.read_all` and
                  `index.parse.Parser` do
        reranker  puts the best passages of a search into their last order; None: fusion does
        changed   is given the numbers of all documents after each run that changed any

        Raises CorruptError, StorageError, BusyError, SettingsError.
        """
        settings = settings or LibrarySettings()
        self._embedder = embedder
        self._catalog = Catalog(sound(folder))
        self._ingest = Ingest(self._catalog, embedder, settings.chunk_tokens)
        self._intake = Intake(
            self._catalog, self._ingest, embedder, read, max_file_bytes=settings.max_file_bytes
        )
        self._search = Searching(
            self._catalog,
            embedder,
            folder,
            self.get,
            reranker,
            store=settings.store,
            words=settings.words,
            candidates=settings.candidates,
            weights=settings.weights,
            newest=settings.merge_versions,
            rerank=settings.rerank,
        )
        self._writing = WriteLock(folder)
        self._changed = changed

    def close(self) -> None:
        self._search.close()
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
        return references.document(self._catalog, reference)

    def text(self, entry: Entry) -> str:
        """The extracted text that all offsets count in."""
        return self._catalog.text(entry.id)

    def passage(self, document: int, start: int, end: int) -> str:
        """Part of a document's text, by its number. Raises NotFoundError."""
        return self._catalog.passage(document, start, end)

    def passages(self, entry: Entry) -> list[str]:
        """The texts of a document's passages, in their order."""
        return self._catalog.texts_of(entry.id)

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
        with self._writing:
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
        with self._writing:
            return mirror(
                self._catalog,
                self._intake,
                folder,
                self._ingest.recipe,
                self._finish,
                labels or Labels(),
                progress,
                check=check,
                delete=delete,
            )

    def reindex(self, progress: Progress | None = None) -> int:
        """Cuts and embeds anew what other settings or another model did, from what is stored.

        Files are not looked at. Interrupted at any moment, running it again goes on from there.
        Returns the number of documents. Raises BusyError, StorageError, CorruptError, ModelError.
        """
        with self._writing:
            done = reindex(self._catalog, self._ingest, self._embedder, progress)
            # An interrupted run left what only its end tidies up, though nothing may be left to do.
            self._finish()
        return done

    def is_searchable(self) -> bool:
        """Whether all of it was embedded by the present model: otherwise `search` raises."""
        return self._search.nearest.is_current()

    def members(self, reference: str) -> list[Entry]:
        """The documents in a file of several, by the file's path or, where only one has it, name.

        None if there is no such file; raises NotFoundError if there are several.
        """
        return references.members(self._catalog, reference)[1]

    def remove_members(self, reference: str) -> list[Entry]:
        """Removes what came out of a file of several documents, as `remove` does.

        Returns the documents as they were. Raises NotFoundError, BusyError, StorageError.
        """
        with self._writing:
            places, entries = references.members(self._catalog, reference)
            self._catalog.forget(places)
            self._finish()
        return entries

    def remove(self, reference: str) -> Entry:
        """Removes a document by number; by path or name only those places of it.

        A document goes with its last place; files stay where they are. Returns the document as
        it was. Raises NotFoundError, BusyError, StorageError.
        """
        with self._writing:
            entry = self.get(reference)
            places = references.places(entry, reference)
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
        with self._writing:
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
        return self._search.hits(question, k, where or Filter(), today)

    def spelt(self, question: str) -> str:
        """`question` with words that no article has as the articles have them, where they seem to
        be misspelt (`index.spelling`); the very same text where none do.
        """
        return self._catalog.spelling.corrected(question, self._common)

    def _common(self, words: Sequence[str]) -> list[bool]:
        # Common words are one token each; names and slips are pieced together.
        return [tokens == 1 for tokens in self._embedder.count(words)]

    def warm(self) -> None:
        """Loads what a search needs, so that the first one is as fast. Raises ModelError."""
        self._search.warm()

    def words_by(self) -> str:
        """What searches by words now: "fts5" or "tantivy", and why where that is the slower one."""
        return self._search.words.told()

    def _finish(self) -> None:
        """After the last change of a run: drop what none uses, write the caches."""
        self._catalog.collect()
        self._search.publish()
        self._changed(self._catalog.numbers())
