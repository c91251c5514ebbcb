"""A search and its limits, as the command line and the HTTP interface are told them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from index.dates import is_iso
from index.errors import UsageError
from index.types import Filter

__all__ = ["UNKNOWN", "asked", "iso", "limits", "limits_of"]

UNKNOWN = "unknown"
"""What a user writes for a date, an author or a source that is not known."""


def asked(question: str) -> str:
    """The same rule as the engine's, for a search that needs no engine. Raises UsageError."""
    if not any(each.isalnum() for each in question):
        raise UsageError("The question is empty. Type what you want to know.")
    return question


def limits_of(arguments: argparse.Namespace) -> Filter | None:
    """The limits that a command's options set; None: none. Raises UsageError."""
    return limits(
        arguments.collection, arguments.document, arguments.tag, arguments.since, arguments.until
    )


def limits(
    collections: Sequence[str],
    documents: Sequence[str],
    tags: Sequence[str],
    since: str | None,
    until: str | None,
) -> Filter | None:
    """A filter with its dates checked; None where nothing is limited. Raises UsageError."""
    found = Filter(
        tuple(collections),
        tuple(documents),
        tuple(tags),
        iso(since, "since") if since else None,
        iso(until, "until") if until else None,
    )
    return found or None


def iso(text: str, name: str) -> str:
    """`text` if it is an ISO date. Raises UsageError, which calls it `name`."""
    if not is_iso(text.strip()):
        raise UsageError(
            f"{name} = {text!r} is not a date. Write a year, a month or a day: 2026, 2026-03, "
            "2026-03-01."
        )
    return text.strip()
