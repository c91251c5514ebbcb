"""Several answers at once, over a model of a few lines that checks what it is made to read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import cast

import numpy as np
import pytest

from index.errors import ModelError
from rag.batching import Batcher, Event
from rag.llama import Llama, Logits, Row
from rag.llm import Began, Checked, End, Piece, Prefill, Waiting
from rag.slicing import sliced
from rag.writing import Order, Weighing

VOCABULARY = 50
STOP = 0


class TinyModel:
    """What follows depends on all that was read; runs of the prompt are often copied.

    read  the rows of each reading: (token, position, sequence, wanted)
    """

    def __init__(self, context: int = 400, pool: int = 1000) -> None:
        self.context, self.pool, self.batch = context, pool, 128
        self.read: list[Sequence[Row]] = []
        self.fails = False
        self._texts: dict[int, list[int]] = {}
        self._logits: list[Logits] = []

    def decode(self, rows: Sequence[Row]) -> None:
        if self.fails:
            raise ModelError("llama.cpp could not go on.")
        self.read.append(rows)
        self._logits = []
        for row in rows:
            text = self._texts.setdefault(row.sequence, [])
            assert row.position == len(text), "what is read goes on from what was read"
            text.append(row.token)
            self._logits.append(self._next(text))
        assert sum(map(len, self._texts.values())) <= self.pool

    def logits(self, at: int) -> Logits:
        return self._logits[at]

    def forget(self, sequence: int, kept: int) -> None:
        del self._texts.setdefault(sequence, [])[kept:]

    def saved(self, sequence: int) -> bytes:
        return json.dumps(self._texts[sequence]).encode()

    def restore(self, sequence: int, state: bytes) -> bool:
        assert not self._texts.get(sequence)
        self._texts[sequence] = json.loads(state)
        return True

    def piece(self, token: int) -> bytes:
        return b"%d " % token

    def is_end(self, token: int) -> bool:
        return token == STOP

    def left(self) -> int:
        return sum(map(len, self._texts.values()))

    @staticmethod
    def _next(text: list[int]) -> Logits:
        last = text[-1]
        before = [at for at in range(len(text) - 1) if text[at] == last]
        token = text[before[0] + 1] if before and sum(text) % 5 else sum(text) * 7 % VOCABULARY
        row = np.zeros(VOCABULARY, np.float32)
        row[token] = 1 + last / VOCABULARY
        return row


def batcher(model: TinyModel, seats: int = 3, draft: int = 4, kept: int = 1 << 20) -> Batcher:
    return Batcher(cast(Llama, model), seats=seats, draft=draft, kept_bytes=kept)


def prompt(seed: int, length: int = 90, opened: int = 70) -> Order:
    """An order whose prompts of one `opened` begin alike."""
    rng = np.random.default_rng(seed)
    head = [int(each) for each in np.random.default_rng(99).integers(1, VOCABULARY, opened)]
    tail = [int(each) for each in rng.integers(1, VOCABULARY, length - opened)]
    check = Weighing(tuple(sliced([(head, True), (tail, True), ([3], False)], 64)), (1, 2), (3,))
    return Order(
        tuple(sliced([(head, True), (tail, True), ([4], False)], 64)), (check,), 40, (STOP,)
    )


def run(batcher: Batcher) -> list[Event]:
    events = []
    while not batcher.idle:
        events += batcher.step()
    return events


def said(events: Sequence[Event], key: int) -> str:
    return "".join(each.text for k, each in events if k == key and isinstance(each, Piece))


def alone(order: Order, draft: int = 0) -> str:
    one = batcher(TinyModel(), draft=draft, kept=0)
    one.submit(1, order)
    return said(run(one), 1)


@pytest.mark.parametrize("draft", [1, 4, 9])
def test_guesses_change_nothing_that_is_said(draft: int) -> None:
    texts = [alone(prompt(seed), draft) for seed in range(20)]
    assert texts == [alone(prompt(seed)) for seed in range(20)]
    assert len({len(each) for each in texts}) > 1, "some end by themselves"


def test_guesses_save_readings() -> None:
    plain, guessing = TinyModel(), TinyModel()
    for model, draft in ((plain, 0), (guessing, 4)):
        each = batcher(model, draft=draft)
        for seed in range(5):
            each.submit(seed, prompt(seed))
            run(each)
    assert len(guessing.read) < len(plain.read)


def test_who_is_answered_together_gets_what_he_would_get_alone() -> None:
    model = TinyModel()
    several = batcher(model)
    for seed in range(7):
        several.submit(seed, prompt(seed, 80 + 5 * seed))
    events = run(several)
    for seed in range(7):
        mine = [each for key, each in events if key == seed]
        assert said(events, seed) == alone(prompt(seed, 80 + 5 * seed))
        assert mine.count(End()) == 1
        assert mine[-1] == End()
        kinds = [type(each) for each in mine if not isinstance(each, Waiting)]
        assert kinds[0] is Began
        assert kinds.index(Checked) < kinds.index(Piece)
    assert any(len({row.sequence for row in rows}) == 3 for rows in model.read)
    assert model.left() == 0


def test_those_who_wait_are_told_their_place_as_it_changes() -> None:
    several = batcher(TinyModel(), seats=1)
    for key in range(3):
        several.submit(key, prompt(key))
    events = run(several)
    assert [each for key, each in events if key == 1 and isinstance(each, Waiting)] == [Waiting(1)]
    assert [each for key, each in events if key == 2 and isinstance(each, Waiting)] == [
        Waiting(2), Waiting(1),
    ]  # fmt: skip
    order = [key for key, each in events if isinstance(each, Began)]
    assert order == [0, 1, 2]


def test_no_more_is_taken_on_than_the_pool_holds() -> None:
    model = TinyModel(pool=300)  # which fails where more is read
    several = batcher(model)
    for key in range(3):
        several.submit(key, prompt(key, 100))
    assert [type(each) for key, each in several.step() if key == 2] == [Waiting]
    assert [said(run(several), 2)] == [alone(prompt(2, 100))]


def test_what_does_not_fit_the_context_is_told_at_once() -> None:
    several = batcher(TinyModel(context=100))
    several.submit(1, prompt(1))
    ((key, end),) = several.step()
    assert key == 1
    assert isinstance(end, End)
    assert "91 tokens and an answer of 40 do not fit" in end.error
    assert several.idle


def test_a_long_prompt_is_read_between_others_tokens() -> None:
    model = TinyModel(context=1000, pool=2000)
    several = batcher(model)
    several.submit(1, prompt(5))
    events: list[Event] = []
    while not any(isinstance(each, Piece) for _, each in events):
        events += several.step()
    several.submit(2, prompt(6, 600))
    run(several)
    readers = [rows[0].sequence for rows in model.read]
    first, last = readers.index(2), len(readers) - 1 - readers[::-1].index(2)
    between = readers[first:last]
    assert between.count(1) >= 4, "the first goes on while the second is read"


def test_a_cancelled_order_is_heard_of_no_more_and_its_reading_is_kept() -> None:
    model = TinyModel()
    several = batcher(model)
    several.submit(1, prompt(1, 300))
    several.submit(2, prompt(2))
    for _ in range(4):
        several.step()
    several.cancel(1)
    assert all(key == 2 for key, _ in run(several))
    assert model.left() == 0
    several.submit(3, prompt(1, 300))
    read = [each for _, each in run(several) if isinstance(each, Prefill)]
    assert read[0].done > 70


def test_who_waits_can_be_cancelled() -> None:
    several = batcher(TinyModel(), seats=1)
    for key in (1, 2, 3):
        several.submit(key, prompt(key))
    several.step()
    several.cancel(2)
    events = run(several)
    assert {key for key, _ in events} == {1, 3}


def test_prompts_that_begin_alike_are_read_once() -> None:
    model = TinyModel()
    one = batcher(model)
    one.submit(1, prompt(1))
    first = [each for _, each in run(one) if isinstance(each, Prefill)]
    one.submit(2, prompt(2))
    events = run(one)
    second = [each for _, each in events if isinstance(each, Prefill)]
    assert first[0].done == 70
    assert second[0].done == 90
    assert said(events, 2) == alone(prompt(2))


def test_little_memory_keeps_what_was_used_last() -> None:
    size = len(json.dumps(list(range(10, 110))))
    one = batcher(TinyModel(), kept=2 * size)
    for key, seed in enumerate((1, 2, 3)):
        one.submit(key, prompt(seed, 99, 0))
        run(one)
    again = {}
    for seed in (3, 1):
        one.submit(9, prompt(seed, 99, 0))
        again[seed] = [each.done for _, each in run(one) if isinstance(each, Prefill)]
    assert again[3][0] == 100
    assert again[1][0] == 64


def test_reading_ahead_ends_when_somebody_asks_and_is_of_use_later() -> None:
    model = TinyModel()
    one = batcher(model)
    order = prompt(1, 300)
    ahead = Order(order.checks[0].slices)
    one.read(1, ahead)
    assert [type(each) for _, each in one.step()] == [Prefill]
    one.read(2, prompt(7))
    one.submit(3, prompt(2))
    events = run(one)
    assert [each for key, each in events if key in (1, 2)] == [End(), End()]
    assert said(events, 3) == alone(prompt(2))
    one.submit(4, order)
    done = [each.done for _, each in run(one) if isinstance(each, Prefill)]
    assert done[0] > 70


def test_a_question_that_was_read_ahead_is_judged_at_once() -> None:
    model = TinyModel()
    one = batcher(model)
    order = prompt(1)
    one.read(1, Order(order.checks[0].slices))
    assert run(one)[-1] == (1, End())
    before = len(model.read)
    one.submit(2, order)
    events = one.step()
    assert any(isinstance(each, Checked) for _, each in events)
    assert len(model.read) == before + 1, "its end alone was read"
    assert said([*events, *run(one)], 2) == alone(order)


def test_nothing_is_read_ahead_while_somebody_is_answered() -> None:
    one = batcher(TinyModel())
    one.submit(1, prompt(1))
    one.step()
    one.read(2, prompt(2))
    assert [each for key, each in run(one) if key == 2] == [End()]


def test_where_reading_fails_all_who_are_served_are_told_and_the_next_is_answered() -> None:
    model = TinyModel()
    several = batcher(model)
    for key in (1, 2):
        several.submit(key, prompt(key))
    several.step()
    model.fails = True
    events = run(several)
    assert [each for _, each in events if isinstance(each, End)] == [
        End("llama.cpp could not go on.")
    ] * 2
    assert model.left() == 0
    model.fails = False
    several.submit(3, prompt(3))
    assert said(run(several), 3) == alone(prompt(3))


def test_what_can_wait_ends_where_anything_else_is_to_be_read() -> None:
    one = batcher(TinyModel())
    order = Order(prompt(1, 300).checks[0].slices)
    one.read(1, order, idle=True)
    one.step()
    one.read(2, Order(prompt(7).checks[0].slices))
    events = run(one)
    assert [each for key, each in events if key == 1] == [End()]
    assert [type(each) for key, each in events if key == 2][-2:] == [Prefill, End]
    one.read(3, order)
    one.step()
    one.read(4, order, idle=True)
    assert [each for key, each in run(one) if key == 4] == [End()]
