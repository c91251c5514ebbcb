"""The sentences of a passage that matter to a question, so that the model reads no others. Pure.

On a CPU each token that is read costs a fiftieth of a second. A passage is cut to the run of
sentences from the first to the last that speak of the question: those that score at least
`SHARE` of what the passage's best sentence scores, by similarity of the embedder plus the share
of the question's words. Measured in docs/trust.md: more answers are in a prompt of the same length.
(Extractive compression, as in RECOMP, Xu et al. 2023.)
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from index.sentences import is_heading, sentences
from index.types import Hit, Span
from rag.terms import terms

SHARE = 0.85

FIRST_SHARE = 0.5
"""The same for the passage that was found first. It was found by more than its sentences: by its
title, by all its words together. So more of it is read, and it is never left out."""

_PART_SHARE = 0.7
"""What a passage's best sentence for one part of a question must score, of its best for any part,
so that the passage is taken to speak of that part too."""

_POINTS_BACK = re.compile(
    r"(?:he|she|it|they|his|her|its|their|this|that|these|those|such|but|however|instead|then|"
    r"there|both|neither)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Focused:
    """A hit, and the part of its passage that the model is to read.

    weak  it speaks of the question much less than the best passage does
    """

    hit: Hit
    read: Span
    weak: bool = False

    @property
    def text(self) -> str:
        return self.read.of(self.hit.chunk.text)


def goes_on(sentence: str) -> bool:
    """Whether a sentence begins in a way that is not understood without the one before it."""
    return bool(_POINTS_BACK.match(sentence))


def prose(text: str) -> list[Span]:
    """The sentences of a passage; headings only where it has nothing else."""
    spans = sentences(text)
    return [span for span in spans if not is_heading(text, span)] or spans


def focus(
    hits: Sequence[Hit],
    questions: Sequence[str],
    similarity: npt.NDArray[np.float32],
    *,
    least: float = 0.0,
) -> list[Focused]:
    """Cuts each hit's passage to what speaks of one of `questions`, at least its best sentence.

    similarity  cosines, shape (len(questions), n): the columns are the sentences of all passages
                in order, as `prose` gives them
    least       of what the best sentence of all scores for a question: a passage whose best
                sentence has less, for each question, is weak. In a small library most of
                what a search finds is about something else, and a small model cites it.
                The first hit never is
    """
    asked = [frozenset(terms(question)) for question in questions]
    found: list[Focused] = []
    best: list[npt.NDArray[np.float64]] = []
    at = 0
    for hit in hits:
        text = hit.chunk.text
        spans = prose(text)
        alike = similarity[:, at : at + len(spans)]
        at += len(spans)
        said = [frozenset(terms(span.of(text))) for span in spans]
        shared = [[len(each & words) / max(len(each), 1) for words in said] for each in asked]
        scores = alike + np.array(shared)
        found.append(Focused(hit, _window(text, spans, scores, SHARE if found else FIRST_SHARE)))
        best.append(scores.max(axis=1, initial=0.0))
    if not found:
        return []
    enough = (np.array(best) >= least * np.max(best, axis=0)).any(axis=1)
    enough[0] = True
    return [replace(each, weak=not reads) for each, reads in zip(found, enough, strict=True)]


def _window(
    text: str, spans: Sequence[Span], scores: npt.NDArray[np.float64], share: float
) -> Span:
    """scores: of each sentence for each part of the question, shape (parts, sentences)"""
    if not spans:
        return Span(0, len(text))
    best = scores.max(axis=1, keepdims=True)
    least = np.where(best > 0, share * best, best)
    speaks = (scores >= least) & (best >= _PART_SHARE * best.max())
    kept = np.flatnonzero(speaks.any(axis=0) | (scores.max(axis=0) == best.max()))
    first, last = int(kept[0]), int(kept[-1])
    if first > 0 and goes_on(spans[first].of(text)):
        first -= 1
    return Span(spans[first].start, spans[last].end)
