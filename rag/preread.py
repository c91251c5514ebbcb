"""Passages read beforehand: a library's, by themselves, as long as nobody asks.

What was read is kept on the disk (`rag.shelf`), so that an answer begins as soon as the question
itself is read. Newest documents first, until the room is taken; then what answers were made of, in
the place of what was used longest ago.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from index.errors import RefdeskError, StorageError
from index.types import Entry
from rag import prompt
from rag.closing import closing
from rag.llm import LLM, Prefill, Prompt
from rag.shelf import Shelf, keys
from rag.types import Source

__all__ = ["Preread", "Prereader"]

log = logging.getLogger("refdesk")

_WISHES = 40
"""Passages of the last answers that are still to be read, at most."""

_HELD_UP_S = 2.0
_LOOK_S = 5.0
_AFTER_ERROR_S = 60.0
_PATIENCE_S = 5.0


class Articles(Protocol):
    """What is asked of a library."""

    def entries(self) -> list[Entry]: ...

    def passages(self, entry: Entry) -> list[str]: ...

    def revision(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Preread:
    """How far it is.

    done     passages that are kept, of `total`
    full     there is no room for more
    held_up  somebody asked: the passage in hand is read again later
    """

    done: int = 0
    total: int = 0
    full: bool = False
    held_up: bool = False


class Prereader:
    """Reads passages beforehand. Safe to use from several threads."""

    def __init__(
        self,
        library: Articles,
        family: prompt.Family,
        llm: Callable[[], LLM],
        shelf: Callable[[], Shelf | None],
    ) -> None:
        """shelf: where the model keeps what it reads, once it is loaded; None: nowhere"""
        self._library = library
        self._family = family
        self._llm = llm
        self._shelf = shelf
        self._wishes: deque[Source] = deque(maxlen=_WISHES)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.told = Preread()
        """How far it was last."""

    def start(self) -> None:
        """Reads in a thread of its own, until `stop`: see `follow`."""
        self._thread = threading.Thread(
            target=self.follow, args=(self._stop,), name="refdesk-preread", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Ends that at its next step."""
        self._stop.set()

    def join(self) -> None:
        """Waits for its end: the model may be closed before, the library may not."""
        if self._thread is not None:
            self._thread.join(_PATIENCE_S)

    def wish(self, sources: Sequence[Source]) -> None:
        """An answer was made of these: more may be asked of them."""
        self._wishes.extend(each for each in sources if not each.beforehand and not each.details)

    def follow(self, stop: threading.Event) -> None:
        """Reads, and again after each change of the library, until `stop`. What fails is told in
        the log.
        """
        while not stop.is_set():
            try:
                self._round(stop)
            except StorageError as exc:
                log.warning("%s", exc)
                return
            except RefdeskError as exc:
                log.info("Passages are not read beforehand for now: %s", exc)
                stop.wait(_AFTER_ERROR_S)

    def read(self) -> Iterator[Preread]:
        """Reads what is not kept yet. Tells how far it is after each passage, and where it is held
        up: whoever goes on then should wait a little.

        Closing the iterator stops the work; what was read is kept. Raises ModelError, LibraryError,
        StorageError.
        """
        llm = self._llm()
        shelf = self._shelf()
        if shelf is None:
            return
        entries = sorted(self._library.entries(), key=lambda each: -each.id)
        done, total = 0, sum(each.chunks for each in entries)
        for entry in entries:
            prompts = [
                prompt.alone(self._family, entry.title, entry.date, text, str(entry.id))
                for text in self._library.passages(entry)
            ]
            shelf.tidy(str(entry.id), {key for each in prompts for _, key in keys(each)})
            for each in prompts:
                while not llm.has_read(each):
                    yield from self._wished(llm, Preread(done, total))
                    if not shelf.fits_another():
                        yield Preread(done, total, full=True)
                        return
                    if not self._one(llm, each):
                        yield Preread(done, total, held_up=True)
                done += 1
                yield Preread(done, total)

    def _round(self, stop: threading.Event) -> None:
        """Reads the library once, then what is wished for, until the library changes."""
        seen = self._library.revision()
        self._heed(self.read(), stop)
        while self._library.revision() == seen and not stop.wait(_LOOK_S):
            self._heed(self._wished(self._llm(), self.told), stop)

    def _heed(self, steps: Iterator[Preread], stop: threading.Event) -> None:
        with closing(steps):
            for each in steps:
                self.told = each
                if each.held_up:
                    stop.wait(_HELD_UP_S)
                if stop.is_set():
                    return

    def _wished(self, llm: LLM, told: Preread) -> Iterator[Preread]:
        """Reads what the last answers were made of, the newest first."""
        while self._wishes:
            each = self._wishes.pop()
            asked = prompt.alone(
                self._family, each.title, each.date, each.text, str(each.document_id)
            )
            if llm.has_read(asked):
                continue
            if not self._one(llm, asked):
                self._wishes.append(each)
                yield Preread(told.done, told.total, told.full, held_up=True)

    def _one(self, llm: LLM, passage: Prompt) -> bool:
        """Reads a passage. Returns whether it was let to. Raises StorageError."""
        over = False
        with closing(llm.read(passage, idle=True)) as steps:
            for step in steps:
                over = isinstance(step, Prefill) and step.done == step.total
        if over and not llm.has_read(passage):
            raise StorageError(
                "A passage that was read beforehand cannot be kept: the disk is nearly full, the "
                "data folder cannot be written to, or `model.preread_mb` is less than a passage "
                "takes. Make room, or switch it off (`model.preread_mb = 0`)."
            )
        return over
