"""The check of claims alone, on texts whose support is known: no search, no language model.

Each text is cut into claims, and each claim scored against its passages, as the engine does with
an answer, without its rules for short ones (`short` in `rag.cite.cite`). A text is as well
supported as its worst claim.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from index.errors import UsageError
from rag import cite, datafiles, measures, statements
from rag.measures import Bin, Detection
from rag.similar import Similarity
from rag.types import Claim, Source

DOCS = "docs/evaluation.md"

_NUMBERED = re.compile(r"(?:^|\n)passage \d+:\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Text:
    """A text with the passages that it was written from, and whether they support all of it.

    question  what it answers, if anything
    """

    id: str
    text: str
    passages: tuple[str, ...]
    supported: bool
    question: str = ""


@dataclass(frozen=True, slots=True)
class TextSet:
    """hallucinated: what the data marks is the lack of support, so that is what is looked for"""

    name: str
    texts: tuple[Text, ...]
    hallucinated: bool
    digest: str


@dataclass(frozen=True, slots=True)
class Scored:
    """score: support of the worst claim, in [0, 1]; 0 for a text without claims"""

    text: Text
    score: float
    worst: Claim | None
    claims: int


@dataclass(frozen=True, slots=True)
class Grounding:
    """How well the score tells supported texts from others.

    positives    texts of the class that is looked for
    at_settings  that class found with the threshold in force, and `f1` with its 95 % interval
    always       F1 of finding that class everywhere
    error        expected calibration error of the score as the probability of support
    best         the threshold with the best F1 on one half
    held_out     what that threshold finds on the other half, and at_settings_there the one in force
    """

    n: int
    positives: int
    threshold: float
    at_settings: Detection
    f1_low: float
    f1_high: float
    always: float
    auc: float | None
    error: float
    table: tuple[Bin, ...]
    best: float
    held_out: Detection
    at_settings_there: Detection


def load(folder: Path) -> TextSet:
    """Reads the texts of a data set. Raises UsageError, naming file and line."""
    files = sorted({*folder.glob("*.jsonl"), *folder.glob("*.jsonl.gz")})
    if not files:
        raise UsageError(f"{folder} has no files of JSON lines. See {DOCS}.")
    texts, marked = [], set()
    for file in files:
        for row, where in datafiles.rows(file):
            texts.append(_text(row, where))
            marked.add("hallucinated" in row)
    if len(marked) != 1:
        raise UsageError(
            f"{folder}: either every text says whether it is `hallucinated`, or every text has a "
            f"`label`. See {DOCS}."
        )
    digest = hashlib.sha256(b"".join(each.read_bytes() for each in files)).hexdigest()
    return TextSet(folder.absolute().name, tuple(texts), marked == {True}, digest)


def scored(
    texts: Sequence[Text],
    similarity: Similarity,
    *,
    min_support: float,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[Scored]:
    """Each text with the support of its worst claim."""
    for done, each in enumerate(texts):
        progress(done, len(texts))
        _, parts = statements.parse(each.text)
        claims = cite.cite(
            parts,
            _sources(each),
            similarity,
            min_support=min_support,
            question=each.question,
        )
        worst = min(claims, key=lambda claim: claim.score, default=None)
        yield Scored(each, worst.score if worst else 0.0, worst, len(claims))
    progress(len(texts), len(texts))


def judged(
    found: Sequence[Scored], *, hallucinated: bool, threshold: float, seed: int = 0
) -> Grounding:
    """All figures. hallucinated: which class is looked for (`TextSet`)."""
    scores = [each.score for each in found]
    supported = [each.text.supported for each in found]
    wanted = [each != hallucinated for each in supported]

    def said(scores: Sequence[float], least: float) -> list[bool]:
        return [(score >= least) != hallucinated for score in scores]

    order = list(range(len(found)))
    random.Random(seed).shuffle(order)
    half, other = order[: len(order) // 2], order[len(order) // 2 :]
    best = measures.best_threshold(
        [scores[at] for at in half], [wanted[at] for at in half], below=hallucinated
    )
    there = [wanted[at] for at in other]
    table = measures.reliability(scores, supported)
    low, high = _f1_interval(said(scores, threshold), wanted, seed)
    return Grounding(
        n=len(found),
        positives=sum(wanted),
        threshold=threshold,
        at_settings=measures.detected(said(scores, threshold), wanted),
        f1_low=low,
        f1_high=high,
        always=measures.detected([True] * len(wanted), wanted).f1,
        auc=measures.roc_auc(scores, supported),
        error=measures.calibration_error(table),
        table=tuple(table),
        best=best,
        held_out=measures.detected(said([scores[at] for at in other], best), there),
        at_settings_there=measures.detected(said([scores[at] for at in other], threshold), there),
    )


def _f1_interval(
    said: Sequence[bool], true: Sequence[bool], seed: int, draws: int = 2000
) -> tuple[float, float]:
    """The 95 % bootstrap interval of F1."""
    chance = random.Random(seed)
    pairs = list(zip(said, true, strict=True))
    found = []
    for _ in range(draws if pairs else 1):
        some = chance.choices(pairs, k=len(pairs)) if pairs else []
        found.append(measures.detected([a for a, _ in some], [b for _, b in some]).f1)
    found.sort()
    return found[int(0.025 * len(found))], found[max(0, int(0.975 * len(found)) - 1)]


def _sources(text: Text) -> list[Source]:
    return [
        Source(n, str(n), n, "", None, None, 0, len(passage), passage, 1.0)
        for n, passage in enumerate(text.passages, 1)
    ]


def _text(row: dict[str, Any], where: str) -> Text:
    """RAGTruth's fields, WiCE's, or ours, which are the plainest of both."""
    text = next((row[key] for key in ("text", "response", "claim", "answer") if row.get(key)), None)
    if not isinstance(text, str):
        raise UsageError(f"{where}: a text to check is missing (`text`).")
    if "hallucinated" in row and isinstance(row["hallucinated"], bool):
        supported = not row["hallucinated"]
    elif isinstance(row.get("label"), str):
        supported = row["label"] == "supported"
    else:
        raise UsageError(f"{where}: needs `hallucinated` (true or false) or a `label`.")
    about = row.get("question")
    number = where.rpartition(" ")[2]
    return Text(
        str(row.get("id", number)),
        text,
        tuple(_passages(row, where)),
        supported,
        about if isinstance(about, str) else "",
    )


def _passages(row: dict[str, Any], where: str) -> Iterator[str]:
    if isinstance(row.get("passages"), str):
        yield from (each for each in _NUMBERED.split(row["passages"]) if each.strip())
        return
    for key, join in (("passages", False), ("evidence", True)):
        value = row.get(key)
        if isinstance(value, list) and all(isinstance(each, str) for each in value):
            # The sentences of `evidence` are one text.
            yield from ["\n".join(value)] if join else value
            return
    raise UsageError(f"{where}: needs `passages` or `evidence`, each a list of texts.")
