"""An answer as terminal text and as JSON. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from index.dates import in_words
from index.types import Hit
from rag.types import Answer, Citation, Cost, Source
from ui.cited import also_told, file_name, one_line, stretches, supporting, visible

UNSUPPORTED = "not found in the articles"
UNDERSTOOD = "Understood as:"
AS_OF = "As of"
CLOSEST = "Closest passages"
NEAREST = "What comes nearest"
STOPPED = {
    "length": "The answer reached its length limit and ends here.",
    "cancelled": "Stopped. The answer is not complete.",
}
_INDENT = "    "


def answer_text(answer: Answer, width: int = 88) -> str:
    """The answer for a terminal: wrapped, its markers resolved in footnotes with their quotes.

    Plain text without colours. Control characters of articles and models are left out.
    """
    parts = [_wrapped(f"({UNDERSTOOD} {answer.understood})", width)] if answer.understood else []
    parts.append(_wrapped(_told(answer), width))
    parts += [_wrapped(f"({note})", width) for note in notes(answer)]
    if answer.as_of:
        parts.append(f"({AS_OF} {in_words(answer.as_of)})")
    if answer.note:
        parts.append(_wrapped(f"({answer.note})", width))
    if answer.refused:
        if answer.nearest:
            parts.append(f"{NEAREST}:")
            parts += [_note(each, each.quote, (), width) for each in answer.nearest]
        if answer.sources:
            parts.append(f"{CLOSEST}:")
            parts += [
                _note(source, source.text, source.also_in, width) for source in answer.sources
            ]
    else:
        also = {source.number: source.also_in for source in answer.sources}
        cited = dict.fromkeys(supporting(answer.claims))
        parts += [
            # Told once, with the first of a passage's quotes.
            _note(each, each.quote, also.pop(each.number, ()), width)
            for each in sorted(cited, key=_order)
        ]
    if answer.id or answer.cost:
        parts.append(_wrapped("(" + " · ".join(took(answer)) + ")", width))
    return "\n\n".join(parts)


def notes(answer: Answer) -> list[str]:
    """What a reader has to know of an answer's text: cut short, something left out."""
    found = [STOPPED[answer.stopped]] if answer.stopped in STOPPED else []
    if answer.omitted == 1:
        found.append("One sentence was left out: the articles do not support it.")
    elif answer.omitted:
        found.append(f"{answer.omitted} sentences were left out: the articles do not support them.")
    return found


def took(answer: Answer) -> list[str]:
    """What an answer took, and its receipt's id, in a few words each."""
    of = answer.timings
    read = f"{counted(of.prompt_tokens, 'token')} read, {of.answer_tokens:,} written"
    parts = [read, f"{of.total_s:.1f} s"]
    if answer.cost is not None:
        parts.append(energy(answer.cost))
    return [*parts, f"receipt {answer.id}"] if answer.id else parts


def energy(cost: Cost) -> str:
    """The energy of an answer, and its money where there is a tariff; "about": an estimate."""
    hours = cost.joules / 3600
    told = "under 0.001 Wh" if 0 < hours < 0.001 else f"{hours:.2g} Wh"
    told = told if cost.measured else f"about {told}"
    return told if cost.money is None else f"{told}, {money(cost.money, cost.currency)}"


def money(amount: float, currency: str) -> str:
    """An amount, which may be very small."""
    if 0 < amount < 0.0001:
        return f"under 0.0001 {currency}"
    return f"{amount:.4f} {currency}" if amount < 1 else f"{amount:,.2f} {currency}"


def counted(n: int, noun: str) -> str:
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def answer_json(answer: Answer) -> dict[str, Any]:
    """The answer as `refdesk ask --json` prints it and the HTTP interface returns it.

    Offsets count characters of the document's extracted text: `text[start:end] == quote`.
    """
    return {
        "question": answer.question,
        "understood": answer.understood,
        "answer": answer.text,
        "refused": answer.refused,
        "stopped": answer.stopped,
        "omitted": answer.omitted,
        "as_of": answer.as_of,
        "missing": list(answer.missing),
        "note": answer.note,
        "claims": [
            {
                "text": claim.text,
                "supported": claim.supported,
                "score": claim.score,
                "differs": claim.differs,
                "citations": [_citation_json(each) for each in claim.citations],
            }
            for claim in answer.claims
        ],
        "nearest": [_citation_json(each) for each in answer.nearest],
        "sources": [source_json(source) for source in answer.sources],
        "timings": asdict(answer.timings),
        "cost": asdict(answer.cost) if answer.cost else None,
        "id": answer.id,
        "model": answer.model,
        "embedder": answer.embedder,
    }


def _citation_json(citation: Citation) -> dict[str, Any]:
    return {
        "number": citation.number,
        "document": citation.document,
        "title": citation.title,
        "date": citation.date,
        "page": citation.page,
        "start": citation.start,
        "end": citation.end,
        "quote": citation.quote,
    }


def source_json(source: Source) -> dict[str, Any]:
    """One passage as the JSON of an answer shows it."""
    return {
        "number": source.number,
        "document": source.document,
        "title": source.title,
        "date": source.date,
        "page": source.page,
        "score": source.score,
        "start": source.start,
        "end": source.end,
        "text": source.text,
        "also_in": list(source.also_in),
    }


def hit_json(rank: int, hit: Hit) -> dict[str, Any]:
    """One passage as `refdesk search --json` and the HTTP interface show it."""
    return {
        "rank": rank,
        "document": hit.entry.path,
        "title": hit.entry.title,
        "date": hit.entry.date,
        "page": hit.chunk.page,
        "start": hit.chunk.start,
        "end": hit.chunk.end,
        "text": hit.chunk.text,
        "score": round(hit.score, 6),
        "similarity": None if hit.similarity is None else round(hit.similarity, 4),
        "bm25": None if hit.bm25 is None else round(hit.bm25, 4),
        "also_in": list(hit.entry.elsewhere),
    }


def _told(answer: Answer) -> str:
    """The answer's text, with what is not supported told as such."""
    if answer.refused:
        return answer.text
    return "".join(_stretch_texts(answer))


def _stretch_texts(answer: Answer) -> Iterator[str]:
    for stretch in stretches(answer):
        text = stretch.span.of(answer.text)
        if stretch.body and stretch.claim and not stretch.claim.supported:
            text += f" [{UNSUPPORTED}]"
        yield text


def _order(citation: Citation) -> tuple[int, int]:
    return citation.number, citation.start


def _note(of: Citation | Source, quote: str, also_in: Sequence[str], width: int) -> str:
    where = [one_line(of.title), of.date or "date unknown", file_name(of.document)]
    if of.page is not None:
        where.append(f"p. {of.page}")
    where.append(f"characters {of.start}-{of.end}")
    head = textwrap.fill(
        f"[{of.number}] {', '.join(where)}",
        width,
        subsequent_indent=_INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )
    also = _wrapped(f"also in: {also_told(of.document, also_in)}", width, _INDENT)
    return "\n".join([head, *([also] if also_in else []), _wrapped(quote, width, _INDENT)])


def _wrapped(text: str, width: int, indent: str = "") -> str:
    """Each line of `text` wrapped by itself, so that lists stay lists."""
    lines = [
        textwrap.fill(
            line,
            width,
            initial_indent=indent,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in visible(text).splitlines()
        if line.strip()
    ]
    return "\n".join(lines)
