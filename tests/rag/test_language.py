from __future__ import annotations

import pytest

from rag.across import anchors, carried
from rag.language import differ, foreign, language, other_language, refusal
from rag.types import Claim, Source


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("What did the plant cost?", "en"),
        ("Who directs the Orrin Theatre?", "en"),
        ("Was hat der Umbau gekostet?", "de"),
        ("Wer leitet die Bücherei in Varn?", "de"),
        ("Combien a coûté la reconstruction ?", "fr"),
        ("Qui dirige le théâtre d'Orrin ?", "fr"),
        ("¿Cuánto costó la reconstrucción?", "es"),
        ("¿Quién dirige el teatro?", "es"),
        ("谁领导图书馆?", "zh"),
        ("Northwind Bergen 2019", None),
        ("ひらがなの文", None),
    ],
)
def test_the_language_of_a_question(text: str, name: str | None) -> None:
    assert language(text) == name
    assert foreign(text) == (name not in (None, "en"))


def test_a_refusal_is_told_in_the_questions_language() -> None:
    assert refusal("What did it cost?") == "The articles don't say."
    told = {refusal(each) for each in (
        "Was hat der Umbau gekostet?", "Combien a coûté la reconstruction ?",
        "¿Cuánto costó la reconstrucción?", "谁领导图书馆?", "Who?",
    )}  # fmt: skip
    assert len(told) == 5


def test_two_languages_are_told_only_where_both_are_known() -> None:
    english = ["The bakery was opened in the spring of 2019."]
    assert other_language("Wann wurde die Bäckerei eröffnet?", english) == "en"
    assert other_language("When was the bakery opened?", english) is None
    assert other_language("Northwind?", english) is None
    german = "Die Bäckerei wurde im Frühjahr eröffnet."
    assert other_language("Wann wurde die Bäckerei eröffnet?", [*english, german]) is None
    assert "Englisch" in differ("Wann wurde die Bäckerei eröffnet?", "en")


TEXT = "Rebuilding the bakery in Lodwick cost 180,000 euros. It was led by Mina Teller."
SOURCE = Source(1, "/d", 1, "Bakery", None, None, 10, 10 + len(TEXT), TEXT, 1.0)
QUESTION = "Was hat der Umbau der Bäckerei in Lodwick gekostet?"


@pytest.mark.parametrize(
    ("said", "supported"),
    [
        ("Der Umbau hat 180.000 Euro gekostet.", True),
        ("Der Umbau hat 190.000 Euro gekostet.", False),
        ("Der Umbau der Bäckerei in Lodwick war nicht teuer.", False),
        ("Der Umbau wurde von Mina Teller geleitet.", True),
    ],
)
def test_a_claim_in_another_language_stands_by_figures_and_names(
    said: str, supported: bool
) -> None:
    claims = [Claim(said, supported=False, score=0.1)]
    (claim,) = carried(QUESTION, claims, [SOURCE], min_support=0.5)
    assert claim.supported is supported
    for each in claim.citations:
        assert each.quote == TEXT[each.start - 10 : each.end - 10]


def test_within_one_language_nothing_is_carried() -> None:
    claims = [Claim("It cost 180,000 euros.", supported=False, score=0.1)]
    assert carried("What did the bakery cost?", claims, [SOURCE], min_support=0.5) == claims


def test_figures_meet_however_they_are_written() -> None:
    assert anchors("180.000 Euro, 2,5 Prozent")[0] == anchors("180,000 euros, 2.5 percent")[0]
