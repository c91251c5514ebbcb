"""What the page's questions are limited to: the control, what it sends, how it is told. Pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from index.errors import UsageError
from index.types import Entry, Filter
from ui.limits import limits
from ui.prose import escaped
from ui.render import date_html

__all__ = ["Choice", "choices_html", "chosen", "where_html"]

_MOST = 100
"""Names of a kind, as many as the HTTP interface takes."""

_LISTED = 2000
"""Articles to choose from: with more, every page that is opened would be sent megabytes."""

_TITLES = 3
_DAY = r"\d{4}(-\d{2}(-\d{2})?)?"


@dataclass(frozen=True, slots=True)
class Choice:
    """What one question is limited to. `titles`: of the documents that `where` names."""

    where: Filter | None = None
    titles: tuple[str, ...] = ()


def chosen(sent: str, entries: Callable[[], Sequence[Entry]]) -> Choice:
    """What the control sends: JSON with lists of names and two dates. Empty: no limits.

    entries  the documents in the library; asked for only where documents were chosen

    Raises UsageError for what is not a date or too much, and what `entries` raises.
    """
    if not sent:
        return Choice()
    try:
        read = json.loads(sent)
        collections, documents, tags = (
            _names(read, kind) for kind in ("collections", "documents", "tags")
        )
        since, until = (str(read.get(kind) or "") for kind in ("since", "until"))
    except (ValueError, TypeError, AttributeError, RecursionError) as exc:
        raise UsageError("What to search in could not be read. Reload the page.") from exc
    for names in (collections, documents, tags):
        if len(names) > _MOST:
            raise UsageError(
                f"{len(names)} are chosen to search in; the limit is {_MOST}. Choose fewer, or "
                "limit the search by a collection, a tag or a date."
            )
    where = limits(collections, documents, tags, since, until)
    titles: tuple[str, ...] = ()
    if documents:
        held = {str(entry.id): entry.title for entry in entries()}
        titles = tuple(held.get(each, each) for each in documents)
    return Choice(where, titles)


def choices_html(entries: Sequence[Entry]) -> str:
    """The control, folded, with what these documents can be told apart by. Else nothing.

    What is chosen in it stays until it is changed: the page's script reads it with each question.
    """
    if len(entries) < 2:
        return ""
    parts = [
        _boxes("Collections", "collections", _counted(entry.collections for entry in entries)),
        _boxes("Tags", "tags", _counted(entry.tags for entry in entries), "with all of them"),
        _dates() if any(entry.date for entry in entries) else "",
        _articles(entries),
    ]
    return (
        '<details class="rd-search-in"><summary>Search in: '
        '<span class="rd-chosen" aria-live="polite">all articles</span></summary>'
        f'<form id="rd-search-in" autocomplete="off">{"".join(parts)}'
        '<button type="reset">Search in all articles</button></form></details>'
    )


def where_html(choice: Choice) -> str:
    """What a question was limited to, beside its answer."""
    where = choice.where
    if where is None:
        return ""
    parts = [
        _named("collection", where.collections, " or "),
        _named("tag", where.tags, " and "),
        _told(choice.titles),
        f"since {date_html(where.date_from)}" if where.date_from else "",
        f"until {date_html(where.date_to)}" if where.date_to else "",
    ]
    told = "; ".join(part for part in parts if part)
    return f'<p class="rd-where">Searched only in: {told}</p>'


def _names(read: Mapping[str, object], kind: str) -> tuple[str, ...]:
    names = read.get(kind, [])
    if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
        raise TypeError(kind)
    return tuple(dict.fromkeys(names))


def _counted(labels: Iterable[Iterable[str]]) -> list[tuple[str, int]]:
    return sorted(Counter(each for mine in labels for each in mine).items())


def _boxes(legend: str, name: str, choices: Iterable[tuple[str, int]], note: str = "") -> str:
    boxes = "".join(_box(name, choice, escaped(choice), f"{count:,}") for choice, count in choices)
    if not boxes:
        return ""
    noted = f" <small>{note}</small>" if note else ""
    return f'<fieldset class="rd-names"><legend>{legend}{noted}</legend>{boxes}</fieldset>'


def _box(name: str, value: str, shown: str, beside: str = "") -> str:
    """`shown` and `beside` are HTML."""
    small = f" <small>{beside}</small>" if beside else ""
    return (
        f'<label><input type="checkbox" name="{name}" value="{escaped(value)}">'
        f"<span>{shown}{small}</span></label>"
    )


def _dates() -> str:
    boxes = "".join(
        f'<label>{label} <input type="text" name="{name}" size="10" maxlength="10"'
        f' placeholder="{hint}" pattern="{_DAY}" aria-describedby="rd-date-hint"></label>'
        for label, name, hint in (("Since", "since", "2025"), ("Until", "until", "2026-03"))
    )
    return (
        f'<fieldset class="rd-dates"><legend>Dates</legend>{boxes}'
        '<p id="rd-date-hint">A year, a month or a day: 2026, 2026-03, 2026-03-01</p></fieldset>'
    )


def _articles(entries: Sequence[Entry]) -> str:
    listed = entries[-_LISTED:]
    note = ""
    if len(listed) < len(entries):
        note = f" <small>the {_LISTED:,} added last of {len(entries):,}</small>"
    boxes = "".join(
        _box(
            "documents",
            str(entry.id),
            escaped(entry.title),
            date_html(entry.date) if entry.date else "",
        )
        for entry in listed
    )
    return (
        f'<fieldset class="rd-articles"><legend>Articles{note}</legend>'
        '<input type="search" placeholder="Part of a title" aria-label="Find an article by its'
        f' title"><div class="rd-list">{boxes}</div></fieldset>'
    )


def _named(noun: str, names: Sequence[str], between: str) -> str:
    if not names:
        return ""
    plural = noun if len(names) == 1 else f"{noun}s"
    return f"{plural} {between.join(f'“{escaped(each)}”' for each in names)}"


def _told(titles: Sequence[str]) -> str:
    shown = [f"“{escaped(each)}”" for each in titles[:_TITLES]]
    more = len(titles) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
