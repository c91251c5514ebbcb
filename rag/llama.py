"""llama.cpp over llama-cpp-python's low-level interface: a model with room for several texts.

Texts are told apart by a number, their sequence; what has
been read of them stays as keys and values (KV) in one pool. Used by one thread.
"""

from __future__ import annotations

import ctypes
import functools
import os
import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from index.errors import ModelError, ModelLoadError
from rag import built, machine, mapped, native, shelf
from rag.llm import Part, Passage, Prompt
from rag.slicing import SHORT, Placed, Slice, sliced
from rag.tuning import Tuning

__all__ = ["Llama", "Logits", "Row"]

_ROUNDS = 6
"""Of `Llama.cost_of_four`."""

Logits = npt.NDArray[np.float32]
"""Shape (vocabulary,)."""


@dataclass(frozen=True, slots=True)
class Row:
    """A token to be read. wanted: the logits of what follows it"""

    token: int
    position: int
    sequence: int
    wanted: bool


class Llama:
    """A GGUF model and a pool of keys and values."""

    def __init__(
        self,
        path: Path,
        *,
        name: str,
        context: int,
        pool: int,
        sequences: int,
        tuning: Tuning | None = None,
        gpu_layers: int = -1,
    ) -> None:
        """Loads the model.

        path       a GGUF file whose checksum the caller has verified
        context    tokens of one text, at most
        pool       tokens of all texts together; `context` at least
        sequences  texts at once
        tuning     None: the default's

        Raises ModelLoadError.
        """
        if native.missing is not None:
            raise ModelLoadError(
                f"llama-cpp-python cannot be loaded ({native.missing}). Build it with `make llama`."
            ) from native.missing
        self._lib = llama_cpp = native.library
        _silence(llama_cpp)
        llama_cpp.llama_backend_init()
        params = llama_cpp.llama_model_default_params()
        offload = bool(llama_cpp.llama_supports_gpu_offload())
        params.n_gpu_layers = self._layers = gpu_layers if offload else 0
        self._model = llama_cpp.llama_model_load_from_file(os.fsencode(path), params)
        if not self._model:
            raise ModelLoadError(
                f"{path} is not a model that llama.cpp can load. Check it with "
                "`refdesk models verify`."
            )
        trained = int(llama_cpp.llama_model_n_ctx_train(self._model))
        self.context = min(context, trained) if trained > 0 else context
        self.pool = max(pool, self.context)
        self._tuning = tuning = tuning or Tuning()
        self._cores = tuning.threads or machine.cores()
        self.batch = max(tuning.ubatch + SHORT, 2 * sequences)
        """Tokens read at once, at most: llama.cpp sets memory aside for the logits of each."""
        options = llama_cpp.llama_context_default_params()
        options.n_ctx = self.pool
        options.n_batch = options.n_ubatch = self.batch
        options.flash_attn_type = int(tuning.flash_attention)
        options.n_seq_max = sequences
        # One pool, so that one long text can have what several short ones have.
        options.kv_unified = True
        options.n_threads = options.n_threads_batch = self._cores
        options.no_perf = True
        self._context = llama_cpp.llama_init_from_model(self._model, options)
        if not self._context:
            llama_cpp.llama_model_free(self._model)
            raise ModelLoadError(
                f"There is not enough memory to run {name} with {self.pool} tokens. Lower "
                "`model.pool` and `model.context`, or choose a smaller model."
            )
        mapped.let_go(path)
        self._memory = llama_cpp.llama_get_memory(self._context)
        self._vocab = llama_cpp.llama_model_get_vocab(self._model)
        self._n_vocab = int(llama_cpp.llama_vocab_n_tokens(self._vocab))
        self._batch = llama_cpp.llama_batch_init(self.batch, 0, 1)

    @functools.cached_property
    def runs(self) -> dict[str, Any]:
        """What runs it, and how; see `rag.built`."""
        return {
            **built.described(self._lib, self._layers),
            **asdict(replace(self._tuning, threads=self._cores)),
        }

    def close(self) -> None:
        """Frees the model, which is of no use any more."""
        self._lib.llama_batch_free(self._batch)
        self._lib.llama_free(self._context)
        self._lib.llama_model_free(self._model)

    @property
    def slice(self) -> int:
        """Tokens of a prompt that are read at once, but for a short rest."""
        return self._tuning.ubatch

    def sliced(self, prompt: Prompt) -> list[Slice]:
        """A prompt's tokens as they are read."""
        parts: list[tuple[list[int], bool] | Placed] = []
        if self._lib.llama_vocab_get_add_bos(self._vocab):
            parts.append(([int(self._lib.llama_vocab_bos(self._vocab))], False))
        keys = iter(shelf.keys(prompt))
        behind = -1
        for part in prompt:
            if part.passage is None:
                parts.append((self._encode(part), part.kept))
                continue
            if behind < 0:
                behind = sum(len(each[0]) for each in parts if not isinstance(each, Placed))
            parts.append(self._placed(part.passage, next(keys)[1], behind))
        return sliced(parts, self.slice)

    def _placed(self, passage: Passage, key: str, behind: int) -> Placed:
        whole: list[int] = []
        ranges: list[tuple[int, int]] = []
        for text, shown in passage.pieces:
            begin = len(whole)
            whole += self._encode(Part(text))
            if shown and ranges and ranges[-1][1] == begin:
                ranges[-1] = ranges[-1][0], len(whole)
            elif shown:
                ranges.append((begin, len(whole)))
        return Placed(key, passage.shelf, behind, tuple(whole), tuple(ranges))

    def firsts(self, words: Sequence[str]) -> list[int]:
        """The tokens that `words` begin with."""
        return sorted({self._encode(Part(word))[0] for word in words})

    def piece(self, token: int) -> bytes:
        """What a token says, which may be a part of a letter."""
        held = ctypes.create_string_buffer(256)
        n = self._lib.llama_token_to_piece(self._vocab, token, held, 256, 0, False)
        return held.raw[: max(n, 0)]

    def is_end(self, token: int) -> bool:
        """Whether a token ends an answer."""
        return bool(self._lib.llama_vocab_is_eog(self._vocab, token))

    def decode(self, rows: Sequence[Row]) -> None:
        """Reads up to `batch` tokens. Raises ModelError: the pool is then as it was, or empty."""
        batch = self._batch
        batch.n_tokens = len(rows)
        for at, row in enumerate(rows):
            batch.token[at] = row.token
            batch.pos[at] = row.position
            batch.n_seq_id[at] = 1
            batch.seq_id[at][0] = row.sequence
            batch.logits[at] = row.wanted
        status = self._lib.llama_decode(self._context, batch)
        if status != 0:
            raise ModelError(
                f"llama.cpp could not go on (llama_decode returned {status}). Ask again; if it "
                "happens every time, lower `model.context`."
            )

    def cost_of_four(self) -> float:
        """The time of reading four tokens with logits for each, relative to one: measured now.

        It depends on how fast a machine's memory is beside its processor. To be called before
        anything is read. Raises ModelError.
        """
        times: dict[int, list[float]] = {1: [], 4: []}
        for _ in range(_ROUNDS):
            for n, taken in times.items():
                started = time.perf_counter()
                self.decode([Row(0, at, 0, wanted=True) for at in range(n)])
                self.logits(n - 1)  # waits for what is read
                taken.append(time.perf_counter() - started)
                self.forget(0, 0)
        # The first round is no measure: what is set up once takes its time then.
        one, four = (statistics.median(taken[1:]) for taken in times.values())
        return four / one

    def logits(self, at: int) -> Logits:
        """Of the row `at` of what was read last; valid until more is read."""
        pointer = self._lib.llama_get_logits_ith(self._context, at)
        return np.ctypeslib.as_array(pointer, shape=(self._n_vocab,))

    def forget(self, sequence: int, kept: int) -> None:
        """Frees what was read of a text after its first `kept` tokens."""
        self._lib.llama_memory_seq_rm(self._memory, sequence, kept, -1)

    def remove(self, sequence: int, begin: int, end: int) -> None:
        """Takes what was read at places from `begin` to before `end` out of a text."""
        self._lib.llama_memory_seq_rm(self._memory, sequence, begin, end)

    def copy(self, sequence: int, to: int, begin: int, end: int) -> None:
        """Puts what was read at those places into another text too: both share it."""
        self._lib.llama_memory_seq_cp(self._memory, sequence, to, begin, end)

    def shift(self, sequence: int, begin: int, end: int, by: int) -> None:
        """Moves what was read at those places; it must be shared with no other text.

        The keys are turned when anything is read next.
        """
        self._lib.llama_memory_seq_add(self._memory, sequence, begin, end, by)

    def saved(self, sequence: int) -> bytes:
        """The keys and values of a text, for `restore`."""
        size = self._lib.llama_state_seq_get_size(self._context, sequence)
        held = (ctypes.c_uint8 * size)()
        n = self._lib.llama_state_seq_get_data(self._context, held, size, sequence)
        return bytes(memoryview(held)[:n])

    def restore(self, sequence: int, state: bytes) -> bool:
        """Puts back what `saved` gave, as the text `sequence`. Returns whether there was room."""
        held = (ctypes.c_uint8 * len(state)).from_buffer_copy(state)
        n = self._lib.llama_state_seq_set_data(self._context, held, len(state), sequence)
        return int(n) == len(state)

    def _encode(self, part: Part) -> list[int]:
        data = part.text.encode("utf-8")
        room = len(data) + 8
        held = (ctypes.c_int32 * room)()
        n = self._lib.llama_tokenize(self._vocab, data, len(data), held, room, False, part.template)
        return held[: max(n, 0)]


_log_callback: Any = None


def _silence(llama_cpp: Any) -> None:
    """Keeps llama.cpp's log off the terminal; its errors reach the caller as exceptions."""
    global _log_callback  # noqa: PLW0603 C holds the pointer, so Python must keep the object
    if _log_callback is None:
        _log_callback = llama_cpp.llama_log_callback(lambda *_: None)
        llama_cpp.llama_log_set(_log_callback, ctypes.c_void_p(0))
