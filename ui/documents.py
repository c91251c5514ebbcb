"""The commands about the library's documents: add, sync, watch, reindex, remove, edit, list, show.

What a user reads goes to standard output; progress and problems go to standard error.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from index.errors import RefdeskError, UsageError
from ui.cited import one_line, place
from ui.limits import UNKNOWN, iso
from ui.opening import opened, print_json
from ui.progress import ProgressBar
from ui.shown import dropped, pieces

if TYPE_CHECKING:
    from index.library import Library, Report
    from index.report import Labels
    from index.walk import Problem


def add(arguments: argparse.Namespace) -> int:
    """Exit code 1 if any file named, or in a folder named, could not be read."""
    with opened(arguments) as parts, ProgressBar() as bar:
        report = parts.library.add(arguments.paths, bar.reading, _labels(arguments))
    _tell_problems(report)
    print(_summary(report))
    return 1 if report.failed else 0


def sync(arguments: argparse.Namespace) -> int:
    """Exit code 1 if a file could not be read, or what has gone was held back."""
    with opened(arguments) as parts, ProgressBar() as bar:
        report = parts.library.sync(
            arguments.folder,
            bar.reading,
            _labels(arguments),
            check=arguments.check,
            delete=arguments.delete,
        )
    _tell_problems(report)
    print(_summary(report))
    _tell_held_back(report, arguments)
    return 1 if report.failed or report.held_back else 0


def watch(arguments: argparse.Namespace) -> int:
    from index.watch import changes

    stop = threading.Event()

    def end(*_: object) -> None:
        stop.set()
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, end)
    try:
        with opened(arguments) as parts:
            print(f"Watching {arguments.folder}  (Ctrl-C ends it)", flush=True)
            told: set[str] = set()
            for _ in changes(arguments.folder, stop, poll=arguments.poll):
                _follow(parts.library, arguments, told)
    except KeyboardInterrupt:
        # Any moment is a good one: what was stored stays, and the next sync goes on.
        print("Stopped. The library is as it was last told.", flush=True)
    finally:
        signal.signal(signal.SIGTERM, before)
    return 0


def _follow(library: Library, arguments: argparse.Namespace, told: set[str]) -> None:
    """One sync. What goes wrong is told, once as long as it stays the same, and watching goes on.

    told  what has been told already; changed
    """
    try:
        with ProgressBar() as bar:
            report = library.sync(arguments.folder, bar.reading, _labels(arguments))
    except RefdeskError as exc:
        problems = [str(exc)]
    else:
        for word, paths in (
            ("added", report.added),
            ("a copy", report.copies),
            ("changed", report.changed),
            ("removed", report.removed),
            ("moved", [f"{old} → {new}" for old, new in report.moved]),
        ):
            for path in paths:
                print(f"{word}: {place(path)}", flush=True)
        problems = [f"not read: {_told(each)}" for each in report.failed]
        if report.held_back:
            problems.append(_held_back(report, arguments))
    for problem in problems:
        if problem not in told:
            print(f"refdesk: {one_line(problem)}", file=sys.stderr, flush=True)
    told.clear()
    told.update(problems)


def reindex(arguments: argparse.Namespace) -> int:
    with opened(arguments) as parts, ProgressBar() as bar:
        done = embed_anew(parts.library, bar)
    print(f"{done} embedded anew" if done else "nothing to do: all is embedded as the settings say")
    return 0


def embed_anew(library: Library, bar: ProgressBar) -> int:
    """Brings the library to the present embedder. Returns the number of documents."""
    return library.reindex(lambda _, done, total: bar("Embedding", done, total))


def remove(arguments: argparse.Namespace) -> int:
    with opened(arguments) as parts:
        # All or none: a wrong name among several is told before anything is removed.
        files = {each: parts.library.members(each) for each in arguments.documents}
        entries = {each: parts.library.get(each) for each, held in files.items() if not held}
        for file in (each for each, held in files.items() if held):
            removed = parts.library.remove_members(file)
            print(f"removed {len(removed)} documents of {place(file)}")
        left = {entry.id for entry in parts.library.entries()}
        for reference, entry in entries.items():
            if entry.id not in left:
                continue  # named twice, by two of its places or with the file it is in
            parts.library.remove(reference)
            rest = [each for each in parts.library.entries() if each.id == entry.id]
            if rest:
                places = ", ".join(map(place, rest[0].origins))
                print(f"removed one place of {one_line(entry.title)}; it stays for {places}")
            else:
                left.discard(entry.id)
                print(f"removed {one_line(entry.title)} ({place(entry.path)})")
    return 0


def edit(arguments: argparse.Namespace) -> int:
    changes: dict[str, str | None] = {}
    for name in ("title", "author", "date", "source"):
        value = getattr(arguments, name)
        if value is not None:
            unknown = name != "title" and value.strip().lower() == UNKNOWN
            changes[name] = None if unknown else _known(name, value)
    asked = (arguments.collection is not None, arguments.tag, arguments.untag, arguments.reset)
    if not changes and not any(asked):
        raise UsageError("Nothing to change. `refdesk edit --help` lists what can be.")
    with opened(arguments) as parts:
        entry = parts.library.edit(
            arguments.document,
            changes,
            collection=arguments.collection,
            tags=arguments.tag,
            untag=arguments.untag,
            reset=arguments.reset,
        )
    for label in ("title", "author", "date", "source"):
        own = " (corrected)" if label in entry.edited else ""
        print(f"{label + ':':<13}{one_line(getattr(entry, label) or UNKNOWN)}{own}")
    print(f"{'collections:':<13}{', '.join(entry.collections) or 'none'}")
    print(f"{'tags:':<13}{', '.join(entry.tags) or 'none'}")
    return 0


def _known(name: str, value: str) -> str:
    if name == "date":
        return iso(value, "date")
    if not value.strip():
        raise UsageError(f"The {name} is empty. Write `--{name} {UNKNOWN}` if nobody knows it."
                         if name != "title" else "The title is empty. Every document has one."
                         )  # fmt: skip
    return " ".join(value.split())


def list_(arguments: argparse.Namespace) -> int:
    with opened(arguments) as parts:
        entries = parts.library.entries()
    total = len(entries)
    for name in arguments.collection:
        entries = [entry for entry in entries if name in (entry.collections or ("",))]
    for tag in arguments.tag:
        entries = [entry for entry in entries if tag in entry.tags]
    if arguments.json:
        return print_json([asdict(entry) for entry in entries])
    for entry in entries:
        about = [entry.date or "date unknown", entry.source, f"{entry.chunks} passages"]
        about += [*entry.collections, *(f"#{tag}" for tag in entry.tags)]
        print(f"{entry.id:>4}  {one_line(entry.title)}")
        print(f"      {' · '.join(one_line(each) for each in about if each)}")
        for origin in entry.origins:
            print(f"      {place(origin)}")
        if entry.also_in:
            print(f"      another version: {', '.join(entry.also_in)}")
    if not total:
        print("The library is empty. Add articles with `refdesk add PATH`.", file=sys.stderr)
    elif not entries:
        print("No document is filed so. `refdesk collections` lists collections.", file=sys.stderr)
    return 0


def collections(arguments: argparse.Namespace) -> int:
    with opened(arguments) as parts:
        counts = parts.library.collections()
    if arguments.json:
        return print_json([{"name": name, "documents": count} for name, count in counts.items()])
    for name, count in counts.items():
        print(f"{count:>6}  {one_line(name) or '(in none)'}")
    if not counts:
        print("The library is empty. Add articles with `refdesk add PATH`.", file=sys.stderr)
    return 0


def show(arguments: argparse.Namespace) -> int:
    with opened(arguments) as parts:
        entry = parts.library.get(arguments.document)
        text = parts.library.text(entry)
        body = parts.library.body(entry)
    if arguments.text:
        # Written as it is: a line end of our own would not be in the document.
        sys.stdout.write(text)
        sys.stdout.flush()
        return 0
    kept = body if body is not None else [(0, len(text))]
    left_out = dropped(text, kept)
    if arguments.json:
        spans = {"body": [list(span) for span in kept], "dropped": [list(s) for s in left_out]}
        return print_json({**asdict(entry), "text": text, **spans})
    for label in ("title", "author", "date", "source", "path", "sha256", "added"):
        own = " (corrected)" if label in entry.edited else ""
        told = place if label == "path" else one_line
        print(f"{label + ':':<13}{told(getattr(entry, label) or UNKNOWN)}{own}")
    for label, values in (
        ("also at", [place(each) for each in entry.origins[1:]]),
        ("versions", entry.also_in),
        ("collections", entry.collections),
        ("tags", entry.tags),
    ):
        if values:
            print(f"{label + ':':<13}{one_line(', '.join(values))}")
    print(f"{'passages:':<13}{entry.chunks}")
    share = sum(end - start for start, end in left_out)
    print(f"{'left out:':<13}{share:,} of {len(text):,} characters\n")
    for line in pieces(text, left_out, dim=sys.stdout.isatty()):
        print(line)
    return 0


def _labels(arguments: argparse.Namespace) -> Labels:
    from index.report import Labels

    return Labels(arguments.collection, tuple(arguments.tag))


def _tell_problems(report: Report) -> None:
    for problem in report.failed:
        print(f"refdesk: not added: {_told(problem)}", file=sys.stderr)
    for problem in report.skipped:
        print(f"refdesk: skipped: {_told(problem)}", file=sys.stderr)


def _told(problem: Problem) -> str:
    return f"{place(problem.path)}: {one_line(problem.reason)}"


def _tell_held_back(report: Report, arguments: argparse.Namespace) -> None:
    if report.held_back:
        print(f"refdesk: {one_line(_held_back(report, arguments))}", file=sys.stderr)


def _held_back(report: Report, arguments: argparse.Namespace) -> str:
    return (
        f"{len(report.held_back)} documents are no longer in {arguments.folder}, most of what came "
        "from there, so none was removed. If the folder is complete, run `refdesk sync "
        f"{arguments.folder} --delete`."
    )


def _summary(report: Report) -> str:
    counts: dict[str, Sequence[object]] = {
        "added": report.added,
        "copies of what is held": report.copies,
        "changed": report.changed,
        "moved": report.moved,
        "removed": report.removed,
        "unchanged": report.unchanged,
        "skipped": report.skipped,
        "failed": report.failed,
    }
    return ", ".join(f"{len(each)} {word}" for word, each in counts.items() if each) or "nothing"
