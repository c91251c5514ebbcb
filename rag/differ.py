"""Sentences of other articles that speak of the same thing and say something else. Pure, English.

A false "the articles disagree" is worse than silence, so each rule wants much: both sentences have
all the question's words that either has, the same names, and no sign that they are of different
years, parts or cases. What is found is one of

figure  another figure for the same quantity        "costs 3.20 crowns" / "has cost 3.90 crowns"
day     another day for the same event              "opens on 12 May" / "opens on 3 November"
name    another holder of a post, another owner     "Lund, the director" / "Berg was appointed"
ended   one who held a post holds it no more        "chief scientist at A" / "left A in May"
status  what was so is so no more                   "runs every hour" / "no longer runs"
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from rag import names
from rag.posts import ended, posts, roles_asked, same_name
from rag.quantities import Day, Quantity, days, differ, quantities
from rag.terms import terms

__all__ = ["Contrast", "Kind", "Sentence", "contrast", "says_over"]

Kind = Literal["figure", "day", "name", "ended", "status"]


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of an article.

    around  its article's title and the sentence before it, which say what "it" is
    """

    text: str
    around: str = ""


@dataclass(frozen=True, slots=True)
class Contrast:
    """over: which of the two sentences, 0 or 1, says that what the other says is over; or None"""

    kind: Kind
    over: int | None = None


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
    terms("now still current currently latest newest new today present moment much many long high"
          " large big old far fast number exact date time day year month")
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
_PLAIN = re.compile(r"\b(?:[a-z]+(?:-[a-z]+)?|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days)\b")
_HEAD = re.compile(
    r"\b(?:[Tt]he|[Aa]n?|[Ii]ts|[Oo]ne)\s+((?:[a-z][\w'’-]*\s+){1,3})"
    r"(?:of|in|at)\s+(?:the\s+)?(?=[A-Z])"
)
_GENERIC = frozenset(
    terms("museum school street bridge station airport church theatre library bank hotel park hall"
          " works festival university hospital council company island river lake club party court")
)  # fmt: skip
_STATES = frozenset(terms("open close closed shut run operate allow available still sail serve"))
_HOLDS = frozenset(terms("head lead led run charge own owner"))
"""Verbs of holding a post: they give way to the post itself ("who runs", "its head")."""
_YES_NO = re.compile(r"\W*(?:is|are|was|were|do|does|did|has|have|can|may)\b", re.IGNORECASE)
_STILL = re.compile(r"\bstill\b", re.IGNORECASE)
_WHO = re.compile(r"\W*(?:who|whom|whose)\b|\bby whom\b", re.IGNORECASE)
_WHEN = re.compile(
    r"\W*(?:when|(?:on |in |from )?(?:what|which) (?:date|day|month|year))\b", re.IGNORECASE
)
_WORK = re.compile(
    r"\b(?:job|work(?:s|ing|ed)?|position|post|role|employ(?:ed|er)?|title|serv(?:e|es|ing))\b",
    re.IGNORECASE,
)
_HOW_MANY = re.compile(r"\bhow many\b|\bnumber of\b", re.IGNORECASE)
_HOW_MUCH = re.compile(
    r"\bhow (?:much|long|wide|high|deep|heavy|tall|big|large|fast|far)\b"
    r"|\b(?:cost|price|fare|rent|fee|salary|wage|rate|tax|charge|budget|toll|worth|value|percentage"
    r"|share|size|length|height|capacity|population)s?\b",
    re.IGNORECASE,
)
_ANYWHERE_ELSE = re.compile(r"\W*(?:where|why|how (?:do|does|did|can|is|are|was)\b)", re.IGNORECASE)
_NOT = re.compile(r"\b(?:no longer|not|never)\b|n't\b", re.IGNORECASE)
_SHUT = re.compile(
    r"\b(?:is|are|has|have|been) (?:now )?(?:closed|shut)\b"
    r"(?! (?:on|at|from|until|every|during|between|in the|for the)\b)"
    r"|\bshut down\b|\bclosed (?:down|for good|its doors|permanently)\b",
    re.IGNORECASE,
)
_IS_OPEN = re.compile(r"\b(?:is|are|stays?|remains?) (?:now )?open\b|\bopens\b", re.IGNORECASE)
_STOPPED = re.compile(
    r"\b(?:was|were|is|are|been) (?:now )?(?:suspended|cancell?ed|discontinued|scrapped|abolished"
    r"|demolished|withdrawn)\b|\b(?:has|have) (?:stopped|ceased)\b",
    re.IGNORECASE,
)
_RUNS = re.compile(r"\b(?:runs|run|operates?|serves?|sails?|is running)\b", re.IGNORECASE)
_LEAST_SHARED = 0.5
"""The share of the shorter sentence's words that the other has."""
_FEWEST = 2
"""Words of the question that both sentences have, at least."""


def contrast(question: str, claim: str, one: Sentence, other: Sentence) -> Contrast | None:
    """What `other` says otherwise than `one`, of what was asked; None where nothing is sure.

    claim  what the answer says, by `one`
    """
    pair = _Pair(question, one, other)
    if not pair.of_one_thing:
        return None
    if _WHO.search(question):
        return _name(claim, pair) or _end(pair)
    return _figure(claim, pair) or _day(claim, pair) or _end(pair) or _status(pair)


def says_over(question: str, text: str) -> bool:
    """Whether a question asks if somebody is still somewhere and a sentence says no."""
    asked = names.found(question)
    return bool(_STILL.search(question) and _YES_NO.match(question)) and any(
        ended(text, person, place) for person in asked for place in asked if person != place
    )


class _Pair:
    """Two sentences of two articles, and what they have in common."""

    def __init__(self, question: str, one: Sentence, other: Sentence) -> None:
        self.question = question
        self.both = one, other
        self.words = [frozenset(_folded(each.text)) for each in self.both]
        self.around = [
            words | frozenset(_folded(each.around))
            for words, each in zip(self.words, self.both, strict=True)
        ]
        self.asked = (frozenset(_folded(question)) - _ASKED_ONLY) & self.words[0]

    @property
    def of_one_thing(self) -> bool:
        """Whether both speak of what was asked, under the names that the question has."""
        return len(self.asked & self.around[1]) >= _FEWEST and all(
            _known(name, words) for name in names.found(self.question) for words in self.around
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
        lone = [
            [
                name
                for name in _names(each.text, self.question)
                if not _known(name, self.around[1 - at])
            ]
            for at, each in enumerate(self.both)
        ]
        return bool(lone[0] and lone[1]) or self._heads_apart()

    @property
    def scoped_apart(self) -> bool:
        """Whether they speak of different cases: adults and children, Sundays and weekdays."""
        mine, theirs = (
            {_SCOPE[word] for word in map(str.lower, _PLAIN.findall(each.text)) if word in _SCOPE}
            for each in self.both
        )
        return mine != theirs

    def _heads_apart(self) -> bool:
        """Whether one speaks of a part: "the shop of the yard" beside "the yard"."""
        return any(
            (head := _folded(match[1])[-1:]) and head[0] not in self.around[1 - at]
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


def _figure(claim: str, pair: _Pair) -> Contrast | None:
    wanted = _wanted(pair.question)
    if not pair.may_differ or pair.years_apart:
        return None
    for said in quantities(claim):
        if said.kind not in wanted:
            continue
        mine, theirs = (_levels(each.text, said) for each in pair.both)
        if len(mine) == len(theirs) == 1 and not differ(said, mine[0]) and differ(said, theirs[0]):
            return Contrast("figure")
    return None


def _wanted(question: str) -> frozenset[str]:
    """The kinds of figures that a question asks for."""
    if re.search(r"\bversion\b", question, re.IGNORECASE):
        return frozenset({"version"})
    if _HOW_MANY.search(question):
        return frozenset({"count"})
    if _WHEN.match(question) or re.search(r"\bwhat time\b", question, re.IGNORECASE):
        return frozenset({"time"})
    if _HOW_MUCH.search(question) and not _ANYWHERE_ELSE.match(question):
        return frozenset({"money", "share", "count"})
    return frozenset()


def _levels(text: str, like: Quantity) -> list[Quantity]:
    """The figures of a sentence that count what `like` counts, each once."""
    found: list[Quantity] = []
    for each in quantities(text):
        if each.comparable(like) and not each.past and all(differ(each, seen) for seen in found):
            found.append(each)
    return found


def _day(claim: str, pair: _Pair) -> Contrast | None:
    mine, theirs = (days(each.text) for each in pair.both)
    if not _WHEN.match(pair.question) or not days(claim) or len(mine) != 1 or len(theirs) != 1:
        return None
    otherwise = _other_day(mine[0], theirs[0])
    return Contrast("day") if otherwise and pair.may_differ else None


def _other_day(one: Day, other: Day) -> bool:
    return any(a and b and a != b for a, b in zip(one, other, strict=True))


def _name(claim: str, pair: _Pair) -> Contrast | None:
    asked = roles_asked(pair.question)
    mine, theirs = ([post for post in posts(each.text) if post.role in asked] for each in pair.both)
    for one in mine:
        holders = [post.holder for post in theirs if post.role == one.role]
        if (
            holders
            and one.holder.split()[-1] in claim
            and not any(same_name(one.holder, each) for each in holders)
            and pair.has_all_but(_HOLDS | frozenset(_folded(one.holder)))
        ):
            return Contrast("name")
    return None


def _end(pair: _Pair) -> Contrast | None:
    """One says that somebody holds a post, the other that they left; in either order."""
    asked = roles_asked(pair.question)
    if not (asked if _WHO.search(pair.question) else asked or _WORK.search(pair.question)):
        return None
    for at in (0, 1):
        state, end = pair.both[at], pair.both[1 - at]
        for holder in {post.holder for post in posts(state.text) if post.role != "owner"}:
            if holder.split()[-1] not in f"{end.around} {end.text}":
                continue
            places = [
                place
                for name in names.found(state.text)
                for place in name.split(" of ")
                if not same_name(place, holder) and place in end.text
            ]
            if any(ended(end.text, holder, each) for each in places) and not any(
                ended(state.text, holder, each) for each in places
            ):
                return Contrast("ended", over=1 - at)
    return None


def _status(pair: _Pair) -> Contrast | None:
    """For a question of yes or no: what one says is so, the other says is not, or no more."""
    if not _YES_NO.match(pair.question) or not pair.has_all_but(_STATES) or pair.apart:
        return None
    asked = frozenset(_folded(pair.question))
    for at in (0, 1):
        so, over = pair.both[at].text, pair.both[1 - at].text
        if _NOT.search(so) or _SHUT.search(so) or _STOPPED.search(so):
            continue
        denied = {_folded(over[match.end() :])[0] for match in _NOT.finditer(over)
                  if _folded(over[match.end() :])}  # fmt: skip
        if (
            denied & asked & pair.words[at]
            or (_SHUT.search(over) and _IS_OPEN.search(so))
            or (_STOPPED.search(over) and _RUNS.search(so))
        ):
            return Contrast("status", over=1 - at)
    return None


def _folded(text: str) -> list[str]:
    """The words of a text, those that mean the same here as one."""
    return [_SAME.get(word, word) for word in terms(text)]


def _known(name: str, words: frozenset[str]) -> bool:
    """Whether a text of these words speaks of what bears a name: all of it, or a surname."""
    mine = _folded(name)
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
