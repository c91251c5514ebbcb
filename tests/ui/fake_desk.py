"""A desk with a script: no library, no model, and every kind of answer on request.

The question chooses the script (see `FakeDesk.ask`); any other question gets a cited answer.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace

from index.errors import ModelMissingError, NotFoundError, QuestionError
from index.types import Chunk, Entry, Filter, Hit
from rag.types import (
    Answer,
    Citation,
    Claim,
    Event,
    Finished,
    Question,
    Source,
    Sources,
    Status,
    Timings,
    Token,
    Turn,
    Withdrawn,
)

MODEL = "fake-1b"
EMBEDDER = "fake-embedder"
RECEIPT = "k7m2q9xd4p"
REFUSAL = "The articles don't say."
_STUCK_AT = 3
"""The word of an answer behind which one that is "stuck" rests."""

NO_MODEL = "fake-1b is not installed. Fetch it with `refdesk models pull fake-1b`."
SECRET = "the fault's own words"

FIRST_WORDS = "Nobody has said so. "
"""Streamed and withdrawn where a question has the word "anew"."""

TIDES = """\
The harbour at Varn has two tides a day. The spring tide of March 2024 rose 4.2 metres, the \
highest since records began in 1931. Harbour master Ines Holt closed the lower quay for six hours.

Boats were moved to the upper basin during the night, and nobody was hurt.
"""
QUAY = """\
Repairs to the lower quay will cost 3 million crowns. Holt said the work begins in May. The quay \
will be raised by half a metre so that a tide like that of March cannot flood it again.
"""
MARKET = """\
The fish market reopened on Saturday. Traders sold herring from the upper basin while the lower \
quay was closed, and many asked to stay there.
"""
_EVIL = "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 2'>"
_TEXTS = {
    1: TIDES,
    2: QUAY,
    3: MARKET,
    4: f"{_EVIL} The tide [9] rose. ![](http://evil.test/p.png)",
}
_ENTRIES = [
    Entry(1, "/articles/tides.md", "0" * 64, "Highest tide at Varn since 1931", "A. Reed",
          "2024-03-12", "Varn Gazette", "2024-04-01T10:00:00Z", len(TIDES), 1,
          origins=("/articles/tides.md", "/backup/tides.md"), collections=("Harbour news",),
          tags=("sea",), also_in=("/wire/highest <tide>.html", "/wire/2.txt", "/wire/3.txt")),
    Entry(2, "/articles/quay repairs.pdf", "1" * 64, "The lower quay is to be raised", None,
          "2024-04", None, "2024-04-01T10:00:00Z", len(QUAY), 1,
          collections=("Works",), tags=("sea", "stone")),
    Entry(3, "/articles/market.html", "2" * 64, "Fish market open again", None,
          None, "Harbour Weekly", "2024-04-01T10:00:00Z", len(MARKET), 1),
]  # fmt: skip


def source(number: int, document: int, start: int = 0, end: int | None = None) -> Source:
    """A passage of one of the fake's documents."""
    text = _TEXTS[document]
    end = len(text) if end is None else end
    if document == 4:
        return Source(number, "/articles/evil.md", 4, f"Evil {_EVIL}", None, None, start, end,
                      text[start:end], 0.1)  # fmt: skip
    entry = _ENTRIES[document - 1]
    page = 2 if document == 2 else None
    return Source(number, entry.path, document, entry.title, entry.date, page, start, end,
                  text[start:end], 1 / number, also_in=entry.elsewhere)  # fmt: skip


def citation(of: Source, quote: str) -> Citation:
    """The citation of `quote` in a passage that holds it."""
    start = of.start + of.text.index(quote)
    return Citation(of.number, of.document, of.document_id, of.title, of.date, of.page, start,
                    start + len(quote), quote)  # fmt: skip


def cited_answer(question: str) -> Answer:
    """Two supported claims with citations of passages 1 and 2, and one that is not supported."""
    sources = (source(1, 1), source(2, 2), source(3, 3))
    rose = "The spring tide of March 2024 rose 4.2 metres, the highest since records began in 1931."
    begins = "Holt said the work begins in May."
    costs = "Repairs to the lower quay will cost 3 million crowns."
    claims = (
        Claim("The tide of March 2024 rose 4.2 metres, the highest since 1931.", True, 0.93,
              (citation(sources[0], rose),)),
        Claim("Raising the lower quay costs 3 million crowns and begins in May.", True, 0.81,
              (citation(sources[1], costs), citation(sources[1], begins))),
        Claim("The mayor paid for it himself.", False, 0.12, (citation(sources[2], "The fish"),)),
    )  # fmt: skip
    text = f"{claims[0].text} [1] {claims[1].text} [2] {claims[2].text}"
    return Answer(question, text, False, claims, sources,
                  Timings(0.06, 3.1, 6.2, 512, 42), MODEL, EMBEDDER)  # fmt: skip


def refused_answer(question: str) -> Answer:
    sources = (source(1, 3), source(2, 2))
    nearest = (citation(sources[1], "Repairs to the lower quay will cost 3 million crowns."),)
    return Answer(question, REFUSAL, True, (), sources, Timings(0.06, 0.0, 1.4, 500, 0), MODEL,
                  EMBEDDER, nearest=nearest)  # fmt: skip


def empty_answer(question: str) -> Answer:
    """What is said where no article is within the limits."""
    return replace(refused_answer(question), sources=(), nearest=())


def hostile_answer(question: str) -> Answer:
    """An answer and a passage that try to get markup, links and images into the page."""
    sources = (source(1, 1), source(2, 4))
    text = (
        f"{_EVIL} ![x](http://evil.test/a.png) [click](http://evil.test/) <a href='http://evil.test'>"
        "y</a> [1] [9] javascript:alert(1) ${value} {{value}} \u202eright to left\u202c"
    )
    return Answer(question, text, False, (Claim(text[:20], True, 0.9),), sources,
                  Timings(0.01, 0.1, 0.2, 10, 10), MODEL, EMBEDDER)  # fmt: skip


class FakeDesk:
    """pace_s: how long each step takes.

    asked   the questions, in order
    forms   how each answer was to be worded
    limits  what each was limited to
    turns   the earlier turns that each came with
    prepared, preparing  questions that were being typed, and how many are worked on
    open    how many iterators have been opened and not yet closed
    """

    def __init__(self, pace_s: float = 0.0) -> None:
        self.pace_s = pace_s
        self.asked: list[str] = []
        self.forms: list[str] = []
        self.limits: list[Filter | None] = []
        self.turns: list[tuple[Turn, ...]] = []
        self.prepared: list[Question] = []
        self.preparing = 0
        self.open = 0
        self._lock = threading.Lock()

    def entries(self) -> list[Entry]:
        return list(_ENTRIES)

    def examples(self) -> list[str]:
        return [
            "How high did the tide rise?",
            "What will the repairs cost?",
            "When does the work begin?",
            "Who owns the fish market? (refuse)",
        ]

    def model_name(self) -> str:
        return MODEL

    def receipt(self, key: str) -> bytes:
        if key != RECEIPT:
            raise NotFoundError(f"There is no receipt {key!r}.")
        return b'{"id": "%s"}' % key.encode()

    def search(self, question: str, k: int, where: Filter | None = None) -> list[Hit]:
        """Passages of the documents that `where` names, else of all."""
        self.limits.append(where)
        names = where.documents if where else ()
        if "missing.md" in names:
            raise NotFoundError("No document 'missing.md' in the library.")
        found = [each for each in _ENTRIES if not names or each.path in names]
        return [
            Hit(entry.id, entry, Chunk(0, 0, 20, _TEXTS[entry.id][:20], entry.title), 1 / n, 0.5)
            for n, entry in enumerate(found[:k], start=1)
        ]

    def prepare(self, question: Question) -> Iterator[Event]:
        """Works for some seconds, or until it is stopped."""
        self.prepared.append(question)
        if "no model" in question.text:
            raise ModelMissingError(NO_MODEL)
        with self._lock:
            self.preparing += 1
        try:
            for _ in range(400):
                yield Status("Reading the passages")
                time.sleep(0.01)
        finally:
            with self._lock:
                self.preparing -= 1

    def ask(self, question: Question | str) -> Iterator[Event]:
        if isinstance(question, Question):
            self.limits.append(question.where)
            self.forms.append(question.form)
            self.turns.append(question.history)
            question = question.text
        with self._lock:
            self.asked.append(question)
            self.open += 1
        try:
            yield from self._script(question)
        finally:
            with self._lock:
                self.open -= 1

    def _script(self, question: str) -> Iterator[Event]:
        if not question.strip():
            raise QuestionError("The question is empty. Type what you want to know.")
        if len(question) > 2000:
            raise QuestionError(
                f"The question has {len(question):,} characters; the limit is 2,000 "
                "(`answer.question_characters`). Shorten it."
            )
        yield Status("Searching the articles")
        answer = self._answer(question)
        self._wait()
        yield Sources(answer.sources, 0.06)
        if "no model" in question:
            raise ModelMissingError(NO_MODEL)
        if "crash" in question:
            raise RuntimeError(SECRET)
        yield Status("Waiting for the language model")
        for done in range(6):
            yield Status("Reading the passages", done / 5)
            # Longer than the page's frames are apart.
            self._wait(4)
        if "stuck" in question:
            time.sleep(2)
        if "endless" in question:
            for n in range(10_000):
                yield Token(f"word{n} ")
                time.sleep(0.01)
        if not answer.refused:
            yield from self._said(question, answer.text)
        yield Status("Checking the citations")
        self._wait()
        yield Finished(answer)

    def _said(self, question: str, text: str) -> Iterator[Event]:
        if "anew" in question:
            yield Token(FIRST_WORDS)
            self._wait(4)
            yield Withdrawn()
        for at, word in enumerate(text.split(" ")):
            yield Token(word + " ")
            self._wait()
            if "stuck" in question and at == _STUCK_AT:
                time.sleep(2)  # so that a page on a busy machine is seen with half an answer

    def _answer(self, question: str) -> Answer:
        if " he " in question:
            understood = question.replace(" he ", " Holt ")
            return replace(cited_answer(question), understood=understood)
        if "nowhere" in question:
            return empty_answer(question)
        if "refuse" in question:
            return refused_answer(question)
        if "hostile" in question:
            return hostile_answer(question)
        return cited_answer(question)

    def _wait(self, steps: int = 1) -> None:
        time.sleep(steps * self.pace_s)
