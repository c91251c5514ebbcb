"""What HTML and PDF files say, and what they state about themselves.

Knows nothing of suffixes or of files on disk. Every heavy package is imported where it is used,
nothing here reaches the network, and what a package raises becomes a `ReadError`.
"""

from __future__ import annotations

import itertools
import logging
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from index.archive import reason
from index.dates import normalise
from index.errors import EmptyDocumentError, LockedError, ReadError
from index.linkwalls import without_walls
from index.types import Page, Span

__all__ = [
    "Extract",
    "all_text",
    "from_html",
    "from_pdf",
    "own_author",
    "own_title",
    "paged",
    "parsed",
    "plain",
    "tidy",
]

_MAX_PAGES = 20_000
_LOOKED_AT = 5  # pages of a PDF without text, to tell a scan from empty pages
# Titles and authors that a program put there.
_NO_TITLE = re.compile(
    r"(?i:microsoft (?:word|powerpoint|excel) - .*|powerpoint presentation|word document"
    r"|\(?(?:untitled|anonymous|unknown|title|none)\)?|(?:document|presentation|untitled)[ _-]?\d*"
    r"|\S*[/\\]\S*|.*\.(?:docx?|pdf|indd|qxd|tex|dvi|e?ps|pptx?|xlsx?|odt|rtf|txt|x?html?)|[\W\d_]*)"
)
_NO_AUTHOR = re.compile(
    r"(?i:\(?(?:anonymous|unknown|none|author|user|owner|admin(?:istrator)?)\)?|python-docx|openpyxl"
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
    tree = without_walls(parsed(markup))
    about: Any = None
    text = ""
    try:
        about = trafilatura.bare_extraction(
            _laid_out(without_walls(parsed(markup))),
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
        text=text if text.strip() else tidy(all_text(tree)),
        title=plain(title),
        author=plain(about and about.author),
        source=plain(about and about.sitename),
    )


def _laid_out(tree: Any) -> Any:
    """A page without what browsers never show, its tables for layout taken apart.

    A table without headers whose cells hold blocks, line breaks or much text is a layout: read as
    a table it would be one row of a menu and an article.
    """
    from lxml import etree  # type: ignore[import-untyped, unused-ignore]

    etree.strip_elements(tree, "template", with_tail=False)
    parts = [
        (each, table)
        for each in tree.iter("tbody", "tr", "td", "th")
        for table in itertools.islice(each.iterancestors("table"), 1)
    ]
    headed = {table for each, table in parts if each.tag == "th"}
    layouts = {table for each, table in parts if each.tag == "td" and _holds_blocks(each)} - headed
    for each, table in parts:
        if table in layouts:
            each.tag = table.tag = "div"
    return tree


def _holds_blocks(cell: Any) -> bool:
    blocks = next(cell.iter("p", "h1", "h2", "h3", "article", "table"), None) is not None
    return blocks or len(list(cell.iter("br"))) > 3


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
                pictures = not any(texts) and _has_picture(pdf, min(count, _LOOKED_AT))
        except Exception as exc:
            if getattr(exc, "err_code", None) in {4, 5}:  # FPDF_ERR_PASSWORD, FPDF_ERR_SECURITY
                raise LockedError("is encrypted: save a copy without a password") from exc
            raise ReadError(
                f"is not a PDF, or is damaged ({reason(exc)}): open it and save it again"
            ) from exc
    if count > _MAX_PAGES:
        raise ReadError(f"has {count} pages, over the limit of {_MAX_PAGES}: split it")
    text, pages = paged(texts)
    if not pages:
        raise EmptyDocumentError(_no_text(count, pictures))
    return Extract(
        text=text,
        title=own_title(about.get("Title")),
        author=own_author(about.get("Author")),
        # No date: CreationDate says when the file was made, not when the article appeared.
        pages=pages,
    )


def _no_text(count: int, pictures: bool) -> str:
    on = f"its {count} pages" if count > 1 else "its only page"
    if pictures:
        return (
            f"is a scan: {on} hold{'' if count > 1 else 's'} only images and no text; run text"
            " recognition (OCR) on it and add the PDF that comes of that"
        )
    return f"holds no text on {on}: there is nothing to index"


def paged(texts: Sequence[str]) -> tuple[str, tuple[Page, ...]]:
    """Pages, numbered from 1, joined by an empty line; those without text are left out."""
    pages: list[Page] = []
    start = 0
    for number, text in enumerate(texts, 1):
        if text:
            pages.append(Page(number, Span(start, start + len(text))))
            start += len(text) + 2
    return "\n\n".join(filter(None, texts)), tuple(pages)


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


def own_title(value: object) -> str | None:
    """The title in a file's properties, unless a program put it there."""
    text = plain(value)
    return text if text and not _NO_TITLE.fullmatch(text) else None


def own_author(value: object) -> str | None:
    """The author in a file's properties, unless a program put it there."""
    text = plain(value)
    return text if text and not _NO_AUTHOR.fullmatch(text) else None


def parsed(markup: str) -> Any:
    """A page's tree. Raises `ReadError`."""
    from lxml import etree, html  # type: ignore[import-untyped, unused-ignore]

    # As bytes, because lxml refuses text that declares an encoding.
    data = re.sub(r"[\x00-\x08\x0e-\x1f]", "", markup).encode("utf-8", "replace")
    # Without huge_tree everything after the 256th nested element would be lost in silence.
    parser = html.HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True
    )
    try:
        tree = html.document_fromstring(data if data.strip() else b"<p>", parser=parser)
    except (etree.Error, ValueError, AssertionError) as exc:
        raise ReadError("is not a web page that can be read: save it again as HTML") from exc
    if any(each.type_name == "ERR_RESOURCE_LIMIT" for each in parser.error_log):
        # From where the parser gives up, all the rest of the page would be lost in silence.
        raise ReadError("is nested more than 2,000 elements deep: save its text as .txt")
    return tree


def all_text(tree: Any) -> str:
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


def _has_picture(pdf: Any, count: int) -> bool:
    """Whether one of the first pages holds an image. The caller holds the lock."""
    from pypdfium2 import raw

    for number in range(count):
        page = pdf[number]
        try:
            if any(page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=3)):
                return True
        finally:
            page.close()
    return False
