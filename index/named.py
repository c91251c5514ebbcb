"""What a question says of the article itself: its source, its author, its date. Pure, English.

"What did the Example Times report about Varn in March 2029?" names a source and a month: articles
that fit are lifted, and others still found, because a name in a question may as well be its topic.
A question that names no time is mostly about what holds now, so that newer articles are lifted.
"""

from __future__ import annotations

import bisect
import calendar
import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from index.dates import mentioned

__all__ = ["About", "Asked", "Known", "Names", "fit", "freshness", "of_now", "period", "spanned"]

_WORD = re.compile(r"[^\W_]+(?:['’.-][^\W_]+)*")
_CUES = frozenset("by from per in at of to does did do has".split())
_JOINED = re.compile(r"\s*[,;&/|]\s*|\s+(?:and|und|et|y)\s+")
_DOMAIN = re.compile(r"(?:www\.)?([\w-]{2,})\.(?:com|org|net|co\.uk|de|fr|eu|info|io|news)")
_LONGEST = 6
_NEAR_DAYS = 7
_FRESH_DAYS = 60.0
_PAST = dt.timedelta(14)
_OF_NOW = 3.0
"""How much more it matters that an article is new where a question speaks of now."""
_NEAR = 0.5
"""What an article that came out within a week after a named day has of one of that day."""


Days = tuple[dt.date, dt.date]
"""The first and the last day of a date: "2024" is all of that year."""


@dataclass(frozen=True, slots=True)
class About:
    """What is known of a document; date as ISO 8601, possibly only a year or a month."""

    author: str | None
    source: str | None
    date: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question says of the documents themselves.

    named  those whose source, author or date it names: how well they fit, in (0, 1]
    fresh  how much it matters that a document is new: 0 where it asks about a time in the past
    """

    named: Mapping[int, float]
    fresh: float
    _dated: Mapping[int, Days]
    _reference: dt.date | None
    _undated: float = 0.0

    def gain(self, document: int, *, named: float, recent: float) -> float:
        """What a document gains, by the weights of being named and of being the newest."""
        gain = named * self.named.get(document, 0.0)
        if self._reference and recent * self.fresh > 0.0:
            days = self._dated.get(document)
            new = freshness(days, self._reference) if days else self._undated
            gain += recent * self.fresh * new
        return gain


class Known:
    """What is known of all documents of a library."""

    def __init__(self, about: Mapping[int, About]) -> None:
        self._names = Names(about)
        # Dates repeat, so they are read once each: a library has thousands of documents, and every
        # question looks at them.
        self._of: defaultdict[Days, list[int]] = defaultdict(list)
        days: dict[str, Days] = {}
        for number, each in about.items():
            if each.date:
                if each.date not in days:
                    days[each.date] = spanned(each.date)
                self._of[days[each.date]].append(number)
        self._dated = {number: span for span, numbers in self._of.items() for number in numbers}
        self._days = sorted(last for _, last in self._dated.values())
        self._every_dated = len(self._dated) == len(about)
        self._count = len(about)

    def __len__(self) -> int:
        """Of how many documents something is known."""
        return self._count

    def asked(self, question: str, today: dt.date | None = None) -> Asked:
        """today: what "last week" counts from; None: nothing."""
        named = self._names.of(question)
        days = period(question, today)
        if days is not None:
            for span, numbers in self._of.items():
                if (share := fit(span, days)) > 0.0:
                    for number in numbers:
                        named[number] = max(named.get(number, 0.0), share)
        # What counts as new is new in this library: in an archive, years may have passed since.
        until = len(self._days) if today is None else bisect.bisect_right(self._days, today)
        reference = self._days[until - 1] if until else None
        past = days is not None and reference is not None and days[1] < reference - _PAST
        fresh = 0.0 if past else _OF_NOW if of_now(question) else 1.0
        undated = self._usual(reference) if reference and fresh and not self._every_dated else 0.0
        return Asked(named, fresh, self._dated, reference, undated)

    def _usual(self, reference: dt.date) -> float:
        """How new the dated documents are on average: what one without a date may be.

        With nothing for it, the one article of a folder that has a date would be read first,
        whatever is asked.
        """
        ages = ((freshness(days, reference), len(numbers)) for days, numbers in self._of.items())
        return sum(new * count for new, count in ages) / len(self._dated)


class Names:
    """The sources and authors of a library, to be found in questions."""

    def __init__(self, documents: Mapping[int, About]) -> None:
        self._sources: defaultdict[tuple[str, ...], set[int]] = defaultdict(set)
        self._authors: defaultdict[tuple[str, ...], set[int]] = defaultdict(set)
        for number, about in documents.items():
            for name in _variants(about.source or ""):
                self._sources[name].add(number)
            for name in _people(about.author or ""):
                self._authors[name].add(number)

    def of(self, question: str) -> dict[int, float]:
        """The documents whose source or author a question names, each with 1.0."""
        words = [match[0].removesuffix("'s").removesuffix("’s") for match in _words(question)]
        folded = [word.casefold() for word in words]
        found: set[int] = set()
        for start in range(len(words)):
            for end in range(start + 1, min(start + _LONGEST, len(words)) + 1):
                name = tuple(folded[start:end])
                if len(name) > 1:
                    found |= self._sources.get(name, set()) | self._authors.get(name, set())
                    continue
                # A single word may be any word ("time", "Nature"): it has to look like a name.
                cued = start > 0 and folded[start - 1] in _CUES
                if cued or (start > 0 and words[start][0].isupper()):
                    found |= self._sources.get(name, set())
                if start > 0 and folded[start - 1] == "by":
                    found |= self._authors.get(name, set())
        return dict.fromkeys(sorted(found), 1.0)


def period(question: str, today: dt.date | None = None) -> Days | None:
    """The days that a question names, first and last: a day, a month, a year, or "last week".

    today  what "last week" counts from; None: such words name nothing
    """
    written = mentioned(question)
    if written:
        spans = [spanned(each) for each in written]
        return min(first for first, _ in spans), max(last for _, last in spans)
    return _relative(question, today) if today else None


def fit(dated: Days, days: Days) -> float:
    """How well a document's date fits some days, in [0, 1]: within, or soon after a named day."""
    first, last = dated
    if first <= days[1] and last >= days[0]:
        return 1.0
    soon = dt.timedelta(0) <= first - days[1] <= dt.timedelta(_NEAR_DAYS)
    return _NEAR if soon and days[0] == days[1] else 0.0


def freshness(dated: Days, reference: dt.date) -> float:
    """How new a document was on the day `reference`, in [0, 1]: a half after 60 days, falling on.

    Hyperbolic, as forgetting is: what is a year old is newer than what is ten. 0 for one that came
    out later.
    """
    age = (reference - dated[1]).days
    return 1.0 / (1.0 + age / _FRESH_DAYS) if age >= 0 else 0.0


_NOW = re.compile(
    r"\b(?:this (?:week|month|year|season|spring|summer|autumn|fall|winter)|today|yesterday|tonight"
    r"|now|nowadays|current(?:ly)?|recent(?:ly)?|latest|newest|soon|upcoming|still"
    r"|(?:last|past|next|coming) (?:few |couple of )?(?:days?|weeks?|months?)"
    r"|on (?:mon|tues|wednes|thurs|fri|satur|sun)day)\b",
    re.IGNORECASE,
)


def of_now(question: str) -> bool:
    """Whether a question asks for what is the case now or was news just then."""
    return bool(_NOW.search(question))


def spanned(iso: str) -> Days:
    """The days of an ISO date, of which only the year, or year and month, may be known."""
    year, month, day = (*map(int, iso.split("-")), None, None)[:3]
    first = dt.date(year or 1, month or 1, day or 1)
    if day:
        return first, first
    if month:
        return first, first.replace(day=calendar.monthrange(first.year, month)[1])
    return first, first.replace(month=12, day=31)


_RELATIVE = re.compile(
    r"\b(?:(?P<day>today|yesterday)|(?P<which>this|last|past|previous)\s+(?P<unit>week|month|year))\b",
    re.IGNORECASE,
)


def _relative(question: str, today: dt.date) -> Days | None:
    match = _RELATIVE.search(question)
    if match is None:
        return None
    one = dt.timedelta(1)
    if match["day"]:
        day = today if match["day"].lower() == "today" else today - one
        return day, day
    unit, this = match["unit"].lower(), match["which"].lower() == "this"
    if unit == "week":
        # "This week" on a Monday is mostly said of the days before it.
        return (today - 7 * one, today) if this else (today - 14 * one, today)
    if unit == "month":
        first = today.replace(day=1)
        return (first, today) if this else spanned((first - one).isoformat()[:7])
    year = today.year if this else today.year - 1
    return dt.date(year, 1, 1), min(dt.date(year, 12, 31), today)


def _words(text: str) -> Iterable[re.Match[str]]:
    return _WORD.finditer(text)


def _key(name: str) -> tuple[str, ...]:
    return tuple(match[0].casefold() for match in _words(name))


def _variants(source: str) -> set[tuple[str, ...]]:
    """A source's name with and without "The", and a site's without its ending."""
    names = {source, re.sub(r"(?i)^the\s+", "", source)}
    if match := _DOMAIN.fullmatch(source.strip().lower()):
        names.add(match[1])
    return {key for name in names if (key := _key(name)) and len(key) <= _LONGEST}


def _people(author: str) -> set[tuple[str, ...]]:
    """The full names in a byline, and the surnames alone."""
    keys = {key for name in _JOINED.split(author) if (key := _key(name)) and len(key) <= _LONGEST}
    return keys | {key[-1:] for key in keys if len(key) > 1 and len(key[-1]) > 2}
