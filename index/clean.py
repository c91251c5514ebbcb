"""Which lines of a flattened web page are the article, and what its title is.

A page saved as text carries its menu, byline, share bar and comment box as lines of their own.
Lines are told apart by what they look like and where they stand; a full sentence goes only when
it is one that no article says ("Be the first to comment!"). In doubt a line stays: a widget in
the index costs little, a lost paragraph costs the answer. Pure functions on text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from index.dates import find_author, is_byline, is_name
from index.types import Span

__all__ = ["body_spans", "title_of"]

_MOST_DROPPED = 0.4
_FOREIGN_SHARE = 0.2
_PARAGRAPH_WORDS = 12
_TITLE_CHARACTERS = 150
_SHORT_TITLE = 80
_BIO_LINES = 12
_BIO_WORDS = 80


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE)


# All patterns are matched against a whole line without the symbols around it.
_NETWORK = r"(?:facebook|twitter|x|linkedin|whatsapp|reddit|pinterest|telegram|instagram|tumblr"
_NETWORK += r"|threads|bluesky|mastodon|youtube|messenger|flipboard|e-?mail|print|copy(?: link)?)"
# What no article says: dropped wherever it stands.
_WIDGET = _any(
    r"comments? ?\(\d+",
    r"\d+ comments?",
    r"(?:no|\d+) comments? yet(?:[.! ]+(?:be the first|write|start).{0,60})?",
    r"be the first to (?:comment|reply|review|share|like)(?: .{0,40})?",
    r"(?:please )?(?:log|sign) ?in(?: or (?:register|sign up|create an account|join))?"
    r" to (?:(?:post|leave|add|write|view) )?(?:an? )?(?:comments?|repl(?:y|ies)|vote)(?: .{0,40})?",
    r"you must be (?:logged|signed) in to .{1,40}",
    r"(?:write|leave|add|post|submit) an? (?:comment|reply)(?: cancel reply)?",
    r"(?:load|view|show|see) (?:more|all)(?: \d+)? (?:comments|replies)",
    r"share(?: (?:this|the))?(?: (?:article|post|story|page|news))?(?: on| via| with)?"
    rf"(?: {_NETWORK}(?:[ ,|/·]+(?:and )?{_NETWORK})*)",
    r"share (?:this|the) (?:article|post|story|page|news)",
    rf"(?:click|tap) to (?:share|tweet|copy|print|e-?mail)(?: .{{0,60}})?",
    r"skip to (?:the )?(?:main |primary )?(?:content|navigation|search|footer)",
    r"(?:back|scroll|return) to (?:the )?top",
    r"(?:story |article )?continues? (?:below|after)(?: this)? (?:the )?(?:advertisement|ad)",
    r"(?:we|this (?:web)?site|our (?:web)?site|by (?:continuing|using|clicking))\b.{0,120}\bcookies?\b"
    r".{0,250}(?:experience|consent|settings|preferences|policy|traffic|personali[sz]e|you agree).{0,250}",
    r"(?:accept|reject|allow|decline|manage) (?:all )?(?:cookies|cookie settings)",
    r"(?:copyright )?(?:\(c\) ?|© ?)?(?:\d{4}.{1,80})?all rights reserved",
    r"(?:sign up|subscribe)(?: here| now| today)?(?: for free)? (?:for|to) (?:our|the|my) "
    r".{0,60}(?:newsletter|mailing list|channel)(?: .{0,60})?",
    r"follow (?:us|me) on .{1,60}",
)
# What opens the tail of a page, once the article is over.
_TAIL = _any(
    r"related(?: (?:posts?|articles?|stories|news|content|reading|topics?|links?|coverage))?",
    r"you (?:may|might)(?: also)? (?:like|enjoy|be interested in)|you'll also like",
    r"more (?:from|by|on|about|in|stories|news|articles)\b.{0,60}",
    r"recommended(?: (?:for you|reading|articles|posts|stories))?|read (?:more|next|also)",
    r"(?:latest|popular|trending|recent|top|featured)(?: now)?"
    r"(?: (?:news|posts?|articles?|stories|topics|comments|stocks))?",
    r"most (?:read|popular|viewed|shared|commented)|editor'?s'? picks?",
    r"about the authors?|author bio|(?:tags?|filed under|categor(?:y|ies)|topics)(?:\s*:.*)?",
    r"(?:previous|next|older|newer)(?: (?:posts?|article|story|page))?(?:\s*:.*)?",
    r"leave a reply|(?:comments?|discussion|replies|newsletter|responses)",
)
_EDGE = _any(
    r"share(?: this)?|tweet|reply|save|bookmark|listen|print|like|report",
    rf"{_NETWORK}(?:[ ,|/·]+{_NETWORK})*",
    r"menu|home|search|login|log ?in|sign ?(?:in|up)|register|subscribe(?: now)?|my account",
    r"contact(?: us)?|about(?: us)?|privacy(?: policy)?|terms(?: (?:of|and) .{1,20})?|sitemap",
    r"cookie (?:settings|preferences|policy|notice)|accept(?: all)?|reject all|manage preferences",
    r"advertise(?:ment)?|sponsored(?: content)?|ad|close|submit|show more|load more|see more|view all",
    r"(?:enter )?your e-?mail(?: address)?|all news|news|blog|careers|help|faq",
)
_NUMBERS = re.compile(r"[\d\s.,:;%$€£¥+\-–()#/|▲▼△▽↑↓]+")
_QUOTE_OR_ITEM = re.compile(r"[-*•‣·>\"“„«「『‘']|\(?\d{1,3}[.)]\s")
_END = re.compile(r"[.!?…。！？][\"'”’»)\]」』]*$")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*|\d+")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_SCRIPTS = {
    "latin": re.compile(r"[A-Za-zÀ-ɏḀ-ỿ]"),
    "cjk": _CJK,
    "hangul": re.compile(r"[\uac00-\ud7af]"),
    "cyrillic": re.compile(r"[\u0400-\u052f]"),
    "greek": re.compile(r"[\u0370-\u03ff]"),
    "arabic": re.compile(r"[\u0600-\u06ff]"),
    "hebrew": re.compile(r"[\u0590-\u05ff]"),
    "indic": re.compile(r"[\u0900-\u0dff]"),
    "thai": re.compile(r"[\u0e00-\u0e7f]"),
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
    if len(dropped) == len(lines):
        dropped = set()
    return _merged(lines, dropped)


def title_of(text: str, name: str) -> str:
    """A title for a text that names none: its first line, its file's name or its first words.

    name  the file's name; used where the first line does not look like a title
    """
    lines = [line.strip() for line in text[:20_000].split("\n")]
    full = [n for n, line in enumerate(lines) if _key(line)][:12]
    for n, after in zip(full, [*full[1:], None], strict=True):
        line = re.sub(r"^#+\s+", "", lines[n])
        key = _key(line)
        if is_byline(line) or _WIDGET.fullmatch(key) or _EDGE.fullmatch(key):
            continue
        if after is not None and _is_title(line, lines[n + 1], lines[after]):
            return " ".join(line.split())
        break
    stem = re.sub(r"\.[^.\s]{1,9}$", "", name)
    readable = " ".join(re.sub(r"[_\s]+|%20|(?<=\w)-(?=\w)", " ", stem).split())
    if _has_words(readable):
        return readable[:_TITLE_CHARACTERS]
    return _first_words(" ".join(text[:2000].split())) or readable or "Untitled"


def _is_title(line: str, below: str, following: str) -> bool:
    """Whether `line` reads as a title; `below` is the line under it, `following` the next text."""
    if len(line) > _TITLE_CHARACTERS or line[-1] in ".。,;:" or _QUOTE_OR_ITEM.match(line):
        return line[:1] in "\"“„«'‘" and len(line) <= _TITLE_CHARACTERS and line[-1] not in ".,;:"
    # A wrapped paragraph goes on in the next line, in small letters.
    return not (below and following[:1].islower()) and any(ch.isalpha() for ch in line)


def _has_words(name: str) -> bool:
    """Whether a file's name says something to a reader, unlike "000_91aa8bdb75872766"."""
    generic = {"doc", "document", "download", "export", "file", "img", "index", "new", "page"}
    generic |= {"scan", "text", "txt", "unnamed", "untitled", "article", "copy"}
    return any(
        len(word) >= (3 if word.isascii() else 1)
        and not re.search(r"\d", word)
        and word.lower() not in generic
        for word in re.findall(r"[^\W_]+", name)
    )


def _first_words(text: str) -> str:
    sentence = re.split(r"(?<=[.!?])\s|(?<=[。！？])", text, maxsplit=1)[0]
    if len(sentence) <= _SHORT_TITLE:
        return sentence.rstrip(".")
    cut = sentence[:_SHORT_TITLE]
    return (cut.rsplit(" ", 1)[0] if " " in cut else cut[:-1]).rstrip(" ,;:–—-") + "…"


def _lines(text: str) -> list[_Line]:
    lines = []
    start = 0
    for raw in text.split("\n"):
        line = raw.strip()
        if line:
            begin = start + len(raw) - len(raw.lstrip())
            scripts = Counter(
                {
                    name: len(found) * (_CJK_WEIGHT if name == "cjk" else 1)
                    for name, pattern in _SCRIPTS.items()
                    if (found := pattern.findall(line))
                }
            )
            words = _WORD.findall(_CJK.sub(" ", line))
            many = len(words) + scripts["cjk"] // (2 * _CJK_WEIGHT)
            small = sum(not word[0].isupper() for word in words if not word[0].isdigit())
            prose = many >= 2 and (2 * small >= len(words))
            sentence = prose and (many >= 8 or bool(_END.search(line)))
            lines.append(
                _Line(begin, begin + len(line), line, _key(line), many, sentence, scripts)
            )
        start += len(raw) + 1
    return lines


def _key(line: str) -> str:
    return " ".join(re.sub(r"^[\W_]+|[\W_]+$", "", line[:600]).lower().replace("’", "'").split())


def _around(lines: Sequence[_Line], certain: set[int], title: str | None) -> set[int]:
    """The lines before and after the article that are not part of it."""
    script, foreign = _scripts(lines)
    own = [n for n, line in enumerate(lines) if n not in certain | foreign and line.sentence]
    paragraphs = [n for n in own if lines[n].words >= _PARAGRAPH_WORDS]
    if not paragraphs:  # a poem, a list, notes: there is no telling line from line
        return set()
    dropped = _head(lines[: paragraphs[0]], title)
    author = find_author("\n".join(line.text for line in lines[: paragraphs[0] + 1]))
    bio = _bio(lines, paragraphs[0], author)
    opened = [n for n, line in enumerate(lines) if n > paragraphs[0] and _TAIL.fullmatch(line.key)]
    ended = [
        n
        for n in own
        if n not in bio and (_END.search(lines[n].text) or not opened or n < opened[0])
    ]
    last = max(ended, default=paragraphs[0])
    dropped |= bio | _tail(lines, last, certain | foreign | bio)
    return dropped | _cut_off(lines, certain | dropped, title)
