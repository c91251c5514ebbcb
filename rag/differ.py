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
from rag.pair import Pair, Sentence, folded
from rag.posts import ended, posts, roles_asked, same_name
from rag.quantities import Day, Quantity, days, differ, quantities
from rag.terms import terms

__all__ = ["Contrast", "Kind", "Sentence", "contrast", "says_over"]

Kind = Literal["figure", "day", "name", "ended", "status"]


@dataclass(frozen=True, slots=True)
class Contrast:
    """over: which of the two sentences, 0 or 1, says that what the other says is over; or None"""

    kind: Kind
    over: int | None = None


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


def contrast(question: str, claim: str, one: Sentence, other: Sentence) -> Contrast | None:
    """What `other` says otherwise than `one`, of what was asked; None where nothing is sure.

    claim  what the answer says, by `one`
    """
    pair = Pair(question, one, other)
    if not pair.of_one_thing:
        return _figure(claim, pair) or _day(claim, pair)
    if _WHO.search(question):
        return _name(claim, pair) or _end(pair)
    return _figure(claim, pair) or _day(claim, pair) or _end(pair) or _status(pair)


def says_over(question: str, text: str) -> bool:
    """Whether a question asks if somebody is still somewhere and a sentence says no."""
    asked = names.found(question)
    return bool(_STILL.search(question) and _YES_NO.match(question)) and any(
        ended(text, person, place) for person in asked for place in asked if person != place
    )


def _figure(claim: str, pair: Pair) -> Contrast | None:
    wanted = _wanted(pair.question)
    alike = pair.of_one_thing and pair.may_differ and not pair.years_apart
    if not alike and not pair.told_risen:
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


def _day(claim: str, pair: Pair) -> Contrast | None:
    alike = (pair.of_one_thing and pair.may_differ) or pair.told_put_off
    if not alike or not _WHEN.match(pair.question) or not days(claim):
        return None
    mine, theirs = (days(each.text) for each in pair.both)
    one_each = len(mine) == len(theirs) == 1
    return Contrast("day") if one_each and _other_day(mine[0], theirs[0]) else None


def _other_day(one: Day, other: Day) -> bool:
    return any(a and b and a != b for a, b in zip(one, other, strict=True))


def _name(claim: str, pair: Pair) -> Contrast | None:
    asked = roles_asked(pair.question)
    mine, theirs = ([post for post in posts(each.text) if post.role in asked] for each in pair.both)
    for one in mine:
        holders = [post.holder for post in theirs if post.role == one.role]
        if (
            holders
            and one.holder.split()[-1] in claim
            and not any(same_name(one.holder, each) for each in holders)
            and pair.has_all_but(_HOLDS | frozenset(folded(one.holder)))
        ):
            return Contrast("name")
    return None


def _end(pair: Pair) -> Contrast | None:
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


def _status(pair: Pair) -> Contrast | None:
    """For a question of yes or no: what one says is so, the other says is not, or no more."""
    if not _YES_NO.match(pair.question) or not pair.has_all_but(_STATES) or pair.apart:
        return None
    asked = frozenset(folded(pair.question))
    for at in (0, 1):
        so, over = pair.both[at].text, pair.both[1 - at].text
        if _NOT.search(so) or _SHUT.search(so) or _STOPPED.search(so):
            continue
        denied = {folded(over[match.end() :])[0] for match in _NOT.finditer(over)
                  if folded(over[match.end() :])}  # fmt: skip
        if (
            denied & asked & pair.words[at]
            or (_SHUT.search(over) and _IS_OPEN.search(so))
            or (_STOPPED.search(over) and _RUNS.search(so))
        ):
            return Contrast("status", over=1 - at)
    return None
