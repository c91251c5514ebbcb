"""Which lines of a flattened web page are the article.

A page saved as text carries its menu, byline, share bar and comment box as lines of their own.
Lines are told apart by what they look like and where they stand; a full sentence goes only when
it is one that no article says ("Be the first to reply!"). In doubt a line stays: a widget in
the index costs little, a lost paragraph costs the answer. Pure functions on text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from index.dates import find_author, is_byline, is_name
from index.types import Span

__all__ = ["body_spans", "is_furniture"]

_MOST_DROPPED = 0.4
_FOREIGN_SHARE = 0.2
_PARAGRAPH_WORDS = 12
_HEAD_LINES = 15
_BIO_LINES = 12
_BIO_WORDS = 80


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE)


# All patterns are matched against a whole line without the symbols around it.
_NETWORK = r"(?:facebook|twitter|x|linkedin|whatsapp|reddit|pinterest|telegram|instagram|tumblr"
_NETWORK += r"|threads|bluesky|mastodon|youtube|messenger|flipboard|e-?mail|print|copy(?: link)?)"
# What no article says: dropped wherever it stands.
_WIDGET = _any(
    r"comments? ?\(\d+|\d+ comments?",
    r"(?:no|\d+) comments? yet(?:[.! ]+(?:be the first|write|start).{0,60})?",
    r"be the first to (?:comment|reply|review|share|like)(?: .{0,40})?",
    r"(?:please )?(?:log|sign) ?in(?: or (?:register|sign up|create an account|join))?"
    r" to (?:(?:post|leave|add|write|view) )?(?:an? )?(?:comment|reply|vote)s?(?: .{0,40})?",
    r"you must be (?:logged|signed) in to (?:comment|reply|vote|(?:post|leave|add) a).{0,40}",
    r"(?:write|leave|add|post|submit) an? (?:comment|reply)(?: cancel reply)?",
    r"(?:load|view|show|see) (?:more|all)(?: \d+)? (?:comments|replies)",
    r"share(?: (?:this|the))?(?: (?:article|post|story|page|news))?(?: on| via| with)?"
    rf"(?: {_NETWORK}(?:[ ,|/·]+(?:and )?{_NETWORK})*)|share (?:this|the) (?:article|post|story)",
    r"(?:click|tap) to (?:share|tweet|copy|print|e-?mail)(?: .{0,60})?",
    r"skip to (?:main |primary )?(?:content|navigation|search|footer)|(?:back|scroll) to top",
    r"(?:story |article )?continues? (?:below|after)(?: this)? (?:the )?(?:advertisement|ad)",
    r"(?:we(?: and our .{1,30})?|(?:this|our) (?:web)?site) (?:may )?(?:uses?|stores?|sets?)"
    r" (?:.{1,40} )?cookies\b(?=.*\b(?:you|your|(?:web)?site|traffic)\b).{0,400}",
    r"by (?:continuing|using|clicking) .{0,80}\byou (?:agree|consent) .{0,80}cookies.{0,80}",
    r"(?:accept|reject|allow|decline) all cookies|manage (?:cookies|cookie settings)",
    r"(?:copyright )?(?:\(c\) ?|© ?)?(?:\d{4}.{1,80})?all rights reserved",
    r"(?:sign up|subscribe)(?: here| now| today)?(?: for free)? (?:for|to) (?:our|the|my) "
    r".{0,60}(?:newsletter|mailing list|channel)(?: .{0,60})?|follow (?:us|me) on .{1,60}",
)
# What opens the tail of a page, once the article is over.
_TAIL = _any(
    r"related(?: (?:posts?|articles?|stories|news|content|reading|topics?|links?|coverage))?",
    r"you (?:may|might)(?: also)? (?:like|enjoy|be interested in)|you'll also like",
    r"more (?:from|by|on|about|in|stories|news|articles)\b.{0,60}",
    r"recommended(?: (?:for you|reading|articles|posts|stories))?|read (?:more|next|also)",
    r"(?:latest|popular|trending|recent|top|featured|hot)(?: now)?"
    r" (?:news|posts?|articles?|stories|topics|comments|stocks?|tickers)|trending(?: now)?",
    r"most (?:read|popular|viewed|shared|commented)|editor'?s'? picks?",
    r"about the authors?|author bio|tags|(?:tags?|filed under|categor(?:y|ies)|topics)\s*:.*",
    r"(?:previous|next|older|newer)(?: (?:posts?|article|story|page))?(?:\s*:.*)?",
    r"leave a reply|(?:comments?|discussion|replies|newsletter|responses)",
)
_EDGE = _any(
    r"share(?: this)?|tweet|reply|save|bookmark|listen|print|like|report",
    rf"{_NETWORK}(?:[ ,|/·]+{_NETWORK})*",
    r"menu|home|search|login|log ?in|sign ?(?:in|up)|register|subscribe(?: now)?|my account",
    r"contact(?: us)?|about(?: us)?|privacy(?: policy)?|terms(?: (?:of|and) .{1,20})?|sitemap",
    r"cookie (?:settings|preferences|policy|notice)|accept(?: all)?|reject all|manage preferences",
    r"advertise(?:ment)?|sponsored(?: content)?|ad|close|submit|(?:show|load|see) more|view all",
    r"(?:enter )?your e-?mail(?: address)?|all news|news|blog|careers|help|faq",
)
_QUOTE_OR_ITEM = re.compile(r"[-–—*•‣·>\"“„«「『‘']|\(?\d{1,3}[.)]\s")
_EMPTY_ITEM = re.compile(r"\d{1,3}[.)](?:\s*\d{1,3})?|[A-Z^.]{1,6}(?:\s+[+-]?[\d.,]+%?){1,3}")
_BYLINE_WORD = re.compile(r"(?i:\bby\b|published|posted|updated|modified|min\w*\s+read|views)")
_END = re.compile(r"[.!?…。！？][\"'”’»)\]」』]*$")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*|\d+")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_SCRIPTS = {
    "latin": re.compile(r"[A-Za-zÀ-ɏḀ-ỿ]"),
    "cjk": _CJK,
    "hangul": re.compile(r"[\uac00-\ud7af]"),
    "cyrillic": re.compile(r"[\u0400-\u052f]"),
    "greek": re.compile(r"[\u0370-\u03ff]"),
    "semitic": re.compile(r"[\u0590-\u06ff]"),
    "indic": re.compile(r"[\u0900-\u0e7f]"),
}
_CJK_WEIGHT = 3  # letters of an alphabet that say as much as one ideograph


@dataclass(frozen=True, slots=True)
class _Line:
    """A non-empty line, trimmed. `key`: in small letters, without the symbols around it."""

    start: int
    end: int
    text: str
    key: str
    words: int
    sentence: bool
    scripts: Counter[str]


def body_spans(text: str, title: str | None) -> tuple[Span, ...]:
    """The spans of `text` that are the article: whole lines, trimmed, in order, disjoint.

    title  the document's title; its repetitions are left out. None: unknown.

    Empty only for a text without a visible character.
    """
    lines = _lines(text)
    certain = {n for n, line in enumerate(lines) if _WIDGET.fullmatch(line.key)}
    dropped = certain | _around(lines, certain, title)
    words = sum(line.words for line in lines)
    if sum(lines[n].words for n in dropped) > _MOST_DROPPED * words:
        dropped = certain
    kept = [n for n in range(len(lines)) if n not in dropped] or range(len(lines))
    return tuple(Span(lines[run[0]].start, lines[run[-1]].end) for run in _runs(kept))


def is_furniture(line: str) -> bool:
    """Whether a line is a byline, a button, a menu entry or symbols, and so not a title."""
    key = _key(line)
    symbols = not any(ch.isalpha() for ch in key)
    return symbols or is_byline(line) or bool(_WIDGET.fullmatch(key) or _EDGE.fullmatch(key))


def _lines(text: str) -> list[_Line]:
    lines = []
    start = 0
    for raw in text.split("\n"):
        line = raw.strip()
        if line:
            begin = start + len(raw) - len(raw.lstrip())
            found = {name: len(pattern.findall(line)) for name, pattern in _SCRIPTS.items()}
            found["cjk"] *= _CJK_WEIGHT
            scripts = +Counter(found)
            words = _WORD.findall(_CJK.sub(" ", line))
            many = len(words) + scripts["cjk"] // (2 * _CJK_WEIGHT)
            small = sum(not word[0].isupper() for word in words if not word[0].isdigit())
            prose = many >= 2 and (2 * small >= len(words))
            sentence = prose and (many >= 8 or bool(_END.search(line)))
            lines.append(_Line(begin, begin + len(line), line, _key(line), many, sentence, scripts))
        start += len(raw) + 1
    return lines


def _key(line: str) -> str:
    return " ".join(re.sub(r"^[\W_]+|[\W_]+$", "", line[:600]).lower().replace("’", "'").split())


def _around(lines: Sequence[_Line], certain: set[int], title: str | None) -> set[int]:
    """The lines before and after the article that are not part of it."""
    heading = _key(title or "")
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
    opened = [n for n in range(first, len(lines)) if _TAIL.fullmatch(lines[n].key)]
    last = max(
        n
        for n in (first, *own)
        # After "Related posts" come headlines: long ones look like sentences without an end.
        if n not in bio and (_END.search(lines[n].text) or not opened or n < opened[0])
    )
    dropped |= bio | _tail(lines, last, certain | foreign | bio)
    above = (lines[n - 1] for n in more)
    if sum(not line.sentence and _is_date(line.text) for line in above) > 1:  # a diary
        dropped -= {n for n in range(first) if _is_date(lines[n].text)}
    return dropped | _lone_title(lines, certain | dropped, heading)


def _is_paragraph(line: _Line) -> bool:
    ends = _END.search(line.text) is not None
    return line.words >= (_PARAGRAPH_WORDS if ends else 2 * _PARAGRAPH_WORDS)


def _foreign(lines: Sequence[_Line]) -> set[int]:
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


def _head(lines: Sequence[_Line], heading: str) -> set[int]:
    """Menus, bylines and repeated titles among the lines above the first paragraph."""
    titles = [n for n, line in enumerate(lines) if line.key == heading and heading]
    dropped = set(titles[1:]) | {n for n, line in enumerate(lines) if is_furniture(line.text)}
    menu = {n for n, line in enumerate(lines) if _is_menu(line.text)}
    for run in _runs(n for n, line in enumerate(lines) if line.words <= 3 and n not in titles):
        entries = sum(_EDGE.fullmatch(lines[n].key) is not None for n in run)
        if len(run) >= 4 and entries >= 2:
            menu |= set(run)
    for n in range(1, len(lines) - 1):  # a name or a publisher between title and date
        opened = n - 1 in dropped or n - 1 in titles
        if opened and n + 1 in dropped and _is_label(lines[n]):
            dropped.add(n)
    return (dropped | menu) - set(titles[:1])


def _is_date(line: str) -> bool:
    return is_byline(line) and not _BYLINE_WORD.search(line)


def _is_label(line: _Line) -> bool:
    words = line.text.split()
    return len(words) <= 4 and not line.sentence and all(word[0].isupper() for word in words)


def _is_menu(line: str) -> bool:
    """Whether a line is a menu in itself: "Home | About us | Contact"."""
    entries = [_key(entry) for entry in re.split(r"\s*[|>›»·•]\s*", line[:600])]
    return len(entries) > 2 and sum(bool(_EDGE.fullmatch(entry)) for entry in entries) >= 2


def _bio(lines: Sequence[_Line], first: int, author: str | None) -> set[int]:
    """A box about the author at the end, opened by the name or by "About the author"."""
    for n in range(max(first + 1, len(lines) - _BIO_LINES), len(lines) - 1):
        line, below = lines[n], lines[n + 1 :]
        about = line.key.startswith(("about the author", "author bio")) and line.words <= 4
        named = line.text == author or (is_name(line.text) and below[0].text == line.text)
        # A name that stood alone before is a speaker's, in an interview.
        before = any(other.text == line.text for other in lines[first:n])
        prose = [other for other in below if other.sentence]
        short = len(prose) <= 3 and sum(other.words for other in below) <= _BIO_WORDS
        if short and (about or (named and not before)):
            return set(range(n, len(lines)))
    return set()


def _tail(lines: Sequence[_Line], last: int, marks: set[int]) -> set[int]:
    """From the first line that only stands below an article to the end."""
    start = last + 1
    listed = lines[last].text.endswith(":") or lines[min(start, len(lines) - 1)].text[-1] == ":"
    items = [n for n in range(start, len(lines)) if _EMPTY_ITEM.fullmatch(lines[n].text)]
    for n in range(start, len(lines)):
        key = lines[n].key
        button = _EDGE.fullmatch(key) is not None and not listed
        if n in marks or _TAIL.fullmatch(key) or button or (len(items) > 2 and n == items[0]):
            break
    else:
        return set()
    # One or two scraps above a comment box are buttons too, more could be the article's list.
    short = (line for line in lines[start:n] if line.words <= 3 and line.text[-1] not in ".,;:")
    scraps = [line for line in short if not _QUOTE_OR_ITEM.match(line.text)]
    if not listed and _WIDGET.fullmatch(lines[n].key) and n - start == len(scraps) <= 2:
        n = start
    return set(range(n, len(lines)))


def _lone_title(lines: Sequence[_Line], dropped: set[int], heading: str) -> set[int]:
    """The title, if a byline cuts it off from the article: no passage on its own."""
    kept = [n for n in range(len(lines)) if n not in dropped]
    if len(kept) > 1 and lines[kept[0]].key == heading and kept[1] > kept[0] + 1:
        return {kept[0]}
    return set()


def _runs(numbers: Iterable[int]) -> list[list[int]]:
    """Ascending numbers as runs of neighbours."""
    runs: list[list[int]] = []
    for n in numbers:
        if runs and runs[-1][-1] == n - 1:
            runs[-1].append(n)
        else:
            runs.append([n])
    return runs
