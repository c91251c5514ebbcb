"""A question and its passages to an answer: read beforehand or not, in words or by a choice."""

from __future__ import annotations

import datetime as dt
from collections.abc import Generator
from dataclasses import dataclass, replace
from functools import partial

from rag import choose, conversation, partly, prompt, times, untrusted
from rag.clock import Clock
from rag.draft import drafted
from rag.judgement import Judgement
from rag.llm import LLM
from rag.secondlook import looked
from rag.telling import Teller
from rag.types import Answer, Event, Question, Source, Status, Withdrawn

__all__ = ["Attempts", "Understood", "day"]


@dataclass(frozen=True, slots=True)
class Understood:
    """A question.

    asked      as it came
    typed      its words, without what nobody sees
    text       as it stands alone, its words spelt as the articles spell them
    follow_up  `text` has something of earlier turns
    """

    asked: Question
    typed: str
    text: str
    follow_up: bool


class Attempts:
    """Puts passages to the model, and makes an answer or a refusal of what it says."""

    def __init__(
        self, family: prompt.Family, judgement: Judgement, teller: Teller, *, most: int
    ) -> None:
        """most: tokens of an answer"""
        self._family = family
        self._judgement = judgement
        self._teller = teller
        self._most = most

    def best(
        self, llm: LLM, meant: Understood, sources: tuple[Source, ...], clock: Clock
    ) -> Generator[Event, None, Answer]:
        """An answer in words, or a refusal. Raises ModelError.

        Passages that were read by themselves do not know each other: before a refusal all are read
        together, and what was said by then is withdrawn.
        """
        answer = yield from self._one(llm, meant, sources, clock)
        if not answer.refused or not any(each.beforehand for each in sources):
            return answer
        yield Withdrawn()
        yield Status("Reading the passages together")
        clock.withdrew()
        together = tuple(replace(each, beforehand=False) for each in sources)
        answer = yield from self._one(llm, meant, together, clock)
        return replace(answer, sources=sources)

    def chosen(
        self, llm: LLM, meant: Understood, sources: tuple[Source, ...], clock: Clock
    ) -> Generator[Event, None, Answer]:
        """The choice that the model finds likeliest, cited where the passages support it.

        Raises QuestionError, ModelError.
        """
        choices = meant.asked.choices
        opened = prompt.asked(self._family, sources, meant.text)
        odds = yield from choose.weighed(llm, self._family, opened, choices)
        clock.spoke(0)
        best = odds.index(max(odds))
        return self._teller.chosen(meant.text, sources, clock, choices, best)

    def _one(
        self, llm: LLM, meant: Understood, sources: tuple[Source, ...], clock: Clock
    ) -> Generator[Event, None, Answer]:
        """An answer from passages as they stand, or a refusal."""
        asked, text = meant.asked, meant.text
        several = partly.parts(text)
        can: list[bool] = []
        if several:
            alone = partly.alone(several)
            opened = [
                prompt.asked(self._family, sources, part, asked.form, whole=text) for part in alone
            ]
            odds = yield from partly.weighed(llm, self._family, opened)
            can = [
                self._judgement.passes(part, sources, yes=yes, refusal=no, form=asked.form)
                for part, (yes, no) in zip(alone, odds, strict=True)
            ]
            if not any(can):
                return self._teller.refused(text, sources, clock)
        put = partly.put(text, several, can)
        draft = yield from drafted(
            llm, self._family, self._judgement, sources, put, clock, asked.form,
            several=text if several else None, most=self._most,
        )  # fmt: skip
        if draft is None or draft.doubted:
            declined = self._teller.declined(text, sources, clock, asked.form)
            if draft is None or not declined.refused:
                return _stated(declined, text, asked)
        yield Status("Checking the citations")
        answer = self._teller.told(put, draft.text, sources, clock, asked.form, draft.stopped)
        if draft.doubted and not answer.refused:
            answer = self._teller.refused(put, sources, clock, answer.claims)
        if answer.refused and asked.form == "full":
            found = yield from looked(llm, self._family, answer)
            answer = self._teller.confirmed(answer, clock, *found, doubted=draft.doubted)
        if meant.follow_up and not conversation.answers(text, answer.text):
            answer = self._teller.refused(text, sources, clock, answer.claims)
        answer = replace(answer, question=text)
        if asked.form == "full":
            own = partial(self._teller.own_words, sources=sources)
            told = _stated(answer, text, asked)
            answer = partly.told(told, several, can, own, self._teller.alike)
        return answer


def day(asked: Question) -> dt.date:
    """Which "last week" counts from."""
    return asked.asked or dt.datetime.now().astimezone().date()


def _stated(answer: Answer, question: str, asked: Question) -> Answer:
    """`answer` with what other articles say otherwise; orders to the model are no evidence."""
    evidence = tuple(untrusted.evidence(answer.sources, question))
    told = times.stated(replace(answer, sources=evidence), question, day(asked))
    return replace(told, sources=answer.sources)
