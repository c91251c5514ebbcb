"""A question to a cited answer, told as events. Reads as prose: find, judge, write, check.

The engine knows nothing of files, pages or settings: `rag.build` hands it its parts.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from index.embed import Embedder
from index.errors import LibraryError, QuestionError
from index.types import Filter, Hit, Span
from rag import choose, cite, conversation, focus, gather, partly, plan, prompt, times
from rag.answerable import answerable
from rag.llm import LLM, Checked, Prefill, Waiting
from rag.types import (
    Answer,
    Claim,
    Event,
    Finished,
    Form,
    Question,
    Source,
    Sources,
    Status,
    Timings,
    Token,
)

_QUOTED_SHARE = 0.8

REFUSAL = "The articles don't say."
"""What is answered when the passages do not hold the answer."""


class Searcher(Protocol):
    """What the engine asks of a library."""

    def search(
        self,
        question: str,
        k: int = 10,
        where: Filter | None = None,
        today: dt.date | None = None,
    ) -> list[Hit]: ...

    def passage(self, document: int, start: int, end: int) -> str: ...

    def is_empty(self) -> bool: ...

    def warm(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Policy:
    """The engine's numbers; see `refdesk config` for what each does."""

    passages: int = 5
    join_adjacent: bool = True
    drop_repeats: bool = True
    passage_tokens: int = 210
    max_tokens: int = 160
    question_characters: int = 2000
    min_similarity: float = 0.15
    min_answerable: float = 0.5
    min_support: float = 0.5
    follow_ups: bool = True


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
        self._searcher = searcher
        self._embedder = embedder
        self._llm = llm
        self._family = family
        self._policy = policy or Policy()
        self._model = model

    def ask(self, question: Question | str) -> Iterator[Event]:
        """Answers `question`: Status at any time, Sources once, Token after Token, Finished last.

        Closing the iterator stops the work. Raises QuestionError, LibraryError, ModelError.
        """
        asked = question if isinstance(question, Question) else Question(question)
        typed = self._checked(asked.text)
        text = conversation.understood(typed, asked.history) if self._policy.follow_ups else typed
        clock = _Clock()

        yield Status("Searching the articles")
        most = self._policy.passages * 3
        searches = plan.with_choices(text, asked.choices) if asked.choices else plan.searches(text)
        today = asked.asked or dt.datetime.now().astimezone().date()
        found = [self._searcher.search(each, most, asked.where, today) for each in searches]
        hits = self._gathered(plan.interleaved(found, most))
        if not hits and self._searcher.is_empty():
            raise LibraryError("The library is empty. Add articles with `refdesk add PATH`.")
        sources = prompt.pack(
            self._focused(hits[: 2 * self._policy.passages], searches),
            self._count,
            budget=self._policy.passage_tokens,
            most=self._policy.passages,
        )
        yield Sources(sources, clock.retrieved())
        if not self._near(hits):
            yield _finished(typed, self._refused(text, sources, clock))
            return
        yield Status("Waiting for the language model")
        llm = self._llm()
        if asked.choices:
            chosen = yield from self._chosen(llm, sources, text, asked.choices, clock)
            yield _finished(typed, chosen)
            return
        several = partly.parts(text)
        can: list[bool] = []
        if several:
            least = self._policy.min_answerable
            can = yield from partly.answered(llm, self._family, sources, several, least)
            if not any(can):
                yield _finished(typed, self._refused(text, sources, clock))
                return
        put = partly.put(text, several, can)
        said, stopped = yield from self._said(
            llm, sources, put, clock, asked.form, judged=bool(several)
        )
        if said is None:
            refusal = self._refused(text, sources, clock)
            yield _finished(typed, times.stated(refusal, text, today))
            return
        yield Status("Checking the citations")
        answer = self._verified(put, said, sources, clock, stopped, asked.form)
        if text != typed and not conversation.answers(text, answer.text):
            answer = self._refused(text, sources, clock, answer.claims)
        answer = replace(answer, question=text)
        if asked.form == "full":
            answer = partly.told(times.stated(answer, text, today), several, can)
        yield _finished(typed, answer)

    def warm(self) -> None:
        """Loads the models and reads the instructions, so that the first question begins sooner.

        Raises ModelError.
        """
        self._searcher.warm()
        self.warm_model()

    def warm_model(self) -> None:
        """Loads the language model and reads the instructions. Raises ModelError."""
        self._llm().warm(prompt.instructions(self._family))

    def _checked(self, text: str) -> str:
        question = prompt.visible(text).strip()
        if not any(each.isalnum() for each in question):
            raise QuestionError("The question is empty. Type what you want to know.")
        most = self._policy.question_characters
        if len(question) > most:
            raise QuestionError(
                f"The question has {len(question):,} characters; the limit is {most:,} "
                "(`answer.question_characters`). Shorten it."
            )
        return question

    def _focused(self, hits: Sequence[Hit], searches: Sequence[str]) -> list[focus.Focused]:
        texts = [hit.chunk.text for hit in hits]
        read = [span.of(text) for text in texts for span in focus.prose(text)]
        alike = self._embedder.embed_queries(searches) @ self._embedder.embed_passages(read).T
        return focus.focus(hits, searches, alike)

    def _gathered(self, hits: list[Hit]) -> list[Hit]:
        if self._policy.drop_repeats:
            hits = gather.without_repeats(hits)
        if self._policy.join_adjacent:
            hits = gather.joined(hits, self._searcher.passage)
        return hits

    def _near(self, hits: list[Hit]) -> bool:
        """Whether any passage has to do with the question at all."""
        return any(
            hit.bm25 is not None or (hit.similarity or -1.0) >= self._policy.min_similarity
            for hit in hits
        )

    def _count(self, passage: str) -> int:
        # The embedder's tokenizer is at hand before the model is loaded, and close enough.
        return self._embedder.count([passage])[0]

    def _said(
        self,
        llm: LLM,
        sources: tuple[Source, ...],
        question: str,
        clock: _Clock,
        form: Form,
        *,
        judged: bool,
    ) -> Generator[Event, None, tuple[str | None, str | None]]:
        """The model's answer, or None where it judges that the passages do not hold one.

        judged: that they do has been judged before. Returns the text and why it was cut short, if
        it was.
        """
        opened = prompt.asked(self._family, sources, question, form)
        whole = prompt.to_answer(self._family, opened)
        most = prompt.SHORT_TOKENS if form == "short" else self._policy.max_tokens
        clock.prompt_tokens = llm.count(whole)
        checks = () if judged else partly.judgement(self._family, opened)
        odds: list[float] = []
        gate = _Gate()
        steps = llm.generate(
            whole,
            max_tokens=min(most, self._policy.max_tokens),
            checks=checks,
            never_first=prompt.REFUSAL_WORDS,
        )
        ended = False
        try:
            for step in steps:
                if isinstance(step, Waiting | Prefill):
                    yield choose.told(step)
                elif isinstance(step, Checked):
                    odds.append(step.probability)
                    if len(odds) < len(checks):
                        continue
                    if answerable(yes=odds[0], refusal=odds[1]) < self._policy.min_answerable:
                        return None, None
                else:
                    clock.spoke(step.tokens)
                    ended = step.ended
                    if shown := gate.let(step.text, ended=step.ended):
                        yield Token(shown)
        finally:
            close = getattr(steps, "close", None)
            if close:
                close()
        said = prompt.without_refusal(gate.text)
        if prompt.declines(said) or not said.strip():
            return None, None
        return said, None if ended else "length"

    def _verified(
        self,
        question: str,
        said: str,
        sources: tuple[Source, ...],
        clock: _Clock,
        stopped: str | None,
        form: Form,
    ) -> Answer:
        clean, statements = cite.phrase(said) if form == "short" else cite.parse(said)
        if stopped == "length" and len(statements) > 1:
            # The last sentence was cut off in the middle: half a sentence is not a claim.
            clean = clean[: statements[-2].span.end]
            statements = statements[:-1]
        clean, statements = cite.to_the_point(plan.searches(question), clean, statements)
        claims = cite.cite(
            statements,
            sources,
            cite.similarity_by(self._embedder.embed_passages, question if form == "short" else ""),
            min_support=self._policy.min_support,
            question=question,
        )
        supported = " ".join(claim.text for claim in claims if claim.supported)
        if not supported or not partly.fits(question, supported):
            # The passages hold an answer, by the model's own judgement, but its words were not
            # theirs. A sentence that speaks of all that is asked says it better.
            quote = cite.quoted(question, statements, sources, least=_QUOTED_SHARE)
            if quote is None or not partly.fits(question, quote.text):
                return self._refused(question, sources, clock, tuple(claims))
            claims = [quote]
            clean, statements = cite.parse(quote.text)
            statements = [cite.Statement(clean, Span(0, len(clean)), ())]
        written = cite.written(clean, statements, claims)
        return self._answer(question, written, sources, clock, tuple(claims), stopped=stopped)

    def _chosen(
        self,
        llm: LLM,
        sources: tuple[Source, ...],
        question: str,
        choices: Sequence[str],
        clock: _Clock,
    ) -> Generator[Event, None, Answer]:
        """The choice that the model finds likeliest, cited where the passages support it."""
        opened = prompt.asked(self._family, sources, question)
        clock.prompt_tokens = llm.count(choose.asked(self._family, opened, choices))
        odds = yield from choose.weighed(llm, self._family, opened, choices)
        clock.spoke(0)
        best = odds.index(max(odds))
        clean, statements = cite.phrase(choices[best])
        claims = cite.cite(
            statements,
            sources,
            cite.similarity_by(self._embedder.embed_passages, question),
            min_support=self._policy.min_support,
            question=question,
        )
        written = cite.written(clean, statements, claims)
        return self._answer(question, written, sources, clock, tuple(claims), choice=best)

    def _refused(
        self,
        question: str,
        sources: tuple[Source, ...],
        clock: _Clock,
        claims: tuple[Claim, ...] = (),
    ) -> Answer:
        return self._answer(question, REFUSAL, sources, clock, claims, refused=True)

    def _answer(
        self,
        question: str,
        text: str,
        sources: tuple[Source, ...],
        clock: _Clock,
        claims: tuple[Claim, ...],
        *,
        refused: bool = False,
        stopped: str | None = None,
        choice: int | None = None,
    ) -> Answer:
        return Answer(
            question=question,
            text=text,
            refused=refused,
            claims=claims,
            sources=sources,
            timings=clock.timings(),
            model=self._model,
            embedder=self._embedder.name,
            stopped=stopped,
            choice=choice,
        )


def _finished(typed: str, answer: Answer) -> Finished:
    """The answer under the question that was typed, and what it answers where that is another."""
    understood = "" if answer.question == typed else answer.question
    return Finished(replace(answer, question=typed, understood=understood))


class _Gate:
    """Holds back the answer's first words until it is clear that they are no refusal."""

    _ENOUGH = 60
    """Characters by which a refusal has shown itself."""

    def __init__(self) -> None:
        self.text = ""
        self._shown = 0

    def let(self, piece: str, *, ended: bool) -> str:
        """Takes the next piece; returns what may be shown now."""
        self.text += piece
        if not ended and not self._shown and self._may_decline():
            return ""
        if prompt.declines(self.text):
            return ""
        shown = self.text[self._shown :]
        self._shown = len(self.text)
        return shown

    def _may_decline(self) -> bool:
        start = self.text.lstrip()[: self._ENOUGH].lower()
        return len(self.text) < self._ENOUGH and start.startswith(
            ("the pass", "the art", "the text", "the inf", "the ans", "it ", "not", "no")
        )


class _Clock:
    """Seconds since the question came, and tokens: the answer's Timings."""

    def __init__(self) -> None:
        self._start = time.perf_counter()
        self._retrieved = 0.0
        self._first = 0.0
        self._tokens = 0
        self.prompt_tokens = 0

    def retrieved(self) -> float:
        self._retrieved = time.perf_counter() - self._start
        return self._retrieved

    def spoke(self, tokens: int) -> None:
        if not self._first:
            self._first = time.perf_counter() - self._start
        self._tokens = tokens

    def timings(self) -> Timings:
        return Timings(
            retrieve_s=round(self._retrieved, 3),
            first_token_s=round(self._first, 3),
            total_s=round(time.perf_counter() - self._start, 3),
            prompt_tokens=self.prompt_tokens,
            answer_tokens=self._tokens,
        )
