"""The figures of a sentence and what they count: sums, shares, counts, days. Pure, English.

Two figures say something else only where both are of one kind ("$3" and "$4", "60 cars" and "85
cars") and neither is a rounding of the other. What a figure was before ("from 3 to 4 crowns") and
by how much it changed ("rose by 5 percent") are no levels, and are told apart.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from index.dates import first_date
from rag.terms import terms

__all__ = ["Day", "Quantity", "days", "differ", "quantities"]

_Kind = Literal["money", "share", "time", "version", "count", "change"]

_SCALE = {
    "hundred": 1e2, "thousand": 1e3, "k": 1e3, "million": 1e6, "mn": 1e6, "m": 1e6,
    "billion": 1e9, "bn": 1e9, "b": 1e9, "trillion": 1e12,
}  # fmt: skip
_WORDS = "two three four five six seven eight nine ten eleven twelve".split()
_VALUE = {word: float(n) for n, word in enumerate(_WORDS, start=2)}
_FIGURE = re.compile(
    r"(?P<sign>[$€£¥]\s?)?"
    rf"(?<![\w.,])(?P<n>\d+(?:[.,]\d+)*|\b(?:{'|'.join(_WORDS)})\b)"
    r"(?:[\s-]?(?P<scale>hundred|thousand|million|billion|trillion|bn|mn)\b|(?P<short>[kmb])\b)?"
    r"(?P<share>\s?%|\s+per\s?cent\b)?"
    r"(?P<time>\s?[ap]\.?m\b\.?)?"
    r"(?:\s+(?P<coin>dollars?|euros?|pounds?|crowns?|kroner|kronor|francs?|yen|yuan|rupees?"
    r"|pesos?|cents?)\b)?",
    re.IGNORECASE,
)
_COINS = {"$": "dollar", "€": "euro", "£": "pound", "¥": "yen"}
_ABOUT = re.compile(
    r"\b(?:about|around|some|nearly|almost|roughly|approximately|close to|an estimated|estimated"
    r"|up to|more than|over|at least|at most|less than|fewer than|under|as many as)\s*$",
    re.IGNORECASE,
)
_AT_LEAST = re.compile(r"\b(?:more than|over|at least)\s*$", re.IGNORECASE)
_BEFORE = re.compile(
    r"\b(?:instead of|rather than|compared (?:with|to)|previously|formerly|originally|earlier|once"
    r"|up from|down from|not)\s+(?:the\s+)?$",
    re.IGNORECASE,
)
_BY = re.compile(
    r"\b(?:by|rose|rises|fell|falls|grew|up|down|another|an extra|increased|decreased|gained"
    r"|lost)\s+"
    r"(?:(?:about|nearly|almost|some|more than|over|around)\s+)?$",
    re.IGNORECASE,
)
_FROM = re.compile(r"\bfrom\s+(?:the\s+)?$", re.IGNORECASE)
_VERSION = re.compile(r"\b(?:version|release)\b", re.IGNORECASE)
_NEAR = 24
"""Characters before a figure in which what is said of it stands."""
_ROUNDED, _MORE = 0.1, 0.25
"""The share by which a rounded figure, and one that is "at least" so much, may be off."""

_PEOPLE = frozenset(terms("people person worker employee staff men women inhabitant resident"))

Day = tuple[int, int | None, int | None]
"""Year (0 where it is not given), month, day."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A figure in a sentence.

    kind   "money", "share", "time", "version", "count", or "change" for what it changed by
    unit   the words that say what is counted; a currency
    about  how far off it may be, as a share of it
    past   it is told as what held before
    """

    kind: _Kind
    value: float
    unit: frozenset[str]
    about: float = 0.0
    past: bool = False

    def comparable(self, other: Quantity) -> bool:
        """Whether both figure the same kind of thing."""
        if self.kind != other.kind:
            return False
        if self.kind == "count":
            return bool(self.unit & other.unit)
        return self.unit == other.unit


def differ(one: Quantity, other: Quantity) -> bool:
    """Whether two comparable figures cannot both be true, roundings aside."""
    room = max(one.about, other.about, 0.005) * max(abs(one.value), abs(other.value))
    return abs(one.value - other.value) > room


def quantities(text: str) -> list[Quantity]:
    """The figures of a sentence, but for its days and for numbers that belong to a name."""
    plain = _without_days(text)
    found = []
    for match in _FIGURE.finditer(plain):
        before = plain[: match.start()]
        value = _number(match)
        if value is None:
            continue
        after = plain[match.end() :]
        named = _kind(match, after, plain)
        if named is None:
            continue
        kind, unit = named
        near = before[-_NEAR:]
        past = bool(_BEFORE.search(near))
        if _FROM.search(near) and re.search(r"\bto\b", after):
            past = True
        elif kind in ("money", "share", "count") and _BY.search(near):
            kind = "change"
        about = _MORE if _AT_LEAST.search(near) else _ROUNDED if _ABOUT.search(near) else 0.0
        found.append(Quantity(kind, value, unit, about, past))
    return found


def _kind(match: re.Match[str], after: str, text: str) -> tuple[_Kind, frozenset[str]] | None:
    if match["sign"] or match["coin"]:
        coin = _COINS[match["sign"].strip()] if match["sign"] else terms(match["coin"])[0]
        return "money", frozenset({coin})
    if match["share"]:
        return "share", frozenset()
    if match["time"]:
        return "time", frozenset()
    if _VERSION.search(text) and re.fullmatch(r"\d+(?:\.\d+)+", match["n"]):
        return "version", frozenset()
    counted = _counted(after)
    if not counted:
        return None
    return "count", counted


def _counted(after: str) -> frozenset[str]:
    """The words right after a figure that say what is counted, one or two of them."""
    match = re.match(r"[\s-]+([a-z][\w'’-]*)(?:\s+([a-z][\w'’-]*))?", after)
    if not match:
        return frozenset()
    first = terms(match[1])
    if not first:
        return frozenset()
    words = frozenset(first + (terms(match[2]) if match[2] else []))
    return words | {"people"} if words & _PEOPLE else words


def _number(match: re.Match[str]) -> float | None:
    written = match["n"].lower()
    if written in _VALUE:
        value = _VALUE[written]
    else:
        try:
            value = float(written.replace(",", ""))
        except ValueError:  # "1.2.3", and "1.000.000" as it is written elsewhere
            return None
    if match["time"] and match["time"].strip().lower().startswith("p"):
        value += 12.0
    scale = match["scale"] or match["short"]
    return value * _SCALE[scale.lower()] if scale else value


_MONTH = {
    name: number
    for number, name in enumerate(
        "jan feb mar apr may jun jul aug sep oct nov dec".split(), start=1
    )
}
_NAMED_MONTH = (
    r"(?P<month>January|February|March|April|May|June|July|August|September|October|November"
    r"|December)"
)
_PARTIAL = re.compile(
    rf"\b(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?{_NAMED_MONTH}\b"
    rf"|\b{_NAMED_MONTH.replace('month', 'named')}(?:\s+(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?\b)?"
)
_YEAR = re.compile(r"(?<![\d.,$€£-])(?:1[5-9]|20)\d\d(?![\d%]|[.,]\d)(?!\s+[a-z]+s\b)")


def days(text: str) -> list[Day]:
    """The days, months and years that a sentence names, with or without their year."""
    dates, rest = _dates(text)
    found: list[Day] = []
    for iso in dates:
        year, month, day = (*map(int, iso.split("-")), None, None)[:3]
        found.append((year or 0, month, day))
    for match in _PARTIAL.finditer(rest):
        name = match["month"] or match["named"]
        of_month = match["d1"] or match["d2"]
        found.append((0, _MONTH[name[:3].lower()], int(of_month) if of_month else None))
    found += [(int(match[0]), None, None) for match in _YEAR.finditer(_PARTIAL.sub(" | ", rest))]
    return found


def _without_days(text: str) -> str:
    return _YEAR.sub(" | ", _PARTIAL.sub(" | ", _dates(text)[1]))


def _dates(text: str) -> tuple[list[str], str]:
    """The whole dates in a text, as ISO 8601, and the text without them."""
    found = []
    while (first := first_date(text)) is not None:
        if first.iso:
            found.append(first.iso)
        text = text[: first.start] + " | " + text[max(first.end, first.start + 1) :]
    return found, text
