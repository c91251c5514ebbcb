"""What the command line takes: every command with its options. Standard library only."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from index.version import VERSION

__all__ = ["VERSION", "parser"]

_Command = Callable[[str, str], argparse.ArgumentParser]
"""Adds a command with its one-line help."""

_EPILOG = """\
Everything runs on this machine; nothing is sent anywhere. `refdesk COMMAND --help` tells more.
Exit codes: 0 done, 1 an error told on standard error, 2 wrong usage.
"""


def parser() -> argparse.ArgumentParser:
    """The whole command line, for `main` and for the test that holds the docs against it."""
    top = argparse.ArgumentParser(
        prog="refdesk",
        description="A reference desk for your own articles, on your own machine.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"refdesk {VERSION}")
    _add_places(top, None)
    # Accepted after the command as well; left out there, what stands before it holds.
    places = argparse.ArgumentParser(add_help=False)
    _add_places(places, argparse.SUPPRESS)
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def command(name: str, text: str) -> argparse.ArgumentParser:
        description = text[0].upper() + text[1:] + "."
        return commands.add_parser(name, help=text, description=description, parents=[places])

    _documents(command)
    _questions(command)
    _models(command("models", "list, fetch, add or verify models"), places)
    _eval(command("eval", "measure the desk on questions with known answers"), places)
    return top


def _documents(command: _Command) -> None:
    add = command("add", "read files and folders into the library")
    add.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    _add_labels(add)

    sync = command("sync", "make the library mirror a folder")
    sync.add_argument("folder", type=Path, metavar="DIR")
    sync.add_argument("--check", action="store_true", help="read files that look unchanged too")
    sync.add_argument("--delete", action="store_true", help="remove even most of the documents")
    _add_labels(sync)

    watch = command("watch", "mirror a folder, again with each change, until stopped")
    watch.add_argument("folder", type=Path, metavar="DIR")
    watch.add_argument("--poll", action="store_true", help="look every few seconds (shared disks)")
    _add_labels(watch)

    command("reindex", "embed anew what another model or other settings embedded")

    remove = command("remove", "take documents out of the library; their files stay")
    remove.add_argument("documents", nargs="+", metavar="DOCUMENT", help="number, path or name")

    edit = command("edit", "correct what is known of a document")
    edit.add_argument("document", metavar="DOCUMENT", help="number, path or file name")
    edit.add_argument("--title", metavar="TEXT")
    edit.add_argument("--author", metavar="NAME", help="`unknown` clears it")
    edit.add_argument("--date", metavar="DATE", help="2026, 2026-03, 2026-03-01 or `unknown`")
    edit.add_argument("--source", metavar="NAME", help="`unknown` clears it")
    edit.add_argument("--untag", action="append", default=[], metavar="TAG", help="take a tag away")
    edit.add_argument("--reset", action="store_true", help="first drop all earlier corrections")
    _add_labels(edit)

    listing = command("list", "list the documents in the library")
    listing.add_argument("--json", action="store_true", help="print JSON")
    _add_filters(listing, "collection", "tag")

    collections = command("collections", "list the collections and how many documents each has")
    collections.add_argument("--json", action="store_true", help="print JSON")

    show = command("show", "show a document as the library holds it")
    show.add_argument("document", metavar="DOCUMENT", help="number, path or file name")
    form = show.add_mutually_exclusive_group()
    form.add_argument(
        "--text",
        action="store_true",
        help="print the extracted text only, exactly as offsets count it",
    )
    form.add_argument("--json", action="store_true", help="print JSON")


def _questions(command: _Command) -> None:
    search = command("search", "find the passages that fit a question best")
    search.add_argument("question", metavar="QUESTION")
    search.add_argument("-k", type=_positive, default=10, metavar="N", help="how many (10)")
    search.add_argument("--json", action="store_true", help="print JSON")
    _add_filters(search, "collection", "document", "tag", dates=True)

    ask = command("ask", "answer a question from the library, with citations")
    ask.add_argument("question", nargs="?", metavar="QUESTION", help="none: as with --chat")
    ask.add_argument(
        "--chat", action="store_true", help="a conversation: questions line by line, till the end"
    )
    ask.add_argument("--short", action="store_true", help="answer in a few words")
    ask.add_argument("--json", action="store_true", help="print JSON")
    _add_filters(ask, "collection", "document", "tag", dates=True)

    receipt = command("receipt", "show the receipt of an answer; none named: list the latest")
    receipt.add_argument("receipt", nargs="?", metavar="ID", help="an answer's id, or a file")
    receipt.add_argument(
        "--limit", type=_positive, default=20, metavar="N", help="how many to list (20)"
    )
    receipt.add_argument("--clear", action="store_true", help="remove all receipts")
    receipt.add_argument("--json", action="store_true", help="print JSON")

    replay = command("replay", "give an answer again from its receipt, and tell what differs")
    replay.add_argument("receipt", metavar="FILE", help="a receipt's file, or an answer's id")
    replay.add_argument("--json", action="store_true", help="print JSON")

    cost = command("cost", "sum up what answers took: tokens, time, energy and money")
    cost.add_argument("--since", metavar="DAY", help="from this day on (30 days ago)")
    cost.add_argument("--until", metavar="DAY", help="up to this day (today)")
    cost.add_argument("--prices", type=Path, metavar="FILE", help="prices of hosted services")
    cost.add_argument("--json", action="store_true", help="print JSON")

    serve = command("serve", "serve the page on this machine")
    serve.add_argument("--host", metavar="ADDRESS", help="address (serve.host)")
    serve.add_argument("--port", type=int, metavar="N", help="port (serve.port)")
    serve.add_argument("--no-browser", action="store_true", help="do not open the page")

    command("preread", "read passages beforehand, so that answers to questions begin sooner")

    config = command("config", "print the settings in force, and where each comes from")
    config.add_argument("--json", action="store_true", help="print JSON")

    doctor = command("doctor", "look this machine and this install over; measure the model's speed")
    form = doctor.add_mutually_exclusive_group()
    form.add_argument("--quick", action="store_true", help="do not measure the speed")
    form.add_argument(
        "--calibrate", action="store_true", help="choose how llama.cpp is set up, and keep that"
    )
    doctor.add_argument("--json", action="store_true", help="print JSON")


def _models(models: argparse.ArgumentParser, places: argparse.ArgumentParser) -> None:
    actions = models.add_subparsers(dest="action", metavar="ACTION", required=True)

    def action(name: str, text: str) -> argparse.ArgumentParser:
        return actions.add_parser(name, help=text, parents=[places])

    model_list = action("list", "list the models in the manifest")
    model_list.add_argument("--json", action="store_true", help="print JSON")
    pull = action("pull", "fetch models; none named: those in the settings")
    pull.add_argument("names", nargs="*", metavar="NAME")
    model_add = action("add", "copy a model from a file or folder into its place")
    model_add.add_argument("path", type=Path, metavar="PATH")
    model_add.add_argument("--name", help="a name for a model that is not in the manifest")
    model_add.add_argument(
        "--role", metavar="ROLE", help="what it is for: generator (unless said), embedder, reranker"
    )
    model_add.add_argument("--family", help="how that model is spoken to")
    model_add.add_argument("--context", type=_positive, help="tokens that it reads at once")
    convert = action("convert", "make an embedder or reranker faster: OpenVINO with 8-bit numbers")
    convert.add_argument("names", nargs="*", metavar="NAME")
    verify = action("verify", "check installed models against their checksums")
    verify.add_argument("names", nargs="*", metavar="NAME")


def _eval(evaluate: argparse.ArgumentParser, places: argparse.ArgumentParser) -> None:
    actions = evaluate.add_subparsers(dest="action", metavar="ACTION", required=True)

    def action(name: str, text: str) -> argparse.ArgumentParser:
        each = actions.add_parser(name, help=text, parents=[places])
        each.add_argument("--data", type=Path, required=True, metavar="DIR", help="the data set")
        each.add_argument("--limit", type=_positive, metavar="N", help="only N of the questions")
        each.add_argument("--seed", type=int, default=0, metavar="N", help="which ones (0)")
        each.add_argument("--out", type=Path, metavar="FILE", help="where the figures go (JSON)")
        each.add_argument("--json", action="store_true", help="print JSON")
        return each

    retrieval = action("retrieval", "are the right documents found?")
    retrieval.add_argument(
        "--dated", action="store_true", help="tell the search on what day each question was asked"
    )
    answers = action("answers", "are answers right, cited, and refused where they should be?")
    answers.add_argument("--questions", type=Path, metavar="FILE", help="not questions.jsonl")
    answers.add_argument("--every", type=_positive, default=1, metavar="K", help="each K-th only")
    form = answers.add_mutually_exclusive_group()
    form.add_argument("--short", action="store_true", help="answers in a few words")
    form.add_argument("--choices", action="store_true", help="one of each question's choices")
    answers.add_argument("--reading", action="store_true", help="give documents, do not search")
    answers.add_argument("--against", type=Path, metavar="FILE", help="another's predictions")
    grounding = action("grounding", "does the check of claims tell what is supported?")
    for each in (answers, grounding):
        each.add_argument(
            "--show", type=int, default=0, metavar="N", help="failures of each kind to print (0)"
        )


def _add_labels(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--collection", metavar="NAME", help="put it into this collection")
    parser.add_argument(
        "--tag", action="append", default=[], metavar="TAG", help="tag it; may be given again"
    )


def _add_filters(parser: argparse.ArgumentParser, *names: str, dates: bool = False) -> None:
    for name in names:
        parser.add_argument(
            f"--{name}", action="append", default=[], metavar=name.upper(),
            help=f"only with this {name}" if name == "tag" else f"only in this {name}",
        )  # fmt: skip
    if dates:
        parser.add_argument("--since", metavar="DATE", help="only from this date on (2026-03)")
        parser.add_argument("--until", metavar="DATE", help="only up to this date (2026)")


def _add_places(parser: argparse.ArgumentParser, default: object) -> None:
    parser.add_argument(
        "--home", type=Path, metavar="DIR", default=default, help="the data folder (REFDESK_HOME)"
    )
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        default=default,
        help="the settings file (REFDESK_CONFIG)",
    )


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return value
