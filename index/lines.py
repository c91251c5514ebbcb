"""The lines of a text, and what can be said of one without its neighbours. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from index.furniture import key_of

__all__ = ["END", "Line", "lines_of", "runs"]

END = re.compile(r"[.!?…。！？][\"'”’»)\]」』]*$")
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
class Line:
    """A non-empty line, trimmed. `key`: in small letters, without the symbols around it."""

    start: int
    end: int
    text: str
    key: str
    words: int
    sentence: bool
    scripts: Counter[str]


def lines_of(text: str) -> list[Line]:
    """The lines that are not empty, in order."""
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
            spelt = [word for word in words if not word[0].isdigit()]
            small = sum(not word[0].isupper() for word in spelt)
            ends = END.search(line) is not None
            # Headlines Are Written so; German nouns are too, but not two words in three.
            prose = many >= 2 and (3 if ends and many >= 8 else 2) * small >= len(spelt)
            sentence = prose and (many >= 8 or ends)
            lines.append(
                Line(begin, begin + len(line), line, key_of(line), many, sentence, scripts)
            )
        start += len(raw) + 1
    return lines


def runs(numbers: Iterable[int]) -> list[list[int]]:
    """Ascending numbers as runs of neighbours."""
    found: list[list[int]] = []
    for n in numbers:
        if found and found[-1][-1] == n - 1:
            found[-1].append(n)
        else:
            found.append([n])
    return found
