"""The generation loop against plain llama.cpp: first token, decoding, several askers, memory.

    python bench/generate.py --data DIR --home DIR [--questions N]

--data   questions, in a folder as docs/evaluation.md describes it
--home   a data folder with a library of the articles that they are about, as `refdesk eval answers`
         leaves it in `eval/`

The prompts are those that the engine puts to the model for N of the questions. The plain side is
llama_decode of the same build, called here directly: the prompt in batches of 512, then one token
after another. Both sides take turns, prompt by prompt. Prints a table; the last line is JSON.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import llama_cpp
import numpy as np

from rag import answers, config, drafting, prompt
from rag.batching import Batcher
from rag.build import Parts
from rag.find import Finder
from rag.llama import Llama
from rag.llm import End, Part, Piece, Prompt
from rag.writing import order

TOKENS = 64
FREE = (
    "Write a short story about a lighthouse keeper.",
    "Explain how bread is made.",
    "Describe a walk through a city at night.",
    "Give reasons for and against moving to the countryside.",
    "Tell me about the history of the bicycle.",
    "Compose a letter of thanks to a neighbour.",
)
ASKERS = 4


class Raw:
    """llama.cpp as its own examples use it: one text, all of the prompt, then token by token."""

    def __init__(self, path: Path, context: int) -> None:
        model_params = llama_cpp.llama_model_default_params()
        model_params.n_gpu_layers = 0
        self.model = llama_cpp.llama_model_load_from_file(os.fsencode(path), model_params)
        params = llama_cpp.llama_context_default_params()
        params.n_ctx, params.n_batch, params.n_ubatch = context, 512, 512
        params.n_threads = params.n_threads_batch = len(os.sched_getaffinity(0))
        self.context = llama_cpp.llama_init_from_model(self.model, params)
        self.vocab = llama_cpp.llama_model_get_vocab(self.model)
        self.n_vocab = llama_cpp.llama_vocab_n_tokens(self.vocab)
        self.batch = llama_cpp.llama_batch_init(512, 0, 1)

    def run(self, tokens: Sequence[int], most: int) -> tuple[list[int], float, float]:
        """Tokens generated, seconds to the first, seconds for the rest."""
        llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(self.context), True)
        start = time.perf_counter()
        for begin in range(0, len(tokens), 512):
            some = tokens[begin : begin + 512]
            self._decode(some, begin, last=begin + 512 >= len(tokens))
        token = self._best()
        first = time.perf_counter() - start
        said: list[int] = []
        while len(said) < most and not llama_cpp.llama_vocab_is_eog(self.vocab, token):
            said.append(token)
            if len(said) == most:
                break
            self._decode([token], len(tokens) + len(said) - 1, last=True)
            token = self._best()
        return said, first, time.perf_counter() - start - first

    def _decode(self, tokens: Sequence[int], position: int, *, last: bool) -> None:
        self.batch.n_tokens = len(tokens)
        for at, token in enumerate(tokens):
            self.batch.token[at] = token
            self.batch.pos[at] = position + at
            self.batch.n_seq_id[at] = 1
            self.batch.seq_id[at][0] = 0
            self.batch.logits[at] = last and at == len(tokens) - 1
        assert llama_cpp.llama_decode(self.context, self.batch) == 0

    def _best(self) -> int:
        pointer = llama_cpp.llama_get_logits_ith(self.context, -1)
        return int(np.ctypeslib.as_array(pointer, shape=(self.n_vocab,)).argmax())


def ours(
    model: Llama, prompts: Sequence[Prompt], most: int, draft: int
) -> list[tuple[list[int], float, float]]:
    """What Raw.run gives, for each of several prompts asked at once; nothing was read before."""
    batcher = Batcher(model, seats=len(prompts), draft=draft, kept_bytes=0)
    start = time.perf_counter()
    for key, each in enumerate(prompts):
        batcher.submit(key, order(model, each, max_tokens=most))
    said: list[list[int]] = [[] for _ in prompts]
    first = [0.0] * len(prompts)
    end = [0.0] * len(prompts)
    while not batcher.idle:
        events = batcher.step()
        now = time.perf_counter() - start
        for key, event in events:
            if isinstance(event, Piece):
                first[key] = first[key] or now
                if event.token is not None:
                    said[key].append(event.token)
            elif isinstance(event, End):
                assert not event.error, event.error
                end[key] = now
    return [(each, one, other - one) for each, one, other in zip(said, first, end, strict=True)]


def grounded(parts: Parts, folder: Path, most: int) -> list[Prompt]:
    """The prompts of the data set's questions, every n-th of them."""
    finder = Finder(parts.library, parts.embedder, parts.reading)
    family = prompt.FAMILIES[parts.chosen.entry("generator").family]
    asked = answers.load(folder).questions
    found = []
    for each in asked[:: max(1, len(asked) // most)][:most]:
        sources = finder.found(
            each.text, (), None, each.asked or dt.datetime.now().astimezone().date()
        ).sources
        found.append(prompt.to_answer(family, prompt.asked(family, sources, each.text)))
    return found


def plain(family: prompt.Family, question: str) -> Prompt:
    """A question without passages."""
    head = (Part(family.user[0], template=True), Part(question))
    return prompt.to_answer(family, head)


def resident_mb(process: int | str = "self") -> float:
    """What a process holds in memory, the model's file among it."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def rate(runs: Sequence[tuple[list[int], float, float]]) -> list[float]:
    """Tokens a second after the first, of each answer of ten tokens or more."""
    return [(len(said) - 1) / rest for said, _, rest in runs if len(said) >= 10]


def together(model: Llama, prompts: Sequence[Prompt], draft: int) -> dict[str, float]:
    """Several askers at once, against one alone and against one after the other."""
    ratios, firsts, speeds = [], [], []
    for begin in range(0, len(prompts) - ASKERS + 1, ASKERS):
        some = prompts[begin : begin + ASKERS]
        alone = [ours(model, [each], TOKENS, draft)[0] for each in some]
        at_once = ours(model, some, TOKENS, draft)
        serial, waited = [], 0.0
        for _, first, rest in alone:
            serial.append(waited + first)
            waited += first + rest
        one = sum(len(said) - 1 for said, _, _ in alone) / sum(rest for _, _, rest in alone)
        whole = max(first + rest for _, first, rest in at_once)
        firsts.append(max(first for _, first, _ in at_once) / statistics.median(serial))
        speeds.append(waited / whole)
        ratios.append(written_together(model, some, draft) / one)
    return {
        "decode_rate_of_4_to_1": statistics.median(ratios),
        "worst_first_to_median_of_serial": statistics.median(firsts),
        "all_finished_serial_to_together": statistics.median(speeds),
    }


def written_together(model: Llama, prompts: Sequence[Prompt], draft: int) -> float:
    """Tokens a second of all askers together, their prompts read before."""
    batcher = Batcher(model, seats=len(prompts), draft=draft, kept_bytes=1 << 30)
    for most in (1, TOKENS):
        tokens, start = 0, time.perf_counter()
        for key, each in enumerate(prompts):
            batcher.submit(key, order(model, each, max_tokens=most))
        began: set[int] = set()
        while not batcher.idle:
            for key, event in batcher.step():
                if isinstance(event, Piece) and event.token is not None:
                    began.add(key)
                    tokens += 1
            if most > 1 and len(began) < len(prompts):
                tokens, start = 0, time.perf_counter()
    return tokens / (time.perf_counter() - start)


def main() -> int:
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--data", type=Path, required=True)
    flags.add_argument("--home", type=Path, required=True)
    flags.add_argument("--questions", type=int, default=30)
    chosen = flags.parse_args()
    with closing(Parts(config.load(home=chosen.home))) as parts:
        prompts = grounded(parts, chosen.data, chosen.questions)
        entry = parts.chosen.entry("generator")
        path = parts.models.locate(entry.name) / entry.main_file.name
        section = parts.settings.model
    family = prompt.FAMILIES[entry.family]
    raw = Raw(path, section.context)
    model = Llama(
        path, name=entry.name, context=section.context, pool=section.pool, sequences=ASKERS + 1
    )
    four = model.cost_of_four()
    draft = section.draft if drafting.pay(four) else 0
    result: dict[str, Any] = {"questions": len(prompts), "cost_of_four": four, "draft": draft}
    for name, kind in (("grounded", prompts), ("free", [plain(family, each) for each in FREE])):
        theirs, mine, same = [], [], 0
        for each in kind:
            tokens = [token for piece in model.sliced(each) for token in piece]
            theirs.append(raw.run(tokens, TOKENS))
            mine.append(ours(model, [each], TOKENS, draft)[0])
            same += theirs[-1][0] == mine[-1][0]
        decode = [b / a for a, b in zip(rate(theirs), rate(mine), strict=False)]
        result[name] = {
            "n": len(kind),
            "prompt_tokens": statistics.median(sum(map(len, model.sliced(each))) for each in kind),
            "same_tokens": same,
            "first_token_ratio": statistics.median(
                b[1] / a[1] for a, b in zip(theirs, mine, strict=True)
            ),
            "raw_tokens_s": statistics.median(rate(theirs)),
            "tokens_s": statistics.median(rate(mine)),
            "decode_ratio": statistics.median(decode),
            "decode_n": len(decode),
        }
    result["askers"] = together(model, prompts, draft)
    for name, value in result.items():
        print(name, value)
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
