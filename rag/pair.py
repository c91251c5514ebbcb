"""Two sentences of two articles: do they speak of one thing? Pure, English.

What is wanted of a pair before anything in the one is held against the other: the question's words
and names in both, and no sign that they are of different years, parts or cases.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rag import names
from rag.quantities import days
from rag.terms import terms

__all__ = ["Pair", "Sentence", "folded"]


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of an article.

    around  its article's title and the sentence before it, which say what "it" is
    """

    text: str
    around: str = ""


_SAME: dict[str, str] = {
    folded: group[0]
    for group in (
        terms("cost price fare charge"),
        terms("employ work worker employee staff job"),
        terms("die died dies kill killed dead death toll"),
        terms("injure hurt wound"),
        terms("own owner belong buy acquire"),
        terms("open reopen"),
        terms("begin start"),
        terms("director direct"),
        terms("coach trainer"),
        terms("visit visitor"),
        terms("yearly annual"),
        terms("new latest current present"),
    )
    for folded in group
}
_ASKED_ONLY = frozenset(
    terms("how now still current currently latest newest new today present moment much many long"
          " high large big old far fast number exact date time day year month")
)  # fmt: skip
"""Words of a question that ask, and say nothing of what it is about."""

_SCOPES = (
    "north northern", "south southern", "east eastern", "west western", "upper", "lower",
    "first", "second", "third", "fourth", "fifth", "last", "next", "previous", "old",
    "adult adults",
    "child children", "student students", "men man male", "women woman female", "boys", "girls",
    "day daily", "night nightly", "week weekly", "month monthly", "quarter quarterly",
    "year yearly annual annually", "hour hourly", "weekday weekdays", "weekend weekends",
    "mondays", "tuesdays", "wednesdays", "thursdays",
    "fridays", "saturdays", "sundays", "summer", "winter", "spring",
    "autumn fall", "single", "return", "net", "gross", "domestic", "foreign overseas",
    "average", "median", "maximum", "minimum", "record", "half", "each", "including", "alone",
    "deputy", "vice", "acting", "interim", "assistant", "part-time", "full-time", "other",
    "another", "design", "among", "if", "would", "could", "every",
)  # fmt: skip
_SCOPE = {word: group.split()[0] for group in _SCOPES for word in group.split()}
_CHANGED = re.compile(
    r"\b(?:now|today|since|no longer|rose|risen|rais\w+|increas\w+|lower\w+|cut|cuts|fell|fallen|"
    r"reduc\w+|new|chang\w+|will be|put off|postpon\w+|moved)\b",
    re.IGNORECASE,
)
_RISEN = re.compile(
    r"\b(?:risen|rose|fallen|fell|increased|decreased|grown|grew|shrunk|dropped|climbed"
    r"|gone (?:up|down)|went (?:up|down)"
    r"|been (?:raised|lowered|cut|reduced|increased|revised|put up|put down))\b[^,;]{0,24}?\bto\b",
    re.IGNORECASE,
)
_PUT_OFF = re.compile(
    r"\b(?:postponed|put off|put back|delayed|moved|brought forward|rescheduled)\b[^,;]{0,24}?"
    r"\b(?:to|until|till)\b"
    r"|\b(?:cannot|can't|can not|will not|won't|may not|not) (?:now )?\w+ (?:before|until|till)\b",
    re.IGNORECASE,
)
_PLAIN = re.compile(r"\b(?:[a-z]+(?:-[a-z]+)?|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days)\b")
_HEAD = re.compile(
    r"\b(?:[Tt]he|[Aa]n?|[Ii]ts|[Oo]ne)\s+((?:[a-z][\w'’-]*\s+){1,3})"
    r"(?:of|in|at)\s+(?:the\s+)?(?=(?P<whole>\w+))"
)
_GENERIC = frozenset(
    terms("museum school street bridge station airport church theatre library bank hotel park hall"
          " works festival university hospital council company island river lake club party court")
)  # fmt: skip
_LEAST_SHARED = 0.5
"""The share of the shorter sentence's words that the other has."""
_FEWEST = 2
"""Words of the question that both sentences have, at least."""


class Pair:
    """Two sentences of two articles, and what they have in common."""

    def __init__(self, question: str, one: Sentence, other: Sentence) -> None:
        self.question = question
        self.both = one, other
        self.words = [frozenset(folded(each.text)) for each in self.both]
        self.around = [
            words | frozenset(folded(each.around))
            for words, each in zip(self.words, self.both, strict=True)
        ]
        self.asked = (frozenset(folded(question)) - _ASKED_ONLY) & self.words[0]

    @property
    def of_one_thing(self) -> bool:
        """Whether both speak of what was asked, under the names that the question has."""
        return len(self.asked & self.around[1]) >= _FEWEST and self._named

    @property
    def _named(self) -> bool:
        """Whether both have the names of the question around them."""
        asked = names.found(self.question)
        return all(_known(name, words) for name in asked for words in self.around)

    @property
    def told_risen(self) -> bool:
        """Whether one says outright that a figure is not what it was."""
        return self._told(_RISEN)

    @property
    def told_put_off(self) -> bool:
        """Whether one says outright that a day is not what it was."""
        return self._told(_PUT_OFF)

    def _told(self, changed: re.Pattern[str]) -> bool:
        """Whether one says so in words of `changed`, and both speak of what was asked.

        They need less in common then: of the question's words around them each may lack one
        ("raising the dam", "the dam").
        """
        asked = frozenset(folded(self.question)) - _ASKED_ONLY
        least = max(_FEWEST, len(asked) - 1)
        return (
            any(changed.search(each.text) for each in self.both)
            and all(len(asked & words) >= least for words in self.around)
            and bool(asked & self.words[0] & self.words[1])
            and self._named
            and not (self._names_apart or self._heads_apart(asked))
        )

    @property
    def alike(self) -> bool:
        mine, theirs = ({w for w in words if not w[0].isdigit()} for words in self.words)
        return len(mine & theirs) >= _LEAST_SHARED * (min(len(mine), len(theirs)) or 1)

    @property
    def may_differ(self) -> bool:
        """Whether a figure or day of the one may be held against one of the other."""
        whole = self.has_all_but(frozenset()) and self.alike
        return whole and not self.apart and not self.scoped_apart

    def has_all_but(self, words: frozenset[str]) -> bool:
        """Whether the other has all the words that the first has of the question, but `words`."""
        return self.asked - words <= self.around[1]

    @property
    def apart(self) -> bool:
        """Whether they speak of different things: each with a name of its own, or one of a part."""
        return self._names_apart or self._heads_apart()

    @property
    def _names_apart(self) -> bool:
        lone = [
            [
                name
                for name in _names(each.text, self.question)
                if not _known(name, self.around[1 - at])
            ]
            for at, each in enumerate(self.both)
        ]
        return bool(lone[0] and lone[1])

    def _is_whole(self, word: str) -> bool:
        """Whether a word after "the shop of the" is what was asked of, or a name."""
        return word[0].isupper() or not self.asked.isdisjoint(folded(word))

    @property
    def scoped_apart(self) -> bool:
        """Whether they speak of different cases: adults and children, Sundays and weekdays."""
        mine, theirs = (
            {_SCOPE[word] for word in map(str.lower, _PLAIN.findall(each.text)) if word in _SCOPE}
            for each in self.both
        )
        return mine != theirs

    def _heads_apart(self, but: frozenset[str] = frozenset()) -> bool:
        """Whether one speaks of a part, as "the shop of the yard" beside "the yard"; `but` such."""
        return any(
            (head := folded(match[1])[-1:])
            and head[0] not in self.around[1 - at] | but
            and self._is_whole(match["whole"])
            for at, each in enumerate(self.both)
            for match in _HEAD.finditer(each.text)
        )

    @property
    def years_apart(self) -> bool:
        """Whether they speak of different years, or only one of a certain year."""
        mine, theirs = ({day[0] for day in days(each.text) if day[0]} for each in self.both)
        if mine == theirs:
            return False
        if mine and theirs:
            return not mine & theirs
        return not _CHANGED.search(self.both[0 if mine else 1].text)


def folded(text: str) -> list[str]:
    """The words of a text, those that mean the same here as one."""
    return [_SAME.get(word, word) for word in terms(text)]


def _known(name: str, words: frozenset[str]) -> bool:
    """Whether a text of these words speaks of what bears a name: all of it, or a surname."""
    mine = folded(name)
    if set(mine) <= words:
        return True
    whole = not mine or mine[-1] in _GENERIC or mine[-1][0].isdigit() or names.is_organisation(name)
    return not whole and len(mine) > 1 and mine[-1] in words


def _names(text: str, question: str) -> list[str]:
    """The names in a sentence; a single first word only where the question has it too."""
    return [
        name
        for name in names.found(text)
        if " " in name or name in question or not text.lstrip("\"'“‘(").startswith(name)
    ]
