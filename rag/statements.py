"""An answer's text and its statements: taken apart before they are checked, put together after.

The model's `[n]` markers leave the text for their statement, and the verified ones take their
place. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from index.sentences import is_item, sentences
from index.types import Span
from rag.focus import goes_on
from rag.terms import terms
from rag.types import Claim

_MARKER = re.compile(r"[^\S\n]*\[(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\]")
_FAIR_SHARE = 0.34
_JOINED = re.compile(
    r", and (?=[A-Z\"“]|(?:the|an?|its|his|her|their|he|she|it|they|these|those)\b)"
)
_FEWEST_KEPT = 4
"""Words that a statement without its last ", ..." has, at least."""

_FEWEST_WORDS = 3
"""Of each of two statements that ", and" joins."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence or list item of an answer, its place in the text, and the markers it bore."""

    text: str
    span: Span
    markers: tuple[int, ...]


def parse(answer: str) -> tuple[str, list[Statement]]:
    """Splits an answer into statements; markers leave the text and go to their statement.

    Returns the text without markers, and the statements with spans into it.
    """
    clean = ""
    marks: list[tuple[int, int]] = []
    here = 0
    for found in _MARKER.finditer(answer):
        clean += answer[here : found.start()]
        marks += [(len(clean), int(n)) for n in re.findall(r"\d+", found.group(1))]
        here = found.end()
    clean += answer[here:]
    spans = _said(clean)
    # A marker belongs to the sentence that it stands in or after; one that opens a line, to the
    # sentence that follows it.
    mine: list[list[int]] = [[] for _ in spans]
    for place, number in marks:
        before = [at for at, span in enumerate(spans) if span.start < place]
        opens = not clean[:place].strip() or clean[:place].rstrip(" ").endswith("\n")
        at = before[-1] + 1 if before and opens else before[-1] if before else 0
        if at < len(spans):
            mine[at].append(number)
    statements = [
        Statement(span.of(clean), span, tuple(dict.fromkeys(numbers)))
        for span, numbers in zip(spans, mine, strict=True)
        if any(each.isalnum() for each in span.of(clean))
    ]
    return clean, statements


_RULE = re.compile(r"\n[ \t]*\|?[ \t]*:?-{2,}[-:| \t]*(?=\n|$)")


def is_row(statement: str) -> bool:
    """Whether a statement is the row of a table, as `parse` cuts it: without its outer bars."""
    return " | " in statement


def _said(clean: str) -> list[Span]:
    """The sentences of an answer; of a table its rows, without outer bars, heading and rule."""
    spans = []
    for span in sentences(clean):
        text = span.of(clean)
        line_end = clean.find("\n", span.start)
        heads = "|" in text and line_end >= 0 and bool(_RULE.match(clean, line_end))
        if heads or not any(each.isalnum() for each in text):
            continue
        bare = text.strip("| \t") if text[0] == "|" or text[-1] == "|" else text
        start = span.start + text.index(bare)
        spans.append(Span(start, start + len(bare)))
    return spans


def phrase(answer: str) -> tuple[str, list[Statement]]:
    """As `parse`, for an answer in a few words: its first line is one statement."""
    clean, statements = parse(answer.strip().partition("\n")[0])
    clean = clean.strip()
    markers = tuple(dict.fromkeys(n for each in statements for n in each.markers))
    return clean, [Statement(clean, Span(0, len(clean)), markers)] if statements else []


def written(
    clean: str, statements: Sequence[Statement], claims: Sequence[Claim], *, drop: bool = False
) -> str:
    """The answer's text with the verified markers in place of the model's.

    drop  leave out what is not supported
    """
    text = ""
    here = 0
    left_out = False
    for statement, claim in zip(statements, claims, strict=True):
        before = clean[here : statement.span.start]
        here = statement.span.end
        # Between two that stay, there is the space before what was left out, and no second one.
        text += "" if left_out and not before.strip() else before
        left_out = drop and not claim.supported
        if left_out:
            continue
        text += clean[statement.span.start : here]
        numbers = dict.fromkeys(citation.number for citation in claim.citations)
        text += "".join(f" [{n}]" for n in numbers) if claim.supported else ""
    return (text + clean[here:]).strip()


def apart(
    clean: str, statements: Sequence[Statement], claims: Sequence[Claim]
) -> tuple[str, list[Statement]]:
    """The text with each statement that is not supported, and joins two by ", and", as two.

    "A leads the mill, and B left it.": what stands of it can stand alone.
    """
    text = ""
    here = 0
    for statement, claim in zip(statements, claims, strict=True):
        halves = [] if claim.supported else _JOINED.split(statement.text, maxsplit=1)
        if len(halves) < 2 or min(len(each.split()) for each in halves) < _FEWEST_WORDS:
            continue
        text += clean[here : statement.span.start]
        here = statement.span.end
        text += f"{halves[0]}. {halves[1][0].upper()}{halves[1][1:]}"
    return parse(text + clean[here:])


def trimmed(
    clean: str, statements: Sequence[Statement], claims: Sequence[Claim]
) -> tuple[str, list[Statement]]:
    """The text without the last ", ..." of each statement that is not supported.

    "Both mills are in Voss, one of them in the north": what a small model adds of its own, it adds
    behind a comma, and what stands before it can stand alone.
    """
    text = ""
    here = 0
    for statement, claim in zip(statements, claims, strict=True):
        head, comma, _ = statement.text.rpartition(", ")
        if claim.supported or not comma or len(head.split()) < _FEWEST_KEPT:
            continue
        text += clean[here : statement.span.start] + f"{head}."
        here = statement.span.end
    return parse(text + clean[here:])


def to_the_point(
    parts: Sequence[str], clean: str, statements: Sequence[Statement]
) -> tuple[str, list[Statement]]:
    """Leaves out later sentences that speak of little that was asked.

    A small model that has answered sometimes goes on copying passages. A sentence stays that has
    of the words of one part of the question a fair share of what the best sentence has; that
    goes on from the one before it: a list item, "It ..."; or that stands between two that stay.
    Of a question of several parts as many as it has stay: an answer to "how long till it pays for
    itself" may have no word of it.

    parts  the question, and its parts where it asks several things (`rag.plan.searches`)
    """
    asked = [words for words in map(frozenset, map(terms, parts)) if words]
    said = [frozenset(terms(each.text)) for each in statements]
    speaks = [False] * len(said)
    for words in asked:
        shared = [len(words & each) for each in said]
        least = _FAIR_SHARE * max(shared, default=0)
        speaks = [on or n >= least > 0 for on, n in zip(speaks, shared, strict=True)]
    if True not in speaks:
        return clean, list(statements)
    stays: list[bool] = []
    several = len(parts) - 1  # 0 for a question of one part
    first, staying = max(speaks.index(True), several - 1), True
    for at, statement in enumerate(statements):
        follows = staying and (
            goes_on(statement.text) or is_item(statement.text) or is_row(statement.text)
        )
        staying = at <= first or speaks[at] or follows
        stays.append(staying)
    between = [
        on or (0 < at < len(stays) - 1 and stays[at - 1] and stays[at + 1])
        for at, on in enumerate(stays)
    ]
    return only(clean, statements, between)


def once(clean: str, statements: Sequence[Statement]) -> tuple[str, list[Statement]]:
    """Leaves out what was said before in the same words: a small model repeats itself."""
    said: set[str] = set()
    stays = []
    for each in statements:
        words = " ".join(each.text.split()).casefold()
        stays.append(words not in said)
        said.add(words)
    return only(clean, statements, stays)


def only(
    clean: str, statements: Sequence[Statement], stays: Sequence[bool]
) -> tuple[str, list[Statement]]:
    """The text without the statements that do not stay, and the others with their new places."""
    if all(stays):
        return clean, list(statements)
    text, here = "", 0
    kept: list[Statement] = []
    for statement, staying in zip(statements, stays, strict=True):
        if staying:
            text += clean[here : statement.span.start]
            span = Span(len(text), len(text) + len(statement.text))
            text += statement.text
            kept.append(Statement(statement.text, span, statement.markers))
        here = statement.span.end
    return text, kept
