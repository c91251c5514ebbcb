"""From statements to claims, each tied to the exact spans that support it. Pure.

The model's `[n]` markers are only a hint: where another passage supports the claim better, they
are corrected. Spans are chosen by how much of what the claim says (weighted words, names, and
above all figures) stands in them, together with the similarity of the two by the embedder.
Correcting citations after the fact follows CiteFix (Maheshwari et al. 2025). How likely the
passages support the claim is `rag.support`'s; figures and names must agree exactly.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from index.types import Span
from rag import naming, strict, support
from rag.focus import goes_on, prose
from rag.quotable import Sentence, around, sentences_of
from rag.similar import Similarity
from rag.statements import Statement
from rag.terms import terms
from rag.types import Citation, Claim, Differs, Source

_MARKED_BONUS = 0.08
_SECOND_SPAN_GAIN = 0.2
_SIMILARITY_WEIGHT = 0.25
_ECHO_WEIGHT = 0.35

_HELD = 0.5


def cite(
    statements: Sequence[Statement],
    sources: Sequence[Source],
    similarity: Similarity,
    *,
    min_support: float,
    question: str = "",
    words: Similarity | None = None,
    short: bool = False,
) -> list[Claim]:
    """Ties each statement to the one or two sentences of `sources` that support it best.

    similarity  of statements and sentences; `words` of single words, where that is another
    short       for answers of a sentence or two in the passages' own words, as the engine asks for:
                what is cited must hold most of the claim's words, deny what it denies, and have its
                figures in a sentence about the same. Too much for a long text that sums up
    question  its words, echoed in a claim, are the asker's rather than the passages': they count
              less. That the passages speak of them at all is judged before (`rag.answerable`).
    """
    candidates = sentences_of(sources)
    if not statements or not candidates:
        return [Claim(each.text, supported=False, score=0.0) for each in statements]
    alike = similarity([s.text for s in statements], [c.text for c in candidates])
    weights = _weights(candidates, frozenset(terms(question)))
    beside = [*map(around, sources), question]
    evidence = support.Evidence.of([each.text for each in sources], beside)
    told = support.Evidence.of([each.text for each in sources], beside[:-1])

    def keeps(claim: str, spans: Sequence[Sentence]) -> bool:
        return strict.kept(claim, question, spans, candidates, told, words or similarity)

    return [
        _claim(
            each,
            candidates,
            alike[at],
            weights,
            support.probability(support.signals(each.text, evidence, words or similarity)),
            min_support,
            keeps if short else None,
        )
        for at, each in enumerate(statements)
    ]


def _weights(candidates: Sequence[Sentence], echoed: frozenset[str]) -> Callable[[str], float]:
    """How much a word says: rarer among the passages' sentences says more, figures most."""
    seen = Counter(word for each in candidates for word in each.words)
    total = len(candidates)

    def weight(word: str) -> float:
        rarity = math.log(1 + total / (1 + seen[word]))
        if word[0].isdigit() or word == "not":
            return 2.0 * rarity
        return (_ECHO_WEIGHT if word in echoed else 1.0) * rarity

    return weight


def _claim(
    statement: Statement,
    candidates: Sequence[Sentence],
    alike: npt.NDArray[np.float32],
    weight: Callable[[str], float],
    score: float,
    min_support: float,
    keeps: Callable[[str, Sequence[Sentence]], bool] | None,
) -> Claim:
    """The claim with its spans.

    score  how likely the passages support it (`rag.support`)
    keeps  whether a claim and its spans keep the rules for short answers; None: no such rules
    """
    wanted = list(dict.fromkeys(terms(statement.text)))
    total = sum(map(weight, wanted)) or 1.0

    def coverage(chosen: Sequence[Sentence]) -> float:
        """The share of the claim found in the spans; what only stands around them counts half."""
        inside = frozenset().union(*(each.words for each in chosen))
        nearby = frozenset().union(*(each.context for each in chosen))
        found = 0.0
        for word in wanted:
            if word in inside:
                found += weight(word)
            elif word in nearby and not word[0].isdigit() and word != "not":
                found += 0.5 * weight(word)
        return found / total

    def worth(at: int) -> float:
        bonus = _MARKED_BONUS if candidates[at].source.number in statement.markers else 0.0
        return _support(coverage([candidates[at]]), float(alike[at])) + bonus

    best = max(range(len(candidates)), key=worth)
    chosen = [best]
    have = coverage([candidates[best]])
    rest = [at for at in range(len(candidates)) if at != best]
    if rest:
        second = max(rest, key=lambda at: coverage([candidates[best], candidates[at]]))
        both = coverage([candidates[best], candidates[second]])
        if both - have >= _SECOND_SPAN_GAIN:
            chosen.append(second)
            have = both
    spans = [candidates[at] for at in chosen]
    held = strict.figures_agree(wanted, spans) and naming.names_known(statement.text, candidates)
    if held and keeps:
        nearest = max(float(alike[at]) for at in chosen)
        held = _support(have, nearest) >= _HELD and keeps(statement.text, spans)
    if not held:
        score = min(score, 0.5 * min_support)
    score = round(min(max(score, 0.0), 1.0), 3)
    return Claim(
        statement.text,
        supported=score >= min_support,
        score=score,
        citations=tuple(_citation(each) for each in spans),
    )


def _support(coverage: float, similarity: float) -> float:
    return (1 - _SIMILARITY_WEIGHT) * coverage + _SIMILARITY_WEIGHT * max(similarity, 0.0)


def citation(source: Source, span: Span) -> Citation:
    """`span` of a passage's text, as a citation."""
    return Citation(
        number=source.number,
        document=source.document,
        document_id=source.document_id,
        title=source.title,
        date=source.date,
        page=source.page,
        start=source.start + span.start,
        end=source.start + span.end,
        quote=span.of(source.text),
    )


def in_own_words(cited: Citation, differs: Differs = "") -> Claim:
    """The article's own sentence as a claim, in one line."""
    return Claim(" ".join(cited.quote.split()), True, 1.0, (cited,), differs=differs)


def told(sentence: Sentence) -> Claim:
    """A sentence of an article as a claim: see `led`."""
    return in_own_words(led(sentence.source, sentence.span))


def led(source: Source, span: Span) -> Citation:
    """A sentence of a passage, after the one before it where it points back to that.

    "Its director, Bo Lind, said ...": whose, the sentence before says.
    """
    if goes_on(span.of(source.text)):
        before = [each for each in prose(source.text) if each.end <= span.start]
        span = Span(before[-1].start if before else span.start, span.end)
    return citation(source, span)


def _citation(evidence: Sentence) -> Citation:
    return citation(evidence.source, evidence.span)
