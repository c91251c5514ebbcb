"""Names in a question and its answer, and which of them a pronoun stands for. Pure, English.

There is no tagger here: capitals tell names, and what stands beside a name tells what it may be.
"LeCun says" is a person, "at Meta" is seldom one, "AMI Labs" never.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.terms import terms

__all__ = [
    "AUXILIARY", "PEOPLE_DO", "PERSON", "PLURAL", "THING", "Name", "found", "is_organisation",
    "meant", "named",
]  # fmt: skip

PERSON = frozenset("he she him her his hers".split())
THING = frozenset("it its".split())
PLURAL = frozenset("they them their theirs".split())

AUXILIARY = (
    r"(?:do|does|did|is|are|was|were|'s|has|have|had|can|could|will|would|should|may|might|must)"
)
"""A pattern for the verbs that a question turns round: what follows one is its subject."""

PEOPLE_DO = frozenset(
    [
        *terms(
            "think call believe expect argue warn write predict maintain tell favour doubt conclude"
            " regard accuse remark hope fear resign retire marry born die speak claim insist"
        ),
        "say", "says", "said",
    ]
)  # fmt: skip
"""What only a person does, folded as `rag.terms` does."""

# Words that begin a sentence with a capital and are no names; months and days, which do nothing.
_NO_NAME = frozenset(
    """
    a about after all although also an and any are as at because before but by can could did do does
    during each even every few for from had has have he her here his how i if in into is it its just
    many may might more most much must my no not now of on one only or other our out several she
    should since so some such than that the their them then there these they this those though three
    through to two under until was we were what when where whether which while who whom whose why
    will with would yes yet you your according tell name list
    january february march april june july august september october november december
    monday tuesday wednesday thursday friday saturday sunday
    """.split()
)
_NOBODY = frozenset("ai llm llms gpu gpus ceo cto tv".split())
_WORD = r"(?:[A-Z][\w&]*|[a-z]+[A-Z]\w*)(?:[-.&][A-Z]\w*)*"
_NAME = re.compile(
    rf"(?<![\w$]){_WORD}(?: (?:(?:of|de|van|von|the) (?=[A-Z]))*(?:{_WORD}|\d{{1,2}}\b(?! ?%)))*"
)
_ORGANISATION = re.compile(
    r"\b(?:Labs?|Inc|Corp|Ltd|News|Times|Bank|Group|University|Institute|Company|Award|Prize|Agency|"
    r"Ministry|Council|Court|Party|Union|Street|City|Post)\b|\d|AI\b"
)
_FULL_NAME = re.compile(r"[A-Z][\w.]+(?: [A-Z][\w.]*)? [A-Z][a-z]\w+")


@dataclass(frozen=True, slots=True)
class Name:
    """A name in a question and its answer; "A and B" where the answer joins two.

    person   how likely it is a person's; 0 where nothing is known
    asked    it stands in the question
    subject  the question or the answer speaks of it
    fresh    the answer's own, where a name was asked for
    """

    text: str
    person: int
    asked: bool
    subject: bool
    fresh: bool


def found(text: str) -> list[str]:
    """The names in `text`, in order, each once."""
    names = []
    for match in _NAME.finditer(text):
        words = match.group().split()
        while words and words[0].lower() in _NO_NAME:
            words.pop(0)
        while words and words[-1].lower() in _NO_NAME:
            words.pop()
        name = " ".join(words)
        if name and not name.isdigit() and name.lower() not in _NOBODY:
            names.append(name)
    return list(dict.fromkeys(names))


def is_organisation(name: str) -> bool:
    """Whether the name itself says that it is no person's."""
    return bool(_ORGANISATION.search(name)) or name.isupper()


def named(question: str, statement: str) -> list[Name]:
    """The names of a question and of the sentence that answered it, the question's first."""
    asked, told = found(question), found(statement)
    rest = [name for name in told if name not in asked and not _within(name, asked)]
    pairs = [f"{a} and {b}" for a in told for b in told if f"{a} and {b}" in statement]
    rest = [name for name in rest if not any(name in pair for pair in pairs)]
    wanted = re.match(rf"(?:(who|whom)|which|what(?! {AUXILIARY}\b)) ", question, re.IGNORECASE)
    names = []
    for name in [*asked, *rest]:
        # "LeCun" in the question is "Yann LeCun" where the answer says so.
        whole = next((each for each in told if _within(name, [each])), name)
        placed = re.search(rf"\b(?:in|at|on) {re.escape(name)}", statement)
        fresh = name in rest and wanted is not None and not placed
        person = _person(name, whole, question, statement)
        person += 3 if fresh and wanted and wanted.group(1) else 0
        subject = _subject(name, question, statement)
        names.append(Name(whole, person, name in asked, subject, fresh))
    return [*names, *(Name(pair, 0, False, statement.startswith(pair), True) for pair in pairs)]


def meant(pronoun: str, names: Sequence[Name], *, subject: bool, sure: bool = False) -> str:
    """The name that a pronoun most likely stands for; "" if none does.

    subject  the pronoun is its question's subject: it then takes up a subject, else an object
             (parallelism, as in Kameyama, "A Property-Sharing Constraint in Centering", 1986)
    sure     only a name that is a person's by more than its place in the sentence
    """
    if pronoun in PERSON:
        people = [name for name in names if name.person >= (2 if sure else 1)]
        best = max(people, key=lambda name: (name.person, name.fresh), default=None)
        return best.text if best else ""
    pairs = [name for name in names if " and " in name.text]
    if pronoun in PLURAL and pairs:
        return pairs[0].text
    things = [name for name in names if name not in pairs and name.person <= 1]
    fitting = [name for name in things if name.fresh]
    fitting = fitting or [name for name in things if name.subject == subject]
    # What was asked about goes on being spoken of, rather than what the answer mentions besides.
    fitting = [name for name in fitting if name.asked] or fitting
    if subject and not fitting:
        least = min((name.person for name in things), default=0)
        fitting = [name for name in things if name.person == least]
    if not fitting:
        return ""  # what was bought, raised or built has no name
    return fitting[0 if subject else -1].text


def _person(name: str, whole: str, question: str, statement: str) -> int:
    score = int(_subject(name, question, statement))
    for text in (question, statement):
        after = re.search(rf"{re.escape(name)},? (?:\w+ly )?(\w+)", text)
        does = {after.group(1), *terms(after.group(1))} if after else set()
        score += 3 if does & PEOPLE_DO else 0
        score -= 1 if re.search(rf"\b(?:at|in|from|into|with|by|of) {re.escape(name)}", text) else 0
    score -= 4 if is_organisation(whole) else 0
    return score + (2 if _FULL_NAME.fullmatch(whole) else 0)


def _subject(name: str, question: str, statement: str) -> bool:
    asked = re.search(rf"\b(?!'){AUXILIARY} {re.escape(name)}\b(?!'s)", question)
    return bool(asked) or statement.startswith(name)


def _within(name: str, others: Sequence[str]) -> bool:
    """Whether a name is part of a longer one."""
    return any(name != each and name in each.split() for each in others)
