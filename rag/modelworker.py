"""The process that runs the language model for another one: `python -m rag.modelworker`.

Talks as `index.child` has it; the first message to it tells what to load, its first one that it is
ready. Between two readings it looks for new messages, so that an order is taken, or dropped, within
the time of one reading.

    to it     {"load": {…}} once; {"id": n, "prompt": …, "checks": …, …} an order;
              {"id": n, "ahead": true, "idle": …, "prompt": …} to be read while nobody asks;
              {"cancel": n}
    from it   {"ready": {"context": …, "runs": {…}, "draft": …}}, or
              {"error": kind, "message": …};
              {"events": [[n, kind, {…}], …], "busy_s": …}
"""

from __future__ import annotations

import queue
import time
from pathlib import Path
from typing import Any

from index.child import listening, send, talk
from index.errors import RefdeskError
from rag import native  # noqa: F401 see there: before numpy
from rag.batching import Batcher
from rag.drafting import pay
from rag.llama import Llama
from rag.messages import check_from, prompt_from, step_message
from rag.shelf import Shelving
from rag.tuning import Tuning
from rag.writing import order

__all__ = ["main"]


def main() -> None:
    """Serves until the input ends."""
    out = talk()
    heard = listening()
    load = heard.get()["load"]
    try:
        model = Llama(
            Path(load["path"]), name=load["name"], context=load["context"], pool=load["pool"],
            sequences=Batcher.sequences(load["seats"]), tuning=Tuning(**load["tuning"]),
            gpu_layers=load["gpu_layers"],
        )  # fmt: skip
        draft = load["draft"]
        if draft and not pay(model.cost_of_four()):
            draft = 0
    except RefdeskError as exc:
        send(out, {"error": type(exc).__name__, "message": str(exc)})
        return
    kept = load["shelf"] and Shelving(Path(load["shelf"][0]), *load["shelf"][1:])
    batcher = Batcher(
        model, seats=load["seats"], draft=draft, kept_bytes=load["kept_bytes"],
        shelf=kept.shelf(model.runs) if kept else None,
    )  # fmt: skip
    send(out, {"ready": {"context": model.context, "runs": model.runs, "draft": draft}})
    while True:
        if batcher.idle:
            _taken(heard.get(), model, batcher)
        while True:
            try:
                _taken(heard.get_nowait(), model, batcher)
            except queue.Empty:
                break
        events = [[key, *step_message(event)] for key, event in batcher.step()]
        if events:
            send(out, {"events": events, "busy_s": time.process_time()})


def _taken(message: Any, model: Llama, batcher: Batcher) -> None:
    if "cancel" in message:
        batcher.cancel(message["cancel"])
    elif message.get("ahead"):
        wanted = order(model, prompt_from(message["prompt"]))
        batcher.read(message["id"], wanted, idle=message["idle"])
    else:
        checks = [check_from(each) for each in message["checks"]]
        wanted = order(
            model, prompt_from(message["prompt"]), checks, message["max_tokens"],
            message["never_first"],
        )  # fmt: skip
        batcher.submit(message["id"], wanted)


if __name__ == "__main__":
    main()
