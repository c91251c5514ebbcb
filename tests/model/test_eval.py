from __future__ import annotations

import json
from pathlib import Path

import pytest

from ui.cli import main

pytestmark = pytest.mark.model


def test_a_data_set_is_indexed_searched_and_judged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
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
    command = ["--home", str(tmp_path / "home"), "eval", "retrieval", "--data", str(data)]
    assert main([*command, "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["questions"] == figures["documents"] == 3
    assert figures["measures"]["Success@3"] == 1.0
    assert 0.0 < figures["measures"]["nDCG@10"] <= 1.0
    assert figures["search_s"] > 0
    assert figures["words_by"] == "fts5"
    out = tmp_path / "figures.json"
    assert main([*command, "--limit", "2", "--out", str(out)]) == 0
    assert "nDCG@10" in capsys.readouterr().out
    assert json.loads(out.read_text())["questions"] == 2


def test_a_folder_that_is_no_data_set_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--home", str(tmp_path), "eval", "retrieval", "--data", str(tmp_path)]) == 2
    assert "has no corpus.jsonl" in capsys.readouterr().err
