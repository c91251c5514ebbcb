"""How likely the passages support a claim: a calibrated probability from four plain signals. Pure.

    copied    the share of the claim's neighbouring words that stand side by side in the passages
    foreign   its words that are neither in the passages nor near in meaning to a word there
    figures   its figures that are not in the passages
    names     its names that are not in the passages

A logistic regression joins them. `bench/support.py` fits its weights to what annotators marked in
answers of six models (RAGTruth, Niu et al. 2024, question answering) and, with less weight, in
sentences of an encyclopedia (WiCE, Kamoi et al. 2023); docs/trust.md says how well it does on
texts that it was not fitted to. Signals that did not help there were left out: similarity of the
sentences, the share of single words, negation, and the generator's own yes or no.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from rag.similar import Similarity
from rag.terms import named, spelt, terms

NEAR = 0.55
"""Cosine of two words' vectors from which one may stand for the other."""

# What an answer says about its sources, and what orders a text: neither claims anything.
_SOURCES = re.compile(
    r"\(?\b(?:(?:as )?(?:mentioned|stated|described|noted|per|found|listed|explained) in"
    r"|based on|according to|from|in|see)?\s*(?:the )?(?:given |provided |above |following )*"
    r"(?:passages?|articles?|texts?)(?: \d+(?:(?:,| and|, and|&| or) ?\d+)*)?\b\)?"
    r"(?: (?:mentions?|states?|suggests?|highlights?|provides?|explains?|says?|describes?|also|"
    r"that|specifically))*[,:]?",
    re.IGNORECASE,
)
_ITEM = re.compile(r"^\s*(?:[-*+•]|\(?\d{1,2}[.)])\s+")
_ORDERING = frozenset(
    terms(
        "additionally also however overall similarly therefore thus furthermore moreover finally "
        "instead example including include such important note answer question information "
        "conclusion summary specifically generally typically various likely based provide provides "
        "mentioned following given help helps"
    )
)

BIAS = 2.685
COPIED = 2.254
FOREIGN = -0.804
FIGURES = -3.252
NAMES = -2.403


@dataclass(frozen=True, slots=True)
class Signals:
    """What is measured of a claim: see the module."""

    copied: float
    foreign: int = 0
    figures: int = 0
    names: int = 0


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a claim is held against.

    words  folded, of the passages, their titles and dates, and of the question
    pairs  neighbouring folded words of the passages
    spelt  the words as they are written, one for each folded word
    """

    words: frozenset[str]
    pairs: frozenset[tuple[str, str]]
    spelt: tuple[str, ...]

    @classmethod
    def of(cls, passages: Sequence[str], around: Sequence[str] = ()) -> Evidence:
        """passages: what can support; around: titles, dates, the question, whose words are known"""
        pairs = {pair for text in passages for pair in _pairs(terms(text))}
        written: dict[str, str] = {}
        for text in (*passages, *around):
            for word, as_written in spelt(text):
                written.setdefault(word, as_written)
        return cls(frozenset(written), frozenset(pairs), tuple(written.values()))


def signals(claim: str, evidence: Evidence, alike: Similarity) -> Signals:
    """What is measured of a claim.

    alike  cosines of single words
    """
    said = _ITEM.sub("", _SOURCES.sub(" ", claim))
    words = [word for word in terms(said) if word not in _ORDERING]
    pairs = _pairs(words)
    if pairs:
        copied = len(pairs & evidence.pairs) / len(pairs)
    else:
        copied = float(all(word in evidence.words for word in words))
    unknown = {word for word in words if word not in evidence.words}
    figures = {word for word in unknown if word[0].isdigit()}
    new = {word: form for word, form in spelt(said) if word in unknown - figures}
    return Signals(
        copied=copied,
        foreign=_foreign(tuple(new.values()), evidence.spelt, alike),
        figures=len(figures),
        names=sum(word not in evidence.words for word in named(claim)),
    )


def probability(found: Signals) -> float:
    """That the passages support a claim, in [0, 1]."""
    odds = (
        BIAS
        + COPIED * found.copied
        + FOREIGN * math.log1p(found.foreign)
        + FIGURES * math.log1p(found.figures)
        + NAMES * math.log1p(found.names)
    )
    return 1.0 / (1.0 + math.exp(-odds))


def _foreign(new: Sequence[str], known: Sequence[str], alike: Similarity) -> int:
    if not new or not known:
        return len(new)
    return int((alike(new, known).max(axis=1) < NEAR).sum())


def _pairs(words: Sequence[str]) -> frozenset[tuple[str, str]]:
    return frozenset(pairwise(words))
