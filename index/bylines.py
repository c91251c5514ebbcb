"""When an article was published and who wrote it, as its own byline says.

Pure functions on text. Only a line that *is* a byline counts, never a date inside a sentence,
and a date that can be read two ways (03/04/2026) or lacks its year (06/18) stays unknown.
"""

from __future__ import annotations

import itertools
import re

from index.dates import LABEL, first_date, residue

__all__ = ["find_author", "find_date", "find_source", "is_byline", "is_name"]

_HEAD_LINES = 15
_LINE = 120
_PROSE_WORDS = 25

_SEPARATOR = re.compile(r"\s*[|·•—–,/]\s*|\s+-\s+")
_SEGMENT = re.compile(r"\s*[|·•—–/]\s*|\s+-\s+")
_PARTICLE = r"(?:de|da|di|del|van|von|der|den|la|le|al|el|bin|ibn|dos|du|ter|y)"
_CAPITAL = r"[A-ZÀ-ÖØ-Þ]"
_NAME = re.compile(
    rf"{_CAPITAL}[^\W\d_]*\.?(?:(?:[ -]|['’])(?:{_PARTICLE}\b|{_CAPITAL}[^\W\d_]*\.?)){{1,4}}"
)
_PUBLISHER = re.compile(
    r"(?=.*\b(?:News|Times|Post|Journal|Daily|Weekly|Press|[Mm]agazine|Review|Herald|Tribune|Gazette"
    r"|Wire|Media|Radio|Chronicle|Observer|Guardian|Telegraph|Bulletin|Courier|Examiner|Dispatch"
    r"|Advertiser|Echo|Argus|Newsletter)\b)"
    r"(?:[A-Z][\w'’&.-]*)(?:\s+(?:[A-Z][\w'’&.-]*|of|and|&)){0,4}"
)
_NO_NAME = re.compile(
    r"(?i:\b(?:an?|and|und|et|all|any|are|at|by|for|from|how|in|is|it|my|new|news|no|not|of|on|our|out"
    r"|read|related|staff|reporters?|editors?|desk|newsroom|share|that|the|this|to|top|we|what|when|why|with|your?)\b)"
)
_NAMES_ONLY = re.compile(r"(?:(?:by|By|and|for|of|&|[|·•—–/-]|[^\W\d_a-z][^\s]*)(?:\s+|$)){1,8}")
_BY = re.compile(
    r"(?:(?i:(?:(?:written|posted|published|reported|words|text|story|interview)\s+)?by\b|(?:authors?|words|text"
    r"|autor(?:in|en)?|auteure?s?)\s*:)|[VvPp](?:(?<=[Vv])on|(?<=[Pp])ar)\b)\s*:?\s*"
)
_SOURCE = re.compile(
    rf"(?:Source|Quelle)\s*:\s*({_CAPITAL}[\w'’&.-]*(?:\s+(?:{_CAPITAL}[\w'’&.-]*|of|and|&)){{0,4}})"
)
_HINT = re.compile(r"\d|(?i:\bby\b|author|autor|auteur)|\b[VvPp](?:on|ar)\b")
_SIGNED = re.compile(
    r"(?:dated|this\s+(?:[\w-]+\s+){1,6}(?:is\s+)?(?:made|dated|signed|executed|entered\s+into"
    r"|concluded))\s+(?:(?:on|as\s+of|this|the)\s+)*",
    re.IGNORECASE,
)
_DECIDED = re.compile(
    r"(?:^|(?<=[.;] ))(?:signed|decided|adopted|approved|issued|delivered|handed down)\s+"
    r"(?:on\s+)?",
    re.IGNORECASE,
)
_KIND = re.compile(
    r"(?:minutes|agenda|memo(?:randum)?|letter|notes?|report|notice|statement|transcript)\b",
    re.IGNORECASE,
)
_DATELINE = re.compile(r".{0,40}?(?:--|[—–])")
_PLACE = re.compile(rf"{_CAPITAL}[^\W\d_]+(?:[ -]{_CAPITAL}[^\W\d_]+){{0,2}},\s+")
_BARS = re.compile(r"\s*[|·•]\s*|\s+[—–-]\s+")
_SEGMENT_WORDS = 7
_ROLE = re.compile(
    r"(?i:.*\b(?:reporter|correspondent|editor|writer|columnist|critic|journalist|analyst))"
)
_AT = re.compile(r"\s+(?:at|in|for|from|reporting)\s.*")


def find_date(text: str) -> str | None:
    """The publication date that the text states near its top or on a labelled line, as ISO 8601.

    "Published" wins over a bare date, a bare date over "Updated"; None if there is none.
    """
    best: tuple[tuple[int, int], str] | None = None
    prose = 0
    for number, line in enumerate(line.strip() for line in text.splitlines() if line.strip()):
        head = number < _HEAD_LINES and prose < 2
        opening = (_signed(line) or _titled(line)) if head else None
        if head and len(line.split()) >= _PROSE_WORDS:
            prose += 1
            opening = opening or _datelined(line)
        elif (head or LABEL.match(line)) and (dated := _dated(line, number, prose)):
            rank = (dated[0] if head else dated[0] + 3, number)
            if best is None or rank < best[0]:
                best = (rank, dated[1])
        if opening and (best is None or best[0] > (1, number)):
            best = ((1, number), opening)
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
        if names := _by(line, first=not number):
            return names
    return None


def find_source(text: str) -> str | None:
    """The publisher that a line of its own names between title and date ("Example Times").

    None without "Source:" or a word that only publishers carry: two capitalised words may be a
    person.
    """
    lines = [line.strip() for line in text.splitlines()[:80] if line.strip()][:_HEAD_LINES]
    for line, below in itertools.pairwise([*lines[1:], ""]):
        named = _SOURCE.fullmatch(residue(line))
        if named and (is_byline(line) or is_byline(below)):
            return named[1]
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
    if not _HINT.search(line):
        return False
    left = residue(line)
    if not left:
        return any(ch.isdigit() for ch in line)
    if left != line and _SOURCE.fullmatch(left):
        return True
    by = _BY.match(left)
    return by is not None and all(map(is_name, _names(left[by.end() :]) or [""]))


def _by(line: str, *, first: bool) -> str | None:
    """Whom a line names as its author: "By Jane Doe", "Jane Doe, Science Reporter".

    first: it is the page's first line, which is its title, unless a label says otherwise
    """
    segments = [_strip_marks(each) for each in _BARS.split(line)]
    for each in segments:
        by = _BY.match(each)
        if by is None or (first and ":" not in by[0]):
            continue
        names = [_AT.sub("", name) for name in _names(_strip_marks(residue(each[by.end() :])))]
        if names := list(itertools.takewhile(is_name, names)):
            return " and ".join(names)
    name, comma, role = _strip_marks(line).partition(", ")
    known = comma and not first and is_name(name) and _ROLE.fullmatch(role)
    return name if known and len(role.split()) <= _SEGMENT_WORDS else None


def _dated(line: str, number: int, prose: int) -> tuple[int, str] | None:
    """Rank (0 published, 1 bare, 2 updated) and date of a byline, or None if it is not one."""
    line = _strip_marks(line)
    if len(line) > _LINE or (found := first_date(line)) is None or found.iso is None:
        return None
    if number and not prose and (segment := _segment(line)):
        return segment
    labels = list(LABEL.finditer(line, 0, found.start))
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


def _segment(line: str) -> tuple[int, str] | None:
    """The date among the parts of a line that bars divide: "2029-05-04 | Science | Jane Doe"."""
    segments = [_strip_marks(each) for each in _BARS.split(line)]
    if len(segments) < 2 or any(len(each.split()) > _SEGMENT_WORDS for each in segments):
        return None
    for each in segments:
        found = first_date(each)
        if found and found.iso and len(found.iso) == 10 and not residue(each):
            label = LABEL.search(each, 0, found.start)
            return (1 if not label else 0 if label["new"] else 2), found.iso
    return None


def _titled(line: str) -> str | None:
    """The day of minutes or a letter, by a heading that says what it is and ends with the day."""
    line = _strip_marks(line)
    found = first_date(line) if len(line) <= _LINE and _KIND.match(line) else None
    return found.iso if found and found.iso and not line[found.end :].strip(" .)") else None


def _datelined(line: str) -> str | None:
    """The date that opens a report: "OSLO, Norway, May 4, 2026 (WIRE) -- A ship …"."""
    found = first_date(line[:_LINE])
    if found is None or found.start > _LINE // 2 or not line[0].isupper():
        return None
    begins = _DATELINE.match(line, found.end) and ". " not in line[: found.start]
    place = _PLACE.fullmatch(line, 0, found.start) and line[found.end : found.end + 1] in (".", ":")
    return found.iso if begins or place else None


def _signed(line: str) -> str | None:
    """The date of a deed: "This Lease is made on 3 February 2025 ...", "Dated 4 May 2026."."""
    begins = _SIGNED.match(line)
    if begins is None and len(line) <= _LINE:
        begins = _DECIDED.search(line)
    found = first_date(line[begins.end() : begins.end() + _LINE]) if begins else None
    return found.iso if found and found.start == 0 else None


def _names(text: str) -> list[str]:
    """The parts of "Jane Doe, Li Wei and Ana Ruiz | Example Times" before the publisher."""
    first = _SEGMENT.split(text)[0]
    return [part for part in re.split(r"\s*,\s*(?:and\s+)?|\s+(?:and|und|et|&)\s+", first) if part]


def _strip_marks(line: str) -> str:
    return line.strip("*_#>~` \t()[]")


def _doubled(line: str) -> str | None:
    """The name that a line holds twice, as flattened bylines do, or None."""
    half = len(line) // 2
    first, second = line[:half].strip(), line[half:].strip()
    return first if first == second and is_name(first) else None
