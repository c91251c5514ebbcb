"""Kinds of files: one reader for each, and what opens those that hold several documents.

To read another kind of file, add one `@reader` function here; for a kind that may hold several
documents, one `@container` function. Knows nothing of files on disk.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from index import columns
from index.archive import MEMBER, Load, unpacked
from index.bylines import find_author, find_date, find_source
from index.clean import body_spans
from index.decode import decode
from index.epub import from_epub
from index.errors import (
    EmptyDocumentError,
    ReadError,
    UnsupportedError,
)
from index.formats import Extract, from_html, from_pdf
from index.mail import from_eml
from index.markdown import from_markdown
from index.office import from_docx, from_pptx, from_xlsx
from index.records import (
    are_articles,
    are_questions,
    article,
    articles_in,
    is_article,
    json_lines,
    json_of,
    told,
)
from index.tables import rows_of, table_lines
from index.titles import title_from, title_of
from index.types import Document

__all__ = ["Member", "check_suffix", "container", "opened", "reader", "suffixes"]

Reader = Callable[[bytes, str], Document]
"""The bytes of a file and its name → the document; raises only `ReadError`."""


@dataclass(frozen=True, slots=True)
class Member:
    """A document of a file, not yet parsed.

    name   its place in the file; "" where the file is the document
    parse  gives the document and the SHA-256 (hex) of what it was made of; raises `ReadError`
    """

    name: str
    parse: Callable[[], tuple[Document, str]]


Container = Callable[[bytes, str, int], Iterator[Member]]
"""The bytes of a file, its name and the largest member to read → its members, not yet parsed."""

_CHARSET = re.compile(
    rb"<(?:meta|\?xml)[^>]{0,200}?(?:charset|encoding)\s*=\s*[\"']?([\w.:-]{2,40})", re.IGNORECASE
)
_HALF = re.compile("[\ud800-\udfff]")  # half a surrogate pair
_readers: dict[str, Reader] = {}
_containers: dict[str, Container] = {}


def reader(*names: str) -> Callable[[Reader], Reader]:
    """Registers a function as the reader of files with these suffixes (".txt")."""

    def register(function: Reader) -> Reader:
        _readers.update(dict.fromkeys(names, function))
        return function

    return register


def container(*names: str) -> Callable[[Container], Container]:
    """Registers a function as what opens files with these suffixes."""

    def register(function: Container) -> Container:
        _containers.update(dict.fromkeys(names, function))
        return function

    return register


def suffixes() -> frozenset[str]:
    """The suffixes that can be read, in small letters, with their dot."""
    return frozenset(_readers) | frozenset(_containers)


def opened(data: bytes, name: str, max_bytes: int) -> Iterator[Member]:
    """The documents in the bytes of a file whose suffix is known. Raises `ReadError`."""
    if (split := _containers.get(_suffix(name))) is not None:
        yield from split(data, name, max_bytes)
    else:
        yield _whole(data, lambda: _readers[_suffix(name)](data, name))


def _whole(data: bytes, parse: Callable[[], Document]) -> Member:
    """The only document of a file."""
    return Member("", lambda: (_with_text(parse()), hashlib.sha256(data).hexdigest()))


def _with_text(document: Document) -> Document:
    if _HALF.search(document.text):  # as JSON can escape them: no program takes such text
        document = replace(document, text=_HALF.sub("\ufffd", document.text))
    if not any(ch.isprintable() and not ch.isspace() for ch in document.text):
        raise EmptyDocumentError("holds no text: there is nothing to index")
    return document


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def check_suffix(name: str) -> None:
    """Raises `UnsupportedError` if there is no reader for files of this name."""
    suffix = PurePosixPath(name).suffix
    if suffix.lower() not in suffixes():
        kind = f"files ending in {suffix}" if suffix else "files without a suffix"
        known = ", ".join(sorted(suffixes()))
        raise UnsupportedError(f"{kind} are not read: save the text as one of {known}")


@reader(".txt", ".text")
def _text(data: bytes, name: str) -> Document:
    return _document(Extract(columns.told(decode(data))), name, clean=True)


@reader(".md", ".markdown")
def _markdown(data: bytes, name: str) -> Document:
    return _document(from_markdown(decode(data), name), name)


@reader(".html", ".htm", ".xhtml")
def _html(data: bytes, name: str) -> Document:
    charset = _CHARSET.search(data, 0, 4096)
    declared = charset[1].decode("ascii", "replace").lower() if charset else None
    if declared in {"iso-8859-1", "latin1", "latin-1", "us-ascii", "ascii"}:
        declared = "cp1252"  # as browsers do
    return _document(from_html(decode(data, declared)), name, clean=True)


@reader(".pdf")
def _pdf(data: bytes, name: str) -> Document:
    return _document(from_pdf(data), name)


@reader(".docx")
def _docx(data: bytes, name: str) -> Document:
    return _document(from_docx(data), name)


@reader(".pptx")
def _pptx(data: bytes, name: str) -> Document:
    return _document(_titled(from_pptx(data), name), name)


@reader(".xlsx")
def _xlsx(data: bytes, name: str) -> Document:
    return _document(_titled(from_xlsx(data), name), name)


@reader(".epub")
def _epub(data: bytes, name: str) -> Document:
    return _document(_titled(from_epub(data), name), name)


@reader(".eml")
def _eml(data: bytes, name: str) -> Document:
    return _document(from_eml(data), name)


@container(".csv", ".tsv")
def _csv(data: bytes, name: str, _: int) -> Iterator[Member]:
    rows = rows_of(decode(data), "\t" if _suffix(name) == ".tsv" else None)
    head, below = (rows[0], rows[1:]) if rows else ([], [])
    # A row beyond its header has no name for what it holds: left out.
    records = [dict(zip(head, row, strict=False)) for row in below if any(row)]
    if records and are_articles(records):
        yield from _articles([(str(n), each) for n, each in enumerate(records, 1)], name)
    else:
        yield _whole(data, lambda: _told(Extract("\n\n".join(table_lines(rows))), name))


@container(".json")
def _json(data: bytes, name: str, _: int) -> Iterator[Member]:
    value = json_of(decode(data))
    found = articles_in(value)
    if found is not None:
        yield from _articles(found, name)
    elif is_article(value):
        yield _whole(data, lambda: _document(article(value), name, clean=True))
    else:
        yield _whole(data, lambda: _told(told(value), name))


@container(".jsonl", ".ndjson")
def _json_lines(data: bytes, name: str, _: int) -> Iterator[Member]:
    found = json_lines(decode(data))
    values = [value for _, value in found if not isinstance(value, ReadError)]
    if are_articles(values):
        yield from _articles(found, name)
    elif are_questions(values):
        raise UnsupportedError("holds questions with their answers, to measure with: not read")
    elif len(values) < len(found):
        wrong = next(label for label, value in found if isinstance(value, ReadError))
        raise ReadError(f"is not valid JSON in line {wrong}: correct or remove the line")
    else:
        yield _whole(data, lambda: _told(told(values), name))


@container(".zip")
def _zip(data: bytes, name: str, max_bytes: int) -> Iterator[Member]:
    for label, load in unpacked(data, max_bytes):
        if _suffix(label) in _containers and not label.lower().endswith(".zip"):
            yield from _inner(label, load, max_bytes)
        else:
            yield Member(label, partial(_unpacked, label, load))


def _inner(label: str, load: Load, max_bytes: int) -> Iterator[Member]:
    """The documents of a member that may hold several itself."""
    try:
        inner = list(opened(load(), label, max_bytes))
    except ReadError as exc:
        yield Member(label, partial(_failed, exc))
        return
    for each in inner:
        yield Member(f"{label}{MEMBER}{each.name}" if each.name else label, each.parse)


def _unpacked(label: str, load: Load) -> tuple[Document, str]:
    check_suffix(label)
    data = load()
    if not data:
        raise EmptyDocumentError("is empty: there is nothing to index")
    document = _readers[_suffix(label)](data, PurePosixPath(label).name)
    return _with_text(document), hashlib.sha256(data).hexdigest()


def _failed(error: ReadError) -> tuple[Document, str]:
    raise error


def _articles(found: Iterable[tuple[str, Any]], name: str) -> Iterator[Member]:
    for label, value in found:
        yield Member(label, partial(_article, value, name))


def _article(value: Any, name: str) -> tuple[Document, str]:
    if isinstance(value, ReadError):
        raise value
    if not isinstance(value, dict):
        raise EmptyDocumentError("holds no article: there is nothing to index")
    document = _with_text(_document(article(value), name, clean=True))
    canonical = json.dumps(value, sort_keys=True).encode()
    return document, hashlib.sha256(canonical).hexdigest()


def _told(found: Extract, name: str) -> Document:
    return _document(_titled(found, name), name)


def _titled(found: Extract, name: str) -> Extract:
    """Named after its file where it names no title: its first line is no title."""
    return replace(found, title=found.title or title_from(name, found.text))


def _document(found: Extract, name: str, *, clean: bool = False) -> Document:
    """An extract, with what it does not state looked up in its text and its file's name."""
    text = found.body[0].of(found.text) if found.body else found.text
    title = found.title or title_of(text, name)
    return Document(
        text=found.text,
        title=title,
        author=found.author or find_author(text),
        date=found.date or find_date(text),
        source=found.source or find_source(text),
        pages=found.pages,
        body=body_spans(text, title) if clean else found.body,
    )
