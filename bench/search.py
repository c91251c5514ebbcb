"""Searching a large library: its passages made of another one's sentences, shuffled.

    python bench/search.py --from LIBRARY.sqlite --questions FILE [--passages 1000000]
                           [--home DIR] [--count 200]

--from       a library's file, whose sentences, titles and dates are drawn from
--questions  one question a line
--home       where the library is made, and found again the next time; else thrown away

Words are as frequent as in the library drawn from; each vector lies between two neighbours of an
article there, and a little beside. Questions are embedded by the real model. Each search is
measured by itself, and all together as a user has them, also while 1,000 passages that are embedded
already are stored beside; recall is against FAISS's exact index. The last line is one JSON
document, times in milliseconds but for those in _s.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import random
import resource
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from index.catalog import Catalog
from index.chunk import embedded
from index.database import digest
from index.embed import Embedder, Vectors
from index.held import Origin, Stored
from index.library import Library
from index.nearest import Nearest
from index.sentences import sentences
from index.tantivy import TantivyWords
from index.types import Chunk, Document
from index.vectors import FaissStore, VectorStore
from index.wordcache import WordCache
from rag import config
from rag.build import Parts

WORDS = 62
"""Of a passage: the mean of the news articles that this was first measured with."""
PER_ARTICLE = 28
NOISE = 0.3
"""Length of what is added to a vector of length 1."""
ADDED = 1000

T = TypeVar("T")


def main() -> int:
    flags = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    flags.add_argument("--from", dest="source", type=Path, required=True)
    flags.add_argument("--questions", type=Path, required=True)
    flags.add_argument("--passages", type=int, default=1_000_000)
    flags.add_argument("--home", type=Path)
    flags.add_argument("--count", type=int, default=200, help="questions asked")
    given = flags.parse_args()
    lines = given.questions.read_text(encoding="utf-8").splitlines()
    questions = [line for line in lines if line.strip()][: given.count]
    embedder = Parts(config.load()).embedder
    with contextlib.ExitStack() as stack:
        home = given.home or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        result = measured(home, given.source, given.passages, questions, embedder)
    print(json.dumps(result))
    return 0


def measured(
    home: Path, source: Path, passages: int, questions: Sequence[str], embedder: Embedder
) -> dict[str, object]:
    catalog = Catalog(home / "library.sqlite")
    # Made, not kept: what a user's articles are stored with waits for the disk each time.
    catalog._db.connection.execute("PRAGMA synchronous=OFF")
    drawn = Drawn(source, embedder)
    made, _ = timed(lambda: fill(catalog, drawn, passages))
    result: dict[str, object] = {"questions": len(questions)}
    vectors = Nearest(catalog, embedder, home / "vectors", "auto")
    words = WordCache(catalog, home / "words", "tantivy")
    print(f"made in {made:.0f} s", file=sys.stderr)
    result["vectors_whole_s"] = round(timed(vectors.publish)[0], 1)
    result["words_whole_s"] = round(timed(words.publish)[0], 1)
    stored, _ = timed(lambda: fill(catalog, drawn, catalog.count() + ADDED))
    result[f"store_{ADDED}_s"] = round(stored, 2)
    result[f"words_{ADDED}_s"] = round(timed(words.publish)[0], 2)
    result[f"vectors_{ADDED}_s"] = round(timed(vectors.publish)[0], 2)
    result["passages"] = catalog.count()
    result["words_mb"] = round(
        sum(each.stat().st_size for each in newest(home / "words").rglob("*")) / 1e6
    )
    catalog.close()
    del vectors, words

    result |= hybrid(home, embedder, questions, drawn)
    catalog = Catalog(home / "library.sqlite")
    opened, store = timed(Nearest(catalog, embedder, home / "vectors", "auto").store)
    result["vectors_open_s"] = round(opened, 2)
    exact = FaissStore(*catalog.vectors(embedder.dimension))
    search = WordCache(catalog, home / "words", "tantivy").search()
    assert isinstance(search, TantivyWords)
    query = {question: embedder.embed_queries([question])[0] for question in questions}
    result["embedding"] = pace(lambda question: embedder.embed_queries([question]), questions)
    result["vectors"] = pace(lambda question: store.search(query[question], 100), questions)
    result["faiss"] = pace(lambda question: exact.search(query[question], 100), questions)
    for most in (10, 100):
        result[f"recall_at_{most}"] = recall(store, exact, list(query.values()), most)
    numbers = sorted(catalog.about())
    limits = {
        "": None,
        "_all_but_100": frozenset(numbers[100:]),
        "_half": frozenset(numbers[::2]),
        "_few": frozenset(numbers[:: len(numbers) // 20 or 1]),
    }
    for name, limit in limits.items():
        for kind in (search.passages, search.articles):
            result[f"tantivy_{kind.__name__}{name}"] = pace(
                partial(kind, k=100, documents=limit), questions
            )
    few = questions[: max(1, len(questions) // 8)]
    result["fts5_passages"] = pace(lambda question: catalog.words.passages(question, 100), few)
    result["fts5_articles"] = pace(lambda question: catalog.words.articles(question, 100), few)
    catalog.close()
    return result


def recall(store: VectorStore, exact: VectorStore, queries: Sequence[Vectors], most: int) -> float:
    """The share of the nearest that is found, as a library's search asks for them."""
    shares = []
    for query in queries:
        found = [number for number, _ in store.search(query, 100)][:most]
        shares.append(len({number for number, _ in exact.search(query, most)} & {*found}) / most)
    return round(statistics.mean(shares), 4)


def hybrid(
    home: Path, embedder: Embedder, questions: Sequence[str], drawn: Drawn
) -> dict[str, object]:
    """The whole search. By itself, because a library's vectors fill gigabytes."""
    library = Library(home, embedder)
    opened, _ = timed(lambda: library.search(questions[0], 10))
    taken = pace(lambda question: library.search(question, 10), questions)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    meanwhile, stored = beside(library, partial(stored_beside, home, drawn, embedder), questions)
    library.close()
    return {
        "open_and_first_search_s": round(opened, 2),
        "hybrid": taken,
        "peak_mb": round(peak / 1024),
        f"store_and_publish_{ADDED}_s": stored,
        "hybrid_meanwhile": meanwhile,
    }


def stored_beside(home: Path, drawn: Drawn, embedder: Embedder) -> None:
    """Stores some more as another program would: on a connection of its own."""
    with contextlib.closing(Catalog(home / "library.sqlite")) as catalog:
        with catalog.together():
            fill(catalog, drawn, catalog.count() + ADDED)
        Nearest(catalog, embedder, home / "vectors", "auto").publish()


def beside(
    library: Library, work: Callable[[], None], questions: Sequence[str]
) -> tuple[dict[str, float], float]:
    """The searches while `work` runs, and the seconds that it took."""
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(timed, work)
        times = []
        for question in itertools.cycle(questions):
            times.append(1000 * timed(partial(library.search, question, 10))[0])
            if running.done():
                break
    return spread(times), round(running.result()[0], 2)


class Drawn:
    """Articles of another library's sentences, the same ones each time."""

    def __init__(self, source: Path, embedder: Embedder) -> None:
        with contextlib.closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as db:
            rows = db.execute(
                "SELECT c.text, v.vector FROM chunk c JOIN vector v ON v.id = c.vector"
                " ORDER BY c.id"
            ).fetchall()
            self._titles = [row[0] for row in db.execute("SELECT title FROM document ORDER BY id")]
        self._sentences = [
            text[span.start : span.end] for text, _ in rows for span in sentences(text)
        ]
        joined = b"".join(vector for _, vector in rows)
        self._vectors = np.frombuffer(joined, "<f4").reshape(len(rows), -1)
        self._embedder = embedder

    def article(self, number: int) -> Stored:
        draw = random.Random(number)
        title = " ".join([*draw.choice(self._titles).split()[:5], str(number)])
        date = f"{draw.randint(2015, 2026)}-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}"
        header = f"{title} ({date})"
        parts, chunks, at = [], [], 0
        for ordinal in range(draw.randint(PER_ARTICLE // 2, PER_ARTICLE * 3 // 2)):
            text = ""
            while text.count(" ") < WORDS - 10:
                text += draw.choice(self._sentences) + " "
            chunks.append(Chunk(ordinal, at, at + len(text), text, header, None))
            parts.append(text)
            at += len(text)
        keys = [digest(embedded(title, header, chunk.text)) for chunk in chunks]
        vectors = self._mixed(len(keys), np.random.default_rng(number))
        return Stored(
            Document("".join(parts), title, date=date),
            {},
            "bench",
            chunks,
            keys,
            dict(zip(keys, vectors, strict=True)),
            self._embedder.fingerprint,
        )

    def _mixed(self, count: int, draw: np.random.Generator) -> Vectors:
        """Vectors as close together as those of passages are, shape (count, dimension).

        Each lies between two neighbours of an article, and a little beside.
        """
        at = draw.integers(0, len(self._vectors) - 1, count)
        share = draw.uniform(0, 0.5, (count, 1))
        noise = draw.normal(size=(count, self._vectors.shape[1]))
        noise *= NOISE / np.linalg.norm(noise, axis=1, keepdims=True)
        made = (1 - share) * self._vectors[at] + share * self._vectors[at + 1] + noise
        made /= np.linalg.norm(made, axis=1, keepdims=True)
        found: Vectors = made.astype(np.float32)
        return found


def fill(catalog: Catalog, drawn: Drawn, passages: int) -> None:
    """Stores articles until there are so many passages."""
    held, number = catalog.count(), len(catalog.about())
    while held < passages:
        stored = drawn.article(number)
        origin = Origin(f"/bench/{number}", f"{number:064}", "bench")
        catalog.put(stored, origin=origin, document_id=None)
        held += len(stored.chunks)
        number += 1
        if number % 2000 == 0:
            print(f"  {held:,} passages", file=sys.stderr)


def newest(root: Path) -> Path:
    return root / (root / "CURRENT").read_text(encoding="utf-8")


def timed(run: Callable[[], T]) -> tuple[float, T]:
    began = time.perf_counter()
    made = run()
    return time.perf_counter() - began, made


def pace(run: Callable[[str], object], questions: Sequence[str]) -> dict[str, float]:
    """Milliseconds of one search: the median, and what 95 in 100 stay below."""
    run(questions[0])
    return spread([1000 * each for each in _times(run, questions)])


def spread(taken: Sequence[float]) -> dict[str, float]:
    times = sorted(taken)
    return {
        "p50": round(statistics.median(times), 1),
        "p95": round(times[int(0.95 * (len(times) - 1))], 1),
    }


def _times(run: Callable[[str], object], questions: Sequence[str]) -> Iterator[float]:
    for question in questions:
        yield timed(partial(run, question))[0]


if __name__ == "__main__":
    sys.exit(main())
