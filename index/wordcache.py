"""The word search of a library as it is now, whoever changed it, and its cache on disk.

FTS5, which is part of the library's file, is exact and always current, but its time grows with the
library. From `LEAST` passages on Tantivy searches, in an index made from that file and kept beside
it in generations. It is used only while it was made from the very state that the library is in;
until it is made again, FTS5 answers. So damage, a crash or a full disk costs time only. Where FTS5
takes too long, from `LATE` passages on, the index opened last answers in the seconds in which the
next one is made: what was added meanwhile is then found by its meaning alone.
"""

from __future__ import annotations

import contextlib
import json
import threading
from pathlib import Path

from filelock import FileLock, Timeout

from index import generations, tantivy
from index.catalog import Catalog
from index.errors import CorruptError, LibraryError, SettingsError, StorageError
from index.generations import Generation, State
from index.texts import Texts
from index.words import WordSearch

__all__ = ["KINDS", "LEAST", "WordCache"]

KINDS = ("auto", "fts5", "tantivy")

LEAST = 20_000
"""Passages from which on "auto" means Tantivy: FTS5 takes about 1 ms for each thousand."""

LATE = 200_000
"""Passages from which on an index that is a few seconds old is better than FTS5."""

_WRITTEN = "written.json"
_WORTH = 2
"""Made from scratch after this many times as many passages were written as are held."""


class WordCache:
    """Keeps one search, and has a new one made when the passages have changed."""

    def __init__(
        self, catalog: Catalog, folder: Path, kind: str = "auto", *, late: int = LATE
    ) -> None:
        """folder: where generations are kept; kind: one of `KINDS`.

        Raises SettingsError where "tantivy" is asked for and cannot be had.
        """
        if kind == "tantivy" and not tantivy.installed():
            raise SettingsError(
                "retrieval.words is tantivy, and the package tantivy is not installed. "
                "Install it, or set retrieval.words to auto or fts5."
            )
        self._catalog = catalog
        self._folder = folder
        self._asked = kind
        self._file_lock = FileLock(folder.with_name(f"{folder.name}.lock"), timeout=5)
        self._least = 1 if kind == "tantivy" else LEAST
        self._used = kind != "fts5" and tantivy.installed()
        self._late = late
        self._lock = threading.Lock()
        self._search: tuple[int, WordSearch] | None = None
        self._updating: threading.Thread | None = None
        self._tried = -1
        self._closed = threading.Event()

    def search(self) -> WordSearch:
        """The word search to use now. Never waits for an index to be made."""
        if not self._used:
            return self._catalog.words
        sequence = self._catalog.sequence()
        with self._lock:
            if self._search and self._search[0] == sequence:
                return self._search[1]
            state = self._state(self._catalog.state())
            if state.count < self._least:
                self._search = (state.sequence, self._catalog.words)
                return self._catalog.words
            opened = self._opened(generations.current(self._folder, state))
            if opened is not None:
                self._search = (state.sequence, opened)
                return opened
            self._update_aside(state.sequence)
            if self._search and state.count >= self._late and self._is_updating():
                return self._search[1]
            return self._catalog.words

    def told(self) -> str:
        """What searches now, and why where that is the slower one in a large library."""
        search = self.search()
        if search.name == "tantivy" or self._asked == "fts5":
            return search.name
        if self._catalog.count() < self._least:
            return search.name
        missing = "its index is not made yet"
        if not self._used:
            missing = "the package is not installed"
        return f"{search.name}, not tantivy: {missing}"

    def publish(self) -> None:
        """Brings the cache up to date, unless another process is doing that."""
        # What fails is told by nobody: the truth is stored, and FTS5 answers from it.
        with contextlib.suppress(LibraryError, StorageError, OSError, Timeout):
            self._update()

    def close(self) -> None:
        """Ends an update in the background, which is lost: the next one begins where it began."""
        self._closed.set()
        if self._updating is not None:
            self._updating.join()

    def _update_aside(self, sequence: int) -> None:
        """Once for each state: what failed for one mostly fails again."""
        if not self._is_updating() and self._tried != sequence and not self._closed.is_set():
            self._tried = sequence
            self._updating = threading.Thread(target=self.publish, daemon=True, name="words")
            self._updating.start()

    def _is_updating(self) -> bool:
        return self._updating is not None and self._updating.is_alive()

    def _update(self) -> None:
        if not self._used or self._catalog.count() < self._least:
            return
        with self._file_lock, contextlib.closing(self._catalog.texts()) as texts:
            state = self._state(texts.state())
            opened = self._opened(generations.current(self._folder, state))
            if opened is None:
                opened = tantivy.TantivyWords(self._made(state, texts).folder)
        with self._lock:
            self._search = (state.sequence, opened)

    def _made(self, state: State, texts: Texts) -> Generation:
        """A new generation: from the last one, or from scratch where that cannot or should not be.

        Raises OSError, CorruptError.
        """
        base = generations.latest(self._folder, fingerprint=state.fingerprint)
        if base is not None and _written(base.folder) < _WORTH * state.count:
            with contextlib.suppress(CorruptError):
                return self._published(state, texts, base)
        return self._published(state, texts, None)

    def _published(self, state: State, texts: Texts, base: Generation | None) -> Generation:
        def fill(folder: Path) -> None:
            before = _written(folder)
            now = tantivy.update(folder, texts, stopped=self._closed.is_set)
            made = folder / f"{_WRITTEN}.tmp"
            made.write_text(json.dumps(before + now), encoding="utf-8")
            made.replace(folder / _WRITTEN)
            if len(tantivy.TantivyWords(folder)) != state.count:
                raise CorruptError(f"The word index {folder} holds other passages than it should.")

        return generations.publish(self._folder, state, fill, base)

    def _opened(self, found: Generation | None) -> WordSearch | None:
        if found is None:
            return None
        try:
            return tantivy.TantivyWords(found.folder)
        except (CorruptError, OSError):
            return None  # a cache: made again from the database

    def _state(self, of: tuple[int, int, str]) -> State:
        sequence, count, newest = of
        return State(sequence, count, tantivy.fingerprint(), f"tantivy:{newest}")


def _written(folder: Path) -> int:
    """The passages written since an index was made from scratch: those held, and those gone."""
    try:
        return int(json.loads((folder / _WRITTEN).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return 0
