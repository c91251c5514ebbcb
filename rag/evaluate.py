"""Judges answers against a file of questions with known answers. Pure but for `load`."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from index.errors import UsageError
from rag.types import Answer, Turn


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with a known answer.

    answers    groups of alternatives: right when each group has one that occurs in the answer;
               empty for a question that the articles cannot answer
    documents  file names of the articles that hold the answer
    history    earlier turns of the conversation, oldest first
    """

    id: str
    kind: str
    question: str
    answers: tuple[tuple[str, ...], ...]
    documents: tuple[str, ...]
    history: tuple[Turn, ...] = ()

    @property
    def answerable(self) -> bool:
        return bool(self.answers)


@dataclass(frozen=True, slots=True)
class Verdict:
    """How an answer did.

    right  the known answer is in it; for an unanswerable question, it was refused
    cited  a quote of a supported claim holds one alternative of some group of the known answer
    """

    asked: Asked
    answer: Answer
    right: bool
    cited: bool


def load(path: Path) -> list[Asked]:
    """Reads a JSON-lines file of questions. Raises UsageError, naming the line."""
    questions = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as exc:
        raise UsageError(f"The questions in {path} cannot be read ({exc.strerror}).") from exc
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            questions.append(
                Asked(
                    id=str(row["id"]),
                    kind=str(row["kind"]),
                    question=str(row["question"]),
                    answers=tuple(tuple(map(str, group)) for group in row["answers"]),
                    documents=tuple(map(str, row["documents"])),
                    history=tuple(
                        Turn(str(turn["question"]), str(turn["answer"]))
                        for turn in row.get("history", ())
                    ),
                )
            )
        except (ValueError, KeyError, TypeError) as exc:
            raise UsageError(f"{path}, line {number} is not a question: {exc!r}.") from exc
    return questions


def judge(asked: Asked, answer: Answer) -> Verdict:
    """Holds an answer against what is known."""
    if not asked.answerable:
        return Verdict(asked, answer, right=answer.refused, cited=False)
    right = not answer.refused and holds_all(answer.text, asked.answers)
    quotes = [
        citation.quote for claim in answer.claims if claim.supported for citation in claim.citations
    ]
    together = " ".join(quotes)
    cited = any(_holds(together, group) for group in asked.answers)
    return Verdict(asked, answer, right=right, cited=cited)


def holds_all(text: str, groups: Sequence[Sequence[str]]) -> bool:
    """Whether each group has an alternative that occurs in `text`, case and commas aside."""
    return all(_holds(text, group) for group in groups)


def _holds(text: str, alternatives: Sequence[str]) -> bool:
    folded = _folded(text)
    return any(_folded(each) in folded for each in alternatives)


def _folded(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace(",", "")).casefold()
