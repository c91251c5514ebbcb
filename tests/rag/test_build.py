"""The wiring: what the settings make of the parts."""

from __future__ import annotations

import json
from pathlib import Path

import psutil
import pytest

from index.errors import UsageError
from index.rerank import CrossEncoderReranker
from rag import config
from rag.build import Parts
from tests.fakes import HashEmbedder
from tests.tiny import config_of
from ui.cli import main


def test_files_are_read_in_a_process_within_the_settings_limits(tmp_path: Path) -> None:
    limits = {"REFDESK_INDEX_PARSE_SECONDS": "30", "REFDESK_INDEX_PARSE_MEMORY_MB": "512"}
    parts = Parts(config.load(home=tmp_path / "home", environment=limits))
    parts.__dict__["embedder"] = HashEmbedder()  # instead of a model
    (tmp_path / "a.csv").write_text("Year,Ships\n2029,12\n", encoding="utf-8")

    report = parts.library.add([tmp_path / "a.csv"])

    assert len(report.added) == 1
    workers = [each for each in psutil.Process().children() if "index.worker" in each.cmdline()]
    assert [worker.cmdline()[-2:] for worker in workers] == [["30", "512"]]
    parts.close()
    assert not workers[0].is_running()


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A models folder of the settings' own, and another with what could be a reranker."""
    monkeypatch.setenv("REFDESK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("REFDESK_MODELS_FOLDER", str(tmp_path / "models"))
    monkeypatch.setenv("REFDESK_EMBEDDER_BACKEND", "torch")
    brought = tmp_path / "brought"
    config_of(brought, architectures=["BertForSequenceClassification"], id2label={"0": "L"})
    (brought / "model.safetensors").write_bytes(b"weights")
    return brought


def listed(capsys: pytest.CaptureFixture[str]) -> dict[str, tuple[bool, str | None]]:
    assert main(["models", "list", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    return {row["name"]: (row["in_use"], row["backend"]) for row in rows}


def test_no_reranker_until_one_is_installed(
    models: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert Parts(config.load()).reranker is None
    assert listed(capsys)["ms-marco-minilm-l6-v2"] == (False, None)

    command = ["models", "add", str(models), "--name", "mine", "--role", "reranker"]
    assert main(command) == 0
    capsys.readouterr()
    reranker = Parts(config.load()).reranker
    assert isinstance(reranker, CrossEncoderReranker)
    assert (reranker.name, reranker.limit) == ("mine", 512)
    assert listed(capsys)["mine"] == (True, "torch")

    monkeypatch.setenv("REFDESK_RETRIEVAL_RERANKER", "off")
    assert Parts(config.load()).reranker is None
    assert listed(capsys)["mine"] == (False, "torch")


def test_a_reranker_that_is_named_is_used_or_missed(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REFDESK_RETRIEVAL_RERANKER", "ms-marco-minilm-l6-v2")
    parts = Parts(config.load())
    assert parts.reranker is not None, "not installed is told where it is first needed"
    monkeypatch.setenv("REFDESK_RETRIEVAL_RERANKER", "all-minilm-l6-v2")
    with pytest.raises(UsageError, match="that model is an embedder"):
        Parts(config.load()).chosen.reranking()
    monkeypatch.setenv("REFDESK_RETRIEVAL_RERANKER", "ms-marco")
    with pytest.raises(UsageError, match="Did you mean ms-marco-minilm-l6-v2"):
        Parts(config.load()).chosen.reranking()
