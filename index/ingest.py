"""A document that was read → stored: where it belongs, what must be embedded, its versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

from index import generations
from index.catalog import Catalog
from index.chunk import chunk, embedded
from index.database import digest
from index.embed import Embedder
from index.errors import EmptyDocumentError
from index.held import FIELDS, Held, Origin, Stored
from index.types import Document

__all__ = ["RECIPE_VERSION", "Ingest", "Outcome"]

# Part of every document's recipe: raise it when readers, cleaning or chunking change, and the
# next `add` re-indexes what was indexed the old way.
RECIPE_VERSION = 3

Outcome = Literal["added", "changed", "unchanged", "copied"]
"""copied: a new place of an article that is held already."""


class Ingest:
    """Stores documents. The caller holds the library's write lock."""

    def __init__(self, catalog: Catalog, embedder: Embedder, chunk_tokens: int) -> None:
        self._catalog = catalog
        self._embedder = embedder
        self._chunk_tokens = chunk_tokens

    @property
    def recipe(self) -> str:
        """How documents are read, cut and embedded now."""
        return f"{RECIPE_VERSION}:{self._chunk_tokens}:{self._embedder.fingerprint}"

    def recognise(self, file: Path, origin: Origin) -> Outcome | None:
        """Notes a file that is held byte for byte, here or elsewhere, without parsing it.

        None: it must be read. `origin.sha256` is not known yet.
        """
        held = self._catalog.find(origin.path)
        if origin.size is None or not (
            held.origin.size == origin.size if held else self._catalog.holds_size(origin.size)
        ):
            return None
        try:
            known = replace(origin, sha256=generations.sha256(file))
        except OSError:
            return None  # whoever reads it tells why it cannot be
        if held:
            if not _same(held.origin, known) or held.recipe != known.recipe:
                return None
            self._catalog.touch([known])
            return "unchanged"
        for path in self._catalog.copies(known.sha256):
            # The same bytes under another suffix are another text, or none.
            alike = Path(path).suffix.lower() == file.suffix.lower()
            twin = self._catalog.find(path) if alike else None
            if twin and _same(twin.origin, known) and twin.recipe == known.recipe:
                self._catalog.attach(known, twin.entry.id)
                return "copied"
        return None

    def keep(self, document: Document, origin: Origin) -> Outcome:
        """Stores what was read from `origin`, unless it is held as it is.

        Raises EmptyDocumentError, ModelError, StorageError.
        """
        held = self._catalog.find(origin.path)
        if held and _same(held.origin, origin) and held.recipe == origin.recipe:
            self._catalog.touch([origin])
            return "unchanged"
        number = self._belongs(document, origin, held)
        if number is not None and self._is_current(number, document, origin, held):
            self._catalog.attach(origin, number)
        else:
            edits = self._catalog.found(number)[1] if number is not None else {}
            self._store(document, edits, origin.recipe, origin, number)
        if held:
            return "changed"
        return "copied" if number is not None else "added"

    def correct(self, number: int, changes: Mapping[str, str | None]) -> None:
        """Corrects what is known of a document; it is cut and embedded again.

        changes  of `index.held.FIELDS`. Raises NotFoundError.
        """
        found, edits, recipe = self._catalog.found(number)
        wanted = {**edits, **changes}
        if wanted != edits:
            self._store(found, wanted, recipe, None, number)

    def restore(self, number: int) -> None:
        """Drops all corrections of a document. Raises NotFoundError."""
        found, edits, recipe = self._catalog.found(number)
        if edits:
            self._store(found, {}, recipe, None, number)

    def _belongs(self, document: Document, origin: Origin, held: Held | None) -> int | None:
        """The document that a file is, or becomes, a place of; None: a new one."""
        twin = self._catalog.twin(origin, document.text)
        if held is None:
            return twin
        mine = held.entry.id
        if self._catalog.text(mine) == document.text:
            return mine
        reread = held.origin.sha256 == origin.sha256 and held.recipe != origin.recipe
        if reread:
            return mine  # the same file by another recipe: its copies are compared in their turn
        if len(held.entry.origins) > 1:
            return twin if twin != mine else None
        # One that the user has worked on is not given up for its new twin.
        kept = bool(held.entry.edited or held.entry.tags)
        return mine if kept or twin is None else twin

    def _is_current(
        self, number: int, document: Document, origin: Origin, held: Held | None
    ) -> bool:
        """Whether what is stored needs no change but one more, or a fresher, place."""
        found, _, recipe = self._catalog.found(number)
        if recipe != origin.recipe or found.text != document.text:
            return False
        alone = held and held.entry.id == number and len(held.entry.origins) == 1
        return found == document or not alone

    def _store(
        self,
        found: Document,
        edits: Mapping[str, str | None],
        recipe: str,
        origin: Origin | None,
        number: int | None,
    ) -> None:
        title = edits.get("title") or found.title
        shown = {**{name: getattr(found, name) for name in FIELDS}, **edits, "title": title}
        document = replace(found, **shown)
        chunks = chunk(
            document, self._embedder.count, budget=self._chunk_tokens, limit=self._embedder.limit
        )
        if not chunks:
            raise EmptyDocumentError("no text to index in it")
        texts = [embedded(document.title, c.header, c.text) for c in chunks]
        digests = [digest(text) for text in texts]
        known = self._catalog.known(digests, self._embedder.fingerprint)
        new = {key: text for key, text in zip(digests, texts, strict=True) if key not in known}
        vectors = self._embedder.embed_passages(list(new.values())) if new else ()
        stored = Stored(
            found,
            edits,
            recipe,
            chunks,
            digests,
            dict(zip(new, vectors, strict=True)),
            self._embedder.fingerprint,
        )
        self._catalog.put(stored, origin=origin, document_id=number)
        self._catalog.versions.find()


def _same(held: Origin, origin: Origin) -> bool:
    return held.sha256 == origin.sha256 and held.recipe == origin.recipe
