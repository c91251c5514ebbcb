"""Files looked at before their turn: what must be read, cut and embedded for each.

Changes nothing in the library. What it finds may be overtaken by the files before it that are not
stored yet: whoever stores asks again, and makes up for what is missing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from index import generations, sync
from index.archive import MEMBER
from index.catalog import Catalog
from index.database import digest
from index.errors import ReadError
from index.held import Origin
from index.ingest import Cut, Ingest
from index.types import Part
from index.walk import storable

__all__ = ["Look", "Looked", "Step", "is_fresh", "place_of"]

_CHARACTERS = 4096
"""So many weigh as much as a passage: what need not be embedded takes memory too."""


@dataclass(frozen=True, slots=True)
class Looked:
    """A file.

    explicit  the user named it, not a folder around it
    origin    with the checksum of its bytes only where some file held has its size
    parts     what it holds, or why it cannot be read; None: it need not be
    """

    file: Path
    explicit: bool
    origin: Origin
    parts: Sequence[Part] | ReadError | None


@dataclass(frozen=True, slots=True)
class Step:
    """A document of a file, or a file of which none is to be stored.

    texts  what must be embedded for it, by digest
    last   with it the file is done
    """

    looked: Looked
    part: Part | None = None
    cut: Cut | None = None
    texts: Mapping[bytes, str] = field(default_factory=lambda: MappingProxyType({}))
    first: bool = True
    last: bool = True

    @property
    def weight(self) -> int:
        """In passages; see `index.ahead.Item`."""
        content = self.part.content if self.part else None
        characters = 0 if content is None or isinstance(content, ReadError) else len(content.text)
        return max(1, len(self.texts), characters // _CHARACTERS)


class Look:
    """Looks at the files of one run."""

    def __init__(
        self,
        catalog: Catalog,
        ingest: Ingest,
        read: Callable[[Path], Sequence[Part]],
        *,
        synced: bool,
        check: bool,
    ) -> None:
        """
        read    gives what a file holds; raises ReadError
        synced  the files come from a folder that the library mirrors
        check   look into files whose size and time did not change too
        """
        self._catalog = catalog
        self._ingest = ingest
        self._read = read
        self._synced = synced
        self._check = check
        self._sizes = catalog.sizes()
        self._coming: set[bytes] = set()

    def steps(self, files: Iterable[tuple[Path, bool]]) -> Iterator[Step]:
        """What there is to do for files, each with whether it was named itself."""
        for file, explicit in files:
            yield from self.parts(self._looked(file, explicit))

    def parts(self, looked: Looked) -> Iterator[Step]:
        """What there is to do for one."""
        if looked.parts is None or isinstance(looked.parts, ReadError):
            yield Step(looked)
            return
        last = len(looked.parts) - 1
        for number, part in enumerate(looked.parts):
            cut = self._cut(part, place_of(looked.origin, part))
            texts = self._ingest.unknown(cut) if cut else {}
            yield Step(looked, part, cut, texts, number == 0, number == last)

    def again(self, looked: Looked) -> Looked:
        """A file that must be read after all."""
        try:
            parts: Sequence[Part] | ReadError = self._read(looked.file)
        except ReadError as exc:
            parts = exc
        return replace(looked, parts=parts)

    def stored(self, step: Step) -> None:
        """Told of each step that is done."""
        if step.part and not isinstance(step.part.content, ReadError):
            self._coming.discard(digest(step.part.content.text))

    def _looked(self, file: Path, explicit: bool) -> Looked:
        # Before it is read: what changes meanwhile is then seen as changed the next time.
        size, mtime_ns = sync.stamp(file)
        path, recipe = storable(file), self._ingest.recipe
        origin = Origin(path, "", recipe, size, mtime_ns, synced=self._synced)
        held = self._catalog.within(path)
        if path not in held and not self._check and is_fresh(held.values(), origin):
            return Looked(file, explicit, origin, None)
        sha256 = ""
        if size is not None and size in self._sizes:
            # Whoever reads it tells why it cannot be read.
            with contextlib.suppress(OSError):
                sha256 = generations.sha256(file)
        looked = Looked(file, explicit, replace(origin, sha256=sha256), None)
        if self._ingest.recognised(looked.origin):
            return looked
        looked = self.again(looked)
        if size is not None and not isinstance(looked.parts, ReadError):
            self._sizes.add(size)  # it may be held by the time of the next
        return looked

    def _cut(self, part: Part, origin: Origin) -> Cut | None:
        """What must be stored of a part; nothing where one that comes before has its text."""
        if isinstance(part.content, ReadError):
            return None
        key = digest(part.content.text)
        if key in self._coming:
            return None
        self._coming.add(key)
        return self._ingest.ahead(part.content, origin)


def place_of(origin: Origin, part: Part) -> Origin:
    """The place of a document in the file at `origin`.

    Only when all of a file of several documents is stored do they bear its size and time: one
    that was interrupted, or of which something could not be read, is read again.
    """
    if not part.name:
        return replace(origin, sha256=part.sha256)
    path = origin.path + MEMBER + part.name
    return replace(origin, path=path, sha256=part.sha256, size=None, mtime_ns=None)


def is_fresh(held: Collection[Origin], now: Origin) -> bool:
    """Whether all that a file of several documents holds was stored from the file as it is now."""
    return bool(held) and all(
        (each.size, each.mtime_ns, each.recipe) == (now.size, now.mtime_ns, now.recipe)
        and None not in (each.size, each.mtime_ns)
        for each in held
    )
