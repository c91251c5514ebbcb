"""Reranking: question and passage read together by a cross-encoder, which judges better than two
vectors do and takes far longer. So only the best passages of a search are judged.

Nogueira and Cho, "Passage Re-ranking with BERT", 2019. It knows nothing of searches: hits come in,
and the same hits go out in another order.
"""

from __future__ import annotations

import json
import math
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from index.chunk import embedded
from index.folder import FolderModel
from index.types import Hit

__all__ = ["CrossEncoderReranker", "FolderReranker", "Reranker", "reranked", "unfit"]

Pair = tuple[str, str]
"""A question and a passage."""


class Reranker(Protocol):
    """What judges how well passages answer a question. name: as in the model manifest."""

    name: str

    def scores(self, question: str, passages: Sequence[str]) -> list[float]:
        """One for each passage, higher is better; comparable for one question only.

        Raises ModelError.
        """
        ...


def reranked(question: str, hits: Sequence[Hit], reranker: Reranker, most: int) -> list[Hit]:
    """The first `most` hits in the order of the reranker, then the others as they were.

    Hits with equal scores keep their order. Raises ModelError.
    """
    judged = hits[:most]
    texts = [embedded(hit.entry.title, hit.chunk.header, hit.chunk.text) for hit in judged]
    scores = reranker.scores(question, texts)
    order = sorted(range(len(judged)), key=lambda at: -scores[at])
    return [*(judged[at] for at in order), *hits[most:]]


def unfit(folder: Path) -> str:
    """Why the model in a folder is no cross-encoder, in a phrase; empty where it is one.

    Other models of the same family load without complaint, with a head of random numbers.
    """
    try:
        about = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        kind = str((about.get("architectures") or ["model of unknown kind"])[0])
        labels = len(about.get("id2label") or ("no", "yes"))  # left out where there are two
    except (OSError, ValueError, AttributeError, TypeError, KeyError) as exc:
        return f"its config.json cannot be read: {exc}"
    if not kind.endswith("ForSequenceClassification"):
        return f"it is a {kind}, no cross-encoder"
    return "" if labels == 1 else f"it gives {labels} scores for a passage, a reranker gives one"


class FolderReranker(FolderModel):
    """A cross-encoder in a local folder. A backend says how weights are loaded and pairs scored."""

    KIND = "reranker"

    def scores(self, question: str, passages: Sequence[str]) -> list[float]:
        if not passages:
            return []
        self.load()
        scores = self._scores([(question, passage) for passage in passages])
        if not all(map(math.isfinite, scores)):
            raise self._broken(ValueError("it gives scores that are no numbers"))
        return scores

    def _checked(self) -> None:
        super()._checked()
        if reason := unfit(self._folder):
            raise self._broken(ValueError(reason))

    @abstractmethod
    def _scores(self, pairs: list[Pair]) -> list[float]:
        """The scores of at least one pair, by the loaded weights."""

    def _remedy(self) -> str:
        return f"{super()._remedy()} `retrieval.reranker = off` does without."


class CrossEncoderReranker(FolderReranker):
    """A model run by sentence-transformers, in 32-bit numbers."""

    _model: Any

    def _open(self) -> None:
        from index.embed import cross_encoder

        self._model = cross_encoder(self._folder, self.limit)

    def _scores(self, pairs: list[Pair]) -> list[float]:
        scores = self._model.predict(
            pairs, batch_size=32, show_progress_bar=False, activation_fn=_as_they_are
        )
        return [float(score) for score in scores]


def _as_they_are(scores: Any) -> Any:
    """No sigmoid: it makes one of all scores that are high."""
    return scores
