"""Every kind of file, good and bad, from real bytes."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.decode import decode
from index.errors import (
    EmptyDocumentError,
    LockedError,
    ReadError,
    TooLargeError,
    UnsupportedError,
)
from index.kinds import suffixes
from index.read import read
from index.titles import title_of
from index.types import Document
from tests.index.files import ENCRYPTED_PDF, PROSE, docx, pdf, scanned_pdf, with_part, zip_of

MORE = "Its pages are read now by people who want to know how the weather was in their family."


def load(folder: Path, name: str, data: bytes) -> Document:
    path = folder / name
    path.write_bytes(data)
    return read(path, max_bytes=10_000_000)[0]


def error(folder: Path, name: str, data: bytes) -> ReadError:
    with pytest.raises(ReadError) as caught:
        load(folder, name, data)
    message = str(caught.value)
    assert message
    assert "\n" not in message
    assert str(folder) not in message
    return caught.value


# Plain text


@pytest.mark.parametrize(
    "name", ["plain.txt", "a name with spaces.txt", 'it\'s "quoted".txt', "🗼 phare.txt", "UP.TXT"]
)
def test_text_stays_verbatim(tmp_path: Path, name: str) -> None:
    text = f"The keeper's book\n\n  {PROSE}\x0b\n\u200b\u2028{MORE}  \n\n\n\n\nCafé 🗼 e\u0301\n"
    document = load(tmp_path, name, text.encode())
    with open(tmp_path / name, encoding="utf-8") as file:
        again = file.read()
    assert document.text == again == text
    assert document.title == "The keeper's book"
    assert all(again[span.start : span.end] == span.of(document.text) for span in document.spans)


def test_line_ends_are_those_of_text_mode(tmp_path: Path) -> None:
    document = load(tmp_path, "a.txt", b"One thing\r\nand\ranother\r\r\nmore\n")
    with open(tmp_path / "a.txt", encoding="utf-8") as file:
        assert document.text == file.read()


def test_sha256_is_of_the_bytes(tmp_path: Path) -> None:
    data = b"\xef\xbb\xbfone\r\ntwo"
    (tmp_path / "a.txt").write_bytes(data)
    document, digest = read(tmp_path / "a.txt", max_bytes=100)
    assert document.text == "one\ntwo"
    assert digest == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8-sig", "Déjà vu\n"),
        ("utf-16", "Déjà vu — 灯塔\n"),
        ("utf-16-le", "Ships and their weather\n"),
        ("utf-16-be", "Ships and their weather\n"),
        ("utf-16-be", "灯塔 12\n看守人每天记录船只。\n"),
        ("utf-32", "Déjà vu\n"),
        ("utf-32-be", "Déjà vu\n"),
        ("cp1252", "Café déjà vu — l’été à Genève, « non ».\n"),
        ("cp1252", "He said “it’s done” – and left.\n"),
        ("cp1252", "She wrote it’s over.\n" + "The weather was fine that day.\n" * 50),
        ("cp1252", "Die Größe der Straße überrascht die Bürgermeisterin.\n"),
        ("cp1250", "Zażółć gęślą jaźń, powiedział prezes spółki w środę w Łodzi.\n" * 3),
        ("cp1251", "Цены выросли на пять процентов, сообщил председатель комитета.\n"),
        ("shift_jis", "価格は五パーセント上昇した、と委員会の議長は水曜日に述べた。\n"),
        ("gb18030", "委员会主席星期三表示，价格上涨了百分之五。\n"),
    ],
)
def test_encodings(encoding: str, text: str) -> None:
    assert decode(text.encode(encoding)) == text


def test_flawed_utf8_is_still_utf8() -> None:
    data = "Ça a été écrit à l’étranger, déjà très tôt".encode()
    assert decode(data + b"\xff") == data.decode() + "\ufffd"
    assert decode(data[:-1] + "é".encode()[:1]).startswith("Ça a été écrit")


def test_bytes_of_no_encoding_are_read_with_gaps() -> None:
    assert "lamp" in decode(b"\x81\x8d\x8f\x90\x9d lamp \x81\xff\xfe\x81")


# Titles


@pytest.mark.parametrize(
    ("text", "name", "title"),
    [
        ("The keeper's book\n" + PROSE, "x.txt", "The keeper's book"),
        ("# The  keeper's book #1\n" + PROSE, "x.txt", "The keeper's book #1"),
        ("Is a book worth it?\n\n" + PROSE, "x.txt", "Is a book worth it?"),
        ("Home\n5 min read\nThe keeper's book\n" + PROSE, "x.txt", "The keeper's book"),
        # a menu or a ticker above it is no title, however short the title is
        (
            "Home\nNews\nSport\nLog in\nThe keeper's book\nBy Jane Doe\n" + PROSE,
            "x.txt",
            "The keeper's book",
        ),
        (
            "Ports\nShips\nPrices\nLog in\nMay 3, 2031\nWhy the keeper wrote it\n" + PROSE,
            "x.txt",
            "Why the keeper wrote it",
        ),
        ("14:02 Ferry late\n13:50 Fog\nThe keeper's book\n" + PROSE, "x.txt", "The keeper's book"),
        (PROSE, "lighthouse_notes-2031.txt", "lighthouse notes 2031"),
        (PROSE, "灯塔.txt", "灯塔"),
        (PROSE, "caf\udce9.txt", "caf?"),
        (PROSE, "v1.2 notes.txt", "v1.2 notes"),
        (
            PROSE,
            "017_9f3ab2c4d5e6f708.txt",
            "The lighthouse keeper wrote every ship into a book, and after forty years the…",
        ),
        ("Short one. And more.\n", "document.txt", "Short one"),
        ("- milk\n- rope\n", "list for town.txt", "list for town"),
        ("a line that goes\non in small letters\n", "poem.txt", "poem"),
        ("x" * 200, "1.txt", "x" * 79 + "…"),
        ("", "7.txt", "7"),
        ("", "", "Untitled"),
    ],
)
def test_title_of(text: str, name: str, title: str) -> None:
    assert title_of(text, name) == title


def test_byline_and_body_of_a_flattened_page(tmp_path: Path) -> None:
    page = (
        "The Keeper's Book\n\nIsland News\nPublished 4 March 2031\n\n"
        f"{PROSE}\n\n{MORE}\n\nComments (0)\nWrite a comment"
    )
    document = load(tmp_path, "a.txt", page.encode())
    assert document.title == "The Keeper's Book"
    assert document.date == "2031-03-04"
    assert document.source == "Island News"
    assert [span.of(page) for span in document.spans] == [f"{PROSE}\n\n{MORE}"]


# Markdown


def test_front_matter_is_metadata_and_not_body(tmp_path: Path) -> None:
    front = (
        '---\ntitle: "The keeper\'s book"\nauthor: [Jane Doe, Li Wei]\ndate: 2031-03-04\n'
        "source: https://www.example.org/a?b=1\n---\n"
    )
    document = load(tmp_path, "a.md", f"{front}\n# Another heading\n\n{PROSE}\n".encode())
    assert document.title == "The keeper's book"
    assert document.author == "Jane Doe, Li Wei"
    assert document.date == "2031-03-04"
    assert document.source == "example.org"
    assert document.text.startswith(front)
    assert document.spans[0].start == len(front)
    assert document.spans[-1].end == len(document.text)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        (f"Intro.\n\n## The *keeper's* [book](x.html) ##\n{PROSE}", "The keeper's book"),
        (f"The keeper's book\n=====\n{PROSE}", "The keeper's book"),
        (f"```\n# not this\n```\n# But `this`\n{PROSE}", "But this"),
        (f"---\ntitle: 1984\n---\n{PROSE}", "1984"),
        (f"---\ntitle: [unclosed\n---\n{PROSE}", "a name"),
        (f"---\njust a line\n---\n{PROSE}", "a name"),
        (f"---\ntitle: x\n{PROSE}", "a name"),
        (PROSE, "a name"),
    ],
)
def test_markdown_titles(tmp_path: Path, text: str, title: str) -> None:
    document = load(tmp_path, "a_name.markdown", text.encode())
    assert document.title == title
    assert document.text == text


def test_malformed_front_matter_is_text(tmp_path: Path) -> None:
    document = load(tmp_path, "a.md", f"---\ntitle: [unclosed\n---\n{PROSE}".encode())
    assert document.body is None
    assert document.date is None


# HTML

PAGE = f"""<!doctype html>
<html><head><title>The keeper's book | Island Post</title>
<meta property="og:site_name" content="Island Post"><meta name="author" content="Jane Doe">
<meta property="article:published_time" content="2031-03-04T10:00:00Z">
<style>p {{ color: red }}</style><script>var secret = "script text";</script></head>
<body><nav><a href="/">Home</a><a href="/n">News</a></nav>
<article><h1>The keeper's book</h1><p>{PROSE}</p><h2>Weather &amp; wind</h2><p>{MORE}</p>
<table><tr><th>Year</th><th>Ships</th></tr><tr><td>2029</td><td>12</td></tr></table>
<p>{PROSE}\x07 &#8220;Fine.&#8221;</p><img src="http://example.org/pixel.png" onerror="x()">
<script>document.write("script text")</script></article>
<footer>Imprint</footer></body></html>"""


def test_html_article_and_metadata(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("reached for the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    document = load(tmp_path, "a.html", PAGE.encode())
    assert document.title == "The keeper's book"
    assert document.author == "Jane Doe"
    assert document.date == "2031-03-04"
    assert document.source == "Island Post"
    assert PROSE in document.text
    assert "Weather & wind" in document.text
    assert "| 2029 | 12 |" in document.text
    assert "“Fine.”" in document.text
    for absent in ("script text", "color", "Imprint", "\x07", "---"):
        assert absent not in document.text


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>Just <b>one</b> line</p>", "Just one line"),
        ("Not markup at all", "Not markup at all"),
        ("<div>One<div>Two<br>Three</div></div><script>no()</script>", "One\nTwo\nThree"),
        ('<?xml version="1.0" encoding="utf-8"?><html><body><p>Été</p></body></html>', "Été"),
        ("<div>" * 600 + "deep" + "</div>" * 600 + "<p>after</p>", "deep\nafter"),
    ],
)
def test_html_that_is_hardly_a_page(tmp_path: Path, markup: str, text: str) -> None:
    assert load(tmp_path, "a.htm", markup.encode()).text == text


def test_html_laid_out_with_a_table(tmp_path: Path) -> None:
    menu = "<td><a href=a>Weather</a><br><a href=b>Letters</a><br><a href=c>Crossword</a><br></td>"
    body = f"<td>{PROSE}<br><br>{MORE}<br><br>{PROSE}</td><template><p>no</p></template>"
    page = f"<title>T</title><table><tr>{menu}{body}</tr></table>"
    text = load(tmp_path, "a.html", page.encode()).text
    assert text.split("\n") == [PROSE, MORE, PROSE]


def test_html_nested_too_deeply_to_be_read_whole(tmp_path: Path) -> None:
    page = "<p>before</p>" + "<div>" * 3000 + "deep" + "</div>" * 3000 + "<p>after</p>"
    assert "2,000 elements deep" in str(error(tmp_path, "a.html", page.encode()))


def test_html_in_its_declared_encoding(tmp_path: Path) -> None:
    page = f'<html><head><meta charset="CHARSET"></head><body><p>{PROSE} Ж É</p></body></html>'
    cyrillic = page.replace("CHARSET", "windows-1251").encode("cp1251", "xmlcharrefreplace")
    assert "Ж É" in load(tmp_path, "a.html", cyrillic).text
    wrong = page.replace("CHARSET", "no-such-thing").encode()
    assert "Ж É" in load(tmp_path, "a.html", wrong).text


@pytest.mark.parametrize(
    ("head", "body", "date"),
    [
        ('<script type="application/ld+json">{"datePublished": "2031-03-04"}</script>', "", True),
        ("", '<header><time datetime="2031-03-04T08:00">Tuesday</time></header>', True),
        ("", "<p>March 4, 2031</p>", True),
        ("", f"<p>On 2021-03-04 it began. {PROSE}</p><footer>© 2019</footer>", False),
        ('<meta name="date" content="03/04/2031">', "", False),
    ],
)
def test_html_dates_are_stated_ones(tmp_path: Path, head: str, body: str, date: bool) -> None:
    page = f"<html><head>{head}</head><body><h1>Keeper</h1>{body}<p>{PROSE}</p><p>{MORE}</p></body>"
    assert load(tmp_path, "a.html", page.encode()).date == ("2031-03-04" if date else None)


def test_html_of_scripts_alone_is_empty(tmp_path: Path) -> None:
    found = error(tmp_path, "a.html", b"<html><script>var a = 1</script></html>")
    assert isinstance(found, EmptyDocumentError)


# PDF


def test_pdf_pages(tmp_path: Path) -> None:
    data = pdf(
        [["The keeper's book", "", "A hyphen-", "ated “word” (of ink)"], [], ["Last \x07page"]],
        Title="A book of ships",
        Author="Jane Doe",
        CreationDate="D:20300101000000Z",
    )
    document = load(tmp_path, "a.pdf", data)
    assert document.text == ("The keeper's book\nA hyphen-\nated “word” (of ink)\n\nLast page")
    assert [page.number for page in document.pages] == [1, 3]
    assert document.pages[1].span.of(document.text) == "Last page"
    assert document.pages[0].span.of(document.text).endswith("ink)")
    assert (document.title, document.author, document.date) == ("A book of ships", "Jane Doe", None)
    assert document.body is None


@pytest.mark.parametrize(
    "title", ["", "Microsoft Word - draft.doc", "draft_7.indd", "Untitled", "/home/x/draft", "123"]
)
def test_pdf_titles_of_programs_do_not_count(tmp_path: Path, title: str) -> None:
    data = pdf([["The keeper's book", "Published March 4, 2031", PROSE[:80]]], Title=title)
    document = load(tmp_path, "a.pdf", data)
    assert document.title == "The keeper's book"
    assert document.date == "2031-03-04"


def test_pdf_without_text(tmp_path: Path) -> None:
    found = error(tmp_path, "a.pdf", pdf([[], []]))
    assert isinstance(found, EmptyDocumentError)
    assert "holds no text on its 2 pages" in str(found)


def test_a_scanned_pdf_is_told_as_one(tmp_path: Path) -> None:
    found = error(tmp_path, "a.pdf", scanned_pdf(3))
    assert isinstance(found, EmptyDocumentError)
    assert "is a scan: its 3 pages hold only images" in str(found)
    assert "text recognition (OCR)" in str(found)


def test_encrypted_pdf(tmp_path: Path) -> None:
    found = error(tmp_path, "a.pdf", ENCRYPTED_PDF)
    assert isinstance(found, LockedError)
    assert "encrypted" in str(found)


@pytest.mark.parametrize("data", [b"%PDF-1.7\njunk", b"hello", b"\0" * 50, pdf([["x"]])[:60]])
def test_broken_pdf(tmp_path: Path, data: bytes) -> None:
    assert "damaged" in str(error(tmp_path, "a.pdf", data))


# Word


def test_docx_in_document_order(tmp_path: Path) -> None:
    data = docx(
        "# The keeper's book",
        PROSE,
        [["Year", "Ships"], ["2029", "twelve\nor so"]],
        "Tab\tand\nbreak",
        author="python-docx",
    )
    document = load(tmp_path, "a.docx", data)
    assert document.text == (
        f"The keeper's book\n\n{PROSE}\n\n| Year | Ships |\n| 2029 | twelve or so |\n\n"
        "Tab\tand\nbreak"
    )
    assert (document.title, document.author) == ("The keeper's book", None)
    stated = load(tmp_path, "b.docx", docx(PROSE, title="Of ships", author="Jane Doe"))
    assert (stated.title, stated.author, stated.date) == ("Of ships", "Jane Doe", None)


WORD = (
    '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
    "<w:body>{}</w:body></w:document>"
)


def test_docx_tracked_changes_and_content_controls(tmp_path: Path) -> None:
    body = (
        "<w:p><w:r><w:t>Old</w:t></w:r><w:ins><w:r><w:t> and new</w:t></w:r></w:ins>"
        "<w:del><w:r><w:delText> gone</w:delText></w:r></w:del>"
        "<w:moveFrom><w:r><w:t> moved</w:t></w:r></w:moveFrom></w:p>"
        "<w:sdt><w:sdtContent><w:p><w:r><w:t>Controlled</w:t></w:r></w:p></w:sdtContent></w:sdt>"
    )
    data = with_part(docx("x"), "word/document.xml", WORD.format(body).encode())
    assert load(tmp_path, "a.docx", data).text == "Old and new\n\nControlled"


def test_docx_nested_tables_are_told_once(tmp_path: Path) -> None:
    def cell(content: str) -> str:
        return f"<w:tc>{content}</w:tc>"

    def paragraph(text: str) -> str:
        return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"

    inner = f"<w:tbl><w:tr>{cell(paragraph('inner'))}</w:tr></w:tbl>"
    outer = f"<w:tbl><w:tr>{cell(paragraph('left'))}{cell(inner)}</w:tr></w:tbl>"
    data = with_part(docx("x"), "word/document.xml", WORD.format(outer).encode())
    assert load(tmp_path, "a.docx", data).text == "| left | | inner | |"


def test_docx_external_entities_are_not_resolved(tmp_path: Path) -> None:
    (tmp_path / "private").write_text("private words", encoding="utf-8")
    entity = (
        f'<!DOCTYPE d [<!ENTITY x SYSTEM "{(tmp_path / "private").as_uri()}">'
        '<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    )
    body = "<w:p><w:r><w:t>before &x; between &b; after</w:t></w:r></w:p>"
    data = with_part(docx("x"), "word/document.xml", (entity + WORD.format(body)).encode())
    text = load(tmp_path, "a.docx", data).text
    assert "private words" not in text
    assert "aaaa" not in text
    assert text.split() == ["before", "between", "after"]


@pytest.mark.parametrize(
    "data",
    [
        b"PK\x03\x04 but no zip",
        b"hello",
        zip_of(),
        zip_of(note=b"a zip of something else"),
        docx("x")[:-40],
        with_part(docx("x"), "word/document.xml", b"<w:document"),
        with_part(docx("x"), "[Content_Types].xml", b"<Types/>"),
    ],
)
def test_broken_docx(tmp_path: Path, data: bytes) -> None:
    assert "not a Word document, or is damaged" in str(error(tmp_path, "a.docx", data))


def test_zip_bomb_and_old_word_file(tmp_path: Path) -> None:
    bomb = with_part(docx("x"), "word/document.xml", b" " * 30_000_000)
    assert "zip bomb" in str(error(tmp_path, "a.docx", bomb))
    many = zip_of(**{str(n): b"" for n in range(10_001)})
    assert "10001 parts" in str(error(tmp_path, "a.docx", many))
    old = error(tmp_path, "a.docx", bytes.fromhex("d0cf11e0a1b11ae1") + bytes(100))
    assert isinstance(old, LockedError)


def test_docx_without_text(tmp_path: Path) -> None:
    assert isinstance(error(tmp_path, "a.docx", docx(" ", "")), EmptyDocumentError)


# Files that cannot be read


def test_unknown_kinds_name_the_known_ones(tmp_path: Path) -> None:
    found = error(tmp_path, "a.xyz", b"text")
    assert isinstance(found, UnsupportedError)
    assert all(suffix in str(found) for suffix in suffixes())
    assert isinstance(error(tmp_path, "README", b"text"), UnsupportedError)
    assert {".txt", ".md", ".html", ".pdf", ".docx"} <= suffixes()


def test_too_large(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"x" * 2_621_440)
    with pytest.raises(TooLargeError, match=r"2\.5 MB.*1\.0 MB.*index\.max_file_mb"):
        read(path, max_bytes=1_048_576)
    path.write_bytes(b"x" * 1000)
    assert read(path, max_bytes=1000)[0].text


@pytest.mark.parametrize("data", [b"", b" \n\t\r\n", b"\xef\xbb\xbf", "\u200b\n".encode()])
@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.html"])
def test_empty(tmp_path: Path, name: str, data: bytes) -> None:
    assert isinstance(error(tmp_path, name, data), EmptyDocumentError)


@pytest.mark.parametrize(
    "data",
    [
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\1\0\0\0\1\0\x08\6\0\0\0",
        b"text and a NUL \0 in it",
        bytes(range(256)) * 4,
        bytes(range(1, 32)) * 10 + b"words",
        b"\x7fELF\2\1\1" + bytes(9) + b"\3\0>\0\1\0\0\0",
    ],
)
@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.html"])
def test_binary_data_under_a_text_name(tmp_path: Path, name: str, data: bytes) -> None:
    assert "is not text" in str(error(tmp_path, name, data))


def test_folders_pipes_and_missing_files(tmp_path: Path) -> None:
    (tmp_path / "folder.txt").mkdir()
    os.mkfifo(tmp_path / "pipe.txt")
    (tmp_path / "loop.txt").symlink_to(tmp_path / "loop.txt")
    for name, words in [
        ("folder.txt", "folder"),
        ("pipe.txt", "regular file"),
        ("none.txt", "does not exist"),
        ("loop.txt", "could not be read"),
        ("a\0b.txt", "could not be read"),
        ("x" * 300 + ".txt", "could not be read"),
    ]:
        with pytest.raises(ReadError, match=words):
            read(tmp_path / name, max_bytes=100)


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "a.txt").write_text("x", encoding="utf-8")
    monkeypatch.setattr(Path, "open", refuse)  # root may read everything
    with pytest.raises(LockedError, match="read access"):
        read(tmp_path / "a.txt", max_bytes=100)


@given(st.binary(max_size=400), st.sampled_from(sorted(suffixes())))
@settings(max_examples=75)
def test_any_bytes_give_a_document_or_a_read_error(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, suffix: str
) -> None:
    path = tmp_path_factory.getbasetemp() / f"any{suffix}"
    path.write_bytes(data)
    try:
        document, _ = read(path, max_bytes=1000)
    except ReadError:
        return
    document.text.encode()
    assert document.title.strip()
    for span in document.spans:
        assert 0 <= span.start <= span.end <= len(document.text)


@given(st.text(max_size=300), st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]))
@settings(max_examples=100)
def test_any_text_survives_its_encoding(text: str, encoding: str) -> None:
    text = text.lstrip("\ufeff")
    try:
        decoded = decode(text.encode(encoding))
    except ReadError:
        assert encoding == "utf-8"  # without a mark, control characters are taken for binary data
        return
    if "\0" not in text:
        assert decoded == text.replace("\r\n", "\n").replace("\r", "\n")


def test_heavy_packages_are_imported_late() -> None:
    code = (
        "import sys, index.read;"
        "print([m for m in ('trafilatura', 'lxml', 'docx', 'pypdfium2', 'yaml',"
        " 'charset_normalizer') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
