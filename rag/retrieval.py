"""Retrieval judged on a data set: which documents are found for questions with known ones.

A data set is a folder, as docs/retrieval.md describes it: `corpus.jsonl` with the documents, and
either `queries.jsonl` with `qrels.tsv` (the layout of BEIR, Thakur et al. 2021) or
`questions.jsonl`, where each question names its documents. Each file may be gzipped. The measures
come from ir-measures, so that they are the ones that everybody means.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from index.errors import UsageError
from index.types import Hit
from rag import datafiles

MEASURES = (
    "nDCG@10", "RR@10", "R@5", "R@10", "Success@1", "Success@3", "Success@5", "Success@10",
)  # fmt: skip
"""What is reported, by ir-measures' names. Success@k is the share of questions with a hit."""

_DOCS = "docs/retrieval.md"

_PASSAGES = 100
"""Passages asked for: enough to hold ten documents and more."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A question, and the ids of the documents that answer it with their grades.

    asked  the day on which it was asked, where the data set says so
    """

    id: str
    text: str
    relevant: Mapping[str, int]
    asked: dt.date | None = None


Search = Callable[[Topic, int], Sequence[Hit]]


@dataclass(frozen=True, slots=True)
class Corpus:
    """documents: ids in the order of the file; digest: of the file, in hex"""

    name: str
    documents: tuple[str, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class DataSet:
    """unjudged: questions left out, no document known"""

    corpus: Corpus
    topics: tuple[Topic, ...]
    unjudged: int


@dataclass(frozen=True, slots=True)
class Measured:
    """A measure's mean over the questions, and half the width of its 95 % interval."""

    name: str
    mean: float
    margin: float


@dataclass(frozen=True, slots=True)
class Result:
    """seconds: the median time of a search"""

    measures: tuple[Measured, ...]
    topics: int
    seconds: float


def load(folder: Path) -> DataSet:
    """Reads the questions and the documents' ids. Raises UsageError, naming file and line."""
    found = corpus(folder)
    topics, unjudged = _topics(folder)
    known = set(found.documents)
    for topic in topics:
        if missing := set(topic.relevant) - known:
            raise UsageError(
                f"The question {topic.id!r} in {folder} names the document "
                f"{min(missing)!r}, which its corpus does not have."
            )
    return DataSet(found, tuple(topics), unjudged)


def corpus(folder: Path) -> Corpus:
    """Reads the documents' ids. Raises UsageError, naming file and line."""
    file = datafiles.needed(folder, "corpus.jsonl", _DOCS)
    documents = tuple(datafiles.identity(row, where) for row, where in datafiles.rows(file))
    if len(set(documents)) < len(documents):
        raise UsageError(f"{file} has two documents with one id. Give each its own.")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    return Corpus(folder.absolute().name, documents, digest)


def write_documents(folder: Path, into: Path) -> None:
    """Writes each document of the corpus as an article `N.md`, N its place from 0.

    What is there already is left as it is, so that an interrupted run goes on.
    """
    for number, (row, where) in enumerate(
        datafiles.rows(datafiles.needed(folder, "corpus.jsonl", _DOCS))
    ):
        file = into / f"{number // 1000:03}" / f"{number}.md"
        if file.exists():
            continue
        text = row.get("text") or row.get("contents")
        if not isinstance(text, str):
            raise UsageError(f"{where}: a document needs a `text`.")
        about = {key: str(row[key]) for key in ("title", "date") if row.get(key)}
        head = "".join(f"{key}: {json.dumps(value)}\n" for key, value in about.items())
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(".part")
        part.write_text(f"---\n{head}---\n{text}\n", encoding="utf-8")
        part.replace(file)


def measure(
    topics: Sequence[Topic],
    documents: Sequence[str],
    search: Search,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Result:
    """Searches for each topic and compares what is found with what is known.

    documents  ids by place, as `write_documents` names the files
    """
    import ir_measures

    run: dict[str, dict[str, float]] = {}
    seconds = []
    for done, topic in enumerate(topics):
        progress(done, len(topics))
        start = time.perf_counter()
        hits = search(topic, _PASSAGES)
        seconds.append(time.perf_counter() - start)
        run[topic.id] = {
            document: -float(rank) for rank, document in enumerate(_ranked(hits, documents), 1)
        }
    progress(len(topics), len(topics))
    qrels = {topic.id: dict(topic.relevant) for topic in topics}
    found: dict[str, list[float]] = {name: [] for name in MEASURES}
    parsed = {ir_measures.parse_measure(name): name for name in MEASURES}
    for value in ir_measures.iter_calc(list(parsed), qrels, run):
        found[parsed[value.measure]].append(float(value.value))
    measured = tuple(_mean(name, values, len(topics)) for name, values in found.items())
    return Result(measured, len(topics), statistics.median(seconds) if seconds else 0.0)


def _ranked(hits: Sequence[Hit], documents: Sequence[str]) -> list[str]:
    """The documents of some passages, each once, with the versions that one stands for."""
    ranked: dict[str, None] = {}
    for hit in hits:
        for path in (hit.entry.path, *hit.entry.also_in):
            ranked.setdefault(documents[int(Path(path).stem)])
    return list(ranked)


def _mean(name: str, values: list[float], n: int) -> Measured:
    values = values + [0.0] * (n - len(values))  # a question for which nothing was found
    if not values:
        return Measured(name, math.nan, math.nan)
    spread = statistics.stdev(values) if len(values) > 1 else 0.0
    return Measured(name, statistics.fmean(values), 1.96 * spread / math.sqrt(len(values)))


def _topics(folder: Path) -> tuple[list[Topic], int]:
    asked = datafiles.found(folder, "questions.jsonl")
    if asked is not None:
        found = [
            Topic(
                datafiles.identity(row, where),
                datafiles.question(row, where),
                _named(row),
                datafiles.asked(row),
            )
            for row, where in datafiles.rows(asked)
        ]
    else:
        judged = _judgements(folder)
        found = [
            Topic(
                key := datafiles.identity(row, where),
                datafiles.question(row, where),
                judged.get(key, {}),
            )
            for row, where in datafiles.rows(datafiles.needed(folder, "queries.jsonl", _DOCS))
        ]
    topics = [topic for topic in found if topic.relevant]
    if not topics:
        raise UsageError(f"No question in {folder} names a document that answers it.")
    return topics, len(found) - len(topics)


def _judgements(folder: Path) -> dict[str, dict[str, int]]:
    files = sorted({*folder.glob("qrels*.tsv"), *folder.glob("qrels/*.tsv")})
    named = [file for file in files if "test" in file.name] or files
    if not named:
        raise UsageError(
            f"{folder} has neither questions.jsonl nor qrels.tsv: which documents answer?"
        )
    judged: dict[str, dict[str, int]] = {}
    for number, line in enumerate(named[0].read_text(encoding="utf-8").splitlines(), 1):
        fields = line.split("\t")
        try:
            query, document, grade = fields[0], fields[-2], int(fields[-1])
        except (IndexError, ValueError) as exc:
            if number == 1:  # the names of the columns
                continue
            raise UsageError(
                f"{named[0]}, line {number}: expected question, document and grade."
            ) from exc
        if grade > 0:
            judged.setdefault(query, {})[document] = grade
    return judged


def _named(row: datafiles.Row) -> dict[str, int]:
    return {} if row.get("is_impossible") else dict.fromkeys(datafiles.named(row), 1)
