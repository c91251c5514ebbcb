from __future__ import annotations

import numpy as np
import pytest

from index.types import Chunk, Entry, Hit, Span
from rag.focus import focus, prose
from tests.fakes import HashEmbedder

PASSAGE = (
    "The harbour opened in 1901. It was rebuilt after the flood of 1953. "
    "Bread is sold at the market. The bell rings at noon."
)


def hit(text: str) -> Hit:
    entry = Entry(1, "/a", "x", "Title", None, None, None, "", 0, 0)
    return Hit(1, entry, Chunk(0, 100, 100 + len(text), text, ""), 1.0)


def read(text: str, *questions: str) -> str:
    embedder = HashEmbedder(dimension=256)
    sentences = [span.of(text) for span in prose(text)]
    alike = embedder.embed_queries(questions) @ embedder.embed_passages(sentences).T
    (found,) = focus([hit(text)], questions, alike)
    assert found.text == found.read.of(text)
    return found.text


def test_only_the_sentences_that_speak_of_the_question_are_read() -> None:
    assert read(PASSAGE, "When does the bell ring?") == "The bell rings at noon."


def test_a_sentence_that_points_back_brings_the_one_before_it() -> None:
    assert read(PASSAGE, "Was it rebuilt after a flood?").startswith("The harbour opened in 1901.")


def test_each_part_of_a_question_counts() -> None:
    both = read(PASSAGE, "When does the bell ring?", "When opened the harbour?")
    assert both == PASSAGE


def test_headings_are_not_read_where_there_is_prose() -> None:
    text = "A heading\n\nThe bell rings at noon."
    assert read(text, "When does the bell ring?") == "The bell rings at noon."
    assert read("Only a heading", "What bell?") == "Only a heading"


@pytest.mark.parametrize("question", ["?", "…", "wholly unrelated"])
def test_a_passage_never_becomes_empty(question: str) -> None:
    assert read(PASSAGE, question)


def test_several_passages_take_their_own_columns() -> None:
    texts = ["One thing. Another thing.", "The bell rings at noon. Bread is sold."]
    question = "When does the bell ring?"
    embedder = HashEmbedder(dimension=256)
    sentences = [span.of(text) for text in texts for span in prose(text)]
    alike = embedder.embed_queries([question]) @ embedder.embed_passages(sentences).T
    found = focus([hit(text) for text in texts], [question], alike)
    assert found[1].read == Span(0, 23)
    assert np.asarray(alike).shape == (1, 4)


def near(texts: list[str], questions: list[str], least: float) -> list[str]:
    embedder = HashEmbedder(dimension=256)
    sentences = [span.of(text) for text in texts for span in prose(text)]
    alike = embedder.embed_queries(questions) @ embedder.embed_passages(sentences).T
    found = focus([hit(text) for text in texts], questions, alike, least=least)
    assert [each.text for each in found] == texts
    return [each.text for each in found if not each.weak]


def test_passages_about_something_else_are_weak() -> None:
    texts = ["A bell rings at dawn.", "The tariff of gas is up.", "The bell rings at noon."]
    question = "When does the bell ring at noon?"
    assert near(texts, [question], 0.5) == [texts[0], texts[2]]
    assert near(texts, [question], 0.0) == texts


def test_what_was_found_first_is_read_whatever_its_sentences_say() -> None:
    texts = ["A clapper, at twelve.", "The tariff of gas is up.", "The bell rings at noon."]
    question = "When does the bell ring at noon?"
    assert near(texts, [question], 1.0) == [texts[0], texts[2]]


def test_more_is_read_of_what_was_found_first() -> None:
    passage = "The bell rings at noon. Bread is dear. A bell is a joy."
    texts = [passage, passage]
    found = focus(
        [hit(each) for each in texts], ["When does the bell ring at noon?"],
        np.array([[0.6, 0.0, 0.6] * 2], np.float32),
    )  # fmt: skip
    assert [each.text for each in found] == [passage, "The bell rings at noon."]


def test_a_passage_about_one_part_of_a_question_is_read() -> None:
    texts = ["The bell rings at noon.", "Bread is dear.", "The tariff of gas is up."]
    questions = ["When does the bell ring at noon?", "Why dear bread?"]
    assert near(texts, questions, 0.5) == texts[:2]


def test_where_nothing_speaks_of_the_question_all_is_read() -> None:
    texts = ["Bread.", "Gas."]
    assert near(texts, ["?"], 0.5) == texts
    assert near([], ["?"], 0.5) == []
