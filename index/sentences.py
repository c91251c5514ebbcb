"""Sentence boundaries with exact offsets. Pure, rule based, for prose in Latin and CJK scripts.

A boundary is a blank line, a line that is a heading or a list item of its own, or terminal
punctuation followed by the start of something new. A single newline inside a paragraph is only
a wrapped line, unless the line before it reads as a heading. A numbered section's heading on the
line of its first sentence goes with that. Rules follow the usual cues of
Kiss and Strunk (2006), with a fixed abbreviation list in place of their trained one: in doubt
no boundary is set, because half a sentence is worth less as a citation than two.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from index.types import Span

_ABBREVIATIONS = frozenset(
    """
    a.k.a al approx apr art assoc aug ave bros ca capt cf ch cmdr co col corp dec dept dr e.g ed
    eds eq esp est etc et ex feb fig figs fr gen gov hon i.e inc jan jr jul jun ltd maj mar max
    messrs min mr mrs ms mt nov no nos oct op p para pp prof pt rep rev sec sen sep sept sgt sr
    st supt u.k u.n u.s u.s.a univ v vol vs z.b bzw usw nr dipl
    """.split()
)
# Abbreviations that a name or a number follows, so that a capital says nothing after them.
_TITLES = frozenset(
    "capt cmdr col dr fig figs gen gov hon maj messrs mr mrs ms mt no nos nr p pp prof rep rev"
    " sec sen sgt st supt v vol vs eq cf e.g i.e".split()
)
# "am 4. Mai 2022": in German a full stop makes the day's number an ordinal.
_DAY_OF = re.compile(
    r"(?:Jan|Jän|Feb|März|Apr|Mai|Jun|Jul|Aug|Sept|Okt|Nov|Dez)\w*\.?(?: \d{4}\b|[ ,;.)]|$)"
)
# Closing quotes and brackets may stand between the full stop and the space.
_TERMINAL = re.compile(r"""[.!?…]+["'”’»)\]]*(?=\s|$)|[。！？]["”』」）]*""")
_OPENER = re.compile(r"""["'“‘«(\[*_—–-]*\s*([^\W_])""")
_BULLET = re.compile(r"(?:[-*•‣▪·–]|\(?\d{1,3}[.)]|#{1,6}|>)\s+")
_RUN_IN = re.compile(
    r"(?:\d{1,3}[.)]|\d{1,3}(?:\.\d{1,3})+)\s+[*_]*[^\W\d_][\w’'-]*(?: [\w’'-]+){0,3}[*_]*\.[*_]*"
)
"""A numbered section's heading on the line of its first sentence: "4. Parking. There are ..."."""

_BLANK = re.compile(r"\n[^\S\n]*(?:\n[^\S\n]*)+")
_HEADING_MARK = re.compile(r"#{1,6}\s")
_HEADING_CHARACTERS = 120


def sentences(text: str, start: int = 0, end: int | None = None) -> list[Span]:
    """The sentences of `text[start:end]`, in order, trimmed of white space, never empty."""
    stop = len(text) if end is None else end
    return [
        sentence
        for paragraph in paragraphs(text, start, stop)
        for block in _blocks(text, paragraph)
        for sentence in _split(text, block)
    ]


def paragraphs(text: str, start: int = 0, end: int | None = None) -> list[Span]:
    """The runs of `text[start:end]` between blank lines, trimmed, never empty."""
    stop = len(text) if end is None else end
    spans = []
    here = start
    for gap in _BLANK.finditer(text, start, stop):
        spans.append(trimmed(text, here, gap.start()))
        here = gap.end()
    spans.append(trimmed(text, here, stop))
    return [span for span in spans if span.start < span.end]


def is_heading(text: str, span: Span) -> bool:
    """Whether `span` reads as a heading: one short line, marked or without a sentence's end."""
    line = span.of(text)
    if "\n" in line or len(line) > _HEADING_CHARACTERS:
        return False
    if _HEADING_MARK.match(line):
        return True
    return line[-1] not in ".!?…。！？,;:\"”'’)|" and not _BULLET.match(line)


def is_item(sentence: str) -> bool:
    """Whether a sentence is marked as an item of a list."""
    return bool(_BULLET.match(sentence))


def trimmed(text: str, start: int, end: int) -> Span:
    """`text[start:end]` without white space at its ends; empty at `start` if nothing is left."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return Span(start, end)


def _blocks(text: str, paragraph: Span) -> Iterator[Span]:
    """Cuts a paragraph where a newline ends something: a heading, a list item, a full line."""
    begin = here = paragraph.start
    while (newline := text.find("\n", here, paragraph.end)) != -1:
        following = text.find("\n", newline + 1, paragraph.end)
        after = text[newline + 1 : following if following != -1 else paragraph.end]
        if _ends_block(text[here:newline], after):
            yield from _nonempty(trimmed(text, begin, newline))
            begin = newline + 1
        here = newline + 1
    yield from _nonempty(trimmed(text, begin, paragraph.end))


def _ends_block(line: str, after: str) -> bool:
    line, after = line.strip(), after.strip()
    if not line or not after or _BULLET.match(after) or _HEADING_MARK.match(line):
        return True
    if after[0] == "|" or line[-1] == "|":  # a table's row is a statement of its own
        return True
    if line[-1] in '.!?…。！？:"”':
        # A sentence may end at the right margin of a wrapped line: the splitter decides there.
        return False
    # A wrapped line is about as long as the next one; a heading is much shorter.
    ends_open = line[-1] in ",;-–—(" or line.rsplit(None, 1)[-1].lower() in _JOINING
    return not ends_open and len(line) < 0.6 * len(after) and not after[0].islower()


_JOINING = frozenset("a an and as at by for from in into is of on or our the their to with".split())


def _split(text: str, block: Span) -> Iterator[Span]:
    here = block.start
    for mark in _TERMINAL.finditer(text, block.start, block.end):
        if mark.end() < block.end and _is_boundary(text, here, mark, block.end):
            yield from _nonempty(trimmed(text, here, mark.end()))
            here = mark.end()
    yield from _nonempty(trimmed(text, here, block.end))


def _is_boundary(text: str, here: int, mark: re.Match[str], end: int) -> bool:
    if mark.group()[0] in "。！？":
        return True
    opener = _OPENER.match(text, _skip_space(text, mark.end(), end), end)
    if opener is None:
        return True
    first = opener.group(1)
    if first.islower():
        return False
    # "?", "...", and a full stop inside quotes end a sentence; a bare one may end a short form.
    if mark.group() != ".":
        return True
    word = _last_word(text, here, mark.start())
    bare = word.lower()
    if bare in _TITLES or (len(word) == 1 and word.isupper()):  # "Dr. X", "J. Smith"
        return False
    if bare in _ABBREVIATIONS:
        return not first.isdigit()
    if (
        bare.isdigit()
        and len(bare) <= 2
        and _DAY_OF.match(text, _skip_space(text, mark.end(), end))
    ):
        return False
    if _RUN_IN.fullmatch(text, here, mark.end()):
        return False
    # "1. First item" at the start of a block is one item, not a sentence "1."
    return not (bare.isdigit() and _last_word_start(text, here, mark.start()) == here)


def _last_word_start(text: str, here: int, end: int) -> int:
    start = end
    while start > here and not text[start - 1].isspace() and text[start - 1] not in "(\"'“‘[":
        start -= 1
    return start


def _last_word(text: str, here: int, end: int) -> str:
    return text[_last_word_start(text, here, end) : end]


def _skip_space(text: str, at: int, end: int) -> int:
    while at < end and text[at].isspace():
        at += 1
    return at


def _nonempty(span: Span) -> Iterator[Span]:
    if span.start < span.end:
        yield span
