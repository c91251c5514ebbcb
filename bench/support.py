"""Fits the weights of `rag.support`, and says how well they do on what they were not fitted to.

    python bench/support.py --marked DIR --labelled DIR [--plot FILE.svg]

--marked    answers in which annotators marked what is not supported: each line has `question`,
            `passages`, `response` and `spans` (RAGTruth)
--labelled  claims with their evidence and a `label` (WiCE)
--plot      writes a reliability diagram of the marked answers' claims

Prints, for texts, the area under the ROC curve and the best F1 of the class that is looked for:
cross-validated (five folds, no passages in two of them), and fitted to one set and judged on the
other. The last line is JSON with the weights for all data. Needs scikit-learn, which comes with
sentence-transformers.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from index.embed import Embedder
from rag import config, datafiles, grounding, measures, support
from rag.build import Parts
from rag.similar import remembering, similarity_by
from rag.statements import parse
from rag.terms import terms

FOLDS = 5
LABELLED_WEIGHT = 0.36
"""Of a labelled claim; one of the marked answers' weighs 1. There are eight times as many."""

Rows = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class Text:
    """A text's claims: signals (n, 4), and whether each is supported; and of the text itself."""

    signals: Rows
    supported: tuple[bool, ...]
    whole: bool
    fold: int


def main() -> int:
    flags = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    flags.add_argument("--marked", type=Path, required=True)
    flags.add_argument("--labelled", type=Path, required=True)
    flags.add_argument("--plot", type=Path)
    given = flags.parse_args()
    with tempfile.TemporaryDirectory() as home:
        embedder = Parts(config.load(home=Path(home))).embedder
        marked = measured(given.marked, embedder)
        labelled = measured(given.labelled, embedder)
    print(f"{len(marked)} marked answers, {sum(len(t.supported) for t in marked)} claims; "
          f"{len(labelled)} labelled texts")  # fmt: skip
    by_marked, by_labelled, claims = cross_validated(marked, labelled)
    report("marked, cross-validated", [t.whole for t in marked], by_marked, hallucinated=True)
    report("labelled, cross-validated", [t.whole for t in labelled], by_labelled)
    report("marked, fitted to labelled", [t.whole for t in marked],
           scores(fitted([], labelled), marked), hallucinated=True)  # fmt: skip
    report("labelled, fitted to marked", [t.whole for t in labelled],
           scores(fitted(marked, []), labelled))  # fmt: skip
    truth = [each for text in marked for each in text.supported]
    table = measures.reliability(claims, truth)
    print(f"claims of marked answers: calibration error {measures.calibration_error(table):.3f}, "
          f"area {measures.roc_auc(claims, truth):.3f}")  # fmt: skip
    if given.plot:
        given.plot.write_text(diagram(table), encoding="utf-8")
    model = fitted(marked, labelled)
    names = ("copied", "foreign", "figures", "names")
    weights = {name: round(float(w), 3) for name, w in zip(names, model.coef_[0], strict=True)}
    print(json.dumps({"bias": round(float(model.intercept_[0]), 3), **weights}))
    return 0


def measured(folder: Path, embedder: Embedder) -> list[Text]:
    """The signals of every claim of a data set."""
    alike = similarity_by(remembering(embedder.embed_passages))
    spans = {}
    for file in sorted({*folder.glob("*.jsonl"), *folder.glob("*.jsonl.gz")}):
        for row, where in datafiles.rows(file):
            spans[str(row.get("id", where.rpartition(" ")[2]))] = row.get("spans")
    found = []
    for text in grounding.load(folder).texts:
        _, said = parse(text.text)
        if not said:
            continue
        evidence = support.Evidence.of(text.passages, [text.question])
        rows = [features(support.signals(each.text, evidence, alike)) for each in said]
        faults = spans.get(text.id)
        right = tuple(
            text.supported if faults is None else not any(overlaps(each.text, f) for f in faults)
            for each in said
        )
        fold = zlib.crc32("".join(text.passages).encode()) % FOLDS
        found.append(Text(np.array(rows), right, text.supported, fold))
    return found


def features(found: support.Signals) -> list[float]:
    return [
        found.copied,
        math.log1p(found.foreign),
        math.log1p(found.figures),
        math.log1p(found.names),
    ]


def overlaps(claim: str, fault: Any) -> bool:
    """Whether a marked span is part of a claim or the other way about, or nearly so."""
    marked = " ".join(str(fault.get("text", "") if isinstance(fault, dict) else fault).split())
    said = " ".join(claim.split())
    if not marked:
        return False
    if marked in said or said in marked:
        return True
    one, other = set(terms(marked)), set(terms(said))
    least = min(len(one), len(other))
    return least > 3 and len(one & other) >= 0.8 * least


def fitted(marked: Sequence[Text], labelled: Sequence[Text]) -> LogisticRegression:
    texts = [*marked, *labelled]
    weights = [1.0] * sum(len(t.supported) for t in marked)
    weights += [LABELLED_WEIGHT] * sum(len(t.supported) for t in labelled)
    return LogisticRegression(C=10, max_iter=500).fit(
        np.vstack([t.signals for t in texts]),
        [each for t in texts for each in t.supported],
        sample_weight=weights,
    )


def scores(model: LogisticRegression, texts: Sequence[Text]) -> list[float]:
    """Of each text its worst claim's."""
    return [float(model.predict_proba(text.signals)[:, 1].min()) for text in texts]


def cross_validated(
    marked: Sequence[Text], labelled: Sequence[Text]
) -> tuple[list[float], list[float], list[float]]:
    """The scores of both sets' texts, and those of the marked answers' claims."""
    models = [
        fitted([t for t in marked if t.fold != f], [t for t in labelled if t.fold != f])
        for f in range(FOLDS)
    ]
    claims = [float(p) for t in marked for p in models[t.fold].predict_proba(t.signals)[:, 1]]
    return (
        [scores(models[t.fold], [t])[0] for t in marked],
        [scores(models[t.fold], [t])[0] for t in labelled],
        claims,
    )


def report(
    name: str, supported: Sequence[bool], score: Sequence[float], *, hallucinated: bool = False
) -> None:
    wanted = [each != hallucinated for each in supported]
    least = measures.best_threshold(score, wanted, below=hallucinated)
    found = measures.detected([(each >= least) != hallucinated for each in score], wanted)
    print(f"{name:28} area {measures.roc_auc(score, supported):.3f}  best F1 {found.f1:.3f} "
          f"at {least:.3f}")  # fmt: skip


def diagram(table: Sequence[measures.Bin]) -> str:
    """A reliability diagram: the share that is supported, by score; the discs' areas are counts."""
    most = max(each.n for each in table)
    side, edge = 320, 48
    whole = side + 2 * edge

    def place(score: float, share: float) -> tuple[float, float]:
        return edge + side * score, edge + side * (1 - share)

    x0, y0 = place(0, 0)
    x1, y1 = place(1, 1)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole} {whole}"',
        ' font-family="sans-serif" font-size="12" fill="#444">',
        f'<rect width="{whole}" height="{whole}" fill="#fff"/>',
        f'<path d="M{x0} {y1}V{y0}H{x1}" fill="none" stroke="#888"/>',
        f'<path d="M{x0} {y0}L{x1} {y1}" stroke="#bbb" stroke-dasharray="4 4"/>',
    ]
    for tick in (0, 0.25, 0.5, 0.75, 1):
        x, y = place(tick, tick)
        parts.append(f'<text x="{x}" y="{y0 + 18}" text-anchor="middle">{tick:g}</text>')
        parts.append(f'<text x="{x0 - 8}" y="{y + 4}" text-anchor="end">{tick:g}</text>')
    for each in table:
        if each.n:
            x, y = place(each.score, each.true)
            radius = max(3.0, 18 * math.sqrt(each.n / most))
            parts.append(
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="#2563eb" '
                f'fill-opacity=".55"><title>{each.n} claims</title></circle>'
            )
    middle = edge + side / 2
    parts.append(f'<text x="{middle}" y="{y0 + 36}" text-anchor="middle">score</text>')
    parts.append(
        f'<text transform="translate(14 {middle}) rotate(-90)" text-anchor="middle">'
        "share that is supported</text></svg>"
    )
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    raise SystemExit(main())
