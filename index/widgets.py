"""What surrounds an article and shows itself wherever it stands: by its words, or by its company.

A line of words that no article says; a share bar; a consent box; the names, dates and buttons
around the posts of a forum; a section of readers' comments. Pure.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from index.bylines import is_byline
from index.furniture import COMMENTS, CONSENT, EDGE, NETWORKS, SHARE, SIGN, WIDGET
from index.lines import END, Line, runs

__all__ = ["widgets"]

_ABOUT_CONSENT = re.compile(
    r"\b(?:cookies?|consent|privacy|personal (?:data|information)|partners|einwilligung"
    r"|datenschutz|partnern?|consentement|vie privée|partenaires)\b"
)
_ABOVE_CONSENT = 3  # lines of a consent box above its buttons
_STAMP = re.compile(r"(?:asked|answered|edited|commented|viewed|start date)\b")
_NUMBERED = re.compile(r"#\d{1,5}")
_COUNT = re.compile(r"\d[\d,.]*k?")
_SAYS = re.compile(r".{1,60} (?:says|said|wrote|schrieb|sagt|écrit|a écrit|dit|a dit) ?:?")
_REPLY = re.compile(r"reply|antworten|répondre")
_NEAR = 3  # lines between a reader's comment and the name, date or button that belongs to it
_PARAGRAPH = 12  # words
_FEW = 3  # words of a name


def widgets(lines: Sequence[Line]) -> set[int]:
    """The numbers of the lines that are no part of an article, wherever they stand."""
    found = {n for n, line in enumerate(lines) if WIDGET.fullmatch(line.key)}
    found |= _share_bars(lines) | _consent(lines) | _thread(lines)
    return found | _comments(lines, found)


def _share_bars(lines: Sequence[Line]) -> set[int]:
    """ "Share", and the names of two networks or more below it."""
    found: set[int] = set()
    for run in runs(n for n, line in enumerate(lines) if NETWORKS.fullmatch(line.key)):
        opened = run[0] > 0 and SHARE.fullmatch(lines[run[0] - 1].key)
        if opened and sum(lines[n].words for n in run) >= 2:
            found |= {run[0] - 1, *run}
    return found


def _consent(lines: Sequence[Line]) -> set[int]:
    """The buttons of a consent box and the sentences above them, of which one says why."""
    found: set[int] = set()
    for run in runs(n for n, line in enumerate(lines) if CONSENT.fullmatch(line.key)):
        above = range(max(0, run[0] - _ABOVE_CONSENT), run[0])
        about = [n for n in above if _ABOUT_CONSENT.search(lines[n].key)]
        if len(run) >= 2 and about:
            found |= {*about, *run}
    return found


def _thread(lines: Sequence[Line]) -> set[int]:
    """What stands around the posts of a forum, or around questions and answers."""
    heads = {n for n, line in enumerate(lines) if _NUMBERED.fullmatch(line.text)}
    heads |= {n for n, line in enumerate(lines) if _is_stamp(line)}
    if len(heads) < 2:
        return set()
    signs = heads | {n for n, line in enumerate(lines) if SIGN.fullmatch(line.key)}
    plain = [n for n, line in enumerate(lines) if not END.search(line.text)]
    often = Counter(lines[n].key for n in plain)
    for n in plain:
        line = lines[n]
        button = EDGE.fullmatch(line.key) and often[line.key] > 1
        if button or _COUNT.fullmatch(line.text) or is_byline(line.text):
            signs.add(n)
        elif n - 1 in heads and line.words <= _FEW and not line.sentence:
            signs.add(n)  # who asked or answered
    return signs


def _is_stamp(line: Line) -> bool:
    return bool(_STAMP.match(line.key)) and is_byline(line.text)


def _comments(lines: Sequence[Line], found: set[int]) -> set[int]:
    """Readers' comments, if all that is said below their heading is one.

    What counts as one has a name, a date or a button near it. A page of several such headings is
    a list of articles.
    """
    prose = [n for n, line in enumerate(lines) if line.sentence and n not in found]
    heads = [n for n, line in enumerate(lines) if COMMENTS.fullmatch(line.key)]
    told = (n for n in prose if lines[n].words >= _PARAGRAPH and END.search(lines[n].text))
    first = next(told, len(lines))  # under a title stands a number of comments too
    heads = [n for n in heads if n > first]
    counted = [n for n in heads if any(ch.isdigit() for ch in lines[n].key)]
    if not heads or len(counted) > 1:
        return set()
    below = range(heads[0] + 1, len(lines))
    strong = {n for n in below if _SAYS.fullmatch(lines[n].key) or _REPLY.fullmatch(lines[n].key)}
    signs = strong | {n for n in below if is_byline(lines[n].text)}
    said = [n for n in prose if n > heads[0] and n not in signs]
    if strong and all(any(abs(n - sign) <= _NEAR for sign in signs) for n in said):
        return {heads[0], *below}
    return set()
