"""Several answers at once from one model: who is served when, and what is read together.

Texts that are being written are read together, one token of each with what is guessed to follow:
reading goes through all of the model's weights, whether for one token or for four. Prompts are read
in slices, in order of arrival, and between two slices everybody who is written to gets on, so that
a long prompt holds up nobody. (Continuous batching: Yu et al., "Orca", 2022.)
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from index.errors import ModelError
from rag.drafting import widths
from rag.kept import Kept, Read
from rag.llama import Llama, Logits, Row
from rag.llm import Began, End, Step, Waiting
from rag.placing import Placer, Reading
from rag.shelf import Shelf
from rag.writing import Coroutine, Guess, Order, Text, Wanted, written

__all__ = ["Batcher", "Event"]

_STREAK = 2
"""Tokens for those who are written to, between two slices of somebody's prompt."""


Event = tuple[int, Step | End]
"""For the order of that key."""


@dataclass(slots=True)
class _Seat:
    """An order that is being carried out, as the sequence `number`. idle: it can wait"""

    key: int
    number: int
    idle: bool
    order: Order
    text: Text
    coroutine: Coroutine
    wanted: Wanted | None = None


class Batcher:
    """Carries out orders. Used by one thread, which calls `step` until it is idle."""

    def __init__(
        self, model: Llama, *, seats: int, draft: int, kept_bytes: int, shelf: Shelf | None = None
    ) -> None:
        """
        seats       orders carried out at once, and one more that reads ahead; the model has the
                    `sequences` for these
        draft       tokens guessed at once, at most
        kept_bytes  memory for what was read of earlier prompts
        shelf       where passages lie that were read by themselves; None: nowhere
        """
        self._model = model
        self._placer = Placer(model, shelf, seats + 1)
        self._draft = draft
        self._kept = Kept(kept_bytes)
        self._free = list(range(seats, 0, -1))
        self._seats: list[_Seat] = []
        self._waiting: deque[tuple[int, Order]] = deque()
        self._places: dict[int, int] = {}
        self._ahead: deque[tuple[int, Order, bool]] = deque()
        self._reader: _Seat | None = None
        self._streak = 0
        self._events: list[Event] = []

    @staticmethod
    def sequences(seats: int) -> int:
        """How many a model needs."""
        return Placer.sequences(seats + 1)

    @property
    def idle(self) -> bool:
        """Whether there is nothing to do and nothing to tell."""
        return not (self._seats or self._waiting or self._ahead or self._reader or self._events)

    def submit(self, key: int, order: Order) -> None:
        """Takes an order. What comes of it is given by `step`, the last of it an `End`."""
        if order.room > self._model.context:
            self._end(
                key,
                f"A prompt of {order.tokens} tokens and an answer of {order.max_tokens} do not fit "
                f"the model's context of {self._model.context}. Raise `model.context` or lower "
                "`answer.passage_tokens`.",
            )
            return
        self._waiting.append((key, order))
        for ahead, _, _ in self._ahead:
            self._end(ahead)
        self._ahead.clear()
        if self._reader:
            self._break_off(self._reader)

    def read(self, key: int, order: Order, *, idle: bool = False) -> None:
        """Takes an order to read a prompt if nobody asks; it ends when somebody does.

        idle  it ends when anything else is to be read
        """
        asked = self._seats or self._waiting
        if order.room > self._model.context or asked or (idle and (self._ahead or self._reader)):
            self._end(key)
            return
        if self._reader and self._reader.idle:
            self._break_off(self._reader)
        self._ahead.append((key, order, idle))

    def cancel(self, key: int) -> None:
        """Drops an order; nothing more is told of it."""
        self._waiting = deque(each for each in self._waiting if each[0] != key)
        self._ahead = deque(each for each in self._ahead if each[0] != key)
        for seat in [*self._seats, *([self._reader] if self._reader else [])]:
            if seat.key == key:
                self._leave(seat)
        self._events = [each for each in self._events if each[0] != key]

    def step(self) -> list[Event]:
        """Reads once, for one or several orders. Returns what came of it."""
        self._admit()
        reading = [each for each in self._seats if isinstance(each.wanted, Reading)]
        writing = [each for each in self._seats if isinstance(each.wanted, Guess)]
        try:
            if reading and (not writing or self._streak >= _STREAK):
                self._streak = 0
                self._read(reading[0])
            elif writing:
                self._streak += 1
                self._write(writing)
            elif self._reader:
                self._read(self._reader)
        except ModelError as exc:
            self._fail(str(exc))
        told, self._events = self._events, []
        return told

    def _admit(self) -> None:
        """Seats whoever waits, in their order, and tells the others how many are before them."""
        while self._waiting and self._free and self._fits(self._waiting[0][1]):
            key, order = self._waiting.popleft()
            seat = self._seated(key, order, self._free.pop(), idle=False)
            self._seats.append(seat)
            self._events.append((key, Began(order.tokens)))
            self._go_on(seat)
        places = {key: place for place, (key, _) in enumerate(self._waiting, start=1)}
        self._events += [
            (key, Waiting(place)) for key, place in places.items() if self._places.get(key) != place
        ]
        self._places = places
        if self._ahead and not self._reader:
            key, order, idle = self._ahead.popleft()
            self._reader = self._seated(key, order, 0, idle=idle)
            self._go_on(self._reader)

    def _fits(self, order: Order) -> bool:
        return sum(each.order.room for each in self._seats) + order.room <= self._model.pool

    def _seated(self, key: int, order: Order, number: int, *, idle: bool) -> _Seat:
        """Begins an order, from what was read before of a prompt like its first."""
        first = order.checks[0].slices if order.checks else order.slices
        text = Text()
        _, held = self._kept.like(first)
        if held and self._model.restore(number, held.state):
            tokens = [token for each in held.slices for token in each]
            text = Text(tokens, list(held.slices), held.logits)
        elif held:
            self._model.forget(number, 0)
        place = self._placer.place(number)
        coroutine = written(order, text, place, self._model, self._placer, self._draft)
        return _Seat(key, number, idle, order, text, coroutine)

    def _read(self, seat: _Seat) -> None:
        wanted = seat.wanted
        assert isinstance(wanted, Reading)
        last = len(wanted.tokens) - 1
        self._model.decode(
            [
                Row(token, wanted.at + at, wanted.sequence, wanted.last and at == last)
                for at, token in enumerate(wanted.tokens)
            ]
        )
        self._go_on(seat, [self._model.logits(last)] if wanted.last else [])

    def _write(self, seats: Sequence[_Seat]) -> None:
        most = self._model.batch // len(seats) - 1
        guesses = [
            (seat, wanted.token, wanted.guessed[:most], wanted.odds)
            for seat in seats
            if isinstance(wanted := seat.wanted, Guess)
        ]
        tried = widths([(len(guessed), odds) for _, _, guessed, odds in guesses])
        rows: list[Row] = []
        begins = []
        for (seat, token, guessed, _), n in zip(guesses, tried, strict=True):
            begins.append(len(rows))
            base = len(seat.text.tokens)
            rows += [
                Row(each, base + at, seat.number, True)
                for at, each in enumerate([token, *guessed[:n]])
            ]
        self._model.decode(rows)
        for seat, begin, n in zip(seats, begins, tried, strict=True):
            self._go_on(seat, [self._model.logits(begin + at) for at in range(n + 1)])

    def _go_on(self, seat: _Seat, rows: Sequence[Logits] | None = None) -> None:
        """Runs an order until it wants something read, or ends."""
        try:
            # A coroutine that has not begun takes no logits.
            said = next(seat.coroutine) if rows is None else seat.coroutine.send(rows)
            while not isinstance(said, Reading | Guess):
                self._events.append((seat.key, said))
                said = next(seat.coroutine)
        except StopIteration:
            self._end(seat.key)
            self._leave(seat)
        else:
            seat.wanted = said

    def _break_off(self, reader: _Seat) -> None:
        self._end(reader.key)
        self._leave(reader)

    def _leave(self, seat: _Seat) -> None:
        """Frees a seat, and keeps what was read of its prompt."""
        seat.coroutine.close()
        text = seat.text
        self._model.forget(seat.number, text.cut(len(text.slices)))
        shared, held = self._kept.like(text.slices)
        known = shared == len(text.slices) and (
            text.logits is None or (held is not None and held.logits is not None)
        )
        if not known:
            state = self._model.saved(seat.number)
            self._kept.keep(Read(tuple(text.slices), state, text.logits))
        self._vacate(seat)

    def _vacate(self, seat: _Seat) -> None:
        self._model.forget(seat.number, 0)
        if seat is self._reader:
            self._reader = None
        else:
            self._seats.remove(seat)
            self._free.append(seat.number)

    def _fail(self, error: str) -> None:
        """llama.cpp gave up on what it was to read: of whose it was cannot be told."""
        for seat in [*self._seats, *([self._reader] if self._reader else [])]:
            seat.coroutine.close()
            self._end(seat.key, error)
            self._vacate(seat)

    def _end(self, key: int, error: str = "") -> None:
        self._events.append((key, End(error)))
