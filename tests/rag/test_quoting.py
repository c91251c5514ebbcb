"""An article's own sentences: what comes nearest to an answer, and what a quote points back to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from rag.cite import told
from rag.quotable import sentences_of
from rag.quoting import nearest
from rag.types import Claim
from tests.rag.test_cite import source

VOTE = (
    "Cars are banned from 1 July. The mayor was not there. "
    "Councillors voted 14 to 9 on Monday for a trial."
)


def near(cosine: float, *texts: str) -> object:
    """Cosines: `cosine` with sentences that hold one of `texts`, else 0."""

    def alike(asked: Sequence[str], said: Sequence[str]) -> np.ndarray:
        row = [cosine if any(text in each for text in texts) else 0.0 for each in said]
        return np.array([row] * len(asked), np.float32)

    return alike


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Delta closed. Its head, Bo Lind, spoke.", "Delta closed. Its head, Bo Lind, spoke."),
        ("Delta closed. Bo Lind spoke.", "Bo Lind spoke."),
        ("Its head, Bo Lind, spoke.", "Its head, Bo Lind, spoke."),
    ],
)
def test_a_quote_that_points_back_brings_the_sentence_before_it(text: str, expected: str) -> None:
    *_, last = sentences_of([source(1, text)])
    claim = told(last)
    assert claim.text == expected
    (cited,) = claim.citations
    assert text[cited.start - 100 : cited.end - 100] == cited.quote == expected


def test_what_a_claim_was_taken_from_comes_nearest_then_what_is_near_in_meaning() -> None:
    of = source(1, VOTE)
    _, absent, voted = (told(each) for each in sentences_of([of]))
    alike = near(0.9, "mayor")
    claim = Claim("They voted on Sunday.", False, 0.1, voted.citations)

    def quotes_of(question: str, *claims: Claim) -> list[str]:
        found = nearest(question, claims, [of], alike, alike)  # type: ignore[arg-type]
        return [each.quote for each in found]

    assert quotes_of("Where was Osric at dawn?", claim) == [voted.text, absent.text]
    assert quotes_of("Where was Osric at dawn?")[0] == absent.text
    # Of a question with hardly a word, too.
    assert quotes_of("Osric?", claim) == [voted.text, absent.text]
    assert nearest("Osric?", [claim], [], alike, alike) == voted.citations  # type: ignore[arg-type]


def test_what_comes_nearest_is_told_once() -> None:
    of = source(1, "Ana Ruiz runs the mill. Its owner, Bo Lind, lives in Varn.")
    first, last = (told(each) for each in sentences_of([of]))
    assert last.text == of.text
    claim = Claim("Ana Ruiz owns the mill.", False, 0.1, first.citations)
    alike = near(0.9, "owner")
    found = nearest("Who owns the old mill?", [claim], [of], alike, alike)  # type: ignore[arg-type]
    assert found == first.citations
