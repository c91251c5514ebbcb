from __future__ import annotations

import pytest

from rag.answerable import affirms, answerable, closed, fits, repeats


def test_more_yes_less_doubt_and_a_nearer_sentence_are_more_answerable() -> None:
    sure = answerable(yes=0.95, refusal=0.02, similarity=0.6)
    assert sure > 0.8
    assert answerable(yes=0.95, refusal=0.6, similarity=0.6) < sure
    assert answerable(yes=0.6, refusal=0.02, similarity=0.6) < sure
    assert answerable(yes=0.95, refusal=0.02, similarity=0.2) < sure
    assert answerable(yes=0.5, refusal=0.9, similarity=0.3) < 0.1


def test_most_of_the_words_in_one_sentence_count_where_a_whole_answer_is_asked_for() -> None:
    doubtful = answerable(yes=0.87, refusal=0.1, similarity=0.5)
    assert 0.4 < doubtful < 0.5
    assert 0.5 < answerable(yes=0.87, refusal=0.1, similarity=0.5, worded=True) < 0.6
    short = answerable(yes=0.7, refusal=0.1, similarity=0.5, form="short")
    assert short == answerable(yes=0.7, refusal=0.1, similarity=0.5, worded=True, form="short")


def test_a_yes_after_the_examples_of_short_answers_counts_more() -> None:
    full = answerable(yes=0.7, refusal=0.02, similarity=0.6)
    assert full < answerable(yes=0.7, refusal=0.02, similarity=0.6, form="short") < 0.9


@pytest.mark.parametrize("yes", [0.0, 1.0])
@pytest.mark.parametrize("refusal", [0.0, 1.0])
def test_certainty_is_no_error(yes: float, refusal: float) -> None:
    assert 0.0 <= answerable(yes=yes, refusal=refusal, similarity=0.5) <= 1.0


@pytest.mark.parametrize(
    ("question", "answer", "expected"),
    [
        ("How many people work there?", "It raised $1 billion.", False),
        ("How many people work there?", "It employs 310 people.", True),
        ("How many boats are there?", "There are two boats.", True),
        ("How many people work there?", "Its value is $3.5 billion.", False),
        ("How many people work there?", "It said on 18 June that it earns $5 million.", False),
        ("How many people work there?", "On March 3 it had 40% of the market.", False),
        ("How many people live there?", "3.5 million people live there.", True),
        ("For how many years did she stay?", "She stayed for more than a decade.", True),
        ("When did the mill merge with Delta?", "It merged in a deal of $1.25 trillion.", False),
        ("When did the mill merge with Delta?", "They merged in February.", True),
        ("When can the tenant leave?", "The tenant can leave after giving notice.", True),
        ("On what date was it sold?", "It was sold to Delta for 40 million crowns.", False),
        ("What does Bo Lind earn?", "Bo Lind earns as a director.", False),
        ("What does Bo Lind earn in his job?", "He is paid 41,000 crowns.", True),
        ("What did the knights earn for it?", "They earned fame.", True),
        ("Which investors led Delta's round?", "Delta raised 40 million crowns in March.", False),
        ("Which investors led the round?", "Brae Fund led the round.", True),
        ("Which Norwegian companies rent there?", "It is let to them.", False),
        ("What can companies do with it?", "They can rent it out.", True),
        ("What do countries pay?", "They pay a fee.", True),
        ("Which company did Delta buy?", "Delta bought Delta.", False),
        ("What other companies rent there?", "Moss and Brae rent there.", True),
        ("Who wrote the plan?", "Questions go to Ada Voss.", False),
        ("Who wrote the plan?", "Author: Bo Lind.", True),
        ("Who was there when it fell?", "Ada Voss was there.", True),
        ("In which year was it built?", "It was built in 1934.", True),
        ("In which year was it built?", "It was built of wood.", False),
        ("What did it cost the city to build?", "Much of the money went into steel.", False),
        ("How much did the city pay for it?", "It paid 4 million euros.", True),
        ("How much does the roof matter to visitors?", "It keeps them dry.", True),
        ("Who built it?", "It was built of wood.", True),
        ("How much nickel is recovered each year?", "It recovers nickel and lead.", False),
        ("How much nickel is recovered each year?", "It recovers most of it.", True),
        ("How high is the tower?", "The tower stands at the quay.", False),
        ("How high is the tower?", "The tower is twelve metres high.", True),
        ("How long was she off work?", "She fell on 3 February 2019.", False),
        ("How long was she off work?", "She could not work for eleven months.", True),
        ("How long does a batch take?", "A batch takes nineteen hours.", True),
        ("How long is the core?", "A core 9.4 metres long was pulled up.", True),
        ("How long may they stay?", "They may stay until the end of May.", True),
        ("What salary will she get?", "She will get a salary as head.", False),
        ("What percentage of it was lost?", "A quarter of it, 25 %, was lost.", True),
        ("What price did they agree on?", "They agreed on 40 crowns.", True),
    ],
)
def test_an_answer_of_another_kind_does_not_fit(question: str, answer: str, expected: bool) -> None:
    assert fits(question, answer) is expected


@pytest.mark.parametrize(
    ("question", "answer", "expected"),
    [
        ("Which street leads to the old mill?", "The old mill street", True),
        ("When did the ferry to Orla burn?", "The ferry to Orla burned.", True),
        ("Did the ferry to Orla burn?", "The ferry to Orla burned.", False),
        ("Did the ferry which sank burn before?", "The ferry which sank burned before.", False),
        ("It sank. Is that when it burned?", "That is when it burned.", False),
        ("What burned first, the ferry or the pier?", "The pier", False),
        ("Which burned: the ferry, the pier, the mill?", "The pier", False),
        ("How much of the pier burned?", "All of the pier burned.", False),
        ("How many piers burned?", "Two piers burned.", False),
        ("When did the pier burn?", "After the ferry", False),
        ("which trade employs most in Orla", "The IT trade employs most in Orla.", False),
    ],
)
def test_an_answer_that_only_repeats_the_question(
    question: str, answer: str, expected: bool
) -> None:
    assert repeats(question, answer) is expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Was anyone hurt?", True),
        ("Was any oil lost when the line stopped?", True),
        ("Is the man who leads the mill a chemist?", True),
        ("Who leads the mill?", False),
        ("Did the line stop, and when?", False),
        ("Is it known when the line stopped?", False),
        ("Can you tell me who leads the mill?", False),
        ("The mill is old. Who leads it?", False),
        ("The mill is old. Is it open?", True),
    ],
)
def test_questions_of_yes_or_no(question: str, expected: bool) -> None:
    assert closed(question) is expected


@pytest.mark.parametrize(
    ("question", "answer", "expected"),
    [
        ("Is research still done at Tolland?", "Research is still done at Tolland.", True),
        ("Is research still done at Tolland?", "Research is not done at Tolland.", False),
        ("Is research still done at Tolland?", "Research ended in 1979.", False),
        ("Is it in the north or the south?", "It is in the north.", False),
        ("Who leads the mill?", "The mill.", False),
    ],
)
def test_an_answer_that_only_says_yes(question: str, answer: str, expected: bool) -> None:
    assert affirms(question, answer) is expected
