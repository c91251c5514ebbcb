"""llama.cpp in process: our own greedy loop over llama-cpp-python's low-level interface.

The one place that imports llama_cpp. What the loop does beyond `Llama.generate`:

- logits are asked for only where they are read: the last prompt token and drafted tokens;
- what a prompt begins with in common with the last keeps its keys and values (KV), where it would
  be read in the same slices, so that an answer does not depend on what was asked before;
- answers copy from their passages, so the tokens that followed the same words in the prompt are
  drafted and checked in one batch (prompt lookup decoding, Saxena 2023; verified greedily as in
  Leviathan et al. 2023, so that the text is the one that plain greedy decoding gives).
"""

from __future__ import annotations

import codecs
import ctypes
import functools
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from index.errors import ModelError, ModelLoadError
from rag import built
from rag.drafting import Lookup
from rag.llm import Check, Checked, Part, Piece, Prefill, Prompt, Step, Waiting
from rag.slicing import Slice, common, sliced
from rag.turns import Turns


class LlamaCpp:
    """One GGUF model with one context, used by one caller at a time in order of arrival."""

    def __init__(
        self,
        path: Path,
        *,
        name: str,
        context: int = 4096,
        threads: int | None = None,
        draft: int = 4,
        gpu_layers: int = -1,
    ) -> None:
        """Loads the model.

        path     a GGUF file whose checksum the caller has verified
        context  tokens of prompt and answer together
        threads  None: all cores that this process may use
        draft    tokens drafted by prompt lookup; 0: off

        Raises ModelLoadError.
        """
        self.name = name
        self.context = context
        self._draft = draft
        self._turns = Turns()
        self._kv: list[int] = []
        self._held: list[Slice] = []
        """The slices of the last prompt that the context begins with."""
        self._logits_ready = False
        """Whether the last token in the context was decoded with logits that still stand."""
        self._closed = False
        try:
            import llama_cpp
        except (ImportError, OSError, RuntimeError) as exc:
            raise ModelLoadError(
                f"llama-cpp-python cannot be loaded ({exc}). Build it with `make llama`."
            ) from exc
        self._lib: Any = llama_cpp
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
        self._cores = threads or _cores()
        options = llama_cpp.llama_context_default_params()
        options.n_ctx = self.context
        options.n_batch = 512
        options.n_ubatch = 512
        options.n_seq_max = 1
        options.n_threads = self._cores
        options.n_threads_batch = self._cores
        options.no_perf = True
        self._context = llama_cpp.llama_init_from_model(self._model, options)
        if not self._context:
            llama_cpp.llama_model_free(self._model)
            raise ModelLoadError(
                f"There is not enough memory to run {name} with a context of {self.context} "
                "tokens. Lower `model.context`, or choose a smaller model."
            )
        self._memory = llama_cpp.llama_get_memory(self._context)
        self._vocab = llama_cpp.llama_model_get_vocab(self._model)
        self._n_vocab = int(llama_cpp.llama_vocab_n_tokens(self._vocab))
        self._batch = llama_cpp.llama_batch_init(512, 0, 1)

    @functools.cached_property
    def runs(self) -> dict[str, Any]:
        """What runs it; see `rag.built`."""
        return built.described(self._lib, self._cores, self._layers)

    def close(self) -> None:
        """Frees the model once the caller in hand is done."""
        for _ in self._turns.take():
            pass
        try:
            if not self._closed:
                self._closed = True
                self._lib.llama_batch_free(self._batch)
                self._lib.llama_free(self._context)
                self._lib.llama_model_free(self._model)
        finally:
            self._turns.give()

    def count(self, prompt: Prompt) -> int:
        return _length(self._sliced(prompt))

    def generate(
        self,
        prompt: Prompt,
        *,
        max_tokens: int,
        checks: Sequence[Check] = (),
        never_first: Sequence[str] = (),
    ) -> Iterator[Step]:
        slices = self._sliced(prompt)
        asides = [self._sliced(check.prompt) for check in checks]
        length = _length(slices)
        longest = max(length + max_tokens, *map(_length, asides), 0)
        if longest > self.context:
            raise ModelError(
                f"A prompt of {length} tokens and an answer of {max_tokens} do not fit the "
                f"model's context of {self.context}. Raise `model.context` or lower "
                "`answer.passage_tokens`."
            )
        taken = False
        try:
            for ahead in self._turns.take():
                yield Waiting(ahead)
            taken = True
            for check, aside in zip(checks, asides, strict=True):
                for done in self._read(aside):
                    yield Prefill(done, _length(aside))
                yield Checked(self._weigh(check))
            for done in self._read(slices):
                yield Prefill(done, length)
            yield from self._write(max_tokens, self._firsts(never_first))
        finally:
            if taken:
                self._turns.give()

    def _weigh(self, check: Check) -> float:
        logits = self._logits(-1).astype(np.float64)
        odds = np.exp(logits - logits.max())
        likely = odds[self._firsts(check.likely)].sum()
        against = (
            odds[self._firsts(check.unlikely)].sum() if check.unlikely else odds.sum() - likely
        )
        return float(likely / max(likely + against, 1e-300))

    def _firsts(self, words: Sequence[str]) -> list[int]:
        return sorted({self._encode(Part(word))[0] for word in words})

    def warm(self, prompt: Prompt) -> None:
        slices = self._sliced(prompt)
        for _ in self._turns.take():
            pass
        try:
            for _ in self._read(slices):
                pass
        finally:
            self._turns.give()

    def _sliced(self, prompt: Prompt) -> list[Slice]:
        parts = [self._encode(part) for part in prompt]
        if self._lib.llama_vocab_get_add_bos(self._vocab):
            parts[:1] = [
                [int(self._lib.llama_vocab_bos(self._vocab)), *(parts[0] if parts else [])]
            ]
        return sliced(parts)

    def _encode(self, part: Part) -> list[int]:
        data = part.text.encode("utf-8")
        room = len(data) + 8
        held = (ctypes.c_int32 * room)()
        n = self._lib.llama_tokenize(self._vocab, data, len(data), held, room, False, part.template)
        return held[: max(n, 0)]

    def _read(self, slices: list[Slice]) -> Iterator[int]:
        """Decodes a prompt but for the slices that the context begins with. Yields tokens done."""
        kept = common(self._held, slices)
        whole = _length(slices)
        if kept == len(slices) and len(self._kv) == whole and self._logits_ready:
            return
        # Of the last slice the logits are needed, and alone they would not be the same numbers.
        kept = min(kept, len(slices) - 1)
        del self._held[kept:]
        self._forget(_length(self._held))
        for each in slices[kept:]:
            self._decode(each, last_only=len(self._kv) + len(each) == whole)
            self._held.append(each)
            yield len(self._kv)

    def _write(self, max_tokens: int, never_first: Sequence[int]) -> Iterator[Piece]:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        lookup = Lookup(self._kv)
        logits = self._logits(-1).copy()
        logits[list(never_first)] = -np.inf
        token = int(logits.argmax())
        made = 0
        while True:
            if self._lib.llama_vocab_is_eog(self._vocab, token):
                yield Piece(decoder.decode(b"", True), made, ended=True)
                return
            draft = lookup.draft(token, min(self._draft, max_tokens - made - 1))
            made += 1
            text = decoder.decode(self._piece(token))
            if made == max_tokens:
                yield Piece(text + decoder.decode(b"", True), made, token=token)
                return
            yield Piece(text, made, token=token)
            base = len(self._kv)
            self._decode([token, *draft])
            accepted = 0
            while True:
                following = int(self._logits(accepted).argmax())
                if accepted == len(draft) or draft[accepted] != following:
                    break
                accepted += 1
                if self._lib.llama_vocab_is_eog(self._vocab, following):
                    break
                made += 1
                yield Piece(decoder.decode(self._piece(following)), made, token=following)
            if made == max_tokens:
                return
            self._forget(base + 1 + accepted)
            lookup.extend([token, *draft[:accepted]])
            token = following

    def _decode(self, tokens: Sequence[int], *, last_only: bool | None = None) -> None:
        """Appends `tokens` to the context. Logits: for all, for the last, or (False) for none."""
        batch, base = self._batch, len(self._kv)
        batch.n_tokens = len(tokens)
        for at, token in enumerate(tokens):
            batch.token[at] = token
            batch.pos[at] = base + at
            batch.n_seq_id[at] = 1
            batch.seq_id[at][0] = 0
            batch.logits[at] = last_only is None or (last_only and at == len(tokens) - 1)
        status = self._lib.llama_decode(self._context, batch)
        if status != 0:
            self._lib.llama_memory_clear(self._memory, True)
            self._kv.clear()
            self._held.clear()
            raise ModelError(
                f"llama.cpp could not go on (llama_decode returned {status}). Ask again; if it "
                "happens every time, lower `model.context`."
            )
        self._kv.extend(tokens)
        self._logits_ready = last_only is not False

    def _forget(self, kept: int) -> None:
        if kept < len(self._kv):
            self._lib.llama_memory_seq_rm(self._memory, 0, kept, -1)
            del self._kv[kept:]
            self._logits_ready = False

    def _logits(self, at: int) -> np.ndarray[Any, np.dtype[np.float32]]:
        pointer = self._lib.llama_get_logits_ith(self._context, at)
        return np.ctypeslib.as_array(pointer, shape=(self._n_vocab,))

    def _piece(self, token: int) -> bytes:
        held = ctypes.create_string_buffer(256)
        n = self._lib.llama_token_to_piece(self._vocab, token, held, 256, 0, False)
        return held.raw[: max(n, 0)]


def _length(slices: Sequence[Slice]) -> int:
    return sum(map(len, slices))


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS
        return os.cpu_count() or 1


_log_callback: Any = None


def _silence(llama_cpp: Any) -> None:
    """Keeps llama.cpp's log off the terminal; its errors reach the caller as exceptions."""
    global _log_callback  # noqa: PLW0603 C holds the pointer, so Python must keep the object
    if _log_callback is None:
        _log_callback = llama_cpp.llama_log_callback(lambda *_: None)
        llama_cpp.llama_log_set(_log_callback, ctypes.c_void_p(0))
