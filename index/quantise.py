"""A sentence-transformers model to an 8-bit OpenVINO graph, in a process of its own.

    python -m index.quantise < request.json

The request names the model's `folder`, its `role` and `limit`, the `texts` to calibrate with, those
to `try` the graph on and the `target` folder, which gets graph.xml and graph.bin. A reranker's
texts are rows: a question and passages, best first. The last line of standard output is a JSON
document: dimension, versions, and the cosine between what the graph gives and what the model itself
gives: the least of an embedder's vectors, or that of all of a reranker's scores, each question's
less their mean.

Its own process, because torch and the quantiser take a gigabyte that nobody needs afterwards, and
because a processor that refuses an instruction ends the process: the caller lives on and tells.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from index.embed import Vectors, cross_encoder, sentence_transformer
from index.openvino import OpenVinoEmbedder, OpenVinoReranker, openvino

__all__ = ["quantise", "quantise_pairs"]

Row = tuple[str, Sequence[str]]
"""A question, and passages for it."""


def quantise(
    folder: Path, target: Path, *, limit: int, texts: Sequence[str], tried: Sequence[str]
) -> dict[str, Any]:
    """Writes `target`/graph.xml and graph.bin; returns what came of it.

    Weights and activations become 8-bit numbers; the ranges of the activations are those seen in
    `texts`. The same texts give the same graph.
    """
    import torch

    model = sentence_transformer(folder, limit).eval()
    encode = _encoder(folder, limit)

    def inputs(text: str) -> dict[str, Any]:
        ids = np.array([encode(text).ids], np.int64)
        return {"input_ids": ids, "attention_mask": np.ones_like(ids)}

    class Whole(torch.nn.Module):
        """Token numbers to unit vectors: pooling and all is part of the graph."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            features = {"input_ids": input_ids, "attention_mask": attention_mask}
            features["token_type_ids"] = torch.zeros_like(input_ids)
            vectors = self.model(features)["sentence_embedding"]
            return torch.nn.functional.normalize(vectors, dim=1)

    _write(Whole(), [inputs(text) for text in texts], target)
    expected: Vectors = model.encode(
        list(tried), normalize_embeddings=True, show_progress_bar=False
    )
    embedder = OpenVinoEmbedder(
        folder,
        graph=target / "graph.xml",
        name=folder.name,
        fingerprint="",
        dimension=expected.shape[1],
        limit=limit,
    )
    cosines = (embedder.embed_passages(tried) * expected).sum(1)
    return _made(expected.shape[1], float(cosines.min()))


def quantise_pairs(
    folder: Path, target: Path, *, limit: int, texts: Sequence[Row], tried: Sequence[Row]
) -> dict[str, Any]:
    """As `quantise`, for a cross-encoder: calibrated with each question's first and last passage,
    tried with all of them.
    """
    import torch

    model = cross_encoder(folder, limit).eval()
    encode = _encoder(folder, limit)

    def inputs(question: str, passage: str) -> dict[str, Any]:
        found = encode(question, passage)
        ids = np.array([found.ids], np.int64)
        parts = np.array([found.type_ids], np.int64)
        return {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": parts}

    class Whole(torch.nn.Module):
        """Token numbers to scores, as they are before any sigmoid."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: Any, attention_mask: Any, token_type_ids: Any) -> Any:
            features = {"input_ids": input_ids, "attention_mask": attention_mask}
            features["token_type_ids"] = token_type_ids
            return self.model(features)["scores"]

    seen = [inputs(question, held[at]) for question, held in texts for at in (0, -1)]
    _write(Whole(), seen, target)
    reranker = OpenVinoReranker(folder, graph=target / "graph.xml", name=folder.name, limit=limit)
    given, expected = [], []
    for question, held in tried:
        given.append(_apart(reranker.scores(question, held)))
        pairs = [(question, passage) for passage in held]
        expected.append(
            _apart(model.predict(pairs, show_progress_bar=False, activation_fn=lambda same: same))
        )
    one, other = np.concatenate(given), np.concatenate(expected)
    lengths = max(float(np.linalg.norm(one) * np.linalg.norm(other)), 1e-12)
    return _made(1, float(one @ other) / lengths)


def _apart(scores: npt.ArrayLike) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Scores for one question less their mean: only their differences make an order."""
    held = np.asarray(scores, np.float64)
    apart: np.ndarray[Any, np.dtype[np.float64]] = held - held.mean()
    return apart


def _encoder(folder: Path, limit: int) -> Callable[..., Any]:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(limit)
    encode: Callable[..., Any] = tokenizer.encode
    return encode


def _write(whole: Any, seen: Sequence[dict[str, Any]], target: Path) -> None:
    """The module as a graph, its ranges those of the inputs `seen`."""
    ov = openvino()  # before nncf, whose telemetry it silences as well
    import nncf
    import torch

    nncf.set_log_level(40)
    example = {name: torch.ones((2, 16), dtype=torch.long) for name in seen[0]}
    with torch.no_grad():
        graph = ov.convert_model(whole, example_input=example)
    small = nncf.quantize(
        graph,
        nncf.Dataset(list(seen)),
        model_type=nncf.ModelType.TRANSFORMER,
        preset=nncf.QuantizationPreset.MIXED,
        subset_size=len(seen),
    )
    ov.save_model(small, target / "graph.xml", compress_to_fp16=False)


def _made(dimension: int, cosine: float) -> dict[str, Any]:
    return {
        "dimension": dimension,
        "cosine": round(cosine, 5),
        "versions": {name: version(name) for name in ("openvino", "nncf", "torch")},
    }


def main() -> int:
    given = json.load(sys.stdin)
    make: Callable[..., dict[str, Any]] = (
        quantise_pairs if given["role"] == "reranker" else quantise
    )
    made = make(
        Path(given["folder"]),
        Path(given["target"]),
        limit=given["limit"],
        texts=given["texts"],
        tried=given["try"],
    )
    print(json.dumps(made))
    return 0


if __name__ == "__main__":
    sys.exit(main())
