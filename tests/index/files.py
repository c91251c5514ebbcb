"""Files of every kind, made in the tests: small, real and our own."""

from __future__ import annotations

import base64
import io
import sqlite3
import zipfile
import zlib
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

PROSE = (
    "The lighthouse keeper wrote every ship into a book, and after forty years the book was worth"
    " more than the lamp. A museum bought it in spring."
)

# One page, encrypted with RC4 and the password "secret".
ENCRYPTED_PDF = zlib.decompress(
    base64.b64decode(
        """
eNqNUj1v1EAQbdEWSBQUQMFK6CQkRNb7vZZOJ5GPEwiihLsABYrE2jt7GF3sxN5DCX8jFRJ/goImvwFEwT8ARFpKCgrW
viScdBTYLrxv3rw3Mzu97fXhXbrCUe/rt89fEMUJrrJXqN9HZOdoHzBZs8FOqwki23YCDWaRMEKDAYLStUS2lNDxEFmr
ZmXAFJGHhWvwc8zbRLy7kMr/mdoa1RBT505kE1xhV6vDKJHEV1GGdcqiUHQoQyQ2WMyZI2iqWZ3HIlvFYYzOfyiW50XP
vzN/seD/CMpJeImFauNNqMHuocO31z5cObp8cPLr6vfdj7f2VnY2Lx0c33iB3m3dfP/Ynqzc+TS7vdG/fvr754/j01b1
LPFMXy7119aEyHiWhe7YgnFAq7aBrlpyH6avIRS5RWSjzCtXlBNMnhXlvbIpzoGFBtSCwVPM4gQwv2iFMhNHiQVLRao0
S2N4WEwD1JiMgy2drR0iW7ifgGQxKi0HAUaLnOfe5hl4SanV3OYCcpY5o6TLHXdCMa2oSKm2mXcaxACRJ7hvjMmE8y4V
kGrwOk2MyBl1YFJPE54yk3kBMlpoaaygSiRJPCvvvU1oYhbv5bAGjxKsUXLxYCUll9jjC4zG6XaR8i+mxBJGGV/CmKRL
GBd6CRNiQS/UtphC3c16XLyBWB4ZVVXc8PnyPViPC9q3KssS53Lpda5TxWWWaWWsMV6lwlkY/A9lt7v9+mg/YHW+uE2w
degGo2SKer2NrSH6A0E6BT4=
        """
    )
)


def pdf(pages: Sequence[Sequence[str]], **about: str) -> bytes:
    """A PDF with these lines on its pages; `about`: Title, Author ..."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< %s >>" % b" ".join(b"/%s %s" % (k.encode(), _pdf_string(v)) for k, v in about.items()),
    ]
    kids = []
    for lines in pages:
        shown = b" ".join(_pdf_string(line) + b" Tj T*" for line in lines)
        content = b"BT /F1 12 Tf 14 TL 72 720 Td %s ET" % shown
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content))
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents %d 0 R"
            b" /Resources << /Font << /F1 3 0 R >> >> >>" % len(objects)
        )
        kids.append(b"%d 0 R" % len(objects))
    objects[1] = b"<< /Type /Pages /Count %d /Kids [%s] >>" % (len(kids), b" ".join(kids))
    out = b"%PDF-1.4\n"
    table = b"0000000000 65535 f \n"
    for number, content in enumerate(objects, 1):
        table += b"%010d 00000 n \n" % len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    size = len(objects) + 1
    return out + (
        b"xref\n0 %d\n%strailer << /Size %d /Root 1 0 R /Info 4 0 R >>\nstartxref\n%d\n%%%%EOF\n"
        % (size, table, size, len(out))
    )


def scanned_pdf(pages: int) -> bytes:
    """A PDF of pages that are one picture each, as a scanner makes them."""
    from PIL import Image

    sheets = [Image.new("L", (40, 60), 40 * n) for n in range(1, pages + 1)]
    out = io.BytesIO()
    sheets[0].save(out, "PDF", save_all=True, append_images=sheets[1:])
    return out.getvalue()


def _pdf_string(text: str) -> bytes:
    data = text.encode("cp1252")
    for special in (b"\\", b"(", b")"):
        data = data.replace(special, b"\\" + special)
    return b"(" + data + b")"


def docx(*blocks: str | list[list[str]], title: str = "", author: str = "") -> bytes:
    """A Word document of paragraphs, "# headings" and tables (lists of rows)."""
    import docx as word

    document = word.Document()
    document.core_properties.title = title
    document.core_properties.author = author
    for block in blocks:
        if isinstance(block, str):
            if block.startswith("# "):
                document.add_heading(block[2:], 1)
            else:
                document.add_paragraph(block)
            continue
        table = document.add_table(len(block), len(block[0]))
        for row, cells in zip(table.rows, block, strict=True):
            for cell, text in zip(row.cells, cells, strict=True):
                cell.text = text
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def with_part(package: bytes, part: str, content: bytes) -> bytes:
    """A zip package in which one part is replaced."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as old, zipfile.ZipFile(out, "w", 8) as new:
        for entry in old.infolist():
            new.writestr(entry.filename, content if entry.filename == part else old.read(entry))
    return out.getvalue()


def zip_of(**parts: bytes) -> bytes:
    """A compressed zip file of these parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return out.getvalue()


def assert_articles_in_step(home: Path) -> None:
    """FTS5 itself compares its index of whole articles with what is stored."""
    with closing(sqlite3.connect(home / "library.sqlite")) as db:
        db.execute("INSERT INTO articles (articles, rank) VALUES ('integrity-check', 1)")
