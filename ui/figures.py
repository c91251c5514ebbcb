"""What `refdesk eval` tells people of its figures. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rag.judging import Figures, Judged, Times
from rag.measures import Share

_LONG = 160


def answers(found: Figures, others: Mapping[str, Share]) -> list[str]:
    """The figures of `refdesk eval answers`, a line each."""
    lines = [f"{found.n} questions, {found.answerable} of them with a known answer"]
    lines += [_share(name, each) for name, each in found.shares.items()]
    lines += [_share(f"published: {name}", each) for name, each in others.items()]
    lines.append(f"  first word after {_times(found.first_token)}; finished after "
                 f"{_times(found.total)}")  # fmt: skip
    lines += [f"  {n:>5}  {kind}" for kind, n in found.kinds.items()]
    return lines


def failures(judged: Sequence[Judged], most: int) -> list[str]:
    """Up to `most` examples of each kind of failure."""
    lines = []
    for kind in dict.fromkeys(each.kind for each in judged if not each.right):
        for each in [each for each in judged if each.kind == kind][:most]:
            lines += ["", f"[{kind}] {each.asked.id}: {each.asked.text}", *_example(each)]
    return lines


def _example(each: Judged) -> Iterator[str]:
    if each.asked.choices:
        yield f"  choices: {' | '.join(each.asked.choices)}"
    yield f"  known: {_cut(' | '.join(each.asked.answers)) or 'no answer'}"
    yield f"  said:  {_cut(each.outcome.answer) or 'refused'}"
    for claim in each.outcome.claims:
        mark = "supported" if claim.supported else "not supported"
        yield f"    {claim.score:.2f} {mark}: {_cut(claim.text)}"
        for citation in claim.citations:
            yield f"         {', '.join(citation.documents)}: {_cut(citation.text)}"


def _share(name: str, each: Share) -> str:
    if each.value is None:
        return f"  {name:<36} not judged"
    return f"  {name:<36} {each.value:.3f}  ({each.low:.3f} to {each.high:.3f}, n = {each.n})"


def _times(times: Times) -> str:
    if times.median is None:
        return "no time"
    return f"{times.median:.1f} s (median; 95 % below {times.p95:.1f} s)"


def _cut(text: str) -> str:
    one = " ".join(text.split())
    return one if len(one) <= _LONG else one[:_LONG] + " …"
