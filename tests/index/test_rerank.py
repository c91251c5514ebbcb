"""The reranker's place in a search, with a fake; the real ones are in contracts/ and model/."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import pytest

from index.errors import ModelLoadError
from index.library import Library, LibrarySettings
from index.rerank import FolderReranker, Pair, reranked, unfit
from index.types import Chunk, Entry, Hit
from tests.fakes import HashEmbedder, WordReranker
from tests.tiny import config_of


class Said:
    """Gives the scores that it was told."""

    name = "said"

    def __init__(self, *scores: float) -> None:
        self._scores = scores

    def scores(self, question: str, passages: Sequence[str]) -> list[float]:
        assert len(passages) == len(self._scores)
        return list(self._scores)


def hit(number: int, text: str = "text", title: str = "Title") -> Hit:
    entry = Entry(number, f"/{number}.md", "x", title, None, None, None, "", 0, 0)
    return Hit(number, entry, Chunk(0, 0, 4, text, f"{title} (2029)"), score=1.0 / number)


HITS = [hit(1), hit(2), hit(3), hit(4)]


def order(hits: Sequence[Hit]) -> list[int]:
    return [each.chunk_id for each in hits]


def test_the_reranker_orders_what_it_judged_and_the_others_follow() -> None:
    assert order(reranked("?", HITS, Said(0.1, -3.0, 7.0), 3)) == [3, 1, 2, 4]
    assert order(reranked("?", HITS, Said(1, 2, 3, 4), 20)) == [4, 3, 2, 1]
    assert reranked("?", [], Said(), 20) == []


def test_equal_scores_keep_their_order_and_hits_their_fields() -> None:
    result = reranked("?", HITS, Said(0.5, 0.5, 0.5, 0.6), 4)
    assert order(result) == [4, 1, 2, 3]
    assert result[1:] == HITS[:3]


def test_a_passage_is_judged_with_its_heading_once() -> None:
    reranker = WordReranker()
    reranked("Who?", [hit(1, "It rings."), hit(2, "Bells ring.", title="Bells")], reranker, 20)
    assert reranker.judged == [("Who?", ["Title (2029)\nIt rings.", "Bells ring."])]


def library(folder: Path, reranker: WordReranker | None, rerank: int = 20) -> Library:
    settings = LibrarySettings(chunk_tokens=40, rerank=rerank)
    made = Library(folder, HashEmbedder(), settings, reranker=reranker)
    for number in range(6):
        path = folder / f"{number}.md"
        path.write_text(f"# Boat {number}\n\nThe boat with the number {number} is red.\n")
        made.add([path])
    return made


def test_a_search_looks_at_more_passages_than_it_gives(tmp_path: Path) -> None:
    reranker = WordReranker()
    made = library(tmp_path, reranker)
    found = made.search("Which boat has the number 5?", k=2)
    assert len(found) == 2
    assert "number 5" in found[0].chunk.text
    ((question, judged),) = reranker.judged
    assert question == "Which boat has the number 5?"
    assert len(judged) == 6
    made.close()


def test_only_as_many_are_judged_as_the_settings_say(tmp_path: Path) -> None:
    reranker = WordReranker()
    made = library(tmp_path / "with", reranker, rerank=3)
    plain = library(tmp_path / "without", None)
    found, fused = (each.search("Is boat 4 red?", k=5) for each in (made, plain))
    assert len(reranker.judged[0][1]) == 3
    assert sorted(order(found[:3])) == sorted(order(fused[:3]))
    assert order(found[3:]) == order(fused[3:])
    made.close()
    plain.close()


def test_the_first_search_is_as_fast_as_the_next_after_warming(tmp_path: Path) -> None:
    reranker = WordReranker()
    made = library(tmp_path, reranker)
    made.warm()
    assert len(reranker.judged) == 1
    made.close()


@pytest.mark.parametrize(
    ("about", "told"),
    [
        ({"architectures": ["BertModel"], "id2label": {"0": "L"}}, "it is a BertModel, no cross"),
        ({"id2label": {"0": "L"}}, "it is a model of unknown kind"),
        ({"architectures": ["BertForSequenceClassification"]}, "it gives 2 scores for a passage"),
        ({"architectures": 7}, "its config.json cannot be read"),
    ],
)
def test_what_is_no_cross_encoder_is_told(
    tmp_path: Path, about: dict[str, object], told: str
) -> None:
    config_of(tmp_path, **about)
    assert unfit(tmp_path).startswith(told)


def test_a_cross_encoder_is_one(tmp_path: Path) -> None:
    assert unfit(tmp_path).startswith("its config.json cannot be read")
    config_of(tmp_path, architectures=["BertForSequenceClassification"], id2label={"0": "L"})
    assert unfit(tmp_path) == ""


class Broken(FolderReranker):
    """Gives scores that cannot be put into an order."""

    OPENED: ClassVar[list[str]] = []

    def _open(self) -> None:
        self.OPENED.append(self.name)

    def _scores(self, pairs: list[Pair]) -> list[float]:
        return [float("nan")] * len(pairs)


def test_scores_that_are_no_numbers_are_no_order(tmp_path: Path) -> None:
    config_of(tmp_path, architectures=["BertForSequenceClassification"], id2label={"0": "L"})
    checked: list[bool] = []
    broken = Broken(tmp_path, name="odd", limit=64, check=lambda: checked.append(True))
    assert broken.scores("Who?", []) == []
    assert not checked, "nothing to judge, nothing to load"
    for _ in range(2):
        with pytest.raises(ModelLoadError, match=r"reranker odd in .*no numbers.*= off"):
            broken.scores("Who?", ["He."])
    assert (checked, Broken.OPENED) == ([True], ["odd"])
