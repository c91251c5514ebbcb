"""One answer, token by token: its prompt read, its checks weighed, its text written greedily.

Written as a coroutine: it yields what is to be read next (`Slice`, `Guess`) and is sent the logits,
so that whoever runs it can read for several answers at once. In between it yields steps for the
caller. What the loop does beyond llama.cpp's own:

- logits are asked for only where they are used: behind a prompt, and while writing;
- what a prompt begins with in common with an earlier one is not read again;
- answers copy from their passages, so what followed the same words in the prompt is guessed and
  read along with the next token (`rag.drafting`).
"""

from __future__ import annotations

import codecs
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from rag.drafting import Lookup
from rag.llama import Llama, Logits
from rag.llm import Check, Checked, Piece, Prefill, Prompt, Step
from rag.placing import Place, Placer, Reading
from rag.slicing import Placed, Slice, common, length

__all__ = ["Guess", "Order", "Text", "Weighing", "order", "written"]


@dataclass(frozen=True, slots=True)
class Weighing:
    """A check: a prompt, and tokens whose probability after it is wanted (see `rag.llm.Check`)."""

    slices: tuple[Slice, ...]
    likely: tuple[int, ...]
    unlikely: tuple[int, ...]

    def weigh(self, logits: Logits) -> float:
        odds = np.exp(logits.astype(np.float64) - float(logits.max()))
        likely = odds[list(self.likely)].sum()
        against = odds[list(self.unlikely)].sum() if self.unlikely else odds.sum() - likely
        return float(likely / max(likely + against, 1e-300))


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be written, in tokens. max_tokens: 0: the prompt is only read"""

    slices: tuple[Slice, ...]
    checks: tuple[Weighing, ...] = ()
    max_tokens: int = 0
    never_first: tuple[int, ...] = ()

    @property
    def tokens(self) -> int:
        """Of the prompt."""
        return length(self.slices)

    @property
    def room(self) -> int:
        """Tokens that prompt and answer, or the longest check, take up, and what is read for them
        beside.
        """
        texts = (self.slices, *(each.slices for each in self.checks))
        beside = [len(each.whole) for of in texts for each in of if isinstance(each, Placed)]
        longest = max(length(of) for of in texts)
        return max(self.tokens + self.max_tokens, longest) + max(beside, default=0)


@dataclass(slots=True)
class Text:
    """What a sequence holds.

    tokens  all that was read
    slices  of the prompt that it begins with
    logits  what follows the last slice; None: not known, or more has been read since
    """

    tokens: list[int] = field(default_factory=list)
    slices: list[Slice] = field(default_factory=list)
    logits: Logits | None = None

    def cut(self, kept: int) -> int:
        """Drops all after the first `kept` slices. Returns the tokens left."""
        del self.slices[kept:]
        left = length(self.slices)
        if left < len(self.tokens):
            del self.tokens[left:]
            self.logits = None
        return left


@dataclass(frozen=True, slots=True)
class Guess:
    """To be read with logits for each: a token, and as much as pays of what may follow it.

    odds  of each guessed token to come true, where those before it did
    """

    token: int
    guessed: tuple[int, ...]
    odds: float


Wanted = Reading | Guess
Coroutine = Generator[Step | Wanted, Sequence[Logits], None]


def order(
    model: Llama,
    prompt: Prompt,
    checks: Sequence[Check] = (),
    max_tokens: int = 0,
    never_first: Sequence[str] = (),
) -> Order:
    """What is asked of a model, in its tokens."""
    return Order(
        tuple(model.sliced(prompt)),
        tuple(
            Weighing(
                tuple(model.sliced(each.prompt)),
                tuple(model.firsts(each.likely)),
                tuple(model.firsts(each.unlikely)),
            )
            for each in checks
        ),
        max_tokens,
        tuple(model.firsts(never_first)),
    )


def written(
    wanted: Order, text: Text, place: Place, model: Llama, placer: Placer, draft: int
) -> Coroutine:
    """Reads and writes as `wanted` says, from where `text` ends.

    draft  tokens guessed at once, at most
    """
    for check in wanted.checks:
        yield from _read(check.slices, text, place, model, placer)
        assert text.logits is not None
        yield Checked(check.weigh(text.logits))
    yield from _read(wanted.slices, text, place, model, placer)
    if wanted.max_tokens:
        yield from _write(wanted, text, place.own, model, draft)


def _read(
    slices: Sequence[Slice], text: Text, place: Place, model: Llama, placer: Placer
) -> Coroutine:
    """Reads a prompt but for the slices that the text begins with."""
    shared = common(text.slices, slices)
    known = shared == len(slices) == len(text.slices) and text.logits is not None
    # Of the last slice the logits are needed, and alone they would not be the same numbers.
    kept = shared if known else min(shared, len(slices) - 1)
    model.forget(place.own, text.cut(kept))
    whole = length(slices)
    at = len(text.tokens)
    # Passages that were put in their places: they count as read with what is read behind them,
    # since only then are they turned.
    placed: list[Slice] = []
    for each in slices[kept:]:
        if isinstance(each, Placed):
            yield from placer.placed(each, at, place)
            placed.append(each)
            at += len(each)
            yield Prefill(at, whole)
            continue
        last = at + len(each) == whole
        rows = yield Reading(each, last, at, place.own)
        at += len(each)
        for read in (*placed, each):
            text.tokens.extend(read)
            text.slices.append(read)
        placed = []
        # A view of llama.cpp's memory, which the next reading of any text writes over.
        text.logits = rows[0].copy() if last else None
        yield Prefill(at, whole)


def _write(wanted: Order, text: Text, sequence: int, model: Llama, draft: int) -> Coroutine:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    lookup = Lookup(text.tokens)
    assert text.logits is not None
    logits = text.logits.copy()
    logits[list(wanted.never_first)] = -np.inf
    token = int(logits.argmax())
    made = 0
    while not model.is_end(token):
        made += 1
        said = decoder.decode(model.piece(token))
        if made == wanted.max_tokens:
            yield Piece(said + decoder.decode(b"", True), made, token=token)
            return
        yield Piece(said, made, token=token)
        guessed = lookup.draft(token, min(draft, wanted.max_tokens - made - 1))
        base = len(text.tokens)
        rows = yield Guess(token, tuple(guessed), lookup.odds)
        came = list(_came(rows, guessed, model))
        lookup.came(guessed, came)
        text.tokens += [token, *came[:-1]]
        model.forget(sequence, base + len(came))
        lookup.extend([token, *came[:-1]])
        for each in came[:-1]:
            made += 1
            yield Piece(decoder.decode(model.piece(each)), made, token=each)
        token = came[-1]
    yield Piece(decoder.decode(b"", True), made, ended=True)


def _came(rows: Sequence[Logits], guessed: Sequence[int], model: Llama) -> Iterator[int]:
    """The tokens that follow: those guessed right, and the one after them or the end."""
    for at, row in enumerate(rows):
        following = int(row.argmax())
        yield following
        if at == len(guessed) or guessed[at] != following or model.is_end(following):
            return
