"""A document that was read → stored: where it belongs, what must be embedded, its versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from types import MappingProxyType
from typing import Literal

from index.ahead import Fresh
from index.catalog import Catalog
from index.chunk import chunk, embedded
from index.database import digest
from index.embed import Embedder
from index.errors import EmptyDocumentError
from index.held import FIELDS, Held, Origin, Stored
from index.types import Chunk, Document

__all__ = ["RECIPE_VERSION", "Cut", "Ingest", "Outcome"]

# Part of every document's recipe: raise it when readers, cleaning or chunking change, and the
# next `add` re-indexes what was indexed the old way.
RECIPE_VERSION = 5

Outcome = Literal["added", "changed", "unchanged", "copied"]
"""copied: a new place of an article that is held already."""


_NONE: Fresh = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Cut:
    """A document cut into passages.

    edits    the corrections in force: title and date stand before each passage
    digests  of what is embedded of each passage, and `texts` that itself
    """

    edits: Mapping[str, str | None]
    chunks: Sequence[Chunk]
    digests: Sequence[bytes]
    texts: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a document that was read belongs.

    held        what is held of its place so far
    number      of the document that the file is, or becomes, a place of; None: a new one
    edits       that document's
    is_current  what is stored needs no change but one more, or a fresher, place
    """

    held: Held | None
    number: int | None
    edits: Mapping[str, str | None]
    is_current: bool


class Ingest:
    """Stores documents. The caller holds the library's write lock."""

    def __init__(self, catalog: Catalog, embedder: Embedder, chunk_tokens: int) -> None:
        self._catalog = catalog
        self._embedder = embedder
        self._chunk_tokens = chunk_tokens

    @property
    def recipe(self) -> str:
        """How documents are read, cut and embedded now."""
        return f"{RECIPE_VERSION}:{self.manner}"

    @property
    def manner(self) -> str:
        """How they are cut and embedded now."""
        return f"{self._chunk_tokens}:{self._embedder.fingerprint}"

    def recognised(self, origin: Origin) -> tuple[Outcome, int] | None:
        """What becomes of a file that is held byte for byte, here or elsewhere, and its document.

        None: it must be read.
        """
        if not origin.sha256:
            return None
        held = self._catalog.find(origin.path)
        if held:
            same = _same(held.origin, origin) and held.recipe == origin.recipe
            return ("unchanged", held.entry.id) if same else None
        for path in self._catalog.copies(origin.sha256):
            # The same bytes under another suffix are another text, or none.
            alike = PurePath(path).suffix.lower() == PurePath(origin.path).suffix.lower()
            twin = self._catalog.find(path) if alike else None
            if twin and _same(twin.origin, origin) and twin.recipe == origin.recipe:
                return "copied", twin.entry.id
        return None

    def recognise(self, origin: Origin) -> Outcome | None:
        """Notes such a file, without parsing it; None: it must be read."""
        found = self.recognised(origin)
        if found is None:
            return None
        outcome, number = found
        if outcome == "copied":
            self._catalog.attach(origin, number)
        else:
            self._catalog.touch([origin])
        return outcome

    def ahead(self, document: Document, origin: Origin) -> Cut | None:
        """What `keep` will store, as far as that can be told before its turn.

        None where it will store nothing but a place, or refuse.
        """
        place = self._place(document, origin)
        if place.is_current:
            return None
        try:
            return self.cut(document, place.edits)
        except EmptyDocumentError:
            return None

    def keep(
        self, document: Document, origin: Origin, cut: Cut | None = None, fresh: Fresh = _NONE
    ) -> Outcome:
        """Stores what was read from `origin`, unless it is held as it is.

        cut, fresh  what `ahead` made of it, and vectors of its texts; made now where they are
                    missing, or not of the document as it is to be stored

        The versions of what is stored are not looked for. Raises EmptyDocumentError, ModelError,
        StorageError.
        """
        place = self._place(document, origin)
        held, number = place.held, place.number
        if place.is_current and number is None:
            self._catalog.touch([origin])
            return "unchanged"
        if number is not None and place.is_current:
            self._catalog.attach(origin, number)
        else:
            fits = cut is not None and cut.edits == place.edits
            made = cut if cut and fits else self.cut(document, place.edits)
            self._store(document, made, fresh, origin.recipe, origin, number)
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
            self._correct(found, wanted, recipe, number)

    def restore(self, number: int) -> None:
        """Drops all corrections of a document. Raises NotFoundError."""
        found, edits, recipe = self._catalog.found(number)
        if edits:
            self._correct(found, {}, recipe, number)

    def _correct(
        self, found: Document, edits: Mapping[str, str | None], recipe: str, number: int
    ) -> None:
        self._store(found, self.cut(found, edits), _NONE, recipe, None, number)
        self._catalog.versions.find()

    def outdated(self) -> list[int]:
        """The documents that are not cut and embedded as they would be now."""
        return self._catalog.outdated(self.manner)

    def again(self, number: int) -> Cut:
        """A document that is held, cut as it would be now. Raises NotFoundError."""
        found, edits, _ = self._catalog.found(number)
        return self.cut(found, edits)

    def renew(self, number: int, cut: Cut, fresh: Fresh) -> None:
        """Stores a document that is held, cut and embedded as it would be now.

        How it was read stays noted: what readers do otherwise by now, the next `add` will see.
        Raises NotFoundError, ModelError, StorageError.
        """
        found, _, recipe = self._catalog.found(number)
        version = recipe.partition(":")[0]
        self._store(found, cut, fresh, f"{version}:{self.manner}", None, number)
        self._catalog.renewed(number, self.manner)

    def cut(self, found: Document, edits: Mapping[str, str | None]) -> Cut:
        """A document's passages, its corrections in force. Raises EmptyDocumentError."""
        title = edits.get("title") or found.title
        shown = {**{name: getattr(found, name) for name in FIELDS}, **edits, "title": title}
        chunks = chunk(
            replace(found, **shown),
            self._embedder.count,
            budget=self._chunk_tokens,
            limit=self._embedder.limit,
        )
        if not chunks:
            raise EmptyDocumentError("no text to index in it")
        texts = [embedded(title, c.header, c.text) for c in chunks]
        return Cut(edits, chunks, [digest(text) for text in texts], texts)

    def unknown(self, cut: Cut) -> dict[bytes, str]:
        """Those of the texts to embed whose vectors are not stored, by digest."""
        texts = dict(zip(cut.digests, cut.texts, strict=True))
        for key in self._catalog.known(list(texts), self._embedder.fingerprint):
            del texts[key]
        return texts

    def _place(self, document: Document, origin: Origin) -> _Place:
        """Where a document that was read belongs."""
        held = self._catalog.find(origin.path)
        if held and _same(held.origin, origin) and held.recipe == origin.recipe:
            return _Place(held, None, {}, True)
        number = self._belongs(document, origin, held)
        if number is None:
            return _Place(held, None, {}, False)
        stored, edits, recipe = self._catalog.found(number)
        same = recipe == origin.recipe and stored.text == document.text
        alone = held and held.entry.id == number and len(held.entry.origins) == 1
        return _Place(held, number, edits, same and (stored == document or not alone))

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

    def _store(
        self,
        found: Document,
        cut: Cut,
        fresh: Fresh,
        recipe: str,
        origin: Origin | None,
        number: int | None,
    ) -> None:
        vectors = {key: fresh[key] for key in cut.digests if key in fresh}
        if len(vectors) < len(set(cut.digests)):
            new = {k: text for k, text in self.unknown(cut).items() if k not in vectors}
            made = self._embedder.embed_passages(list(new.values())) if new else ()
            vectors.update(zip(new, made, strict=True))
        stored = Stored(
            found,
            cut.edits,
            recipe,
            cut.chunks,
            cut.digests,
            vectors,
            self._embedder.fingerprint,
        )
        self._catalog.put(stored, origin=origin, document_id=number)


def _same(held: Origin, origin: Origin) -> bool:
    return held.sha256 == origin.sha256 and held.recipe == origin.recipe
