"""Search by words through Tantivy, whose time hardly grows with the library.

The one place that imports tantivy. Two of its indexes lie side by side, because BM25 needs each
kind's own lengths and counts: `passages/` and `articles/`. What is opened never changes: a new
state of the library is a new folder (see `index.generations`, `index.wordcache`).

Beside FTS5, its scores are a little coarser (a passage's length is kept in one byte), removed
passages count as occurrences until their segments are merged, and its stems are those of the newer
English Snowball stemmer.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import unicodedata
from collections.abc import Callable, Collection, Iterator
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from index.errors import CorruptError
from index.texts import Text, Texts
from index.words import TITLE_WEIGHT, topical

__all__ = ["TantivyWords", "fingerprint", "installed", "update"]

_RECIPE = 1
"""Raise it when other words, or other fields, are written."""

_HEAP_BYTES = 64_000_000
_LONGEST_WORD = 255
_FEW = 8
"""Documents are looked for in the index if they are this part of all; else what is found is
filtered, which is faster where most of it may stay."""


def installed() -> bool:
    """Whether the package is here. It has no build for some processors."""
    return find_spec("tantivy") is not None


def fingerprint() -> str:
    """What an index depends on besides the texts."""
    return f"{version('tantivy')}:{_RECIPE}"


class TantivyWords:
    """The word search (`index.words.WordSearch`) of one folder that `update` filled."""

    name = "tantivy"

    def __init__(self, folder: Path) -> None:
        """Raises CorruptError where there is no index that can be opened."""
        self._analyzer = _analyzer()
        with _told(folder), _openable(folder) as place:
            self._passages = _searcher(_opened(place / "passages"))
            self._articles = _searcher(_opened(place / "articles"))

    def __len__(self) -> int:
        """The number of passages."""
        return int(self._passages.num_docs)

    def passages(
        self, question: str, k: int, documents: Collection[int] | None = None
    ) -> list[tuple[int, float]]:
        return self._best(self._passages, _passage_schema(), "id", question, k, documents)

    def articles(
        self, question: str, k: int, documents: Collection[int] | None = None
    ) -> list[tuple[int, float]]:
        return self._best(self._articles, _article_schema(), "document", question, k, documents)

    def _best(
        self,
        searcher: Any,
        schema: Any,
        named: str,
        question: str,
        k: int,
        documents: Collection[int] | None,
    ) -> list[tuple[int, float]]:
        """The `k` best of an index, by the number in the field `named`."""
        from tantivy import Occur, Query

        terms = self._terms(question)
        if not terms or k < 1 or (documents is not None and not documents):
            return []
        # A word twice, as "loaf" and "loaves" are, counts twice, as it does in FTS5.
        query = Query.boolean_query(
            [(Occur.Should, Query.term_query(schema, "text", term, "freq")) for term in terms]
        )
        if documents is None:
            return _found(searcher, query, k, named)
        if len(documents) * _FEW <= self._articles.num_docs:
            owned = Query.term_set_query(schema, "document", sorted(documents))
            both = [(Occur.Must, query), (Occur.Must, Query.const_score_query(owned, 0.0))]
            return _found(searcher, Query.boolean_query(both), k, named)
        wide = 2 * k
        while True:
            found = _found(searcher, query, wide, named, "document")
            kept = [(number, score) for number, score, owner in found if owner in documents]
            if len(kept) >= k or len(found) < wide:
                return kept[:k]
            wide *= 8

    def _terms(self, question: str) -> list[str]:
        words = topical(_composed(question))
        return [term for word in words for term in self._analyzer.analyze(word)]


def update(folder: Path, texts: Texts, *, stopped: Callable[[], bool]) -> int:
    """Makes the indexes in a folder, empty or filled before, hold one state of a library.

    Only documents that are new, changed or gone since are touched. What is written stands aside of
    what was: files are added and deleted, or replaced by renaming.

    Returns the number of passages written. Raises CorruptError (the folder holds no sound index),
    InterruptedError (`stopped`), OSError.
    """
    with _told(folder):
        passages = _opened(folder / "passages", _passage_schema())
        articles = _opened(folder / "articles", _article_schema())
        held = dict(_versions(articles))
        wanted = texts.versions()
        gone = [number for number in held if held[number] != wanted.get(number)]
        fresh = [number for number in wanted if held.get(number) != wanted[number]]
        with _written(passages) as into_passages, _written(articles) as into_articles:
            for number in gone:
                into_passages.delete_documents_by_query(_of(_passage_schema(), number))
                into_articles.delete_documents_by_query(_of(_article_schema(), number))
            written = 0
            for number in fresh:
                if stopped():
                    raise InterruptedError
                text = texts.read(number)
                for made in _passage_documents(text):
                    into_passages.add_document(made)
                into_articles.add_document(_article_document(text, wanted[number]))
                written += len(text.passages)
    return written


def _passage_schema() -> Any:
    from tantivy import SchemaBuilder

    return (
        SchemaBuilder()
        .add_unsigned_field("id", fast=True)
        .add_unsigned_field("document", indexed=True, fast=True)
        .add_text_field("text", tokenizer_name="refdesk", index_option="freq")
        .build()
    )


def _article_schema() -> Any:
    from tantivy import SchemaBuilder

    return (
        SchemaBuilder()
        .add_unsigned_field("document", indexed=True, fast=True)
        .add_unsigned_field("version", fast=True)
        .add_text_field("text", tokenizer_name="refdesk", index_option="freq")
        .build()
    )


def _passage_documents(text: Text) -> Iterator[Any]:
    from tantivy import Document

    for number, header, passage in text.passages:
        made = Document()
        made.add_unsigned("id", number)
        made.add_unsigned("document", text.document)
        made.add_text("text", _composed(header))
        made.add_text("text", _composed(passage))
        yield made


def _article_document(text: Text, version: int) -> Any:
    from tantivy import Document

    made = Document()
    made.add_unsigned("document", text.document)
    made.add_unsigned("version", version)
    # Boosting a field of its own would let its words be rare there: "news" is in few titles.
    for _ in range(TITLE_WEIGHT):
        made.add_text("text", _composed(text.title))
    made.add_text("text", _composed("\n".join(passage for _, _, passage in text.passages)))
    return made


def _composed(text: str) -> str:
    """A letter and its accent as one character: Tantivy ends a word at a lone accent."""
    return unicodedata.normalize("NFC", text)


def _analyzer() -> Any:
    from tantivy import Filter, TextAnalyzerBuilder, Tokenizer

    return (
        TextAnalyzerBuilder(Tokenizer.simple())
        .filter(Filter.remove_long(_LONGEST_WORD))
        .filter(Filter.lowercase())
        .filter(Filter.ascii_fold())
        .filter(Filter.stemmer("english"))
        .build()
    )


def _opened(folder: Path, schema: Any = None) -> Any:
    """The index in a folder; one is made there where there is none and a schema is given."""
    from tantivy import Index

    if schema is None:
        index = Index.open(str(folder))
    else:
        folder.mkdir(exist_ok=True)
        index = Index(schema, str(folder))
    # Otherwise a thread would look for changes of what never changes, twice a second.
    index.config_reader("manual")
    index.register_tokenizer("refdesk", _analyzer())
    return index


def _searcher(index: Any) -> Any:
    index.reload()
    return index.searcher()


@contextlib.contextmanager
def _written(index: Any) -> Iterator[Any]:
    """An index's writer; at the end all is on disk, and no thread is merging any more."""
    writer = index.writer(_HEAP_BYTES, 1)
    try:
        yield writer
        writer.commit()
    finally:
        writer.wait_merging_threads()


def _of(schema: Any, document: int) -> Any:
    # Deleting by term takes every number for a signed one, and finds none.
    from tantivy import Query

    return Query.term_query(schema, "document", document)


def _versions(index: Any) -> Iterator[tuple[int, int]]:
    """The documents that an index of articles holds, and their versions."""
    from tantivy import Query

    searcher = _searcher(index)
    if not searcher.num_docs:
        return
    hits = searcher.search(Query.all_query(), searcher.num_docs, count=False).hits
    places = [place for _, place in hits]
    numbers = searcher.fast_field_values("document", places)
    yield from zip(numbers, searcher.fast_field_values("version", places), strict=True)


def _found(searcher: Any, query: Any, k: int, *named: str) -> list[Any]:
    """The best `k`: (the first named field, the score, the other named fields)."""
    hits = searcher.search(query, k, count=False).hits
    places = [place for _, place in hits]
    first, *others = (searcher.fast_field_values(name, places) for name in named)
    return list(zip(first, (float(score) for score, _ in hits), *others, strict=True))


@contextlib.contextmanager
def _openable(folder: Path) -> Iterator[Path]:
    """The folder, or links to its files: Tantivy opens nothing without making a lock beside it."""
    if all(os.access(each, os.W_OK) for each in (folder / "passages", folder / "articles")):
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="refdesk-") as made:
        for kind in ("passages", "articles"):
            place = Path(made) / kind
            place.mkdir()
            for file in (folder / kind).iterdir():
                if file.suffix != ".lock":
                    (place / file.name).symlink_to(file.absolute())
        yield Path(made)


@contextlib.contextmanager
def _told(folder: Path) -> Iterator[None]:
    """Turns Tantivy's errors, which come as ValueError and RuntimeError, into ours."""
    try:
        yield
    except (ValueError, RuntimeError) as exc:
        raise CorruptError(f"The word index {folder} cannot be used ({exc}).") from exc
