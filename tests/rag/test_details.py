"""Who wrote an article, when and for whom, from the lines that say so."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from index.library import Library
from rag import receipt
from rag.details import asked
from rag.engine import Engine, Policy
from rag.prompt import FAMILIES
from rag.types import Answer, Finished, Question
from tests.fakes import HashEmbedder, ScriptedLLM

PAGE = """\
The lock at Brae is mended

Jane DoeJane Doe
4 min readUpdated May 4, 2026

The lock at Brae was mended on Monday, and ships pass it again without waiting.

Who mended the lock was not said, and nobody at the harbour would tell a reporter.
"""
MATTER = """\
---
title: Leave policy
author: "Bo Lind"
date: 2026-03-01
source: Brae Times
---

Everybody has thirty days of leave each year, and more with the years.
"""
BARE = "Ferries to Moss\n\nFerries to Moss leave at noon, as Jane Doe told the harbour office.\n"


@pytest.mark.parametrize(
    ("question", "kinds", "about"),
    [
        ("Who wrote the article about the lock?", ("author",), "the lock"),
        ("who is the author of this story", ("author",), ""),
        ("Author of the piece on Brae?", ("author",), "Brae"),
        ("By whom was the article about the lock written?", ("author",), "the lock"),
        ("Which journalist wrote the story about Brae?", ("author",), "Brae"),
        ("When was the article about the lock published?", ("date",), "the lock"),
        ("When did the article on Brae appear?", ("date",), "Brae"),
        ("What's the date of the post titled “The lock”?", ("date",), "The lock"),
        ("Which newspaper published the article on leave?", ("source",), "leave"),
        ("Where was the article about leave published?", ("source",), "leave"),
        ("Who wrote the article on Brae, and when was it published?", ("author", "date"), "Brae"),
        ("When was Jane Doe’s article updated?", ("date",), "Jane Doe"),
        ("When did the Brae Times publish its report on the lock?", ("date",), "the lock"),
        ("Who wrote the plan?", None, ""),
        ("Who wrote that the lock is mended?", None, ""),
        ("When was the lock opened?", None, ""),
        ("When was the model released?", None, ""),
        ("What does the article about the lock say?", None, ""),
        ("Which newspaper did Voss speak to?", None, ""),
    ],
)
def test_what_asks_for_an_articles_details(
    question: str, kinds: tuple[str, ...] | None, about: str
) -> None:
    found = asked(question)
    assert (found and found.kinds) == kinds
    assert not found or found.about == about


@pytest.fixture
def library(tmp_path: Path) -> Library:
    (tmp_path / "lock.txt").write_text(PAGE, encoding="utf-8")
    (tmp_path / "leave.md").write_text(MATTER, encoding="utf-8")
    (tmp_path / "ferries.txt").write_text(BARE, encoding="utf-8")
    library = Library(tmp_path / "home", HashEmbedder())
    library.add(sorted(tmp_path.glob("*.*")))
    return library


def ask(library: Library, question: Question) -> tuple[Answer, ScriptedLLM]:
    llm = ScriptedLLM("Nobody knows. [1]")
    engine = Engine(
        library, HashEmbedder(), lambda: llm, FAMILIES["qwen2.5"], Policy(), model="scripted"
    )
    *_, last = engine.ask(question)
    assert isinstance(last, Finished)
    return last.answer, llm


@pytest.mark.parametrize(
    ("question", "text", "quotes"),
    [
        (
            "Who wrote the article about the mended lock at Brae?",
            "The article was written by Jane Doe. [1]",
            ["Jane DoeJane Doe"],
        ),
        (
            "Who wrote the article about the mended lock at Brae and when was it published?",
            "The article was written by Jane Doe. [1] The article is dated 4 May 2026. [2]",
            ["Jane DoeJane Doe", "4 min readUpdated May 4, 2026"],
        ),
        (
            "Which newspaper published the article about days of leave?",
            "The article was published by Brae Times. [1]",
            ["source: Brae Times"],
        ),
        (
            "Who wrote the leave policy?",
            "The policy was written by Bo Lind. [1]",
            ['author: "Bo Lind"'],
        ),
    ],
)
def test_the_line_that_says_it_is_cited_and_the_model_is_not_asked(
    library: Library, question: str, text: str, quotes: list[str]
) -> None:
    answer, llm = ask(library, Question(question))
    assert answer.text == text
    assert not llm.prompts
    cited = [each.citations[0] for each in answer.claims]
    assert [each.quote for each in cited] == quotes
    for each in cited:
        whole = library.text(library.get(each.document))
        assert whole[each.start : each.end] == each.quote


def test_a_short_answer_is_the_name_alone(library: Library) -> None:
    asked_short = Question("Who wrote the article about the mended lock at Brae?", form="short")
    assert ask(library, asked_short)[0].text == "Jane Doe [1]"


@pytest.mark.parametrize(
    "question",
    [
        "Who wrote the article about ferries to Moss?",  # nobody is named as its author
        "Who wrote the article about whales in Iceland?",  # there is none
        "Who wrote the article?",  # which?
        "Who wrote the safety policy?",  # another policy
        "When was the report published?",
    ],
)
def test_what_no_line_says_goes_the_usual_way(library: Library, question: str) -> None:
    answer, _ = ask(library, Question(question))
    assert not [each for each in answer.sources if each.details]


def test_what_the_user_corrected_is_not_taken_from_the_article(library: Library) -> None:
    library.edit("lock.txt", {"author": "Ada Voss"})
    answer, _ = ask(library, Question("Who wrote the article about the mended lock at Brae?"))
    assert "Doe" not in answer.text


@pytest.mark.parametrize("named", ["[Brae](http://x.example)", "brae.example", "<b>Brae</b>"])
def test_a_publisher_that_is_a_link_or_markup_is_not_told(
    library: Library, tmp_path: Path, named: str
) -> None:
    (tmp_path / "leave.md").write_text(MATTER.replace("Brae Times", named), encoding="utf-8")
    library.add([tmp_path / "leave.md"])
    answer, _ = ask(library, Question("Which newspaper published the article about days of leave?"))
    assert not [each for each in answer.sources if each.details]
    assert "published by" not in answer.text


def test_it_is_told_again_from_its_receipt(library: Library) -> None:
    question = Question(
        "When was the article about the mended lock at Brae published?", asked=dt.date(2026, 6, 1)
    )
    llm = ScriptedLLM()
    engine = Engine(
        library, HashEmbedder(), lambda: llm, FAMILIES["qwen2.5"], Policy(), model="scripted"
    )
    *_, last = engine.ask(question)
    assert isinstance(last, Finished)
    kept = receipt.written("a", "2026-06-01", question, last.answer, last.calls, {})
    told = receipt.read(json.loads(json.dumps(kept)))
    *_, again = engine.again(
        told.question, told.passages, understood=told.understood, near=told.reached_model
    )
    assert isinstance(again, Finished)
    assert again.answer.claims == last.answer.claims
    assert again.answer.text == last.answer.text == "The article is dated 4 May 2026. [1]"
