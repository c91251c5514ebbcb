"""The command that reads passages beforehand."""

from __future__ import annotations

import argparse

from index.errors import UsageError
from ui.opening import opened
from ui.progress import ProgressBar

__all__ = ["preread"]

_MB = 1024 * 1024


def preread(arguments: argparse.Namespace) -> int:
    """Raises UsageError where it is switched off, LibraryError, ModelError, StorageError."""
    with opened(arguments) as parts:
        if not parts.settings.model.preread_mb:
            raise UsageError(
                "`model.preread_mb` is 0: passages are not read beforehand. Set how many MB of the "
                "disk they may take."
            )
        full = False
        with ProgressBar() as bar:
            for far in parts.prereader.read():
                full = far.full
                bar("Reading beforehand", far.done, far.total)
        held = parts.generator.shelving.held()
    room = f"{held.bytes / _MB:,.0f} of {parts.settings.model.preread_mb:,} MB"
    print(f"{held.passages:,} passages are read beforehand ({room}).")
    if full:
        print("There is no room for the others: raise `model.preread_mb`, or leave it so. What")
        print("answers are made of is read in the place of what was used longest ago.")
    return 0
