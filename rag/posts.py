"""Who holds which post, and who holds it no more, as a sentence says it. Pure, English.

Only posts that one alone holds at a time: an article that names another director contradicts, one
that names another researcher does not. The same for owners.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag import names
from rag.terms import straight, terms

__all__ = ["Post", "ended", "given_away", "posts", "roles_asked", "same_name"]

_ROLES: dict[str, str] = {
    "director": r"(?:managing |executive )?director",
    "chief executive": r"chief executive(?: officer)?|CEO",
    "chair": r"chair(?:man|woman|person)?",
    "head": r"head",
    "boss": r"boss",
    "mayor": r"mayor",
    "minister": r"(?:prime |[a-z]+ )?minister",
    "chancellor": r"chancellor",
    "governor": r"governor",
    "ambassador": r"ambassador",
    "president": r"president",
    "coach": r"(?:head )?coach",
    "captain": r"captain",
    "editor": r"editor(?:-in-chief| in chief)?",
    "principal": r"principal|headmaster|headmistress|head teacher",
    "rector": r"rector",
    "conductor": r"(?:chief )?conductor",
    "bishop": r"bishop",
    "curator": r"(?:chief )?curator",
    "chief": r"chief [a-z]+(?: [a-z]+)?(?: officer)?|(?:police |fire )?chief",
    "harbour master": r"harbour ?master|harbor ?master",
    "owner": r"owner|proprietor",
}  # fmt: skip
_DOES: dict[str, str] = {
    "head": r"heads|leads|runs|is running|is heading|now leads|now heads",
    "chair": r"chairs",
    "director": r"directs",
    "coach": r"coaches|trains",
    "editor": r"edits",
    "captain": r"captains",
    "conductor": r"conducts",
    "owner": r"owns|bought|has bought|acquired|has acquired|took over|has taken over",
}
_DONE: dict[str, str] = {
    "head": r"(?:led|headed|run) by",
    "chair": r"chaired by",
    "director": r"directed by",
    "coach": r"coached by",
    "editor": r"edited by",
    "owner": r"(?:owned|bought|acquired|taken over) by|belongs to|(?:was |been )?sold to",
}
_ASKS: dict[str, str] = {
    "head": r"heads?|headed|leads?|led|runs?|running|in charge",
    "chair": r"chairs|chaired",
    "director": r"directs|directed",
    "coach": r"coaches|coached|trains",
    "editor": r"edits|edited",
    "captain": r"captains",
    "conductor": r"conducts",
    "owner": r"owns?|owned|belongs? to|bought|buys",
}
_TAKES = (
    r"(?:is|was|are|were|became|becomes|has become|will be|will become|has been|had been|serves as"
    r"|works as|took over as|takes over as)(?: now)?(?: (?:named|appointed|elected|chosen|picked))?"
    r"(?: as)?(?: (?:the|a|an|its|their|new|next|present|current|[A-Z][\w'’]*))*"
)
_NAMING = (
    r"(?:hired|hires|named|names|appointed|appoints|picked|picks|chose|chosen|tapped|brought in"
    r"|(?:hiring|appointment|choice|naming) of)"
)
_TO_DO = {"head": "head|lead|run|manage", "chair": "chair", "director": "direct", "coach": "coach"}
_PERSON = r"[A-Z][\w'’-]+(?: (?:van|von|de|der|den|al|bin)(?= ))?(?: [A-Z][\w'’.-]*)*"
_OWNER = rf"(?:the )?(?:[a-z]+ )?{_PERSON}(?: (?:family|group|trust|fund))?"
_ENDED = re.compile(
    r"\b(?:former(?:ly)?|ex-|outgoing|late|then|previous|deputy|vice|acting|interim|assistant|co-"
    r"|honorary)[- ]?$",
    re.IGNORECASE,
)
_FORMERLY = re.compile(r"\b(?:former|formerly|ex-|once|previously)\b|\bex-", re.IGNORECASE)
_QUIT = (
    r"(?:resign(?:ed|s)|has resigned|stepped down|steps down|retired|retires|has retired|quit|quits"
    r"|was (?:dismissed|fired|sacked|removed|replaced|ousted)|has stepped down"
    r"|is no longer|no longer works|was succeeded)"
)
_LEFT = (
    r"(?:left|leaves|has left|is leaving|will leave|departed from|quit|walked out of|parted with)"
)


_TITLED = tuple(
    (role, re.compile(pattern.format(who=rf"(?P<who>{_PERSON})", role=rf"(?P<role>(?i:{words}))")))
    for role, words in _ROLES.items()
    for pattern in (
        # "Lund, the director"; "director Lund"; "Lund was named director"
        r"{who}, (?:the |a |an |its |now )?(?P<of>(?:(?!(?:to|as)\b)[\w'’&-]+ ){{0,5}}?){role}\b",
        # "Lund, who wrote the plan and is now director"
        r"{who}, [^.;]{{3,120}}? (?:currently|now) (?:the )?(?P<of>(?:[\w'’&-]+ ){{0,3}}?){role}\b",
        # "They hired Lund, who is 40, as the new director"
        r"\b" + _NAMING + r" {who}(?:, [^;]{{3,120}}?,)? as (?P<of>(?:[\w'’&-]+ ){{0,3}}?){role}\b",
        r"\b{role} {who}",
        r"{who} " + _TAKES + r" (?P<of>(?:[\w'’&-]+ ){{0,3}}?){role}\b",
        # "The director of A, Lund, said"; "The director of A is Lund"
        r"\b{role} (?:of|at|in) [^,.;]{{2,60}}, {who},",
        r"\b{role} (?:of|at|in) [^,.;]{{2,60}}? (?:is|is now|will be) {who}",
    )
)
_ACTING = (
    *(
        (role, re.compile(rf"(?P<who>{_PERSON})(?:, [^,]{{3,60}},)? (?:now )?(?:{verbs})\b"))
        for role, verbs in _DOES.items()
    ),
    *((role, re.compile(rf"\b(?:{verbs}) (?P<who>{_OWNER})")) for role, verbs in _DONE.items()),
    *(
        (
            role,
            re.compile(rf"\b{_NAMING} (?P<who>{_PERSON})(?:, [^;]{{3,120}}?,)? to (?:{verbs})\b"),
        )
        for role, verbs in _TO_DO.items()
    ),
    ("owner", re.compile(rf"\bsold (?:the )?{_PERSON} to (?P<who>{_OWNER})")),
)


HEADS = r"(?:chief executive(?: officer)?|CEO|head|boss|director|president|chief|leader)"
LEADS = (
    r"(?:heads|leads|runs|directs|(?:to|will|now) (?:head|lead|run|direct)|is in charge of|"
    r"is (?:heading|leading|running))"
)
_SAID_TO_HEAD = re.compile(
    rf"(?P<who>{_PERSON}) (?:(?:is|was)(?: now| currently)? (?:the )?(?:in charge|{HEADS})"
    rf" (?:of|at)|{LEADS}) (?P<place>[^,.;]+)"
)
_SAID_TO_FOUND = (
    re.compile(rf"(?P<who>{_PERSON}) (?:co-?)?founded (?P<place>[A-Z][^,.;]*?)(?= in \w|[,.;]|$)"),
    re.compile(rf"(?P<place>{_PERSON}) was (?:co-?)?founded\b[^.;]{{0,40}}? by (?P<who>{_PERSON})"),
)
FOUNDER = r"(?:co-?)?founder(?: and [a-z ]{3,30})?"
"""One may have several, so that the list of posts has it not."""


@dataclass(frozen=True, slots=True)
class Post:
    """A post and who holds it, by the sentence's own words."""

    role: str
    holder: str


def posts(text: str, *, before: bool = False) -> list[Post]:
    """The posts that a sentence says somebody holds: not held before, nor stood in for.

    before: those held before too
    """
    text = straight(text)
    found = [
        Post(role, _holder(match["who"], _ROLES[role]))
        for role, pattern in _TITLED
        for match in pattern.finditer(text)
        if before
        or not (
            _ENDED.search(text[: match.start("role")])
            or _FORMERLY.search(match.groupdict().get("of") or "")
        )
    ]
    found += [
        Post(role, _holder(match["who"], ""))
        for role, pattern in _ACTING
        for match in pattern.finditer(text)
    ]
    return [post for post in dict.fromkeys(found) if post.holder]


def heading(name: str) -> re.Pattern[str]:
    """How a text says that somebody heads the one of that name."""
    place, there = _place_of(name)
    return re.compile(
        rf"\b{place}(?:'s)? (?:[a-z]+ ){{0,2}}{HEADS}\b"
        rf"|(?<!former )(?<!ex-)\b{HEADS} (?:of|at) {there}"
        rf"|\b{LEADS} {there}"
        rf"|\b{place},? (?:which )?(?:is |now )*(?:led|headed|run|directed) by [A-Z]"
    )


def founding(name: str) -> re.Pattern[str]:
    """How a text says that somebody founded the one of that name."""
    place, there = _place_of(name)
    return re.compile(
        rf"\b{FOUNDER}s? of {there}|\b{place}(?:'s)? (?:co-?)?founders?\b"
        rf"|\b(?:co-?)?(?:founded|established) {there}"
        rf"|\b{place},? (?:was )?(?:co-?)?founded\b[^.;]{{0,40}}? by [A-Z]"
    )


def _place_of(name: str) -> tuple[str, str]:
    """Patterns of a company's or a country's name, and of it with what may stand before it."""
    place = re.escape(name.rpartition(" of ")[2])
    return place, rf"(?:the |its |their |[A-Z]\w*'s )?{place}\b"


def heads_as_told(claim: str, texts: Sequence[tuple[str, frozenset[str]]]) -> bool:
    """Whether each of whom a claim says that they head or founded something is said to by a text.

    "Voss is in charge of Delta", where she is spoken of and so is Delta, which another runs.

    texts: each with its folded words and those of what it points back to
    """
    plain = straight(claim)
    every = [(said, heading) for said in _SAID_TO_HEAD.finditer(plain)]
    every += [(said, founding) for each in _SAID_TO_FOUND for said in each.finditer(plain)]
    for said, told in every:
        places, who = names.found(said["place"]), terms(said["who"])
        if not places or not who:
            continue
        says = told(places[-1])
        if not any(
            who[-1] in near and says.search(straight(text)) and _not_another(text, said["who"])
            for text, near in texts
        ):
            return False
    return True


def _not_another(text: str, who: str) -> bool:
    """Whether the posts in a text, if their holders are known, are that one's too."""
    held = posts(text, before=True)
    return not held or any(same_name(post.holder, who) for post in held)


def given_away(claim: str, texts: Sequence[str]) -> bool:
    """Whether a claim gives somebody a post that the texts give to another.

    "Voss leads Brae Labs", where a sentence about Brae Labs has Lind lead, and none has Voss.
    """
    every = [(text, post) for text in texts for post in posts(text, before=True)]
    for mine in posts(claim):
        same = [(text, post.holder) for text, post in every if post.role == mine.role]
        places = [name for name in names.found(claim) if not same_name(name, mine.holder)]
        if any(same_name(holder, mine.holder) for _, holder in same):
            continue
        if any(place in text for place in places for text, _ in same):
            return True
    return False


def roles_asked(question: str) -> frozenset[str]:
    """The posts that a question asks about: "Who runs" is of a head, "Who bought" of an owner."""
    return frozenset(
        role
        for role, words in _ROLES.items()
        if re.search(rf"(?i)\b(?:{words}|{_ASKS.get(role, 'x^')})\b", question)
    )


def ended(text: str, person: str, place: str) -> bool:
    """Whether a sentence says that `person` is no more at `place`, or holds no more post of it."""
    text = straight(text)
    last = re.escape(person.rsplit(maxsplit=1)[-1])
    there = re.escape(place)
    who = rf"(?:\b{last}\b|\b(?:He|She|They)\b)"
    return any(
        re.search(pattern, text)
        for pattern in (
            rf"{who}[^.;]{{0,60}}?\b{_LEFT} (?:the )?{there}\b",
            rf"\b{last}'s?\b[^.;]{{0,30}}?\b(?:departure|exit|resignation) from (?:the )?{there}\b",
            rf"{who}[^.;]{{0,40}}?\b{_QUIT}\b[^.;]{{0,80}}\b{there}\b",
            rf"\b{there}\b[^.;]{{0,60}}\b{last}\b[^.;]{{0,30}}\b{_QUIT}\b",
            rf"\b{last}\b, (?:the )?(?:former|formerly|ex-)[^,.;]{{0,40}}?\b{there}\b",
            rf"\b(?:[Ff]ormer|[Ee]x-?)\s?{there}\b[^,.;]{{0,50}}\b{last}\b",
        )
    )


def same_name(one: str, other: str) -> bool:
    """Whether two names may be one person's or company's: their last words agree, or one's words
    are all in the other."""
    first, second = set(terms(one)), set(terms(other))
    if not first or not second:
        return True
    return first <= second or second <= first or terms(one)[-1] == terms(other)[-1]


def _holder(name: str, role: str) -> str:
    """A name without the role and the words that only open the sentence before it."""
    words = name.split()
    while words and (
        words[0].lower() in _OPENERS or (role and re.fullmatch(rf"(?i:{role})", words[0]))
    ):
        words.pop(0)
    found = names.found(" ".join(words))
    return found[0] if found else ""


_OPENERS = frozenset("today yesterday now since coach mayor minister president director".split())
