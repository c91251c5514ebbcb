"""`refdesk receipt` and `refdesk replay`: what an answer was made from, and the answer again."""

from __future__ import annotations

import argparse
import re
import sys
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from index.errors import NotFoundError, ReceiptError, UsageError
from rag import config
from rag import receipt as form
from rag.build import Parts
from ui.cited import one_line, visible
from ui.opening import opened, print_json
from ui.progress import StatusLine

__all__ = ["receipt", "replay"]

_SAME = "The answer is the same, bit for bit."


def receipt(arguments: argparse.Namespace) -> int:
    """Shows one, lists the latest, or removes all. Returns the exit code: 1 for a damaged one."""
    if arguments.clear and arguments.receipt:
        raise UsageError("--clear removes all receipts: it takes no ID.")
    with opened(arguments) as parts:
        if arguments.clear:
            removed = parts.receipts.clear()
            print(f"{removed} {'receipt' if removed == 1 else 'receipts'} removed.")
            return 0
        if arguments.receipt is None:
            return _list(parts, arguments.limit, as_json=arguments.json)
        held = _named(parts, arguments.receipt)
    if arguments.json:
        print_json(held)
    else:
        print("\n".join(_lines(held)))
    return _told(form.faults(held))


def replay(arguments: argparse.Namespace) -> int:
    """Answers again from a receipt. Returns the exit code: 0 where what was said is the same."""
    from rag.replay import overrides as overrides_of

    with opened(arguments) as parts:
        held = _named(parts, arguments.receipt)
    if faults := form.faults(held):
        return _told([*faults, "What was changed is not replayed."])
    known = {row.name: row.default for row in config.describe(config.load(environment={}))}
    try:
        overrides = overrides_of(held, known)
    except (TypeError, AttributeError) as exc:
        raise ReceiptError(f"The receipt's settings are none ({exc}).") from exc
    with (
        StatusLine() as line,
        opened(arguments, overrides, loading=line.say) as parts,
    ):
        found = parts.replay(held, line.say)
        line.clear()
    same = not any(each.said for each in found)
    if arguments.json:
        print_json(
            {
                "id": held["id"],
                "same": same,
                "differences": [asdict(each) for each in found],
            }
        )
        return 0 if same else 1
    for told, said in (("Made with something else:", False), ("What was read and said:", True)):
        rows = [each for each in found if each.said == said]
        if rows:
            print(told)
        for each in rows:
            print(f"  {each.where}: then {visible(each.then)}, now {visible(each.now)}")
    print(_SAME if same else "The answer is not the same.")
    return 0 if same else 1


def _named(parts: Parts, name: str) -> dict[str, Any]:
    """The receipt in a file, or of an id. Raises NotFoundError, ReceiptError."""
    file = Path(name)
    try:
        return form.opened(parts.receipts.find(name), f"Receipt {name}")
    except NotFoundError:
        if re.fullmatch(r"\w+", name) and not file.exists():
            raise
    try:
        return form.opened(file.read_bytes(), name)
    except OSError as exc:
        raise ReceiptError(
            f"{name} cannot be read ({exc.strerror}), and no receipt is kept under that name."
        ) from exc


def _list(parts: Parts, limit: int, *, as_json: bool) -> int:
    rows = parts.receipts.latest(limit)
    held = [each for each in rows if not isinstance(each, str)]
    damaged = [each for each in rows if isinstance(each, str)]
    if as_json:
        print_json(
            [
                {
                    "id": each["id"],
                    "at": each.get("at"),
                    "question": _of(each, "question").get("typed"),
                    "refused": _of(each, "answer").get("refused"),
                }
                for each in held
            ]
        )
    else:
        for each in held:
            end = "refused " if _of(each, "answer").get("refused") else "answered"
            asked = one_line(str(_of(each, "question").get("typed")))
            when = str(each.get("at"))[:19].replace("T", " ")
            print(f"{each['id']}  {when}  {end}  {textwrap.shorten(asked, 70)}")
    if not rows:
        why = "" if parts.settings.receipts.keep else " (`receipts.keep` is false)"
        print(f"No receipt is kept{why}.", file=sys.stderr)
    return _told(damaged)


def _told(faults: list[str]) -> int:
    for each in faults:
        print(f"refdesk: {each}", file=sys.stderr)
    return 1 if faults else 0


def _lines(held: Mapping[str, Any]) -> Iterator[str]:
    """A receipt for a reader. What is missing from a damaged one is left out."""
    asked, answer, made = (_of(held, name) for name in ("question", "answer", "circumstances"))
    yield f"Receipt {held['id']}, {held.get('at')}, sha256 {held['sha256']}"
    yield ""
    yield from _field("Question", asked.get("typed"))
    if asked.get("understood") != asked.get("typed"):
        yield from _field("Understood", asked.get("understood"))
    for turn in asked.get("history") or ():
        yield from _field("Earlier", f"{turn['question']} → {turn['answer']}")
    limits = {name: value for name, value in (asked.get("where") or {}).items() if value}
    for name, value in {**limits, "choices": asked.get("choices")}.items():
        if value:
            yield from _field(name.capitalize(), ", ".join(value) if name != value else value)
    yield from _field("Asked on", f"{asked.get('day')}, answer {asked.get('form')}")
    yield from _field("Answer", answer.get("text"))
    for claim in answer.get("claims") or ():
        cited = ", ".join(f"[{c['number']}] {c['start']}-{c['end']}" for c in claim["citations"])
        state = "supported" if claim["supported"] else "not supported"
        yield from _field("Claim", f"{claim['text']} ({state}, {claim['score']}: {cited})")
    for each in held.get("passages") or ():
        where = f"{each['document']}, characters {each['start']}-{each['end']}"
        yield from _field(f"Passage {each['number']}", f"{where}, sha256 {each['sha256'][:16]}")
        yield textwrap.indent(visible(each["text"]).strip(), "    ")
    yield ""
    for name in ("model", "llama", "embedder", "reranker", "refdesk", "library"):
        about = made.get(name) or {}
        told = ", ".join(f"{key} {value}" for key, value in about.items() if value is not None)
        yield from _field(name.capitalize(), told or "none")
    for at, call in enumerate(held.get("calls") or (), start=1):
        yield ""
        yield from _field(f"Call {at}", f"{len(call['tokens'])} tokens written, greedily: no seed")
        for check in call["checks"]:
            likely = "/".join(check["likely"])
            yield from _field("Check", f"probability of {likely}: {check['probability']}")
        yield from _field("Wrote", call["text"])
        yield from _field("Read", "")
        prompt = "".join(part["text"] for part in call["prompt"])
        yield textwrap.indent(visible(prompt).strip(), "    ")
    yield ""
    for name in ("timings", "cost"):
        about = _of(held, name)
        yield from _field(name.capitalize(), ", ".join(f"{k} {v}" for k, v in about.items()))


def _field(name: str, value: object) -> Iterator[str]:
    yield from textwrap.wrap(
        f"{name + ':':<12}{one_line(str(value))}",
        width=100,
        subsequent_indent=" " * 12,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _of(held: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = held.get(name)
    return value if isinstance(value, Mapping) else {}
