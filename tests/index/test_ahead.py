"""Batches are embedded in the background, in order, and never more than three are held."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import pytest

from index.ahead import MOST, batches
from index.embed import Vectors

WAIT = 120


@dataclass(frozen=True)
class Text:
    """An item of one text or more, each its own digest."""

    texts: Mapping[bytes, str]
    weight: int = 1


def text(*names: str) -> Text:
    return Text({name.encode(): name for name in names}, len(names))


def vector(name: str) -> Vectors:
    return np.array([len(name), sum(name.encode())], np.float32)


class Gate:
    """An embedder of which each call waits until it is let through."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.open = threading.Semaphore(0)
        self.calls: list[list[str]] = []

    def __call__(self, texts: Sequence[str]) -> Vectors:
        self.calls.append(list(texts))
        self.begun.release()
        assert self.open.acquire(timeout=WAIT)
        return np.stack([vector(each) for each in texts])


def free(texts: Sequence[str]) -> Vectors:
    return np.stack([vector(each) for each in texts])


def test_all_items_come_in_order_with_their_vectors() -> None:
    items = [text(f"{n}a", f"{n}b" * n) if n % 3 else text() for n in range(1, 2000)]
    seen: list[Text] = []
    for some, fresh in batches(items, free):
        seen += some
        for each in some:
            for key, name in each.texts.items():
                assert (fresh[key] == vector(name)).all()
    assert seen == items


def test_the_first_is_alone_and_others_are_collected_while_it_is_embedded() -> None:
    gate = Gate()
    read: list[str] = []

    def items() -> Iterator[Text]:
        for n in range(MOST + 40):
            read.append(str(n))
            if n == 1:
                assert gate.begun.acquire(timeout=WAIT)
            if n == MOST:
                gate.open.release(10)
            yield text(f"n{n:03}")

    made = list(batches(items(), gate))
    assert len(gate.calls[0]) == 1
    assert len(gate.calls[1]) == MOST
    assert [len(some) for some, _ in made][:2] == [1, MOST]


def test_no_more_than_three_batches_are_held() -> None:
    gate = Gate()
    gate.open.release(1)
    read: list[int] = []

    def items() -> Iterator[Text]:
        for n in range(5000):
            read.append(n)
            yield text(f"n{n}")

    with closing(batches(items(), gate)) as made:
        next(made)
        # One is being embedded, one waits for it, and the caller has one.
        assert len(read) <= 2 * MOST + 2
        gate.open.release(100)
    assert len(gate.calls) <= 3


def test_texts_of_like_length_go_together_and_each_once() -> None:
    calls: list[list[str]] = []

    def embed(texts: Sequence[str]) -> Vectors:
        calls.append(list(texts))
        return free(texts)

    many = text(*("x" * (n * 7 % 400 + 1) + str(n) for n in range(3 * MOST)))
    ((some, fresh),) = batches([many], embed)
    assert some == [many]
    assert len(fresh) == 3 * MOST
    assert [len(call) for call in calls] == [MOST] * 3
    lengths = [len(each) for call in calls for each in call]
    assert lengths == sorted(lengths, reverse=True)
    calls.clear()
    assert [len(fresh) for _, fresh in batches([text("a"), text("a", "b"), text("b")], embed)]
    assert sorted(each for call in calls for each in call) == ["a", "b"]


def test_what_needs_no_embedding_is_stored_together() -> None:
    made = [some for some, _ in batches([text() for _ in range(4 * MOST)], free)]
    assert sum(map(len, made)) == 4 * MOST
    assert len(made) < MOST


def test_what_is_wrong_with_one_does_not_keep_those_before_it_back() -> None:
    def embed(texts: Sequence[str]) -> Vectors:
        if "bad" in texts:
            raise ValueError("bad")
        return free(texts)

    made = batches([text("good"), text("bad"), text("more")], embed)
    assert next(made)[0] == [text("good")]
    with pytest.raises(ValueError, match="bad"):
        next(made)

    def items() -> Iterator[Text]:
        yield text("one")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(batches(items(), free))
    assert not [each for each in threading.enumerate() if each.name.startswith("embed")]


def test_closed_early_it_waits_for_one_call_only() -> None:
    gate = Gate()
    gate.open.release(4)
    large = (text(*(f"{n}-{m}" for m in range(4 * MOST))) for n in range(9))
    about_to_close = threading.Event()

    def let_through() -> None:
        assert about_to_close.wait(WAIT)
        time.sleep(0.3)
        gate.open.release(100)

    with closing(batches(large, gate)) as made:
        opener = threading.Thread(target=let_through)
        opener.start()
        some, fresh = next(made)
        assert len(fresh) == len(some[0].texts)
        about_to_close.set()
    opener.join()
    assert len(gate.calls) <= 5
    assert not [each for each in threading.enumerate() if each.name.startswith("embed")]
