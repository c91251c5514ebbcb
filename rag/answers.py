"""Questions with known answers, as `refdesk eval answers` takes them. docs/evaluation.md has them.

A data set is a folder: `corpus.jsonl` with documents and `questions.jsonl`, or, without a corpus,
files of JSON lines in which each question brings its passages. Each file may be gzipped.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from index.errors import UsageError
from rag import datafiles
from rag.given import Passage
from rag.measures import normalised

DOCS = "docs/evaluation.md"
_NONE = ("none of above", "none of these")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and what is known of its answer.

    answers     every wording that is right; empty where the documents do not hold the answer
    documents   ids of the documents that hold it; for an unanswerable question, those that seem to
    evidence    sentences that hold it, where the data marks them
    choices     answers to choose from, and `choice`, the place of the right one
    passages    what is read instead of searching
    asked       the day on which it was asked, where that is known
    """

    id: str
    text: str
    answers: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    choice: int | None = None
    passages: tuple[Passage, ...] = ()
    asked: dt.date | None = None

    @property
    def answerable(self) -> bool:
        return bool(self.answers)


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """searched: its questions are asked of a corpus; left_out: questions without a document"""

    name: str
    questions: tuple[Asked, ...]
    searched: bool
    left_out: int
    digest: str


def load(folder: Path, file: Path | None = None) -> QuestionSet:
    """Reads the questions of a data set, from `file` instead of the usual one where it is given.

    Of questions about a corpus, those that are answerable but name no document are left out,
    unless none names any. Raises UsageError, naming file and line.
    """
    searched = datafiles.found(folder, "corpus.jsonl") is not None
    files = [file] if file else _files(folder, searched)
    read = [_asked(row, where) for each in files for row, where in datafiles.rows(each)]
    if not read:
        raise UsageError(f"{folder} has no questions. See {DOCS}.")
    if len({each.id for each in read}) < len(read):
        raise UsageError(f"{files[0]}: two questions have one id. Give each its own.")
    if not searched and (bare := next((each for each in read if not each.passages), None)):
        raise UsageError(
            f"The question {bare.id!r} in {files[0].parent} has no `passages`, and the folder no "
            f"corpus.jsonl to search. See {DOCS}."
        )
    kept = read
    if searched and any(each.documents for each in read):
        kept = [each for each in read if each.documents or not each.answerable]
    digest = hashlib.sha256(b"".join(each.read_bytes() for each in files)).hexdigest()
    return QuestionSet(folder.absolute().name, tuple(kept), searched, len(read) - len(kept), digest)


def reading(asked: Sequence[Asked], folder: Path) -> list[Asked]:
    """The questions with their documents given instead of searched for.

    Raises UsageError where a question names no document, or one that the corpus lacks.
    """
    wanted = {name for each in asked for name in each.documents}
    texts: dict[str, Passage] = {}
    corpus = datafiles.needed(folder, "corpus.jsonl", DOCS)
    for row, where in datafiles.rows(corpus):
        if (key := datafiles.identity(row, where)) in wanted:
            text = row.get("text") or row.get("contents")
            if not isinstance(text, str):
                raise UsageError(f"{where}: a document needs a `text`.")
            texts[key] = Passage(text, str(row.get("title") or ""), row.get("date"))
    given = []
    for each in asked:
        if not each.documents or (missing := [d for d in each.documents if d not in texts]):
            lacking = repr(missing[0]) if each.documents else "no document"
            raise UsageError(
                f"The question {each.id!r} names {lacking}, which {corpus} cannot give it. "
                "Leave out --reading."
            )
        given.append(replace(each, passages=tuple(texts[name] for name in each.documents)))
    return given


def published(file: Path) -> dict[str, str | int]:
    """Another system's predictions by question id: an answer, or the place of a choice.

    Lines of `{"id": "q1", "prediction": "Squid Game"}`, or `"prediction": ["1"]` for a choice.
    Raises UsageError, naming the line.
    """
    said: dict[str, str | int] = {}
    for row, where in datafiles.rows(file):
        value = row.get("prediction")
        if isinstance(value, list) and len(value) == 1 and str(value[0]).isdigit():
            said[datafiles.identity(row, where)] = int(value[0])
        elif isinstance(value, str):
            said[datafiles.identity(row, where)] = value
        else:
            raise UsageError(f"{where}: a `prediction` is a text, or one choice in a list.")
    return said


def _files(folder: Path, searched: bool) -> list[Path]:
    if searched or datafiles.found(folder, "questions.jsonl"):
        return [datafiles.needed(folder, "questions.jsonl", DOCS)]
    files = sorted({*folder.glob("*.jsonl"), *folder.glob("*.jsonl.gz")})
    if not files:
        raise UsageError(f"{folder} has no questions.jsonl (nor questions.jsonl.gz). See {DOCS}.")
    return files


def _asked(row: dict[str, Any], where: str) -> Asked:
    choices = _texts(row.get("choices", ()), "choices", where)
    choice = _choice(row, choices, where)
    answers: tuple[str, ...]
    if choice is not None:
        # Where none of the choices is right, the documents hold no answer among them.
        answers = () if normalised(choices[choice]) in _NONE else (choices[choice],)
    elif "output" in row:
        answers = tuple(_outputs(row, "answer", where))
    else:
        answers = _texts(row.get("answers", ()), "answers", where)
    if row.get("is_impossible"):
        answers = ()
    elif not answers and not {"answers", "answer", "output", "is_impossible"} & set(row):
        raise UsageError(
            f"{where}: a question needs `answers`, empty where the documents do not hold one."
        )
    return Asked(
        id=datafiles.identity(row, where),
        text=datafiles.question(row, where),
        answers=tuple(dict.fromkeys(each for each in answers if each.strip())),
        documents=datafiles.named(row),
        evidence=tuple(_outputs(row, "selected_sentences", where)) if "output" in row else (),
        choices=choices,
        choice=choice,
        passages=tuple(_passages(row.get("passages", ()), where)),
        asked=datafiles.asked(row),
    )


def _choice(row: Mapping[str, Any], choices: Sequence[str], where: str) -> int | None:
    """The right choice: `answer` is its place, alone or in a list, or its text."""
    value = row.get("answer")
    if not choices or value is None:
        return None
    single = value[0] if isinstance(value, list) and len(value) == 1 else value
    if str(single).isdigit() and int(str(single)) < len(choices):
        return int(str(single))
    if isinstance(single, str) and single in choices:
        return choices.index(single)
    raise UsageError(
        f"{where}: `answer` is to name one of {len(choices)} `choices` by its place from 0, "
        f"and is {value!r}."
    )


def _outputs(row: Mapping[str, Any], key: str, where: str) -> Iterator[str]:
    outputs = row["output"]
    if not isinstance(outputs, list) or not all(isinstance(each, dict) for each in outputs):
        raise UsageError(f"{where}: `output` is to be a list of objects.")
    for each in outputs:
        value = each.get(key) or ()
        yield from (value,) if isinstance(value, str) else _texts(value, key, where)


def _passages(value: object, where: str) -> Iterator[Passage]:
    if not isinstance(value, list | tuple):
        raise UsageError(f"{where}: `passages` is to be a list.")
    for each in value:
        if isinstance(each, str):
            yield Passage(each)
        elif isinstance(each, dict) and isinstance(each.get("text"), str):
            yield Passage(each["text"], str(each.get("title") or ""), each.get("date"))
        else:
            raise UsageError(f"{where}: a passage is a text, or an object with a `text`.")


def _texts(value: object, key: str, where: str) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(each, str) for each in value):
        raise UsageError(f"{where}: `{key}` is to be a list of texts.")
    return tuple(value)
