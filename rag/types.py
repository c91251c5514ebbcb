"""Values that travel from a question to a cited answer, and the events that report the way.

A `Citation` carries document, page, offsets and quote, so that no later stage parses prose.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Literal

from index.types import Filter, Span
from rag.trace import Call


@dataclass(frozen=True, slots=True)
class Source:
    """A passage put before the model, numbered from 1 as the answer's `[n]` markers name it.

    document  the document's path as the library keeps it
    start     first character of `text` in the document's extracted text
    read      the part of `text` that the model reads; None: all of it
    also_in   the other places of the article and of its other versions
    details   no passage, but a line that says who wrote the article, when, or for whom
    beforehand  the model read it by itself, before the question was asked
    """

    number: int
    document: str
    document_id: int
    title: str
    date: str | None
    page: int | None
    start: int
    end: int
    text: str
    score: float
    read: Span | None = None
    also_in: tuple[str, ...] = ()
    details: bool = False
    beforehand: bool = False

    @property
    def read_text(self) -> str:
        """The part of `text` that the model reads."""
        return self.read.of(self.text) if self.read else self.text


@dataclass(frozen=True, slots=True)
class Citation:
    """The exact span that supports a claim: `document_text[start:end] == quote`."""

    number: int
    document: str
    document_id: int
    title: str
    date: str | None
    page: int | None
    start: int
    end: int
    quote: str


Differs = Literal["", "earlier", "other"]
"""Whether a claim is what another article says instead of the one before it, and since when."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence, list item or table row of an answer, with the spans that support it.

    text       the claim without citation markers
    supported  whether `score` reaches the threshold in force
    score      support by the cited spans, in [0, 1]
    differs    "earlier" or "other": what an older article, or one of no other time, says instead
               of the claim before it
    """

    text: str
    supported: bool
    score: float
    citations: tuple[Citation, ...] = ()
    differs: Differs = ""


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds from the question's arrival, and tokens."""

    retrieve_s: float = 0.0
    first_token_s: float = 0.0
    total_s: float = 0.0
    prompt_tokens: int = 0
    answer_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Cost:
    """What an answer took.

    joules    of energy; read from the processor where `measured`, else an estimate
    money     for that energy by the user's tariff; None: there is none
    """

    joules: float
    measured: bool
    money: float | None = None
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished answer.

    text        the answer with `[n]` markers that name `sources`; on refusal, the refusal
    refused     the passages do not hold the answer
    stopped     cut short: by the reader ("cancelled"), or by the token limit ("length"); else None
    understood  what was searched for and answered, where that is not `question` as it was typed
    choice      which of the question's choices was taken, from 0; None where there were none
    omitted     claims that `text` lacks, because nothing supports them and the settings say so
    id          what its receipt is found by; "" where none is kept
    cost        None where nobody counts
    missing     the parts of the question that the passages do not answer, where they answer others
    note        what the reader should know besides, in the question's language; mostly ""
    nearest     in a refusal, what the passages say that comes nearest to an answer
    """

    question: str
    text: str
    refused: bool
    claims: tuple[Claim, ...]
    sources: tuple[Source, ...]
    timings: Timings
    model: str
    embedder: str
    stopped: str | None = None
    understood: str = ""
    choice: int | None = None
    omitted: int = 0
    id: str = ""
    cost: Cost | None = None
    missing: tuple[str, ...] = ()
    note: str = ""
    nearest: tuple[Citation, ...] = ()

    @property
    def as_of(self) -> str | None:
        """The newest date of the articles that support the answer, as ISO 8601; None if unknown."""
        cited = (each for claim in self.claims if claim.supported for each in claim.citations)
        return (
            None if self.refused else max((each.date for each in cited if each.date), default=None)
        )


# Events, in the order in which `Engine.ask` yields them.


@dataclass(frozen=True, slots=True)
class Status:
    """What is being done now, so that nobody waits in silence. `fraction` is in [0, 1] or None."""

    text: str
    fraction: float | None = None


@dataclass(frozen=True, slots=True)
class Sources:
    """The passages found, before the model has said a word."""

    sources: tuple[Source, ...]
    retrieve_s: float


@dataclass(frozen=True, slots=True)
class Token:
    """The next piece of the answer's text, as it is generated."""

    text: str


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What was streamed so far, if anything, is no answer: it is begun anew."""


@dataclass(frozen=True, slots=True)
class Finished:
    """The checked answer: what was streamed is replaced by this.

    calls  what the model was asked on the way, and what it said
    """

    answer: Answer
    calls: tuple[Call, ...] = ()


Event = Status | Sources | Token | Withdrawn | Finished


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier question and its answer in the same conversation.

    Where the answer says what was `understood`, that is the better question to keep.
    """

    question: str
    answer: str


Form = Literal["full", "short"]
"""How an answer is worded: in sentences, or in a few words."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question and what is known about it.

    history  earlier turns, oldest first
    where    what to search in; None: everything
    form     how the answer is to be worded
    choices  answers to choose from: one of them is taken, and nothing is refused
    asked    the day of asking, which "last week" counts from; None: today
    """

    text: str
    history: tuple[Turn, ...] = field(default=())
    where: Filter | None = None
    form: Form = "full"
    choices: tuple[str, ...] = ()
    asked: dt.date | None = None
