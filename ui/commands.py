"""The commands of the command line. Each opens the parts that it needs, and closes them.

What a user reads goes to standard output; progress and problems go to standard error.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from index.errors import UsageError
from rag import config
from rag.build import Parts


def run(arguments: argparse.Namespace) -> int:
    """Runs the command that `ui.cli.parser` has read. Returns the exit code.

    Raises RefdeskError.
    """
    name = arguments.command
    if name == "models":
        name = f"models {arguments.action}"
    return COMMANDS[name](arguments)


def add(arguments: argparse.Namespace) -> int:
    """Exit code 1 if any file named, or in a folder named, could not be read."""
    from ui.progress import ProgressBar

    with _parts(arguments) as parts, ProgressBar() as bar:
        report = parts.library.add(arguments.paths, bar)
    for problem in report.failed:
        print(f"refdesk: not added: {problem.path}: {problem.reason}", file=sys.stderr)
    for problem in report.skipped:
        print(f"refdesk: skipped: {problem.path}: {problem.reason}", file=sys.stderr)
    counts = {
        "added": report.added,
        "changed": report.changed,
        "removed": report.removed,
        "unchanged": report.unchanged,
        "skipped": report.skipped,
        "failed": report.failed,
    }
    print(", ".join(f"{len(each)} {word}" for word, each in counts.items() if each) or "nothing")
    return 1 if report.failed else 0


def remove(arguments: argparse.Namespace) -> int:
    with _parts(arguments) as parts:
        # All or none: a wrong name among several is told before anything is removed.
        entries = [parts.library.get(each) for each in arguments.documents]
        for entry in entries:
            parts.library.remove(str(entry.id))
            print(f"removed {entry.title} ({entry.path})")
    return 0


def list_(arguments: argparse.Namespace) -> int:
    with _parts(arguments) as parts:
        entries = parts.library.entries()
    if arguments.json:
        return _json([asdict(entry) for entry in entries])
    for entry in entries:
        about = ", ".join(each for each in (entry.date or "date unknown", entry.source) if each)
        print(
            f"{entry.id:>4}  {entry.title}\n      {about} · {entry.chunks} passages · {entry.path}"
        )
    if not entries:
        print("The library is empty. Add articles with `refdesk add PATH`.", file=sys.stderr)
    return 0


def show(arguments: argparse.Namespace) -> int:
    with _parts(arguments) as parts:
        entry = parts.library.get(arguments.document)
        text = parts.library.text(entry)
        body = parts.library.body(entry)
    if arguments.text:
        # Written as it is: a line end of our own would not be in the document.
        sys.stdout.write(text)
        sys.stdout.flush()
        return 0
    kept = body if body is not None else [(0, len(text))]
    if arguments.json:
        return _json({**asdict(entry), "text": text, "body": [list(span) for span in kept]})
    for label in ("title", "author", "date", "source", "path", "sha256", "added"):
        print(f"{label + ':':<9}{getattr(entry, label) or 'unknown'}")
    print(f"{'passages:':<9} {entry.chunks}\n")
    for line, is_kept in _marked(text, kept):
        print(line if is_kept else f"  ┊ left out: {line}")
    return 0


def _marked(text: str, kept: list[tuple[int, int]]) -> Iterator[tuple[str, bool]]:
    """The document's lines, each with whether any of it is indexed."""
    at = 0
    for line in text.splitlines(keepends=True):
        start, end = at, at + len(line)
        at = end
        if line.strip():
            yield line.rstrip("\n"), any(s < end and start < e for s, e in kept)
        else:
            yield "", True


def search(arguments: argparse.Namespace) -> int:
    from ui.cited import file_name

    question = _asked(arguments.question)
    with _parts(arguments) as parts:
        hits = parts.library.search(question, arguments.k)
    if arguments.json:
        return _json(
            [
                {
                    "rank": rank,
                    "document": hit.entry.path,
                    "title": hit.entry.title,
                    "date": hit.entry.date,
                    "page": hit.chunk.page,
                    "start": hit.chunk.start,
                    "end": hit.chunk.end,
                    "text": hit.chunk.text,
                    "score": round(hit.score, 6),
                    "similarity": None if hit.similarity is None else round(hit.similarity, 4),
                    "bm25": None if hit.bm25 is None else round(hit.bm25, 4),
                }
                for rank, hit in enumerate(hits, start=1)
            ]
        )
    for rank, hit in enumerate(hits, start=1):
        where = f"{file_name(hit.entry.path)}, characters {hit.chunk.start}-{hit.chunk.end}"
        print(f"{rank:>3}. {hit.entry.title} ({hit.entry.date or 'date unknown'}) · {where}")
        print("     " + " ".join(hit.chunk.text.split())[:300])
    if not hits:
        print("Nothing found: the library is empty.", file=sys.stderr)
    return 0


def _asked(question: str) -> str:
    """The same rule as the engine's, for a search that needs no engine."""
    if not any(each.isalnum() for each in question):
        raise UsageError("The question is empty. Type what you want to know.")
    return question


def ask(arguments: argparse.Namespace) -> int:
    from rag.types import Answer, Finished, Status, Token
    from ui.progress import StatusLine
    from ui.render import answer_json, answer_text

    answer: Answer | None = None
    with StatusLine() as line, _parts(arguments, loading=line.say) as parts:
        # A terminal sees the words as they come; the checked answer then takes their place.
        live = sys.stdout.isatty() and not arguments.json
        for event in parts.ask(arguments.question):
            if isinstance(event, Status):
                line.say(event.text, event.fraction)
            elif isinstance(event, Token) and live:
                line.stream(event.text)
            elif isinstance(event, Finished):
                answer = event.answer
        line.clear()
    assert answer is not None, "ask ends with Finished"
    if arguments.json:
        return _json(answer_json(answer))
    print(answer_text(answer, _width()))
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
    with _parts(arguments, overrides, loading=_say) as parts:
        section = parts.settings.serve
        # Before seconds are spent on loading: most failures to serve are a port in use.
        claim_port(section.host, section.port)
        parts.models.locate(parts.entry("embedder").name)
        parts.models.locate(parts.entry("generator").name)
        if parts.library.is_empty() and (starters := config.starters()):
            _say("The library is empty: adding the starter articles")
            with ProgressBar() as bar:
                parts.library.add(starters, bar)
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
        return _json([asdict(row) for row in rows])
    width = max(len(f"{row.name} = {json.dumps(row.value)}") for row in rows)
    for row in rows:
        value = f"{row.name} = {json.dumps(row.value, ensure_ascii=False)}"
        print(f"{value:<{width}}  # {row.origin}")
    return 0


def models_list(arguments: argparse.Namespace) -> int:
    with _parts(arguments) as parts:
        store = parts.models
        chosen = {parts.settings.models.generator, parts.settings.models.embedder}
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
                "folder": str(store.folder(entry)),
                "note": entry.note,
            }
            for entry in store.manifest.entries
        ]
    if arguments.json:
        return _json(rows)
    for row in rows:
        state = "installed" if row["installed"] else "not installed"
        use = ", in use" if row["in_use"] else ""
        about = f"{row['role']}, {row['bytes'] / 1e6:,.0f} MB, {row['licence']}"
        print(f"{row['name']}  ({about})  {state}{use}")
        if row["note"]:
            print(f"    {row['note']}")
    return 0


def models_pull(arguments: argparse.Namespace) -> int:
    from ui.progress import ProgressBar

    with _parts(arguments) as parts:
        for name in _names(arguments, parts):
            entry = parts.models.manifest.get(name)
            with ProgressBar(unit="B") as bar:
                parts.models.pull(entry.name, bar)
            print(f"{entry.name} is installed in {parts.models.folder(entry)}")
    return 0


def models_add(arguments: argparse.Namespace) -> int:
    with _parts(arguments) as parts:
        entry = parts.models.add(
            arguments.path,
            name=arguments.name,
            family=arguments.family,
            context=arguments.context,
        )
        print(f"{entry.name} is installed in {parts.models.folder(entry)}")
    return 0


def models_verify(arguments: argparse.Namespace) -> int:
    with _parts(arguments) as parts:
        names = arguments.names or [
            entry.name for entry in parts.models.manifest.entries if parts.models.present(entry)
        ]
        for name in names:
            parts.models.verify(name)
            print(f"{name}: every file is as the manifest says")
        if not names:
            print("No model is installed. Fetch them with `refdesk models pull`.", file=sys.stderr)
    return 0


def _names(arguments: argparse.Namespace, parts: Parts) -> list[str]:
    section = parts.settings.models
    return list(arguments.names) or [section.generator, section.embedder]


@contextmanager
def _parts(
    arguments: argparse.Namespace,
    overrides: dict[str, Any] | None = None,
    loading: Callable[[str], None] | None = None,
) -> Iterator[Parts]:
    settings = config.load(home=arguments.home, config=arguments.config, overrides=overrides)
    parts = Parts(settings, loading)
    try:
        yield parts
    finally:
        parts.close()


def _json(value: object) -> int:
    print(json.dumps(value, ensure_ascii=False, indent=2))
    return 0


def _say(text: str) -> None:
    print(f"{text} …", file=sys.stderr, flush=True)


def _width() -> int:
    import shutil

    return min(shutil.get_terminal_size((88, 24)).columns, 100)


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "add": add,
    "remove": remove,
    "list": list_,
    "show": show,
    "search": search,
    "ask": ask,
    "serve": serve,
    "config": config_,
    "models list": models_list,
    "models pull": models_pull,
    "models add": models_add,
    "models verify": models_verify,
}
