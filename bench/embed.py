"""The embedder beside sentence-transformers' own default: texts a second, and what is found.

    python bench/embed.py --data DIR [--data DIR ...] [--texts 192] [--rounds 5]
                          [--words 0] [--quality DIR] [--cold 3]

--data     a folder with corpus.jsonl or corpus.jsonl.gz, each line with a "text" and perhaps a
           "title"; the texts are drawn from it by a fixed seed, and cut at --words
--quality  a folder with such a corpus, queries.jsonl and qrels_test.tsv, as BEIR has them: nDCG@10
           of a search by vectors alone, by both; --documents N: among N of its documents, all
           relevant ones with them

The two embed the same texts in turn, round after round, each warmed with them before: the figure
is the median of the rounds' ratios, which what else the machine does disturbs least. Both give
unit vectors. The last line is one JSON document.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import math
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from index.embed import Vectors, sentence_transformer
from rag import config
from rag.build import Parts

Encode = Callable[[Sequence[str]], Vectors]

COLD = """
import time
start = time.perf_counter()
from rag import config
from rag.build import Parts
parts = Parts(config.load(environment={"REFDESK_EMBEDDER_BACKEND": CHOSEN}))
parts.embedder.embed_queries(["Who leads the harbour office?"])
print(time.perf_counter() - start)
"""


def main() -> int:
    flags = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    flags.add_argument("--data", type=Path, action="append", default=[])
    flags.add_argument("--quality", type=Path)
    flags.add_argument("--documents", type=int, default=0, help="0: all")
    flags.add_argument("--texts", type=int, default=192, help="of each folder")
    flags.add_argument("--words", type=int, default=0, help="cut texts at this; 0: whole texts")
    flags.add_argument("--rounds", type=int, default=5)
    flags.add_argument("--cold", type=int, default=0, metavar="N", help="measure N cold starts")
    given = flags.parse_args()

    parts = Parts(config.load())
    entry = parts.chosen.entry("embedder")
    ours = parts.embedder
    theirs = sentence_transformer(parts.models.locate(entry.name), ours.limit)

    def default(texts: Sequence[str]) -> Vectors:
        # Their own batches and order; only the bar is off. The model's own last step normalises.
        return np.asarray(theirs.encode(list(texts), show_progress_bar=False))

    backend = parts.chosen.runs_on(entry).name
    result: dict[str, Any] = {"model": entry.name, "backend": backend, "pace": {}}
    print(f"{entry.name} on {backend}, beside sentence-transformers' encode()")
    for folder in given.data:
        texts = sample(folder, given.texts, given.words)
        tokens = statistics.mean(ours.count(texts))
        print(f"\n{folder.name}: {len(texts)} texts of {tokens:.0f} tokens")
        result["pace"][folder.name] = pace(ours.embed_passages, default, texts, given.rounds)
    if given.quality:
        result["quality"] = quality(
            given.quality, given.documents, ours.embed_queries, ours.embed_passages, default
        )
    if given.cold:
        result["cold_s"] = cold(given.cold)
    print(json.dumps(result))
    return 0


def rows(folder: Path, name: str) -> list[dict[str, Any]]:
    plain = folder / name
    if plain.exists():
        lines = plain.read_text(encoding="utf-8").splitlines()
    else:
        with gzip.open(folder / f"{name}.gz", "rt", encoding="utf-8") as stream:
            lines = stream.read().splitlines()
    return [json.loads(line) for line in lines if line.strip()]


def sample(folder: Path, count: int, words: int) -> list[str]:
    texts = [each["text"] for each in rows(folder, "corpus.jsonl") if each["text"].strip()]
    drawn = random.Random(7).sample(texts, min(count, len(texts)))
    return [" ".join(text.split()[: words or None]) for text in drawn]


def pace(ours: Encode, default: Encode, texts: Sequence[str], rounds: int) -> dict[str, Any]:
    ours(texts), default(texts)
    times: dict[str, list[float]] = {"default": [], "ours": []}
    used: dict[str, list[float]] = {"default": [], "ours": []}
    for number in range(1, rounds + 1):
        for name, encode in (("default", default), ("ours", ours)):
            began, busy = time.perf_counter(), time.process_time()
            encode(texts)
            times[name].append(time.perf_counter() - began)
            used[name].append(time.process_time() - busy)
        rate = {name: len(texts) / times[name][-1] for name in times}
        print(
            f"  round {number}: {rate['default']:6.1f} and {rate['ours']:6.1f} texts a second, "
            f"{rate['ours'] / rate['default']:.2f} times"
        )
    wall = [a / b for a, b in zip(times["default"], times["ours"], strict=True)]
    busy_ratio = [a / b for a, b in zip(used["default"], used["ours"], strict=True)]
    same = (default(texts) * ours(texts)).sum(1)
    made = {
        "texts": len(texts),
        "default_per_s": round(len(texts) / statistics.median(times["default"]), 1),
        "ours_per_s": round(len(texts) / statistics.median(times["ours"]), 1),
        "ratio": round(statistics.median(wall), 2),
        "ratio_of_processor_time": round(statistics.median(busy_ratio), 2),
        "cosine_least": round(float(same.min()), 4),
        "cosine_mean": round(float(same.mean()), 4),
    }
    print(
        f"  median {made['ratio']} times ({made['ratio_of_processor_time']} by processor time), "
        f"cosine at least {made['cosine_least']}, mean {made['cosine_mean']}"
    )
    return made


def quality(
    folder: Path, count: int, queries: Encode, passages: Encode, default: Encode
) -> dict[str, Any]:
    """nDCG@10 of an exact search, one vector for title and text together."""
    with (folder / "qrels_test.tsv").open(encoding="utf-8") as stream:
        judgements = list(csv.DictReader(stream, delimiter="\t"))
    documents = rows(folder, "corpus.jsonl")
    if count:
        needed = {row["corpus-id"] for row in judgements}
        random.Random(7).shuffle(documents)
        documents = sorted(documents, key=lambda each: each["_id"] not in needed)[:count]
    texts = [f"{each.get('title', '')}\n{each['text']}".strip() for each in documents]
    numbers = {each["_id"]: number for number, each in enumerate(documents)}
    relevant: dict[str, dict[int, int]] = {}
    for row in judgements:
        judged = relevant.setdefault(row["query-id"], {})
        judged[numbers[row["corpus-id"]]] = int(row["score"])
    asked = [each for each in rows(folder, "queries.jsonl") if each["_id"] in relevant]
    questions = [each["text"] for each in asked]
    print(f"\n{folder.name}: {len(questions)} questions, {len(texts)} documents, nDCG@10")
    scores = {}
    for name, ask, embed in (("default", default, default), ("ours", queries, passages)):
        similar = ask(questions) @ in_parts(embed, texts, name).T
        best = np.argsort(-similar, axis=1, kind="stable")[:, :10]
        gains = [ndcg(found, relevant[q["_id"]]) for q, found in zip(asked, best, strict=True)]
        scores[name] = round(100 * statistics.mean(gains), 2)
        print(f"  {name:<8} {scores[name]:.2f}")
    lost = round(scores["default"] - scores["ours"], 2)
    print(f"  lost     {lost:.2f} points")
    return {**scores, "lost": lost, "questions": len(questions)}


def in_parts(embed: Encode, texts: Sequence[str], name: str) -> Vectors:
    made = []
    for start in range(0, len(texts), 512):
        made.append(embed(texts[start : start + 512]))
        print(f"  {name}: {min(start + 512, len(texts))} of {len(texts)}", file=sys.stderr)
    return np.concatenate(made)


def ndcg(found: Sequence[int], judged: dict[int, int]) -> float:
    gain = sum(judged.get(int(each), 0) / math.log2(rank + 2) for rank, each in enumerate(found))
    best = sorted(judged.values(), reverse=True)[:10]
    return gain / sum(each / math.log2(rank + 2) for rank, each in enumerate(best))


def cold(times: int) -> dict[str, float]:
    """Seconds from a fresh interpreter's first line to the first vector, by both, in turn."""
    seen: dict[str, list[float]] = {"torch": [], "openvino": []}
    for _ in range(times):
        for name, each in seen.items():
            code = COLD.replace("CHOSEN", repr(name))
            run = subprocess.run(
                [sys.executable, "-c", code],
                capture_output=True,
                text=True,
                check=True,
                cwd=config.ROOT,
            )
            each.append(float(run.stdout.splitlines()[-1]))
    medians = {name: round(statistics.median(each), 2) for name, each in seen.items()}
    print(
        f"\ncold: the first vector after {medians['torch']} s with torch, {medians['openvino']} s"
    )
    return medians


if __name__ == "__main__":
    sys.exit(main())
