"""What a record says about itself: title, author, date and publisher under their usual names. Pure.

A record is front matter, a JSON object or a row of a table; its keys are in small letters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from index.dates import normalise
from index.formats import plain

__all__ = ["author_in", "date_in", "source_in", "title_in"]

Record = Mapping[str, object]

_TITLES = ("title", "headline", "subject", "name")
_AUTHORS = ("author", "authors", "byline", "creator", "writer")
_DATES = (
    "date", "published", "publish_date", "published_at", "published_date", "publication_date",
    "date_published", "datepublished", "pubdate", "pub_date", "publishedat", "created",
    "created_at", "timestamp",
)  # fmt: skip
_SOURCES = ("source", "site", "site_name", "sitename", "publisher", "publication", "domain", "url")


def title_in(about: Record) -> str | None:
    return _first(plain(about.get(key)) for key in _TITLES)


def author_in(about: Record) -> str | None:
    """One name or several, as text, a list of them, or objects with a name."""
    return _first(_names(about.get(key)) for key in _AUTHORS)


def date_in(about: Record) -> str | None:
    """The date of publication as ISO 8601; a number counts as a year only."""
    return _first(map(_date, (about.get(key) for key in _DATES)))


def source_in(about: Record) -> str | None:
    """A publisher's name, or the host of an address."""
    return _first(_publisher(about.get(key)) for key in _SOURCES)


def _first(found: Iterable[str | None]) -> str | None:
    return next(filter(None, found), None)


def _names(value: object) -> str | None:
    each = value if isinstance(value, list) else [value]
    names = (plain(one.get("name") if isinstance(one, dict) else one) for one in each)
    return plain(", ".join(filter(None, names)))


def _date(value: object) -> str | None:
    found = normalise(value)
    if found is None and isinstance(value, str):
        # "2031-03-04T09:30:00.000Z" and the like, of which `normalise` need not know every form
        stamp = re.match(r"\d{4}-\d\d-\d\d(?=[T ])", value.strip())
        found = normalise(stamp[0]) if stamp else None
    return found


def _publisher(value: object) -> str | None:
    if isinstance(value, dict):
        value = value.get("name") or value.get("title")
    text = plain(value)
    if text and re.match(r"(?i)https?://", text):
        try:
            return (urlsplit(text).hostname or "").removeprefix("www.") or None
        except ValueError:
            return None
    return text
