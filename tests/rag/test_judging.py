from __future__ import annotations

from dataclasses import replace

import pytest

from rag.answers import Asked
from rag.given import Passage
from rag.judging import Judged, compared, figures, judge
from rag.trial import Outcome, Quoted, Said

ASKED = Asked("q", "Who led the Norse?", ("Rollo", "Duke Rollo"), ("normans",))
NONE = Asked("n", "Who led the Danes?", (), ("normans",))
HOLDING = Quoted(("normans",), "Their leader Rollo swore fealty.")
BESIDE = Quoted(("normans",), "They came from Denmark.")
ELSEWHERE = Quoted(("other",), "A ship was called Rollo.")


def outcome(answer: str, *citations: Quoted, gate: str = "", **other: object) -> Outcome:
    claims = (Said(answer, True, 0.9, citations),) if answer else ()
    values = {
        "id": "q", "answer": answer, "gate": gate, "choice": None, "claims": claims,
        "read": (HOLDING, ELSEWHERE), "first_token_s": 2.0, "total_s": 3.0, "prompt_tokens": 300,
        "answer_tokens": 5,
    }  # fmt: skip
    return Outcome(**{**values, **other})  # type: ignore[arg-type]


def test_a_right_answer_with_a_right_citation() -> None:
    found = judge(ASKED, outcome("Rollo", HOLDING))
    assert (found.exact, found.f1, found.holds) == (1, 1, True)
    assert (found.cited, found.backed, found.sourced) == ((1, 1), (1, 1), (1, 1))
    assert (found.found, found.read, found.kind, found.right) == (True, True, "right", True)


def test_a_citation_is_right_only_in_a_right_document_and_with_the_answer() -> None:
    found = judge(ASKED, outcome("It was Rollo.", HOLDING, BESIDE, ELSEWHERE))
    assert found.cited == (1, 3)
    assert found.sourced == (2, 3)
    assert found.backed == (1, 1)
    assert found.exact == 0
    assert found.kind == "right"


def test_an_unsupported_claim_is_not_backed_and_its_citations_do_not_count() -> None:
    claims = (Said("Rollo", True, 0.9, (HOLDING,)), Said("He ran.", False, 0.1, (BESIDE,)))
    found = judge(ASKED, outcome("Rollo. He ran.", claims=claims))
    assert found.cited == (1, 1)
    assert found.backed == (1, 2)


@pytest.mark.parametrize(
    ("read", "answer", "gate", "kind"),
    [
        ((HOLDING,), "Hastings", "", "wrong: answer read"),
        ((BESIDE,), "Hastings", "", "wrong: answer not among what was read"),
        ((ELSEWHERE,), "Hastings", "", "wrong: document not found"),
        ((HOLDING,), "", "judgement", "refused (judgement): answer read"),
        ((), "", "search", "refused (search): document not found"),
    ],
)
def test_what_went_wrong(read: tuple[Quoted, ...], answer: str, gate: str, kind: str) -> None:
    found = judge(ASKED, outcome(answer, gate=gate, read=read))
    assert found.kind == kind
    assert not found.right


def test_partly_right() -> None:
    asked = replace(ASKED, answers=("Rollo of Normandy",))
    assert (
        judge(asked, outcome("Rollo, Normandy", HOLDING)).kind
        == "partly right: answer not among what was read"
    )


def test_no_answer_is_to_be_refused() -> None:
    refused = judge(NONE, outcome("", gate="model"))
    assert (refused.exact, refused.f1, refused.kind) == (1, 1, "refused, rightly")
    assert refused.right
    answered = judge(NONE, outcome("Rollo", HOLDING))
    assert (answered.exact, answered.f1) == (0, 0)
    assert answered.kind == "answered, though there is no answer"
    assert answered.cited == answered.backed == answered.sourced == (0, 0)


def test_evidence_counts_where_the_data_marks_it() -> None:
    asked = Asked(
        "e", "who", ("A long answer of many words.",),
        evidence=("Their leader Rollo swore fealty .",), passages=(Passage("x"),),
    )  # fmt: skip
    found = judge(asked, outcome("Rollo swore.", HOLDING, BESIDE))
    assert found.cited == (1, 2)
    assert found.sourced == (0, 0)
    assert found.found is None
    assert found.kind == "right"


def test_a_choice() -> None:
    asked = replace(ASKED, choices=("Rollo", "Hrolf"), choice=0)
    assert judge(asked, outcome("Rollo", HOLDING, choice=0), choosing=True).right
    wrong = judge(asked, outcome("Hrolf", choice=1), choosing=True)
    assert wrong.kind == "wrong: answer read"
    none = Asked("n", "Who?", (), (), choices=("Rollo", "None of the above"), choice=1)
    assert judge(none, outcome("None of the above", choice=1), choosing=True).right
    assert not judge(none, outcome("", gate="search"), choosing=True).right


def run() -> list[Judged]:
    return [
        judge(ASKED, outcome("Rollo", HOLDING)),
        judge(ASKED, outcome("old Duke Rollo", HOLDING, BESIDE, total_s=9.0)),
        judge(ASKED, outcome("", gate="check", first_token_s=0.0)),
        judge(NONE, outcome("", gate="judgement", first_token_s=0.0)),
        judge(NONE, outcome("Rollo", HOLDING)),
    ]


def test_the_figures_of_a_run() -> None:
    found = figures(run(), choosing=False)
    values = {name: each.value for name, each in found.shares.items()}
    # The second scores 2 * 2 / (3 + 2); the refused one 0; of those without answer, one of two.
    assert values["exact match, all"] == pytest.approx(2 / 5)
    assert values["F1, all"] == pytest.approx((1 + 0.8 + 0 + 1 + 0) / 5)
    assert values["F1, has answer"] == pytest.approx(1.8 / 3)
    assert values["F1, no answer"] == pytest.approx(1 / 2)
    assert values["known answer in the answer"] == pytest.approx(2 / 3)
    assert values["answered, has answer"] == pytest.approx(2 / 3)
    assert values["refusal precision"] == pytest.approx(1 / 2)
    assert values["refusal recall"] == pytest.approx(1 / 2)
    assert values["citation precision"] == pytest.approx(2 / 3)
    assert values["citation recall"] == pytest.approx(1.0)
    assert found.shares["citation precision"].n == 3
    assert found.shares["refusal precision"].n == 2
    assert (found.n, found.answerable) == (5, 3)
    assert (found.first_token.median, found.total.median, found.total.p95) == (2.0, 3.0, 9.0)
    assert found.kinds == {
        "right": 2,
        "refused (check): answer read": 1,
        "refused, rightly": 1,
        "answered, though there is no answer": 1,
    }


def test_what_cannot_be_judged_says_so() -> None:
    found = figures([judge(replace(NONE, documents=()), outcome("", gate="model"))], choosing=False)
    assert found.shares["citation precision"].value is None
    assert found.shares["right document read"].value is None
    assert found.shares["exact match, has answer"].value is None
    assert found.first_token.median == 2.0


def test_another_systems_predictions_are_scored_on_the_same_questions() -> None:
    judged = [*run()[:2], judge(replace(ASKED, id="other"), outcome("Rollo"))]
    said = compared(judged, {"q": "the Rollo", "absent": "x"}, choosing=False)
    assert said["exact match, all"].value == 1.0
    assert said["exact match, all"].n == 2
    asked = replace(ASKED, choices=("Rollo", "Hrolf"), choice=1)
    chosen = [judge(asked, outcome("Rollo", choice=0), choosing=True)]
    assert compared(chosen, {"q": 1}, choosing=True)["right choice"].value == 1.0
    assert compared(chosen, {}, choosing=True)["right choice"].value is None
