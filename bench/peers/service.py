"""What the scripts of this folder share: each serves one program to `bench/peers.py`.

    python on_NAME.py ask|split|index JOB

JOB is a file of JSON, a `Job`. `ask` says when it is ready, then answers questions: each line of
standard input is JSON with `question` and `top_k` (null: the program's own default), each line of
standard output JSON with `answer`, `seconds` and `core_s`, the seconds that cores were busy.
`split` writes the passages that the program itself makes of text files as texts.json, and ends with
their number; `index` says when its imports are done, and ends with the number that it saved.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Ask = Callable[[str, "int | None"], str]
Split = Callable[["Job"], "list[str]"]


@dataclass(frozen=True)
class Job:
    """What every program is given.

    generator  a GGUF file, with `threads` and `context` (tokens) to run it
    embedder   a folder of sentence-transformers
    passages   a folder with texts.json and vectors.npy (n, 384), for `ask`
    articles   a folder of text files, and `into`, where to save what becomes of them
    """

    generator: str
    embedder: str
    threads: int
    context: int
    passages: str = ""
    articles: str = ""
    into: str = ""

    def texts(self) -> list[str]:
        found: list[str] = json.loads(Path(self.passages, "texts.json").read_text(encoding="utf-8"))
        return found

    def vectors(self) -> Any:
        import numpy as np

        return np.load(Path(self.passages, "vectors.npy"))


def main(
    ask: Callable[[Job], Ask], split: Split, index: Callable[[Job, Callable[[], None]], int]
) -> None:
    """index: calls what it is given when its imports are done."""
    # The programs print as they please: the driver has a line of its own.
    line = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def tell(**message: Any) -> None:
        print(json.dumps(message), file=line, flush=True)

    verb, job = sys.argv[1], Job(**json.loads(Path(sys.argv[2]).read_text(encoding="utf-8")))
    if verb == "index":
        tell(passages=index(job, lambda: tell(imported=True)))
        return
    if verb == "split":
        texts = split(job)
        Path(job.into, "texts.json").write_text(json.dumps(texts), encoding="utf-8")
        tell(passages=len(texts))
        return
    answer = ask(job)
    tell(ready=True)
    for request in map(json.loads, sys.stdin):
        start, busy = time.perf_counter(), time.process_time()
        said = answer(request["question"], request["top_k"])
        seconds, core_s = time.perf_counter() - start, time.process_time() - busy
        tell(answer=said, seconds=seconds, core_s=core_s)
