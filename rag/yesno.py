"""Questions of yes or no, answered by the article's own sentence. Pure but for what embeds.

"Nobody was hurt." to "Was anyone injured?": a small model judges badly whether that is an answer,
and says "Someone was injured" of it. So its words are not needed: the sentence that is nearest to
the question is the answer, if it is near enough: a logistic regression of four signals, fitted to
questions of ours and of others, the bias so that few unanswerable ones pass (bench/yesno.py,
docs/trust.md).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from rag.cite import told
from rag.nearness import Signals, weighed
from rag.similar import Similarity
from rag.types import Claim, Source

SHARE_WEIGHT = 0.8
MATTER_WEIGHT = 4.0
SIMILARITY_WEIGHT = 5.2
FIRM_WEIGHT = 1.2
BIAS = -6.3


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
    return told(best) if best and odds >= least else None


def likelihood(signals: Signals) -> float:
    """The probability that a sentence answers a question of yes or no."""
    odds = (
        SHARE_WEIGHT * signals.share
        + MATTER_WEIGHT * signals.matter
        + SIMILARITY_WEIGHT * signals.similarity
        + FIRM_WEIGHT * signals.firm
        + BIAS
    )
    return 1.0 / (1.0 + math.exp(-odds))
