"""The command line: words in, a command called, errors told in one line, an exit code out.

Exit codes: 0 done, 1 an error told to the user, 2 wrong usage, 130 interrupted. Only the
standard library is imported here, so that `refdesk --help` answers at once; a command imports
what it needs when it runs (see `ui.commands`).
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import io
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from index.errors import RefdeskError, StorageError

VERSION = "0.1.0"

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

    add = command("add", "read files and folders into the library")
    add.add_argument("paths", nargs="+", type=Path, metavar="PATH")

    remove = command("remove", "take documents out of the library; their files stay")
    remove.add_argument("documents", nargs="+", metavar="DOCUMENT", help="number, path or name")

    listing = command("list", "list the documents in the library")
    listing.add_argument("--json", action="store_true", help="print JSON")

    show = command("show", "show a document as the library holds it")
    show.add_argument("document", metavar="DOCUMENT", help="number, path or file name")
    form = show.add_mutually_exclusive_group()
    form.add_argument(
        "--text",
        action="store_true",
        help="print the extracted text only, exactly as offsets count it",
    )
    form.add_argument("--json", action="store_true", help="print JSON")

    search = command("search", "find the passages that fit a question best")
    search.add_argument("question", metavar="QUESTION")
    search.add_argument("-k", type=_positive, default=10, metavar="N", help="how many (10)")
    search.add_argument("--json", action="store_true", help="print JSON")

    ask = command("ask", "answer a question from the library, with citations")
    ask.add_argument("question", metavar="QUESTION")
    ask.add_argument("--json", action="store_true", help="print JSON")

    serve = command("serve", "serve the page on this machine")
    serve.add_argument("--host", metavar="ADDRESS", help="address (serve.host)")
    serve.add_argument("--port", type=int, metavar="N", help="port (serve.port)")
    serve.add_argument("--no-browser", action="store_true", help="do not open the page")

    config = command("config", "print the settings in force, and where each comes from")
    config.add_argument("--json", action="store_true", help="print JSON")

    models = command("models", "list, fetch, add or verify models")
    actions = models.add_subparsers(dest="action", metavar="ACTION", required=True)

    def action(name: str, text: str) -> argparse.ArgumentParser:
        return actions.add_parser(name, help=text, parents=[places])

    model_list = action("list", "list the models in the manifest")
    model_list.add_argument("--json", action="store_true", help="print JSON")
    pull = action("pull", "fetch models; none named: the two in the settings")
    pull.add_argument("names", nargs="*", metavar="NAME")
    model_add = action("add", "copy a model from a file or folder into its place")
    model_add.add_argument("path", type=Path, metavar="PATH")
    model_add.add_argument("--name", help="a name for a model that is not in the manifest")
    model_add.add_argument("--family", help="how that model is spoken to")
    model_add.add_argument("--context", type=_positive, help="tokens that it reads at once")
    convert = action("convert", "make an embedder faster: OpenVINO with 8-bit numbers")
    convert.add_argument("names", nargs="*", metavar="NAME")
    verify = action("verify", "check installed models against their checksums")
    verify.add_argument("names", nargs="*", metavar="NAME")
    return top


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


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command. Returns the exit code; never raises."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Titles and quotes hold any character, whatever the terminal's locale says.
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        arguments = parser().parse_args(argv)
    except SystemExit as stop:
        return int(stop.code or 0)
    try:
        from ui import commands

        return commands.run(arguments)
    except RefdeskError as exc:
        return _told(exc)
    except KeyboardInterrupt:
        print(
            "refdesk: interrupted. What was stored stays; run it again to go on.", file=sys.stderr
        )
        return 130
    except BrokenPipeError:
        # The reader of a pipe (`| head`) has gone: nothing is left to say, and nowhere to say it.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as exc:
        if exc.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
            where = f" {exc.filename}" if exc.filename else ""
            return _told(
                StorageError(f"Cannot write{where}: {exc.strerror}. Make room and run it again.")
            )
        return _unforeseen(exc)
    except Exception as exc:
        return _unforeseen(exc)


def _told(exc: RefdeskError) -> int:
    print(f"refdesk: {' '.join(str(exc).split())}", file=sys.stderr)
    return exc.exit_code


def _unforeseen(exc: Exception) -> int:
    """A fault of ours: one line for the user, the traceback in a file for a report."""
    import tempfile

    kind = f"{type(exc).__name__}: {' '.join(str(exc).split())}"[:300]
    try:
        handle, name = tempfile.mkstemp(prefix="refdesk-", suffix=".log")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            traceback.print_exception(exc, file=file)
        details = f"The details are in {name}."
    except OSError:
        details = "The details could not be written to a file."
    print(f"refdesk: a fault in Refdesk itself ({kind}). {details}", file=sys.stderr)
    return 1


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return value


if __name__ == "__main__":
    sys.exit(main())
