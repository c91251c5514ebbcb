"""Files → documents: one reader for each kind of file, and plain text and Markdown themselves.

To read another kind of file, add one `@reader` function here. A file is read once and parsed
from memory, so that one that changes meanwhile cannot give a torn state.
"""

from __future__ import annotations

import hashlib
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from index.clean import body_spans, is_furniture
from index.dates import find_author, find_date, find_source, normalise
from index.decode import decode
from index.errors import (
    EmptyDocumentError,
    LockedError,
    ReadError,
    TooLargeError,
    UnsupportedError,
)
from index.formats import Extract, from_docx, from_html, from_pdf, plain, tidy
from index.types import Document, Span

__all__ = ["read", "reader", "suffixes", "title_of"]

Reader = Callable[[bytes, str], Document]
"""The bytes of a file and its name → the document; raises only `ReadError`."""

_MB = 1024 * 1024
_TITLE_CHARACTERS = 150
_SHORT_TITLE = 80
_CHARSET = re.compile(
    rb"<(?:meta|\?xml)[^>]{0,200}?(?:charset|encoding)\s*=\s*[\"']?([\w.:-]{2,40})", re.IGNORECASE
)
_GENERIC = re.compile(
    r"article|copy|doc(?:ument)?|download|export|file|img|index|new|page|scan|te?xt|unnamed|untitled",
    re.IGNORECASE,
)
_readers: dict[str, Reader] = {}


def reader(*names: str) -> Callable[[Reader], Reader]:
    """Registers a function as the reader of files with these suffixes (".txt")."""

    def register(function: Reader) -> Reader:
        _readers.update(dict.fromkeys(names, function))
        return function

    return register


def suffixes() -> frozenset[str]:
    """The suffixes that can be read, in small letters, with their dot."""
    return frozenset(_readers)


def read(path: Path, *, max_bytes: int) -> tuple[Document, str]:
    """The document that a file holds, and the SHA-256 (hex) of the file's bytes.

    max_bytes  the largest file to read, in bytes

    Raises `ReadError` or one of its kinds, with a message that does not name the file.
    """
    data = _bytes(path, max_bytes)
    function = _readers.get(path.suffix.lower())
    if function is None:
        kind = f"files ending in {path.suffix}" if path.suffix else "files without a suffix"
        known = ", ".join(sorted(_readers))
        raise UnsupportedError(f"{kind} are not read: save the text as one of {known}")
    if not data:
        raise EmptyDocumentError("is empty: there is nothing to index")
    document = function(data, path.name)
    if not any(ch.isprintable() and not ch.isspace() for ch in document.text):
        raise EmptyDocumentError("holds no text: there is nothing to index")
    return document, hashlib.sha256(data).hexdigest()


def _bytes(path: Path, max_bytes: int) -> bytes:
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise ReadError("is a folder: name the files in it")
        if not stat.S_ISREG(mode):  # opening a pipe would wait for ever
            raise ReadError("is not a regular file: copy its content into one")
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
            if len(data) > max_bytes:
                raise TooLargeError(_too_large(file, max_bytes))
    except PermissionError as exc:
        raise LockedError("may not be read: give the user running Refdesk read access") from exc
    except FileNotFoundError as exc:
        raise ReadError("does not exist: check the name") from exc
    except (OSError, ValueError) as exc:  # ValueError: a NUL in the name
        reason = getattr(exc, "strerror", None) or exc
        raise ReadError(f"could not be read ({reason}): check the disk and the name") from exc
    return data


def _too_large(file: BinaryIO, max_bytes: int) -> str:
    size = file.seek(0, 2)
    return (
        f"has {size / _MB:.1f} MB, over the limit of {max_bytes / _MB:.1f} MB:"
        " split it or raise index.max_file_mb"
    )


@reader(".txt", ".text")
def _text(data: bytes, name: str) -> Document:
    return _document(Extract(decode(data)), name, clean=True)


@reader(".md", ".markdown")
def _markdown(data: bytes, name: str) -> Document:
    return _document(_from_markdown(decode(data), name), name)


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


def title_of(text: str, name: str) -> str:
    """A title for a text that names none: its first line, its file's name or its first words.

    name  the file's name, used where the first line does not look like a title
    """
    lines = [line.strip() for line in tidy(text[:20_000]).split("\n")]
    full = [n for n, line in enumerate(lines) if line and not is_furniture(line)]
    if full[1:] and _is_title(lines[full[0]], following=lines[full[0] + 1]):
        return re.sub(r"^#+\s+", "", " ".join(lines[full[0]].split()))
    return _title_from(name, text)


def _title_from(name: str, text: str) -> str:
    """A file's name made readable, or the text's first words if the name says nothing."""
    stem = re.sub(r"\.[^.\s]{1,9}$", "", plain(name) or "")
    readable = " ".join(re.sub(r"[_\s]+|%20|(?<=\w)-(?=\w)", " ", stem).split())
    if _says_something(readable):
        return readable[:_TITLE_CHARACTERS]
    return _first_words(" ".join(tidy(text[:2000]).split())) or readable or "Untitled"


def _is_title(line: str, *, following: str) -> bool:
    """Whether a first line reads as a title; a wrapped paragraph goes on in small letters."""
    item = re.match(r"[-*•‣·>]\s|\(?\d{1,3}[.)]\s", line)
    ends = line[-1] in ".。,;:" or following[:1].islower()
    return not item and not ends and len(line) <= _TITLE_CHARACTERS


def _says_something(name: str) -> bool:
    """Whether a file's name helps a reader, unlike "012_5c0ffee1d2b3a497" or "document"."""
    return any(
        len(word) >= (3 if word.isascii() else 1) and not _GENERIC.fullmatch(word)
        for word in re.findall(r"[^\W_]+", name)
        if not re.search(r"\d", word)
    )


def _first_words(text: str) -> str:
    text = text.lstrip("-–—*_#=~> ")
    sentence = re.split(r"(?<=[.!?])\s|(?<=[。！？])", text, maxsplit=1)[0]
    if len(sentence) <= _SHORT_TITLE:
        return sentence.rstrip(".")
    cut = sentence[: _SHORT_TITLE - 1]
    return (cut.rsplit(" ", 1)[0] if " " in cut else cut).rstrip(" ,;:–—-") + "…"


def _from_markdown(text: str, name: str) -> Extract:
    """Markdown as it stands, with what its front matter states; `body` begins after that.

    Front matter that is not valid YAML is text.
    """
    start, about = _front_matter(text)
    heading = _first_heading(text[start:].split("\n"))
    author = about.get("author") or about.get("authors")
    if isinstance(author, list):
        author = ", ".join(each for each in author if isinstance(each, str))
    date = (normalise(about.get(key)) for key in ("date", "published", "publish_date", "created"))
    source = (_publisher(about.get(key)) for key in ("source", "site", "publisher", "url"))
    return Extract(
        text=text,
        title=plain(about.get("title")) or plain(heading) or _title_from(name, text[start:]),
        author=plain(author),
        date=next(filter(None, date), None),
        source=next(filter(None, source), None),
        body=(Span(start, len(text)),) if start else None,
    )


def _first_heading(lines: list[str]) -> str | None:
    fenced = False
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        fenced ^= line.lstrip().startswith(("```", "~~~"))
        marked = re.match(r" {0,3}#{1,6}\s+(.{1,300})", line)
        if not fenced and (marked or (line.strip() and re.fullmatch(r"={3,}\s*", below))):
            markup = r"!?\[([^\]]*)\]\([^)]*\)|[*`]|\b_+|_+\b"
            return re.sub(markup, r"\1", (marked[1] if marked else line[:300]).rstrip(" \t#"))
    return None


def _front_matter(text: str) -> tuple[int, dict[str, object]]:
    """Where the front matter ends and what it holds; (0, {}) without any."""
    block = re.match(r"---[^\S\n]*\n(.*?\n)(?:---|\.\.\.)[^\S\n]*(?:\n|\Z)", text, re.DOTALL)
    if block is None:
        return 0, {}
    import yaml

    try:
        # The base loader makes strings only: a title may be "1984" or "No".
        about = yaml.load(block[1], Loader=yaml.BaseLoader)
    except (yaml.YAMLError, ValueError, RecursionError):
        return 0, {}
    if not isinstance(about, dict):
        return 0, {}
    return block.end(), {str(key).lower(): value for key, value in about.items()}


def _publisher(value: object) -> str | None:
    """A publisher's name, or the host of its address."""
    text = plain(value)
    if text and re.match(r"(?i)https?://", text):
        try:
            return (urlsplit(text).hostname or "").removeprefix("www.") or None
        except ValueError:
            return None
    return text
