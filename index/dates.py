"""Dates as people and programs write them → ISO 8601, in English, German and French. Pure.

A date that can be read two ways (03/04/2026) or lacks its year (06/18) is none.
"""

from __future__ import annotations

import datetime as dt
import re
from email.utils import parsedate_to_datetime
from typing import NamedTuple

__all__ = [
    "LABEL",
    "Found",
    "first_date",
    "in_words",
    "is_iso",
    "mentioned",
    "normalise",
    "residue",
]

_MONTHS = {
    prefix: number
    for number, prefixes in enumerate(
        (
            "jan jän", "feb fév fev", "mar mär maer", "apr avr", "may mai", "jun juin",
            "jul juil", "aug aoû aou", "sep", "oct okt", "nov", "dec dez déc",
        ),
        1,
    )
    for prefix in prefixes.split()
}  # fmt: skip
_ENGLISH = (
    "January February March April May June July August September October November December".split()
)
# Flattened pages glue words together ("12 viewsUpdatedMay 2, 2031"), so a capital after a
# small letter starts a word too.
_START = r"(?:(?<![^\W_])|(?<=[a-z])(?=[A-Z]))"
_MONTH = (
    r"(?P<name>(?i:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
    r"|jan(?:uar|v(?:ier)?)|jänner|februar|f[ée]vr(?:ier)?|märz?|maerz|mars|avr(?:il)?|mai|juin"
    r"|juil(?:let)?|jun[io]|juli|ao[uû]t|septembre|o[kc]t(?:ober|obre)?|novembre|de[zc](?:ember)?"
    r"|déc(?:embre)?))(?![a-zà-ÿ])\.?"
)
_DAY = r"(?P<d>\d{1,2})(?:st|nd|rd|th|er)?"
_TIME = r"(?:T\d\d:?\d\d(?::?\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?"
_YEAR = r"(?P<y>\d{4})(?!\d)"
_DATES = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?<!\d)(?P<y>\d{4})(?P<sep>[-/.])(?P<m>\d{1,2})(?P=sep)(?P<d>\d{1,2})(?!\d)" + _TIME,
        r"(?<!\d)(?P<y>\d{4})\s*年\s*(?P<m>\d{1,2})\s*月(?:\s*(?P<d>\d{1,2})\s*日)?",
        _START + _MONTH + r"\s+" + _DAY + r"(?:,\s*|\s+)" + _YEAR,
        r"(?<!\d)" + _DAY + r"[\s.\-/]+(?:of\s+)?" + _MONTH + r"[\s,\-/]+" + _YEAR,
        r"(?<!\d)(?P<d>\d{1,2})\.\s?(?P<m>\d{1,2})\.\s?" + _YEAR,
        r"(?<!\d)(?P<a>\d{1,2})(?P<sep>[-/])(?P<b>\d{1,2})(?P=sep)" + _YEAR,
        _START + r"(?!(?i:mars)\b)" + _MONTH + r",?\s+" + _YEAR,  # "Mars 2026" may be a voyage
        r"(?<!\d)(?P<y>\d{4})-(?P<m>\d{2})(?!\d|-\d)",
    )
)
_EXACT = re.compile(r"(\d{4})(?:-?(\d{2})-?(\d{2})(?=$|[T\s])|$)")
_PARTIAL = re.compile(
    r"(?<![\d/.,-])\d{1,2}/\d{1,2}(?![\d/.,-])"
    rf"|{_START}{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?(?!\d)"
    rf"|(?<!\d)\d{{1,2}}(?:st|nd|rd|th)?\s+{_MONTH.replace('?P<name>', '?:')}"
)
_NEW = (
    r"(?:(?:first\s+)?(?:published|posted|released|created|issued|asked|answered)"
    r"|date\s+of\s+(?:the\s+)?(?:report|issue|publication|letter|meeting|document|minutes|signing)"
    r"|(?:(?:start|report|issue|publication|effective|meeting)\s+)?dated?|datum"
    r"|veröffentlicht|erschienen|publiée?|parue?|mise?\s+en\s+ligne)"
)
_CHANGED = (
    r"(?:(?:last\s+|zuletzt\s+)?(?:updated?|modified|edited|revised|aktualisiert|geändert|stand)"
    r"|mise?\s+à\s+jour|modifiée?)"
)
LABEL = re.compile(
    rf"(?i:(?P<new>{_NEW})|(?P<changed>{_CHANGED}))(?i:\s+(?:on|at|am|le))?(?=[\W\dA-Z]|$)"
)
_NOISE = re.compile(
    r"(?i:\d+\s*-?\s*min(?:ute)?s?\.?\s+(?:read|watch|listen)(?:ing)?(?:\s+time)?"
    r"|(?:read(?:ing)?\s+time|lesezeit|temps\s+de\s+lecture)\s*:?\s*\d+\s*min(?:ute)?[sn]?\.?"
    r"|\d+\s*min(?:ute)?[sn]?\.?\s+(?:lesezeit|de\s+lecture)"
    r"|(?:viewed\s+)?\d[\d.,]*\s*[km]?\+?\s*"
    r"(?:views?|times|shares?|likes?|comments?|reads?|reactions?|claps?|replies|ratings?)"
    r"|(?:just\s+now|\b(?:today|yesterday|heute|gestern)\b|\d+\s+(?:minute|hour|day|week|month|year)s?\s+ago)"
    r"|(?:vor|il\s+y\s+a)\s+\d+\s+(?:minute|stunde|tag|woche|monat|jahr|heure|jour|semaine|mois|an)"
    r"(?:e?[ns])?"
    r"|(?:(?:at|um|à)\s+)?\d{1,2}(?::\d{2}(?::\d{2})?|h(?:\d{2})?\b|\.\d{2}(?=\s*(?:uhr|gmt|bst|cet)))"
    r"(?:\s*(?:[ap]\.?m\.?|uhr))?)(?:\s*(?:[A-Z]{1,4}T|UTC|GMT)\b)?"
    r"|(?:at\s+)?\b\d{1,2}\s*(?i:[ap]\.?m\b\.?)(?:\s*(?:[A-Z]{1,4}T|UTC|GMT)\b)?"
    r"|(?i:\b(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\b\.?)"
    r"|(?i:\b(?:mon|diens|donners|frei|sams|sonn)tag\b|\bmittwoch\b"
    r"|\b(?:lun|mar|mercre|jeu|vendre|same)di\b|\bdimanche\b)"
)


def normalise(value: object) -> str | None:
    """A date written by a program or a person as ISO 8601, to the day, month or year.

    Takes dates, datetimes, years, ISO and RFC 2822 strings and the usual English forms;
    None for everything else, for impossible dates and for those with two readings.
    """
    if isinstance(value, dt.date):
        return value.isoformat()[:10]
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return None
    text = str(value).strip()[:200]
    if match := _EXACT.match(text):
        return _iso(*(int(part) for part in match.groups() if part))
    if (found := first_date(text)) is not None and not residue(text):
        return found.iso
    try:
        return parsedate_to_datetime(text).date().isoformat()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


_YEAR_ALONE = re.compile(r"(?<![\d.,$€£#-])(?:19|20)\d{2}(?![\d%]|[.,-]\d)")


def mentioned(text: str) -> list[str]:
    """The dates written anywhere in a text as ISO 8601, to the day, month or year, in order.

    Those with two readings are left out.
    """
    found = []
    at = 0
    while (first := first_date(text[at:])) is not None:
        found += [match[0] for match in _YEAR_ALONE.finditer(text, at, at + first.start)]
        found += [first.iso] if first.iso else []
        at += max(first.end, 1)
    return found + [match[0] for match in _YEAR_ALONE.finditer(text, at)]


def in_words(iso: str) -> str:
    """A day, month or year as a reader writes it: "16 March 2026"; what is none, as it is."""
    if not is_iso(iso):
        return iso
    year, month, day = (*iso.split("-"), "", "")[:3]
    month = _ENGLISH[int(month) - 1] if month else ""
    return " ".join(part for part in (day.lstrip("0"), month, year) if part)


def is_iso(text: str) -> bool:
    """Whether `text` is a day (2026-03-01), a month (2026-03) or a year that there is."""
    parts = re.fullmatch(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", text, re.ASCII)
    if parts is None:
        return False
    try:
        dt.date(int(parts[1]), int(parts[2] or 1), int(parts[3] or 1))
    except ValueError:
        return False
    return True


def residue(line: str) -> str:
    """What is left of a line without dates, times, labels, reading time and counts."""
    for pattern in (*_DATES, _PARTIAL, _NOISE):
        line = pattern.sub(" | ", line)
    line = re.sub(r"\b(?:[Oo]n|[Aa][tm]|[Uu]m|[Ll]e)\s+(?=\|)", "", LABEL.sub(" | ", line))
    return re.sub(r"^[\W_]+|[\W_]+$", "", line)


class Found(NamedTuple):
    """Where a date stands; `iso` is None where it can be read two ways, or there is none."""

    iso: str | None
    start: int
    end: int


def first_date(text: str) -> Found | None:
    """The first date in a text."""
    matches = [match for pattern in _DATES if (match := pattern.search(text))]
    if not matches:
        return None
    match = min(matches, key=lambda match: (match.start(), -match.end()))
    part = match.groupdict()
    year = int(part["y"])
    day = int(part["d"]) if part.get("d") else None
    if part.get("name"):
        return Found(_iso(year, _month(part["name"].lower()), day), *match.span())
    if part.get("m"):
        return Found(_iso(year, int(part["m"]), day), *match.span())
    a, b = int(part["a"]), int(part["b"])
    readings = {iso for iso in (_iso(year, a, b), _iso(year, b, a)) if iso}
    return Found(readings.pop() if len(readings) == 1 else None, *match.span())


def _month(name: str) -> int:
    return next(number for prefix, number in _MONTHS.items() if name.startswith(prefix))


def _iso(year: int, month: int | None = None, day: int | None = None) -> str | None:
    try:
        whole = dt.date(year, 1 if month is None else month, 1 if day is None else day)
    except ValueError:
        return None
    if not 1400 <= year <= 2200:
        return None
    return whole.isoformat()[: 4 if month is None else 7 if day is None else 10]
