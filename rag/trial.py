"""Questions asked of the engine one after another; what came is kept, so that a run can go on.

The log is a file of JSON lines, one an answered question. It keeps what was said, cited and read,
and no judgement: measures can change without asking again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from index.errors import StorageError, UsageError
from rag import datafiles
from rag.answers import Asked
from rag.statements import parse
from rag.types import Answer, Event, Finished

JUDGES = frozenset("answers datafiles evaluate grounding judging measures retrieval trial".split())
"""Modules that judge answers and do not make them: a change in one asks nothing again."""


@dataclass(frozen=True, slots=True)
class Quoted:
    """A text that was cited or read, and the ids of the documents it stands in."""

    documents: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Said:
    """A claim of an answer."""

    text: str
    supported: bool
    score: float
    citations: tuple[Quoted, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the engine made of a question.

    answer  without markers; "" where it refused
    gate    where it refused: "search", "judgement", "model" or "check"; else ""
    """

    id: str
    answer: str
    gate: str
    choice: int | None
    claims: tuple[Said, ...]
    read: tuple[Quoted, ...]
    first_token_s: float
    total_s: float
    prompt_tokens: int
    answer_tokens: int

    @property
    def refused(self) -> bool:
        return bool(self.gate)


Named = Callable[[str], Sequence[str]]
"""A document's path → its ids in the data set, those of versions that it stands for too."""


def key(settings: Mapping[str, object], folders: Sequence[Path]) -> str:
    """Twelve hex digits that change with the settings or the code that answers."""
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode())
    for folder in folders:
        for file in sorted(folder.glob("*.py")):
            if file.stem not in JUDGES:
                digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def run(
    questions: Sequence[Asked],
    ask: Callable[[Asked], Iterator[Event]],
    named: Named,
    log: Path,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Outcome]:
    """Asks what the log does not hold yet. Returns the outcomes in the questions' order.

    Raises UsageError for a log that is none, StorageError where it cannot be written, and what
    `ask` raises.
    """
    known = {each.id: each for each in kept(log)}
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a", encoding="utf-8") as file:
            for done, asked in enumerate(questions):
                progress(done, len(questions))
                if asked.id not in known:
                    known[asked.id] = outcome(asked.id, _last(ask(asked)), named)
                    line = json.dumps(asdict(known[asked.id]), ensure_ascii=False)
                    file.write(line + "\n")
                    file.flush()
    except OSError as exc:
        raise StorageError(f"{log} cannot be written ({exc.strerror}). Make room.") from exc
    progress(len(questions), len(questions))
    return [known[asked.id] for asked in questions]


def kept(log: Path) -> list[Outcome]:
    """What a log holds. A last line that was cut off in the middle is taken out of the file.

    Raises UsageError, naming the line that cannot be read.
    """
    if not log.exists():
        return []
    whole = log.read_bytes()
    end = whole.rfind(b"\n") + 1
    if end < len(whole):
        with log.open("r+b") as file:
            file.truncate(end)
    outcomes = []
    for row, where in datafiles.rows(log):
        try:
            outcomes.append(_outcome(row))
        except (KeyError, TypeError) as exc:
            raise UsageError(
                f"{where} is not an answer of an earlier run ({exc!r}). Delete the file."
            ) from exc
    return outcomes


def outcome(key: str, answer: Answer, named: Named) -> Outcome:
    """What is kept of an answer."""
    timings = answer.timings
    return Outcome(
        id=key,
        answer="" if answer.refused else parse(answer.text)[0].strip(),
        gate=_gate(answer) if answer.refused else "",
        choice=answer.choice,
        claims=tuple(
            Said(
                claim.text,
                claim.supported,
                claim.score,
                tuple(Quoted(tuple(named(c.document)), c.quote) for c in claim.citations),
            )
            for claim in answer.claims
        ),
        read=tuple(Quoted(tuple(named(each.document)), each.read_text) for each in answer.sources),
        first_token_s=timings.first_token_s,
        total_s=timings.total_s,
        prompt_tokens=timings.prompt_tokens,
        answer_tokens=timings.answer_tokens,
    )


def _gate(answer: Answer) -> str:
    """Which of the gates of docs/trust.md ended a refused answer."""
    if not answer.timings.prompt_tokens:
        return "search"
    if not answer.timings.answer_tokens:
        return "judgement"
    return "check" if answer.claims else "model"


def _last(events: Iterator[Event]) -> Answer:
    for event in events:
        if isinstance(event, Finished):
            return event.answer
    raise AssertionError("asking ends with Finished")


def _outcome(row: Mapping[str, Any]) -> Outcome:
    claims = tuple(
        Said(**{**each, "citations": _quoted(each["citations"])}) for each in row["claims"]
    )
    return Outcome(**{**row, "claims": claims, "read": _quoted(row["read"])})


def _quoted(rows: Sequence[Mapping[str, Any]]) -> tuple[Quoted, ...]:
    return tuple(Quoted(tuple(each["documents"]), each["text"]) for each in rows)
