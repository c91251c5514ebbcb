"""Where an answer's claims stand in its text, and its citations in their passages. Pure.

Shared by the page and the terminal, so that both tell the same thing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath

from index.archive import file_of
from index.types import Span
from rag.cite import in_own_words
from rag.types import Answer, Citation, Claim, Source

MARKER = re.compile(r"\s*\[(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\]")
"""A citation marker with the space before it: `[1]`, `[1, 3]`."""

_DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def visible(text: str) -> str:
    """`text` without control characters, which can drive a terminal, and direction overrides.

    Line breaks and tabs stay.
    """
    return "".join(
        each
        for each in text.replace("\r\n", "\n").replace("\r", "\n")
        if each in "\n\t" or (unicodedata.category(each) != "Cc" and each not in _DIRECTIONS)
    )


def one_line(text: str) -> str:
    """`text` made visible and without line breaks."""
    return " ".join(visible(text).split())


def place(path: str) -> str:
    """A path on one line, as it is but for characters that would break or colour it."""
    return "".join(
        each if unicodedata.category(each) not in {"Cc", "Cs"} and each not in _DIRECTIONS
        else each.encode("unicode_escape").decode()
        for each in path
    )  # fmt: skip


def file_name(document: str) -> str:
    """The last part of a document's path, whichever system wrote it, and its place in that file."""
    file = file_of(document)
    kind = PureWindowsPath if "\\" in file and "/" not in file else PurePosixPath
    return one_line((kind(file).name or file) + document[len(file) :])


def also_told(document: str, also_in: Sequence[str], most: int = 3) -> str:
    """Other places of an article by their file names, `most` of them and how many more there are.

    One that is named like `document` is told apart by its folder.
    """
    own = file_name(document)
    names = []
    for place in also_in[:most]:
        name = file_name(place)
        folder = PurePosixPath(file_of(place)).parent.name
        names.append(f"{one_line(folder)}/{name}" if name == own and folder else name)
    more = len(also_in) - len(names)
    return ", ".join(names) + (f" and {more:,} more" if more else "")


def numbers(marker: re.Match[str]) -> list[int]:
    """The numbers that a marker names."""
    return [int(each) for each in re.findall(r"\d+", marker.group(1))]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Part of an answer's text.

    claim  the claim that it words, or that the markers in it belong to; None before the first
    body   whether it words the claim; else it is what follows it: markers, spaces, line breaks
    """

    span: Span
    claim: Claim | None
    body: bool


def stretches(answer: Answer) -> list[Stretch]:
    """The answer's text, cut where its claims begin and end. Every character is in one of them."""
    found: list[Stretch] = []
    here = 0
    last: Claim | None = None
    for claim in answer.claims:
        at = answer.text.find(claim.text, here)
        if at < 0 or not claim.text:
            continue
        if at > here:
            found.append(Stretch(Span(here, at), last, body=False))
        here = at + len(claim.text)
        found.append(Stretch(Span(at, here), claim, body=True))
        last = claim
    if here < len(answer.text):
        found.append(Stretch(Span(here, len(answer.text)), last, body=False))
    return found


def supporting(claims: Iterable[Claim]) -> Iterator[Citation]:
    """The citations that support something: those of unsupported claims are only near misses."""
    for claim in claims:
        if claim.supported:
            yield from claim.citations


def displayed(answer: Answer) -> tuple[Claim, ...]:
    """What of an answer is shown with its citations: its claims, or what comes nearest to one."""
    if not answer.refused:
        return answer.claims
    return tuple(map(in_own_words, answer.nearest))


def quoted(source: Source, claims: Iterable[Claim]) -> list[Span]:
    """The spans of `source.text` that are cited, in order; those that overlap or touch as one."""
    spans = sorted(
        Span(max(each.start - source.start, 0), min(each.end - source.start, len(source.text)))
        for each in supporting(claims)
        if each.document_id == source.document_id
        and each.start < source.start + len(source.text)
        and each.end > source.start
    )
    merged: list[Span] = []
    for span in spans:
        if merged and span.start <= merged[-1].end:
            merged[-1] = Span(merged[-1].start, max(span.end, merged[-1].end))
        else:
            merged.append(span)
    return merged
