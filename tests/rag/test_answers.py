from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from index.errors import UsageError
from rag import answers
from rag.given import Passage


def lines(file: Path, *rows: object) -> None:
    text = "".join(json.dumps(row) + "\n" for row in rows)
    file.write_bytes(gzip.compress(text.encode()) if file.suffix == ".gz" else text.encode())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lines(
        tmp_path / "corpus.jsonl",
        {"id": "mill", "title": "The mill", "text": "It grinds.", "date": "2024"},
        {"id": "bell", "text": "It rings."},
    )
    return tmp_path


def test_questions_in_our_layout(folder: Path) -> None:
    lines(
        folder / "questions.jsonl.gz",
        {
            "id": 1,
            "question": "What grinds?",
            "answers": ["The mill", "mill"],
            "documents": ["mill"],
        },
        {"id": 2, "question": "What sings?", "answers": [], "documents": ["bell"]},
        {"id": 3, "question": "What floats?", "answers": ["The boat"]},
    )
    data = answers.load(folder)
    assert data.searched
    assert data.left_out == 1
    first, second = data.questions
    assert (first.id, first.answers, first.documents) == ("1", ("The mill", "mill"), ("mill",))
    assert first.answerable
    assert not second.answerable


def test_squads_fields(folder: Path) -> None:
    row = {"id": "a", "question": "What grinds?", "gold_context_id": "mill"}
    lines(
        folder / "questions.jsonl",
        {**row, "is_impossible": False, "answers": ["the mill"]},
        {**row, "id": "b", "is_impossible": True, "answers": []},
    )
    first, second = answers.load(folder).questions
    assert first.answers == ("the mill",)
    assert first.documents == second.documents == ("mill",)
    assert not second.answerable


def test_realtimeqas_fields(folder: Path) -> None:
    row = {
        "question_sentence": "What grinds?", "choices": ["bell", "mill", "None of the above"],
        "gold_doc_ids": ["mill", "mill"],
    }  # fmt: skip
    lines(
        folder / "questions.jsonl",
        {**row, "question_id": "a", "answer": ["1"]},
        {**row, "question_id": "b", "answer": ["2"]},
        {**row, "question_id": "c", "answer": "bell"},
    )
    first, second, third = answers.load(folder).questions
    assert (first.choice, first.answers, first.documents) == (1, ("mill",), ("mill",))
    assert (second.choice, second.answers) == (2, ())
    assert (third.choice, third.answers) == (0, ("bell",))


def test_where_no_question_names_a_document_all_are_asked(folder: Path) -> None:
    lines(folder / "questions.jsonl", {"id": 1, "question": "What?", "answers": ["it"]})
    assert len(answers.load(folder).questions) == 1


def test_clapnqs_fields(tmp_path: Path) -> None:
    passage = {"title": "The mill", "text": "It grinds.", "sentences": ["It grinds."]}
    told = {"answer": "Rye.", "selected_sentences": ["It grinds."]}
    lines(
        tmp_path / "answerable.jsonl.gz",
        {"id": 1, "input": "what grinds", "passages": [passage], "output": [told, told]},
    )
    lines(
        tmp_path / "unanswerable.jsonl",
        {
            "id": 2, "input": "what sings", "passages": ["It rings."],
            "output": [{"answer": "", "selected_sentences": []}],
        },
    )  # fmt: skip
    data = answers.load(tmp_path)
    assert not data.searched
    first, second = data.questions
    assert first.answers == ("Rye.",)
    assert first.evidence == ("It grinds.", "It grinds.")
    assert first.passages == (Passage("It grinds.", "The mill"),)
    assert not second.answerable
    assert second.passages == (Passage("It rings."),)


def test_documents_given_instead_of_searched_for(folder: Path) -> None:
    lines(
        folder / "questions.jsonl",
        {"id": 1, "question": "What grinds?", "answers": ["mill"], "documents": ["mill"]},
    )
    (asked,) = answers.reading(answers.load(folder).questions, folder)
    assert asked.passages == (Passage("It grinds.", "The mill", "2024"),)
    lines(folder / "questions.jsonl", {"id": 1, "question": "?", "answers": ["mill"]})
    with pytest.raises(UsageError, match="names no document"):
        answers.reading(answers.load(folder).questions, folder)


def test_published_predictions(tmp_path: Path) -> None:
    file = tmp_path / "said.jsonl"
    lines(file, {"question_id": "a", "prediction": "mill"}, {"id": "b", "prediction": ["1"]})
    assert answers.published(file) == {"a": "mill", "b": 1}
    lines(file, {"question_id": "a", "prediction": None})
    with pytest.raises(UsageError, match=r"said\.jsonl, line 1: a `prediction`"):
        answers.published(file)


ASKED = '{"id": 1, "question": "What grinds?", "answers": ["mill"], "documents": ["mill"]}\n'


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "has no questions"),
        (ASKED + "{nonsense", r"questions\.jsonl, line 2 cannot be read as JSON lines"),
        (ASKED + "[]", r"line 2 is not a JSON object"),
        (ASKED + '{"question": "?", "answers": []}', r"line 2: an `id` is missing"),
        (ASKED + '{"id": 2, "answers": []}', r"line 2: a question needs a `question`"),
        (ASKED + '{"id": 2, "question": "?"}', r"line 2: a question needs `answers`"),
        (ASKED + '{"id": 2, "question": "?", "answers": "mill"}', "`answers` is to be a list"),
        (ASKED + '{"id": 2, "question": "?", "answers": [3]}', "`answers` is to be a list"),
        (ASKED + ASKED, "two questions have one id"),
        (
            ASKED + '{"id": 2, "question": "?", "choices": ["a", "b"], "answer": ["2"]}',
            r"line 2: `answer` is to name one of 2 `choices`",
        ),
        (ASKED + '{"id": 2, "question": "?", "output": {}}', "line 2: `output` is to be a list"),
        (
            ASKED + '{"id": 2, "question": "?", "answers": [], "passages": [{}]}',
            "line 2: a passage is a text",
        ),
    ],
)
def test_a_faulty_file_is_named_with_its_line(folder: Path, content: str, said: str) -> None:
    (folder / "questions.jsonl").write_text(content)
    with pytest.raises(UsageError, match=said):
        answers.load(folder)


def test_a_folder_without_questions_is_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"has no questions\.jsonl .*evaluation"):
        answers.load(folder)
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(UsageError, match=r"has no questions\.jsonl .*evaluation"):
        answers.load(empty)


def test_questions_need_a_corpus_or_passages(tmp_path: Path) -> None:
    (tmp_path / "questions.jsonl").write_text(ASKED)
    with pytest.raises(UsageError, match=r"'1' .* has no `passages`"):
        answers.load(tmp_path)


def test_a_damaged_archive_is_named(folder: Path) -> None:
    (folder / "questions.jsonl.gz").write_bytes(b"no gzip")
    with pytest.raises(UsageError, match=r"questions\.jsonl\.gz cannot be read"):
        answers.load(folder)
