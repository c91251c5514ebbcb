"""A sentence-transformers model to an 8-bit OpenVINO graph, in a process of its own.

    python -m index.quantise < request.json

The request names the model's `folder`, its `limit`, the `texts` to calibrate with, those to `try`
the graph on and the `target` folder, which gets graph.xml and graph.bin. The last line of standard
output is a JSON document: dimension, versions, and the least cosine between the graph's vectors
and those of the model itself.

Its own process, because torch and the quantiser take a gigabyte that nobody needs afterwards, and
because a processor that refuses an instruction ends the process: the caller lives on and tells.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from index.embed import Vectors, sentence_transformer
from index.openvino import OpenVinoEmbedder, openvino

__all__ = ["quantise"]


def quantise(
    folder: Path, target: Path, *, limit: int, texts: Sequence[str], tried: Sequence[str]
) -> dict[str, Any]:
    """Writes `target`/graph.xml and graph.bin; returns what came of it.

    Weights and activations become 8-bit numbers; the ranges of the activations are those seen in
    `texts`. The same texts give the same graph.
    """
    ov = openvino()  # before nncf, whose telemetry it silences as well
    import nncf
    import torch
    from tokenizers import Tokenizer

    nncf.set_log_level(40)
    model = sentence_transformer(folder, limit).eval()
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(limit)

    def inputs(text: str) -> dict[str, Any]:
        ids = np.array([tokenizer.encode(text).ids], np.int64)
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

    example = {name: torch.ones((2, 16), dtype=torch.long) for name in inputs("")}
    with torch.no_grad():
        graph = ov.convert_model(Whole(), example_input=example)
    small = nncf.quantize(
        graph,
        nncf.Dataset(list(texts), inputs),
        model_type=nncf.ModelType.TRANSFORMER,
        preset=nncf.QuantizationPreset.MIXED,
        subset_size=len(texts),
    )
    ov.save_model(small, target / "graph.xml", compress_to_fp16=False)
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
    return {
        "dimension": expected.shape[1],
        "cosine": round(float(cosines.min()), 5),
        "versions": {name: version(name) for name in ("openvino", "nncf", "torch")},
    }


def main() -> int:
    given = json.load(sys.stdin)
    made = quantise(
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
