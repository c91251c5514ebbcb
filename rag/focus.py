"""The sentences of a passage that matter to a question, so that the model reads no others. Pure.

On a CPU each token that is read costs a fiftieth of a second. A passage is cut to the run of
sentences from the first to the last that speak of the question: those that score at least
`SHARE` of what the passage's best sentence scores, by similarity of the embedder plus the share
of the question's words. Measured in docs/trust.md: the same answers are in the prompt with a
quarter fewer tokens. (Extractive compression, as in RECOMP, Xu et al. 2023.)
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from index.sentences import is_heading, sentences
from index.types import Hit, Span
from rag.terms import terms

SHARE = 0.7

_POINTS_BACK = re.compile(
    r"(?:he|she|it|they|his|her|its|their|this|that|these|those|such|but|however|instead|then|"
    r"there|both|neither)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Focused:
    """A hit, and the part of its passage that the model is to read."""

    hit: Hit
    read: Span

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
    hits: Sequence[Hit], questions: Sequence[str], similarity: npt.NDArray[np.float32]
) -> list[Focused]:
    """Cuts each hit's passage to what speaks of one of `questions`, at least its best sentence.

    similarity  cosines, shape (len(questions), n): the columns are the sentences of all passages
                in order, as `prose` gives them
    """
    asked = [frozenset(terms(question)) for question in questions]
    found = []
    at = 0
    for hit in hits:
        text = hit.chunk.text
        spans = prose(text)
        alike = similarity[:, at : at + len(spans)]
        at += len(spans)
        scores = [_score(asked, span.of(text), alike[:, n]) for n, span in enumerate(spans)]
        found.append(Focused(hit, _window(text, spans, scores)))
    return found


def _score(asked: Sequence[frozenset[str]], sentence: str, alike: npt.NDArray[np.float32]) -> float:
    words = frozenset(terms(sentence))
    return max(
        float(cosine) + len(each & words) / max(len(each), 1)
        for each, cosine in zip(asked, alike, strict=True)
    )


def _window(text: str, spans: Sequence[Span], scores: Sequence[float]) -> Span:
    if not spans:
        return Span(0, len(text))
    best = max(scores)
    least = SHARE * best if best > 0 else best
    kept = [n for n, score in enumerate(scores) if score >= least]
    first, last = kept[0], kept[-1]
    if first > 0 and goes_on(spans[first].of(text)):
        first -= 1
    return Span(spans[first].start, spans[last].end)
