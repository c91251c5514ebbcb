"""Texts of several documents embedded in one call, while the next documents are read.

Embedders are fastest with many texts of like length. So what is to be stored is taken in batches:
one is embedded in a thread of its own while the caller reads the next one and stores the one before
it; more are never held. A batch is closed when it is full, or when nothing is being embedded: the
first is one document, and where reading takes longer than embedding none waits for another.
Knows nothing of files or of the library.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol, TypeVar

from index.embed import Vectors

__all__ = ["MOST", "Fresh", "Item", "batches"]

MOST = 256
"""Passages of a full batch: enough for little padding, few enough to be embedded in seconds, which
is what an interrupt may have to wait for, and lose.
"""

PATIENCE_S = 1.0
"""What needs no embedding waits so long for more of its kind: it is stored at once, and a write to
the disk takes longer than all the rest.
"""

Fresh = Mapping[bytes, Vectors]
"""Vectors, each of shape (dimension,), by the digest of their text."""


class Item(Protocol):
    """Something to be stored.

    texts   what must be embedded for it, by digest
    weight  in time and memory, in passages; at least 1
    """

    @property
    def texts(self) -> Mapping[bytes, str]: ...

    @property
    def weight(self) -> int: ...


T = TypeVar("T", bound=Item)


def batches(
    items: Iterable[T], embed: Callable[[Sequence[str]], Vectors]
) -> Generator[tuple[list[T], Fresh], None, None]:
    """All items in their order, with the vectors of their texts.

    A text that one of the two batches before has as well is embedded there only.

    Must be closed, which waits for a call of `embed` to end. Raises what `items` and `embed`
    raise; what is wrong with one batch does not keep those before it back.
    """
    stop = threading.Event()
    thread = ThreadPoolExecutor(1, thread_name_prefix="embed")
    waiting: deque[tuple[list[T], Future[Fresh]]] = deque()
    lately: deque[Mapping[bytes, str]] = deque(maxlen=2)
    batch: list[T] = []
    held, since = 0, time.monotonic()

    def submit() -> None:
        nonlocal batch, held, since
        known = set().union(*lately)
        texts = {key: text for item in batch for key, text in item.texts.items()}
        texts = {key: text for key, text in texts.items() if key not in known}
        lately.append(texts)
        waiting.append((batch, thread.submit(_embedded, texts, embed, stop)))
        batch, held, since = [], 0, time.monotonic()

    def first() -> tuple[list[T], Fresh]:
        done, vectors = waiting.popleft()
        return done, vectors.result()

    try:
        for item in items:
            batch.append(item)
            held += item.weight
            idle = not waiting or waiting[-1][1].done()
            late = any(each.texts for each in batch) or time.monotonic() - since > PATIENCE_S
            if (idle and late) or held >= MOST:
                submit()
            while len(waiting) > 1 or (waiting and waiting[0][1].done()):
                yield first()
        if batch:
            submit()
        while waiting:
            yield first()
    finally:
        stop.set()
        thread.shutdown(cancel_futures=True)


def _embedded(
    texts: Mapping[bytes, str],
    embed: Callable[[Sequence[str]], Vectors],
    stop: threading.Event,
) -> Fresh:
    """The vectors of texts, those of like length together. Once `stop` is set nobody wants them."""
    keys = sorted(texts, key=lambda key: -len(texts[key]))
    made: dict[bytes, Vectors] = {}
    for at in range(0, len(keys), MOST):
        if stop.is_set():
            break
        some = keys[at : at + MOST]
        made.update(zip(some, embed([texts[key] for key in some]), strict=True))
    return made
