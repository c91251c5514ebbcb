from __future__ import annotations

import datetime as dt
import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from index.errors import UsageError
from index.types import Chunk, Entry, Hit
from rag import datafiles, retrieval


def lines(file: Path, *rows: object) -> None:
    text = "".join(json.dumps(row) + "\n" for row in rows)
    if file.suffix == ".gz":
        file.write_bytes(gzip.compress(text.encode()))
    else:
        file.write_text(text)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lines(
        tmp_path / "corpus.jsonl.gz",
        {"_id": "mill", "title": "The mill: a history", "text": "It grinds.", "date": "2024-05-01"},
        {"_id": "bell", "title": "The bell", "text": "It rings."},
        {"_id": "boat", "title": "The boat", "text": "It floats."},
    )
    lines(
        tmp_path / "questions.jsonl",
        {"id": 1, "question": "What grinds?", "documents": ["mill"], "asked": "2024-06-02"},
        {"id": 2, "question": "What rings?", "documents": ["bell", "boat"]},
        {"id": 3, "question": "What sings?", "documents": []},
    )
    return tmp_path


def hit(number: int) -> Hit:
    path = f"/d/000/{number}.md"
    entry = Entry(number, path, "x", "T", None, None, None, "", 0, 0)
    return Hit(number, entry, Chunk(0, 0, 1, "t", ""), 1.0)


def test_a_data_set_in_our_layout(folder: Path) -> None:
    data = retrieval.load(folder)
    assert data.corpus.documents == ("mill", "bell", "boat")
    assert [topic.relevant for topic in data.topics] == [{"mill": 1}, {"bell": 1, "boat": 1}]
    assert data.unjudged == 1
    assert [topic.asked for topic in data.topics] == [dt.date(2024, 6, 2), None]


def test_a_data_set_in_beirs_layout(folder: Path) -> None:
    (folder / "questions.jsonl").unlink()
    lines(
        folder / "queries.jsonl", {"_id": "q1", "text": "What grinds?"}, {"_id": "q2", "text": "?"}
    )
    (folder / "qrels_test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\tmill\t2\nq1\tbell\t0\n")
    data = retrieval.load(folder)
    assert [(topic.id, topic.relevant) for topic in data.topics] == [("q1", {"mill": 2})]


def test_the_measures_are_the_usual_ones(folder: Path) -> None:
    data = retrieval.load(folder)

    def search(topic: retrieval.Topic, _: int) -> Sequence[Hit]:
        # The second question finds its first document in the second place, twice.
        return [hit(0)] if "grinds" in topic.text else [hit(0), hit(1), hit(1)]

    result = retrieval.measure(data.topics, data.corpus.documents, search)
    found = {each.name: each.mean for each in result.measures}
    assert found["Success@1"] == pytest.approx(0.5)
    assert found["Success@3"] == pytest.approx(1.0)
    assert found["RR@10"] == pytest.approx((1 + 1 / 2) / 2)
    assert found["R@10"] == pytest.approx((1 + 1 / 2) / 2)
    ideal, gained = 1 + 0.63093, 0.63093
    assert found["nDCG@10"] == pytest.approx((1 + gained / ideal) / 2, abs=1e-4)


def test_nothing_found_is_a_miss_not_a_gap(folder: Path) -> None:
    data = retrieval.load(folder)
    result = retrieval.measure(
        data.topics,
        data.corpus.documents,
        lambda topic, _: [hit(0)] if "grinds" in topic.text else [],
    )
    assert {each.name: each.mean for each in result.measures}["Success@10"] == pytest.approx(0.5)


def test_documents_are_written_once_as_articles(folder: Path) -> None:
    into = folder / "documents"
    retrieval.write_documents(folder, into)
    first = into / "000" / "0.md"
    text = first.read_text()
    assert 'title: "The mill: a history"' in text
    assert 'date: "2024-05-01"' in text
    assert text.endswith("It grinds.\n")
    first.write_text("kept")
    retrieval.write_documents(folder, into)
    assert first.read_text() == "kept"


def test_a_sample_is_the_same_for_the_same_seed(folder: Path) -> None:
    topics = retrieval.load(folder).topics
    assert datafiles.drawn(topics, None, 0) == list(topics)
    assert datafiles.drawn(topics, 1, 3) == datafiles.drawn(topics, 1, 3)


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("corpus.jsonl", "{nonsense", "cannot be read as JSON lines"),
        ("corpus.jsonl", '{"title": "no id"}\n', "`id` is missing"),
        ("corpus.jsonl", '{"id": 1}\n{"id": 1}\n', "two documents with one id"),
        ("questions.jsonl", '{"id": 1, "documents": ["mill"]}\n', "needs a `question`"),
        ("questions.jsonl", '{"id": 1, "question": "?", "documents": ["tree"]}\n', "'tree'"),
        ("questions.jsonl", '{"id": 1, "question": "?"}\n', "names a document"),
    ],
)
def test_a_faulty_data_set_is_named(folder: Path, file: str, content: str, said: str) -> None:
    (folder / file).write_text(content)
    with pytest.raises(UsageError, match=said):
        retrieval.load(folder)


def test_a_folder_without_a_corpus_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"has no corpus\.jsonl"):
        retrieval.load(tmp_path)
