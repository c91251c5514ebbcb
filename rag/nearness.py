"""How near the sentences of the passages are to a question, by words and by meaning. Pure but for
what embeds.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from rag.quotable import Sentence, sentences_of
from rag.similar import Similarity
from rag.support import NEAR
from rag.terms import named, spelt, terms
from rag.types import Source

__all__ = ["MOST", "Signals", "weighed"]

MOST = 0.6
"""The share of a question's words, by rarity, from which on a sentence speaks of all of it."""

_LIGHT = frozenset(
    terms(
        "include use used allow allowed permit permitted require required need possible available "
        "get give given apply contain offer provide exist happen able suitable there anyone "
        "someone anything something someone anybody ever still yet"
    )
)
"""Words of a question of yes or no that an article says in its own way."""

_FIRM = re.compile(
    r"\b(?:not|no|never|none|nobody|nothing|neither|nor|without|only|must|may|cannot|prohibited"
    r"|forbidden|allowed|permitted|required|refused|rejected|denied|un\w+ed)\b|n['’]t\b",
    re.IGNORECASE,
)
_INITIAL = re.compile(r"\b[A-Z]\. ?(?=[A-Z])")
_FEWEST = 2
"""Words that a question must have besides these."""


@dataclass(frozen=True, slots=True)
class Signals:
    """How near a sentence is to a question, each in [0, 1] but for the cosine.

    share       of the question's words, by their rarity, what the sentence has: a word that is
                near in meaning counts as far as it is near; words of the title, and of what the
                sentence points back to, count whole
    matter      the same for the words that are neither a name nor the title's, in the sentence
                itself: what is asked of whom it is asked about. 0 where there are none
    similarity  the cosine of question and sentence
    firm        the sentence denies, forbids, allows or limits something
    """

    share: float
    matter: float
    similarity: float
    firm: bool = False


def weighed(
    question: str, sources: Sequence[Source], similarity: Similarity, words: Similarity
) -> Iterator[tuple[Sentence, Signals]]:
    """Each sentence of the passages with its signals; none for a question of too few words."""
    asked = {word: form for word, form in spelt(question) if word not in _LIGHT}
    sentences = sentences_of(sources)
    if len(asked) < _FEWEST or not sentences:
        return
    names = frozenset(named(_INITIAL.sub("", question)))
    # What a title says, all sentences below it speak of.
    seen = Counter(word for each in sentences for word in each.own)
    weights = {word: math.log(1 + len(sentences) / (1 + seen[word])) for word in asked}
    alike = similarity([question], [each.text for each in sentences])[0]
    near = _nearness(asked, sentences, words)
    for at, sentence in enumerate(sentences):
        before = sentences[at - 1] if at and sentences[at - 1].source is sentence.source else None
        around = sentence.near | before.words if before else sentence.near
        title = frozenset(terms(sentence.source.title))
        own = {word: 1.0 if word in sentence.words else near[at][word] for word in asked}
        whole = {
            word: 1.0 if word in around else own[word] if own[word] >= NEAR else 0.0
            for word in asked
        }
        matter = [
            word for word in asked
            if word not in names and word not in title and not word[0].isdigit()
        ]  # fmt: skip
        yield (
            sentence,
            Signals(
                _mean(whole, weights, asked),
                _mean(own, weights, matter),
                float(alike[at]),
                bool(_FIRM.search(sentence.text)),
            ),
        )


def _nearness(
    asked: dict[str, str], sentences: Sequence[Sentence], words: Similarity
) -> list[dict[str, float]]:
    """For each sentence and word of the question, the cosine of the sentence's word nearest it."""
    forms = [[form for _, form in spelt(each.text)] for each in sentences]
    every = list(dict.fromkeys(form for each in forms for form in each))
    if not every:
        return [dict.fromkeys(asked, 0.0) for _ in sentences]
    cosines = words(list(asked.values()), every)
    places = {form: at for at, form in enumerate(every)}
    found = []
    for each in forms:
        columns = [places[form] for form in each]
        best = cosines[:, columns].max(axis=1, initial=0.0)
        found.append(dict(zip(asked, (float(cosine) for cosine in best), strict=True)))
    return found


def _mean(values: dict[str, float], weights: dict[str, float], of: Collection[str]) -> float:
    total = sum(weights[word] for word in of)
    return sum(values[word] * weights[word] for word in of) / total if total else 0.0
