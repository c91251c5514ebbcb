"""What each part of the retrieval brings: one data set, searched with parts switched off and on.

    python bench/retrieval.py --data DIR [--data DIR ...] [--home DIR] [--limit N] [--seed N]

--data  a folder as `refdesk eval retrieval` takes it; its documents are indexed once, in the same
        library below the data folder that the command uses

Each line adds one part to the one before, except the first two, which are each search alone. Times
are of `Library.search` for ten passages, everything included; the lines take turns at each
question, so that whatever else the machine does disturbs them alike. The last line is one JSON
document.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from index.types import Hit
from rag import config, datafiles, retrieval
from rag.build import Parts
from rag.retrieval import Topic
from ui.progress import ProgressBar

_ALONE: dict[str, Any] = {
    "fusion": "convex", "article_weight": 0.0, "named_weight": 0.0, "recent_weight": 0.0
}  # fmt: skip
VARIANTS: dict[str, dict[str, Any]] = {
    "by meaning alone": _ALONE | {"words_weight": 0.0},
    "by words alone": _ALONE | {"words_weight": 1.0},
    "both, joined by rank": {"fusion": "rrf"},
    "both, joined by score": _ALONE,
    "+ whole articles": {"named_weight": 0.0, "recent_weight": 0.0},
    "+ named source, author, date": {"recent_weight": 0.0},
    "+ newer articles first": {},
    "+ the day of asking": {},
}
"""By what is added: the settings in which it differs from the defaults."""

_SHOWN = ("nDCG@10", "Success@1", "Success@5", "Success@10")


def main() -> int:
    flags = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    flags.add_argument("--data", type=Path, action="append", required=True)
    flags.add_argument("--home", type=Path)
    flags.add_argument("--limit", type=int)
    flags.add_argument("--seed", type=int, default=0)
    arguments = flags.parse_args()
    figures = {}
    for folder in arguments.data:
        figures[folder.name] = _set(folder, arguments)
        print(f"\n{folder.name}: {figures[folder.name]['questions']} questions")
        for variant, found in figures[folder.name]["variants"].items():
            shown = "  ".join(f"{found[name]:.3f}" for name in _SHOWN)
            print(f"  {variant:<30} {shown}  {found['search_ms']:6.1f} ms")
    print(f"  ({', '.join(_SHOWN)}, median time)")
    print(json.dumps(figures))
    return 0


def _set(folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    data = retrieval.load(folder)
    settings = config.load(home=arguments.home)
    home = settings.home / "eval" / f"{data.corpus.name}-{data.corpus.digest[:12]}"
    retrieval.write_documents(folder, home / "documents")
    parts = {
        name: Parts(replace(settings, home=home, retrieval=replace(settings.retrieval, **changes)))
        for name, changes in VARIANTS.items()
    }
    topics = datafiles.drawn(data.topics, arguments.limit, arguments.seed)
    if not any(topic.asked for topic in topics):
        del parts["+ the day of asking"]
    try:
        with ProgressBar() as bar:
            next(iter(parts.values())).library.sync(home / "documents", bar.reading)
        variants = _measured(parts, topics, data.corpus.documents)
    finally:
        for each in parts.values():
            each.close()
    return {"questions": len(topics), "documents": len(data.corpus.documents), "variants": variants}


def _measured(
    parts: dict[str, Parts], topics: Sequence[Topic], documents: Sequence[str]
) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, Sequence[Hit]]] = {name: {} for name in parts}
    seconds: dict[str, list[float]] = {name: [] for name in parts}
    for each in parts.values():
        each.library.search(topics[0].text)
    with ProgressBar() as bar:
        for done, topic in enumerate(topics):
            bar("Searching", done, len(topics))
            for name, each in parts.items():
                today = topic.asked if name == "+ the day of asking" else None
                start = time.perf_counter()
                each.library.search(topic.text, today=today)
                seconds[name].append(time.perf_counter() - start)
                found[name][topic.id] = each.library.search(topic.text, 100, today=today)
        bar("Searching", len(topics), len(topics))
    return {
        name: _figures(found[name], topics, documents)
        | {"search_ms": 1000 * statistics.median(seconds[name])}
        for name in parts
    }


def _figures(
    found: dict[str, Sequence[Hit]], topics: Sequence[Topic], documents: Sequence[str]
) -> dict[str, float]:
    result = retrieval.measure(topics, documents, lambda topic, _: found[topic.id])
    return {each.name: each.mean for each in result.measures}


if __name__ == "__main__":
    sys.exit(main())
