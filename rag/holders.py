"""What somebody does, asked for by name: the article's sentence that says which post they hold.

"Where does Ada Voss work now?": articles say so in passing ("Voss, the head of Delta, said ..."),
and a small model that reads much about Voss takes the post she had before, or none. Pure, English.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag import names
from rag.cite import citation, in_own_words
from rag.posts import ended, posts, same_name
from rag.quotable import Sentence, sentences_of
from rag.types import Claim, Source

__all__ = ["asks_for_a_post", "holding", "says_a_post"]

_POST = r"(?:job|role|position|post|title|occupation|employer)"
_PLACE = r"(?:company|firm|organi[sz]ation|institution|institute|lab|laboratory|team|business|body)"
_ASKS = re.compile(
    r"\bwhere (?:does|did) [^?]{2,60}? work\b|\bwho (?:does|did) [^?]{2,60}? work for\b"
    r"|\bwhat (?:does|did) [^?]{2,60}? do(?: now| for a living| at [^?]+| before[^?]*)?\s*\?"
    rf"|\bwhat (?:is|was|are|were) [^?]{{2,60}}?['’]s? (?:\w+ )?{_POST}\b"
    rf"|\b(?:what|which) {_POST} (?:does|did|has|had|is|was) "
    rf"|\b(?:what|which) {_PLACE} (?:does|did|is|was) [^?]{{2,60}}? "
    r"(?:lead|head|run|work (?:at|for|in)|in charge of)\b",
    re.IGNORECASE,
)
_FOUNDER = r"(?:co-?)?founder(?: and [a-z ]{3,30})?"
"""One may have several, so that `rag.posts` does not know them."""

_PAST = re.compile(
    r"\b(?:was|were|did|had|used to|before|former(?:ly)?|previous(?:ly)?)\b", re.IGNORECASE
)
_AT = re.compile(r"\b(?:at|in|for|with) (?:the )?(?=[A-Z])|['’]s (?=[A-Z])")


def asks_for_a_post(question: str) -> bool:
    """Whether a question asks what somebody does, or where."""
    return bool(_ASKS.search(question) and names.found(question))


def says_a_post(question: str, text: str) -> bool:
    """Whether a text names a post of somebody in the question, held now or before."""
    return any(_holds(text, name, before=True) for name in names.found(question))


def holding(question: str, sources: Sequence[Source]) -> Claim | None:
    """The sentence that says which post somebody in the question holds, in the article's words.

    The newest of them; for a question about now none of a place that they have left, as another
    sentence says. None where no sentence says it.
    """
    past = bool(_PAST.search(_last(question)))
    asked = names.found(question)
    at = [
        name for name in asked if re.search(rf"(?:{_AT.pattern}){re.escape(name)}", _last(question))
    ]
    every = sentences_of(sources)
    fitting = [
        each
        for each in every
        if all(place in each.text for place in at)
        and any(_holds(each.text, name, before=past) for name in asked if name not in at)
        and (past or not _left(each, asked, every))
    ]
    best = max(fitting, key=lambda each: each.source.date or "", default=None)
    return in_own_words(citation(best.source, best.span)) if best else None


def _holds(text: str, name: str, *, before: bool) -> bool:
    """Whether a sentence says that somebody holds a post, or founded something."""
    founder = rf"\b{re.escape(name.rsplit(maxsplit=1)[-1])}\b[^.;]{{0,80}}?\b{_FOUNDER} of [A-Z]"
    return bool(re.search(founder, text)) or any(
        same_name(post.holder, name) for post in posts(text, before=before)
    )


def _left(sentence: Sentence, asked: Sequence[str], every: Sequence[Sentence]) -> bool:
    """Whether another sentence says that they are no more where this one has them."""
    holders = [
        post.holder
        for post in posts(sentence.text)
        if any(same_name(post.holder, name) for name in asked)
    ]
    return any(
        ended(other.text, holder, place)
        for holder in holders
        for place in names.found(sentence.text)
        if not same_name(place, holder)
        for other in every
        if other is not sentence and (other.source.date or "") >= (sentence.source.date or "")
    )


def _last(question: str) -> str:
    """The sentence that asks: "She led the mill. What does she do now?" says more before."""
    asking = [part for part in re.split(r"(?<=[.!])\s+", question) if part.endswith("?")]
    return asking[-1] if asking else question
