"""Documents as the catalog takes and gives them: with their places, and ready to be stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from index.embed import Vectors
from index.types import Chunk, Document, Entry

__all__ = ["FIELDS", "Held", "Origin", "Stored"]

FIELDS = ("title", "author", "date", "source")
"""What is known of a document, and what a user may correct."""


@dataclass(frozen=True, slots=True)
class Origin:
    """A place that a document was read from.

    sha256      of the file's bytes
    recipe      with which it was read
    size        bytes, and `mtime_ns` of the file when it was read; None if not known
    collection  "": in none; None, when stored: leave it as it is
    synced      it came from a folder that the library mirrors
    """

    path: str
    sha256: str
    recipe: str
    size: int | None = None
    mtime_ns: int | None = None
    collection: str | None = None
    synced: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """A document that is held, by one of its places. `recipe`: of the document itself."""

    entry: Entry
    origin: Origin
    recipe: str


@dataclass(frozen=True, slots=True)
class Stored:
    """What a document is stored from: `Document` as its reader found it, and the rest made of it.

    digests  SHA-256 of each passage's embedded text
    fresh    vectors, shape (dimension,), of those digests that are not stored yet
    """

    found: Document
    edits: Mapping[str, str | None]
    recipe: str
    chunks: Sequence[Chunk]
    digests: Sequence[bytes]
    fresh: Mapping[bytes, Vectors]
    fingerprint: str
