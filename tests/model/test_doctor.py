"""The doctor with a real model, and a real llama.cpp in a process of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from index.errors import ModelLoadError
from rag.probing import Probing
from rag.tuning import Tuning
from tests.model.conftest import SMALL
from ui.cli import main

pytestmark = pytest.mark.model


def test_the_small_model_is_tried_and_measured(
    small_model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("REFDESK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("REFDESK_MODELS_GENERATOR", SMALL)
    assert main(["doctor", "--json"]) == 0
    said = capsys.readouterr()
    told = json.loads(said.out)
    assert "Measuring its speed, 3 of 3" in said.err
    states = {each["name"]: each["state"] for each in told["findings"]}
    assert states["prompt"] == states["llama.cpp"] == states["embedder"] == "ok"
    assert told["llama"]["version"]
    assert told["measured"]["model"] == SMALL
    assert told["measured"]["read"] > told["measured"]["write"] > 0
    assert told["tuning"]["why"] == dict.fromkeys(
        ("threads", "ubatch", "flash_attention"), "default"
    )
    models = {each["name"]: each for each in told["models"]}
    larger = models["qwen2.5-coder-1.5b-instruct"]
    assert larger["finished_s"] > models[SMALL]["finished_s"] > 0
    assert larger["needed"] > models[SMALL]["needed"]
    assert not (tmp_path / "home").exists()


def test_every_tuning_runs(small_model: Path) -> None:
    with Probing() as probing:
        probing.load(small_model, -1)
        for tuning in (Tuning(1, 128, False), Tuning(1, 64, True), Tuning(2, 512, False)):
            speed = probing.run(tuning, context=512, read=150, write=3)
            assert min(speed.read, speed.write) > 0
        assert probing.resident > small_model.stat().st_size / 2


def test_a_file_that_is_no_whole_model_is_told(small_model: Path, tmp_path: Path) -> None:
    short = tmp_path / "short.gguf"
    with small_model.open("rb") as file:
        short.write_bytes(file.read(5_000_000))
    with Probing() as probing, pytest.raises(ModelLoadError, match="cannot load the model's file"):
        probing.load(short, -1)
