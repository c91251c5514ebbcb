"""What e-books in the EPUB format say: their chapters in reading order."""

from __future__ import annotations

import posixpath
import re
import zipfile
from typing import Any
from urllib.parse import unquote

from index.archive import package, part, reason
from index.dates import normalise
from index.decode import decode
from index.errors import EmptyDocumentError, LockedError, ReadError
from index.formats import Extract, all_text, own_author, own_title, paged, parsed, plain, tidy

__all__ = ["from_epub"]

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_DC = "{http://purl.org/dc/elements/1.1/}"
_MAX_CHAPTERS = 5000


def from_epub(data: bytes) -> Extract:
    """The chapters of a book as pages, without its table of contents.

    Raises `LockedError` for a protected book, `EmptyDocumentError` for one of pictures and
    `ReadError` for a damaged or suspicious one.
    """
    opened = package(data, "an EPUB book", ".epub")
    root = _root(opened)
    book = _xml(opened, root)
    spine = _spine(opened, book, posixpath.dirname(root))
    if set(spine) & _encrypted(opened):
        raise LockedError("is a protected (DRM) book: only a copy without protection can be read")
    text, pages = paged([_chapter(opened, name) for name in spine])
    if not pages:
        raise EmptyDocumentError("is a book without text (of pictures?): there is nothing to index")
    stated = {name: [plain(each.text) for each in book.iter(_DC + name)] for name in _ABOUT}
    return Extract(
        text=text,
        title=next(filter(None, map(own_title, stated["title"])), None),
        author=plain(", ".join(filter(None, map(own_author, stated["creator"])))),
        date=_date(stated["date"]),
        source=next(filter(None, stated["publisher"]), None),
        pages=pages,
    )


_ABOUT = ("title", "creator", "date", "publisher")


def _date(stated: list[str | None]) -> str | None:
    # Many are timestamps, of which the day counts: "2031-03-04T00:00:00+00:00".
    days = (re.sub(r"^(\d{4}-\d\d-\d\d)T.*", r"\1", each) for each in stated if each)
    return next(filter(None, map(normalise, days)), None)


def _root(opened: zipfile.ZipFile) -> str:
    """The name of the package document, beside which the chapters lie."""
    if _CONTAINER not in opened.namelist():
        raise ReadError("is not an EPUB book: open it and save it again as .epub")
    root = next((each.get("full-path") for each in _tags(_xml(opened, _CONTAINER), "rootfile")), "")
    if not root:
        raise ReadError("is damaged (it names no package): save or download it again")
    return str(root)


def _spine(opened: zipfile.ZipFile, book: Any, folder: str) -> list[str]:
    """The names of the chapters' parts in reading order."""
    manifest = {
        each.get("id"): posixpath.normpath(
            posixpath.join(folder, unquote(each.get("href", "")).split("#")[0])
        )
        for each in _tags(book, "item")
        if "nav" not in (each.get("properties") or "").split()
        and re.search(r"html|xml", each.get("media-type") or "html")
    }
    there = set(opened.namelist())
    names = [manifest.get(each.get("idref")) for each in _tags(book, "itemref")]
    chapters = [name for name in dict.fromkeys(names) if name and name in there]
    if len(chapters) > _MAX_CHAPTERS:
        raise ReadError(
            f"has {len(chapters)} chapters, over the limit of {_MAX_CHAPTERS}: split it"
        )
    return chapters


def _encrypted(opened: zipfile.ZipFile) -> set[str]:
    """The parts that are encrypted; in an open book those are fonts alone."""
    if _ENCRYPTION not in opened.namelist():
        return set()
    references = _tags(_xml(opened, _ENCRYPTION), "CipherReference")
    return {unquote(each.get("URI", "")) for each in references}


def _chapter(opened: zipfile.ZipFile, name: str) -> str:
    data = part(opened, name)
    return tidy(all_text(parsed(decode(data, "cp1252")))).strip("\n") if data.strip() else ""


def _tags(tree: Any, name: str) -> list[Any]:
    return list(tree.iter(f"{{*}}{name}"))


def _xml(opened: zipfile.ZipFile, name: str) -> Any:
    from lxml import etree  # type: ignore[import-untyped, unused-ignore]

    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=False
    )
    try:
        return etree.fromstring(part(opened, name), parser)
    except (etree.Error, ValueError) as exc:
        raise ReadError(f"is damaged ({reason(exc)}): save or download it again") from exc
