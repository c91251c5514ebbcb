"""Passages that were read by themselves, put into a text: as files hold them, or read now.

The keys of what was read stand for the places that it was read at. llama.cpp turns them to other
places (RoPE is a rotation, Su et al., "RoFormer", 2021), which costs about as much as copying. What
a passage of the prompt is then made of is what the model knew when it read that passage behind the
instructions alone; the question is read behind all of them, as ever. (Prompt Cache, Gim et al.,
2023; what that does to the answers was measured: docs/performance.md.)
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

from rag.llama import Llama, Logits
from rag.shelf import Shelf
from rag.slicing import Placed, cut

__all__ = ["Place", "Placer", "Reading"]

_AT_ONCE = 32
"""Tokens of a passage that are read at once. Few, so that whoever asks meanwhile waits little; the
same at all times, since the numbers depend on it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """To be read, alone.

    last      of the last token the logits are wanted
    at        the place of the first token
    sequence  what it is read into
    """

    tokens: tuple[int, ...]
    last: bool
    at: int
    sequence: int


@dataclass(frozen=True, slots=True)
class Place:
    """The sequences of one text: its own, and one in which passages are read."""

    own: int
    aside: int


class Placer:
    """Puts passages into texts. Used by one thread."""

    def __init__(self, model: Llama, shelf: Shelf | None, seats: int) -> None:
        """seats: texts; the model has `sequences(seats)`. shelf: None: nothing is kept"""
        self._model = model
        self._shelf = shelf
        self._seats = seats

    @staticmethod
    def sequences(seats: int) -> int:
        """Each text's own, one beside each, and one through which ranges are moved."""
        return 2 * seats + 1

    def place(self, number: int) -> Place:
        """The sequences of text `number`, from 0."""
        return Place(number, self._seats + number)

    def placed(
        self, each: Placed, at: int, place: Place
    ) -> Generator[Reading, Sequence[Logits], None]:
        """Puts what a prompt has of a passage at `at` and after, in the text `place`.

        Reads the passage first if no file has it, and keeps it.
        """
        model = self._model
        try:
            if not self._taken(each, place):
                yield from self._read(each, place)
            self._moved(each, at, place)
        finally:
            model.forget(place.aside, 0)

    def _taken(self, each: Placed, place: Place) -> bool:
        state = self._shelf.take(each.shelf, each.key) if self._shelf else None
        if state is None:
            return False
        if self._model.restore(place.aside, state):
            return True
        self._model.forget(place.aside, 0)
        return False

    def _read(self, each: Placed, place: Place) -> Generator[Reading, Sequence[Logits], None]:
        model = self._model
        model.copy(place.own, place.aside, 0, each.behind)
        done = each.behind
        for tokens in cut(each.whole, min(_AT_ONCE, model.slice)):
            yield Reading(tokens, False, done, place.aside)
            done += len(tokens)
        model.remove(place.aside, 0, each.behind)
        if self._shelf:
            self._shelf.put(each.shelf, each.key, model.saved(place.aside))

    def _moved(self, each: Placed, at: int, place: Place) -> None:
        """Each range by itself, through a sequence that is empty: two that are moved in one could
        meet at one place.
        """
        model, through = self._model, 2 * self._seats
        for begin, end in each.ranges:
            first, last = each.behind + begin, each.behind + end
            model.copy(place.aside, through, first, last)
            # What two sequences share would be moved in both.
            model.remove(place.aside, first, last)
            model.shift(through, first, last, at - first)
            model.copy(through, place.own, at, at + end - begin)
            model.forget(through, 0)
            at += end - begin
