"""A filter → the documents and passages that a search may show."""

from __future__ import annotations

from collections.abc import Callable

from index.catalog import Catalog
from index.errors import NotFoundError
from index.types import Entry, Filter
from index.vectors import Ids

__all__ = ["Limited", "Limits"]

Limited = tuple[frozenset[int], Ids]
"""Numbers of documents, and their passages' ids, shape (n,)."""


class Limits:
    """Keeps the last result: a question is often searched for in several ways."""

    def __init__(self, catalog: Catalog, get: Callable[[str], Entry], *, newest: bool) -> None:
        """get: `Library.get`; newest: of several versions of one article only the newest."""
        self._catalog = catalog
        self._get = get
        self._newest = newest
        self._last: tuple[tuple[int, Filter], Limited | None] | None = None

    def limit(self, where: Filter) -> Limited | None:
        """What `where` lets through; None: everything.

        Raises NotFoundError for a document, collection or tag that there is none of.
        """
        key = (self._catalog.revision(), where)
        last = self._last
        if last is not None and last[0] == key:
            return last[1]
        self._check(where)
        documents = self._catalog.select(
            newest=self._newest,
            documents=[self._get(each).id for each in where.documents],
            collections=where.collections,
            tags=where.tags,
            date_from=where.date_from,
            date_to=where.date_to,
        )
        found = None
        if documents is not None:
            found = (documents, self._catalog.chunk_ids(documents))
        self._last = (key, found)
        return found

    def _check(self, where: Filter) -> None:
        known = self._catalog.collections() if where.collections else {}
        for name in where.collections:
            if name not in known:
                raise NotFoundError(
                    f"No collection {name!r} in the library. `refdesk collections` lists them."
                )
        tags = self._catalog.tags() if where.tags else {}
        for tag in where.tags:
            if tag not in tags:
                have = ", ".join(tags) or "none"
                raise NotFoundError(f"No document has the tag {tag!r}. Tags in use: {have}.")
