"""What HTML, PDF and Word files say, and what they state about themselves.

Knows nothing of suffixes or of files on disk. Every heavy package is imported where it is used,
nothing here reaches the network, and what a package raises becomes a `ReadError`.
"""

from __future__ import annotations

import io
import logging
import re
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from index.dates import normalise
from index.errors import EmptyDocumentError, LockedError, ReadError
from index.types import Page, Span

__all__ = ["Extract", "from_docx", "from_html", "from_pdf", "plain", "tidy"]

_MAX_PAGES = 20_000
_MAX_UNPACKED = 256 * 1024 * 1024
_MAX_RATIO = 200
_MAX_ENTRIES = 10_000
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_TEXTS = {f"{_WORD}t", "{http://schemas.openxmlformats.org/officeDocument/2006/math}t"}
_BREAKS = {
    f"{_WORD}br": "\n",
    f"{_WORD}cr": "\n",
    f"{_WORD}tab": "\t",
    f"{_WORD}noBreakHyphen": "-",
}
# What was moved elsewhere, and the copy of a text box that is kept for old programs.
_UNSEEN = {
    f"{_WORD}moveFrom",
    "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback",
}
# Titles and authors that a program put there.
_NO_TITLE = re.compile(
    r"(?i:microsoft (?:word|powerpoint|excel) - .*|powerpoint presentation|word document"
    r"|\(?(?:untitled|anonymous|unknown|title|none)\)?|(?:document|presentation|untitled)[ _-]?\d*"
    r"|\S*[/\\]\S*|.*\.(?:docx?|pdf|indd|qxd|tex|dvi|e?ps|pptx?|xlsx?|odt|rtf|txt|x?html?)|[\W\d_]*)"
)
_NO_AUTHOR = re.compile(
    r"(?i:\(?(?:anonymous|unknown|none|author|user|owner|admin(?:istrator)?)\)?|python-docx"
    r"|(?:microsoft office|windows) user|[\W\d_]*)"
)
_HTML_LINES = re.compile(
    r"address|article|aside|blockquote|br|d[dlt]|div|fig(?:ure|caption)|foot(?:er)?|form|h[1-6r]"
    r"|header|li|main|nav|[ou]l|option|p|pre|section|table|t[drh]|title"
)
_PUBLISHED = re.compile(
    r"(?i:(?:article:|og:|parsely-|sailthru\.|citation_)?(?:published_time|date|date_?published"
    r"|pub(?:lish|lication)?[_-]?date)|dc(?:terms)?\.(?:date|issued|date\.issued))"
)

_pdfium = threading.Lock()  # PDFium is not thread-safe


@dataclass(frozen=True, slots=True)
class Extract:
    """The text of a file and what the file states about itself; None where it says nothing."""

    text: str
    title: str | None = None
    author: str | None = None
    date: str | None = None
    source: str | None = None
    pages: tuple[Page, ...] = ()
    body: tuple[Span, ...] | None = None


def from_html(markup: str) -> Extract:
    """The article of a web page. Scripts never appear, and nothing is fetched.

    Raises `ReadError` if the page cannot be parsed.
    """
    import trafilatura

    for package in ("trafilatura", "htmldate", "courlan"):
        # They report short or odd pages as errors, where all the text is simply used instead.
        logging.getLogger(package).setLevel(logging.CRITICAL)
    tree = _parsed(markup)
    about: Any = None
    text = ""
    try:
        about = trafilatura.bare_extraction(
            _parsed(markup),
            include_comments=False,
            with_metadata=True,
            # Its dates are guesses from anywhere in the page; `_published` reads what is stated.
            date_extraction_params={"extensive_search": False, "original_date": True},
        )
        text = re.sub(r"(?m)^\|(?:-+\|)+ *\n?", "", tidy(about.text)) if about else ""
    except Exception:
        logging.getLogger(__name__).debug("no article found; taking all text", exc_info=True)
    title = (about and about.title) or tree.findtext(".//title") or tree.findtext(".//h1")
    return Extract(
        date=_published(tree),
        text=text if text.strip() else tidy(_all_text(tree)),
        title=plain(title),
        author=plain(about and about.author),
        source=plain(about and about.sitename),
    )


def from_pdf(data: bytes) -> Extract:
    """The text of a PDF page by page, pages joined by an empty line.

    Raises `LockedError` for an encrypted file, `EmptyDocumentError` for a scan and `ReadError`
    for a damaged file or one of more than 20 000 pages.
    """
    import pypdfium2

    with _pdfium:
        try:
            with pypdfium2.PdfDocument(data) as pdf:
                count = len(pdf)
                about = pdf.get_metadata_dict()
                texts = [_page_text(pdf, n) for n in range(min(count, _MAX_PAGES))]
        except Exception as exc:
            if getattr(exc, "err_code", None) in {4, 5}:  # FPDF_ERR_PASSWORD, FPDF_ERR_SECURITY
                raise LockedError("is encrypted: save a copy without a password") from exc
            raise ReadError(
                f"is not a PDF, or is damaged ({_reason(exc)}): open it and save it again"
            ) from exc
    if count > _MAX_PAGES:
        raise ReadError(f"has {count} pages, over the limit of {_MAX_PAGES}: split it")
    pages: list[Page] = []
    start = 0
    for number, page in enumerate(texts, 1):
        if page:
            pages.append(Page(number, Span(start, start + len(page))))
            start += len(page) + 2
    if not pages:
        raise EmptyDocumentError(
            f"looks like a scan: no text on its {count} pages; run text recognition (OCR) on it"
        )
    return Extract(
        text="\n\n".join(filter(None, texts)),
        title=_named(about.get("Title"), _NO_TITLE),
        author=_named(about.get("Author"), _NO_AUTHOR),
        # No date: CreationDate says when the file was made, not when the article appeared.
        pages=tuple(pages),
    )


def from_docx(data: bytes) -> Extract:
    """Paragraphs and tables of a Word document in their order, rows as "| a | b |".

    Raises `LockedError` for an encrypted file and `ReadError` for a damaged or suspicious one.
    """
    _check_package(data)
    import docx

    try:
        opened = docx.Document(io.BytesIO(data))
        blocks = [tidy(block).strip("\n") for block in _word_blocks(opened.element.body)]
        title, author = opened.core_properties.title, opened.core_properties.author
    except Exception as exc:
        raise ReadError(
            f"is not a Word document, or is damaged ({_reason(exc)}): save it again as .docx"
        ) from exc
    return Extract(
        text="\n\n".join(block for block in blocks if block.strip()),
        title=_named(title, _NO_TITLE),
        author=_named(author, _NO_AUTHOR),
    )


def tidy(text: str) -> str:
    """Extracted text without control characters, spaces at line ends and gaps of many lines."""
    text = re.sub(r"\r\n?|[\x0b\x0c\x85]", "\n", text)
    text = re.sub(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]", "", text)
    text = "\n".join(line.rstrip() for line in text.split("\n"))
    return re.sub(r"\n{4,}", "\n\n\n", text)


def plain(value: object) -> str | None:
    """A metadata value as one line of at most 300 characters, or None if it is not text."""
    if not isinstance(value, str):
        return None
    valid = value.encode("utf-8", "replace").decode()  # a file's name may hold lone surrogates
    return " ".join(tidy(valid).split())[:300].strip() or None


def _named(value: object, junk: re.Pattern[str]) -> str | None:
    text = plain(value)
    return text if text and not junk.fullmatch(text) else None


def _reason(exc: Exception) -> str:
    return (" ".join(str(exc).split()) or type(exc).__name__)[:120].rstrip(".")


def _parsed(markup: str) -> Any:
    from lxml import etree, html  # type: ignore[import-untyped, unused-ignore]

    # As bytes, because lxml refuses text that declares an encoding.
    data = re.sub(r"[\x00-\x08\x0e-\x1f]", "", markup).encode("utf-8", "replace")
    # Without huge_tree everything after the 256th nested element would be lost in silence.
    parser = html.HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True
    )
    try:
        return html.document_fromstring(data if data.strip() else b"<p>", parser=parser)
    except (etree.Error, ValueError, AssertionError) as exc:
        raise ReadError("is not a web page that can be read: save it again as HTML") from exc


def _all_text(tree: Any) -> str:
    """Every visible line of a page; changes the tree."""
    from lxml import etree

    etree.strip_elements(tree, "script", "style", "noscript", "template", "head", with_tail=False)
    for element in tree.iter():
        if isinstance(element.tag, str) and _HTML_LINES.fullmatch(element.tag):
            element.text = "\n" + (element.text or "")
            element.tail = "\n" + (element.tail or "")
    lines = "".join(tree.itertext()).split("\n")
    return "\n".join(" ".join(line.split()) for line in lines if line.strip())


def _published(tree: Any) -> str | None:
    """The publication date that a page states for programs."""
    stated = [
        meta.get("content")
        for meta in tree.iter("meta")
        if any(_PUBLISHED.fullmatch(meta.get(key, "")) for key in ("property", "name", "itemprop"))
    ]
    for script in tree.iter("script"):
        if script.get("type") == "application/ld+json":
            stated += re.findall(r'"datePublished"\s*:\s*"([^"]{4,40})"', script.text or "")
    times = [time for article in tree.iter("article", "header") for time in article.iter("time")]
    stated += [time.get("datetime") for time in times]
    return next(filter(None, map(normalise, stated)), None)


def _page_text(pdf: Any, number: int) -> str:
    page = pdf[number]
    try:
        # PDFium puts U+0002 in place of a hyphen at a line's end and the line break after it.
        text: str = page.get_textpage().get_text_bounded().replace("\x02", "-\n")
    finally:
        page.close()
    return tidy(text).strip("\n")


def _check_package(data: bytes) -> None:
    """Refuses what is no zip package, or would fill the memory, before anything is unpacked."""
    if data.startswith(_OLE):
        raise LockedError("is encrypted, or an old .doc file: save it as .docx without a password")
    try:
        entries = zipfile.ZipFile(io.BytesIO(data)).infolist()
    except Exception as exc:
        raise ReadError(
            f"is not a Word document, or is damaged ({_reason(exc)}): save it again as .docx"
        ) from exc
    size = sum(entry.file_size for entry in entries)
    if size > min(_MAX_UNPACKED, _MAX_RATIO * len(data)) or len(entries) > _MAX_ENTRIES:
        raise ReadError(
            f"would unpack to {size / 2**20:.0f} MB in {len(entries)} parts, like a zip bomb:"
            " save its text in a new document"
        )


def _word_blocks(parent: Any) -> Iterator[str]:
    # python-docx's own iterators leave out content controls and tracked insertions.
    for child in parent:
        if child.tag == f"{_WORD}p":
            yield "".join(_word_text(child))
        elif child.tag == f"{_WORD}tbl":
            rows = (row for row in child if row.tag == f"{_WORD}tr")
            yield "\n".join(filter(None, map(_word_row, rows)))
        elif child.tag not in _UNSEEN:
            yield from _word_blocks(child)


def _word_row(row: Any) -> str:
    own = (c for c in row.iter(f"{_WORD}tc") if next(c.iterancestors(f"{_WORD}tr")) is row)
    cells = [" ".join(" ".join(_word_blocks(cell)).split()) for cell in own]
    return f"| {' | '.join(cells)} |" if any(cells) else ""


def _word_text(element: Any) -> Iterator[str]:
    for child in element:
        if child.tag in _TEXTS:
            # The tails are what stands after an entity that was not resolved.
            yield (child.text or "") + "".join(entity.tail or "" for entity in child)
        elif child.tag in _BREAKS:
            yield _BREAKS[child.tag]
        elif child.tag not in _UNSEEN:
            yield from ("\n",) if child.tag == f"{_WORD}p" else ()  # in a text box
            yield from _word_text(child)
