"""Documents cut and embedded anew from what is stored of them: their files are not looked at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from index.ahead import batches
from index.catalog import Catalog
from index.embed import Embedder
from index.ingest import Cut, Ingest
from index.report import Progress

__all__ = ["reindex"]


@dataclass(frozen=True, slots=True)
class _Again:
    """A document cut anew. `texts` must be embedded for it; see `index.ahead.Item`."""

    number: int
    cut: Cut
    texts: Mapping[bytes, str]

    @property
    def weight(self) -> int:
        return max(1, len(self.texts))


def reindex(
    catalog: Catalog, ingest: Ingest, embedder: Embedder, progress: Progress | None = None
) -> int:
    """Brings every document to the present way of cutting and embedding. Returns how many.

    What was done stays when it is interrupted, and is not done again. The caller holds the
    library's write lock. Raises ModelError, StorageError.
    """
    numbers = ingest.outdated()
    done = 0
    with closing(batches(_cut(ingest, numbers), embedder.embed_passages)) as made:
        for documents, fresh in made:
            with catalog.together():
                for each in documents:
                    ingest.renew(each.number, each.cut, fresh)
            done += len(documents)
            if progress:
                progress("", done, len(numbers))
    catalog.versions.find()
    return done


def _cut(ingest: Ingest, numbers: Sequence[int]) -> Iterator[_Again]:
    for number in numbers:
        cut = ingest.again(number)
        yield _Again(number, cut, ingest.unknown(cut))
