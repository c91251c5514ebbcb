"""How time and memory grow: with the library, with the prompt, with the number of askers.

    python bench/growth.py --from LIBRARY.sqlite --questions FILE --homes DIR --data DIR --home DIR
                           [--sizes 1000 10000 100000 1000000] [--plot FILE.svg]
    python bench/growth.py --plot FILE.svg --figures FILE.json

--from, --questions  as bench/search.py has them
--homes              where a library of each size is made, and found again the next time
--data, --home       as bench/generate.py has them: whose prompts the askers put
--plot               draws the figures; needs matplotlib
--figures            those of an earlier run, from its last line

Each library is searched in a process of its own, so that its memory is its own. Prompts are of an
article's words, read by nobody before; askers put real questions, all at once, with all that was
read before forgotten. Prints tables; the last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from generate import grounded, ours
from search import Drawn, fill, pace, timed

from index.catalog import Catalog
from index.library import Library
from index.nearest import Nearest
from index.wordcache import WordCache
from rag import config
from rag.build import Parts
from rag.llama import Llama
from rag.llm import Part

SIZES = (1_000, 10_000, 100_000, 1_000_000)
PROMPTS = (125, 250, 500, 1_000, 2_000, 3_900)
ASKERS = (1, 2, 4, 8, 16)
TOKENS = 48
SEARCHES = 60


def main() -> int:
    flags = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    flags.add_argument("--from", dest="source", type=Path)
    flags.add_argument("--questions", type=Path)
    flags.add_argument("--homes", type=Path)
    flags.add_argument("--data", type=Path)
    flags.add_argument("--home", type=Path)
    flags.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    flags.add_argument("--plot", type=Path)
    flags.add_argument("--figures", type=Path)
    flags.add_argument("--searched", type=Path, help=argparse.SUPPRESS)
    given = flags.parse_args()
    if given.searched:
        print(json.dumps(searched(given.searched, read(given.questions))))
        return 0
    if given.figures:
        result = json.loads(given.figures.read_text(encoding="utf-8").splitlines()[-1])
    else:
        result = {
            "libraries": libraries(given.homes, given.source, given.questions, given.sizes),
            **models(given.home, given.data),
        }
        for name, rows in result.items():
            print(name)
            for row in rows:
                print("  " + "  ".join(f"{key} {value}" for key, value in row.items()))
    if given.plot:
        plot(result, given.plot)
    print(json.dumps(result))
    return 0


def read(questions: Path) -> list[str]:
    lines = questions.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.strip()][:SEARCHES]


def libraries(
    homes: Path, source: Path, questions: Path, sizes: Sequence[int]
) -> list[dict[str, Any]]:
    embedder = Parts(config.load()).embedder
    drawn = Drawn(source, embedder)
    found = []
    for size in sizes:
        home = homes / str(size)
        home.mkdir(parents=True, exist_ok=True)
        with closing(Catalog(home / "library.sqlite")) as catalog:
            catalog._db.connection.execute("PRAGMA synchronous=OFF")
            fill(catalog, drawn, size)
            Nearest(catalog, embedder, home / "vectors", "auto").publish()
            WordCache(catalog, home / "words", "auto").publish()
        program = [sys.executable, __file__, "--searched", str(home), "--questions", str(questions)]
        run = subprocess.run(program, check=True, stdout=subprocess.PIPE, text=True)
        found.append(json.loads(run.stdout.splitlines()[-1]))
    return found


def searched(home: Path, questions: Sequence[str]) -> dict[str, Any]:
    """The searches of one library, and what they hold in memory, the embedder among it."""
    embedder = Parts(config.load()).embedder
    embedder.embed_queries(["warm"])
    before = resident_mb()
    with closing(Library(home, embedder)) as library:
        opened, _ = timed(lambda: library.search(questions[0], 10))
        taken = pace(lambda question: library.search(question, 10), questions)
        disk = sum(each.stat().st_size for each in home.rglob("*") if each.is_file())
        return {
            "passages": library._catalog.count(),
            **taken,
            "first_s": round(opened, 2),
            "memory_mb": round(resident_mb() - before),
            "disk_mb": round(disk / 1e6),
        }


def resident_mb() -> float:
    """What this process holds in memory now."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def models(home: Path, data: Path) -> dict[str, list[dict[str, Any]]]:
    with closing(Parts(config.load(home=home))) as parts:
        asked = grounded(parts, data, max(ASKERS))
        article = parts.library.text(parts.library.entries()[0])
        entry = parts.chosen.entry("generator")
        path = parts.models.locate(entry.name) / entry.main_file.name
        section = parts.settings.model
    model = Llama(path, name=entry.name, context=section.context, pool=16_384, sequences=17)
    words = article.split()
    prompts = []
    for length in PROMPTS:
        text = " ".join(islice(cycle(words), length))
        size = sum(map(len, model.sliced((Part(text),))))
        text = " ".join(islice(cycle(words), length * length // size))
        slices = model.sliced((Part(text),))
        ours(model, [(Part("warm"),)], 1, 0)
        ((_, first, _),) = ours(model, [(Part(text),)], 1, 0)
        prompts.append({"tokens": sum(map(len, slices)), "first_token_s": round(first, 2)})
    askers = []
    for count in ASKERS:
        some = list(islice(cycle(asked), count))
        began = time.perf_counter()
        runs = ours(model, some, TOKENS, section.draft)
        whole = time.perf_counter() - began
        askers.append(
            {
                "askers": count,
                "first_token_s": round(statistics.median(first for _, first, _ in runs), 2),
                "worst_first_token_s": round(max(first for _, first, _ in runs), 2),
                "all_finished_s": round(whole, 2),
                "tokens_s": round(sum(len(said) for said, _, _ in runs) / whole, 2),
                "memory_mb": round(resident_mb()),
            }
        )
    return {"prompts": prompts, "askers": askers}


def plot(result: dict[str, list[dict[str, Any]]], path: Path) -> None:
    """Six small pictures of what grows, in one file."""
    import matplotlib as mpl

    mpl.use("svg")
    import matplotlib.pyplot as plt

    mpl.rcParams.update({"svg.hashsalt": "refdesk", "svg.fonttype": "none", "font.size": 8})
    pictures = (
        ("libraries", "passages", ("p50", "p95"), "a search, ms", "x"),
        ("libraries", "passages", ("memory_mb", "disk_mb"), "MB for searching", "xy"),
        ("prompts", "tokens", ("first_token_s",), "first token, s", ""),
        ("askers", "askers", ("first_token_s", "worst_first_token_s"), "first token, s", ""),
        ("askers", "askers", ("all_finished_s",), "all have their answers, s", ""),
        ("askers", "askers", ("memory_mb",), "MB of the process", ""),
    )
    figure, axes = plt.subplots(2, 3, figsize=(9, 5), layout="constrained")
    for axis, (name, across, up, label, logs) in zip(axes.flat, pictures, strict=True):
        rows = result[name]
        for each in up:
            told = each.removesuffix("_mb").removesuffix("_s").replace("_", " ")
            axis.plot([row[across] for row in rows], [row[each] for row in rows], "o-", label=told)
        if "x" in logs:
            axis.set(xscale="log")
        if "y" in logs:
            axis.set(yscale="log")
            axis.yaxis.set_major_formatter("{x:g}")
        else:
            axis.set_ylim(0, 1.1 * max(row[each] for row in rows for each in up))
        axis.set(xlabel=across if name != "prompts" else "tokens of a prompt", ylabel=label)
        axis.grid(alpha=0.3)
        if len(up) > 1:
            axis.legend()
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    sys.exit(main())
