"""Answers and scores compared with what is known: the usual measures. Pure.

Exact match and F1 are those of SQuAD (Rajpurkar et al. 2016, 2018): lower case, without
punctuation and articles, the best over all known answers; where there is no answer, a refusal
scores 1 and an answer 0.
"""

from __future__ import annotations

import math
import random
import re
import string
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

_PUNCTUATION = str.maketrans("", "", string.punctuation + "“”‘’…–—")
_DRAWS = 2000
_Z = 1.96

Pair = tuple[float, float]
"""What one question adds to a share: numerator and denominator."""


def normalised(text: str) -> str:
    """Lower case, no punctuation (typographic marks too), no articles, single spaces."""
    bare = text.lower().translate(_PUNCTUATION)
    return " ".join(re.sub(r"\b(?:a|an|the)\b", " ", bare).split())


def exact(answer: str, known: Sequence[str]) -> float:
    """1 where the answer is one of the known ones, else 0; for no known answer, 1 for none."""
    said = normalised(answer)
    return float(any(said == normalised(each) for each in known) if known else not said)


def f1(answer: str, known: Sequence[str]) -> float:
    """The best overlap of words with a known answer, in [0, 1]."""
    if not known:
        return exact(answer, known)
    return max(_overlap(normalised(answer).split(), normalised(each).split()) for each in known)


def _overlap(said: Sequence[str], known: Sequence[str]) -> float:
    if not said or not known:
        return float(list(said) == list(known))
    common = sum((Counter(said) & Counter(known)).values())
    return 2 * common / (len(said) + len(known))


def holds(text: str, known: Sequence[str]) -> bool:
    """Whether a known answer stands in `text`, word for word."""
    within = f" {normalised(text)} "
    return any(words and f" {words} " in within for words in map(normalised, known))


@dataclass(frozen=True, slots=True)
class Share:
    """A share or mean with its 95 % interval; all None where nothing could be judged.

    n  what it is a share of: questions, citations, claims
    """

    value: float | None
    low: float | None
    high: float | None
    n: int


def share(pairs: Sequence[Pair], seed: int = 0) -> Share:
    """Sum of numerators over sum of denominators.

    The interval is Wilson's for a plain proportion (one yes or no a question), which stays honest
    at 0 and 1; else that of 2,000 bootstrap samples of the questions, drawn with `seed`.
    """
    judged = [each for each in pairs if each[1]]
    total = sum(n for _, n in judged)
    if not judged:
        return Share(None, None, None, 0)
    value = sum(k for k, _ in judged) / total
    if all(n == 1 and k in (0, 1) for k, n in judged):
        low, high = _wilson(value, len(judged))
    else:
        low, high = _bootstrapped(judged, seed)
    return Share(value, low, high, round(total))


def _wilson(value: float, n: int) -> tuple[float, float]:
    """Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", 1927."""
    spread = _Z * math.sqrt(value * (1 - value) / n + _Z**2 / (4 * n * n))
    middle, scale = value + _Z**2 / (2 * n), 1 + _Z**2 / n
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)


def _bootstrapped(pairs: Sequence[Pair], seed: int) -> tuple[float, float]:
    chance = random.Random(seed)
    found = []
    for _ in range(_DRAWS):
        drawn = chance.choices(pairs, k=len(pairs))
        found.append(sum(k for k, _ in drawn) / sum(n for _, n in drawn))
    found.sort()
    return found[int(0.025 * _DRAWS)], found[int(0.975 * _DRAWS) - 1]


def percentile(values: Sequence[float], part: float) -> float | None:
    """The nearest-rank percentile; part in (0, 1]. None of nothing."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(part * len(ordered)) - 1)] if ordered else None


# Scores that are to tell two classes apart.


@dataclass(frozen=True, slots=True)
class Detection:
    """How well a class was found."""

    precision: float
    recall: float
    f1: float


def detected(said: Sequence[bool], true: Sequence[bool]) -> Detection:
    """Precision, recall and F1 of "yes"; a measure of nothing is 0."""
    both = sum(a and b for a, b in zip(said, true, strict=True))
    precision = both / sum(said) if any(said) else 0.0
    recall = both / sum(true) if any(true) else 0.0
    total = sum(said) + sum(true)
    return Detection(precision, recall, 2 * both / total if total else 0.0)


def roc_auc(scores: Sequence[float], true: Sequence[bool]) -> float | None:
    """The chance that a true one scores above a false one, ties counting half.

    None where one class is empty.
    """
    ranked = sorted(zip(scores, true, strict=True))
    positive = sum(true)
    negative = len(ranked) - positive
    if not positive or not negative:
        return None
    above, below = 0.0, 0
    at = 0
    while at < len(ranked):
        end = at
        while end < len(ranked) and ranked[end][0] == ranked[at][0]:
            end += 1
        hits = sum(label for _, label in ranked[at:end])
        misses = end - at - hits
        above += hits * (below + misses / 2)
        below += misses
        at = end
    return above / (positive * negative)


@dataclass(frozen=True, slots=True)
class Bin:
    """Scores from `low` on: how many, their mean, and the share of them that is true."""

    low: float
    n: int
    score: float
    true: float


def reliability(scores: Sequence[float], true: Sequence[bool], bins: int = 10) -> list[Bin]:
    """Scores in [0, 1] in equal bins; empty ones are left out."""
    held: dict[int, list[tuple[float, bool]]] = {}
    for score, label in zip(scores, true, strict=True):
        held.setdefault(min(int(score * bins), bins - 1), []).append((score, label))
    return [
        Bin(
            at / bins,
            len(each),
            sum(score for score, _ in each) / len(each),
            sum(label for _, label in each) / len(each),
        )
        for at, each in sorted(held.items())
    ]


def calibration_error(table: Sequence[Bin]) -> float:
    """Expected calibration error (Naeini et al. 2015): the bins' mean gap, weighted by size."""
    total = sum(each.n for each in table)
    return sum(each.n * abs(each.score - each.true) for each in table) / total if total else 0.0


def best_threshold(scores: Sequence[float], true: Sequence[bool], *, below: bool) -> float:
    """The threshold that finds the true ones with the best F1; the lowest of equals.

    below  the true ones are those below it; else those that reach it
    """
    return max(
        sorted({*scores, math.nextafter(max(scores, default=0.5), math.inf)}),
        key=lambda least: (
            detected([(score >= least) != below for score in scores], true).f1,
            -least,
        ),
    )
