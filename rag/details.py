"""Who wrote an article, when it was published and by whom: the line of the article that says so.

Such lines stand above the article and are no part of what is searched, and a small model takes
whoever is spoken of for the author. So they are looked up: the article by a search, the line by
what its reader found in it. Pure, English.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from index.bylines import find_author
from index.dates import first_date, in_words
from index.types import Entry, Hit, Span
from rag.cite import citation
from rag.terms import terms
from rag.types import Claim, Source

__all__ = ["HEAD", "Asked", "asked", "fitting", "lines", "stating"]

Kind = Literal["author", "date", "source"]

HEAD = 6_000
"""Characters from the beginning of a document in which its byline is looked for."""

_LONGEST = 200
_FIRST_ENTRIES = 3
_COVERED = 0.6
"""The share of the question's words about an article that its title and passages have."""

_ARTICLE = r"(?:article|story|piece|column|op-ed|essay|blog ?post|post|news item|write-?up)"
"""Words for any article; other documents are known by their titles."""

_PAPER = (
    r"(?:report|memo(?:randum)?|minutes|letter|e-?mail|press release|release notes|paper|policy|"
    r"guidelines?|manual|review|statement|interview|newsletter|notice|study)"
)
_THE = (
    r"(?:the|this|that|(?P<whose>[\w. -]{2,40})['’]s)\s+"
    rf"(?P<thing>(?:[\w'’&-]+\s+){{0,4}}?(?:{_ARTICLE}|{_PAPER}))\b"
)
_ABOUT = r"(?P<about>[^?]*)"
_OUTLET = (
    r"(?:(?:news\s?)?paper|(?:news )?(?:outlet|site|agency|service|organi[sz]ation)|publication|"
    r"magazine|web\s?site|publisher|journal)"
)
_WRITER = r"(?:author|writer|journalist|reporter)"
_RAN = r"(?:published|ran|carried|printed|posted|wrote|is behind)"
_PUBLISHED = (
    r"(?:published|posted|written|released|dated|issued|printed|put online|appear|come out|updated)"
)
_ASKS: tuple[tuple[Kind, str], ...] = (
    ("author", rf"who (?:wrote|authored|penned) {_THE}{_ABOUT}"),
    ("author", rf"(?:which|what) {_WRITER}s? wrote {_THE}{_ABOUT}"),
    ("author", rf"(?:who (?:is|was|are|were) )?(?:the )?{_WRITER}s? (?:of|behind) {_THE}{_ABOUT}"),
    ("author", rf"(?:by whom|who) (?:is|was) {_THE}{_ABOUT}?\s(?:written|authored)(?: by)?\W*$"),
    (
        "date",
        (
            r"when did (?:the )?[^?]{2,40}? (?:publish|post|run|print|release) (?:its|their|an?) "
            rf"(?P<thing>(?:[\w'’&-]+\s+){{0,2}}?{_ARTICLE}|report){_ABOUT}"
        ),
    ),
    ("date", rf"when (?:was|were|did|is) {_THE}{_ABOUT}?\s{_PUBLISHED}\b"),
    (
        "date",
        rf"(?:on )?(?:what|which) (?:date|day) (?:was|were|did) {_THE}{_ABOUT}?\s{_PUBLISHED}",
    ),
    ("date", rf"(?:what(?: is|['’]s| was) )?(?:the )?(?:publi\w+ )?date (?:of|on) {_THE}{_ABOUT}"),
    ("source", rf"(?:which|what) {_OUTLET} {_RAN} {_THE}{_ABOUT}"),
    ("source", rf"who published {_THE}{_ABOUT}"),
    ("source", rf"where was {_THE}{_ABOUT}?\s(?:published|printed|posted|released)\b"),
    ("source", rf"(?:what(?: is|['’]s| was) )?(?:the )?(?:source|publisher) of {_THE}{_ABOUT}"),
)
_FIRST = tuple((kind, re.compile(rf"\W*{asks}", re.IGNORECASE)) for kind, asks in _ASKS)
_THEN: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("author", re.compile(r"[,;]?\s+and (?:who wrote it|by whom)\W*$", re.IGNORECASE)),
    (
        "date",
        re.compile(rf"[,;]?\s+and when(?: (?:was|did) it {_PUBLISHED})?\W*$", re.IGNORECASE),
    ),
)
_LINKS = re.compile(
    r"^\W*(?:(?:that is|which is|written|published|posted)\s+)?"
    r"(?:about|on|titled|called|entitled|named|concerning|regarding|with the title|of)\b",
    re.IGNORECASE,
)
_ITS_REPORT = re.compile(r"\b(?:its|their) report\b", re.IGNORECASE)
_KEY = re.compile(r"[\W_]*[A-Za-z][\w ]{2,18}:\s*")
_PLAIN = re.compile(r"(?:[\w'’&,-]+\.?(?: |$)){1,6}")
"""A publisher that may be told in our own words: no link, no address, no markup."""

_SEGMENT = re.compile(r"\s*[|·•—–]\s*|\s+-\s+")


@dataclass(frozen=True, slots=True)
class Asked:
    """kinds: what is asked for; thing: as it is called; about: what it is about, may be empty"""

    kinds: tuple[Kind, ...]
    thing: str
    about: str

    @property
    def searched(self) -> str:
        """What to search for, to find the article."""
        return f"{self.thing} {self.about}".strip()


def asked(question: str) -> Asked | None:
    """What of an article's details a question asks for; None: it asks for something else."""
    text, more = question.strip(), []
    for kind, pattern in _THEN:
        if ends := pattern.search(text):
            text = text[: ends.start()]
            more.append(kind)
    for kind, pattern in _FIRST:
        if found := pattern.match(text):
            about = _LINKS.sub("", found["about"]).strip(" ?.!\"'“”‘’")
            whose = found.groupdict().get("whose")
            about = f"{about} {whose}".strip() if whose else about
            # What a paper reports is an article; "the report" may be one that is spoken of.
            thing = "article" if _ITS_REPORT.search(text) else found["thing"].lower()
            return Asked((kind, *more), thing, about)
    return None


def fitting(question: Asked, hits: Sequence[Hit]) -> Entry | None:
    """The article that a question means: of those found first, the one that has most of its words.

    hits: what `question.searched` finds, best first. None where none is clearly meant.
    """
    entries = list({hit.entry.id: hit.entry for hit in hits}.values())
    words = frozenset(terms(question.about))
    *kind, thing = question.thing.split()
    if re.fullmatch(_ARTICLE, thing):
        words |= frozenset(terms(" ".join(kind)))
        if not words:
            return entries[0] if len(entries) == 1 else None
    else:
        called = frozenset(terms(question.thing))
        entries = [each for each in entries if kind and called <= frozenset(terms(each.title))]

    def said(entry: Entry) -> int:
        texts = [hit.chunk.text for hit in hits if hit.entry.id == entry.id]
        texts += [entry.title, entry.author or "", entry.source or ""]
        return len(words & frozenset(terms(" ".join(texts))))

    best = max(entries[:_FIRST_ENTRIES], key=said, default=None)
    return best if best and said(best) >= _COVERED * len(words) else None


def lines(question: Asked, entry: Entry, head: str) -> list[Source]:
    """The lines of an article that say what is asked for, numbered from 1; empty if one is missing.

    head: the first characters of its text. A line counts only if it says what the article's details
    say, which the user may have corrected.
    """
    found: list[Span] = []
    known = {"author": entry.author, "date": entry.date, "source": entry.source}
    for kind in question.kinds:
        value = known[kind]
        line = _first(head, kind, value, entry.date) if value else None
        if line is None:
            return []
        if line not in found:
            found.append(line)
    return [_source(number, entry, span, head) for number, span in enumerate(sorted(found), 1)]


def stating(question: str, sources: Sequence[Source], *, short: bool = False) -> list[Claim]:
    """What lines of an article say of its author, its date and its publisher, if that is asked.

    One claim for each; none where one of them is not said.  short: in as few words as there are
    """
    wanted = asked(question)
    claims = []
    for kind in wanted.kinds if wanted else ():
        told = next(
            (
                (source, value)
                for source in sources
                if source.details and (value := _value(kind, source.text, source.date))
            ),
            None,
        )
        if told is None or wanted is None:
            return []
        source, value = told
        value = in_words(value) if kind == "date" else value
        cited = citation(source, Span(0, len(source.text)))
        thing = wanted.thing.split()[-1]
        text = value if short else _SAID[kind].format(thing, value.rstrip("."))
        claims.append(Claim(text, True, 1.0, (cited,)))
    return claims


_SAID: dict[Kind, str] = {
    "author": "The {} was written by {}.",
    "date": "The {} is dated {}.",
    "source": "The {} was published by {}.",
}


def _first(head: str, kind: Kind, value: str, date: str | None) -> Span | None:
    """The first line that says a value."""
    at = 0
    for line in head.splitlines(keepends=True):
        text = line.strip()
        if text and len(text) <= _LONGEST and _value(kind, text, date) == value:
            start = at + line.index(text)
            return Span(start, start + len(text))
        at += len(line)
    return None


def _value(kind: Kind, line: str, date: str | None) -> str | None:
    """What a line says; a date only where it is the article's."""
    bare = line.replace('"', "")
    if kind == "author":
        # The first line of a page is its title, however much it looks like a byline.
        return find_author(f"-\n{bare}")
    if kind == "date":
        found = first_date(line)
        return date if date and found and found.iso == date else None
    publisher = _SEGMENT.split(_KEY.sub("", bare, count=1))[0].strip("*_#>~` \t()[]'")
    return publisher if _PLAIN.fullmatch(publisher) else None


def _source(number: int, entry: Entry, span: Span, head: str) -> Source:
    return Source(
        number=number,
        document=entry.path,
        document_id=entry.id,
        title=entry.title,
        date=entry.date,
        page=None,
        start=span.start,
        end=span.end,
        text=span.of(head),
        score=0.0,
        also_in=entry.elsewhere,
        details=True,
    )
