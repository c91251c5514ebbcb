"""A question of several parts, of which the passages may answer only some. Pure but for the model.

Each part is judged by itself, over the same keys and values of the passages: about 40 tokens a
part, in place of the judgement of the whole. Only the parts that pass are put to the model, so that
it has no cause to make up the others. The rest is named in a fixed sentence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace

from rag import answerable, choose, conversation, holders, plan, prompt
from rag.llm import LLM, Check, Prompt
from rag.similar import Similarity
from rag.terms import terms
from rag.types import Answer, Claim, Event, Turn

__all__ = ["alone", "fits", "judgement", "parts", "put", "repeats", "searches", "told", "weighed"]

MISSING = "The articles don't say:"
"""Before each part of a question that is not answered where others are."""

_ASKS = re.compile(r"\?\W*$|^\W*(?:who|whom|whose|what|which|when|where|why|how)\b", re.IGNORECASE)
_THERE = re.compile(r"\bthere\b(?=\W*$)", re.IGNORECASE)
_FEWEST_OWN = 2
"""Words that only one part has, from which on an answer to it has to have one of them."""

_NEAR = 0.6
"""Cosine of a part, in words that stand alone, and a claim from which on the claim speaks of it in
whatever words. Of 12 parts that were said to be left open, in eight sets, the two that were not had
.72 and more, nine of the others .5 and less."""


def parts(question: str) -> list[str]:
    """The parts of a question as they are written; none where it asks one thing."""
    found = [part for part in plan.searches(question)[1:] if _ASKS.search(part)]
    return found if len(found) > 1 else []


def alone(found: Sequence[str]) -> list[str]:
    """The parts in words that stand alone: "who built it", after "How high is the Orla bridge"."""
    if not found:
        return []
    first = _asked(found[0])
    whole = [first]
    for part in found[1:]:
        said = conversation.understood(_asked(part), (Turn(first, ""),))
        if _THERE.search(said):
            said = f"{said.rstrip('?')} ({first.rstrip('?')})?"
        whole.append(said)
    return whole


def searches(question: str) -> list[str]:
    """What to search for: the question, and each of its parts in words that stand alone."""
    asked = plan.searches(question)
    found = parts(question)
    return [question, *alone(found)] if len(found) == len(asked) - 1 else asked


def judgement(family: prompt.Family, opened: Prompt) -> tuple[Check, Check]:
    """What the model is asked before it answers: see `rag.answerable`."""
    return (
        Check(prompt.to_judge(family, opened), prompt.YES, prompt.NO),
        Check(prompt.to_answer(family, opened), prompt.REFUSAL_WORDS),
    )


def weighed(
    llm: LLM, family: prompt.Family, opened: Sequence[Prompt]
) -> Generator[Event, None, list[tuple[float, float]]]:
    """What the model judges of each part: yes and refusal, see `rag.answerable`. Raises ModelError.

    opened: each part in words that stand alone, as `prompt.asked` has it
    """
    checks = [check for each in opened for check in judgement(family, each)]
    odds = yield from choose.probabilities(llm, checks)
    return list(zip(odds[::2], odds[1::2], strict=True))


def put(question: str, found: Sequence[str], can: Sequence[bool]) -> str:
    """The question with only those of its parts that can be answered."""
    if all(can):
        return question
    return " ".join(part for part, ok in zip(alone(found), can, strict=True) if ok)


def fits(question: str, answer: str) -> bool:
    """Whether an answer is of the kind that the question, or one of its parts, asks for."""
    return any(answerable.fits(part, answer) for part in parts(question) or [question])


def repeats(question: str, answer: str) -> bool:
    """Whether an answer only says what the question, and each of its parts, says."""
    return all(answerable.repeats(part, answer) for part in parts(question) or [question])


def told(
    answer: Answer,
    found: Sequence[str],
    can: Sequence[bool],
    stated: Callable[[str], tuple[str, Sequence[Claim]] | None],
    alike: Similarity,
) -> Answer:
    """`answer` with more for each part that it leaves open; a refusal as it is.

    What an article's own sentence says of it, or that the articles don't.

    found, can  the question's parts, and which of them could be answered
    stated      the article's own sentence that answers a part, and its claim
    alike       cosines of texts
    """
    if answer.refused or not found:
        return answer
    said = [each for each in answer.claims if each.supported]
    text = " ".join(each.text for each in said)
    quotes = [cited.quote for each in said for cited in each.citations]
    held = frozenset(terms(" ".join([text, *quotes])))
    whole = alone(found)
    near = alike(whole, [each.text for each in said]).max(axis=1) if said else [0.0] * len(found)
    missing = [
        at
        for at, (part, ok) in enumerate(zip(found, can, strict=True))
        if not ok
        or not answerable.fits(part, text)
        or not (_speaks(found, at, held) or near[at] >= _NEAR)
        or (holders.asks_who(whole[at]) and not holders.any_says(whole[at], quotes))
    ]
    if not missing or len(missing) == len(found):
        return answer
    added = {at: own for at in missing if (own := stated(whole[at]))}
    left = tuple(_asked(found[at]) for at in missing if at not in added)
    more = [*(own for own, _ in added.values()), "\n".join(f"{MISSING} “{part}”" for part in left)]
    claims = tuple(claim for _, of in added.values() for claim in of)
    return replace(
        answer,
        text="\n\n".join([answer.text, *filter(None, more)]),
        claims=answer.claims + claims,
        missing=left,
    )


def _speaks(found: Sequence[str], at: int, held: frozenset[str]) -> bool:
    """Whether what was said, or what it cites, has a word of what only this part asks."""
    others = frozenset(word for n, part in enumerate(found) if n != at for word in terms(part))
    own = frozenset(terms(found[at])) - others
    return len(own) < _FEWEST_OWN or bool(own & held)


def _asked(part: str) -> str:
    return part.strip().rstrip(" ?.!,;") + "?"
