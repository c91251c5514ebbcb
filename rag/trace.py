"""What a model was asked and what it said for one question: prompts, judgements, tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rag.closing import closing
from rag.llm import LLM, Began, Check, Checked, Piece, Prompt, Step

__all__ = ["Call", "Recorder"]


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a model, as `rag.llm.LLM.generate` takes it, and what came of it.

    probabilities  of the checks, as far as they were made
    tokens         the numbers of the generated tokens, the end not among them
    text           what they say, before anything is done to it
    ended          the model came to an end by itself
    """

    prompt: Prompt
    max_tokens: int
    checks: tuple[Check, ...]
    never_first: tuple[str, ...]
    probabilities: tuple[float, ...]
    tokens: tuple[int, ...]
    text: str
    ended: bool


class Recorder:
    """A model whose calls are written down, for one question."""

    def __init__(self, llm: LLM, began: Callable[[int], None] = lambda _: None) -> None:
        """began: is told the tokens of each prompt"""
        self.name = llm.name
        self.context = llm.context
        self._llm = llm
        self._began = began
        self._calls: list[Call] = []

    @property
    def calls(self) -> tuple[Call, ...]:
        """Those that are over, in their order."""
        return tuple(self._calls)

    def generate(
        self,
        prompt: Prompt,
        *,
        max_tokens: int,
        checks: Sequence[Check] = (),
        never_first: Sequence[str] = (),
    ) -> Iterator[Step]:
        probabilities: list[float] = []
        tokens: list[int] = []
        text, ended = "", False
        made = self._llm.generate(
            prompt, max_tokens=max_tokens, checks=checks, never_first=never_first
        )
        try:
            with closing(made) as steps:
                for step in steps:
                    if isinstance(step, Began):
                        self._began(step.tokens)
                    elif isinstance(step, Checked):
                        probabilities.append(step.probability)
                    elif isinstance(step, Piece):
                        text += step.text
                        ended = step.ended
                        if step.token is not None:
                            tokens.append(step.token)
                    yield step
        finally:
            self._calls.append(
                Call(
                    prompt, max_tokens, tuple(checks), tuple(never_first), tuple(probabilities),
                    tuple(tokens), text, ended,
                )
            )  # fmt: skip

    def read(self, prompt: Prompt, *, idle: bool = False) -> Iterator[Step]:
        return self._llm.read(prompt, idle=idle)

    def has_read(self, prompt: Prompt) -> bool:
        return self._llm.has_read(prompt)

    def close(self) -> None:
        self._llm.close()
