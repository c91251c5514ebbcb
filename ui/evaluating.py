"""`refdesk eval`: the desk measured on a data set of the user's own or a public one."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

from index.errors import StorageError, UsageError
from rag import config
from rag.build import Parts
from ui.opening import print_json
from ui.progress import ProgressBar

__all__ = ["retrieval"]


def retrieval(arguments: argparse.Namespace) -> int:
    """Indexes the data set's documents in a library of their own, kept for the next time, and
    searches it for every question.
    """
    from rag import retrieval as judged

    data = judged.load(arguments.data)
    settings = config.load(home=arguments.home, config=arguments.config)
    home = settings.home / "eval" / f"{data.name}-{data.digest[:12]}"
    topics = judged.sample(data.topics, arguments.limit, arguments.seed)
    try:
        judged.write_documents(arguments.data, home / "documents")
    except OSError as exc:
        raise StorageError(
            f"The documents of {data.name} cannot be written to {home} ({exc.strerror}). "
            "Make room, or name another --home."
        ) from exc
    parts = Parts(replace(settings, home=home))
    try:
        with ProgressBar() as bar:
            report = parts.library.sync(home / "documents", bar.reading)
        with ProgressBar() as bar:
            result = judged.measure(
                topics,
                data.documents,
                lambda topic, k: parts.library.search(
                    topic.text, k, today=topic.asked if arguments.dated else None
                ),
                lambda done, total: bar("Searching", done, total),
            )
        words_by = parts.library.words_by()
    finally:
        parts.close()
    figures = {
        "data": str(arguments.data),
        "documents": len(data.documents),
        "not_indexed": len(report.failed),
        "questions": result.topics,
        "without_documents": data.unjudged,
        "dated": arguments.dated,
        "seed": arguments.seed if arguments.limit else None,
        "measures": {each.name: round(each.mean, 4) for each in result.measures},
        "margins_95": {each.name: round(each.margin, 4) for each in result.measures},
        "search_s": round(result.seconds, 4),
        "words_by": words_by,
        "settings": {
            name: getattr(settings.retrieval, name)
            for name in (
                "candidates",
                "fusion",
                "words_weight",
                "article_weight",
                "named_weight",
                "recent_weight",
                "rrf_k",
                "merge_versions",
            )
        }
        | {"chunk_tokens": settings.index.chunk_tokens, "embedder": settings.models.embedder},
    }
    out: Path = arguments.out or home / "retrieval.json"
    _write(out, figures)
    if arguments.json:
        return print_json(figures)
    print(f"{result.topics} questions, {len(data.documents)} documents")
    for each in result.measures:
        print(f"  {each.name:<12} {each.mean:.3f}  ± {each.margin:.3f}")
    print(f"  a search took {result.seconds * 1000:.0f} ms (median), by words with {words_by}")
    print(f"Written to {out}")
    return 0


def _write(out: Path, figures: dict[str, object]) -> None:
    try:
        out.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    except OSError as exc:
        raise UsageError(f"{out} cannot be written ({exc.strerror}). Name another --out.") from exc
