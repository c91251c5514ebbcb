"""The process in which llama.cpp is tried for another one: `python -m rag.probe`.

It may die of what it tries: that is what it is for. Requests are lines of JSON on standard input,
answered in turn by lines on standard output; it ends with its input. Knows nothing of settings.

    {"do": "about"}                              → {"version", "features", "offloads", "devices"}
    {"do": "load", "path", "gpu_layers"}         → {"bytes", "parameters"}
    {"do": "run", "threads", "ubatch", "flash_attention", "context", "read", "write"}
                                                 → {"read_s", "write_s", "resident"}

`run` makes a context, reads `read` tokens, `ubatch` at once, and writes `write` tokens one by one,
as answering does. What fails without dying is answered by {"error": a phrase}.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import sys
import time
from typing import Any

from index.child import talk
from rag import native
from rag.machine import resident

_TEXT = "The harbour at Lunde was dredged in 2019, and one two three four five boats came. "
_GPU, _INTEGRATED = 1, 2
"""The kinds of devices (enum ggml_backend_dev_type) that are graphics cards."""


class Failed(Exception):
    """What was asked for cannot be done; the message is a phrase."""


class Probe:
    """llama.cpp, at most one model, and a context for each run."""

    def __init__(self) -> None:
        if native.missing is not None:
            raise native.missing
        self._lib = llama_cpp = native.library
        self._quiet = llama_cpp.llama_log_callback(lambda *_: None)
        llama_cpp.llama_log_set(self._quiet, ctypes.c_void_p(0))
        llama_cpp.llama_backend_init()
        self._model: Any = None
        self._offloads = bool(llama_cpp.llama_supports_gpu_offload())

    def about(self) -> dict[str, Any]:
        features = self._lib.llama_print_system_info().decode("utf-8", "replace")
        return {
            "version": str(self._lib.__version__),
            "features": features.strip(" |\n"),
            "offloads": self._offloads,
            "devices": _devices(),
        }

    def load(self, path: str, gpu_layers: int) -> dict[str, Any]:
        params = self._lib.llama_model_default_params()
        params.n_gpu_layers = gpu_layers if self._offloads else 0
        self._model = self._lib.llama_model_load_from_file(os.fsencode(path), params)
        if not self._model:
            raise Failed("llama.cpp cannot load the model's file")
        return {
            "bytes": int(self._lib.llama_model_size(self._model)),
            "parameters": int(self._lib.llama_model_n_params(self._model)),
        }

    def run(
        self,
        threads: int,
        ubatch: int,
        flash_attention: bool,
        context: int,
        read: int,
        write: int,
    ) -> dict[str, Any]:
        if not self._model:
            raise Failed("no model is loaded")
        lib = self._lib
        options = lib.llama_context_default_params()
        options.n_ctx = context
        options.n_batch = options.n_ubatch = ubatch
        options.n_threads = options.n_threads_batch = threads
        options.flash_attn_type = int(flash_attention)
        options.no_perf = True
        held = lib.llama_init_from_model(self._model, options)
        if not held:
            raise Failed(f"llama.cpp found not enough memory for a context of {context} tokens")
        batch = lib.llama_batch_init(ubatch, 0, 1)
        try:
            tokens = self._tokens(read)
            self._decode(held, batch, tokens[:2], 0)  # what is set up once is no part of a rate
            lib.llama_memory_clear(lib.llama_get_memory(held), True)
            started = time.perf_counter()
            for at in range(0, read, ubatch):
                self._decode(held, batch, tokens[at : at + ubatch], at)
            read_done = time.perf_counter()
            for at in range(read, read + write):
                self._decode(held, batch, [self._likeliest(held)], at)
            written = time.perf_counter()
            self._likeliest(held)
        finally:
            lib.llama_batch_free(batch)
            lib.llama_free(held)
        return {
            "read_s": read_done - started,
            "write_s": written - read_done,
            "resident": resident(),
        }

    def _tokens(self, n: int) -> list[int]:
        vocab = self._lib.llama_model_get_vocab(self._model)
        data = _TEXT.encode()
        room = (ctypes.c_int32 * (len(data) + 8))()
        found = self._lib.llama_tokenize(vocab, data, len(data), room, len(room), True, False)
        if found < 1:
            raise Failed("the model has no tokens for a plain sentence")
        tokens: list[int] = list(room[:found])
        return [tokens[at % found] for at in range(n)]

    def _decode(self, held: Any, batch: Any, tokens: list[int], base: int) -> None:
        batch.n_tokens = len(tokens)
        for at, token in enumerate(tokens):
            batch.token[at] = token
            batch.pos[at] = base + at
            batch.n_seq_id[at] = 1
            batch.seq_id[at][0] = 0
            batch.logits[at] = at == len(tokens) - 1
        status = self._lib.llama_decode(held, batch)
        if status:
            raise Failed(f"llama_decode returned {status}")

    def _likeliest(self, held: Any) -> int:
        import numpy as np

        vocab = self._lib.llama_model_get_vocab(self._model)
        size = int(self._lib.llama_vocab_n_tokens(vocab))
        logits = np.ctypeslib.as_array(self._lib.llama_get_logits_ith(held, -1), shape=(size,))
        if not np.isfinite(logits).all():
            raise Failed("llama.cpp computes numbers that are none (NaN)")
        return int(logits.argmax())


def _devices() -> list[dict[str, Any]]:
    """The graphics cards that llama.cpp sees, with their memory in bytes."""
    from llama_cpp._ggml import libggml as ggml  # llama_cpp itself shows no devices

    pointer, size = ctypes.c_void_p, ctypes.c_size_t
    ggml.ggml_backend_dev_count.restype = size
    ggml.ggml_backend_dev_get.argtypes, ggml.ggml_backend_dev_get.restype = [size], pointer
    for each in (ggml.ggml_backend_dev_name, ggml.ggml_backend_dev_description):
        each.argtypes, each.restype = [pointer], ctypes.c_char_p
    ggml.ggml_backend_dev_type.argtypes = [pointer]
    ggml.ggml_backend_dev_memory.argtypes = [pointer, ctypes.POINTER(size), ctypes.POINTER(size)]
    ggml.ggml_backend_dev_memory.restype = None
    found = []
    for at in range(ggml.ggml_backend_dev_count()):
        device = ggml.ggml_backend_dev_get(at)
        if ggml.ggml_backend_dev_type(device) not in (_GPU, _INTEGRATED):
            continue
        free, total = size(), size()
        ggml.ggml_backend_dev_memory(device, ctypes.byref(free), ctypes.byref(total))
        found.append(
            {
                "name": ggml.ggml_backend_dev_name(device).decode("utf-8", "replace"),
                "about": ggml.ggml_backend_dev_description(device).decode("utf-8", "replace"),
                "free": free.value,
                "total": total.value,
            }
        )
    return found


def main() -> None:
    """Answers requests until the input ends."""
    out = talk()
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a crash is told, not written to disk
    probe: Probe | None = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            probe = probe or Probe()
            answer = getattr(probe, request.pop("do"))(**request)
        except Failed as exc:
            answer = {"error": str(exc)}
        except (ImportError, OSError, RuntimeError, AttributeError) as exc:
            # AttributeError: of a llama_cpp whose interface is another than that which is pinned.
            answer = {"error": f"llama-cpp-python cannot be used ({exc})", "unusable": True}
        out.write(json.dumps(answer).encode("ascii") + b"\n")
        out.flush()


if __name__ == "__main__":
    main()
