"""The desk over a library."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from index.errors import ModelMissingError
from index.types import Entry
from rag.types import Status
from ui.desk import LibraryDesk

ROWS = [
    {"kind": "fact", "question": "Who is the longer one?", "documents": ["a.md"]},
    {"kind": "fact", "question": "Who?", "documents": ["a.md"]},
    {"kind": "several", "question": "Which two?", "documents": ["a.md", "b.md"]},
    {"kind": "unanswerable", "question": "Why not?", "documents": []},
]


class Engine:
    def ask(self, question: str) -> Any:
        yield Status(question)

    def warm(self) -> None:
        raise ModelMissingError("no model")


def desk(folder: Path, *names: str) -> LibraryDesk:
    questions = folder / "questions.jsonl"
    questions.write_text("\n".join(map(json.dumps, ROWS)), encoding="utf-8")
    entries = [
        Entry(n, f"/x/{name}", "0", name, None, None, None, "", 1, 1)
        for n, name in enumerate(names, 1)
    ]
    parts: Any = SimpleNamespace(
        engine=Engine(),
        ask=Engine().ask,
        receipts=SimpleNamespace(find=lambda key: key.encode()),
        library=SimpleNamespace(entries=lambda: entries),
        chosen=SimpleNamespace(entry=lambda role: SimpleNamespace(name=f"the {role}")),
    )
    return LibraryDesk(parts, questions)


@pytest.mark.parametrize(
    ("names", "examples"),
    [
        (("a.md", "b.md"), ["Who?", "Why not?", "Which two?"]),
        (("a.md", "own.pdf"), ["Who?", "Why not?"]),
        (("own.pdf",), []),
        ((), []),
    ],
)
def test_examples_are_about_articles_in_the_library(
    tmp_path: Path, names: tuple[str, ...], examples: list[str]
) -> None:
    assert desk(tmp_path, *names).examples() == examples


def test_a_marked_example_goes_before_a_shorter_one(tmp_path: Path) -> None:
    made = desk(tmp_path, "a.md", "b.md")
    marked = {**ROWS[0], "question": "Who is the longest serving of all?", "example": True}
    text = "\n".join(map(json.dumps, [*ROWS, marked]))
    (tmp_path / "questions.jsonl").write_text(text, encoding="utf-8")
    examples = made.examples()
    assert marked["question"] in examples
    assert ROWS[1]["question"] not in examples


def test_no_examples_where_there_are_no_questions(tmp_path: Path) -> None:
    made = desk(tmp_path, "a.md")
    (tmp_path / "questions.jsonl").unlink()

    assert made.examples() == []


def test_it_answers_and_names_its_model(tmp_path: Path) -> None:
    made = desk(tmp_path, "a.md")

    assert list(made.ask("Why?")) == [Status("Why?")]
    assert made.model_name() == "the generator"
    assert made.receipt("k7m2") == b"k7m2"
    made.warm()  # what fails here is told with the first question
