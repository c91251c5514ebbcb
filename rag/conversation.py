"""A follow-up question, rewritten with the conversation so that it stands alone. Pure, English.

Search, the model and all checks then see one whole question, and nothing else of the engine knows
of conversations. A question that stands alone is left as it is. What makes a follow-up: a word that
points to nothing in the question ("How much did he pay?"), or a question that is only part of one
("And Nvidia?", "Why?"). A pronoun gives way to the name that it most likely means; where none fits,
what was said last follows in brackets. Rules do this, not the model: they cost no time, and the
default model did it worse (docs/trust.md).

Earlier turns are other people's text: they are cut to a length, and lose control characters and
citation markers. They are never passages, so nothing in them can be cited.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from index.sentences import sentences
from rag import names
from rag.characters import visible
from rag.names import AUXILIARY, PERSON, PLURAL, THING
from rag.pointing import CLAUSE, pointers
from rag.prompt import declines
from rag.terms import terms
from rag.types import Turn

__all__ = ["CHARACTERS", "TURNS", "answers", "understood"]

TURNS = 4
"""Earlier turns that a question may point back to."""

CHARACTERS = 300
"""Read of an earlier question, and of an answer; a longer question is no follow-up."""

_MARKER = re.compile(r"\s*\[[\d,;\s]*\]")
_OPENING = re.compile(
    r"(?:(?:and|but|so|ok|okay|then|also|well|yes|no|hm+)\b[\s,]*)+", re.IGNORECASE
)
_WHEN = re.compile(
    rf"(?P<wh>when|where|why|how come|since when"
    rf"|(?:in|on|at|by|from|for|to|with|since) (?:which|what|whose) (?!{AUXILIARY}\b)\w+"
    rf"|(?:which|what) (?:year|month|day|date|place|city|country))(?:,? then|,? exactly)?"
    rf"(?: {AUXILIARY} (?:that|this|it|he|she|they)(?: (?:happen|be|so|take place|occur))?)?",
    re.IGNORECASE,
)
_WHO_SAID = re.compile(
    r"who (?P<said>says?|said|claims?|claimed|thinks?)(?: so| that| this| it)?", re.IGNORECASE
)
_FRAGMENT = re.compile(
    r"(?:(?:in|on|at|by|from|for|to|with|of|since) )?(?:(?:which|what|whose|how many|how much|how)"
    rf"(?: (?!(?:{AUXILIARY}|he|she|it|they|him|her|them|this|that|there)\b)[a-z]+){{0,2}}|whom?)"
    r"|(?:who|what|where|how|anything) else|to do what|what for|how so|why not"
    r"|(?:tell me |say )?more(?: details?)?|go on|for example",
    re.IGNORECASE,
)
_ABOUT = re.compile(r"(?:what|how) about (?P<what>.+)", re.IGNORECASE)
_ASKS = re.compile(
    rf"\b(?:who|whom|whose|what|which|when|where|why|how|(?!'){AUXILIARY}|tell|name|list)\b",
    re.IGNORECASE,
)
_PHRASE = re.compile(
    r"(?:in|on|at|by|from|for|to|with|since|during|before|after|of)\b", re.IGNORECASE
)
_HALF = re.compile(r"(?:because|by|to|in|on|at|for|from|with|since|yes|no)\b", re.IGNORECASE)
_WH = re.compile(r"(?:(?:in|on|at|by|since) )?(?:which|what) \w+|when|where|who\b", re.IGNORECASE)
_ASKS_FOR = re.compile(
    r"(?:\w+: |\w+ )??(?:who|whom|whose|what|which|when|where|why|how)\b", re.IGNORECASE
)
_COMPLETED = re.compile(
    r"(?:what about (?P<about>.+?)|(?P<own>.+?)) \(.+\)\?|(?P<named>[^:?(]+): .+\?", re.IGNORECASE
)
"""A question as `_completed` and `_resolved` leave it: what the asker said, and what was added."""

_NOTHING_SAID = ("the articles don't say", "not stated")


@dataclass(frozen=True, slots=True)
class _Said:
    """An earlier turn as it is pointed back to.

    asked      the question, itself understood
    statement  the answer's first sentence, without its full stop; "" after a refusal
    """

    asked: str
    statement: str

    @property
    def told(self) -> str:
        """What was said: a sentence where the answer is one, else the question with it."""
        asked = self.asked.rstrip("?!. ")
        if not self.statement:
            return asked
        return self.statement if self.is_whole else f"{asked}: {self.statement}"

    @property
    def is_whole(self) -> bool:
        return len(self.statement.split()) > 2 and not _HALF.match(self.statement)

    def names(self) -> list[names.Name]:
        return names.named(self.asked, self.statement)


def understood(question: str, history: Sequence[Turn]) -> str:
    """`question` as one that stands alone; the very same text where it already does."""
    said: list[_Said] = []
    for turn in history[-TURNS:]:
        asked = _alone(_line(turn.question), said)
        if asked:
            said.append(_Said(asked, _statement(turn.answer, asked)))
    return _alone(question, said)


def answers(question: str, answer: str) -> bool:
    """Whether an answer to a question that was completed answers it, and not what completed it.

    Such a question holds what an earlier answer said, and a small model likes to give that back:
    true, cited, and beside the point. Where something is asked for, the answer must say more than
    the question does; and it must speak of what the asker's own words speak of.
    """
    said = set(terms(_MARKER.sub("", answer)))
    if _ASKS_FOR.match(question) and said <= set(terms(question)):
        return False
    completed = _COMPLETED.fullmatch(question)
    if not completed:
        return True
    about = completed["about"] or completed["named"]
    own = set(terms(about or completed["own"]))
    # One word may only name the kind of what is asked for: "Which companies (...)?"
    return bool(own & said) or len(own) < (1 if about else 2)


def _line(text: str) -> str:
    """The first line of an earlier turn, cleaned and cut."""
    lines = _MARKER.sub("", visible(text[: 2 * CHARACTERS])).split("\n")
    line = next(filter(None, (" ".join(each.split()) for each in lines)), "")
    return line if len(line) <= CHARACTERS else line[:CHARACTERS].rsplit(" ", 1)[0]


def _statement(answer: str, asked: str) -> str:
    line = _line(answer)
    spans = sentences(line)
    first = spans[0].of(line).strip().rstrip(".!") if spans else ""
    if not first or declines(first) or first.lower().startswith(_NOTHING_SAID):
        return ""
    # "He left in May" says who only together with its question.
    opening = re.match(r"(He|She|It|They) (?!is |was |takes )", first)
    if opening:
        about = names.named(asked, "")
        meant = names.meant(opening.group(1).lower(), about, subject=True)
        first = meant + first[opening.end(1) :] if meant else first
    return first


def _alone(question: str, said: Sequence[_Said]) -> str:
    """`question`, where it points back to `said`, in words that do not."""
    if not said or len(question) > CHARACTERS:
        return question  # so long a question says what it means
    plain = " ".join(question.replace("’", "'").split()).rstrip("?!. ")
    core = _OPENING.sub("", plain, count=1) if _OPENING.match(plain) else plain
    linked = core != plain
    if not core:
        return question
    rewritten = (
        _completed(core, said[-1], linked=linked)
        or _resolved(core, said)
        or _linked(core, said[-1], linked=linked)
    )
    return f"{_capital(rewritten)}?" if rewritten else question


def _completed(core: str, last: _Said, *, linked: bool) -> str:
    """A question that is only part of one, made whole with the last turn; else ""."""
    if when := _WHEN.fullmatch(core):
        if last.is_whole and when["wh"].lower() == "how come":
            return f"how come {_inside(last.statement)}"
        if last.is_whole:
            return f"{when['wh']} is it that {_inside(last.statement)}"
        return f"{when['wh']} ({last.told})"
    if who := _WHO_SAID.fullmatch(core):
        return f"who {who['said'].lower()} that {_inside(last.told)}"
    if about := _ABOUT.fullmatch(core):
        return _instead(about["what"], last)
    if _FRAGMENT.fullmatch(core) and not names.found(core):
        return f"{core} ({last.told})"
    if linked and len(core.split()) <= 6 and not _ASKS.search(core):
        return _instead(core, last)
    return ""


def _instead(what: str, last: _Said) -> str:
    """The last question asked of `what`."""
    asked = last.asked.rstrip("?! ")
    if _PHRASE.match(what):
        return f"{asked} {what}"
    named = names.found(what)
    if named == [what]:
        # What a question is about stands in its main clause: not behind "after", "who" or "to run".
        end = CLAUSE.search(asked, 1)
        main = asked[: end.start()] if end else asked
        held = names.found(main)
        kind = names.is_organisation(what)
        alike = [name for name in held if names.is_organisation(name) == kind] or held
        if not alike:
            return f"{what}: {asked}"
        at = main.rindex(alike[-1])
        return f"{asked[:at]}{what}{asked[at + len(alike[-1]) :]}"
    opening = _WH.match(asked)
    if named and opening:
        return f"{opening.group()} was {what}"
    about = ", ".join(name.text for name in last.names() if not name.fresh)
    return f"what about {what} ({about or last.told})"


def _resolved(core: str, said: Sequence[_Said]) -> str:
    """`core` with names for its pronouns, or with what was said in brackets; "" if it has none."""
    pointing = pointers(core)
    if not pointing:
        return ""
    text = ""
    here = 0
    used: list[str] = []
    unnamed = False
    for each in pointing:
        # An "it" beside a "he" is seldom a name: what he bought, what they pay for.
        may = each.word in PERSON | PLURAL or each.owns or (each.word in THING and not used)
        turns = [turn.names() for turn in reversed(said)] if may else []
        # Who is surely a person, some turns ago, comes before who may be one.
        found = (
            names.meant(each.word, turn, subject=each.subject, sure=sure)
            for sure in (True, False)
            for turn in turns
        )
        meant = next(filter(None, found), "")
        if not meant:
            unnamed = True
        elif not (each.owns and meant in used):  # "What did LeCun say of his firm"
            text += core[here : each.span.start] + meant + ("'s" if each.owns else "")
            here = each.span.end
            used.append(meant)
    text += core[here:]
    return f"{text} ({said[-1].told})" if unnamed else text


def _linked(core: str, last: _Said, *, linked: bool) -> str:
    """A whole question that begins with "and" and names nothing: of what was spoken about."""
    if not linked or names.found(core) or len(core.split()) > 7:
        return ""
    about = ", ".join(name.text for name in last.names())
    return f"{core} ({about or last.told})"


def _inside(sentence: str) -> str:
    """A sentence as part of another: small at the start, if that is no name."""
    first = sentence.split(" ", 1)[0]
    return sentence if names.found(first) else sentence[:1].lower() + sentence[1:]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
