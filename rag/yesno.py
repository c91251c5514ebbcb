"""Questions of yes or no, answered by the article's own sentence. Pure but for what embeds.

"Nobody was hurt." to "Was anyone injured?": a small model judges badly whether that is an answer,
and says "Someone was injured" of it. So its words are not needed: the sentence that is nearest to
the question is the answer, if it is near enough: a logistic regression of three signals, fitted to
92 questions of ours about office documents, the bias so that few unanswerable ones pass
(bench/yesno.py, docs/trust.md).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from rag.cite import citation, in_own_words
from rag.similar import Similarity
from rag.strict import Sentence, sentences_of
from rag.support import NEAR
from rag.terms import named, spelt, terms
from rag.types import Claim, Source

__all__ = ["Signals", "answering", "likelihood", "weighed"]

SHARE_WEIGHT = 2.9
SIMILARITY_WEIGHT = 3.5
MATTER_WEIGHT = 4.8
BIAS = -7.45

_LIGHT = frozenset(
    terms(
        "include use used allow allowed permit permitted require required need possible available "
        "get give given apply contain offer provide exist happen able suitable there anyone "
        "someone anything something someone anybody ever still yet"
    )
)
"""Words of a question of yes or no that an article says in its own way."""

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
    """

    share: float
    matter: float
    similarity: float


def answering(
    question: str,
    sources: Sequence[Source],
    similarity: Similarity,
    words: Similarity,
    *,
    least: float,
) -> Claim | None:
    """The sentence of the passages that answers, as a claim in the article's own words.

    similarity, words  cosines of sentences, and of single words
    least              its likelihood to answer, at least; None where no sentence reaches it
    """
    every = weighed(question, sources, similarity, words)
    likely = [(likelihood(signals), sentence) for sentence, signals in every]
    odds, best = max(likely, key=lambda each: each[0], default=(0.0, None))
    return in_own_words(citation(best.source, best.span)) if best and odds >= least else None


def likelihood(signals: Signals) -> float:
    """The probability that a sentence answers a question of yes or no."""
    odds = (
        SHARE_WEIGHT * signals.share
        + MATTER_WEIGHT * signals.matter
        + SIMILARITY_WEIGHT * signals.similarity
        + BIAS
    )
    return 1.0 / (1.0 + math.exp(-odds))


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
            Signals(_mean(whole, weights, asked), _mean(own, weights, matter), float(alike[at])),
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
