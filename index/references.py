"""What a user calls a document, or a file of several → the documents meant."""

from __future__ import annotations

from pathlib import Path

from index.archive import is_named
from index.catalog import Catalog
from index.errors import NotFoundError
from index.types import Entry
from index.walk import storable

__all__ = ["document", "members", "places"]


def document(catalog: Catalog, reference: str) -> Entry:
    """The document of that number, path, or file name where only one has it.

    Raises NotFoundError.
    """
    if reference.isdecimal() and len(reference) < 19:
        entry = catalog.entry(int(reference))
        if entry is not None:
            return entry
    held = catalog.find(reference) or catalog.find(storable(Path(reference)))
    if held is not None:
        return held.entry
    named = catalog.named(reference)
    if len(named) == 1:
        return named[0]
    if named:
        places = ", ".join(f"{entry.id} ({entry.path})" for entry in named)
        raise NotFoundError(
            f"Several documents are named {reference!r}: {places}. Name one by its number."
        )
    raise NotFoundError(f"No document {reference!r} in the library. `refdesk list` shows them all.")


def members(catalog: Catalog, reference: str) -> tuple[list[str], list[Entry]]:
    """The places in a file of several documents, by its path or name, and what is held of them.

    Empty where there is no such file; raises NotFoundError where there are several.
    """
    found = catalog.members(storable(Path(reference))) or catalog.members(reference)
    if len(found) > 1:
        raise NotFoundError(
            f"Several files are named {reference!r}: {', '.join(found)}. Name one by its path."
        )
    places = [path for paths in found.values() for path in paths]
    held = [each.entry for path in places if (each := catalog.find(path))]
    return places, list({entry.id: entry for entry in held}.values())


def places(entry: Entry, reference: str) -> list[str]:
    """Those places of a document that `reference` names by path or file name."""
    path = storable(Path(reference))
    return [
        each for each in entry.origins if each in (reference, path) or is_named(each, reference)
    ]
