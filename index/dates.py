"""When an article was published and who wrote it, as its own byline says.

Pure functions on text. Only a line that *is* a byline counts, never a date inside a sentence,
and a date that can be read two ways (03/04/2026) or lacks its year (06/18) stays unknown.
"""

from __future__ import annotations

import datetime as dt
import itertools
import re
from email.utils import parsedate_to_datetime
from typing import NamedTuple

__all__ = [
    "find_author",
    "find_date",
    "find_source",
    "is_byline",
    "is_iso",
    "is_name",
    "mentioned",
    "normalise",
    "residue",
]

_HEAD_LINES = 15
_LINE = 120
_PROSE_WORDS = 25

_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
# Flattened pages glue words together ("12 viewsUpdatedMay 2, 2031"), so a capital after a
# small letter starts a word too.
_START = r"(?:(?<![^\W_])|(?<=[a-z])(?=[A-Z]))"
_MONTH = (
    r"(?P<name>(?i:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?))(?![a-z])\.?"
)
_DAY = r"(?P<d>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<y>\d{4})(?!\d)"
_DATES = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?<!\d)(?P<y>\d{4})(?P<sep>[-/.])(?P<m>\d{1,2})(?P=sep)(?P<d>\d{1,2})(?!\d)",
        r"(?<!\d)(?P<y>\d{4})\s*年\s*(?P<m>\d{1,2})\s*月(?:\s*(?P<d>\d{1,2})\s*日)?",
        _START + _MONTH + r"\s+" + _DAY + r"(?:,\s*|\s+)" + _YEAR,
        r"(?<!\d)" + _DAY + r"[\s.\-/]+(?:of\s+)?" + _MONTH + r"[\s,\-/]+" + _YEAR,
        r"(?<!\d)(?P<d>\d{1,2})\.\s?(?P<m>\d{1,2})\.\s?" + _YEAR,
        r"(?<!\d)(?P<a>\d{1,2})(?P<sep>[-/])(?P<b>\d{1,2})(?P=sep)" + _YEAR,
        _START + _MONTH + r",?\s+" + _YEAR,
        r"(?<!\d)(?P<y>\d{4})-(?P<m>\d{2})(?!\d|-\d)",
    )
)
_EXACT = re.compile(r"(\d{4})(?:-?(\d{2})-?(\d{2})(?=$|[T\s])|$)")
_PARTIAL = re.compile(
    r"(?<![\d/.,-])\d{1,2}/\d{1,2}(?![\d/.,-])"
    rf"|{_START}{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?(?!\d)"
    rf"|(?<!\d)\d{{1,2}}(?:st|nd|rd|th)?\s+{_MONTH.replace('?P<name>', '?:')}"
)
_NEW = r"(?:first\s+)?(?:published|posted|released|created|date|datum)"
_CHANGED = r"(?:last\s+)?(?:updated?|modified|edited|revised)"
_LABEL = re.compile(
    rf"(?i:(?P<new>{_NEW})|(?P<changed>{_CHANGED}))(?i:\s+(?:on|at))?(?=[\W\dA-Z]|$)"
)
_NOISE = re.compile(
    r"(?i:\d+\s*-?\s*min(?:ute)?s?\.?\s+(?:read|watch|listen)(?:ing)?(?:\s+time)?"
    r"|read(?:ing)?\s+time\s*:?\s*\d+\s*min(?:ute)?s?"
    r"|\d[\d.,]*\s*[km]?\+?\s*(?:views?|shares?|likes?|comments?|reads?|reactions?|claps?|replies)"
    r"|(?:just\s+now|\d+\s+(?:minute|hour|day|week|month|year)s?\s+ago)"
    r"|(?:at\s+)?\d{1,2}:\d{2}(?::\d{2})?(?:\s*[ap]\.?m\.?)?)(?:\s*(?:[A-Z]{1,4}T|UTC|GMT)\b)?"
    r"|(?:at\s+)?\b\d{1,2}\s*(?i:[ap]\.?m\b\.?)(?:\s*(?:[A-Z]{1,4}T|UTC|GMT)\b)?"
    r"|(?i:\b(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\b\.?)"
)
_SEPARATOR = re.compile(r"\s*[|·•—–,/]\s*|\s+-\s+")
_SEGMENT = re.compile(r"\s*[|·•—–/]\s*|\s+-\s+")
_PARTICLE = r"(?:de|da|di|del|van|von|der|den|la|le|al|el|bin|ibn|dos|du|ter|y)"
_NAME = re.compile(rf"[A-Z][^\W\d_]*\.?(?:(?:[ -]|['’])(?:{_PARTICLE}\b|[A-Z][^\W\d_]*\.?)){{1,4}}")
_PUBLISHER = re.compile(
    r"(?=.*\b(?:News|Times|Post|Journal|Daily|Weekly|Press|Magazine|Review|Herald|Tribune|Gazette"
    r"|Wire|Media|Radio|Chronicle|Observer|Guardian|Telegraph|Bulletin)\b)"
    r"(?:[A-Z][\w'’&.-]*)(?:\s+(?:[A-Z][\w'’&.-]*|of|and|&)){0,4}"
)
_NO_NAME = re.compile(
    r"(?i:\b(?:an?|and|all|any|are|at|by|for|from|how|in|is|it|my|new|news|no|not|of|on|our|out"
    r"|read|related|share|that|the|this|to|top|we|what|when|why|with|your?)\b)"
)
_NAMES_ONLY = re.compile(r"(?:(?:by|By|and|for|of|&|[|·•—–/-]|[^\W\d_a-z][^\s]*)(?:\s+|$)){1,8}")
_BY = re.compile(r"(?i:(?:(?:written|posted|published|reported)\s+)?by\b|authors?\s*:)\s*:?\s*")


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
    if (found := _first(text)) is not None and not residue(text):
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
    while (first := _first(text[at:])) is not None:
        found += [match[0] for match in _YEAR_ALONE.finditer(text, at, at + first.start)]
        found += [first.iso] if first.iso else []
        at += max(first.end, 1)
    return found + [match[0] for match in _YEAR_ALONE.finditer(text, at)]


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


def find_date(text: str) -> str | None:
    """The publication date that the text states near its top or on a labelled line, as ISO 8601.

    "Published" wins over a bare date, a bare date over "Updated"; None if there is none.
    """
    best: tuple[tuple[int, int], str] | None = None
    prose = 0
    for number, line in enumerate(line.strip() for line in text.splitlines() if line.strip()):
        head = number < _HEAD_LINES and prose < 2
        if head and len(line.split()) >= _PROSE_WORDS:
            prose += 1
        elif (head or _LABEL.match(line)) and (dated := _dated(line, number, prose)):
            rank = (dated[0] if head else dated[0] + 3, number)
            if best is None or rank < best[0]:
                best = (rank, dated[1])
    return best[1] if best else None


def find_author(text: str) -> str | None:
    """The author that a byline near the top names ("By Jane Doe"), or None.

    A name flattened onto itself ("Jane DoeJane Doe", a picture's label and the link under it)
    counts as a byline too.
    """
    lines = [line.strip() for line in text.splitlines()[:80] if line.strip()]
    prose = 0
    for number, line in enumerate(lines[:_HEAD_LINES]):
        if len(line.split()) >= _PROSE_WORDS:
            prose += 1
        if prose > 1:
            break
        if len(line) > _LINE:
            continue
        if twice := _doubled(line):
            return twice
        if (by := _BY.match(line)) and (number or "author" in by[0].lower()):
            names = _names(_strip_marks(residue(line[by.end() :])))
            names = list(itertools.takewhile(is_name, names))
            if names:
                return " and ".join(names)
    return None


def find_source(text: str) -> str | None:
    """The publisher that a line of its own names between title and date ("Example Times").

    None without a word that only publishers carry: two capitalised words may be a person.
    """
    lines = [line.strip() for line in text.splitlines()[:80] if line.strip()][:_HEAD_LINES]
    for line, below in itertools.pairwise(lines[1:]):
        if _PUBLISHER.fullmatch(line) and (is_byline(below) or _dated(below, 1, 0)):
            return line
    return None


def is_name(text: str) -> bool:
    """Whether a line could be a person's name: two to five capitalised words."""
    return bool(_NAME.fullmatch(text)) and not _NO_NAME.search(text)


def is_byline(line: str) -> bool:
    """Whether a line is nothing but date, time, reading time, counts or a byline."""
    if len(line) > _LINE or not any(ch.isalnum() for ch in line):
        return False
    if _doubled(line):
        return True
    left = residue(line)
    if not left:
        return any(ch.isdigit() for ch in line)
    by = _BY.match(left)
    return by is not None and all(map(is_name, _names(left[by.end() :]) or [""]))


def residue(line: str) -> str:
    """What is left of a line without dates, times, labels, reading time and counts."""
    for pattern in (*_DATES, _PARTIAL, _NOISE):
        line = pattern.sub(" | ", line)
    line = re.sub(r"\b(?:[Oo]n|[Aa]t)\s+(?=\|)", "", _LABEL.sub(" | ", line))
    return re.sub(r"^[\W_]+|[\W_]+$", "", line)


class _Found(NamedTuple):
    iso: str | None
    start: int
    end: int


def _first(text: str) -> _Found | None:
    matches = [match for pattern in _DATES if (match := pattern.search(text))]
    if not matches:
        return None
    match = min(matches, key=lambda match: (match.start(), -match.end()))
    part = match.groupdict()
    year = int(part["y"])
    day = int(part["d"]) if part.get("d") else None
    if part.get("name"):
        return _Found(_iso(year, _MONTHS[part["name"][:3].lower()], day), *match.span())
    if part.get("m"):
        return _Found(_iso(year, int(part["m"]), day), *match.span())
    a, b = int(part["a"]), int(part["b"])
    readings = {iso for iso in (_iso(year, a, b), _iso(year, b, a)) if iso}
    return _Found(readings.pop() if len(readings) == 1 else None, *match.span())


def _iso(year: int, month: int | None = None, day: int | None = None) -> str | None:
    try:
        whole = dt.date(year, 1 if month is None else month, 1 if day is None else day)
    except ValueError:
        return None
    if not 1400 <= year <= 2200:
        return None
    return whole.isoformat()[: 4 if month is None else 7 if day is None else 10]


def _dated(line: str, number: int, prose: int) -> tuple[int, str] | None:
    """Rank (0 published, 1 bare, 2 updated) and date of a byline, or None if it is not one."""
    line = _strip_marks(line)
    if len(line) > _LINE or (found := _first(line)) is None or found.iso is None:
        return None
    labels = list(_LABEL.finditer(line, 0, found.start))
    left = residue(line)
    by = _BY.match(left)
    others = f"{line[: found.start]}…{line[found.end :]}"
    if left:
        # "The Crash of October 29, 1929" is a title, "Example Times, 29 October 2029" a byline.
        if not by and not (number and not prose and _SEPARATOR.search(others)):
            return None
        if not _NAMES_ONLY.fullmatch(left) or (not labels and len(found.iso) < 10):
            return None
    return (1 if not labels else 0 if labels[-1]["new"] else 2), found.iso


def _names(text: str) -> list[str]:
    """The parts of "Jane Doe, Li Wei and Ana Ruiz | Example Times" before the publisher."""
    first = _SEGMENT.split(text)[0]
    return [part for part in re.split(r"\s*,\s*(?:and\s+)?|\s+(?:and|&)\s+", first) if part]


def _strip_marks(line: str) -> str:
    return line.strip("*_#>~` \t()[]")


def _doubled(line: str) -> str | None:
    """The name that a line holds twice, as flattened bylines do, or None."""
    half = len(line) // 2
    first, second = line[:half].strip(), line[half:].strip()
    return first if first == second and is_name(first) else None
