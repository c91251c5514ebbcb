"""Fits the weights of `rag.yesno`, and says how well they do on the question that is left out.

    python bench/yesno.py [FOLDER ...]

FOLDER  one with documents (`articles`) and questions about them (`questions.jsonl`, in the format
        of docs/seeds.md); without, bench/office and those of bench/others. Only questions of yes or
        no are asked

Of each question the nearest sentence of what is read is taken, by the shipped weights; it answers
where it holds a known answer. Prints how many do, the area under the ROC curve of its likelihood
with each question left out of the fit in turn, and, for several thresholds, how many questions are
answered rightly, wrongly, and though the documents don't. The last line is JSON with the weights
for all questions, before the bias is lowered so that few unanswerable ones pass. Which sentence is
the nearest follows from the shipped weights, so that a fit moves them a little to and fro. Needs
scikit-learn, which comes with sentence-transformers.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from rag import config, evaluate, measures
from rag.answerable import closed
from rag.build import Parts
from rag.nearness import Signals, weighed
from rag.similar import remembering, similarity_by
from rag.types import Question, Sources
from rag.untrusted import evidence
from rag.yesno import likelihood

HERE = Path(__file__).parent
FOLDERS = [
    HERE / "office",
    *(HERE / "others" / name for name in ("news", "work", "mixed", "shipping")),
]
THRESHOLDS = (0.5, 0.6, 0.65, 0.7, 0.8)


@dataclass(frozen=True, slots=True)
class Nearest:
    """The nearest sentence to a question. right: it holds a known answer"""

    signals: Signals
    right: bool
    answerable: bool


def main() -> int:
    flags = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    flags.add_argument("folders", nargs="*", type=Path, default=FOLDERS)
    found: list[Nearest] = []
    for folder in flags.parse_args().folders:
        asked = evaluate.load(folder / "questions.jsonl")
        with tempfile.TemporaryDirectory() as home:
            parts = Parts(config.load(home=Path(home)))
            parts.library.add([folder / "articles"])
            every = [nearest(parts, each) for each in asked if closed(each.question)]
            parts.close()
        here = [each for each in every if each]
        report(f"{folder.name}, as shipped", [likelihood(each.signals) for each in here], here)
        found += here
    right = sum(each.right for each in found)
    print(f"{len(found)} questions, {sum(each.answerable for each in found)} of them answerable; "
          f"the nearest sentence of {right} holds the answer")  # fmt: skip
    rows = np.array(
        [[s.share, s.matter, s.similarity, s.firm] for s in (each.signals for each in found)], float
    )
    truth = [each.right for each in found]
    left_out = [
        float(
            fitted(np.delete(rows, at, 0), [*truth[:at], *truth[at + 1 :]]).predict_proba(
                rows[at : at + 1]
            )[0, 1]
        )
        for at in range(len(rows))
    ]
    print(f"left out in turn: area {measures.roc_auc(left_out, truth):.3f}")
    report("left out in turn", left_out, found)
    report("as shipped", [likelihood(each.signals) for each in found], found)
    model = fitted(rows, truth)
    weights = zip(("share", "matter", "similarity", "firm"), model.coef_[0], strict=True)
    print(
        json.dumps(
            {name: round(float(weight), 2) for name, weight in weights}
            | {"bias": round(float(model.intercept_[0]), 2)}
        )
    )
    return 0


def nearest(parts: Parts, asked: evaluate.Asked) -> Nearest | None:
    """The nearest sentence of what is read; None where a question has too few words."""
    events = parts.engine.ask(Question(asked.question))
    sources = next(event.sources for event in events if isinstance(event, Sources))
    alike = similarity_by(remembering(parts.embedder.embed_passages))
    read = evidence(sources, asked.question)
    every = list(weighed(asked.question, read, alike, alike))
    if not every:
        return None
    sentence, signals = max(every, key=lambda each: likelihood(each[1]))
    known = [answer.lower() for group in asked.answers for answer in group]
    right = any(answer in sentence.text.lower() for answer in known)
    return Nearest(signals, right, asked.answerable)


def fitted(rows: np.ndarray, truth: Sequence[bool]) -> LogisticRegression:
    return LogisticRegression(C=10, max_iter=500).fit(rows, truth)


def report(name: str, scores: Sequence[float], found: Sequence[Nearest]) -> None:
    for least in THRESHOLDS:
        passed = [each for each, score in zip(found, scores, strict=True) if score >= least]
        right = sum(each.right for each in passed)
        wrong = sum(each.answerable and not each.right for each in passed)
        none = sum(not each.answerable for each in passed)
        print(f"  {name}, from {least:.2f}: {right} right, {wrong} wrong, "
              f"{none} that have no answer")  # fmt: skip


if __name__ == "__main__":
    raise SystemExit(main())
