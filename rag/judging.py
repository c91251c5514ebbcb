"""Answers judged against what is known: right, refused, cited, and what went wrong. Pure."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rag import measures
from rag.answers import Asked
from rag.measures import Pair, Share
from rag.trial import Outcome, Quoted

_NEARLY = 0.5
"""F1 from which an answer counts as partly right, and overlap from which a quote is evidence."""

_SAME = 0.8


@dataclass(frozen=True, slots=True)
class Judged:
    """A question with its outcome and what that is worth.

    holds    a known answer stands in the answer, word for word
    cited    (right, all) citations of supported claims; (0, 0) where they cannot be judged
    backed   (with a right citation, all) claims
    sourced  (from a document that is known to answer, all) citations
    found    such a document was among what was read; None where no document is known
    read     the known answer, or evidence of it, stood in what was read
    kind     right, or what went wrong
    """

    asked: Asked
    outcome: Outcome
    exact: float
    f1: float
    holds: bool
    cited: Pair
    backed: Pair
    sourced: Pair
    found: bool | None
    read: bool
    kind: str

    @property
    def right(self) -> bool:
        return self.kind in ("right", "refused, rightly")


def judge(asked: Asked, outcome: Outcome, *, choosing: bool = False) -> Judged:
    """Holds an outcome against what is known of its question.

    choosing  the answer is one of the question's choices
    """
    said = outcome.answer
    known = asked.answers
    answered = asked.answerable and not outcome.refused
    documents = frozenset(asked.documents) if not asked.passages else frozenset()
    read = any(_evident(asked, each.text) for each in outcome.read)
    found = None
    if documents and asked.answerable:
        found = any(documents & set(each.documents) for each in outcome.read)
    exact, f1 = measures.exact(said, known), measures.f1(said, known)
    holds = measures.holds(said, known)
    right_citations = [
        [_right(asked, each, documents) for each in claim.citations]
        for claim in outcome.claims
        if claim.supported
    ]
    citations = [each for claim in right_citations for each in claim]
    sources = [
        bool(documents & set(each.documents))
        for claim in outcome.claims
        if claim.supported
        for each in claim.citations
    ]
    if choosing:
        right = outcome.choice is not None and outcome.choice == asked.choice
    elif asked.evidence:
        right = answered and any(citations)
    else:
        right = answered and holds
    return Judged(
        asked=asked,
        outcome=outcome,
        exact=exact,
        f1=f1,
        holds=holds,
        cited=(sum(citations), len(citations)) if answered else (0, 0),
        backed=(sum(map(any, right_citations)), len(outcome.claims)) if answered else (0, 0),
        sourced=(sum(sources), len(sources)) if answered and documents else (0, 0),
        found=found,
        read=read,
        kind=_kind(asked, outcome, right=right, choosing=choosing, f1=f1, found=found, read=read),
    )


def _right(asked: Asked, citation: Quoted, documents: frozenset[str]) -> bool:
    """Whether a citation is of a document that answers, and of words there that do."""
    if documents and not documents & set(citation.documents):
        return False
    return _evident(asked, citation.text)


def _evident(asked: Asked, text: str) -> bool:
    """Whether a text holds a known answer, or is one of the sentences marked as evidence."""
    if not asked.evidence:
        return measures.holds(text, asked.answers)
    words = measures.normalised(text)
    return any(
        each and (each in words or words in each or measures.f1(text, [each]) >= _SAME)
        for each in map(measures.normalised, asked.evidence)
    )


def _kind(
    asked: Asked,
    outcome: Outcome,
    *,
    right: bool,
    choosing: bool,
    f1: float,
    found: bool | None,
    read: bool,
) -> str:
    if right:
        return "right"
    if not asked.answerable and not choosing:
        return "refused, rightly" if outcome.refused else "answered, though there is no answer"
    if outcome.refused:
        what = f"refused ({outcome.gate})"
    elif not choosing and f1 >= _NEARLY:
        what = "partly right"
    else:
        what = "wrong"
    if found is False:
        return f"{what}: document not found"
    return f"{what}: answer read" if read else f"{what}: answer not among what was read"


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds: the median, and what 95 % of the questions stay below."""

    median: float | None
    p95: float | None


@dataclass(frozen=True, slots=True)
class Figures:
    """shares: by name; None: cannot be judged on this data. kinds: how many of each, most first"""

    n: int
    answerable: int
    shares: Mapping[str, Share]
    first_token: Times
    total: Times
    kinds: Mapping[str, int]


def figures(judged: Sequence[Judged], *, choosing: bool, seed: int = 0) -> Figures:
    """All figures of a run. Intervals: see `measures.share`."""

    def ratio(pair: Callable[[Judged], Pair]) -> Share:
        return measures.share([pair(each) for each in judged], seed)

    def mean(value: Callable[[Judged], float], among: Callable[[Judged], object] = _all) -> Share:
        return ratio(lambda each: (float(value(each)), 1.0) if among(each) else (0.0, 0.0))

    shares: dict[str, Share] = {}
    if choosing:
        shares["right choice"] = mean(lambda each: each.right)
        shares["right choice, one is right"] = mean(lambda each: each.right, _answerable)
        shares["right choice, none is right"] = mean(lambda each: each.right, _unanswerable)
    else:
        for name, among in _GROUPS.items():
            shares[f"exact match, {name}"] = mean(lambda each: each.exact, among)
            shares[f"F1, {name}"] = mean(lambda each: each.f1, among)
        shares["known answer in the answer"] = mean(lambda each: each.holds, _answerable)
        shares["answered, has answer"] = mean(lambda each: not each.outcome.refused, _answerable)
        shares["refusal precision"] = mean(_unanswerable, lambda each: each.outcome.refused)
        shares["refusal recall"] = mean(lambda each: each.outcome.refused, _unanswerable)
    shares["citation precision"] = ratio(lambda each: each.cited)
    shares["citation recall"] = ratio(lambda each: each.backed)
    shares["citations of a right document"] = ratio(lambda each: each.sourced)
    shares["right document read"] = mean(
        lambda each: bool(each.found), lambda each: each.found is not None
    )
    shares["answer in what was read"] = mean(lambda each: each.read, _answerable)
    return Figures(
        n=len(judged),
        answerable=sum(map(_answerable, judged)),
        shares=shares,
        first_token=_times([o.first_token_s for j in judged if (o := j.outcome).first_token_s]),
        total=_times([each.outcome.total_s for each in judged]),
        kinds=dict(Counter(each.kind for each in judged).most_common()),
    )


def compared(
    judged: Sequence[Judged], predictions: Mapping[str, str | int], *, choosing: bool, seed: int = 0
) -> Mapping[str, Share]:
    """Another system's predictions on the same questions; those without one are left out."""
    rows = [(each.asked, predictions[each.asked.id]) for each in judged
            if each.asked.id in predictions]  # fmt: skip
    if choosing:
        pairs = [(float(said == asked.choice), 1.0) for asked, said in rows]
        return {"right choice": measures.share(pairs, seed)}
    texts = [(asked, str(said)) for asked, said in rows]
    return {
        "exact match, all": measures.share(
            [(measures.exact(said, asked.answers), 1.0) for asked, said in texts], seed
        ),
        "F1, all": measures.share(
            [(measures.f1(said, asked.answers), 1.0) for asked, said in texts], seed
        ),
    }


def _all(_: Judged) -> bool:
    return True


def _answerable(each: Judged) -> bool:
    return each.asked.answerable


def _unanswerable(each: Judged) -> bool:
    return not each.asked.answerable


_GROUPS = {"all": _all, "has answer": _answerable, "no answer": _unanswerable}


def _times(seconds: Sequence[float]) -> Times:
    return Times(
        statistics.median(seconds) if seconds else None, measures.percentile(seconds, 0.95)
    )
