"""Prompt lookup: how a text goes on, guessed from what followed the same words before. Pure."""

from __future__ import annotations

from collections.abc import Sequence

_NGRAM = 3


class Lookup:
    """Where each run of tokens was last seen, to guess how the present one goes on."""

    def __init__(self, tokens: Sequence[int]) -> None:
        self._tokens: list[int] = []
        self._after: dict[tuple[int, ...], int] = {}
        self.extend(tokens)

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
