"""A question to a cited answer, told as events. Reads as prose: find, judge, write, check.

The engine knows nothing of files, pages or settings: `rag.build` hands it its parts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from index.embed import Embedder
from index.errors import QuestionError
from rag import choose, conversation, partly, prompt
from rag.attempt import Attempts, Understood, day
from rag.characters import visible
from rag.clock import Clock
from rag.closing import closing
from rag.find import Finder, Reading, Searcher
from rag.judgement import Judgement
from rag.language import refusal
from rag.llm import LLM, Prefill
from rag.telling import Teller
from rag.trace import Call, Recorder
from rag.types import Answer, Event, Finished, Question, Source, Sources, Status
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
        verifier = Verifier(
            embedder,
            min_support=numbers.min_support,
            min_answerable=numbers.min_answerable,
            drop=numbers.drop_unsupported,
        )
        self._teller = Teller(verifier, model=model, embedder=embedder.name)
        judgement = Judgement(embedder, least=numbers.min_answerable)
        self._attempts = Attempts(family, judgement, self._teller, most=numbers.max_tokens)

    def ask(self, question: Question | str) -> Iterator[Event]:
        """Answers `question`: Status at any time, Sources once, Token after Token, Finished last.

        Withdrawn where the answer is begun anew. Closing the iterator stops the work. Raises
        QuestionError, LibraryError, ModelError.
        """
        asked = question if isinstance(question, Question) else Question(question)
        meant = self._understood(asked)
        text = meant.text
        clock = Clock()

        yield Status("Searching the articles")
        found = self._finder.found(text, asked.choices, asked.where, day(asked))
        yield Sources(found.sources, clock.retrieved())
        yield from self._answered(meant, found.sources, clock, near=found.near, mark=True)

    def prepare(self, question: Question) -> Iterator[Event]:
        """Reads what the answer to a question that is still being typed will need, if nobody asks.

        Closing the iterator stops the work. Raises as `ask` does.
        """
        text = self._understood(question).text
        found = self._finder.found(text, question.choices, question.where, day(question))
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
        yield from self._answered(meant, sources, Clock(), near=near)

    def _answered(
        self,
        meant: Understood,
        sources: tuple[Source, ...],
        clock: Clock,
        *,
        near: bool,
        mark: bool = False,
    ) -> Iterator[Event]:
        """mark: look which passages were read beforehand; else they say so themselves"""
        asked, typed, text = meant.asked, meant.typed, meant.text
        if not asked.choices and (told := self._teller.detailed(text, sources, clock, asked.form)):
            yield self._finished(typed, told)
            return
        if not near:
            yield self._finished(typed, self._teller.refused(text, sources, clock))
            return
        yield Status("Waiting for the language model")
        llm = Recorder(self._llm(), clock.began)
        sources = self._marked(llm, sources, text, asked) if mark else sources
        made = self._attempts.chosen if asked.choices else self._attempts.best
        answer = yield from made(llm, meant, sources, clock)
        yield self._finished(typed, answer, llm.calls)

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

    def _understood(self, asked: Question) -> Understood:
        """Raises QuestionError, LibraryError."""
        typed = self._checked(asked.text)
        spelt = self._finder.spelt(typed) if self._policy.spelling else typed
        history = asked.history if self._policy.follow_ups else ()
        text = conversation.understood(spelt, history)
        return Understood(asked, typed, text, follow_up=text != spelt)

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
