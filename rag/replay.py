"""An answer given again from its receipt, and what of it is not as it was.

The passages are those of the receipt; all that comes after the search is done anew. Decoding is
greedy and prompts are cut for reading by themselves alone (`rag.slicing`), so the same build of
llama.cpp with the same weights gives the same tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rag import receipt
from rag.engine import Engine
from rag.types import Finished, Status

__all__ = ["Difference", "Telling", "differences", "overrides", "replayed"]

Telling = Callable[[str, float | None], object]
"""Told what is being done, and how far it is."""

_SAID = ("question", "calls", "answer")
_WITH = ("refdesk", "system", "model", "llama", "embedder", "settings")
_AROUND = 24
_TUNED = {
    "threads": "model.threads",
    "ubatch": "model.batch",
    "flash_attention": "model.flash_attention",
}
"""How the model was run, as receipts have it → the settings that say so."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as the receipt has it.

    where   its name in the receipt, such as "calls[0].tokens[7]"
    said    it is part of what was read or said; else of what it was made with
    """

    where: str
    then: str
    now: str
    said: bool


def replayed(
    held: Mapping[str, Any],
    engine: Engine,
    circumstances: Callable[[], Mapping[str, Any]],
    say: Telling = lambda *_: None,
) -> list[Difference]:
    """Answers again, and compares. circumstances: those of now.

    Raises ReceiptError, and what `Engine.ask` raises.
    """
    asked = receipt.read(held)
    finished: Finished | None = None
    again = engine.again(
        asked.question, asked.passages, understood=asked.understood, near=asked.reached_model
    )
    for event in again:
        if isinstance(event, Status):
            say(event.text, event.fraction)
        elif isinstance(event, Finished):
            finished = event
    assert finished is not None, "again ends with Finished"
    now = receipt.written(
        str(held["id"]), str(held["at"]), asked.question, finished.answer, finished.calls,
        circumstances(),
    )  # fmt: skip
    return [*_between(held, now)]


def overrides(held: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that a replay takes from a receipt. known: those of this version."""
    made_with = held.get("circumstances", {})
    then = {
        name: value
        for name, value in made_with.get("settings", {}).items()
        if name in known and name.split(".")[0] in ("answer", "model", "models", "embedder")
    }
    # What was chosen for the machine may be another choice here, and sums may be added up in
    # another order.
    llama = made_with.get("llama") or {}
    tuned = {
        setting: llama[name] for name, setting in _TUNED.items() if llama.get(name) is not None
    }
    if isinstance(flash := tuned.get("model.flash_attention"), bool):
        tuned["model.flash_attention"] = "on" if flash else "off"
    return {**then, **tuned}


def differences(then: Any, now: Any, where: str) -> Iterator[tuple[str, str, str]]:
    """Where two JSON values differ, each with its name, then and now; of lists the first place."""
    if isinstance(then, dict) and isinstance(now, dict):
        for key in dict.fromkeys([*then, *now]):
            yield from differences(then.get(key), now.get(key), f"{where}.{key}")
    elif isinstance(then, list) and isinstance(now, list):
        for at, (one, other) in enumerate(zip(then, now, strict=False)):
            if one != other:
                yield from differences(one, other, f"{where}[{at}]")
                break
        if len(then) != len(now):
            yield f"{where}, how many", str(len(then)), str(len(now))
    elif then != now:
        if isinstance(then, str) and isinstance(now, str):
            at = next(
                (n for n, (one, other) in enumerate(zip(then, now, strict=False)) if one != other),
                min(len(then), len(now)),
            )
            if at or max(len(then), len(now)) > 2 * _AROUND:
                where = f"{where}, from character {at}"
            then, now = then[at : at + _AROUND], now[at : at + _AROUND]
        yield where, repr(then), repr(now)


def _between(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Difference]:
    made_then, made_now = then.get("circumstances", {}), now["circumstances"]
    for name in _WITH:
        if name == "llama" and not then.get("calls"):
            continue  # the model was not asked, whether it was loaded or not
        for each in differences(made_then.get(name), made_now[name], name):
            # How the model was run is told by "llama".
            if each[0].removeprefix("settings.") not in _TUNED.values():
                yield Difference(*each, said=False)
    for name in _SAID:
        for each in differences(then.get(name), now[name], name):
            yield Difference(*each, said=True)
