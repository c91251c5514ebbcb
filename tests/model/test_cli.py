"""The command line with real parts: the real embedder, a real if small language model."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from ui.cli import main

pytestmark = pytest.mark.model

ARTICLE = """\
The harbour at Lunde

The harbour at Lunde was dredged in 2019 at a cost of 14 million kroner. Anna Berg has led the
harbour office since then.

The fishing fleet counts 31 boats. The oldest of them, Havørna, was built in 1934.
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFDESK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("REFDESK_MODELS_GENERATOR", "smollm2-135m-instruct")
    monkeypatch.setenv("REFDESK_ANSWER_MIN_ANSWERABLE", "0")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lunde.txt").write_text(ARTICLE, encoding="utf-8")


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    code = main(list(argv))
    said = capsys.readouterr()
    return code, said.out, said.err


def run_json(capsys: pytest.CaptureFixture[str], *argv: str) -> Any:
    code, out, err = run(capsys, *argv, "--json")
    assert code == 0, err
    return json.loads(out)


def test_from_a_file_to_an_answer(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, err = run(capsys, "add", "lunde.txt")
    assert (code, out) == (0, "1 added\n")
    assert "lunde.txt" in err
    assert "weights" not in err
    assert run(capsys, "add", "lunde.txt")[:2] == (0, "1 unchanged\n")

    (entry,) = run_json(capsys, "list")
    assert entry["title"] == "The harbour at Lunde"
    assert entry["path"] == str(tmp_path / "lunde.txt")

    text = run(capsys, "show", "lunde.txt", "--text")[1]
    assert text == ARTICLE
    hits = run_json(capsys, "search", "Who leads the harbour office?", "-k", "2")
    assert "Anna Berg" in hits[0]["text"]
    assert all(text[hit["start"] : hit["end"]] == hit["text"] for hit in hits)

    answer = run_json(capsys, "ask", "Who leads the harbour office?")
    assert {
        "question", "answer", "refused", "claims", "sources", "timings", "model", "embedder",
    } <= set(answer)  # fmt: skip
    assert answer["model"] == "smollm2-135m-instruct"
    assert answer["embedder"] == "all-minilm-l6-v2"
    for source in answer["sources"]:
        assert text[source["start"] : source["end"]] == source["text"]
    for claim in answer["claims"]:
        for citation in claim["citations"]:
            assert text[citation["start"] : citation["end"]] == citation["quote"]
    assert answer["timings"]["total_s"] > 0

    code, out, err = run(capsys, "ask", "Who leads the harbour office?")
    assert code == 0
    assert "Loading" in err
    assert out.strip()

    code, out, _ = run(capsys, "show", "1")
    assert "The fishing fleet counts 31 boats." in out
    code, out, _ = run(capsys, "remove", "lunde.txt")
    assert code == 0
    assert run_json(capsys, "list") == []


def test_home_is_taken_before_and_after_the_command(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    run(capsys, "--home", "other", "add", "lunde.txt")
    assert len(run_json(capsys, "list", "--home", "other")) == 1
    assert run_json(capsys, "list") == []


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        (["add", "missing.txt"], 1, "missing.txt"),
        (["add", "empty.txt"], 1, "empty.txt"),
        (["add", "binary.txt"], 1, "binary.txt"),
        (["add", "picture.png"], 1, "picture.png"),
        (["show", "nothing"], 1, "refdesk list"),
        (["remove", "nothing"], 1, "refdesk list"),
        (["ask", ""], 2, "empty"),
        (["ask", "x" * 20_000], 2, "20,000"),
        (["ask", "Anything?"], 1, "refdesk add"),
        (["search", " "], 2, "empty"),
        (["search", "x", "-k", "0"], 2, "1 or more"),
        (["nonsense"], 2, "invalid choice"),
        ([], 2, "COMMAND"),
        (["models", "pull", "qwen2.5-coder-1.5b"], 2, "qwen2.5-coder-1.5b-instruct"),
        (["--config", "none.toml", "list"], 2, "none.toml"),
        (["serve", "--port", "0"], 2, "serve.port"),
    ],
)
def test_what_goes_wrong_is_told_in_a_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, argv: list[str], code: int, words: str
) -> None:
    (tmp_path / "empty.txt").write_text("")
    (tmp_path / "binary.txt").write_bytes(bytes(range(256)) * 20)
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    got, _, err = run(capsys, *argv)
    assert got == code
    told = [line for line in err.splitlines() if line.startswith("refdesk: ")]
    assert words in err
    assert "Traceback" not in err
    assert len(told) <= 1 or "not added" in told[0]


def test_an_unknown_setting(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REFDESK_ANSWR_PASSAGES", "3")
    code, _, err = run(capsys, "list")
    assert code == 2
    assert "Did you mean REFDESK_ANSWER_PASSAGES" in err


def test_a_port_in_use(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, _, err = run(capsys, "serve", "--port", str(port), "--no-browser")
    assert code == 1
    assert f"Port {port}" in err


def test_a_missing_and_a_wrong_model(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(capsys, "add", "lunde.txt")
    embedder = Path(__file__).resolve().parents[2] / "models" / "all-minilm-l6-v2"
    models = tmp_path / "models"
    models.mkdir()
    (models / "all-minilm-l6-v2").symlink_to(embedder)
    monkeypatch.setenv("REFDESK_MODELS_FOLDER", str(models))
    code, _, err = run(capsys, "ask", "Who leads the harbour office?")
    assert code == 1
    assert "SmolLM2-135M-Instruct.Q4_1.gguf" in err
    assert str(models / "smollm2-135m-instruct") in err
    (models / "smollm2-135m-instruct").mkdir()
    wrong = models / "smollm2-135m-instruct" / "SmolLM2-135M-Instruct.Q4_1.gguf"
    wrong.write_bytes(b"GGUF" + bytes(98362428))
    code, _, err = run(capsys, "ask", "Who leads the harbour office?")
    assert code == 1
    assert "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53" in err
    wrong.write_bytes(b"GGUF")
    code, _, err = run(capsys, "ask", "Who leads the harbour office?")
    assert code == 1
    assert "4 of 98" in err.replace(",", "")


def test_models_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    rows = {row["name"]: row for row in run_json(capsys, "models", "list")}
    assert rows["smollm2-135m-instruct"]["installed"]
    assert rows["smollm2-135m-instruct"]["in_use"]


def test_what_runs_the_embedder_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REFDESK_EMBEDDER_BACKEND", "torch")
    rows = {row["name"]: row for row in run_json(capsys, "models", "list")}
    assert rows["all-minilm-l6-v2"]["backend"] == "torch"
    assert rows["smollm2-135m-instruct"]["backend"] is None
    assert "all-minilm-l6-v2" in run(capsys, "models", "verify", "all-minilm-l6-v2")[1]
    # Asked for torch, `pull` converts nothing; and a language model is never converted.
    code, _, err = run(capsys, "models", "pull", "all-minilm-l6-v2")
    assert (code, "Converting" in err) == (0, False)
    code, _, err = run(capsys, "models", "convert", "smollm2-135m-instruct")
    assert code == 2
    assert "is a generator, which is not converted" in err


def test_passages_are_read_beforehand_and_go_with_their_document(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "moss.txt").write_text(
        "The harbour at Moss\n\nThe harbour at Moss was dredged in 2021. Per Lie leads its office.",
        encoding="utf-8",
    )
    run(capsys, "add", "lunde.txt", "moss.txt")
    code, out, err = run(capsys, "preread")
    assert code == 0, err
    files = [*(tmp_path / "home" / "preread").rglob("*.kv")]
    assert f"{len(files)} passages are read beforehand" in out
    assert len(files) >= 2

    answer = run_json(capsys, "ask", "Who leads the harbour office?")
    receipt = run_json(capsys, "receipt", answer["id"])
    assert [each["beforehand"] for each in receipt["passages"]].count(True) >= 1
    code, out, err = run(capsys, "replay", answer["id"])
    assert code == 0, out + err

    run(capsys, "remove", "moss.txt")
    left = [*(tmp_path / "home" / "preread").rglob("*.kv")]
    assert 0 < len(left) < len(files)
    # Without the file that it was read from, it is read as it was then.
    code, out, err = run(capsys, "replay", answer["id"])
    assert code == 0, out + err

    monkeypatch.setenv("REFDESK_MODEL_PREREAD_MB", "0")
    code, _, err = run(capsys, "preread")
    assert code == 2
    assert "`model.preread_mb` is 0" in err
