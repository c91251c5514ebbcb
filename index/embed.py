"""Texts to unit vectors: what an embedder is, and the one that runs in sentence-transformers.

The only place that imports sentence-transformers, and with it torch: a second or ten of loading,
which the embedder of `index.openvino` does without.
"""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from index.folder import FolderModel

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder, SentenceTransformer

Vectors = npt.NDArray[np.float32]
"""Shape (n, dimension), each row of length 1."""


class Embedder(Protocol):
    """What turns texts into vectors whose inner product is their similarity.

    name         as in the model manifest
    fingerprint  changes whenever the vectors would; vectors of two fingerprints never mix
    dimension    length of a vector
    limit        tokens read of one text, special tokens included
    """

    name: str
    fingerprint: str
    dimension: int
    limit: int

    def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, special tokens not counted."""
        ...

    def embed_queries(self, texts: Sequence[str]) -> Vectors: ...

    def embed_passages(self, texts: Sequence[str]) -> Vectors: ...


class FolderEmbedder(FolderModel):
    """An embedder in a local folder.

    Counting tokens needs the tokenizer only and is ready in milliseconds. A backend says how its
    weights are loaded and how texts become vectors.
    """

    KIND = "embedder"

    def __init__(
        self,
        folder: Path,
        *,
        fingerprint: str,
        dimension: int = 384,
        limit: int = 256,
        query_prefix: str = "",
        passage_prefix: str = "",
        **about: Any,
    ) -> None:
        """What the folder's manifest says; `about` as in FolderModel."""
        super().__init__(folder, limit=limit, **about)
        self.fingerprint = fingerprint
        self.dimension = dimension
        self._query_prefix = query_prefix
        self._passage_prefix = passage_prefix
        self._counter: Any = None

    def count(self, texts: Sequence[str]) -> list[int]:
        with self._lock:
            if self._counter is None:
                self._counter = self._tokenizer()
            counter = self._counter
        # Fast: without the offsets of the tokens, which nobody asks for.
        encoded = counter.encode_batch_fast(list(texts), add_special_tokens=False)
        return [len(each.ids) for each in encoded]

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        return self._vectors([self._query_prefix + text for text in texts])

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        return self._vectors([self._passage_prefix + text for text in texts])

    @abstractmethod
    def _encode(self, texts: list[str]) -> Vectors:
        """The vectors of at least one text, by the loaded weights."""

    def _vectors(self, texts: list[str]) -> Vectors:
        if not texts:
            return np.empty((0, self.dimension), np.float32)
        self.load()
        return self._encode(texts)


class SentenceTransformerEmbedder(FolderEmbedder):
    """A model run by sentence-transformers, in 32-bit numbers."""

    _model: SentenceTransformer

    def _open(self) -> None:
        self._model = sentence_transformer(self._folder, self.limit)

    def _encode(self, texts: list[str]) -> Vectors:
        vectors = self._model.encode(
            texts,
            batch_size=32,
            show_progress_bar=False,
            convert_to_numpy=True,
            normalize_embeddings=True,
        )
        return np.asarray(vectors, dtype=np.float32)


_LOCAL: dict[str, Any] = {
    "device": "cpu",
    "local_files_only": True,
    "trust_remote_code": False,
    "model_kwargs": {"use_safetensors": True},
}


def sentence_transformer(folder: Path, limit: int) -> SentenceTransformer:
    """The model in `folder`, which reads `limit` tokens. Raises what the library raises."""
    _offline()
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(folder), **_LOCAL)
    model.max_seq_length = limit
    return model


def cross_encoder(folder: Path, limit: int) -> CrossEncoder:
    """The model of pairs in `folder`, for `index.rerank`. Raises what the library raises."""
    _offline()
    from sentence_transformers import CrossEncoder

    model: CrossEncoder = CrossEncoder(str(folder), max_length=limit, **_LOCAL)
    return model


def _offline() -> None:
    """Before the first import: never a look at a model hub, all that is needed is in the folder."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # type: ignore[no-untyped-call]  # progress is told by whoever shows it, in one way
