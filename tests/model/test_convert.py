"""The real conversion of the real embedder, from its verified files to a query's vector."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from rag import backend, config, convert
from rag.build import Parts
from tests.needs import needs_openvino

pytestmark = [
    pytest.mark.model,
    needs_openvino,
]

FIRST = """
import sys
from rag import config
from rag.build import Parts
parts = Parts(config.load())
assert parts.embedder.embed_queries(["Who leads the harbour office?"]).shape == (1, 384)
print(parts.chosen.runs_on(parts.chosen.entry("embedder")).name)
print(sorted({"torch", "transformers", "nncf", "openvino_telemetry"} & set(filter(
    sys.modules.get, sys.modules))))
"""


def test_from_weights_to_vectors_without_torch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stock = Parts(config.load(environment={}))
    entry = stock.chosen.entry("embedder")
    folder = tmp_path / entry.name
    for file in entry.files:
        (folder / file.name).parent.mkdir(parents=True, exist_ok=True)
        (folder / file.name).symlink_to(stock.models.locate(entry.name) / file.name)
    monkeypatch.setenv("REFDESK_MODELS_FOLDER", str(tmp_path))
    monkeypatch.delenv("REFDESK_EMBEDDER_BACKEND", raising=False)

    parts = Parts(config.load())
    assert parts.chosen.convertible(entry)
    before = parts.embedder
    graph = parts.chosen.convert(entry)
    assert graph.cosine >= 0.98
    assert graph.source == entry.main_file.sha256
    assert not parts.chosen.convertible(entry)
    assert backend.sound(entry, folder)

    parts = Parts(config.load())
    texts = ["The harbour was dredged in 2019.", "The oldest of the boats was built in 1934."]
    similar = (parts.embedder.embed_passages(texts) * before.embed_passages(texts)).sum(1)
    assert (similar >= 0.98).all()
    assert parts.embedder.fingerprint != before.fingerprint

    run = subprocess.run(
        [sys.executable, "-c", FIRST],
        capture_output=True,
        text=True,
        check=True,
        cwd=config.ROOT,
    )
    assert run.stdout.splitlines() == ["openvino", "[]"]


def test_a_reranker_is_calibrated_with_what_it_will_read() -> None:
    stock = Parts(config.load(environment={}))
    # Its tokenizer is a reranker's too.
    entry = replace(stock.chosen.entry("embedder"), role="reranker")
    questions = ["Why did LeCun leave Meta?", "What does inference cost?"]
    rows = convert.calibration(entry, stock.models.locate(entry.name), config.starters(), questions)
    assert [row[0] for row in rows] == questions
    for question, passages in rows:
        assert len(passages) == 20
        assert any(word in passages[0] for word in question.rstrip("?").split()[2:])
