"""A question to a cited answer, told as events. Reads as prose: find, judge, write, check.

The engine knows nothing of files, pages or settings: `rag.build` hands it its parts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from index.embed import Embedder
from index.errors import QuestionError
from rag import choose, conversation, partly, prompt, times, untrusted
from rag.characters import visible
from rag.clock import Clock
from rag.closing import closing
from rag.draft import drafted
from rag.find import Finder, Reading, Searcher
from rag.judgement import Judgement
from rag.language import refusal
from rag.llm import LLM, Prefill
from rag.secondlook import looked
from rag.telling import Teller
from rag.trace import Call, Recorder
from rag.types import (
    Answer,
    Event,
    Finished,
    Question,
    Source,
    Sources,
    Status,
)
from rag.verify import Verifier

REFUSAL = refusal("")
"""What is answered when the passages do not hold the answer; to a question in another language that
is known, the same in that language."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The engine's numbers; see `refdesk config` for what each does."""

    reading: Reading = field(default_factory=Reading)
    max_tokens: int = 160
    question_characters: int = 2000
    min_answerable: float = 0.5
    min_support: float = 0.8
    drop_unsupported: bool = False
    follow_ups: bool = True
    spelling: bool = True


@dataclass(frozen=True, slots=True)
class _Understood:
    """A question.

    text       as it stands alone, its words spelt as the articles spell them
    follow_up  `text` has something of earlier turns
    """

    typed: str
    text: str
    follow_up: bool


class Engine:
    """Answers questions from one library with one model. Safe to use from several threads."""

    def __init__(
        self,
        searcher: Searcher,
        embedder: Embedder,
        llm: Callable[[], LLM],
        family: prompt.Family,
        policy: Policy | None = None,
        *,
        model: str,
    ) -> None:
        """llm: called when the model is first needed; it may take its time the first time."""
        self._llm = llm
        self._family = family
        self._policy = numbers = policy or Policy()
        self._finder = Finder(searcher, embedder, numbers.reading)
        self._judgement = Judgement(embedder, least=numbers.min_answerable)
        verifier = Verifier(
            embedder,
            min_support=numbers.min_support,
            min_answerable=numbers.min_answerable,
            drop=numbers.drop_unsupported,
        )
        self._teller = Teller(verifier, model=model, embedder=embedder.name)

    def ask(self, question: Question | str) -> Iterator[Event]:
        """Answers `question`: Status at any time, Sources once, Token after Token, Finished last.

        Closing the iterator stops the work. Raises QuestionError, LibraryError, ModelError.
        """
        asked = question if isinstance(question, Question) else Question(question)
        meant = self._understood(asked)
        text = meant.text
        clock = Clock()

        yield Status("Searching the articles")
        found = self._finder.found(text, asked.choices, asked.where, _today(asked))
        yield Sources(found.sources, clock.retrieved())
        yield from self._answered(asked, meant, found.sources, clock, near=found.near, mark=True)

    def prepare(self, question: Question) -> Iterator[Event]:
        """Reads what the answer to a question that is still being typed will need, if nobody asks.

        Closing the iterator stops the work. Raises as `ask` does.
        """
        text = self._understood(question).text
        found = self._finder.found(text, question.choices, question.where, _today(question))
        if not found.near:
            return
        yield Status("Reading the passages")
        llm = self._llm()
        sources = self._marked(llm, found.sources, text, question)
        first = (partly.alone(partly.parts(text)) or [text])[0]
        opened = prompt.asked(self._family, sources, first, question.form, whole=text)
        check, _ = partly.judgement(self._family, opened)
        with closing(llm.read(check.prompt)) as steps:
            for step in steps:
                if isinstance(step, Prefill):
                    yield choose.told(step)

    def again(
        self, question: Question, sources: tuple[Source, ...], *, understood: str, near: bool
    ) -> Iterator[Event]:
        """Answers from passages that a search has found before. Raises as `ask` does.

        understood  the question as it was searched for
        near        whether any of them has to do with the question; else it is refused
        """
        meant = replace(self._understood(question), text=understood)
        yield from self._answered(question, meant, sources, Clock(), near=near)

    def _answered(
        self,
        asked: Question,
        meant: _Understood,
        sources: tuple[Source, ...],
        clock: Clock,
        *,
        near: bool,
        mark: bool = False,
    ) -> Iterator[Event]:
        """mark: look which passages were read beforehand; else they say so themselves"""
        typed, text = meant.typed, meant.text
        if not asked.choices and (told := self._teller.detailed(text, sources, clock, asked.form)):
            yield self._finished(typed, told)
            return
        if not near:
            yield self._finished(typed, self._teller.refused(text, sources, clock))
            return
        yield Status("Waiting for the language model")
        llm = Recorder(self._llm(), clock.began)
        sources = self._marked(llm, sources, text, asked) if mark else sources
        if asked.choices:
            chosen = yield from self._chosen(llm, sources, text, asked.choices, clock)
            yield self._finished(typed, chosen, llm.calls)
            return
        answer = yield from self._attempt(llm, asked, meant, sources, clock)
        if answer.refused and any(each.beforehand for each in sources):
            # Passages that were read by themselves do not know each other: before a refusal all
            # are read together.
            together = tuple(replace(each, beforehand=False) for each in sources)
            answer = yield from self._attempt(llm, asked, meant, together, clock)
            answer = replace(answer, sources=sources)
        yield self._finished(typed, answer, llm.calls)

    def _attempt(
        self,
        llm: LLM,
        asked: Question,
        meant: _Understood,
        sources: tuple[Source, ...],
        clock: Clock,
    ) -> Generator[Event, None, Answer]:
        """An answer from passages as they stand, or a refusal."""
        text = meant.text
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
            several=text if several else None, most=self._policy.max_tokens,
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
            stated = _stated(answer, text, asked)
            answer = partly.told(stated, several, can, own, self._teller.alike)
        return answer

    def _finished(self, typed: str, answer: Answer, calls: tuple[Call, ...] = ()) -> Finished:
        """The answer under the question that was typed, and what it answers where that is another.

        A refusal tells what comes nearest, unless no passage was worth putting to the model.
        """
        if answer.refused and calls:
            answer = self._teller.nearest(answer)
        understood = "" if answer.question == typed else answer.question
        return Finished(replace(answer, question=typed, understood=understood), calls)

    def _marked(
        self, llm: LLM, sources: tuple[Source, ...], text: str, asked: Question
    ) -> tuple[Source, ...]:
        """The passages; all but the best said to be read beforehand, where they were.

        The best is read behind the others, knowing them: so the model's answers are as good as if
        all were, and without that they are not (docs/performance.md).
        """
        if asked.choices or asked.form != "full" or not sources:
            return sources
        best = max(sources, key=lambda each: each.score)
        marked = tuple(replace(each, beforehand=each is not best) for each in sources)
        opened = prompt.asked(self._family, marked, text)
        return marked if llm.has_read(opened) else sources

    def warm(self) -> None:
        """Loads the models and reads the instructions, so that the first question begins sooner.

        Raises ModelError.
        """
        self._finder.warm()
        self.warm_model()

    def warm_model(self) -> None:
        """Loads the language model and reads the instructions. Raises ModelError."""
        llm = self._llm()
        for each in (prompt.instructions(self._family), prompt.instructions_alone(self._family)):
            for _ in llm.read(each):
                pass

    def _understood(self, asked: Question) -> _Understood:
        """Raises QuestionError, LibraryError."""
        typed = self._checked(asked.text)
        spelt = self._finder.spelt(typed) if self._policy.spelling else typed
        history = asked.history if self._policy.follow_ups else ()
        text = conversation.understood(spelt, history)
        return _Understood(typed, text, follow_up=text != spelt)

    def _checked(self, text: str) -> str:
        question = visible(text).strip()
        if not any(each.isalnum() for each in question):
            raise QuestionError("The question is empty. Type what you want to know.")
        most = self._policy.question_characters
        if len(question) > most:
            raise QuestionError(
                f"The question has {len(question):,} characters; the limit is {most:,} "
                "(`answer.question_characters`). Shorten it."
            )
        return question

    def _chosen(
        self,
        llm: LLM,
        sources: tuple[Source, ...],
        question: str,
        choices: Sequence[str],
        clock: Clock,
    ) -> Generator[Event, None, Answer]:
        """The choice that the model finds likeliest, cited where the passages support it."""
        opened = prompt.asked(self._family, sources, question)
        odds = yield from choose.weighed(llm, self._family, opened, choices)
        clock.spoke(0)
        best = odds.index(max(odds))
        return self._teller.chosen(question, sources, clock, choices, best)


def _today(asked: Question) -> dt.date:
    return asked.asked or dt.datetime.now().astimezone().date()


def _stated(answer: Answer, question: str, asked: Question) -> Answer:
    """`answer` with what other articles say otherwise; orders to the model are no evidence."""
    evidence = tuple(untrusted.evidence(answer.sources, question))
    told = times.stated(replace(answer, sources=evidence), question, _today(asked))
    return replace(told, sources=answer.sources)
