from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from rag.cite import cite
from rag.plan import searches
from rag.quoting import quoted
from rag.statements import apart, once, parse, to_the_point, trimmed, written
from rag.terms import terms
from rag.types import Claim, Source
from tests.fakes import HashEmbedder

TEXT_A = (
    "Northwind opened its second plant in Bergen in May. The plant cost $42 million. "
    "It employs 310 people."
)
TEXT_B = "Analysts expect the market to shrink. Northwind will not raise its prices this year."
EMBEDDER = HashEmbedder()


def source(number: int, text: str, start: int = 100, **other: object) -> Source:
    values = {
        "number": number, "document": f"/d/{number}.txt", "document_id": number, "title": "News",
        "date": None, "page": None, "start": start, "end": start + len(text), "text": text,
        "score": 1.0,
    }  # fmt: skip
    return Source(**{**values, **other})  # type: ignore[arg-type]


SOURCES = (source(1, TEXT_A), source(2, TEXT_B, start=7))


def similarity(a: Sequence[str], b: Sequence[str]) -> np.ndarray:
    return EMBEDDER.embed_passages(a) @ EMBEDDER.embed_passages(b).T


def cited(answer: str, sources: Sequence[Source] = SOURCES) -> list[Claim]:
    return cite(parse(answer)[1], sources, similarity, min_support=0.5, short=True)


def test_markers_leave_the_text_and_go_to_their_sentence() -> None:
    clean, statements = parse("It cost $42 million [1]. It employs 310. [1, 2] Prices stay.")
    assert clean == "It cost $42 million. It employs 310. Prices stay."
    assert [(s.text, s.markers) for s in statements] == [
        ("It cost $42 million.", (1,)),
        ("It employs 310.", (1, 2)),
        ("Prices stay.", ()),
    ]


def test_list_items_are_statements() -> None:
    _, statements = parse("- plant in Bergen [1]\n- prices stay [2]\n")
    assert [s.markers for s in statements] == [(1,), (2,)]


@pytest.mark.parametrize("answer", ["", "   ", "[1]", "...", "[1][2]"])
def test_nothing_said(answer: str) -> None:
    assert parse(answer)[1] == []


def test_the_quote_is_literal_and_short() -> None:
    (claim,) = cited("The plant cost $42 million. [1]")
    (citation,) = claim.citations
    assert claim.supported
    assert citation.quote == "The plant cost $42 million."
    at = citation.start - 100
    assert TEXT_A[at : at + len(citation.quote)] == citation.quote
    assert citation.end - citation.start == len(citation.quote)


def test_a_wrong_marker_is_corrected_and_a_missing_one_added() -> None:
    for answer in ("The plant cost $42 million. [2]", "The plant cost $42 million."):
        (claim,) = cited(answer)
        assert [c.number for c in claim.citations] == [1]


def test_an_invented_marker_is_dropped() -> None:
    clean, statements = parse("Northwind will not raise its prices this year. [9]")
    claims = cite(statements, SOURCES, similarity, min_support=0.5, short=True)
    assert (
        written(clean, statements, claims) == "Northwind will not raise its prices this year. [2]"
    )


def test_a_wrong_figure_is_not_supported() -> None:
    (claim,) = cited("The plant cost $43 million.")
    assert not claim.supported
    assert claim.score < 0.5


def test_a_name_that_the_passages_do_not_know_is_not_supported() -> None:
    (claim,) = cited("Odd Hansen said the plant cost $42 million.")
    assert not claim.supported
    assert cited("According to Northwind the plant cost $42 million.")[0].supported


def test_what_is_nowhere_is_not_supported_and_gets_no_marker() -> None:
    clean, statements = parse("The chief executive resigned over a scandal. [1]")
    claims = cite(statements, SOURCES, similarity, min_support=0.5, short=True)
    assert not claims[0].supported
    assert "[" not in written(clean, statements, claims)


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("It resigned. The plant cost $42 million.", "The plant cost $42 million. [1]"),
        ("The plant cost $42 million. It resigned.", "The plant cost $42 million. [1]"),
        (
            "The plant cost $42 million. It resigned. It employs 310 people.",
            "The plant cost $42 million. [1] It employs 310 people. [1]",
        ),
        (
            "- The plant cost $42 million.\n- It resigned over scandals.\n- It employs 310 people.",
            "- The plant cost $42 million. [1]\n- It employs 310 people. [1]",
        ),
    ],
)
def test_what_is_not_supported_can_be_left_out(said: str, left: str) -> None:
    clean, statements = parse(said)
    assert written(clean, statements, cited(said), drop=True) == left


def test_a_claim_from_two_places_gets_both() -> None:
    (claim,) = cited("The plant employs 310 people and analysts expect the market to shrink.")
    assert {c.number for c in claim.citations} == {1, 2}
    assert claim.supported


def test_two_identical_places_the_models_own_choice_wins() -> None:
    twins = (source(1, TEXT_A), source(2, TEXT_A, start=500))
    (claim,) = cited("The plant cost $42 million. [2]", twins)
    assert [c.number for c in claim.citations] == [2]


def test_a_figure_from_a_sentence_about_something_else_is_not_supported() -> None:
    (claim,) = cited("The chief executive's salary is $42 million.")
    assert not claim.supported


def test_the_sentence_that_speaks_of_all_that_is_asked_can_stand_for_the_answer() -> None:
    claim = quoted("Where is Northwind's second plant?", [], SOURCES, least=0.8)
    assert claim is not None
    assert claim.text == "Northwind opened its second plant in Bergen in May."
    assert claim.citations[0].quote == claim.text
    assert quoted("Who designed the second plant of Northwind?", [], SOURCES, least=0.8) is None


def test_an_answer_that_is_right_but_for_an_invented_figure_gives_way_to_its_sentence() -> None:
    question = "When did Northwind begin to run its second plant?"
    said = parse("Northwind began to run its second plant in May 1987.")[1]
    claim = quoted(question, said, SOURCES, least=0.9)
    assert claim is not None
    assert claim.text == "Northwind opened its second plant in Bergen in May."
    wrong = parse("Northwind began to run its second plant in July 1987.")[1]
    assert quoted(question, wrong, SOURCES, least=0.9) is None


@pytest.mark.parametrize(
    "said",
    [
        "In the Harbour League, the second plant was opened in Bergen.",
        "The $40 million second plant was opened in Bergen.",
    ],
)
def test_what_only_the_question_says_gives_way_to_the_sentence_that_answers(said: str) -> None:
    question = "Where was the $40 million second plant of the Harbour League opened?"
    assert not cited(said)[0].supported
    claim = quoted(question, parse(said)[1], SOURCES, least=0.9)
    assert claim is not None
    assert claim.text == "Northwind opened its second plant in Bergen in May."


def test_one_of_many_is_no_figure() -> None:
    docks = source(1, "The dispute at the docks is brewing. A crane has one arm.")
    said = parse("One of the disputes is brewing at the docks.")[1]
    (claim,) = cite(said, [docks], similarity, min_support=0.5, short=True)
    assert claim.supported


def test_no_sources() -> None:
    assert cited("Anything at all.", ()) == [Claim("Anything at all.", False, 0.0)]


def test_terms_fold_forms_of_a_word_and_keep_negation_and_figures() -> None:
    assert terms("Prices weren't raised; raising a price")[:2] == ["pric", "not"]
    assert set(terms("planned")) == set(terms("plans")) == set(terms("planning"))
    assert terms("ten years, 1,250 units, 3.5%") == ["10", "year", "1250", "unit", "3.5"]


@pytest.mark.parametrize(
    ("question", "answer", "expected"),
    [
        ("Where is the mill?", "The mill is in Ghent. Bread is dear.", "The mill is in Ghent."),
        ("Where is the mill?", "It is in Ghent. The mill is old. Bread is dear.",
         "It is in Ghent. The mill is old."),
        ("Where is the mill?", "The mill is in Ghent. It was built in 1801.",
         "The mill is in Ghent. It was built in 1801."),
        ("Which mills are there?", "The mills are:\n- Saint John\n- The Lark",
         "The mills are:\n- Saint John\n- The Lark"),
        ("Which companies rent boats from the old mill?",
         "Two companies rent boats from the mill. One company said that bread is dear.",
         "Two companies rent boats from the mill."),
        ("Where is the mill, and who owns the big red boat?",
         "The mill is in Ghent. The boat is Ada's.", "The mill is in Ghent. The boat is Ada's."),
        ("Where is it?", "Bread is dear. Milk is not.", "Bread is dear. Milk is not."),
        ("Where is the mill?", "The mill is in Ghent. Bread is dear. The mill is red.",
         "The mill is in Ghent. Bread is dear. The mill is red."),
        ("Where is the mill?", "The mill is in Ghent. Bread is dear. Milk is not. The mill is red.",
         "The mill is in Ghent. The mill is red."),
        ("What does the mill cost, and how long till it pays for itself?",
         "The mill costs $42 million. The outlay is back in ten years. Bread is dear.",
         "The mill costs $42 million. The outlay is back in ten years."),
    ],
)  # fmt: skip
def test_an_answer_that_wanders_off_is_cut(question: str, answer: str, expected: str) -> None:
    clean, statements = to_the_point(searches(question), *parse(answer))
    assert clean.strip() == expected
    assert all(each.span.of(clean) == each.text for each in statements)


def test_each_row_of_a_table_is_a_claim_and_its_marker_stays_in_the_row() -> None:
    said = "| Name | Year |\n| --- | --- |\n| Anna | 1998 [2] |\n| Bo | 2003 [1] |"
    clean, statements = parse(said)
    assert [(each.text, each.markers) for each in statements] == [
        ("Anna | 1998", (2,)), ("Bo | 2003", (1,)),
    ]  # fmt: skip
    assert all(each.span.of(clean) == each.text for each in statements)
    claims = [Claim(each.text, supported=False, score=0.0) for each in statements]
    assert written(clean, statements, claims).startswith("| Name | Year |\n| --- | --- |\n|")


def test_what_is_said_twice_is_said_once() -> None:
    clean, statements = parse(
        "The plant cost $42 million. [1]\nThe plant  cost $42 million. Prices stay."
    )
    text, kept = once(clean, statements)
    assert text == "The plant cost $42 million. Prices stay."
    assert [each.span.of(text) for each in kept] == [each.text for each in kept]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            "A leads the mill, and the board closed it.",
            ["A leads the mill.", "The board closed it."],
        ),
        ("Ann, Bo, and Cleo left the mill.", ["Ann, Bo, and Cleo left the mill."]),
        ("It fell in May, and was not built again.", ["It fell in May, and was not built again."]),
        ("It fell in May and the sea took it.", ["It fell in May and the sea took it."]),
    ],
)
def test_joined_statements_that_do_not_stand_are_taken_apart(
    said: str, expected: list[str]
) -> None:
    text = f"It is so. {said} It is not."
    clean, statements = parse(text)
    claims = [Claim(each.text, supported=each.text != said, score=0.5) for each in statements]
    whole, parts = apart(clean, statements, claims)
    assert whole == " ".join(["It is so.", *expected, "It is not."])
    assert [each.text for each in parts] == ["It is so.", *expected, "It is not."]
    standing = [Claim(each.text, supported=True, score=0.9) for each in statements]
    assert apart(clean, statements, standing)[0] == clean


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Both mills are in Voss, one of them in the north.", "Both mills are in Voss."),
        ("It is a mill, a tall one, in Voss.", "It is a mill, a tall one."),
        ("In Voss, both mills stand.", "In Voss, both mills stand."),
        ("Both mills are in Voss.", "Both mills are in Voss."),
    ],
)
def test_what_does_not_stand_loses_what_it_adds_behind_a_comma(said: str, expected: str) -> None:
    clean, statements = parse(f"It is so. {said} It is not.")
    claims = [Claim(each.text, supported=each.text != said, score=0.5) for each in statements]
    whole, parts = trimmed(clean, statements, claims)
    assert whole == f"It is so. {expected} It is not."
    assert [each.text for each in parts] == ["It is so.", expected, "It is not."]
    standing = [Claim(each.text, supported=True, score=0.9) for each in statements]
    assert trimmed(clean, statements, standing)[0] == clean
