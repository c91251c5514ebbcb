"""Gate 2: whether the passages hold the answer, before a word of it is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from index.embed import Embedder
from rag import focus, nearness
from rag.answerable import answerable, closed
from rag.naming import names_known
from rag.quotable import sentences_of
from rag.similar import remembering, similarity_by
from rag.types import Form, Source

_WORTH_TRYING = 0.7
"""Of "yes" against "no": below it nothing that was tried was answered rightly (docs/trust.md)."""

_WORDS_KEPT = 5_000
"""Words whose vectors are kept for the next questions: 8 MB."""

_SENTENCES_KEPT = 2_000
"""Sentences whose vectors are kept: 3 MB. A follow-up mostly reads those of the question before."""


class Judgement:
    """Decides by what the model judged and by what it read. Safe to use from several threads."""

    def __init__(self, embedder: Embedder, *, least: float) -> None:
        """least: the probability that the passages state the answer, at least"""
        self._embedder = embedder
        self._least = least
        self._words = similarity_by(remembering(embedder.embed_passages, _WORDS_KEPT))
        self._sentences = remembering(embedder.embed_passages, _SENTENCES_KEPT)

    def passes(
        self,
        question: str,
        sources: Sequence[Source],
        *,
        yes: float,
        refusal: float,
        form: Form = "full",
    ) -> bool:
        """Whether the question is to be answered from `sources`. Raises ModelError.

        What the search has embedded is not used, since a replay has no search: what decides is
        made here alone.

        yes, refusal  see `rag.answerable.answerable`
        """
        read = [span.of(each.read_text) for each in sources for span in focus.prose(each.read_text)]
        alike = float(self._alike([question], read).max()) if read else 0.0

        def likely(*, worded: bool) -> float:
            return answerable(yes=yes, refusal=refusal, similarity=alike, worded=worded, form=form)

        if likely(worded=False) >= self._least:
            return True
        # The words are looked at only where they decide. A question of yes or no is answered by
        # the nearest sentence anyway (`rag.yesno`).
        doubtful = likely(worded=True) >= self._least and not closed(question)
        return doubtful and self._worded(question, sources)

    def worth_trying(self, question: str, sources: Sequence[Source], *, yes: float) -> bool:
        """Whether a question that does not pass may be answered all the same, if that is confirmed.

        Nearness says little where people ask in everyday words. But a name that nothing of what was
        read has is no such word; and questions of yes or no have their answer in another way
        (`rag.yesno`). yes: see `rag.answerable.answerable`
        """
        if yes < _WORTH_TRYING or closed(question):
            return False
        return names_known(question, sentences_of(sources))

    def _worded(self, question: str, sources: Sequence[Source]) -> bool:
        read = [replace(each, text=each.read_text, read=None) for each in sources]
        every = nearness.weighed(question, read, self._alike, self._words)
        return any(signals.share >= nearness.MOST for _, signals in every)

    def _alike(self, questions: Sequence[str], passages: Sequence[str]) -> np.ndarray:
        asked = self._embedder.embed_queries(list(questions))
        return np.asarray(asked @ self._sentences(passages).T)
