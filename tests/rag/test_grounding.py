from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from index.embed import Vectors
from index.errors import UsageError
from rag import grounding
from rag.grounding import Scored, Text
from rag.similar import remembering, similarity_by
from tests.fakes import HashEmbedder


def lines(file: Path, *rows: object) -> None:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_ragtruths_fields(tmp_path: Path) -> None:
    passages = "passage 1:The mill grinds rye.\n\npassage 2:The bell rings.\n\n"
    row = {"question": "what grinds", "passages": passages}
    lines(
        tmp_path / "responses.jsonl",
        {**row, "id": 7, "response": "The mill.", "hallucinated": False},
        {**row, "id": 8, "response": "A cat.", "hallucinated": True},
    )
    data = grounding.load(tmp_path)
    assert data.hallucinated
    first, second = data.texts
    assert first.supported
    assert not second.supported
    assert first.question == "what grinds"
    assert [each.strip() for each in first.passages] == ["The mill grinds rye.", "The bell rings."]


def test_wices_fields(tmp_path: Path) -> None:
    row = {"claim": "The mill grinds.", "evidence": ["# Mills", "The mill grinds rye."]}
    labels = ("supported", "partially_supported", "not_supported")
    lines(tmp_path / "dev.jsonl", *({**row, "label": label} for label in labels))
    data = grounding.load(tmp_path)
    assert not data.hallucinated
    assert [each.supported for each in data.texts] == [True, False, False]
    assert data.texts[0].passages == ("# Mills\nThe mill grinds rye.",)
    assert [each.id for each in data.texts] == ["1", "2", "3"]


GOOD = '{"text": "x", "passages": ["x"], "hallucinated": true}\n'


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (GOOD + "{", r"set\.jsonl, line 2 cannot be read"),
        (GOOD + '{"passages": ["x"], "hallucinated": true}', "line 2: a text to check is missing"),
        (GOOD + '{"text": "x", "passages": ["x"]}', "line 2: needs `hallucinated`"),
        (GOOD + '{"text": "x", "hallucinated": true}', "line 2: needs `passages` or `evidence`"),
        (GOOD + '{"text": "x", "passages": [1], "hallucinated": true}', "line 2: needs `passages`"),
        (GOOD + '{"text": "x", "passages": ["x"], "label": "supported"}', "either every text"),
    ],
)
def test_a_faulty_file_is_named_with_its_line(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "set.jsonl").write_text(content)
    with pytest.raises(UsageError, match=said):
        grounding.load(tmp_path)


def test_a_folder_without_files_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no files of JSON lines"):
        grounding.load(tmp_path)


def test_a_text_is_as_good_as_its_worst_claim() -> None:
    passages = ("The mill by the river grinds rye. It was built in 1840.",)
    texts = [
        Text("a", "The mill by the river grinds rye.", passages, True),
        Text("b", "The mill by the river grinds rye. It was sold in 1921.", passages, False),
        Text("c", "...", passages, False),
    ]
    similarity = similarity_by(HashEmbedder().embed_passages)
    good, bad, empty = grounding.scored(texts, similarity, min_support=0.5)
    assert good.score > 0.9
    assert (bad.claims, bad.score < 0.5) == (2, True)
    assert bad.worst is not None
    assert "1921" in bad.worst.text
    assert (empty.score, empty.worst, empty.claims) == (0.0, None, 0)


def test_nothing_is_embedded_twice() -> None:
    asked: list[str] = []

    def embed(texts: list[str]) -> Vectors:
        asked.extend(texts)
        return np.array([[float(len(text))] for text in texts], np.float32)

    remembered = remembering(embed)  # type: ignore[arg-type]
    assert remembered(["a", "bb", "a"]).tolist() == [[1], [2], [1]]
    assert remembered(["bb", "ccc"]).tolist() == [[2], [3]]
    assert asked == ["a", "bb", "ccc"]


def scored(score: float, supported: bool) -> Scored:
    return Scored(Text("x", "x", (), supported), score, None, 1)


SCORES = [
    scored(0.9, True), scored(0.8, True), scored(0.4, True), scored(0.6, False), scored(0.1, False),
]  # fmt: skip


def test_the_figures_for_what_is_supported() -> None:
    found = grounding.judged(SCORES, hallucinated=False, threshold=0.5)
    # Called supported: 0.9, 0.8 and 0.6; truly so: 0.9, 0.8 and 0.4.
    assert found.at_settings.precision == pytest.approx(2 / 3)
    assert found.at_settings.f1 == pytest.approx(2 / 3)
    assert found.always == pytest.approx(2 * 3 / (5 + 3))
    # Of six pairs of a supported and another text only 0.4 and 0.6 stand the wrong way.
    assert found.auc == pytest.approx(5 / 6)
    assert (found.n, found.positives) == (5, 3)
    assert found.f1_low <= found.at_settings.f1 <= found.f1_high


def test_the_figures_for_what_is_hallucinated() -> None:
    found = grounding.judged(SCORES, hallucinated=True, threshold=0.5)
    # Called hallucinated: 0.4 and 0.1; truly so: 0.6 and 0.1.
    assert found.at_settings.f1 == pytest.approx(1 / 2)
    assert found.auc == pytest.approx(5 / 6)
    assert found.positives == 2


def test_the_best_threshold_is_chosen_on_one_half_and_judged_on_the_other() -> None:
    many = [scored(n / 100, n >= 70) for n in range(100)]
    found = grounding.judged(many, hallucinated=False, threshold=0.5, seed=3)
    assert 0.7 <= found.best < 0.8
    assert found.held_out.f1 > found.at_settings_there.f1
    assert grounding.judged(many, hallucinated=False, threshold=0.5, seed=3) == found
    turned = grounding.judged(many, hallucinated=True, threshold=0.5, seed=3)
    assert turned.held_out.f1 > 0.9
