"""An article's own sentences where a model's words cannot be checked."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pytest

from rag.cite import told
from rag.quotable import sentences_of
from rag.quoting import meant, nearest
from rag.types import Claim
from rag.verify import Verifier
from tests.fakes import HashEmbedder
from tests.rag.test_cite import source

ROUTE = "The bridge is closed for a year. Diversion route: via Long Aldham, 14 km."
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


def quotes(
    question: str, said: str, text: str, cosine: float, *texts: str, sure: bool = False
) -> list[str]:
    claims = [Claim(said, True, 0.9)]
    alike = near(cosine, *texts)
    found = meant(question, claims, [source(1, text)], alike, sure=sure)  # type: ignore[arg-type]
    return [each.text for each in found]


def test_the_sentence_that_has_what_the_answer_adds_and_is_near_in_meaning() -> None:
    question = "How long is the detour if the bridge is shut?"
    said = "The detour is 14 km if the bridge is shut."
    route = ["Diversion route: via Long Aldham, 14 km."]
    assert quotes(question, said, ROUTE, 0.6, "Diversion") == route
    assert quotes(question, said, ROUTE, 0.4, "Diversion") == []
    assert quotes(question, said, ROUTE, 0.4, "Diversion", sure=True) == route
    assert quotes(question, said, ROUTE, 0.1, "Diversion", sure=True) == []


def test_what_an_answer_took_from_nowhere_is_not_told() -> None:
    said = "The detour is 18 miles by ferry and by rail."
    assert quotes("How long is the detour?", said, ROUTE, 0.9, "Diversion") == []


def test_an_answer_made_of_several_sentences_gives_them_in_their_order() -> None:
    question = "What was the result of the ballot on vehicles?"
    said = "They voted 14 to 9 and cars are banned from 1 July."
    assert quotes(question, said, VOTE, 0.6, "Councillors") == [
        "Cars are banned from 1 July.",
        "Councillors voted 14 to 9 on Monday for a trial.",
    ]


def test_who_wants_a_name_that_the_question_lacks() -> None:
    text = "The pump P-204 tripped on Monday. Bo Lind saw the pump trip."
    said = "P-204 was made by the pump that tripped."
    assert quotes("Who manufactured P-204?", said, text, 0.9, "P-204") == []
    said = "P-204 was made by Bo Lind."
    assert quotes("Who watched P-204?", said, text, 0.9, "Bo Lind") == [
        "Bo Lind saw the pump trip."
    ]


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


def test_an_answer_in_words_that_the_articles_lack_gives_way_to_their_sentence() -> None:
    class Alike(HashEmbedder):
        """Takes what speaks of a detour and of a diversion for one."""

        def embed_passages(self, texts: Sequence[str]) -> np.ndarray:
            route = re.compile(r".*\b(?:detour|diversion)\b.*", re.IGNORECASE)
            return super().embed_passages([route.sub("detour", each) for each in texts])

    verifier = Verifier(Alike(), min_support=0.5)
    found = verifier.verified(
        "How long is the detour when it is snowing?",
        "The detour is 14 km when it is snowing. [1]",
        [source(1, ROUTE)],
        "full",
        cut=False,
        sure=True,
    )
    assert found.text == "Diversion route: via Long Aldham, 14 km. [1]"
    assert [each.supported for each in found.claims] == [True]


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
