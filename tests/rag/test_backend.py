"""Which backend an embedder gets, and how a conversion is judged; the child process is a fake."""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import types
from pathlib import Path
from typing import Any

import pytest

from index.embed import SentenceTransformerEmbedder
from index.errors import ChecksumError, ModelError, ModelMissingError
from index.openvino import OpenVinoEmbedder
from rag import backend, convert
from rag.manifest import ModelEntry, ModelFile

WEIGHTS = "a" * 64
ENTRY = ModelEntry(
    "mini",
    "embedder",
    "sentence-transformers",
    (ModelFile("model.safetensors", 10, WEIGHTS),),
    "MIT",
    256,
)
TEXTS = [f"Text number {n}." for n in range(40)]


@pytest.fixture(autouse=True)
def packages(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The packages that are installed, as far as the code can see."""
    there = {"openvino", "nncf"}
    for module in (backend, convert):
        monkeypatch.setattr(module, "find_spec", lambda name: name in there or None)
    return there


@pytest.fixture
def child(monkeypatch: pytest.MonkeyPatch) -> types.SimpleNamespace:
    """What the converting process does."""
    fake = types.SimpleNamespace(cosine=0.99, code=0, stderr="", content=b"weights", asked=None)

    def run(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        fake.asked = json.loads(options["input"])
        target = Path(fake.asked["target"])
        (target / "graph.xml").write_bytes(b"<net/>" + fake.content)
        (target / "graph.bin").write_bytes(fake.content)
        made = {"dimension": 12, "cosine": fake.cosine, "versions": {"openvino": "1"}}
        out = "a library's chatter\n" + json.dumps(made) + "\n"
        return subprocess.CompletedProcess(command, fake.code, out, fake.stderr)

    monkeypatch.setattr(convert.subprocess, "run", run)
    return fake


def made(folder: Path, **options: Any) -> Any:
    return backend.embedder(
        options.pop("setting", "auto"),
        ENTRY,
        folder,
        check=options.pop("check", lambda: None),
        loading=lambda: None,
    )


def test_torch_until_it_is_converted(tmp_path: Path, child: types.SimpleNamespace) -> None:
    chosen = backend.choose("auto", ENTRY, tmp_path)
    assert (chosen.name, chosen.graph) == ("torch", None)
    assert "refdesk models convert mini" in chosen.why
    before = made(tmp_path)
    assert isinstance(before, SentenceTransformerEmbedder)

    convert.convert(ENTRY, tmp_path, TEXTS)
    assert child.asked["texts"] == TEXTS
    assert child.asked["limit"] == 256
    chosen = backend.choose("auto", ENTRY, tmp_path)
    assert (chosen.name, chosen.why) == ("openvino", "")
    after = made(tmp_path)
    assert isinstance(after, OpenVinoEmbedder)
    assert after.dimension == 12
    assert after.fingerprint.startswith(f"{before.fingerprint}:int8-1:")
    assert isinstance(made(tmp_path, setting="torch"), SentenceTransformerEmbedder)


def test_another_graph_has_another_fingerprint(
    tmp_path: Path, child: types.SimpleNamespace
) -> None:
    convert.convert(ENTRY, tmp_path, TEXTS)
    first = made(tmp_path).fingerprint
    convert.convert(ENTRY, tmp_path, TEXTS)
    assert made(tmp_path).fingerprint == first
    child.content = b"others"
    convert.convert(ENTRY, tmp_path, TEXTS)
    assert made(tmp_path).fingerprint != first
    names = {path.name for path in (tmp_path / backend.FOLDER).iterdir()} - {".lock"}
    assert len(names) == 3, "what was replaced is removed"
    assert hashlib.sha256(b"others").hexdigest()[:16] + ".bin" in names


def test_the_backend_asked_for_is_not_replaced_in_silence(
    tmp_path: Path, child: types.SimpleNamespace, packages: set[str]
) -> None:
    with pytest.raises(ModelMissingError, match="refdesk models convert mini"):
        backend.choose("openvino", ENTRY, tmp_path)
    convert.convert(ENTRY, tmp_path, TEXTS)
    packages.remove("openvino")
    with pytest.raises(ModelError, match="openvino is not installed"):
        backend.choose("openvino", ENTRY, tmp_path)
    chosen = backend.choose("auto", ENTRY, tmp_path)
    assert chosen.name == "torch"
    assert "openvino is not installed" in chosen.why


@pytest.mark.parametrize(
    "change",
    [
        {"recipe": "int8-0"},
        {"source": "b" * 64},
        {"files": {}},
        {"files": {"../x.xml": "c" * 64}},
        {"files": 3},
        {"more": 1},
    ],
)
def test_a_record_of_something_else_counts_for_nothing(
    tmp_path: Path, child: types.SimpleNamespace, change: dict[str, Any]
) -> None:
    convert.convert(ENTRY, tmp_path, TEXTS)
    record = tmp_path / backend.FOLDER / backend.RECORD
    record.write_text(json.dumps({**json.loads(record.read_text()), **change}))
    assert backend.choose("auto", ENTRY, tmp_path).name == "torch"
    record.write_text("[]")
    assert backend.choose("auto", ENTRY, tmp_path).name == "torch"


def test_a_damaged_graph_is_refused_before_it_is_loaded(
    tmp_path: Path, child: types.SimpleNamespace
) -> None:
    folder = tmp_path / ENTRY.name
    graph = convert.convert(ENTRY, folder, TEXTS)
    assert backend.sound(ENTRY, folder)
    damaged = folder / backend.FOLDER / list(graph.files)[1]
    damaged.write_bytes(b"weighty")
    assert not backend.sound(ENTRY, folder)
    checked: list[bool] = []
    embedder = made(folder, check=lambda: checked.append(True))
    with pytest.raises(ChecksumError, match=r"\.bin is not .*refdesk models convert mini"):
        embedder.embed_queries(["What?"])
    assert checked, "the model's own files as well"


def failed(tmp_path: Path, told: str) -> None:
    with pytest.raises(ModelError, match=told):
        convert.convert(ENTRY, tmp_path, TEXTS)
    assert backend.choose("auto", ENTRY, tmp_path).name == "torch"
    assert [path.name for path in (tmp_path / backend.FOLDER).iterdir()] in ([], [".lock"])


def test_a_graph_that_is_too_different_is_not_kept(
    tmp_path: Path, child: types.SimpleNamespace
) -> None:
    child.cosine = 0.97
    failed(tmp_path, "cosine 0.97, at least 0.98")


def test_a_processor_that_refuses_is_told(tmp_path: Path, child: types.SimpleNamespace) -> None:
    child.code = -signal.SIGILL
    failed(tmp_path, "SIGILL ended it, an instruction that this machine refuses")


def test_the_last_line_of_a_failure_is_told(tmp_path: Path, child: types.SimpleNamespace) -> None:
    child.code, child.stderr = 1, "Traceback\nMemoryError: no room\n"
    failed(tmp_path, r"\(MemoryError: no room\). torch is used")


def test_nothing_is_tried_without_what_it_needs(tmp_path: Path, packages: set[str]) -> None:
    with pytest.raises(ModelError, match="3 texts to calibrate with"):
        convert.convert(ENTRY, tmp_path, TEXTS[:3])
    packages.clear()
    with pytest.raises(ModelError, match="openvino and nncf not installed"):
        convert.convert(ENTRY, tmp_path, TEXTS)
