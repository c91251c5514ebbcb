"""Which words of a question point to something that the question does not say. Pure, English.

A question that stands alone must be left alone, so that a pronoun counts only where no word before
it could be meant: not "Who sold his mill?", not "What did the firm say it would do?", not "How long
does it take to dry rye?". Measured on questions that stand alone: docs/trust.md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from index.types import Span
from rag.names import AUXILIARY, PEOPLE_DO, PERSON, PLURAL, THING, found
from rag.terms import terms

__all__ = ["CLAUSE", "Pointer", "pointers"]

CLAUSE = re.compile(
    r"[.;:,!?]|\b(?:and|or|but|when|while|after|before|because|if|that|since|although|where|than|"
    r"as(?= (?:he|she|it|they)\b|\s*$)|to(?= [a-z]))\b"
    r"|(?<= )(?=(?:how|what|which|who|whom|why)\b)",
    re.IGNORECASE,
)
"""Where a clause of a question ends."""

_MANY = 4
"""Words with meaning that make a question whole, whatever a pronoun in it means."""

_SUBJECTS = frozenset("he she it they".split())
_OWNING = frozenset("his her its their".split())
_DEMONSTRATIVE = frozenset("this that these those".split())
_LIGHT = PEOPLE_DO | frozenset(
    terms(
        "happen mean get make go come know look take give want need much many long far old often"
        " kind sort first last next else start begin become people year month day"
    )
)
"""Words that no pronoun stands for."""

_TIMES = frozenset(
    "year month week quarter time day morning evening century decade season summer winter".split()
)
_LEADS_TO = frozenset(
    "of by for about in on at with to from after before during since into like than and".split()
)
"""Prepositions and the like, which "that" and "there" stand beside when they point."""

_REPORTING = frozenset(
    "say says said announce announced claim claims claimed think thinks thought believe believes"
    " know knew feel felt find found admit admitted confirm confirmed report reported".split()
)
_NO_NOUN = _LEADS_TO | frozenset(
    "a an the or but when where who why what how is was did do".split()
)
_EXPLETIVE = re.compile(
    rf"\b(?:{AUXILIARY} it|it(?: is| was| would be))"
    r" (?!(?:want|plan|hope|intend|need|try|go|have|agree|decid|refus|fail|expect|use|start|begin|"
    r"choos|do|pay|sell|giv|get)\w*\b)"
    r"[^?;]{0,120}?\b(?:to \w+ \w+|that \w+ \w+|for \w+ \w+ to|if|when|like to)\b"
    rf"|\b{AUXILIARY} it (?:rain|snow|matter|get (?:dark|light|cold|hot|warm))|\btime is it\b",
    re.IGNORECASE,
)
_WHO_DOES = re.compile(rf"\W*(?:who|which \w+) (?!{AUXILIARY}\b)\w", re.IGNORECASE)
_ASKED_FOR = re.compile(rf"\W*(?:which|what|whose|how \w+)\b.*?\b{AUXILIARY}\b", re.IGNORECASE)
_OPENED = re.compile(
    r"(?:in|with|before|after|during|for|by|on|at|despite|as|when|while|if) [^,]*$", re.IGNORECASE
)
_OUT_OF = re.compile(r"\b(?:which|who|any|some|all|none|most|one|each) of $", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Pointer:
    """A word that points back.

    subject  it follows the verb that the question turns round: "did he"
    owns     its noun follows: "his salary"
    """

    word: str
    span: Span
    subject: bool
    owns: bool


def pointers(question: str) -> list[Pointer]:
    """The words of `question` that point to something outside it, in order."""
    words = [_Word.at(question, match) for match in re.finditer(r"[\w$-]+", question)]
    return [
        Pointer(
            each.text,
            each.span,
            subject=_turns(each.previous) and bool(each.following),
            owns=each.text in _OWNING and _owns(each),
        )
        for each in words
        if _points(each)
    ]


@dataclass(frozen=True, slots=True)
class _Word:
    """A word in its question. `following` is "" at the end of a clause, where a comma or so is."""

    text: str
    span: Span
    before: str
    after: str
    previous: str
    following: str

    @classmethod
    def at(cls, question: str, match: re.Match[str]) -> _Word:
        before, after = question[: match.start()], question[match.end() :]
        previous = re.findall(r"[\w$-]+", before)
        following = re.match(r" ([\w$-]+)", after)
        return cls(
            match.group().lower(),
            Span(*match.span()),
            before,
            after,
            previous[-1].lower() if previous else "",
            following.group(1).lower() if following else "",
        )


def _points(word: _Word) -> bool:
    if _explained(word) or word.after.startswith("'s"):
        return False
    if word.text in _DEMONSTRATIVE:
        return _demonstrates(word)
    if word.text == "there":
        ends = not word.following or word.following in _LEADS_TO
        told = len(terms(word.before)) >= _MANY or found(word.before)
        return ends and not told and not re.fullmatch("is|are|was|were", word.previous)
    if word.text == "so":
        return word.previous in ("say", "said", "think", "do", "did") and not word.following
    return word.text in PERSON | THING | PLURAL and _is_open(word)


def _is_open(word: _Word) -> bool:
    """Whether a pronoun has no word before it that it could mean."""
    if word.text in THING and _EXPLETIVE.search(word.before + word.text + word.after):
        return False
    start = max((found.end() for found in CLAUSE.finditer(word.before)), default=0)
    earlier, mine = word.before[:start], word.before[start:]
    subject = word.text in _SUBJECTS
    if _could_be_meant(earlier) or (subject and _WHO_DOES.match(earlier)):
        return False
    if word.text in _OWNING and _owns(word):
        if word.text != "its" and _WHO_DOES.match(mine):
            return False
        # "Which company does his brother run": the company is asked for, it owns nobody.
        asked_for = _ASKED_FOR.match(mine)
        return not _could_be_meant(mine[asked_for.end() :] if asked_for else mine)
    if word.text in PLURAL and len(terms(word.after)) >= _MANY:
        return False  # "How do they make ...": anyone, and enough is said of what
    if not subject:
        return len(terms(mine)) < _MANY
    if not mine.strip() or _turns(word.previous):
        return True
    # "Who says he will", "the firm announced it would": a clause of its own, without "that".
    if word.text != "it" or _turns(word.following) or word.previous in _REPORTING:
        return not _could_be_meant(mine) and mine.split()[0].lower() != "who"
    return len(terms(mine)) < _MANY


def _demonstrates(word: _Word) -> bool:
    """Whether a "that" points, and neither joins clauses, tells a time nor opens a choice."""
    whole = len(terms(f"{word.before} {word.after}")) >= _MANY + 2
    if whole or word.following in _TIMES | {"that", "who", "with"} or _OUT_OF.search(word.before):
        return False
    if word.text == "that":
        opens = len(word.before.split()) < 3 and _turns(word.previous)
        ends = not word.following and bool(word.previous)
        return opens or ends or word.previous in _LEADS_TO
    # "Those responsible" is a noun of its own; "those responses" points.
    return word.text != "those" or not word.following or word.following.endswith("s")


def _explained(word: _Word) -> bool:
    """Whether an earlier sentence of the question, or its main clause after a comma, says it."""
    ends = [match.end() for match in re.finditer(r"[.!?:](?= )", word.before)]
    earlier = word.before[: max(ends, default=0)]
    if found(earlier) or len(terms(earlier)) >= _MANY:
        return True
    comma = word.after.find(",")
    return bool(_OPENED.match(word.before)) and comma >= 0 and _could_be_meant(word.after[comma:])


def _could_be_meant(text: str) -> bool:
    """Whether a pronoun that follows `text` could mean something in it."""
    return bool(found(text)) or any(each not in _LIGHT for each in terms(text))


def _owns(word: _Word) -> bool:
    """Whether "her", "his", "its" or "their" has its noun after it."""
    return bool(word.following) and word.following not in _NO_NOUN


def _turns(word: str) -> bool:
    return bool(re.fullmatch(AUXILIARY, word))
