"""Values that travel from a file to a ranked passage. Frozen, and without identity.

Identity (a row number, when something was added) is a matter of storage and lives in
`index.catalog`. All offsets count Unicode code points into `Document.text`, half open:
`text[start:end]` is the thing itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from index.errors import ReadError


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open range of character offsets into a document's text."""

    start: int
    end: int

    def of(self, text: str) -> str:
        """The characters of `text` that this span covers."""
        return text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a paginated document: its printed order (from 1) and its place in the text."""

    number: int
    span: Span


@dataclass(frozen=True, slots=True)
class Document:
    """What a reader makes of one file.

    text    the extracted text, exactly as `refdesk show --text` prints it
    title   never empty: the document's own, else made from the file's name
    author  as written, or None
    date    publication date as ISO 8601, possibly only a year or a month; None if unknown
    source  who published it, or None
    pages   page spans in order; empty for formats without pages
    body    the spans that are the article itself, in order; None: all of the text.
            What lies outside (menus, share bars, comment boxes) is never indexed or cited.
    """

    text: str
    title: str
    author: str | None = None
    date: str | None = None
    source: str | None = None
    pages: tuple[Page, ...] = ()
    body: tuple[Span, ...] | None = None

    @property
    def spans(self) -> tuple[Span, ...]:
        """The spans to index: `body`, or the whole text."""
        return self.body if self.body is not None else (Span(0, len(self.text)),)


@dataclass(frozen=True, slots=True)
class Part:
    """A document of a file that may hold several, or why it could not be read.

    name     its place in the file ("2029/ships.pdf", "3"); "" where the file is the document
    content  the document, or the error to be told
    sha256   of the bytes or the record that it was made of, in hex; "" if there is no document
    """

    name: str
    content: Document | ReadError
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage of one document, small enough for the embedder.

    header  title, date and section, embedded and searched with the passage, never cited
    page    the page on which the passage starts, or None
    """

    ordinal: int
    start: int
    end: int
    text: str
    header: str
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A document as the library keeps it.

    path         the first of its origins
    sha256       of that file's bytes
    origins      every place that holds this article, in the order in which they were added
    collections  those that its origins were put into
    edited       what the user corrected, of title, author, date and source
    also_in      the origins of its other versions (near-duplicates), if any
    """

    id: int
    path: str
    sha256: str
    title: str
    author: str | None
    date: str | None
    source: str | None
    added: str
    characters: int
    chunks: int
    origins: tuple[str, ...] = ()
    collections: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    edited: tuple[str, ...] = ()
    also_in: tuple[str, ...] = ()

    @property
    def elsewhere(self) -> tuple[str, ...]:
        """Every place but `path`: of the article itself, then of its other versions."""
        return (*(each for each in self.origins if each != self.path), *self.also_in)


@dataclass(frozen=True, slots=True)
class Filter:
    """What a search is limited to; what is left empty limits nothing.

    collections  documents in any of them
    documents    numbers, paths or file names, as `Library.get` takes them
    tags         documents with all of them
    date_from    ISO date, possibly only a year or a month; inclusive
    date_to      the same. A document known only by month or year counts if any day of it is in
                 the range; one without a date never does.
    """

    collections: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    date_from: str | None = None
    date_to: str | None = None

    def __bool__(self) -> bool:
        return self != Filter()


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that a search found, best first.

    score       the fused score, comparable within one search only; a reranker, if there is one,
                changes the order and not the scores
    similarity  cosine between question and passage, in [-1, 1]; None if found by words alone
    bm25        the BM25 score (higher is better); None if found by vectors alone
    """

    chunk_id: int
    entry: Entry
    chunk: Chunk
    score: float
    similarity: float | None = None
    bm25: float | None = None
