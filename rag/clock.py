"""The time and the tokens that an answer takes."""

from __future__ import annotations

import time

from rag.types import Timings


class Clock:
    """Seconds since the question came, and tokens: the answer's Timings."""

    def __init__(self) -> None:
        self._start = time.perf_counter()
        self._retrieved = 0.0
        self._first = 0.0
        self._tokens = 0
        self._prompt_tokens = 0

    def retrieved(self) -> float:
        self._retrieved = time.perf_counter() - self._start
        return self._retrieved

    def began(self, prompt_tokens: int) -> None:
        """A prompt is being read. The longest is told: others are parts of it, or short."""
        self._prompt_tokens = max(self._prompt_tokens, prompt_tokens)

    def spoke(self, tokens: int) -> None:
        if not self._first:
            self._first = time.perf_counter() - self._start
        self._tokens = tokens

    def withdrew(self) -> None:
        """What was said is no answer: the first word is yet to come."""
        self._first = 0.0

    def timings(self) -> Timings:
        return Timings(
            retrieve_s=round(self._retrieved, 3),
            first_token_s=round(self._first, 3),
            total_s=round(time.perf_counter() - self._start, 3),
            prompt_tokens=self._prompt_tokens,
            answer_tokens=self._tokens,
        )
