"""What every embedder promises: the fake that other tests use, and the two real backends."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from index.embed import Embedder, Vectors
from rag import config
from rag.build import Parts
from tests.fakes import HashEmbedder
from tests.needs import needs_openvino

TEXTS = [
    "The harbour at Lunde was dredged in 2019.",
    "Bread.",
    "Anna Berg has led the harbour office since the dredging, which cost 14 million kroner. " * 6,
    "Høstmørket fell early over the fjord, and the ferries stayed in port (all three of them).",
    "word " * 400,
    "The fishing fleet counts 31 boats.",
]
KINDS = [
    "fake",
    pytest.param("torch", marks=pytest.mark.model),
    pytest.param(
        "openvino",
        marks=[
            pytest.mark.model,
            needs_openvino,
        ],
    ),
]


@pytest.fixture(scope="module", params=KINDS)
def embedder(request: pytest.FixtureRequest) -> Embedder:
    if request.param == "fake":
        return HashEmbedder()
    return Parts(config.load(environment={"REFDESK_EMBEDDER_BACKEND": request.param})).embedder


def same(some: Vectors, others: Vectors) -> None:
    assert ((some * others).sum(1) > 0.9999).all()


def test_vectors_are_unit_vectors_in_the_order_of_the_texts(embedder: Embedder) -> None:
    vectors = embedder.embed_passages(TEXTS)
    assert vectors.shape == (len(TEXTS), embedder.dimension)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(len(TEXTS)), abs=1e-5)
    same(embedder.embed_passages(TEXTS[::-1])[::-1], vectors)


def test_a_text_has_one_vector_whatever_it_is_embedded_with(embedder: Embedder) -> None:
    together = embedder.embed_passages(TEXTS * 4)
    alone = np.concatenate([embedder.embed_passages([text]) for text in TEXTS])
    same(together, np.concatenate([alone] * 4))


def test_many_texts_have_the_vectors_that_few_have(embedder: Embedder) -> None:
    few = embedder.embed_passages(TEXTS)
    same(embedder.embed_passages(TEXTS * 25), np.concatenate([few] * 25))


def test_no_text_no_vector(embedder: Embedder) -> None:
    assert embedder.embed_passages([]).shape == (0, embedder.dimension)
    assert embedder.count([]) == []


def test_the_empty_text_has_a_vector(embedder: Embedder) -> None:
    if not isinstance(embedder, HashEmbedder):
        assert np.isfinite(embedder.embed_passages(["", " "])).all()


def test_a_question_is_nearest_to_its_answer(embedder: Embedder) -> None:
    (asked,) = embedder.embed_queries(["In which year was the harbour at Lunde dredged?"])
    assert int(np.argmax(embedder.embed_passages(TEXTS) @ asked)) == 0


def test_tokens_are_counted_without_special_ones(embedder: Embedder) -> None:
    assert embedder.count(["one two three", ""]) == [3, 0]
    assert embedder.count(["word " * 400]) == [400]  # never cut


def test_threads_share_it(embedder: Embedder) -> None:
    expected = embedder.embed_passages(TEXTS)
    seen: list[Vectors] = []

    def work() -> None:
        seen.extend(embedder.embed_passages(TEXTS[:n]) for n in range(1, len(TEXTS) + 1))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 4 * len(TEXTS)
    for vectors in seen:
        same(vectors, expected[: len(vectors)])
