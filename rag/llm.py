"""What Refdesk asks of a language model: go on with a prompt greedily, and judge yes or no.

A prompt is a sequence of parts. Only `template` parts may hold the family's control tokens
(`<|im_start|>` and the like); articles and questions are content, in which such text stays text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage that is read by itself, behind what stands before the first one of a prompt.

    So it is the same in every prompt that begins alike, and need be read only once, beforehand.

    pieces  all of it, and of each piece whether the prompt has it: the model knows those that it
            has as parts of the whole
    shelf   what it is kept by, and removed by: the number of its document
    """

    pieces: tuple[tuple[str, bool], ...]
    shelf: str


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a prompt.

    template  written by us: control tokens are recognised in it
    kept      other prompts go on differently from its end, and need not read again up to there
    passage   `text` is what the prompt has of it; None: it is read where it stands
    """

    text: str
    template: bool = False
    kept: bool = False
    passage: Passage | None = None


Prompt = tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Other questions are being answered first."""

    ahead: int


@dataclass(frozen=True, slots=True)
class Began:
    """It is the caller's turn. `tokens`: of the prompt."""

    tokens: int


@dataclass(frozen=True, slots=True)
class Prefill:
    """The prompt, or a check's, is being read: `done` of `total` tokens."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Piece:
    """The next text, after `tokens` generated tokens in all.

    ended  the model is done
    token  the number of the token that the text comes from, in the model's vocabulary; None: of no
           token, or the model does not tell
    """

    text: str
    tokens: int
    ended: bool = False
    token: int | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """The outcome of a check: the probability of `likely`, in [0, 1]."""

    probability: float


@dataclass(frozen=True, slots=True)
class Check:
    """A judgement read from the model's next-token probabilities, before it says anything.

    prompt    what the model reads; whatever it shares with the last prompt is not read again
    likely    words whose first tokens' probability is wanted
    unlikely  words to weigh them against; none: against everything
    """

    prompt: Prompt
    likely: tuple[str, ...]
    unlikely: tuple[str, ...] = ()


Step = Waiting | Began | Prefill | Checked | Piece


@dataclass(frozen=True, slots=True)
class End:
    """Nothing more comes of what was asked. error: it could not be done"""

    error: str = ""


class LLM(Protocol):
    """A language model. Implementations are safe to call from several threads."""

    name: str
    context: int

    def generate(
        self,
        prompt: Prompt,
        *,
        max_tokens: int,
        checks: Sequence[Check] = (),
        never_first: Sequence[str] = (),
    ) -> Iterator[Step]:
        """Continues `prompt` greedily, until the model ends or `max_tokens` are generated.

        checks       each gives one Checked, in order, before the first Piece; whoever does not
                     like what they say closes the iterator
        never_first  words that the answer must not begin with

        Closing the iterator at any time stops the work and frees the model for the next caller.
        Raises ModelError.
        """
        ...

    def read(self, prompt: Prompt, *, idle: bool = False) -> Iterator[Step]:
        """Reads a prompt while nobody asks, so that prompts that begin alike begin sooner.

        Ends early where somebody asks; what was read by then is kept, and passages that were read
        to their end. Closing the iterator stops the work.

        idle  it can wait: ends at once where anything else is to be read too

        Raises ModelError.
        """
        ...

    def has_read(self, prompt: Prompt) -> bool:
        """Whether a prompt has passages that are read by themselves, and all of them have been."""
        ...

    def close(self) -> None: ...
