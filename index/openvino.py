"""Models run by OpenVINO with 8-bit weights: the fast embedder and reranker for Intel and AMD.

A model is a graph that `index.quantise` made from the folder's verified weights: token numbers in,
unit vectors or scores out. torch is never imported here. The only place that imports openvino.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from index.embed import FolderEmbedder, Vectors
from index.rerank import FolderReranker, Pair

BATCH_TOKENS = 1024
"""Tokens of a batch, padding included. On two cores the pace is the same from 512 to 4096; a small
batch takes less memory, and has fewer shapes.
"""

STEP = 16
"""Lengths are padded to a multiple of this: the first text of a new shape costs OpenVINO 30 ms,
as much as three passages.
"""


MANY = 8
"""Batches of a call from which on they are run side by side: each by a thread or two instead of one
after the other by all, which takes less of the processors' time but longer for each.
"""


def openvino() -> ModuleType:
    """The package openvino, kept off AMX and mute.

    Some virtual machines advertise AMX and then refuse its instructions, which ends the process.
    OpenVINO takes AMX wherever it is advertised, 32-bit hint or not, and reads this cap when it
    compiles its first model. Below AMX nothing is lost that 8-bit numbers need. A machine whose
    AMX works may be given it: ONEDNN_MAX_CPU_ISA=AVX512_CORE_AMX.

    Its telemetry is on unless refused, and reports conversions to an analytics service. It is
    built to do without its reporter, and that is what it gets.
    """
    os.environ.setdefault("ONEDNN_MAX_CPU_ISA", "AVX512_CORE_FP16")
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # None: not to be imported
    import openvino as package

    assert isinstance(package, ModuleType)
    return package


def compiled(graph: Path, hint: str = "LATENCY") -> Any:
    """The graph of a file, ready to run. Raises what the library raises.

    hint  "LATENCY": all processors on one batch; "THROUGHPUT": several batches at once
    """
    core = openvino().Core()
    # The hint speaks of what is not 8-bit: OpenVINO would take bfloat16 where there is any.
    return core.compile_model(
        core.read_model(graph),
        "CPU",
        {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": hint},
    )


class OpenVinoEmbedder(FolderEmbedder):
    """A converted model. `graph` is its file, made from the model in `folder`."""

    _model: Any
    _side_by_side: Any = None
    _cutter: Any
    _pad: int

    def __init__(self, folder: Path, *, graph: Path, **about: Any) -> None:
        super().__init__(folder, **about)
        self._graph = graph

    def _open(self) -> None:
        self._cutter, self._pad = _cutting(self._tokenizer(), self.limit)
        self._model = compiled(self._graph)

    def _encode(self, texts: list[str]) -> Vectors:
        ids = [each.ids for each in self._cutter.encode_batch_fast(texts)]
        vectors = np.empty((len(ids), self.dimension), np.float32)
        made = batches([len(each) for each in ids])
        if len(made) >= MANY:
            self._run_side_by_side(ids, made, vectors)
            return vectors
        # A request of its own for each call: threads share the model, never a request.
        request = self._model.create_infer_request()
        for rows in made:
            batch = padded([ids[row] for row in rows], self._pad)
            vectors[rows] = request.infer(batch, share_inputs=True)[0]
        return vectors

    def _run_side_by_side(
        self, ids: list[list[int]], made: list[list[int]], vectors: Vectors
    ) -> None:
        with self._lock:
            if self._side_by_side is None:
                try:
                    self._side_by_side = compiled(self._graph, "THROUGHPUT")
                except Exception as exc:  # whatever the library raises
                    raise self._broken(exc) from exc

        def take(request: Any, rows: list[int]) -> None:
            vectors[rows] = request.get_output_tensor(0).data

        queue = openvino().AsyncInferQueue(self._side_by_side)
        queue.set_callback(take)
        for rows in made:
            queue.start_async(padded([ids[row] for row in rows], self._pad), rows)
        queue.wait_all()

    def _remedy(self) -> str:
        return f"Make it again with `refdesk models convert {self.name}`."


class OpenVinoReranker(FolderReranker):
    """A converted cross-encoder. `graph` is its file, made from the model in `folder`."""

    _model: Any
    _cutter: Any
    _pad: int

    def __init__(self, folder: Path, *, graph: Path, **about: Any) -> None:
        super().__init__(folder, **about)
        self._graph = graph

    def _open(self) -> None:
        self._cutter, self._pad = _cutting(self._tokenizer(), self.limit)
        self._model = compiled(self._graph)

    def _scores(self, pairs: list[Pair]) -> list[float]:
        encoded = self._cutter.encode_batch_fast(pairs)
        scores = np.empty(len(pairs), np.float32)
        request = self._model.create_infer_request()
        for rows in batches([len(each.ids) for each in encoded]):
            batch = padded([encoded[row].ids for row in rows], self._pad)
            parts, _ = padded([encoded[row].type_ids for row in rows], 0)
            scores[rows] = request.infer([*batch, parts], share_inputs=True)[0][:, 0]
        return [float(score) for score in scores]

    def _remedy(self) -> str:
        return (
            f"Make it again with `refdesk models convert {self.name}`. "
            "`retrieval.reranker = off` does without."
        )


def _cutting(tokenizer: Any, limit: int) -> tuple[Any, int]:
    """The tokenizer, which cuts at `limit` tokens from now on, and the number of its padding."""
    tokenizer.enable_truncation(limit)
    known = map(tokenizer.token_to_id, ("[PAD]", "<pad>"))
    return tokenizer, next((number for number in known if number is not None), 0)


def batches(lengths: list[int], tokens: int = BATCH_TOKENS) -> list[list[int]]:
    """Rows of texts that are run together: of like length, so that little is padded, the longest
    first, so that memory is taken once.
    """
    made: list[list[int]] = []
    width = 0
    for row in sorted(range(len(lengths)), key=lambda row: -lengths[row]):
        if not made or (len(made[-1]) + 1) * width > tokens:
            made.append([])
            width = _padded(lengths[row])
        made[-1].append(row)
    return made


def padded(ids: list[list[int]], pad: int) -> list[np.ndarray[Any, Any]]:
    """The graph's inputs: token numbers filled up to one length, and the mask of the true ones."""
    width = _padded(max(map(len, ids)))
    tokens = np.full((len(ids), width), pad, np.int64)
    mask = np.zeros_like(tokens)
    for row, each in enumerate(ids):
        tokens[row, : len(each)] = each
        mask[row, : len(each)] = 1
    return [tokens, mask]


def _padded(length: int) -> int:
    return -(-length // STEP) * STEP
