"""What every reranker promises: the fake that other tests use, and the two real backends."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from index.errors import ModelLoadError
from index.openvino import OpenVinoReranker
from index.rerank import CrossEncoderReranker, Reranker
from rag import backend, convert
from rag.fetch import file_sha256
from rag.manifest import ModelEntry, ModelFile
from tests.fakes import WordReranker
from tests.needs import needs_openvino
from tests.tiny import config_of, cross_encoder

QUESTION = "When was the harbour at Lunde dredged?"
PASSAGES = [
    "The harbour at Lunde was dredged in 2019.",
    "Bread.",
    "Anna Berg has led the harbour office since the dredging, which cost 14 million. " * 6,
    "word " * 400,
    "The fishing fleet counts 31 boats.",
]
KINDS = [
    "fake",
    pytest.param("torch", marks=pytest.mark.model),
    pytest.param("openvino", marks=[pytest.mark.model, needs_openvino]),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return cross_encoder(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module", params=KINDS)
def reranker(request: pytest.FixtureRequest) -> Reranker:
    if request.param == "fake":
        return WordReranker()
    folder: Path = request.getfixturevalue("folder")
    if request.param == "torch":
        return CrossEncoderReranker(folder, name="tiny", limit=128)
    entry = described(folder)
    with pytest.MonkeyPatch.context() as patch:
        # A random model of 32 numbers is coarser in 8 bits than a trained one of hundreds.
        patch.setattr(convert, "LEAST_COSINE", 0.9)
        texts = [(QUESTION, PASSAGES), ("How many boats?", PASSAGES[::-1])] * 10
        convert.convert(entry, folder, texts)
    made = backend.reranker("openvino", entry, folder, lambda: None, lambda: None)
    assert isinstance(made, OpenVinoReranker)
    return made


def described(folder: Path) -> ModelEntry:
    weights = folder / "model.safetensors"
    file = ModelFile(weights.name, weights.stat().st_size, file_sha256(weights))
    return ModelEntry("tiny", "reranker", "sentence-transformers", (file,), "", 128)


def same(some: list[float], others: list[float]) -> None:
    assert some == pytest.approx(others, abs=1e-4)


def test_scores_come_in_the_order_of_the_passages(reranker: Reranker) -> None:
    scores = reranker.scores(QUESTION, PASSAGES)
    assert len(scores) == len(PASSAGES)
    assert all(isinstance(score, float) for score in scores)
    assert len(set(scores)) > 2, "not all alike"
    same(reranker.scores(QUESTION, PASSAGES[::-1])[::-1], scores)


def test_the_same_again_gives_the_same(reranker: Reranker) -> None:
    assert reranker.scores(QUESTION, PASSAGES) == reranker.scores(QUESTION, PASSAGES)


def test_a_passage_has_one_score_whatever_it_is_judged_with(reranker: Reranker) -> None:
    alone = [reranker.scores(QUESTION, [passage])[0] for passage in PASSAGES]
    same(reranker.scores(QUESTION, PASSAGES * 10), alone * 10)


def test_another_question_is_another_judgement(reranker: Reranker) -> None:
    assert reranker.scores(QUESTION, PASSAGES) != reranker.scores("What bread?", PASSAGES)


def test_no_passage_no_score(reranker: Reranker) -> None:
    assert reranker.scores(QUESTION, []) == []


def test_threads_share_it(reranker: Reranker) -> None:
    expected = reranker.scores(QUESTION, PASSAGES)
    seen: list[list[float]] = []
    threads = [
        threading.Thread(target=lambda: seen.append(reranker.scores(QUESTION, PASSAGES)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 4
    for scores in seen:
        same(scores, expected)


@pytest.mark.model
def test_what_is_no_reranker_is_told(folder: Path, tmp_path: Path) -> None:
    for made, told in (
        (cross_encoder(tmp_path / "three", labels=3), "it gives 3 scores for a passage"),
        (tmp_path / "nothing", r"config\.json cannot be read"),
    ):
        with pytest.raises(ModelLoadError, match=rf"reranker odd in .*{told}.*models pull odd"):
            CrossEncoderReranker(made, name="odd", limit=64).scores("Who?", ["He."])
    embedder = cross_encoder(tmp_path / "embedder")
    config_of(embedder, architectures=["BertModel"])
    with pytest.raises(ModelLoadError, match="it is a BertModel, no cross-encoder"):
        CrossEncoderReranker(embedder, name="odd", limit=64).scores("Who?", ["He."])
    weightless = cross_encoder(tmp_path / "weightless")
    (weightless / "model.safetensors").write_bytes(b"cut off")
    with pytest.raises(ModelLoadError, match="cannot be loaded"):
        CrossEncoderReranker(weightless, name="odd", limit=64).scores("Who?", ["He."])
