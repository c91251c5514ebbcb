"""The commands of the command line. Each opens the parts that it needs, and closes them.

What a user reads goes to standard output; progress and problems go to standard error.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from index.errors import ModelError, StorageError
from rag import config
from rag.build import Parts
from rag.manifest import ModelEntry
from ui import chat, costs, doctor, documents, evaluating, receipts
from ui.limits import asked, limits_of
from ui.opening import opened, print_json
from ui.prereading import preread


def run(arguments: argparse.Namespace) -> int:
    """Runs the command that `ui.cli.parser` has read. Returns the exit code.

    Raises RefdeskError.
    """
    name = arguments.command
    if name in {"models", "eval"}:
        name = f"{name} {arguments.action}"
    return COMMANDS[name](arguments)


def search(arguments: argparse.Namespace) -> int:
    from ui.cited import file_name
    from ui.plain import hit_json

    question = asked(arguments.question)
    limited = limits_of(arguments)
    with opened(arguments) as parts:
        hits = parts.library.search(question, arguments.k, limited)
    if arguments.json:
        return print_json([hit_json(rank, hit) for rank, hit in enumerate(hits, start=1)])
    for rank, hit in enumerate(hits, start=1):
        where = f"{file_name(hit.entry.path)}, characters {hit.chunk.start}-{hit.chunk.end}"
        print(f"{rank:>3}. {hit.entry.title} ({hit.entry.date or 'date unknown'}) · {where}")
        print("     " + " ".join(hit.chunk.text.split())[:300])
        if hit.entry.elsewhere:
            print("     also in: " + ", ".join(map(file_name, hit.entry.elsewhere)))
    if not hits:
        reason = "no document is in these limits" if limited else "the library is empty"
        print(f"Nothing found: {reason}.", file=sys.stderr)
    return 0


def serve(arguments: argparse.Namespace) -> int:
    from ui.desk import LibraryDesk
    from ui.progress import ProgressBar
    from ui.server import claim_port, serve

    overrides = {
        "serve.host": arguments.host,
        "serve.port": arguments.port,
        "serve.open_browser": False if arguments.no_browser else None,
    }
    with opened(arguments, overrides, loading=_say) as parts:
        section = parts.settings.serve
        # Before seconds are spent on loading: most failures to serve are a port in use.
        claim_port(section.host, section.port)
        parts.models.locate(parts.chosen.entry("embedder").name)
        parts.models.locate(parts.chosen.entry("generator").name)
        if (reranker := parts.chosen.reranking()) is not None:
            parts.models.locate(reranker.name)
        if parts.library.is_empty() and (starters := config.starters()):
            _say("The library is empty: adding the starter articles")
            with ProgressBar() as bar:
                parts.library.add(starters, bar)
        elif not parts.library.is_searchable():
            _say("The library was embedded by another model or backend: embedding it anew")
            with ProgressBar() as bar:
                documents.embed_anew(parts.library, bar)
        _say("Loading the page")
        from ui.web import create_app

        desk = LibraryDesk(parts)
        desk.warm()
        serve(create_app(desk), section.host, section.port, _opener(section.open_browser))
    return 0


def _opener(open_browser: bool) -> Callable[[str], None]:
    def ready(url: str) -> None:
        print(f"Refdesk is ready at {url}  (Ctrl-C ends it)", flush=True)
        # Without a display a text browser would take over the terminal.
        display = sys.platform in ("darwin", "win32") or "DISPLAY" in os.environ
        if open_browser and (display or "WAYLAND_DISPLAY" in os.environ):
            import webbrowser

            webbrowser.open(url)

    return ready


def config_(arguments: argparse.Namespace) -> int:
    settings = config.load(home=arguments.home, config=arguments.config)
    rows = config.describe(settings)
    if arguments.json:
        return print_json([asdict(row) for row in rows])
    width = max(len(f"{row.name} = {json.dumps(row.value)}") for row in rows)
    for row in rows:
        value = f"{row.name} = {json.dumps(row.value, ensure_ascii=False)}"
        print(f"{value:<{width}}  # {row.origin}")
    return 0


def models_list(arguments: argparse.Namespace) -> int:
    with opened(arguments) as parts:
        store = parts.models
        chosen = {parts.settings.models.generator, parts.settings.models.embedder}
        if (reranker := parts.chosen.reranking()) is not None:
            chosen.add(reranker.name)
        rows: list[dict[str, Any]] = [
            {
                "name": entry.name,
                "role": entry.role,
                "family": entry.family,
                "licence": entry.licence,
                "context": entry.context,
                "bytes": sum(file.bytes for file in entry.files),
                "installed": store.installed(entry),
                "in_use": entry.name in chosen,
                **_backend(parts, entry),
                "folder": str(store.folder(entry)),
                "note": entry.note,
            }
            for entry in store.manifest.entries
        ]
    if arguments.json:
        return print_json(rows)
    for row in rows:
        state = "installed" if row["installed"] else "not installed"
        use = ", in use" if row["in_use"] else ""
        use += f", runs on {row['backend']}" if row["backend"] else ""
        about = f"{row['role']}, {row['bytes'] / 1e6:,.0f} MB, {row['licence']}"
        print(f"{row['name']}  ({about})  {state}{use}")
        if row["note"]:
            print(f"    {row['note']}")
        if row["why"]:
            print(f"    {row['why']}")
    return 0


def _backend(parts: Parts, entry: ModelEntry) -> dict[str, str | None]:
    """What an installed embedder or reranker runs on, and why where that is the slower choice."""
    if entry.role == "generator" or not parts.models.installed(entry):
        return {"backend": None, "why": None}
    try:
        backend = parts.chosen.runs_on(entry)
    except ModelError as exc:
        return {"backend": None, "why": str(exc)}
    return {"backend": backend.name, "why": backend.why or None}


def models_pull(arguments: argparse.Namespace) -> int:
    from ui.progress import ProgressBar

    with opened(arguments) as parts:
        for name in _names(arguments, parts):
            entry = parts.models.manifest.get(name)
            with ProgressBar(unit="B") as bar:
                parts.models.pull(entry.name, bar)
            print(f"{entry.name} is installed in {parts.models.folder(entry)}")
            _convert_if_better(parts, entry)
    return 0


def models_add(arguments: argparse.Namespace) -> int:
    with opened(arguments) as parts:
        entry = parts.models.add(
            arguments.path,
            name=arguments.name,
            role=arguments.role,
            family=arguments.family,
            context=arguments.context,
        )
        print(f"{entry.name} is installed in {parts.models.folder(entry)}")
        _convert_if_better(parts, entry)
    return 0


def models_convert(arguments: argparse.Namespace) -> int:
    with opened(arguments) as parts:
        reranker = parts.chosen.reranking()
        chosen = [parts.settings.models.embedder, *([reranker.name] if reranker else [])]
        for name in arguments.names or chosen:
            _convert(parts, parts.models.manifest.get(name))
    return 0


def _convert_if_better(parts: Parts, entry: ModelEntry) -> None:
    """A model that cannot be converted is fetched all the same: torch runs it, only slower."""
    if parts.chosen.convertible(entry):
        try:
            _convert(parts, entry)
        except (ModelError, StorageError) as exc:
            print(f"refdesk: {exc}", file=sys.stderr)


def _convert(parts: Parts, entry: ModelEntry) -> None:
    _say(f"Converting {entry.name} for OpenVINO, which takes about a minute")
    graph = parts.chosen.convert(entry)
    given = "vectors" if entry.role == "embedder" else "scores"
    print(
        f"{entry.name} is converted: its {given} are {graph.cosine:.1%} the same, and come sooner"
    )


def models_verify(arguments: argparse.Namespace) -> int:
    with opened(arguments) as parts:
        names = arguments.names or [
            entry.name for entry in parts.models.manifest.entries if parts.models.present(entry)
        ]
        for name in names:
            parts.models.verify(name)
            parts.chosen.verify_graph(parts.models.manifest.get(name))
            print(f"{name}: every file is as the manifest says")
        if not names:
            print("No model is installed. Fetch them with `refdesk models pull`.", file=sys.stderr)
    return 0


def _names(arguments: argparse.Namespace, parts: Parts) -> list[str]:
    section = parts.settings.models
    reranker = parts.chosen.reranking()
    named = [section.generator, section.embedder, *([reranker.name] if reranker else [])]
    return list(arguments.names) or named


def _say(text: str) -> None:
    print(f"{text} …", file=sys.stderr, flush=True)


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "add": documents.add,
    "sync": documents.sync,
    "watch": documents.watch,
    "reindex": documents.reindex,
    "remove": documents.remove,
    "edit": documents.edit,
    "list": documents.list_,
    "collections": documents.collections,
    "show": documents.show,
    "search": search,
    "ask": chat.ask,
    "receipt": receipts.receipt,
    "replay": receipts.replay,
    "cost": costs.cost,
    "serve": serve,
    "preread": preread,
    "config": config_,
    "doctor": doctor.doctor,
    "eval retrieval": evaluating.retrieval,
    "eval answers": evaluating.answers,
    "eval grounding": evaluating.grounding,
    "models list": models_list,
    "models pull": models_pull,
    "models add": models_add,
    "models convert": models_convert,
    "models verify": models_verify,
}
