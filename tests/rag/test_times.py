from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from rag.statements import parse, written
from rag.times import stated
from rag.types import Answer, Citation, Claim, Source, Timings

TODAY = dt.date(2026, 11, 22)
OLD = "A bus ticket in Orrin costs 3.20 crowns."
NEW = "Since New Year a bus ticket in Orrin has cost 3.90 crowns."
NOW = "How much does a bus ticket in Orrin cost?"


def source(number: int, text: str, date: str | None, start: int = 50) -> Source:
    return Source(
        number, f"/a/{number}.md", number, "News", date, None, start, start + len(text), text, 1.0
    )


def answer(question: str, sources: tuple[Source, ...], *numbers: int) -> Answer:
    """What a model says that copies the first sentences of the passages of these numbers."""
    claims = []
    for number in numbers:
        of = sources[number - 1]
        quote = of.text.split(". ")[0].rstrip(".") + "."
        cited = Citation(
            number, of.document, of.document_id, of.title, of.date, None, of.start,
            of.start + len(quote), quote,
        )  # fmt: skip
        claims.append(Claim(quote, True, 0.9, (cited,)))
    clean, statements = parse(" ".join(claim.text for claim in claims))
    text = written(clean, statements, claims)
    return Answer(question, text, False, tuple(claims), sources, Timings(), "m", "e")


def both(old: str | None, new: str | None) -> tuple[Source, ...]:
    return source(1, f"{OLD} It is raining.", old), source(2, f"Good day. {NEW}", new)


def test_the_newest_comes_first_whichever_the_model_took() -> None:
    sources = both("2024-08-20", "2026-01-02")
    told = stated(answer(NOW, sources, 1), NOW, TODAY)
    assert told.text == f"{NEW} [2]\n\nEarlier (20 August 2024): {OLD} [1]"
    assert [claim.differs for claim in told.claims] == ["", "earlier"]
    assert told.as_of == "2026-01-02"
    newest = (sources[0], source(2, NEW, "2026-01-02"))
    assert stated(answer(NOW, newest, 2), NOW, TODAY).text == told.text


def test_the_quotes_are_literal() -> None:
    sources = both("2024-08-20", "2026-01-02")
    for claim in stated(answer(NOW, sources, 1), NOW, TODAY).claims:
        for each in claim.citations:
            of = sources[each.number - 1]
            assert of.text[each.start - of.start : each.end - of.start] == each.quote


@pytest.mark.parametrize(
    ("old", "new", "label"),
    [
        (None, None, "Another article (date unknown) says"),
        ("2024-08-20", None, "Another article (date unknown) says"),
        ("2026-01-02", "2026-01-02", "Another article (2 January 2026) says"),
        ("2026", "2026-01-02", "Another article (2 January 2026) says"),
    ],
)
def test_without_an_order_both_are_said(old: str | None, new: str | None, label: str) -> None:
    told = stated(answer(NOW, both(old, new), 1), NOW, TODAY)
    assert told.text == f"{OLD} [1]\n\n{label}: {NEW} [2]"
    assert [claim.differs for claim in told.claims] == ["", "other"]


def test_a_past_time_keeps_to_its_articles() -> None:
    sources = both("2024-08-20", "2026-01-02")
    then = "How much did a bus ticket in Orrin cost in 2024?"
    said = answer(then, sources, 1)
    assert stated(said, then, TODAY) == said
    newest = (sources[0], source(2, NEW, "2026-01-02"))
    told = stated(answer(then, newest, 2), then, TODAY)
    assert told.text == f"{OLD} [1]"
    assert told.as_of == "2024-08-20"


def test_what_the_model_said_of_both_is_said_once() -> None:
    sources = (source(1, OLD, "2024-08-20"), source(2, NEW, "2026-01-02"))
    told = stated(answer(NOW, sources, 1, 2), NOW, TODAY)
    assert told.text == f"{NEW} [2]\n\nEarlier (20 August 2024): {OLD} [1]"


def test_an_end_stands_before_what_it_ends_where_no_date_says() -> None:
    state = "Mara Voss, chief economist at Delta Bank, expects growth."
    over = "Mara Voss left Delta Bank in the spring."
    question = "Does Mara Voss still work at Delta Bank?"
    sources = (source(1, state, None), source(2, over, None))
    told = stated(answer(question, sources, 1), question, TODAY)
    assert told.text == f"{over} [2]\n\nAnother article (date unknown) says: {state} [1]"
    assert told.as_of is None


def test_what_agrees_stays_as_it_is() -> None:
    sources = (source(1, OLD, "2024-08-20"), source(2, OLD, "2026-01-02"))
    said = answer(NOW, sources, 1)
    assert stated(said, NOW, TODAY) == said
    assert said.as_of == "2024-08-20"


def test_a_refusal_gives_way_to_what_is_over() -> None:
    runs = "The ferry between Skar and Toppen runs every hour."
    over = "The ferry between Skar and Toppen no longer runs."
    question = "Does the ferry between Skar and Toppen still run?"
    sources = (source(1, runs, "2024-07-02"), source(2, over, "2026-03-15"))
    refusal = Answer(question, "No.", True, (), sources, Timings(), "m", "e")
    told = stated(refusal, question, TODAY)
    assert told.text == f"{over} [2]\n\nEarlier (2 July 2024): {runs} [1]"
    assert not told.refused
    other = "Who built the ferry between Skar and Toppen?"
    assert stated(refusal, other, TODAY) == refusal
    alone = Answer(question, "No.", True, (), sources[:1], Timings(), "m", "e")
    assert stated(alone, question, TODAY) == alone


def test_who_left_is_not_still_there() -> None:
    left = "Voss left Delta Bank in the spring."
    sources = (source(1, f"{left} She writes.", None),)
    question = "Is Mara Voss still working at Delta Bank?"
    refusal = Answer(question, "No.", True, (), sources, Timings(), "m", "e")
    told = stated(refusal, question, TODAY)
    assert (told.text, told.refused) == (f"{left} [1]", False)
    assert told.claims[0].citations[0].quote == left
    elsewhere = "Is Mara Voss still working at Moss College?"
    assert stated(refusal, elsewhere, TODAY) == refusal


def test_what_else_a_claim_says_stays() -> None:
    sources = (*both("2024-08-20", "2026-01-02"), source(3, "Bo Lund drives it.", "2024-08-20"))
    first, third = (answer(NOW, sources, number).claims[0] for number in (1, 3))
    joined = Claim(
        "A bus ticket in Orrin costs 3.20 crowns, and Bo Lund drives it.", True, 0.9,
        (*first.citations, *third.citations),
    )  # fmt: skip
    said = answer(NOW, sources, 1)
    told = stated(
        dataclasses.replace(said, text=f"{joined.text} [1] [3]", claims=(joined,)), NOW, TODAY
    )
    assert told.text == (f"{NEW} [2] Bo Lund drives it. [3]\n\nEarlier (20 August 2024): {OLD} [1]")
    assert [claim.text for claim in told.claims] == [NEW, "Bo Lund drives it.", OLD]
