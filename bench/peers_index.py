"""The verb `index` of bench/peers.py: from text files to a saved index."""

from __future__ import annotations

import argparse
import resource
import sqlite3
import statistics
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from peers_run import ROOT, command, models, output, received

from rag import answers, config, datafiles
from rag.build import Parts


def indexing(given: argparse.Namespace, place: Path) -> dict[str, Any]:
    folder = place / "articles"
    characters = written(given.data, given.limit, folder)
    print(f"{given.limit} articles of {characters / given.limit:.0f} characters", flush=True)
    with closing(Parts(config.load(home=place))) as parts:
        held = models(parts)
    seen: dict[str, list[dict[str, Any]]] = {name: [] for name in given.only}
    for number in range(given.rounds):
        for name in given.only:
            into = place / f"{name}-{number}"
            row = (
                added(folder, into)
                if name == "refdesk"
                else taken_in(given, name, {**held, "articles": str(folder), "into": str(into)})
            )
            seen[name].append(row)
            print(f"{name:12} " + "  ".join(f"{k} {v:.1f}" for k, v in row.items()), flush=True)
    result = {
        name: {key: statistics.median(row[key] for row in rows) for key in rows[0]}
        for name, rows in seen.items()
    }
    return {"articles": given.limit, "characters": characters, **result}


def written(data: Path, limit: int | None, into: Path) -> int:
    """Writes the articles of a corpus, `limit` at most, as text files. Returns their characters."""
    into.mkdir()
    total = 0
    corpus = datafiles.needed(data, "corpus.jsonl", answers.DOCS)
    for number, (row, _) in enumerate(datafiles.rows(corpus)):
        if number == limit:
            break
        head = "\n".join(str(row[key]) for key in ("title", "date") if row.get(key))
        text = f"{head}\n\n{row['text']}\n"
        total += len(text)
        (into / f"{number:05}.txt").write_text(text, encoding="utf-8")
    return total


def added(folder: Path, home: Path) -> dict[str, float]:
    """What `refdesk add` takes."""
    start, busy = time.perf_counter(), ended_s()
    subprocess.run(
        [sys.executable, "-m", "ui.cli", "add", str(folder), "--home", str(home)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    taken = {"seconds": time.perf_counter() - start, "core_s": ended_s() - busy}
    with closing(sqlite3.connect(home / "library.sqlite")) as database:
        passages = database.execute("SELECT count(*) FROM chunk").fetchone()[0]
    return {**taken, "passages": passages}


def taken_in(given: argparse.Namespace, name: str, job: dict[str, Any]) -> dict[str, float]:
    """What a program's script takes, and until all its packages were imported."""
    start, busy = time.perf_counter(), ended_s()
    with output(given, name) as log:
        process = command(given, name, "index", job, Path(job["into"]).parent, log)
        received(process, name)
        imports = time.perf_counter() - start
        passages = received(process, name)["passages"]
        process.wait()
    return {
        "seconds": time.perf_counter() - start,
        "core_s": ended_s() - busy,
        "passages": passages,
        "imports": imports,
    }


def ended_s() -> float:
    """Core seconds of all processes that were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


# Programs of the other environment
