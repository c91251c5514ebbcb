from __future__ import annotations

from rag.engine import Engine
from rag.given import Given, Passage
from rag.prompt import FAMILIES
from rag.types import Finished
from tests.fakes import HashEmbedder, ScriptedLLM

BELL = "The bell of the hall rings at noon. " + "Nobody knows who cast the bell. " * 5
MILL = "The mill by the river grinds rye for three villages."


def test_the_passages_are_found_by_likeness_and_cut_as_articles_are() -> None:
    given = Given([Passage(BELL, "The bell"), Passage(MILL)], HashEmbedder(), chunk_tokens=20)
    hits = given.search("Which mill grinds rye by the river?", 10)
    assert hits[0].chunk.text == MILL
    assert [hit.entry.path for hit in hits] == ["1", *["0"] * (len(hits) - 1)]
    assert len(hits) > 2
    assert [hit.similarity for hit in hits] == sorted(
        (hit.similarity for hit in hits if hit.similarity is not None), reverse=True
    )
    assert len(given.search("mill", 1)) == 1


def test_no_passages_are_none() -> None:
    given = Given([], HashEmbedder())
    assert given.is_empty()
    assert given.search("anything") == []


def test_the_engine_answers_from_them() -> None:
    embedder = HashEmbedder()
    llm = ScriptedLLM("The mill grinds rye for three villages. [1]")
    engine = Engine(
        Given([Passage(MILL)], embedder), embedder, lambda: llm, FAMILIES["qwen2.5"], model="x"
    )
    *_, last = engine.ask("What does the mill grind?")
    assert isinstance(last, Finished)
    (citation,) = last.answer.claims[0].citations
    assert (citation.document, citation.quote) == ("0", MILL)
