"""What the faces ask of a desk, and the desk over a library: the seam between `ui` and below."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from index.errors import RefdeskError
from index.types import Entry, Filter, Hit
from rag.config import ROOT
from rag.types import Event, Question
from ui.cited import file_name
from ui.limits import asked

if TYPE_CHECKING:
    from rag.build import Parts

log = logging.getLogger("refdesk")


class Desk(Protocol):
    """Answers questions from one library. Safe to use from several threads."""

    def ask(self, question: Question | str) -> Iterator[Event]:
        """Answers as `rag.engine.Engine.ask` does; closing the iterator stops the work.

        Raises RefdeskError.
        """
        ...

    def prepare(self, question: Question) -> Iterator[Event]:
        """Reads what the answer to a question still being typed will need, if nobody asks.

        Closing the iterator stops the work. Raises RefdeskError.
        """
        ...

    def search(self, question: str, k: int, where: Filter | None = None) -> list[Hit]:
        """The `k` passages that fit best. Raises UsageError, LibraryError, ModelError."""
        ...

    def entries(self) -> list[Entry]:
        """The documents in the library. Raises LibraryError."""
        ...

    def examples(self) -> list[str]:
        """Questions to start from, of which the library knows something."""
        ...

    def model_name(self) -> str:
        """The language model in force."""
        ...

    def receipt(self, key: str) -> bytes:
        """The receipt of an answer, as JSON. Raises NotFoundError, ReceiptError."""
        ...


class LibraryDesk:
    """A desk over the parts that the settings describe."""

    def __init__(self, parts: Parts, questions: Path = ROOT / "seeds" / "questions.jsonl") -> None:
        """questions: where example questions about the starter articles are kept.

        Raises RefdeskError where the library cannot be opened.
        """
        self._engine = parts.engine
        self._parts = parts
        self._library = parts.library
        self._model = parts.chosen.entry("generator").name
        self._questions = questions

    def warm(self) -> None:
        """Begins to load the models, so that the page need not wait for them.

        What fails here fails again, and is told, with the first question.
        """
        threading.Thread(target=self._warm, name="refdesk-warm", daemon=True).start()

    def search(self, question: str, k: int, where: Filter | None = None) -> list[Hit]:
        return self._library.search(asked(question), k, where)

    def ask(self, question: Question | str) -> Iterator[Event]:
        return self._parts.ask(question)

    def prepare(self, question: Question) -> Iterator[Event]:
        return self._parts.prepare(question)

    def entries(self) -> list[Entry]:
        return self._library.entries()

    def examples(self) -> list[str]:
        """A question of each kind about starter articles that are in the library.

        The one that is marked as an example, or else the shortest.
        """
        try:
            lines = self._questions.read_text(encoding="utf-8").splitlines()
            rows = [json.loads(line) for line in lines if line.strip()]
        except (OSError, ValueError):
            return []
        held = {file_name(entry.path) for entry in self.entries()}
        starters = {name for row in rows for name in row["documents"]}
        if not starters & held:
            return []
        chosen: dict[str, str] = {}
        rows.sort(key=lambda row: (not row.get("example", False), len(row["question"])))
        for row in rows:
            if held.issuperset(row["documents"]):
                chosen.setdefault(row["kind"], row["question"])
        return sorted(chosen.values(), key=len)

    def model_name(self) -> str:
        return self._model

    def receipt(self, key: str) -> bytes:
        return self._parts.receipts.find(key)

    def _warm(self) -> None:
        try:
            self._engine.warm()
            self._parts.follow()
        except RefdeskError as exc:
            log.warning("The model is not ready: %s", exc)
        except Exception:
            log.exception("The model could not be made ready")
