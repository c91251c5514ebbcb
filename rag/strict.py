"""The rules that a claim must keep besides being likely: what is never forgiven. Pure.

A score of words is blind to how they are put together. Each rule here is about one way in which a
small model puts true words together wrongly: a figure beside another thing, a name from another
place, a cause of something else, a "not" too many.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from index.dates import in_words, mentioned
from rag.answerable import WRITING
from rag.language import language
from rag.naming import names_belong, names_in_place
from rag.posts import given_away, heads_as_told
from rag.quotable import Sentence
from rag.similar import Similarity
from rag.support import NEAR, Evidence
from rag.terms import spelt, terms

_CAUSE = re.compile(
    r"\b(?:because(?: of)?|due to|owing to|thanks to|as a result of|(?:was|were|is) caused by|"
    r"(?:which )?(?:led to|resulted in|caused))\b",
    re.IGNORECASE,
)
_FEWEST_JOINED = 3
_FEWEST_ECHOED = 2
_DRESSING = frozenset(
    terms(
        "now out up down week month year day today tonight approximately roughly nearly exactly due"
        " according call called name named make made should must may might let go going come came"
        " get take happen announce announced new top major main key important big biggest large"
        " largest best special famous popular current currently recent recently hold held think"
        " believe feel want try size kind type use word term phrase locate located situated based"
        " until till across around along within beyond whether too itself himself herself"
        " themselves turn manage managed suppose supposed side way end total early late soon"
        " suddenly likely"
    )
)
"""Words of a question that say when, where, how surely, how much or that it is asked, not what."""

_NOT_ONLY = re.compile(
    r"\bnot (?:only|just|merely|least)\b|\bno (?:longer|doubt)\b"
    r"|\bno(?:t (?:any )?)? ?(?:more|less|fewer|later|earlier|sooner|longer) than\b",
    re.IGNORECASE,
)
_WROTE = re.compile(r"\b(?:wrote|written by|authored|(?:is|was) the author)\b", re.IGNORECASE)
_FIGURE_SHARE = 0.25
_NAME_SHARE = 0.34
_SIDE_SHARE = 0.5
_DATE_SHARE = 0.5

_YEAR = 4
"""Characters of a date that is only a year: a figure as any other."""

_MONTHS = frozenset(terms(" ".join(in_words(f"2000-{n:02}") for n in range(1, 13))))


def kept(
    claim: str,
    question: str,
    spans: Sequence[Sentence],
    candidates: Sequence[Sentence],
    told: Evidence,
    alike: Similarity,
) -> bool:
    """Whether a claim keeps all rules for short answers.

    The last three want words folded and names told apart, as only English ones are here.

    spans: what is cited; candidates: all sentences of the passages; told, alike: see `echoes_told`
    """
    if not (
        dates_belong(claim, question, candidates)
        and denies_alike(claim, spans)
        and writing_told(claim, spans)
        and names_in_place(claim, question, spans, candidates)
        and not given_away(claim, [each.text for each in candidates])
        and figures_belong(list(dict.fromkeys(terms(claim))), candidates)
        and causes_told(claim, candidates)
        and heads_as_told(claim, [(each.text, each.near) for each in candidates])
    ):
        return False
    return (language(question) or "en") != "en" or (
        names_belong(claim, question, candidates)
        and words_belong(claim, question, candidates, alike)
        and echoes_told(claim, question, told, alike)
    )


def echoes_told(claim: str, question: str, told: Evidence, alike: Similarity) -> bool:
    """Whether the words that the claim takes from the question are the passages' too.

    Or near in meaning to one of theirs: nothing said of a salary, or of children, is supported by
    passages that speak of neither.

    told: the passages, without the question. alike: cosines of single words
    """
    asked = frozenset(terms(question))
    echoed = [
        form
        for word, form in spelt(claim)
        if word in asked - _DRESSING and word not in told.words and word[0].isalpha()
    ]
    if not echoed or not told.spelt:
        return not echoed
    return bool(alike(echoed, told.spelt).max(axis=1).min() >= NEAR)


def figures_agree(wanted: Sequence[str], spans: Sequence[Sentence]) -> bool:
    """Whether every figure of the claim stands in the cited passages, their titles or dates."""
    known = frozenset().union(*(each.context for each in spans))
    return all(word in known for word in wanted if word[0].isdigit() and len(word) > 1)


def figures_belong(wanted: Sequence[str], candidates: Sequence[Sentence]) -> bool:
    """Whether some sentence with the claim's figures speaks of what the claim speaks of.

    A figure that stands beside other things is the commonest wrong answer of a small model: the
    words of the claim must be in the figure's own sentence, not just near it.
    """
    # "One of the oldest" counts nothing.
    figures = [word for word in wanted if word[0].isdigit() and word != "1"]
    others = [word for word in wanted if not word[0].isdigit()]
    return (
        not figures
        or not others
        or any(
            figure in each.words
            and sum(word in each.words for word in others) > _FIGURE_SHARE * len(others)
            for figure in figures
            for each in candidates
        )
    )


def dates_belong(claim: str, question: str, candidates: Sequence[Sentence]) -> bool:
    """Whether each date that the claim adds stands in a sentence about what was asked.

    "The lease ends on 3 February", on which it was made: of the question's words that the claim
    has, the date's sentence, with its title or what it points back to, must have more than half.
    """
    known = mentioned(question)
    added = [date for date in mentioned(claim) if len(date) > _YEAR and date not in known]
    asked = {word for word in terms(question) if word[0].isalpha()} - _MONTHS
    others = asked & frozenset(terms(claim))
    return not others or all(
        any(
            len(others & each.near) > _DATE_SHARE * len(others) and date in mentioned(each.text)
            for each in candidates
        )
        for date in added
    )


def words_belong(
    claim: str, question: str, candidates: Sequence[Sentence], alike: Similarity
) -> bool:
    """Whether what the claim adds to the question stands beside what was asked about.

    "The cause of the bearing's failure was an expired certificate", which was the cause of another
    failure: of the question's words that the claim has, more than a share must be in the sentence
    that has most of what it adds, or near in meaning to a word there.

    alike: cosines of single words
    """
    asked = frozenset(terms(question)) - _DRESSING
    said = {word: form for word, form in spelt(claim) if word[0].isalpha()}
    added = said.keys() - asked - _MONTHS
    echoed = [word for word in said if word in asked]
    most = max((len(added & each.words) for each in candidates), default=0)
    if len(echoed) < _FEWEST_ECHOED or not most:
        return True

    def share(sentence: Sentence) -> float:
        missing = [said[word] for word in echoed if word not in sentence.near]
        found = len(echoed) - len(missing)
        forms = [form for _, form in spelt(sentence.text)]
        if missing and found <= _NAME_SHARE * len(echoed):
            found += int((alike(missing, forms).max(axis=1) >= NEAR).sum())
        return found / len(echoed)

    return any(share(each) > _NAME_SHARE for each in candidates if len(added & each.words) == most)


def causes_told(claim: str, candidates: Sequence[Sentence]) -> bool:
    """Whether what the claim joins as cause and effect stands together in the passages.

    In one sentence or two that follow each other. A small model likes to join what it read in two
    places, of two things: the pump tripped, "because its breaker had been left" of another pump.
    """
    sides = [frozenset(terms(side)) for side in _CAUSE.split(claim, maxsplit=1)]
    if len(sides) < 2 or min(map(len, sides)) < _FEWEST_JOINED:
        return True
    places = [each.words for each in candidates]
    places += [one.words | two.words for one, two in pairwise(candidates)
               if one.source is two.source]  # fmt: skip
    return any(all(len(side & each) > _SIDE_SHARE * len(side) for side in sides) for each in places)


def denies_alike(claim: str, spans: Sequence[Sentence]) -> bool:
    """Whether claim and spans deny the same: a "not" of the claim is in them, and what they deny
    in the claim's words, the claim denies too."""
    said = terms(claim)
    denied = {
        after
        for each in spans
        for word, after in pairwise(terms(_NOT_ONLY.sub(" ", each.text)))
        if word == "not"
    }
    if "not" in said:
        return any("not" in each.words for each in spans)
    return not denied & frozenset(said)


def writing_told(claim: str, spans: Sequence[Sentence]) -> bool:
    """Whether a claim that somebody wrote something cites a sentence that speaks of writing.

    Who wrote an article mostly stands beside it and not in it; a small model then names somebody
    whom it speaks of.
    """
    return not _WROTE.search(claim) or any(WRITING.search(each.text) for each in spans)
