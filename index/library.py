"""The library: add files, remove them, search them. Ties the stages of `index` together."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from filelock import FileLock, Timeout

from index import generations
from index.archive import MEMBER, file_of
from index.catalog import Catalog
from index.chunk import chunk
from index.embed import Embedder, Vectors
from index.errors import (
    BusyError,
    CorruptError,
    EmptyDocumentError,
    LibraryError,
    NotFoundError,
    ReadError,
    UnsupportedError,
)
from index.fuse import reciprocal_rank_fusion
from index.read import read_all
from index.types import Document, Entry, Hit, Part
from index.vectors import STORES, VectorStore

# Part of every document's recipe: raise it when readers, cleaning or chunking change, and the
# next `add` re-indexes what was indexed the old way.
RECIPE_VERSION = 2

Progress = Callable[[str, int, int], None]
"""Called with (what is in hand, number done, number in all)."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A file that was not indexed, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """What `Library.add` did, by path. `skipped`: found in a folder or an archive, of a kind not
    read. `removed`: no longer in the file that held them.
    """

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    failed: tuple[Problem, ...] = ()
    skipped: tuple[Problem, ...] = ()
    removed: tuple[str, ...] = ()


class ReadFile(Protocol):
    """What reads files: as they are, or in a process of its own."""

    def __call__(self, path: Path, *, max_bytes: int) -> Sequence[Part]:
        """The documents that a file holds. Raises `ReadError`."""
        ...


@dataclass(frozen=True, slots=True)
class LibrarySettings:
    """chunk_tokens: budget of a passage; candidates: taken from each of the two searches."""

    chunk_tokens: int = 120
    max_file_bytes: int = 32 * 1024 * 1024
    store: str = "faiss"
    candidates: int = 50
    rrf_k: int = 60


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
        self._write_lock = FileLock(folder / "write.lock", timeout=5)
        self._store_lock = threading.Lock()
        self._store: tuple[generations.State, VectorStore] | None = None

    def close(self) -> None:
        self._catalog.close()

    def entries(self) -> list[Entry]:
        """All documents in the order in which they came."""
        return self._catalog.entries()

    def is_empty(self) -> bool:
        return not self._catalog.entries()

    def get(self, reference: str) -> Entry:
        """The document of that number, path, or file name where only one has it.

        Raises NotFoundError.
        """
        entries = self.entries()
        if reference.isdigit():
            for entry in entries:
                if entry.id == int(reference):
                    return entry
        wanted = storable(Path(reference))
        for entry in entries:
            if entry.path in (reference, wanted):
                return entry
        named = [entry for entry in entries if _name(entry.path) == reference]
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

    def add(self, paths: Iterable[Path], progress: Progress | None = None) -> Report:
        """Reads, cuts, embeds and stores files, and the files in folders.

        A file that cannot be read is reported and the rest goes on. Interrupted at any moment,
        what was stored stays, and adding the same again goes on from there.
        Raises BusyError, StorageError, CorruptError, ModelError.
        """
        files, failed = _expand(paths)
        added: list[str] = []
        changed: list[str] = []
        unchanged: list[str] = []
        skipped: list[Problem] = []
        removed: list[str] = []
        with self._writing():
            for done, (file, explicit) in enumerate(files):
                if progress:
                    progress(file.name, done, len(files))
                for path, outcome in self._add_file(file):
                    if isinstance(outcome, UnsupportedError):
                        asked_for = explicit and path == str(file)
                        (failed if asked_for else skipped).append(Problem(path, str(outcome)))
                    elif isinstance(outcome, ReadError):
                        failed.append(Problem(path, str(outcome)))
                    else:
                        {
                            "added": added,
                            "changed": changed,
                            "removed": removed,
                            "unchanged": unchanged,
                        }[outcome].append(path)
            if progress:
                progress("", len(files), len(files))
            if added or changed or removed:
                self._publish()
        return Report(
            tuple(added),
            tuple(changed),
            tuple(unchanged),
            tuple(failed),
            tuple(skipped),
            tuple(removed),
        )

    def remove(self, reference: str) -> Entry:
        """Removes one document from the library; its file stays where it is.

        Raises NotFoundError, BusyError, StorageError.
        """
        with self._writing():
            entry = self.get(reference)
            self._catalog.remove(entry.id)
            self._publish()
        return entry

    def search(self, question: str, k: int = 10) -> list[Hit]:
        """The `k` passages that answer `question` best, by meaning and by words, fused by rank.

        Raises LibraryError if the library was embedded with another model.
        """
        store = self._vectors()
        if not len(store):
            return []
        wide = max(self._settings.candidates, k)
        query = self._embedder.embed_queries([question])[0]
        dense = dict(store.search(query, wide))
        words = dict(self._catalog.match(question, wide))
        fused = reciprocal_rank_fusion([list(dense), list(words)], k=self._settings.rrf_k)
        return list(self._hits(fused, query, dense, words, k))

    def _hits(
        self,
        fused: Sequence[tuple[int, float]],
        query: Vectors,
        dense: dict[int, float],
        words: dict[int, float],
        k: int,
    ) -> Iterator[Hit]:
        # A document removed since the vectors were built is found no more: twice `k` makes up.
        best = fused[: 2 * k]
        known = self._catalog.chunks([number for number, _ in best])
        alone = [number for number, _ in best if number not in dense]
        vectors = self._catalog.vectors_of(alone)
        given = 0
        for number, score in best:
            if number not in known or given == k:
                continue
            entry, passage = known[number]
            similarity = dense.get(number)
            if similarity is None and number in vectors:
                similarity = float(vectors[number] @ query)
            given += 1
            yield Hit(number, entry, passage, score, similarity, words.get(number))

    def _add_file(self, file: Path) -> Iterator[tuple[str, str | ReadError]]:
        """Adds what a file holds: for each document its path, and what was done or what failed."""
        try:
            parts = self._read(file, max_bytes=self._settings.max_file_bytes)
        except ReadError as exc:
            yield str(file), exc
            return
        kept = set()
        for part in parts:
            inside = f"{MEMBER}{part.name}" if part.name else ""
            kept.add(storable(file) + inside)
            outcome: str | ReadError
            try:
                outcome = self._add_one(storable(file) + inside, part)
            except ReadError as exc:
                outcome = exc  # what is held of it stays: it is still in the file
            yield f"{file}{inside}", outcome
        for entry in self._catalog.within(storable(file)):
            if entry.path not in kept:
                self._catalog.remove(entry.id)
                yield entry.path, "removed"

    def _add_one(self, path: str, part: Part) -> str:
        if isinstance(part.content, ReadError):
            raise part.content
        document, sha256 = part.content, part.sha256
        held = self._catalog.find(path)
        recipe = self._recipe()
        if held and held[0].sha256 == sha256 and held[1] == recipe:
            return "unchanged"
        chunks = chunk(
            document,
            self._embedder.count,
            budget=self._settings.chunk_tokens,
            limit=self._embedder.limit,
        )
        if not chunks:
            raise EmptyDocumentError("no text to index in it")
        vectors = self._embedder.embed_passages(
            [_embedded(document, c.header, c.text) for c in chunks]
        )
        self._catalog.put(
            path, sha256, recipe, document, chunks, vectors, self._embedder.fingerprint
        )
        return "changed" if held else "added"

    def _recipe(self) -> str:
        return f"{RECIPE_VERSION}:{self._settings.chunk_tokens}:{self._embedder.fingerprint}"

    def _writing(self) -> _Writing:
        return _Writing(self._write_lock, self._folder)

    def _state(self) -> generations.State:
        return generations.State(
            self._catalog.sequence(),
            self._catalog.count(),
            self._embedder.fingerprint,
            self._settings.store,
        )

    def _vectors(self) -> VectorStore:
        """The vectors of the library as it is now, whoever changed it."""
        with self._store_lock:
            sequence = self._catalog.sequence()
            if self._store and self._store[0].sequence == sequence:
                return self._store[1]
            strangers = self._catalog.fingerprints() - {self._embedder.fingerprint}
            if strangers:
                raise LibraryError(
                    f"The library was embedded with another model than {self._embedder.name}. "
                    "Embed it again: `refdesk add` the same files, or choose the old embedder."
                )
            state = self._state()
            store = self._opened(state) or self._built()
            self._store = (state, store)
            return store

    def _opened(self, state: generations.State) -> VectorStore | None:
        file = generations.current(self._folder / "vectors", state)
        if file is None:
            return None
        try:
            store = STORES[state.kind].load(file)
        except CorruptError:
            return None  # a cache: made again from the database
        return store if len(store) == state.count else None

    def _built(self) -> VectorStore:
        ids, vectors = self._catalog.vectors(self._embedder.dimension)
        return STORES[self._settings.store](ids, vectors)

    def _publish(self) -> None:
        """Writes the vectors' cache. The caller holds the write lock."""
        strangers = self._catalog.fingerprints() - {self._embedder.fingerprint}
        if strangers:
            return  # `search` says so; the database itself is sound
        state = self._state()
        store = self._built()
        try:
            generations.publish(self._folder / "vectors", state, store.save)
        except (OSError, RuntimeError):
            # FAISS reports a failed write as RuntimeError. The truth is stored: the next
            # search rebuilds from it, so a cache that cannot be written costs time only.
            return
        with self._store_lock:
            self._store = (state, store)


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


def storable(path: Path) -> str:
    """A path as the library keeps it: absolute, and printable whatever bytes its name holds."""
    absolute = os.path.abspath(path)
    return os.fsencode(absolute).decode("utf-8", "backslashreplace")


def _name(path: str) -> str:
    """A file's name; of a document in a file with its place there: "news.zip!/2029/ships.pdf"."""
    file = file_of(path)
    return Path(file).name + path[len(file) :]


def _embedded(document: Document, header: str, text: str) -> str:
    return f"{header}\n{text}" if header and not text.startswith(document.title) else text


def _expand(paths: Iterable[Path]) -> tuple[list[tuple[Path, bool]], list[Problem]]:
    """Files to read, each with whether it was named itself; and what cannot be looked into."""
    files: dict[Path, bool] = {}
    problems: list[Problem] = []

    def refused(exc: OSError) -> None:
        problems.append(Problem(str(exc.filename), f"cannot be opened ({exc.strerror})"))

    for path in paths:
        if path.is_dir():
            for folder, folders, names in os.walk(path, onerror=refused):
                folders[:] = sorted(each for each in folders if not each.startswith("."))
                for name in sorted(names):
                    if not name.startswith("."):
                        files.setdefault(Path(folder) / name, False)
        elif path.exists() or path.is_symlink():
            files[path] = True
        else:
            problems.append(Problem(str(path), "there is no such file or folder"))
    return list(files.items()), problems
