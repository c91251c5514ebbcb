"""Questions in German and French over articles in them, and in four languages over English ones.

The bars are set below what was measured (docs/trust.md).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rag.build import Parts
from rag.evaluate import holds_all
from rag.language import refusal
from rag.types import Answer, Finished
from tests.e2e import attacks

pytestmark = pytest.mark.e2e

MIN_RIGHT = 0.5
"""8 of 15 were measured: the default model is weak in German."""
MOST_WRONG_ACROSS = 1

Ask = Callable[[str], Answer]


def lines(name: str) -> list[dict[str, Any]]:
    text = (Path(__file__).parent / name).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def asking(parts: Parts, folder: Path) -> Ask:
    """Asks the default model over the articles in a folder."""
    from index.library import Library

    library = Library(folder / "home", parts.embedder)
    report = library.add([folder / "articles"])
    assert not report.failed
    engine = parts.engine_over(library)

    def ask(question: str) -> Answer:
        *_, last = engine.ask(question)
        assert isinstance(last, Finished)
        return last.answer

    return ask


def test_german_and_french_over_their_own(parts: Parts, tmp_path: Path) -> None:
    (tmp_path / "articles").mkdir()
    articles = lines("languages.jsonl")
    for each in articles:
        text = f"---\ntitle: {json.dumps(each['title'])}\n---\n\n{each['text']}\n"
        (tmp_path / "articles" / f"{each['id']}.md").write_text(text, encoding="utf-8")
    ask = asking(parts, tmp_path)
    asked, wrong = 0, {}
    for each in articles:
        for question in each["questions"]:
            answer = ask(question["question"])
            asked += 1
            cited = any(claim.supported for claim in answer.claims)
            if answer.refused or not cited or not holds_all(answer.text, question["answers"]):
                wrong[question["question"]] = answer.text
            assert answer.note == ""
    assert asked == 15
    assert len(wrong) <= (1 - MIN_RIGHT) * asked, wrong


def test_over_english_articles_an_answer_is_right_or_an_honest_refusal(
    parts: Parts, tmp_path: Path
) -> None:
    attacks.write(tmp_path / "articles")
    ask = asking(parts, tmp_path)
    wrong = {}
    for each in lines("across.jsonl"):
        answer = ask(each["question"])
        assert answer.note, each
        if answer.refused:
            assert answer.text == refusal(each["question"])
        elif not each["answers"] or not holds_all(answer.text, each["answers"]):
            wrong[each["question"]] = answer.text
    assert len(wrong) <= MOST_WRONG_ACROSS, wrong
