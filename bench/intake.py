"""Taking in a folder beside embedding alone: passages a second of the whole `Library.sync` and of
sentence-transformers' `encode` at its defaults.

    python bench/intake.py --data DIR [--limit 300] [--rounds 3]

--data  a folder with corpus.jsonl or corpus.jsonl.gz, as `refdesk eval retrieval` takes it; its
        first --limit documents become one file each

Both have the same passages: the library's first run, which nothing counts, notes what it embeds.
In each round `encode` is given these texts (32-bit numbers, batches of 32, its own order), and a
new library reads, cuts, embeds and stores the files and writes its index. The two take turns, their
models loaded; the figure is the median of the rounds' ratios. The last line is one JSON document.
"""

from __future__ import annotations

import argparse
import gzip
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from index.embed import Embedder, Vectors, sentence_transformer
from index.library import Library, LibrarySettings
from rag import config
from rag.build import Parts


class Noting:
    """An embedder that notes the passages it is given."""

    def __init__(self, embedder: Embedder) -> None:
        self.name, self.fingerprint = embedder.name, embedder.fingerprint
        self.dimension, self.limit = embedder.dimension, embedder.limit
        self.count, self.embed_queries = embedder.count, embedder.embed_queries
        self.texts: list[str] = []
        self._embedder = embedder

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        self.texts += texts
        return self._embedder.embed_passages(texts)


def main() -> int:
    flags = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    flags.add_argument("--data", type=Path, required=True)
    flags.add_argument("--limit", type=int, default=300)
    flags.add_argument("--rounds", type=int, default=3)
    given = flags.parse_args()

    parts = Parts(config.load())
    entry = parts.chosen.entry("embedder")
    theirs = sentence_transformer(parts.models.locate(entry.name), parts.embedder.limit)
    backend = parts.chosen.runs_on(entry).name
    with tempfile.TemporaryDirectory() as place:
        docs = Path(place) / "docs"
        documents = write(given.data, given.limit, docs)
        noting = Noting(parts.embedder)
        sync(parts, noting, docs)
        texts = noting.texts
        theirs.encode(texts[:64], show_progress_bar=False)
        print(
            f"{given.data.name}: {documents} documents, {len(texts)} passages of"
            f" {statistics.mean(parts.embedder.count(texts)):.0f} tokens; sync on {backend}"
        )
        wall: dict[str, list[float]] = {"default": [], "sync": []}
        busy: dict[str, list[float]] = {"default": [], "sync": []}
        for number in range(1, given.rounds + 1):
            for name, taken in wall.items():
                began, used = time.perf_counter(), time.process_time()
                if name == "sync":
                    sync(parts, parts.embedder, docs)
                else:
                    theirs.encode(texts, show_progress_bar=False)
                taken.append(time.perf_counter() - began)
                busy[name].append(time.process_time() - used)
            rate = {name: len(texts) / wall[name][-1] for name in wall}
            print(
                f"  round {number}: encode {rate['default']:6.1f}, sync {rate['sync']:6.1f}"
                f" passages a second, {rate['sync'] / rate['default']:.2f} times",
                flush=True,
            )
    parts.close()
    result: dict[str, Any] = {
        "data": given.data.name,
        "backend": backend,
        "documents": documents,
        "passages": len(texts),
        "default_per_s": round(len(texts) / statistics.median(wall["default"]), 1),
        "sync_per_s": round(len(texts) / statistics.median(wall["sync"]), 1),
        "ratio": ratio(wall),
        "ratio_of_processor_time": ratio(busy),
    }
    print(json.dumps(result))
    return 0


def write(data: Path, limit: int, into: Path) -> int:
    """Writes the first documents of a corpus as articles. Returns how many."""
    into.mkdir()
    plain = data / "corpus.jsonl"
    packed = data / "corpus.jsonl.gz"
    number = -1
    with (
        plain.open(encoding="utf-8")
        if plain.exists()
        else gzip.open(packed, "rt", encoding="utf-8") as lines
    ):
        for number, line in enumerate(islice(lines, limit)):
            row = json.loads(line)
            about = {key: str(row[key]) for key in ("title", "date") if row.get(key)}
            head = "".join(f"{key}: {json.dumps(value)}\n" for key, value in about.items())
            (into / f"{number}.md").write_text(f"---\n{head}---\n{row['text']}\n", encoding="utf-8")
    return number + 1


def sync(parts: Parts, embedder: Embedder, docs: Path) -> None:
    """What `refdesk sync` does with a new library, from the settings, in a folder of its own."""
    section = parts.settings.index
    with tempfile.TemporaryDirectory() as home:
        library = Library(
            Path(home),
            embedder,
            LibrarySettings(chunk_tokens=section.chunk_tokens, store=section.store),
            read=parts.parser,
        )
        report = library.sync(docs)
        library.close()
    if report.failed:
        raise SystemExit(f"{report.failed[0].path}: {report.failed[0].reason}")


def ratio(times: dict[str, list[float]]) -> float:
    pairs = zip(times["default"], times["sync"], strict=True)
    return round(statistics.median(default / sync for default, sync in pairs), 2)


if __name__ == "__main__":
    sys.exit(main())
