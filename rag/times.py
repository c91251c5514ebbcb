"""What holds now and what held before: an answer that says both where articles differ. Pure.

`rag.differ` finds what another article says otherwise. Here it is decided which comes first, and
the answer is written anew: the newest first, the others after it with their dates, in the articles'
own words, each a cited claim of its own. A question of a past time keeps to the articles of that
time. Where dates are equal or unknown no date is preferred; what says that something is over then
stands before what is over.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from index import named
from index.dates import in_words
from index.types import Span
from rag import plan
from rag.cite import citation, in_own_words
from rag.differ import Contrast, Sentence, contrast, says_over
from rag.focus import prose
from rag.types import Answer, Citation, Claim, Source

__all__ = ["stated"]

_MOST = 2
"""Other statements that an answer gives to one claim, at most."""

_PAST = dt.timedelta(14)
"""A time is past for a question if it ended so long before the day of asking."""

_MARKERS = re.compile(r"(?:\s*\[\d{1,3}(?:\s*[,;]\s*\d{1,3})*\])*")


@dataclass(frozen=True, slots=True)
class _Said:
    """A sentence as it is cited, and what is to be said of it. over: it ends what another says."""

    citation: Citation
    over: bool = False

    @property
    def date(self) -> str | None:
        return self.citation.date


def stated(answer: Answer, question: str, today: dt.date) -> Answer:
    """`answer` with what other articles say otherwise of its claims; itself where nothing does.

    Of two passages, one of which says that something is over, a small model often judges that they
    hold no answer ("Does the ferry still run?"). They hold two: a refusal gives way to both.

    today  the day of asking
    """
    if answer.refused:
        return _both(answer, question, today)
    found: dict[int, list[_Said]] = {}
    told: set[tuple[int, int]] = set()
    for at, claim in enumerate(answer.claims):
        if not claim.supported or not claim.citations:
            continue
        if told.issuperset(map(_place, claim.citations)):
            # The model has said both; it is said once, with its date.
            found[at] = []
            continue
        others = list(_otherwise(question, claim, answer.sources))
        if others:
            found[at] = _ordered(question, today, claim.citations[0], others)
            told |= {_place(each.citation) for each in found[at]} - set(
                map(_place, claim.citations)
            )
    return _written(answer, found) if found else answer


def _both(refusal: Answer, question: str, today: dt.date) -> Answer:
    """What the passages say of something and of its end, or of its end alone; else `refusal`."""
    alone: list[_Said] = []
    for source in refusal.sources:
        for span in prose(source.text):
            own = citation(source, span)
            claim = in_own_words(own)
            held = replace(refusal, text=claim.text, refused=False, claims=(claim,))
            others = [
                (other, found)
                for other, found in _otherwise(question, claim, refusal.sources)
                if found.over is not None
            ]
            if others:
                return _written(held, {0: _ordered(question, today, own, others)})
            if says_over(question, claim.text):
                alone.append(_Said(own, over=True))
    if not alone:
        return refusal
    # "LeCun left Meta in November" says it in fewer words than "formerly at Meta, LeCun has ...".
    best = min(alone, key=lambda each: len(each.citation.quote))
    claim = in_own_words(best.citation)
    return _written(replace(refusal, text=claim.text, refused=False, claims=(claim,)), {0: [best]})


def _otherwise(
    question: str, claim: Claim, sources: Sequence[Source]
) -> Iterator[tuple[Citation, Contrast]]:
    """The sentences of other articles that contradict a claim, at most one of each article."""
    cited = {each.document_id for each in claim.citations}
    by_number = {source.number: source for source in sources}
    mine = [
        _sentence(source, Span(each.start - source.start, each.end - source.start))
        for each in claim.citations
        if (source := by_number.get(each.number))
    ]
    told: set[int] = set()
    for source in sources:
        if source.document_id in cited or source.document_id in told:
            continue
        for span in prose(source.text):
            other = _sentence(source, span)
            contrasts = (
                contrast(part, claim.text, one, other)
                for part in plan.searches(question)
                for one in mine
            )
            if said := next(filter(None, contrasts), None):
                told.add(source.document_id)
                yield citation(source, span), said
                break


def _ordered(
    question: str,
    today: dt.date,
    own: Citation,
    others: Sequence[tuple[Citation, Contrast]],
) -> list[_Said]:
    """What is to be said, the leading statement first; alone where the question's time decides."""
    mine = _Said(own, over=any(each.over == 0 for _, each in others))
    every = [mine, *(_Said(other, each.over == 1) for other, each in others)]
    past = named.period(question, today)
    if past is not None and past[1] < today - _PAST:
        lead = _of_time(every, past)
        if lead is not None:
            return [lead]
    if all(each.date for each in every) and _apart([each.date or "" for each in every]):
        every.sort(key=lambda each: each.date or "", reverse=True)
    else:
        every.sort(key=lambda each: not each.over)
    return every[: 1 + _MOST]


def _apart(dates: Sequence[str]) -> bool:
    """Whether dates can be put into order: "2025" may be before or after "2025-06"."""
    spans = sorted(map(named.spanned, dates))
    return all(one[1] < other[0] for one, other in pairwise(spans))


def _of_time(every: Sequence[_Said], past: named.Days) -> _Said | None:
    """The statement of a past time: of an article of those days, else the last before their end."""
    dated = [(named.spanned(each.date), each) for each in every if each.date]
    fitting = [each for days, each in dated if named.fit(days, past) > 0.0]
    if fitting:
        return fitting[0]
    before = [(days[1], at) for at, (days, _) in enumerate(dated) if days[1] <= past[1]]
    return dated[max(before)[1]][1] if before else None


def _written(answer: Answer, found: dict[int, list[_Said]]) -> Answer:
    """The answer's text and claims with what was found in the place of the claims it belongs to."""
    text = ""
    claims: list[Claim] = []
    for at, (gap, claim, tail) in enumerate(_pieces(answer)):
        if at not in found:
            text += gap + claim.text + tail
            claims.append(claim)
            continue
        if not found[at]:
            continue
        lead, *rest = found[at]
        if lead.citation == claim.citations[0]:
            text += gap + claim.text + (tail or f" [{lead.citation.number}]")
            claims.append(claim)
        else:
            # What else the claim says stands in its other sentences.
            said = [in_own_words(each) for each in (lead.citation, *claim.citations[1:])]
            text += gap + " ".join(f"{own.text} [{own.citations[0].number}]" for own in said)
            claims += said
        for each in rest:
            label, how = _label(lead, each)
            claims.append(in_own_words(each.citation, how))
            text += f"\n\n{label}: {claims[-1].text} [{each.citation.number}]"
    return replace(answer, text=text.strip(), claims=tuple(claims))


def _pieces(answer: Answer) -> Iterator[tuple[str, Claim, str]]:
    """Each claim with the text before it and the markers behind it, the last with all the rest."""
    here = 0
    for at, claim in enumerate(answer.claims):
        start = answer.text.find(claim.text, here)
        start = here if start < 0 else start
        end = start + len(claim.text)
        marked = _MARKERS.match(answer.text, end)
        stop = marked.end() if marked else end
        stop = len(answer.text) if at == len(answer.claims) - 1 else stop
        yield answer.text[here:start], claim, answer.text[end:stop]
        here = stop


def _label(lead: _Said, other: _Said) -> tuple[str, Literal["earlier", "other"]]:
    """What stands before another statement, and the same as `Claim.differs` has it."""
    if lead.date and other.date and _apart([lead.date, other.date]) and other.date < lead.date:
        return f"Earlier ({in_words(other.date)})", "earlier"
    when = in_words(other.date) if other.date else "date unknown"
    return f"Another article ({when}) says", "other"


def _place(cited: Citation) -> tuple[int, int]:
    return cited.document_id, cited.start


def _sentence(source: Source, place: Span) -> Sentence:
    """The sentence at `place` of a passage, with the title and the sentence before it."""
    before = [span for span in prose(source.text) if span.end <= place.start]
    around = before[-1].of(source.text) if before else ""
    return Sentence(place.of(source.text), f"{source.title} {around}")
