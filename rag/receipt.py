"""An answer's receipt: all that went into it and came out of it, as one JSON document.

It holds the passages and prompts themselves, so that `rag.replay` can give the answer again without
the library. It carries the sha256 of its own content: that tells damage and careless changes, and
says nothing about who wrote it.

{"format", "id", "sha256", "at", "question", "circumstances", "passages", "calls", "decoding",
"answer", "timings", "cost"}; docs/trust.md says what is in each.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from index.errors import ReceiptError
from index.types import Filter, Span
from rag import conversation
from rag.trace import Call
from rag.types import Answer, Question, Source, Turn

__all__ = [
    "FORMAT",
    "Asked",
    "digest",
    "faults",
    "opened",
    "read",
    "sealed",
    "text_digest",
    "written",
]

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Asked:
    """What a receipt says was asked, and the passages that were found. understood: as searched."""

    question: Question
    understood: str
    passages: tuple[Source, ...]
    reached_model: bool


def written(
    key: str,
    at: str,
    question: Question,
    answer: Answer,
    calls: tuple[Call, ...],
    circumstances: Mapping[str, Any],
) -> dict[str, Any]:
    """The receipt of an answer, sealed.

    key            the answer's id
    at             when it was asked, ISO 8601 in UTC
    circumstances  versions, models, library and settings: see `rag.circumstances`
    """
    understood = answer.understood or answer.question
    # Turns that changed nothing had no part in the answer.
    turns = question.history[-conversation.TURNS :] if answer.understood else ()
    held: dict[str, Any] = {
        "format": FORMAT,
        "id": key,
        "at": at,
        "question": {
            "typed": answer.question,
            "understood": understood,
            "history": [asdict(turn) for turn in turns],
            "where": asdict(question.where) if question.where else None,
            "form": question.form,
            "choices": list(question.choices),
            "day": question.asked.isoformat() if question.asked else None,
        },
        "circumstances": dict(circumstances),
        "passages": [
            {**asdict(source), "sha256": text_digest(source.text)} for source in answer.sources
        ],
        "calls": [_call(each) for each in calls],
        "decoding": {"method": "greedy", "seed": None},
        "answer": {
            "text": answer.text,
            "refused": answer.refused,
            "stopped": answer.stopped,
            "choice": answer.choice,
            "claims": [asdict(claim) for claim in answer.claims],
            "nearest": [asdict(each) for each in answer.nearest],
        },
        "timings": asdict(answer.timings),
        "cost": asdict(answer.cost) if answer.cost else None,
    }
    return sealed(held)


def sealed(held: Mapping[str, Any]) -> dict[str, Any]:
    """A receipt with the sha256 of its content, as it is once it has been written and read."""
    whole = {key: value for key, value in held.items() if key != "sha256"}
    # File names may hold half a surrogate pair, which no file in UTF-8 can.
    text = json.dumps(whole, ensure_ascii=False).encode("utf-8", "replace")
    plain: dict[str, Any] = json.loads(text)
    head = {"format": plain.pop("format"), "id": plain.pop("id")}
    return {**head, "sha256": digest({**head, **plain}), **plain}


def digest(receipt: Mapping[str, Any]) -> str:
    """The sha256 of a receipt's content: all but "sha256" itself, keys in order, no spaces."""
    content = {key: value for key, value in receipt.items() if key != "sha256"}
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def text_digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def opened(data: bytes, name: str) -> dict[str, Any]:
    """The receipt in a file. Raises ReceiptError for what is none; `faults` judges the rest."""
    try:
        held = json.loads(data)
    except (ValueError, RecursionError) as exc:
        raise ReceiptError(f"{name} is not a receipt: it is not JSON ({exc}).") from exc
    if not isinstance(held, dict) or "format" not in held or "sha256" not in held:
        raise ReceiptError(f"{name} is not a receipt of Refdesk.")
    if held["format"] != FORMAT:
        raise ReceiptError(
            f"{name} is a receipt of format {held['format']!r}; this Refdesk reads format "
            f"{FORMAT}. Use the version that wrote it."
        )
    return held


def faults(receipt: Mapping[str, Any]) -> list[str]:
    """What of a receipt is not as it was written; empty: it has the sha256 that it carries."""
    found = []
    if digest(receipt) != receipt["sha256"]:
        found.append("Its content has not the sha256 that it carries: it was changed or damaged.")
    passages = receipt.get("passages")
    return found + [
        f"The text of passage {each.get('number')} has not its sha256."
        for each in (passages if isinstance(passages, list) else ())
        if isinstance(each, dict) and text_digest(str(each.get("text"))) != each.get("sha256")
    ]


def read(receipt: Mapping[str, Any]) -> Asked:
    """What was asked, by a receipt. Raises ReceiptError, naming what it lacks."""
    try:
        asked = receipt["question"]
        where = asked["where"]
        return Asked(
            Question(
                str(asked["typed"]),
                tuple(Turn(each["question"], each["answer"]) for each in asked["history"]),
                Filter(**{key: _frozen(value) for key, value in where.items()}) if where else None,
                "short" if asked["form"] == "short" else "full",
                tuple(map(str, asked["choices"])),
                dt.date.fromisoformat(asked["day"]) if asked["day"] else None,
            ),
            str(asked["understood"]),
            tuple(map(_source, receipt["passages"])),
            bool(receipt["calls"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        raise ReceiptError(
            f"Receipt {receipt.get('id')!r} lacks what it must have ({exc!r})."
        ) from exc


def _call(call: Call) -> dict[str, Any]:
    held = asdict(call)
    made = held.pop("probabilities")
    for at, check in enumerate(held["checks"]):
        check["probability"] = made[at] if at < len(made) else None
    return held


def _source(held: Mapping[str, Any]) -> Source:
    kept = {key: value for key, value in held.items() if key != "sha256"}
    kept["read"] = Span(**kept["read"]) if kept["read"] else None
    kept["also_in"] = tuple(kept["also_in"])
    return Source(**kept)


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
