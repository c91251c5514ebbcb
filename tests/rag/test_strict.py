"""Rules for short answers: true words that are put together wrongly."""

from __future__ import annotations

import pytest

from rag.cite import cite
from rag.naming import names_belong, names_in_place, names_known
from rag.posts import heads_as_told
from rag.quotable import sentences_of
from rag.quoting import quoted
from rag.statements import parse
from rag.strict import (
    causes_told,
    dates_belong,
    denies_alike,
    echoes_told,
    kept,
    words_belong,
    writing_told,
)
from rag.support import Evidence
from tests.rag.test_cite import similarity, source

PUMPS = (
    "The feed pump P-7 tripped on high vibration at night. The shift lead slowed the line. "
    "Spare parts were short. The standby pump P-8 did not start because its breaker had been left "
    "open. Prepared by: Mette Dahl."
)
LINE = "Solveig Aas has led the mill since May. She was followed at the yard by Odd Berg."
PASSAGES = sentences_of([source(1, PUMPS), source(2, LINE, title="The mill at Voss")])


@pytest.mark.parametrize(
    ("question", "claim", "expected"),
    [
        ("Who made the pump P-7?", "The pump P-7 was made by Mette Dahl.", False),
        ("Who prepared the report?", "It was prepared by Mette Dahl.", True),
        ("Who leads the mill at Voss?", "The mill at Voss is led by Solveig Aas.", True),
        ("Who followed Solveig Aas?", "Solveig Aas was followed by Odd Berg.", True),
        ("Who slowed the standby pump?", "The standby pump was slowed by Odd Berg.", False),
        ("Who leads the mill?", "She does.", True),
    ],
)
def test_a_name_stands_beside_what_it_is_said_of(question: str, claim: str, expected: bool) -> None:
    assert names_belong(claim, question, PASSAGES) is expected


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        ("The root cause of the bearing failure was an expired certificate.", False),
        ("The root cause of the bearing failure was a lack of grease.", True),
        ("It was an expired certificate.", True),  # of what, is not said
        ("The bearing failure had a root cause.", True),  # nothing is added
    ],
)
def test_what_is_added_stands_beside_what_was_asked(claim: str, expected: bool) -> None:
    report = "The bearing showed a failure by lack of grease. Root works went on."
    mail = "The cause was an expired certificate on the database proxy."
    passages = sentences_of([source(1, report), source(2, mail)])
    question = "What was the root cause of the bearing failure?"
    assert words_belong(claim, question, passages, similarity) is expected


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        ("The lease ends on 3 February 2025.", False),
        ("The lease ends on 29 February 2032.", True),
        ("The lease ends in 2025.", True),  # years have the rule of figures
        ("It is 3 February 2025.", True),
    ],
)
def test_a_date_stands_beside_what_it_is_said_of(claim: str, expected: bool) -> None:
    lease = (
        "The lease is made on 3 February 2025 between two firms. The term of the lease begins on "
        "1 March 2025 and ends on 29 February 2032."
    )
    passages = sentences_of([source(1, lease)])
    assert dates_belong(claim, "When does the lease end?", passages) is expected


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        ("The feed pump P-7 tripped on high vibration because its breaker had been left open.",
         False),
        ("The feed pump P-7 tripped on high vibration due to a breaker left open.", False),
        ("The standby pump P-8 did not start because its breaker had been left open.", True),
        ("The shift lead slowed the line because the feed pump tripped on high vibration.", True),
        ("It stopped because of vibration.", True),
        ("The standby pump P-8 did not start.", True),
    ],
)  # fmt: skip
def test_cause_and_effect_stand_together(claim: str, expected: bool) -> None:
    assert causes_told(claim, PASSAGES) is expected


@pytest.mark.parametrize(
    ("question", "claim", "supported"),
    [
        ("Who made the pump P-7?", "The pump P-7 was made by Mette Dahl.", False),
        ("Wer hat die Pumpe P-7 gebaut?", "The pump P-7 was made by Mette Dahl.", True),
    ],
)
def test_rules_of_english_words_are_for_english_questions(
    question: str, claim: str, supported: bool
) -> None:
    told = Evidence.of([PUMPS])
    assert kept(claim, question, PASSAGES[:1], PASSAGES, told, similarity) is supported


def test_the_rules_are_for_short_answers_alone() -> None:
    said = parse("The pump P-7 was made by Mette Dahl.")[1]
    question = "Who made the pump P-7?"
    sources = [source(1, PUMPS)]
    for short in (True, False):
        (claim,) = cite(said, sources, similarity, min_support=0.2, question=question, short=short)
        assert claim.supported is not short


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        ("The pay of Odd Berg is 14 crowns.", False),
        ("The pump P-7 tripped.", True),
        ("The pump P-7 stopped.", True),  # not the question's word
        ("It is 99.", True),  # figures have rules of their own
    ],
)
def test_words_of_the_question_alone_support_nothing(claim: str, expected: bool) -> None:
    question = "What is the pay of Odd Berg, 99, and did the pump P-7 trip?"
    told = Evidence.of([PUMPS, LINE])
    assert echoes_told(claim, question, told, similarity) is expected
    assert echoes_told(claim, question, Evidence.of([]), similarity) is (claim == "It is 99.")


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        ("Salaries may take 70 percent of the grant.", True),
        ("The tenant gives six months' notice.", True),
        ("The Tern holds the record.", False),
    ],
)
def test_no_more_than_denies_nothing(claim: str, expected: bool) -> None:
    text = (
        "Salaries may take no more than 70 percent of the grant. The tenant gives not less than "
        "six months' notice. The Tern does not hold the record."
    )
    assert denies_alike(claim, sentences_of([source(1, text)])) is expected


def test_of_two_words_asked_for_a_sentence_has_both() -> None:
    passage = [source(1, "The record, set by the Osprey, stands. A sail was set.")]
    said = parse("The Tern set the record.")[1]
    found = quoted("Who set the record?", said, passage, least=0.8)
    assert found is not None
    assert found.text == "The record, set by the Osprey, stands."
    assert quoted("Who broke the record?", said, passage, least=0.8) is None


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        ("The toys were seized in Saudi Arabia.", True),
        ("The toys were seized by Canada.", True),
        ("The toys were seized in Austria.", False),
        ("The toys were seized by Maria.", False),
    ],
)
def test_a_place_is_known_by_its_people(claim: str, expected: bool) -> None:
    text = "Saudi Arabian officials spoke to Canadian and Australian reporters, and Marians."
    assert names_known(claim, sentences_of([source(1, text)])) is expected


@pytest.mark.parametrize(
    ("claim", "in_place"),
    [
        ("Lund offers the tides of Voss as an example of rhythm.", False),
        ("Berg offers the tides of Voss as an example of rhythm.", True),
        ("Odd Berg offers the tides of Voss as an example of rhythm.", True),
        ("He offers the tides of Voss as an example of rhythm.", True),
        ("Scholars offer the tides of Voss as an example of rhythm.", True),
        ("Lund offers tides.", True),
        ("The tides of Moss are an example of rhythm, Berg said.", True),
    ],
)
def test_no_name_stands_in_the_place_of_another(claim: str, in_place: bool) -> None:
    text = "Berg offers the tides of Voss as an example of rhythm. Lund spoke to scholars."
    passages = sentences_of([source(1, text)])
    spans = passages[:1]
    assert names_in_place(claim, "Who offers an example?", spans, passages) is in_place


def test_nobody_stands_for_he_who_is_not_named_before() -> None:
    text = (
        "Berg left the mill. He accused the old board of hiding all of the losses. Lund was upset."
    )
    passages = sentences_of([source(1, text)])
    question, spans = "What did Lund do?", passages[1:2]
    said = "accused the old board of hiding all of the losses."
    assert names_in_place(f"Berg {said}", question, spans, passages)
    assert not names_in_place(f"Lund {said}", question, spans, passages)


@pytest.mark.parametrize(
    ("claim", "told"),
    [
        ("The plan was written by Ada Voss.", False),
        ("Bo Lind wrote the plan.", True),
        ("Ada Voss answers questions.", True),
    ],
)
def test_who_wrote_something_is_told_by_what_speaks_of_writing(claim: str, told: bool) -> None:
    passages = sentences_of([source(1, "Questions go to Ada Voss. Author: Bo Lind.")])
    cited = [each for each in passages if ("Voss" in each.text) == ("Voss" in claim)]
    assert writing_told(claim, cited) is told


@pytest.mark.parametrize(
    ("claim", "told"),
    [
        ("Bo Lind is in charge of Delta, and Ada Voss is in charge of Brae Labs.", False),
        ("Bo Lind runs Delta.", False),
        ("Kim Ash is the chief executive of Delta.", True),
        ("Ada Voss is in charge of Moss's Brae Labs.", True),
        ("Lind heads Moss College.", True),
        ("Lind is the director of Hill Trust.", True),
        ("Bo Lind leads the field of research.", True),
        ("Bo Lind founded Delta in May.", False),
        ("Delta was founded in Moss by Bo Lind.", False),
        ("Ida Berg founded Brae Labs.", True),
        ("Brae Labs was founded by Ida Berg.", True),
    ],
)
def test_who_heads_something_is_told_by_a_sentence_that_says_so(claim: str, told: bool) -> None:
    texts = [
        "Delta CEO Kim Ash spoke to Bo Lind.",
        "Bo Lind, head of Moss College, spoke. He is the director of Hill Trust.",
        "Moss hired Ada Voss, a young engineer, to head its Brae Labs.",
        "Ida Berg, a co-founder of Brae Labs, saw it.",
    ]
    sentences = sentences_of([source(at, text) for at, text in enumerate(texts, 1)])
    assert heads_as_told(claim, [(each.text, each.near) for each in sentences]) is told
    assert told or not kept(
        claim, "Who is in charge?", sentences, sentences, Evidence.of(texts), similarity
    )
