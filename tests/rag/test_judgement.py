"""Gate 2: the model's judgement, and the words of what it read."""

from __future__ import annotations

import pytest

from rag.judgement import Judgement
from rag.types import Span
from tests.fakes import HashEmbedder
from tests.rag.test_cite import source

LONG = (
    "Delta chief Ada Voss said in a talk this month that mills speak more and more of what grain "
    "and water cost them each week."
)


@pytest.mark.parametrize(
    ("yes", "expected"),
    [(0.9, False), (0.94, True), (0.97, True)],
)
def test_a_long_sentence_with_all_the_words_helps_where_the_model_doubts(
    yes: float, expected: bool
) -> None:
    judgement = Judgement(HashEmbedder(), least=0.5)
    found = judgement.passes("Who is the chief of Delta?", [source(1, LONG)], yes=yes, refusal=0.1)
    assert found is expected


def test_words_that_are_not_read_do_not_help() -> None:
    judgement = Judgement(HashEmbedder(), least=0.5)
    text = f"Mills grind rye. {LONG}"
    read = source(1, text, read=Span(0, 16))
    question = "Who is the chief of Delta?"
    assert not judgement.passes(question, [read], yes=0.94, refusal=0.1)
    assert not judgement.passes(question, [], yes=0.94, refusal=0.1)


def test_a_question_of_yes_or_no_is_not_helped_by_words() -> None:
    judgement = Judgement(HashEmbedder(), least=0.5)
    passages = [source(1, LONG)]
    question = "Is Ada Voss the chief of Delta?"
    odds = [
        judgement.passes(question, passages, yes=at / 100, refusal=0.1) for at in range(50, 100)
    ]
    least = 50 + odds.index(True)
    open_question = "Who is Ada Voss, the chief of Delta?"
    assert judgement.passes(open_question, passages, yes=(least - 1) / 100, refusal=0.1)


def test_sentences_that_were_read_before_are_not_embedded_again() -> None:
    embedder = HashEmbedder()
    judgement = Judgement(embedder, least=0.5)
    passages = [source(1, LONG)]
    judgement.passes("Who is the chief of Delta?", passages, yes=0.99, refusal=0.1)
    assert embedder.embedded == [LONG]
    judgement.passes("What did she say?", passages, yes=0.99, refusal=0.1)
    assert embedder.embedded == [LONG]
