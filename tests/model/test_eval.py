from __future__ import annotations

import json
from pathlib import Path

import pytest

from index.rerank import CrossEncoderReranker
from rag import config
from rag.build import Parts
from tests.model.conftest import SMALL
from tests.tiny import cross_encoder
from ui.cli import main

pytestmark = pytest.mark.model


@pytest.fixture
def data(tmp_path: Path) -> Path:
    data = tmp_path / "set"
    data.mkdir()
    documents = {
        "mill": "The old mill by the river grinds rye and wheat for the bakers of three villages.",
        "bell": "The bell of the town hall was cast in bronze and rings at noon and at six.",
        "boat": "A ferry carries cars and cyclists across the strait in forty minutes.",
    }
    (data / "corpus.jsonl").write_text(
        "".join(json.dumps({"id": k, "title": k, "text": v}) + "\n" for k, v in documents.items())
    )
    questions = {
        "mill": "Where is flour made?",
        "bell": "What rings?",
        "boat": "How to get across?",
    }
    (data / "questions.jsonl").write_text(
        "".join(
            json.dumps({"id": k, "question": q, "documents": [k]}) + "\n"
            for k, q in questions.items()
        )
    )
    return data


def test_a_data_set_is_indexed_searched_and_judged(
    tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["--home", str(tmp_path / "home"), "eval", "retrieval", "--data", str(data)]
    assert main([*command, "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["questions"] == figures["documents"] == 3
    assert figures["measures"]["Success@3"] == 1.0
    assert 0.0 < figures["measures"]["nDCG@10"] <= 1.0
    assert figures["search_s"] > 0
    assert figures["settings"]["reranker"] is None
    assert figures["words_by"] == "fts5"
    out = tmp_path / "figures.json"
    assert main([*command, "--limit", "2", "--out", str(out)]) == 0
    assert "nDCG@10" in capsys.readouterr().out
    assert json.loads(out.read_text())["questions"] == 2


def test_a_reranker_takes_part_and_is_named(
    tmp_path: Path,
    data: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stock = Parts(config.load(environment={}))
    embedder = stock.chosen.entry("embedder")
    models = tmp_path / "models"
    models.mkdir()
    (models / embedder.name).symlink_to(stock.models.locate(embedder.name))
    monkeypatch.setenv("REFDESK_MODELS_FOLDER", str(models))
    monkeypatch.setenv("REFDESK_EMBEDDER_BACKEND", "torch")
    brought = cross_encoder(tmp_path / "brought")
    added = ["models", "add", str(brought), "--name", "tiny", "--role", "reranker"]
    assert main([*added, "--context", "128"]) == 0
    command = ["--home", str(tmp_path / "home"), "eval", "retrieval", "--data", str(data)]
    assert main(command) == 0
    assert "3 documents, reranked by tiny" in capsys.readouterr().out
    found = json.loads(next((tmp_path / "home").rglob("retrieval.json")).read_text())
    assert (found["settings"]["reranker"], found["settings"]["rerank"]) == ("tiny", 20)

    question = [
        "--home",
        str(next((tmp_path / "home" / "eval").iterdir())),
        "search",
        "What rings?",
    ]
    orders = []
    for setting in ("off", "tiny"):
        monkeypatch.setenv("REFDESK_RETRIEVAL_RERANKER", setting)
        assert main([*question, "--json"]) == 0
        orders.append([row["text"] for row in json.loads(capsys.readouterr().out)])
    assert sorted(orders[0]) == sorted(orders[1])
    judge = CrossEncoderReranker(models / "tiny", name="tiny", limit=128)
    title = {"The bell": "bell", "A ferry ": "boat", "The old ": "mill"}
    read = [f"{title[text[:8]]}\n{text}" for text in orders[1]]
    scores = judge.scores("What rings?", read)
    assert scores == sorted(scores, reverse=True)


def test_a_folder_that_is_no_data_set_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--home", str(tmp_path), "eval", "retrieval", "--data", str(tmp_path)]) == 2
    assert "has no corpus.jsonl" in capsys.readouterr().err


ARTICLES = [
    {
        "id": "mill",
        "title": "The mill",
        "text": "The mill at Lunde was built in 1840. It grinds rye.",
    },
    {"id": "bell", "title": "The bell", "text": "The bell of the hall was cast in bronze in 1721."},
]
QUESTIONS = [
    {"id": 1, "question": "When was the mill at Lunde built?", "answers": ["1840"],
     "documents": ["mill"], "choices": ["1721", "1840"], "answer": ["1"]},
    {"id": 2, "question": "Who designed the bell of the hall?", "answers": [],
     "documents": ["bell"], "choices": ["Odd Hansen", "None of the above"], "answer": ["1"]},
]  # fmt: skip


def written(file: Path, rows: list[dict[str, object]]) -> None:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("REFDESK_MODELS_GENERATOR", SMALL)
    monkeypatch.setenv("REFDESK_ANSWER_MIN_ANSWERABLE", "0")
    data = tmp_path / "set"
    data.mkdir()
    written(data / "corpus.jsonl", ARTICLES)
    written(data / "questions.jsonl", QUESTIONS)
    return data


def test_questions_are_asked_once_and_judged(
    asked: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["--home", str(tmp_path / "home"), "eval", "answers", "--data", str(asked)]
    assert main([*command, "--short", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert (figures["n"], figures["answerable"], figures["form"]) == (2, 1, "short")
    assert figures["shares"]["right document read"]["value"] == 1.0
    assert figures["shares"]["exact match, all"]["n"] == 2
    assert sum(figures["kinds"].values()) == 2
    assert figures["total"]["median"] > 0
    log = Path(figures["log"])
    first = log.read_text()
    # Asked again with what the first run said: nothing new is written.
    said = tmp_path / "said.jsonl"
    written(said, [{"id": 1, "prediction": "in 1840"}])
    assert main([*command, "--short", "--show", "2", "--against", str(said)]) == 0
    assert log.read_text() == first
    out = capsys.readouterr().out
    assert "2 questions, 1 of them with a known answer" in out
    assert "published: exact match, all" in out

    assert main([*command, "--choices", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["shares"]["right choice"]["n"] == 2
    rows = map(json.loads, Path(figures["log"]).read_text().splitlines())
    assert {row["choice"] for row in rows} <= {0, 1}

    assert main([*command, "--reading", "--limit", "1", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["reading"]
    assert figures["shares"]["right document read"]["value"] is None


def test_texts_are_checked_against_their_passages(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "set"
    data.mkdir()
    evidence = ["The mill at Lunde was built in 1840.", "It grinds rye."]
    claims = {"The mill at Lunde was built in 1840.": "supported",
              "The mill at Lunde was sold in 1921.": "not_supported"}  # fmt: skip
    written(
        data / "dev.jsonl",
        [{"claim": c, "evidence": evidence, "label": label} for c, label in claims.items()],
    )
    command = ["--home", str(tmp_path / "home"), "eval", "grounding", "--data", str(data)]
    assert main([*command, "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["auc"] == 1.0
    assert figures["at_settings"]["f1"] == 1.0
    assert [each["score"] > 0.5 for each in figures["texts"]] == [True, False]
    assert main([*command, "--show", "1"]) == 0
    assert "expected calibration error" in capsys.readouterr().out


def test_choices_that_are_missing_are_told(
    asked: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written(asked / "questions.jsonl", [{"id": 1, "question": "When?", "answers": ["1840"]}])
    command = ["--home", str(tmp_path), "eval", "answers", "--data", str(asked), "--choices"]
    assert main(command) == 2
    assert "'1' has no `choices`" in capsys.readouterr().err
