"""The command line: words in, a command called, errors told in one line, an exit code out.

Exit codes: 0 done, 1 an error told to the user, 2 wrong usage, 130 interrupted. Only the
standard library is imported here, so that `refdesk --help` answers at once; a command imports
what it needs when it runs (see `ui.commands`).
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
import traceback
from collections.abc import Sequence

from index.errors import RefdeskError, StorageError
from ui.arguments import parser

__all__ = ["main", "parser"]


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


if __name__ == "__main__":
    sys.exit(main())
