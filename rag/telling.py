"""Answers made of what a model said: checked, declined, or the article's own sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rag import details
from rag.clock import Clock
from rag.language import differ, other_language, refusal
from rag.similar import Similarity
from rag.types import Answer, Citation, Claim, Form, Source
from rag.verify import Verifier


class Teller:
    """Makes answers. Safe to use from several threads."""

    def __init__(self, verifier: Verifier, *, model: str, embedder: str) -> None:
        """model, embedder: their names, which each answer tells"""
        self._verifier = verifier
        self._model = model
        self._embedder = embedder

    def told(
        self,
        question: str,
        said: str,
        sources: tuple[Source, ...],
        clock: Clock,
        kind: Form,
        stopped: str | None,
    ) -> Answer:
        """What a model said, checked. stopped: why it was cut short, if it was"""
        cut = stopped == "length"
        found = self._verifier.verified(question, said, sources, kind, cut=cut)
        if not found.text:
            return self.declined(question, sources, clock, kind, found.claims)
        answer = self._answer(question, found.text, sources, clock, found.claims, stopped=stopped)
        return replace(answer, omitted=found.omitted)

    def chosen(
        self,
        question: str,
        sources: tuple[Source, ...],
        clock: Clock,
        choices: Sequence[str],
        best: int,
    ) -> Answer:
        """The choice that was taken, cited where the passages support it."""
        found = self._verifier.choice(question, choices[best], sources)
        return self._answer(question, found.text, sources, clock, found.claims, choice=best)

    def declined(
        self,
        question: str,
        sources: tuple[Source, ...],
        clock: Clock,
        kind: Form,
        claims: tuple[Claim, ...] = (),
    ) -> Answer:
        """A refusal, but where an article's sentence answers by itself (`Verifier.stated`)."""
        if kind == "full":
            found = self._verifier.stated(question, sources)
            if found:
                return self._answer(question, found.text, sources, clock, found.claims)
        return self.refused(question, sources, clock, claims)

    def confirmed(
        self,
        refusal: Answer,
        clock: Clock,
        tried: Sequence[Citation],
        odds: Sequence[float],
        *,
        doubted: bool,
    ) -> Answer:
        """An article's sentence in place of a refusal, where the model found it right.

        tried: what the model's answer was taken from; odds: how surely it found each right
        (`rag.secondlook`); doubted: see `rag.draft.Draft`
        """
        found = self._verifier.confirmed(
            refusal.question, refusal.claims, tried, odds, doubted=doubted
        )
        refusal = replace(refusal, timings=clock.timings())
        if not found:
            return refusal
        return replace(refusal, text=found.text, claims=found.claims, refused=False)

    @property
    def alike(self) -> Similarity:
        return self._verifier.alike

    def own_words(
        self, part: str, sources: tuple[Source, ...]
    ) -> tuple[str, tuple[Claim, ...]] | None:
        """The article's sentence that answers a part of a question, if one does, and its claim."""
        found = self._verifier.stated(part, sources)
        return (found.text, found.claims) if found else None

    def detailed(
        self, question: str, sources: tuple[Source, ...], clock: Clock, kind: Form
    ) -> Answer | None:
        """What an article says of its author, date or publisher; None where that is not asked."""
        claims = tuple(details.stating(question, sources, short=kind == "short"))
        if not claims:
            return None
        text = " ".join(f"{each.text} [{each.citations[0].number}]" for each in claims)
        return self._answer(question, text, sources, clock, claims)

    def refused(
        self,
        question: str,
        sources: tuple[Source, ...],
        clock: Clock,
        claims: tuple[Claim, ...] = (),
    ) -> Answer:
        """That the articles don't say. claims: what was said and did not stand"""
        return self._answer(question, refusal(question), sources, clock, claims, refused=True)

    def nearest(self, refusal: Answer) -> Answer:
        """A refusal with what the passages say that comes nearest to an answer."""
        of = self._verifier.nearest(refusal.question, refusal.claims, refusal.sources)
        return replace(refusal, nearest=of)

    def _answer(
        self,
        question: str,
        text: str,
        sources: tuple[Source, ...],
        clock: Clock,
        claims: tuple[Claim, ...],
        *,
        refused: bool = False,
        stopped: str | None = None,
        choice: int | None = None,
    ) -> Answer:
        read = other_language(question, [source.read_text for source in sources])
        return Answer(
            question=question,
            text=text,
            refused=refused,
            claims=claims,
            sources=sources,
            timings=clock.timings(),
            model=self._model,
            embedder=self._embedder,
            stopped=stopped,
            choice=choice,
            note=differ(question, read) if read else "",
        )
