"""Which lines of a flattened web page are the article.

A page saved as text carries its menu, byline, share bar and comment box as lines of their own.
Lines are told apart by what they look like and where they stand; a full sentence goes only when
it is one that no article says ("Be the first to reply!"). In doubt a line stays: a widget in
the index costs little, a lost paragraph costs the answer. Pure functions on text.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Sequence

from index.bylines import find_author, is_byline, is_name
from index.furniture import EDGE, TAIL, WIDGET, key_of
from index.lines import END, Line, lines_of, runs
from index.types import Span
from index.widgets import widgets

__all__ = ["body_spans", "is_furniture", "menu"]

_MOST_DROPPED = 0.4  # of the words of a page, on what a line looks like and where it stands
_MOST_AROUND = 0.7  # around three paragraphs or more: many a short report has a long page
_FOREIGN_SHARE = 0.2
_PARAGRAPH_WORDS = 12
_HEAD_LINES = 15
_ENTRY = 3  # words of a menu's entry
_BIO_LINES = 12
_BIO_WORDS = 80
_QUOTE_OR_ITEM = re.compile(r"[-–—*•‣·>\"“„«「『‘']|\(?\d{1,3}[.)]\s")
_TICKER = re.compile(r"\d{1,2}[:.]\d\d\b.{3}")
_BIO = re.compile(r" (?:is an?|is the|writes|has written|covers|reports|lives|works)\b")
_EMPTY_ITEM = re.compile(r"\d{1,3}[.)](?:\s*\d{1,3})?|[A-Z^.]{1,6}(?:\s+[+-]?[\d.,]+%?){1,3}")
_BYLINE_WORD = re.compile(r"(?i:\bby\b|published|posted|updated|modified|min\w*\s+read|views)")


def body_spans(text: str, title: str | None) -> tuple[Span, ...]:
    """The spans of `text` that are the article: whole lines, trimmed, in order, disjoint.

    title  the document's title; its repetitions are left out. None: unknown.

    Empty only for a text without a visible character.
    """
    lines = lines_of(text)
    certain = widgets(lines)
    dropped = certain | _around(lines, certain, title)
    told = [n for n, line in enumerate(lines) if n not in dropped and _is_paragraph(line)]
    most = _MOST_AROUND if len(told) > 2 else _MOST_DROPPED
    words = sum(line.words for n, line in enumerate(lines) if n not in certain)
    if sum(lines[n].words for n in dropped - certain) > most * words:
        dropped = certain
    kept = [n for n in range(len(lines)) if n not in dropped] or range(len(lines))
    return tuple(Span(lines[run[0]].start, lines[run[-1]].end) for run in runs(kept))


def menu(lines: Sequence[str]) -> set[int]:
    """Which of the lines above an article are entries of a menu or a ticker, not its title.

    lines  trimmed and not empty
    """
    head = list(itertools.takewhile(lambda line: len(line.split()) < _PARAGRAPH_WORDS, lines))
    long = [n for n, line in enumerate(head) if len(line.split()) > _ENTRY and _is_heading(line)]
    found = set()
    for run in runs(n for n, line in enumerate(head) if _is_entry(line)):
        keys = {n: key_of(head[n]) for n in run}
        entries = [n for n in run if EDGE.fullmatch(keys[n]) or TAIL.fullmatch(keys[n])]
        opens = run[0] <= 1 and any(n > run[-1] for n in long)
        if len(run) >= 4 and len(entries) >= (1 if opens else 2):
            # What stands between a menu and a byline may be a short title.
            below = head[run[-1] + 1] if run[-1] + 1 < len(head) else ""
            last = run[-1] not in entries and (not below or is_furniture(below))
            found |= set(run[:-1] if last and not any(n > run[-1] for n in long) else run)
    for run in runs(n for n, line in enumerate(head) if _TICKER.match(line)):
        found |= set(run if len(run) > 1 else ())
    return found


def _is_entry(line: str) -> bool:
    return len(line.split()) <= _ENTRY and line[-1] not in ".,;:" and not is_byline(line)


def _is_heading(line: str) -> bool:
    return line[-1] not in ".,;:" and not is_furniture(line) and not _TICKER.match(line)


def is_furniture(line: str) -> bool:
    """Whether a line is a byline, a button, a menu entry or symbols, and so not a title."""
    key = key_of(line)
    symbols = not any(ch.isalpha() for ch in key)
    return symbols or is_byline(line) or bool(WIDGET.fullmatch(key) or EDGE.fullmatch(key))


def _around(lines: Sequence[Line], certain: set[int], title: str | None) -> set[int]:
    """The lines before and after the article that are not part of it."""
    heading = key_of(title or "")
    foreign = _foreign(lines)
    own = [n for n, line in enumerate(lines) if n not in certain | foreign and line.sentence]
    paragraphs = [n for n in own if _is_paragraph(lines[n]) and lines[n].key != heading]
    if not paragraphs:  # a poem, a list, notes: there is no telling line from line
        return set()
    first, *more = paragraphs
    dropped = _head(lines[:first], heading)
    # A standfirst may come before the byline, but a bare date there may head a diary's entry.
    dropped |= {
        n
        for n in range(first, min(more[0] if more else first, _HEAD_LINES))
        if is_byline(lines[n].text) and not _is_date(lines[n].text)
    }
    author = find_author("\n".join(line.text for line in lines[: first + 1]))
    bio = _bio(lines, first, author)
    opened = [n for n in range(first, len(lines)) if TAIL.fullmatch(lines[n].key)]
    last = max(
        n
        for n in (first, *own)
        if n not in bio and (not opened or n < opened[0] or _is_prose(lines[n]))
    )
    dropped |= bio | _tail(lines, last, certain | foreign | bio)
    above = (lines[n - 1] for n in more)
    if sum(not line.sentence and _is_date(line.text) for line in above) > 1:  # a diary
        dropped -= {n for n in range(first) if _is_date(lines[n].text)}
    return dropped | _lone_title(lines, certain | dropped, heading)


def _is_prose(line: Line) -> bool:
    """After "Related posts" come headlines: long ones, and questions, look like sentences."""
    return bool(END.search(line.text)) and (line.text[-1] != "?" or _is_paragraph(line))


def _is_paragraph(line: Line) -> bool:
    ends = END.search(line.text) is not None
    return line.words >= (_PARAGRAPH_WORDS if ends else 2 * _PARAGRAPH_WORDS)


def _foreign(lines: Sequence[Line]) -> set[int]:
    """Lines in another script than the rest, where that is a small part of all.

    Latin letters count as nobody's foreign script: names, references and code use them
    everywhere. Nor does a quotation.
    """
    total: Counter[str] = Counter()
    for line in lines:
        total.update(line.scripts)
    script, letters = max(total.items(), key=lambda item: item[1], default=("latin", 0))
    if total.total() - letters > _FOREIGN_SHARE * total.total():
        return set()
    return {
        n
        for n, line in enumerate(lines)
        if line.scripts[script] + line.scripts["latin"] < 0.3 * line.scripts.total()
        and not _QUOTE_OR_ITEM.match(line.text)
    }


def _head(lines: Sequence[Line], heading: str) -> set[int]:
    """Menus, bylines and repeated titles among the lines above the first paragraph."""
    titles = [n for n, line in enumerate(lines) if line.key == heading and heading]
    dropped = set(titles[1:]) | {n for n, line in enumerate(lines) if is_furniture(line.text)}
    dropped |= {n for n, line in enumerate(lines) if _is_menu(line.text)}
    dropped |= menu([line.text for line in lines])
    for n in range(1, len(lines) - 1):  # a name or a publisher between title and date
        opened = n - 1 in dropped or n - 1 in titles
        if opened and n + 1 in dropped and _is_label(lines[n]):
            dropped.add(n)
    return dropped - set(titles[:1])


def _is_date(line: str) -> bool:
    return is_byline(line) and not _BYLINE_WORD.search(line)


def _is_label(line: Line) -> bool:
    words = line.text.split()
    return len(words) <= 4 and not line.sentence and all(word[0].isupper() for word in words)


def _is_menu(line: str) -> bool:
    """Whether a line is a menu in itself: "Home | About us | Contact"."""
    entries = [key_of(entry) for entry in re.split(r"\s*[|>›»·•]\s*", line[:600])]
    return len(entries) > 2 and sum(bool(EDGE.fullmatch(entry)) for entry in entries) >= 2


def _bio(lines: Sequence[Line], first: int, author: str | None) -> set[int]:
    """A box about the author at the end, opened by the name or by "About the author"."""
    for n in range(max(first + 1, len(lines) - _BIO_LINES), len(lines) - 1):
        line, below = lines[n], lines[n + 1 :]
        about = line.key.startswith(("about the author", "author bio")) and line.words <= 4
        named = line.text == author or (is_name(line.text) and below[0].text == line.text)
        # A name that stood alone before is a speaker's, in an interview.
        before = any(other.text == line.text for other in lines[first:n])
        prose = [other for other in below if other.sentence]
        short = len(prose) <= 3 and sum(other.words for other in below) <= _BIO_WORDS
        told = author and line.text.startswith(f"{author} ") and _BIO.match(line.text, len(author))
        if short and (about or told or (named and not before)):
            return set(range(n, len(lines)))
    return set()


def _tail(lines: Sequence[Line], last: int, marks: set[int]) -> set[int]:
    """From the first line that only stands below an article to the end."""
    start = last + 1
    opens = lines[min(start, len(lines) - 1)]
    listed = opens.text[-1] == ":" and not (EDGE.fullmatch(opens.key) or TAIL.fullmatch(opens.key))
    listed = listed or lines[last].text.endswith(":")
    items = [n for n in range(start, len(lines)) if _EMPTY_ITEM.fullmatch(lines[n].text)]
    for n in range(start, len(lines)):
        key = lines[n].key
        button = EDGE.fullmatch(key) is not None and not listed
        if n in marks or TAIL.fullmatch(key) or button or (len(items) > 2 and n == items[0]):
            break
    else:
        return set()
    # One or two scraps above a comment box are buttons too, more could be the article's list.
    short = (line for line in lines[start:n] if line.words <= 3 and line.text[-1] not in ".,;:")
    scraps = [line for line in short if not _QUOTE_OR_ITEM.match(line.text)]
    if not listed and WIDGET.fullmatch(lines[n].key) and n - start == len(scraps) <= 2:
        n = start
    return set(range(n, len(lines)))


def _lone_title(lines: Sequence[Line], dropped: set[int], heading: str) -> set[int]:
    """The title, if a byline cuts it off from the article: no passage on its own."""
    kept = [n for n in range(len(lines)) if n not in dropped]
    if len(kept) > 1 and lines[kept[0]].key == heading and kept[1] > kept[0] + 1:
        return {kept[0]}
    return set()
