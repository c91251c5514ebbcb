"""Claims in another language than their passages: tied by what both languages write alike. Pure.

Words and the embedder's similarity say little across languages. What remains are figures and
names. A claim that the usual check does not support stands where all its figures are in one
sentence of the passages, and that sentence shares with it a figure or name that the question did
not bring. That is less than the usual check; the answer's note says which languages meet.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from rag.cite import citation
from rag.focus import prose
from rag.language import language, other_language
from rag.terms import unaccented
from rag.types import Claim, Source

__all__ = ["anchors", "carried"]

_FIGURE = re.compile(r"\d+(?:[.,\u202f\u00a0]\d+)*")
_NAME = re.compile(r"[A-ZÀ-ÖØ-Þ][^\W\d_]{2,}")
_GROUPS = re.compile(r"(?<=\d)[.,\u202f\u00a0](?=\d{3}(?!\d))")


def anchors(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """The figures and the capitalised words of a text, written alike in all languages."""
    figures = frozenset(_GROUPS.sub("", each).replace(",", ".") for each in _FIGURE.findall(text))
    return figures, frozenset(unaccented(each) for each in _NAME.findall(text))


def carried(
    question: str, claims: Sequence[Claim], sources: Sequence[Source], *, min_support: float
) -> list[Claim]:
    """`claims`, those in the question's language tied to passages in another where they can be."""
    read = other_language(question, [source.read_text for source in sources])
    if read is None:
        return list(claims)
    known = [(source, span, *anchors(span.of(source.text)))
             for source in sources for span in prose(source.text)]  # fmt: skip
    brought, named = anchors(question)

    def tied(claim: Claim) -> Claim:
        if claim.supported or language(claim.text) == read:
            return claim
        figures, names = anchors(claim.text)
        best = max(
            (each for each in known if figures <= each[2]),
            key=lambda each: (len(figures & each[2]), len(names & each[3])),
            default=None,
        )
        if best is None or not ((figures - brought) or (names & best[3]) - named):
            return claim
        return replace(
            claim, supported=True, score=min_support, citations=(citation(best[0], best[1]),)
        )

    return [tied(each) for each in claims]
