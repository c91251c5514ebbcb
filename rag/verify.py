"""What a model said, held against the passages: claims with their spans, or nothing that stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from index.embed import Embedder
from index.types import Span
from rag import (
    across,
    cite,
    form,
    holders,
    partly,
    plan,
    quoting,
    secondlook,
    statements,
    untrusted,
    yesno,
)
from rag.answerable import affirms, closed
from rag.fuller import as_written, in_full
from rag.orders import is_order
from rag.similar import remembering, similarity_by
from rag.statements import Statement
from rag.terms import terms
from rag.types import Citation, Claim, Form, Source

_QUOTED_SHARE = 0.8

_WORDS_KEPT = 20_000
"""Words whose vectors are kept for the next answers: 30 MB."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What is left of what was said.

    text     with the verified markers; "" where nothing stands
    omitted  claims that `text` lacks
    """

    text: str
    claims: tuple[Claim, ...]
    omitted: int = 0


class Verifier:
    """Checks answers. Safe to use from several threads."""

    def __init__(
        self,
        embedder: Embedder,
        *,
        min_support: float,
        min_answerable: float = 0.5,
        drop: bool = False,
    ) -> None:
        """
        min_support     how likely a claim has to be supported
        min_answerable  how likely a sentence has to answer, where it stands in for the model's
        drop            leave out what is not supported, instead of marking it
        """
        self._embed = embedder.embed_passages
        self._min_support = min_support
        self._min_answerable = min_answerable
        self._drop = drop
        self.alike = similarity_by(embedder.embed_passages)
        self._words = similarity_by(remembering(embedder.embed_passages, _WORDS_KEPT))

    def verified(
        self,
        question: str,
        said: str,
        sources: Sequence[Source],
        kind: Form,
        *,
        cut: bool,
    ) -> Verified:
        """kind: how it was to be worded. cut: it ends in the middle"""
        said = form.to_the_matter(form.unlinked(said))
        evidence = untrusted.evidence(sources, question)
        if kind == "full" and closed(question):
            plain = form.without_yes(said)
            if affirms(question, statements.parse(plain)[0]):
                return Verified("", ())
            if plain != said and (found := self.stated(question, sources)):
                return found
            said = plain
        clean, parts = statements.phrase(said) if kind == "short" else statements.parse(said)
        if cut and len(parts) > 1:
            # The last sentence was cut off in the middle: half a sentence is not a claim.
            clean = clean[: parts[-2].span.end]
            parts = parts[:-1]
        clean, parts = statements.once(clean, parts)
        clean, parts = statements.to_the_point(plan.searches(question), clean, parts)
        clean, parts = form.limited(question, clean, parts, orders=is_order)
        claims = self._cited(question, parts, evidence, about=question if kind == "short" else "")
        claims = across.carried(question, claims, evidence, min_support=self._min_support)
        if kind == "full" and not all(claim.supported for claim in claims):
            clean, parts, claims = self._apart(question, clean, parts, claims, evidence)
        if kind == "short" and claims and claims[0].supported:
            clean, parts, claims = self._in_full(question, clean, parts, claims, evidence)
        supported = " ".join(claim.text for claim in claims if claim.supported)
        if kind == "full" and (holders.asks_for_a_post(question) or holders.asks_who(question)):
            quotes = [each.quote for claim in claims if claim.supported for each in claim.citations]
            if not holders.any_says(question, quotes) and (found := self.stated(question, sources)):
                return found
        if supported and partly.repeats(question, supported):
            return Verified("", tuple(claims))
        if not supported or not partly.fits(question, supported):
            if kind == "full":
                # What it was taken from may answer: see `rag.secondlook`.
                return Verified("", tuple(claims))
            return self._quoted(question, parts, evidence, claims)
        text = statements.written(clean, parts, claims, drop=self._drop)
        omitted = sum(not claim.supported for claim in claims) if self._drop else 0
        return Verified(text, tuple(claims), omitted)

    def stated(self, question: str, sources: Sequence[Source]) -> Verified | None:
        """The sentence of the passages that answers by itself, if one does.

        A question of yes or no, of who heads something, or of what somebody does.
        """
        evidence = untrusted.evidence(sources, question)
        if not closed(question):
            said = holders.stating(question, evidence)
            return _quoting(said) if said else None
        found = yesno.answering(
            question, evidence, self.alike, self._words, least=self._min_answerable
        )
        return _quoting(found) if found else None

    def nearest(
        self, question: str, claims: Sequence[Claim], sources: Sequence[Source]
    ) -> tuple[Citation, ...]:
        """What the passages say that comes nearest to an answer. claims: what did not stand"""
        evidence = untrusted.evidence(sources, question)
        return quoting.nearest(question, claims, evidence, self.alike, self._words)

    def confirmed(
        self,
        question: str,
        claims: Sequence[Claim],
        tried: Sequence[Citation],
        odds: Sequence[float],
        *,
        doubted: bool = False,
    ) -> Verified | None:
        """The likeliest of `tried` to answer, if it is likely enough: see `rag.secondlook`.

        claims: what was said and did not stand; odds: how surely the model finds each of `tried`
        right; doubted: see `rag.draft.Draft`
        """
        if not tried:
            return None
        near = self.alike([question], [each.quote for each in tried])[0]
        added = set(terms(" ".join(each.text for each in claims))).difference(terms(question))

        def likely(cited: Citation, right: float, cosine: float) -> float:
            share = len(added.intersection(terms(cited.quote))) / max(len(added), 1)
            return secondlook.likelihood(right, cosine, share, doubted=doubted)

        every = [
            (likely(cited, right, float(cosine)), cited)
            for cited, right, cosine in zip(tried, odds, near, strict=True)
            if partly.fits(question, cited.quote)
        ]
        best, cited = max(every, key=lambda each: each[0], default=(0.0, None))
        if cited is None or best < self._min_answerable:
            return None
        return _quoting(cite.in_own_words(cited))

    def choice(self, question: str, choice: str, sources: Sequence[Source]) -> Verified:
        """A choice that was taken, cited where the passages support it."""
        clean, parts = statements.phrase(choice)
        claims = self._cited(question, parts, untrusted.evidence(sources, question), about=question)
        return Verified(statements.written(clean, parts, claims), tuple(claims))

    def _in_full(
        self,
        question: str,
        clean: str,
        parts: list[Statement],
        claims: list[Claim],
        evidence: Sequence[Source],
    ) -> tuple[str, list[Statement], list[Claim]]:
        """A short answer as the articles write it: a name in full, a figure with its unit."""
        cited = [each.quote for each in claims[0].citations]
        full = as_written(in_full(clean, cited, [each.read_text for each in evidence]), cited)
        if full == clean:
            return clean, parts, claims
        clean, parts = statements.phrase(full)
        return clean, parts, self._cited(question, parts, evidence, about=question)

    def _apart(
        self,
        question: str,
        clean: str,
        parts: list[Statement],
        claims: list[Claim],
        evidence: Sequence[Source],
    ) -> tuple[str, list[Statement], list[Claim]]:
        """The same with joined statements taken apart, or one cut short, where more then stands."""
        for changed in (statements.apart, statements.trimmed):
            text, fewer = changed(clean, parts, claims)
            if text == clean:
                continue
            checked = self._cited(question, fewer, evidence, about="")
            if sum(each.supported for each in checked) > sum(each.supported for each in claims):
                clean, parts, claims = text, fewer, checked
        return clean, parts, claims

    def _quoted(
        self,
        question: str,
        parts: Sequence[Statement],
        evidence: Sequence[Source],
        claims: Sequence[Claim],
    ) -> Verified:
        """The article's own sentence in place of a short answer that does not stand, or nothing.

        The passages hold an answer, by the model's own judgement, but its words were not theirs.
        """
        quote = quoting.quoted(question, parts, evidence, least=_QUOTED_SHARE)
        if not quote or not partly.fits(question, quote.text):
            return Verified("", tuple(claims))
        return _quoting(quote)

    def _cited(
        self,
        question: str,
        parts: Sequence[Statement],
        evidence: Sequence[Source],
        *,
        about: str,
    ) -> list[Claim]:
        return cite.cite(
            parts,
            evidence,
            similarity_by(self._embed, about),
            min_support=self._min_support,
            question=question,
            words=self._words,
            short=True,
        )


def _quoting(*quotes: Claim) -> Verified:
    """An answer that is articles' sentences, and nothing else."""
    texts = [statements.parse(each.text)[0] for each in quotes]
    parts: list[Statement] = []
    for text in texts:
        start = parts[-1].span.end + 1 if parts else 0
        parts.append(Statement(text, Span(start, start + len(text)), ()))
    return Verified(statements.written(" ".join(texts), parts, quotes), quotes)
