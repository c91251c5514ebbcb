"""Texts to unit vectors: what an embedder is, and the one that runs in sentence-transformers.

The only place that imports sentence-transformers, and with it torch: a second or ten of loading,
which the embedder of `index.openvino` does without.
"""

from __future__ import annotations

import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from index.errors import ModelLoadError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

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


class FolderEmbedder(ABC):
    """A model in a local folder, loaded when first needed, by whichever thread comes first.

    Counting tokens needs the tokenizer only and is ready in milliseconds. A backend says how its
    weights are loaded and how texts become vectors.
    """

    def __init__(
        self,
        folder: Path,
        *,
        name: str,
        fingerprint: str,
        dimension: int = 384,
        limit: int = 256,
        query_prefix: str = "",
        passage_prefix: str = "",
        check: Callable[[], object] | None = None,
        loading: Callable[[], object] | None = None,
    ) -> None:
        """What the folder's manifest says, and two hooks.

        check    called once before any file of the folder is read; raises if one is wrong
        loading  called before the weights are loaded, which takes seconds
        """
        self.name = name
        self.fingerprint = fingerprint
        self.dimension = dimension
        self.limit = limit
        self._folder = folder
        self._query_prefix = query_prefix
        self._passage_prefix = passage_prefix
        self._check = check
        self._loading = loading
        self._lock = threading.Lock()
        self._loaded = False
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

    def load(self) -> None:
        """Loads the weights now rather than with the first text.

        Raises ModelLoadError, and what `check` raises.
        """
        with self._lock:
            if self._loaded:
                return
            self._checked()
            if self._loading:
                self._loading()
            try:
                self._open()
            except Exception as exc:  # whatever the library raises
                raise self._broken(exc) from exc
            self._loaded = True

    @abstractmethod
    def _open(self) -> None:
        """Loads the weights."""

    @abstractmethod
    def _encode(self, texts: list[str]) -> Vectors:
        """The vectors of at least one text, by the loaded weights."""

    def _vectors(self, texts: list[str]) -> Vectors:
        if not texts:
            return np.empty((0, self.dimension), np.float32)
        self.load()
        return self._encode(texts)

    def _tokenizer(self) -> Any:
        """The folder's tokenizer, which neither cuts nor pads. The caller holds the lock."""
        from tokenizers import Tokenizer

        self._checked()
        try:
            tokenizer = Tokenizer.from_file(str(self._folder / "tokenizer.json"))
        except Exception as exc:  # the library raises bare Exception
            raise self._broken(exc) from exc
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer

    def _checked(self) -> None:
        if self._check is not None:
            self._check()
            self._check = None

    def _broken(self, exc: Exception) -> ModelLoadError:
        reason = " ".join(str(exc).split())[:200] or type(exc).__name__
        return ModelLoadError(
            f"The embedder {self.name} in {self._folder} cannot be loaded ({reason}). "
            f"{self._remedy()}"
        )

    def _remedy(self) -> str:
        return f"Fetch it again with `refdesk models pull {self.name}`."


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


def sentence_transformer(folder: Path, limit: int) -> SentenceTransformer:
    """The model in `folder`, which reads `limit` tokens. Raises what the library raises."""
    # Never a look at a model hub: all that is needed lies in the folder.
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    from sentence_transformers import SentenceTransformer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # type: ignore[no-untyped-call]  # progress is told by whoever shows it, in one way
    model = SentenceTransformer(
        str(folder),
        device="cpu",
        local_files_only=True,
        trust_remote_code=False,
        model_kwargs={"use_safetensors": True},
    )
    model.max_seq_length = limit
    return model
