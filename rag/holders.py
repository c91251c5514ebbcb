"""Who heads or founded something, and what somebody does: the article's sentence that says so.

"Where does Ada Voss work now?", "Who is in charge of Delta?": articles say so in passing ("Voss,
the head of Delta, said ..."), and a small model that reads much about Voss takes the post she had
before, or judges that nothing is said. Pure, English.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag import names
from rag.cite import told
from rag.posts import FOUNDER, HEADS, LEADS, ended, founding, heading, posts, same_name
from rag.quotable import Sentence, sentences_of
from rag.terms import straight
from rag.types import Claim, Source

__all__ = ["any_says", "asks_for_a_post", "asks_who", "says_a_post", "searched", "stating"]

_POST = r"(?:job|role|position|post|title|occupation|employer)"
_PLACE = r"(?:company|firm|organi[sz]ation|institution|institute|lab|laboratory|team|business|body)"
_ASKS = re.compile(
    r"\bwhere (?:does|did) [^?]{2,60}? work\b|\bwho (?:does|did) [^?]{2,60}? work for\b"
    r"|\bwhat (?:does|did) [^?]{2,60}? do (?:now|for a living|at [^?]+|before[^?]*)\s*\?"
    r"|\bwhat (?:does|did) (?-i:[A-Z][\w'-]+ [A-Z][\w'-]+) do\s*\?"
    rf"|\bwhat (?:is|was|are|were) [^?]{{2,60}}?['’]s? (?:\w+ )?{_POST}\b"
    r"(?! (?:on|in|of|about|towards?|for|as|regarding)\b)"
    rf"|\b(?:what|which) {_POST} (?:does|did|has|had|is|was) "
    rf"|\b(?:what|which) {_PLACE} (?:does|did|is|was) [^?]{{2,60}}? "
    r"(?:lead|head|run|work (?:at|for|in)|in charge of)\b",
    re.IGNORECASE,
)
_PAST = re.compile(
    r"\b(?:was|were|did|had|used to|before|former(?:ly)?|previous(?:ly)?)\b", re.IGNORECASE
)
_FORMER = re.compile(r"\b(?:former(?:ly)?|ex-|deputy|vice|acting|interim)", re.IGNORECASE)
_AT = re.compile(r"\b(?:at|in|for|with) (?:the )?(?=[A-Z])|['’]s (?=[A-Z])")
_ASKS_WHO = re.compile(
    rf"^\W*who (?:(?:now |currently )?{LEADS}\b|is (?:now |currently )?(?:the |in )?(?:\w+ )?"
    rf"(?:charge|{HEADS}) (?:of|at)\b|is (?:the )?[^?]{{2,40}}?['’]s {HEADS}\b)",
    re.IGNORECASE,
)

_FOUNDS = r"(?:(?:co-?)?found(?:ed)?|start(?:ed)?|establish(?:ed)?|set up)"
_ASKS_FOUNDER = re.compile(
    rf"^\W*who (?:{_FOUNDS}\b|(?:is|was|are|were) (?:the )?(?:co-?)?founders? of\b)", re.IGNORECASE
)
_ASKS_FOUNDED = re.compile(
    rf"\b(?:what|which) (?:{_PLACE}|labs|start-?up) (?:did|has|have) [^?]{{2,60}}? {_FOUNDS}\b",
    re.IGNORECASE,
)


def stating(question: str, sources: Sequence[Source]) -> Claim | None:
    """The sentence that answers who heads or founded something, or what somebody does or founded.

    In the article's words; None for any other question, and where no sentence says it.
    """
    if asks_who(question):
        return _heading(question, sources)
    return _holding(question, sources) if asks_for_a_post(question) else None


def asks_for_a_post(question: str) -> bool:
    """Whether a question asks what somebody does, or where."""
    asks = _ASKS.search(question) or _ASKS_FOUNDED.search(question)
    who = _who(question) if asks else ""
    return bool(who) and not names.is_organisation(who)


def searched(question: str) -> list[str]:
    """What to search for besides, where it is asked what somebody does: words for posts."""
    if not asks_for_a_post(question):
        return []
    return [f"{_who(question)}, head, director, chief executive or founder of"]


def says_a_post(question: str, text: str) -> bool:
    """Whether a text names a post of the one in the question, held now or before.

    Or what they founded, or who heads or founded something, if that is asked.
    """
    if asks_who(question):
        says = _heading_of(question)
        return says is not None and _heads(question, says, text)
    who = _who(question)
    if not who:
        return False
    if _ASKS_FOUNDED.search(question):
        return _founded(text, who)
    return _holds(text, who, before=True)


def any_says(question: str, texts: Sequence[str]) -> bool:
    """Whether one of the texts names a post as the question asks for it."""
    return any(says_a_post(question, text) for text in texts)


def asks_who(question: str) -> bool:
    """Whether a question asks who heads or founded something."""
    return bool(_ASKS_WHO.search(question) or _ASKS_FOUNDER.search(question))


def _heading(question: str, sources: Sequence[Source]) -> Claim | None:
    """The newest sentence that names a head of the last name in the question."""
    says = _heading_of(question)
    if says is None:
        return None
    return _newest([each for each in sentences_of(sources) if _heads(question, says, each.text)])


def _heads(question: str, says: re.Pattern[str], text: str) -> bool:
    found = says.search(straight(text))
    return (
        found is not None
        and not _FORMER.search(found[0])
        and any(name not in question for name in names.found(text))
    )


def _heading_of(question: str) -> re.Pattern[str] | None:
    """How an article says who heads or founded the last name in the question; None without one."""
    asked = names.found(question)
    if not asked:
        return None
    return (founding if _ASKS_FOUNDER.search(question) else heading)(asked[-1])


def _holding(question: str, sources: Sequence[Source]) -> Claim | None:
    """The newest sentence that says which post somebody in the question holds.

    For a question about now none of a place that they have left, as another sentence says.
    """
    asking, who = _last(question), _who(question)
    past = bool(_PAST.search(asking))
    at = _places(question)
    founded = bool(_ASKS_FOUNDED.search(asking))
    every = sentences_of(sources)
    fitting = [
        each
        for each in every
        if who
        and all(place in each.text for place in at)
        and (_founded(each.text, who) if founded else _holds(each.text, who, before=past))
        and (past or not _left(each, who, every))
    ]
    return _newest(fitting)


def _who(question: str) -> str:
    """The name of the one who is asked about; "" where there is none."""
    at = _places(question)
    asked = names.found(_last(question)) or names.found(question)
    return next((name for name in asked if name not in at), "")


def _places(question: str) -> list[str]:
    """The names that say where: "at Delta"."""
    asking = _last(question)
    return [
        name
        for name in names.found(question)
        if re.search(rf"(?:{_AT.pattern}){re.escape(name)}", asking)
    ]


def _newest(sentences: Sequence[Sentence]) -> Claim | None:
    best = max(sentences, key=lambda each: each.source.date or "", default=None)
    return told(best) if best else None


def _holds(text: str, name: str, *, before: bool) -> bool:
    """Whether a sentence says that somebody holds a post, or founded something."""
    return _founded(text, name) or any(
        same_name(post.holder, name) for post in posts(text, before=before)
    )


def _founded(text: str, name: str) -> bool:
    """Whether a sentence says that somebody founded something."""
    last = re.escape(name.rsplit(maxsplit=1)[-1])
    says = (
        rf"\b{last}, [^,.;]{{0,60}}?\b{FOUNDER} of [A-Z]"
        rf"|\b{last},? (?:who |has |had )*(?:co-?)?(?:founded|established) [A-Z]"
        rf"|[A-Z]\w*,? (?:was |which was )?(?:co-?)?founded by (?:[A-Z][\w.'-]* )*{last}\b"
    )
    return bool(re.search(says, straight(text)))


def _left(sentence: Sentence, who: str, every: Sequence[Sentence]) -> bool:
    """Whether another sentence says that they are no more where this one has them."""
    if not any(same_name(post.holder, who) for post in posts(sentence.text)):
        return False
    places = [name for name in names.found(sentence.text) if not same_name(name, who)]
    return any(
        ended(other.text, who, place)
        for place in places
        for other in every
        if other is not sentence and (other.source.date or "") >= (sentence.source.date or "")
    )


def _last(question: str) -> str:
    """The sentence that asks: "She led the mill. What does she do now?" says more before."""
    asking = [part for part in re.split(r"(?<=[.!])\s+", question) if part.endswith("?")]
    return asking[-1] if asking else question
