"""What was read of earlier prompts, kept in memory for those that begin alike."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from rag.llama import Logits
from rag.slicing import Slice, common

__all__ = ["Kept", "Read"]


@dataclass(frozen=True, slots=True)
class Read:
    """A prompt that was read.

    state   its keys and values
    logits  what follows it; None: not known
    """

    slices: tuple[Slice, ...]
    state: bytes
    logits: Logits | None

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.state) + (self.logits.nbytes if self.logits is not None else 0)


class Kept:
    """The prompts that were used last, as many as the memory given holds."""

    def __init__(self, most: int) -> None:
        """most: bytes"""
        self._most = most
        self._held: OrderedDict[tuple[Slice, ...], Read] = OrderedDict()
        self._size = 0

    def like(self, slices: Sequence[Slice]) -> tuple[int, Read | None]:
        """The one that begins most like a prompt, and how many slices they share."""
        best: tuple[int, Read | None] = 0, None
        for held in self._held.values():
            if (shared := common(held.slices, slices)) > best[0]:
                best = shared, held
        if best[1] is not None:
            self._held.move_to_end(best[1].slices)
        return best

    def keep(self, read: Read) -> None:
        """Holds a prompt, in the place of those that it goes on from."""
        if read.size > self._most:
            return
        for slices in list(self._held):
            if common(slices, read.slices) == len(slices):
                self._drop(slices)
        self._held[read.slices] = read
        self._size += read.size
        while self._size > self._most:
            self._drop(next(iter(self._held)))

    def _drop(self, slices: tuple[Slice, ...]) -> None:
        self._size -= self._held.pop(slices).size
