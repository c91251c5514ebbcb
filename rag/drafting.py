"""Prompt lookup: how a text goes on, guessed from what followed the same words before. Pure.

(Saxena, "Prompt Lookup Decoding", 2023. Guesses are checked greedily, as in Leviathan et al.,
"Fast Inference from Transformers via Speculative Decoding", 2023: the text stays the same.)
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["Lookup", "pay", "widths"]

_NGRAM = 3

_DECAY = 0.9
_HITS, _TRIES = 1.5, 2.5
"""What the odds of a guess begin with: most answers copy."""

_ROWS = 4
"""llama.cpp's kernels for processors take this many tokens at once: where guesses pay, two to four
of them cost nearly the same. Measured with 1 to 20 tokens, relative to one: 4 take 1.8, 8 take 3.1,
16 take 4.4."""

_PAYS = 2.6
"""The time of reading four tokens, relative to one, from which on guesses cost more than they save:
about six in ten tokens of an answer are guessed, nine in ten of them rightly. It was 1.8, 2.3 and
3.5 on three machines; on the last answers took 1.2 times as long with guesses."""


class Lookup:
    """Where each run of tokens was last seen, to guess how the present one goes on."""

    def __init__(self, tokens: Sequence[int]) -> None:
        self._tokens: list[int] = []
        self._after: dict[tuple[int, ...], int] = {}
        self._hits, self._tries = _HITS, _TRIES
        self.extend(tokens)

    @property
    def odds(self) -> float:
        """The share of guesses that came true of late, in (0, 1)."""
        return self._hits / self._tries

    def extend(self, tokens: Sequence[int]) -> None:
        for token in tokens:
            self._tokens.append(token)
            end = len(self._tokens)
            for n in range(2, _NGRAM + 1):
                if end > n:
                    # The token just added follows the run of n before it.
                    self._after[tuple(self._tokens[end - 1 - n : end - 1])] = end - 1

    def draft(self, token: int, most: int) -> list[int]:
        """Up to `most` tokens that may follow `token`, itself not yet in the context."""
        if most < 1:
            return []
        for n in range(_NGRAM, 1, -1):
            at = self._after.get((*self._tokens[len(self._tokens) - n + 1 :], token))
            if at is not None:
                return self._tokens[at : at + most]
        return []

    def came(self, guessed: Sequence[int], tokens: Sequence[int]) -> None:
        """Learns from what came where `guessed` was guessed, whether that was tried or not."""
        for one, other in zip(guessed, tokens, strict=False):
            self._hits = self._hits * _DECAY + (one == other)
            self._tries = self._tries * _DECAY + 1
            if one != other:
                return


def pay(four: float) -> bool:
    """Whether guesses pay on a machine. four: the time of reading four tokens, relative to one"""
    return four < _PAYS


def widths(guesses: Sequence[tuple[int, float]]) -> list[int]:
    """How many guessed tokens of each text to read along with its next one, in one batch.

    guesses  for each text: how many were guessed, and the odds of each coming true

    The likeliest first, as many as bring the most tokens for the time.
    """
    worth = sorted(
        (
            (odds**place, -place, at)
            for at, (n, odds) in enumerate(guesses)
            for place in range(1, n + 1)
        ),
        reverse=True,
    )
    best, taken = len(guesses) / _cost(len(guesses)), 0
    expected = float(len(guesses))
    for n, (value, _, _) in enumerate(worth, start=1):
        expected += value
        if (rate := expected / _cost(len(guesses) + n)) > best:
            best, taken = rate, n
    chosen = [0] * len(guesses)
    for _, _, at in worth[:taken]:
        chosen[at] += 1
    return chosen


def _cost(rows: int) -> float:
    """The time of reading so many tokens at once, relative to one."""
    return 1.0 if rows == 1 else 0.75 + 1.0 * -(-rows // _ROWS)
