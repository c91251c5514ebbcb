"""What `refdesk eval` tells people of its figures. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rag.grounding import Grounding, Scored
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


def grounding(found: Grounding, *, hallucinated: bool) -> list[str]:
    """The figures of `refdesk eval grounding`, a line each."""
    wanted = "hallucinated" if hallucinated else "supported"
    at = found.at_settings
    return [
        f"{found.n} texts, {found.positives} of them {wanted}",
        (
            f"  F1 of {wanted} at {found.threshold:g} (answer.min_support): {at.f1:.3f} "
            f"({found.f1_low:.3f} to {found.f1_high:.3f}); precision {at.precision:.3f}, "
            f"recall {at.recall:.3f}"
        ),
        f"  F1 of calling every text {wanted}: {found.always:.3f}",
        "  area under the ROC curve: "
        + ("not judged" if found.auc is None else f"{found.auc:.3f}"),
        (
            f"  best threshold on one half: {found.best:.3f}; its F1 on the other half "
            f"{found.held_out.f1:.3f} (precision {found.held_out.precision:.3f}, recall "
            f"{found.held_out.recall:.3f}); there, the one in force has "
            f"{found.at_settings_there.f1:.3f}"
        ),
        f"  expected calibration error: {found.error:.3f}",
        "    score        texts   mean score   supported",
        *(
            f"    {each.low:.1f} to {each.low + 0.1:.1f}  {each.n:>7}   {each.score:>10.3f}   "
            f"{each.true:>9.3f}"
            for each in found.table
        ),
    ]


def misjudged(scored: Sequence[Scored], threshold: float, most: int) -> list[str]:
    """Up to `most` texts of each kind of error, the gravest first."""
    lines = []
    for supported in (True, False):
        wrong = [
            each for each in scored if each.text.supported == supported != (each.score >= threshold)
        ]
        wrong.sort(key=lambda each: each.score, reverse=not supported)
        state = "supported, scored low" if supported else "not supported, scored high"
        for each in wrong[:most]:
            lines += ["", f"[{state}] {each.text.id}: {each.score:.2f}"]
            if each.worst:
                lines.append(f"  worst claim of {each.claims}: {_cut(each.worst.text)}")
                lines += [f"    {_cut(citation.quote)}" for citation in each.worst.citations]
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
