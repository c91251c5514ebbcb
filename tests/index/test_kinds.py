"""Office files, tables, books, mail, records and archives, good and hostile, from real bytes."""

from __future__ import annotations

import datetime as dt
import email.message
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from index import archive, office, tables
from index.archive import file_of
from index.errors import (
    EmptyDocumentError,
    LockedError,
    ReadError,
    TooLargeError,
    UnsupportedError,
)
from index.read import read, read_all
from index.sentences import sentences
from index.types import Document, Part
from tests.index.files import PROSE, docx, pdf, with_part, zip_of

# What these files hold has no time zone.
MARCH, MAY, NEXT_MAY = map(
    dt.datetime.fromisoformat, ("2031-03-04", "2029-05-01", "2030-05-01 09:30")
)
LAUGHS = (
    '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;">]>'
)


def parts(folder: Path, name: str, data: bytes | str) -> list[Part]:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return read_all(path, max_bytes=10_000_000)


def load(folder: Path, name: str, data: bytes | str) -> Document:
    (only,) = parts(folder, name, data)
    assert only.name == ""
    assert isinstance(only.content, Document)
    return only.content


def error(folder: Path, name: str, data: bytes | str) -> ReadError:
    with pytest.raises(ReadError) as caught:
        parts(folder, name, data)
    assert "\n" not in str(caught.value)
    assert str(folder) not in str(caught.value)
    return caught.value


def told(found: list[Part]) -> dict[str, str]:
    """The text, or the error, of each part by name."""
    return {
        part.name: part.content.text if isinstance(part.content, Document) else str(part.content)
        for part in found
    }


def outcome(folder: Path, name: str, data: bytes) -> str:
    """The document, or what the file is refused with."""
    try:
        return repr(load(folder, name, data))
    except ReadError as exc:
        return str(exc)


# PowerPoint


def pptx(**about: Any) -> bytes:
    import pptx as powerpoint
    from pptx.chart.data import CategoryChartData
    from pptx.enum.chart import XL_CHART_TYPE
    from pptx.util import Cm

    deck = powerpoint.Presentation()
    for name, value in about.items():
        setattr(deck.core_properties, name, value)
    first = deck.slides.add_slide(deck.slide_layouts[1])
    first.shapes.title.text = "The quay of Bergen"
    first.placeholders[1].text = "It was raised by 40 cm\nThe work took two summers"
    first.notes_slide.notes_text_frame.text = "Say that the ferries ran all the time."
    second = deck.slides.add_slide(deck.slide_layouts[5])
    second.shapes.title.text = "What it cost"
    frame = second.shapes.add_table(3, 3, Cm(1), Cm(5), Cm(10), Cm(4))
    rows = [["Year", "Stone", "Wages"], ["2029", "4.1 M", "2.0 M"], ["2030", "3.9 M", "2.2 M"]]
    for row, cells in zip(frame.table.rows, rows, strict=True):
        for cell, text in zip(row.cells, cells, strict=True):
            cell.text = text
    data = CategoryChartData()
    data.categories = ["2029", "2030"]
    data.add_series("Ferries", (12, 14.5))
    second.shapes.add_chart(XL_CHART_TYPE.LINE, Cm(1), Cm(1), Cm(9), Cm(5), data)
    group = second.shapes.add_group_shape()
    group.shapes.add_textbox(Cm(1), Cm(1), Cm(5), Cm(2)).text_frame.text = "Grouped words"
    out = io.BytesIO()
    deck.save(out)
    return out.getvalue()


def test_slides_are_pages(tmp_path: Path) -> None:
    data = pptx(title="PowerPoint Presentation", author="Jane Doe", modified=MARCH)
    deck = load(tmp_path, "deck.pptx", data)
    first, second = (page.span.of(deck.text) for page in deck.pages)
    assert [page.number for page in deck.pages] == [1, 2]
    assert first == (
        "The quay of Bergen\n\n- It was raised by 40 cm\n- The work took two summers\n\n"
        "Notes: Say that the ferries ran all the time."
    )
    assert "Year: 2029; Stone: 4.1 M; Wages: 2.0 M." in second
    assert "2030; Ferries: 14.5." in second
    assert "Grouped words" in second
    assert (deck.title, deck.author) == ("The quay of Bergen", "Jane Doe")


def test_when_a_file_was_saved_dates_nothing(tmp_path: Path) -> None:
    assert load(tmp_path, "deck.pptx", pptx(modified=MARCH, created=MAY)).date is None
    book = xlsx(("Ships", SHIPS), modified=MARCH, created=MAY)
    assert load(tmp_path, "ships.xlsx", book).date is None


def test_a_presentation_states_its_date_on_its_first_slide(tmp_path: Path) -> None:
    data = pptx(modified=MARCH)
    slide = zipfile.ZipFile(io.BytesIO(data)).read("ppt/slides/slide1.xml")
    dated = with_part(
        data, "ppt/slides/slide1.xml", slide.replace(b"The work took two summers", b"1 May 2029")
    )
    assert load(tmp_path, "deck.pptx", dated).date == "2029-05-01"


@pytest.mark.parametrize("data", [b"hello", zip_of(note=b"x"), pptx()[:-60]])
def test_broken_presentations(tmp_path: Path, data: bytes) -> None:
    assert "not a PowerPoint presentation" in str(error(tmp_path, "a.pptx", data))


# Excel


def xlsx(*sheets: tuple[str, list[list[Any]]], **about: Any) -> bytes:
    import openpyxl

    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets:
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    for name, value in about.items():
        setattr(book.properties, name, value)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


SHIPS = [
    ["Ships by year"],
    [],
    ["Year", "Ships", "Weather", "Opened"],
    [2029, 12.5, "calm", MAY],
    [2030, None, "rough; it rained", NEXT_MAY],
]


def test_every_row_of_a_sheet_stands_alone(tmp_path: Path) -> None:
    data = xlsx(("Harbour", SHIPS), ("Empty", []), ("Notes", [["One word"], ["Another"]]))
    book = load(tmp_path, "harbour ships.xlsx", data)
    assert [(page.number, page.span.of(book.text).split("\n")[0]) for page in book.pages] == [
        (1, "Harbour"),
        (3, "Notes"),
    ]
    lines = [span.of(book.text) for span in sentences(book.text)]
    assert lines == [
        "Harbour",
        "Ships by year",
        "Year: 2029; Ships: 12.5; Weather: calm; Opened: 2029-05-01.",
        "Year: 2030; Weather: rough; it rained; Opened: 2030-05-01 09:30.",
        "Notes",
        "One word",
        "Another",
    ]
    assert book.title == "harbour ships"
    assert book.author is None


def test_percentages_and_formulas(tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(xlsx(("S", [["Name", "Share"], ["Quay", 0.125]]))))
    book["S"]["B2"].number_format = "0.0%"
    book["S"]["B3"] = '=HYPERLINK("file:///etc/passwd")'
    out = io.BytesIO()
    book.save(out)
    text = load(tmp_path, "a.xlsx", out.getvalue()).text
    assert "Name: Quay; Share: 12.5%." in text
    assert "passwd" not in text


def test_a_workbook_that_claims_all_columns_is_quick(tmp_path: Path) -> None:
    data = xlsx(("S", SHIPS))
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        sheet = opened.read("xl/worksheets/sheet1.xml").decode()
    vast = sheet.replace('ref="A1:D5"', 'ref="A1:XFD1048576"')
    assert vast != sheet
    text = load(tmp_path, "a.xlsx", with_part(data, "xl/worksheets/sheet1.xml", vast.encode())).text
    assert "Year: 2029" in text


def test_a_workbook_of_too_many_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(office, "_MAX_ROWS", 3)
    found = error(tmp_path, "a.xlsx", xlsx(("S", [[n, n] for n in range(9)])))
    assert isinstance(found, TooLargeError)
    assert "more than 3 rows on the sheet 'S'" in str(found)


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml"])
def test_entities_in_a_workbook_are_not_expanded(tmp_path: Path, part: str) -> None:
    data = xlsx(("S", SHIPS))
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        xml = opened.read(part).decode()
    hostile = LAUGHS + xml.replace("Harbour", "&d;").replace("calm", "&d;")
    assert "haha" not in outcome(tmp_path, "a.xlsx", with_part(data, part, hostile.encode()))


# Tables


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.csv", b'Name,Born,Town\n"Doe, Jane",1971,Bergen\n'),
        ("a.csv", b"Name;Born;Town\r\nDoe, Jane;1971;Bergen\r\n"),
        ("a.csv", "Name\tBorn\tTown\nDoe, Jane\t1971\tBergen\n".encode("utf-16")),
        ("a.tsv", b"Name\tBorn\tTown\nDoe, Jane\t1971\tBergen\n"),
    ],
)
def test_csv_in_its_dialects(tmp_path: Path, name: str, data: bytes) -> None:
    assert load(tmp_path, name, data).text == "Name: Doe, Jane; Born: 1971; Town: Bergen."


@pytest.mark.parametrize(
    ("rows", "lines"),
    [
        ([["1", "2"], ["3", "4"]], ["1; 2.", "3; 4."]),  # no headers
        ([["Town", "Ferry", "Town"], ["a", "b", "c"]], ["Town; Ferry; Town.", "a; b; c."]),
        ([["Name", "Ann"], ["Home", "Oslo"]], ["Name: Ann.", "Home: Oslo."]),  # names and values
        ([["Year", "Ships"], ["2029", "12"]], ["Year: 2029; Ships: 12."]),
        (
            [["", "Ships"], ["North", "12"], ["South", "9"]],
            ["North; Ships: 12.", "South; Ships: 9."],
        ),
        ([["Only"], ["one"], [" ", ""], ["column"]], ["Only", "one", "column"]),
        ([["a", "b", "c"], ["What?", "d", "Why?"]], ["a: What?; b: d; c: Why?"]),
        ([], []),
    ],
)
def test_rows_as_lines(rows: list[list[str]], lines: list[str]) -> None:
    assert tables.table_lines(rows) == lines


def test_huge_tables_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "_MAX_CELLS", 5)
    with pytest.raises(TooLargeError, match="more than 5 cells: split it"):
        tables.table_lines([["a", "b"]] * 3)
    with pytest.raises(TooLargeError, match="more than 5 cells: split it"):
        tables.rows_of("a,b\n" * 3)
    monkeypatch.setattr(tables, "_MAX_CHARACTERS", 5)
    with pytest.raises(TooLargeError, match="split it"):
        tables.table_lines([["abcdef"]])


def test_a_table_of_articles_is_as_many_documents(tmp_path: Path) -> None:
    data = f'title,text,published\nThe book,"{PROSE}",2031-03-04\nThe lamp,"{PROSE}",2031-03-05\n'
    found = parts(tmp_path, "a.csv", data)
    assert [part.name for part in found] == ["1", "2"]
    first = found[0].content
    assert isinstance(first, Document)
    assert (first.text, first.title, first.date) == (PROSE, "The book", "2031-03-04")


# Books

OPF = """<?xml version="1.0"?>{doctype}
<package xmlns="http://www.idpf.org/2007/opf" version="3.0"><metadata
xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{title}</dc:title>
<dc:creator>Jane Doe</dc:creator><dc:creator>Li Wei</dc:creator>
<dc:date>2031-03-04T00:00:00+00:00</dc:date><dc:publisher>Quay Press</dc:publisher></metadata>
<manifest><item id="n" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="b" href="text/two%20more.xhtml" media-type="application/xhtml+xml"/>
<item id="a" href="text/one.xhtml" media-type="application/xhtml+xml"/>
<item id="x" href="../../etc/passwd" media-type="application/xhtml+xml"/></manifest>
<spine><itemref idref="n"/><itemref idref="a"/><itemref idref="x"/><itemref idref="b"/></spine>
</package>"""
CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OPS/book.opf"/></rootfiles></container>'
)


def epub(title: str = "The quay", doctype: str = "", **more: str) -> bytes:
    page = "<html><head><title>t</title><style>p</style></head><body>{}</body></html>"
    return zip_of(
        **{
            "mimetype": b"application/epub+zip",
            "META-INF/container.xml": CONTAINER.encode(),
            "OPS/book.opf": OPF.format(title=title, doctype=doctype).encode(),
            "OPS/nav.xhtml": page.format("Contents").encode(),
            "OPS/text/one.xhtml": page.format(f"<h1>One</h1><p>{PROSE}</p>").encode(),
            "OPS/text/two more.xhtml": page.format("<h1>Two</h1><p>Caf\u00e9.</p>").encode(),
        },
        **{name.replace("__", "/"): text.encode() for name, text in more.items()},
    )


def test_chapters_in_reading_order(tmp_path: Path) -> None:
    book = load(tmp_path, "b.epub", epub())
    assert [page.span.of(book.text) for page in book.pages] == [f"One\n{PROSE}", "Two\nCafé."]
    assert (book.title, book.author, book.date, book.source) == (
        "The quay",
        "Jane Doe, Li Wei",
        "2031-03-04",
        "Quay Press",
    )


def test_protected_and_broken_books(tmp_path: Path) -> None:
    cipher = '<e><CipherReference URI="OPS/{}"/></e>'
    locked = {"META-INF__encryption.xml": cipher.format("text/one.xhtml")}
    assert isinstance(error(tmp_path, "a.epub", epub(**locked)), LockedError)
    fonts = {"META-INF__encryption.xml": cipher.format("font.otf")}
    assert load(tmp_path, "b.epub", epub(**fonts)).title == "The quay"
    assert "not an EPUB book" in str(error(tmp_path, "c.epub", zip_of(a=b"x")))
    assert "not an EPUB book" in str(error(tmp_path, "d.epub", b"PK nothing"))
    short = with_part(epub(), "OPS/book.opf", b"<package")
    assert "damaged" in str(error(tmp_path, "e.epub", short))


def test_entities_in_a_book_are_not_expanded(tmp_path: Path) -> None:
    (tmp_path / "private").write_text("private words", encoding="utf-8")
    outside = f'<!DOCTYPE p [<!ENTITY x SYSTEM "{(tmp_path / "private").as_uri()}">]>'
    for doctype, title in ((LAUGHS, "Q &d;"), (outside, "Q &x;")):
        shown = outcome(tmp_path, "a.epub", epub(title, doctype))
        assert "haha" not in shown
        assert "private words" not in shown


# Mail


def test_mail(tmp_path: Path) -> None:
    message = email.message.EmailMessage()
    message["Subject"] = "Über den Kai"
    message["From"] = "Jané Doe <jane@example.org>"
    message["To"] = "harbour@example.org"
    message["Date"] = "Tue, 04 Mar 2031 09:30:00 +0100"
    message.set_content(PROSE)
    message.add_alternative("<p>The same as HTML</p>", subtype="html")
    message.add_attachment(b"%PDF-", maintype="application", subtype="pdf", filename="plan.pdf")
    mail = load(tmp_path, "a.eml", message.as_bytes())
    assert (mail.title, mail.author, mail.date) == ("Über den Kai", "Jané Doe", "2031-03-04")
    assert " ".join(PROSE.split()) in " ".join(mail.text.split())
    assert "From: Jané Doe <jane@example.org>\nTo: harbour@example.org\n" in mail.text
    assert "The same as HTML" not in mail.text
    assert mail.text.endswith("Attachments (not read here): plan.pdf.")


def test_mail_of_html_and_of_nothing(tmp_path: Path) -> None:
    html = (
        b"Subject: News\r\nFrom: a@example.org\r\nContent-Type: text/html; charset=cp1252\r\n"
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
        b"<style>p{}</style><p>Caf=E9 news</p><script>alert(1)</script>"
    )
    mail = load(tmp_path, "a.eml", html)
    assert mail.text.endswith("Café news")
    assert mail.author == "a@example.org"
    odd = html.replace(b"cp1252", b"x-unheard-of")
    assert "news" in load(tmp_path, "b.eml", odd).text
    assert "not an e-mail message" in str(error(tmp_path, "c.eml", b"just some words"))
    deep = b"Subject: x\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n" * 3
    assert load(tmp_path, "d.eml", deep).title == "x"


def test_a_message_in_a_message_is_named(tmp_path: Path) -> None:
    inner, outer = email.message.EmailMessage(), email.message.EmailMessage()
    inner["Subject"] = "The lamp"
    inner.set_content(PROSE)
    outer["Subject"] = "Fwd"
    outer.set_content("See below.")
    outer.add_attachment(inner)
    text = load(tmp_path, "a.eml", outer.as_bytes()).text
    assert "Attachments (not read here): the message “The lamp”." in text


# JSON

ARTICLE = {
    "Title": "The book",
    "text": PROSE,
    "authors": [{"name": "Jane Doe"}, "Li Wei"],
    "published_at": "2031-03-04T09:30:00.123Z",
    "source": {"name": "Example Times"},
}


def test_one_article(tmp_path: Path) -> None:
    document = load(tmp_path, "a.json", json.dumps(ARTICLE))
    assert document == Document(
        PROSE, "The book", "Jane Doe, Li Wei", "2031-03-04", "Example Times", (), document.body
    )
    html = {"headline": "H", "content": f"<p>{PROSE}</p><p>More.</p>", "url": "https://www.x.org/a"}
    document = load(tmp_path, "b.json", json.dumps(html))
    assert (document.text, document.source) == (f"{PROSE}\nMore.", "x.org")


@pytest.mark.parametrize("wrap", [list, lambda each: {"count": 2, "articles": each}])
def test_a_list_of_articles_is_as_many_documents(tmp_path: Path, wrap: Any) -> None:
    other = {**ARTICLE, "title": "The lamp"}
    del other["Title"]
    found = parts(tmp_path, "a.json", json.dumps(wrap([ARTICLE, other])))
    assert [part.name for part in found] == ["1", "2"]
    assert [part.content.title for part in found if isinstance(part.content, Document)] == [
        "The book",
        "The lamp",
    ]
    assert len({part.sha256 for part in found}) == 2
    with pytest.raises(ReadError, match="holds 2 documents"):
        read(tmp_path / "a.json", max_bytes=10_000)


def test_questions_to_measure_with_are_not_read(tmp_path: Path) -> None:
    rows = [
        {"id": "1", "question": "Who runs the port?", "answers": [["Ana Ruiz"]]},
        {"id": "2", "question": "When was the bridge built?", "answers": []},
    ]
    lines = "\n".join(map(json.dumps, rows))
    assert "holds questions" in str(error(tmp_path, "questions.jsonl", lines))
    inside = parts(
        tmp_path, "all.zip", zip_of(**{"questions.jsonl": lines.encode(), "a.txt": PROSE.encode()})
    )
    assert [type(each.content) for each in inside] == [UnsupportedError, Document]
    # What is asked often, with what is told: something to read.
    often = json.dumps({"question": "Who runs the port?", "answer": "Ana Ruiz, since May."})
    assert "Ana Ruiz" in load(tmp_path, "faq.jsonl", often).text


def test_json_lines(tmp_path: Path) -> None:
    line = json.dumps(ARTICLE)
    found = told(parts(tmp_path, "a.jsonl", f'{line}\n\n{line}\n{{"title": \n[1]\n{line}\n'))
    assert list(found) == ["1", "3", "4", "5", "6"]
    assert found["3"] == PROSE
    assert "is not valid JSON" in found["4"]
    assert "holds no article" in found["5"]
    assert "is not valid JSON" in str(error(tmp_path, "b.jsonl", "x\ny\n"))
    assert "in line 2" in str(error(tmp_path, "b.jsonl", '{"level": "warn"}\n{"lev\n'))
    logged = load(tmp_path, "c.jsonl", '{"level": "warn", "code": 7}\n{"level": "info"}\n')
    assert logged.text == "1: level: warn; code: 7.\n\n2: level: info."


def test_any_json_becomes_lines(tmp_path: Path) -> None:
    value = {
        "harbour": {"name": "Bergen", "open": True, "depth": 12.5, "closed": None},
        "ferries": [{"name": "Ann", "cars": 40}, {"name": "Bob", "cars": 12}],
        "colours": ["red", "white"],
        "deep": {"a": {"b": {"c": 1}, "d": []}},
    }
    assert load(tmp_path, "harbour plan.json", json.dumps(value)).text.split("\n\n") == [
        "harbour: name: Bergen; open: yes; depth: 12.5.",
        "ferries 1: name: Ann; cars: 40.",
        "ferries 2: name: Bob; cars: 12.",
        "colours: red, white.",
        "deep.a.b: c: 1.",
    ]


def test_short_texts_beside_figures_are_no_articles(tmp_path: Path) -> None:
    rows = [{"name": "Lamp", "text": "It is bright.", "price": 12.5}]
    assert (
        "name: Lamp; text: It is bright.; price: 12.5."
        in load(tmp_path, "a.json", json.dumps(rows)).text
    )
    table = "name,text,price\nLamp,It is bright.,12.5\n"
    assert load(tmp_path, "a.csv", table).text == "name: Lamp; text: It is bright.; price: 12.5."
    bare = {"title": "The lamp", "text": "It is bright."}
    assert load(tmp_path, "b.json", json.dumps(bare)).text == "It is bright."


def test_values_that_no_program_takes(tmp_path: Path) -> None:
    text = load(tmp_path, "a.json", '{"n": %s, "half": "a\\ud800b"}' % ("9" * 5000)).text
    assert text == f"n: {'9' * 5000}.\n\nhalf: a\ufffdb."


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("[" * 100_000, "nested too deeply"),
        ('{"a":' * 100_000, "nested too deeply"),
        ("{'a': __import__('os')}", "not valid JSON"),
        ("{}", "holds no text"),
    ],
)
def test_hostile_json(tmp_path: Path, data: str, reason: str) -> None:
    with pytest.raises(ReadError, match=reason):
        parts(tmp_path, "a.json", data)


# Archives


def encrypted(data: bytes) -> bytes:
    """A zip file whose members all say that they are encrypted."""
    out = bytearray(data)
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = out.find(mark)
        while at >= 0:
            out[at + offset] |= 1
            at = out.find(mark, at + 1)
    return bytes(out)


def test_an_archive_is_as_many_documents(tmp_path: Path) -> None:
    data = zip_of(
        **{
            "news/a.txt": b"The lamp was lit.",
            "b.pdf": pdf([["One page"]]),
            "c.docx": docx("A paragraph."),
            "d.jsonl": f"{json.dumps(ARTICLE)}\n{json.dumps(ARTICLE)}".encode(),
            "e.zip": zip_of(**{"f.txt": b"Inner words."}),
            "g.csv": b"Year,Ships\n2029,12\n",
            "news/": b"",
            ".hidden.txt": b"x",
            "__MACOSX/._a.txt": b"x",
            "h.jpg": b"x",
            "i.txt": b"",
        }
    )
    found = parts(tmp_path, "a.zip", data)
    texts = told(found)
    assert list(texts) == [
        "news/a.txt", "b.pdf", "c.docx", "d.jsonl!/1", "d.jsonl!/2", "e.zip!/f.txt", "g.csv",
        "h.jpg", "i.txt",
    ]  # fmt: skip
    assert texts["news/a.txt"] == "The lamp was lit."
    assert texts["d.jsonl!/2"] == PROSE
    assert texts["e.zip!/f.txt"] == "Inner words."
    kinds = {part.name: type(part.content) for part in found}
    assert kinds["h.jpg"] is UnsupportedError
    assert kinds["i.txt"] is EmptyDocumentError


def test_names_in_an_archive_lead_nowhere(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as opened:
        for name in ("../../etc/a.txt", "/etc/a.txt", "C:\\x\\b.txt", "c\x1b[2J.txt", "etc/a.txt"):
            opened.writestr(name, "words")
        with pytest.warns(UserWarning, match="Duplicate"):
            opened.writestr("etc/a.txt", "words")
    names = [part.name for part in parts(tmp_path, "a.zip", out.getvalue())]
    assert names == [
        "etc/a.txt", "etc/a (2).txt", "C:/x/b.txt", "c\ufffd[2J.txt", "etc/a (3).txt",
        "etc/a (4).txt",
    ]  # fmt: skip
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


def test_locked_damaged_and_nested_members(tmp_path: Path) -> None:
    locked = told(parts(tmp_path, "a.zip", encrypted(zip_of(**{"a.txt": b"x", "b.jsonl": b"x"}))))
    assert all("is encrypted: unpack it with its password" in each for each in locked.values())
    assert list(locked) == ["a.txt", "b.jsonl"]
    sound = zip_of(**{"a.txt": b"some words", "b.txt": b"more words"})
    flaw = sound.replace(sound[37:41], b"\xff\xff\xff\xff", 1)
    damaged = told(parts(tmp_path, "b.zip", flaw))
    assert "damaged" in damaged["a.txt"]
    assert damaged["b.txt"] == "more words"
    inner = zip_of(**{"y.zip": zip_of(**{"z.txt": b"deep"}), "x.txt": b"words"})
    nested = told(parts(tmp_path, "c.zip", zip_of(**{"x.zip": inner, "broken.zip": b"PK"})))
    assert "in a zip file in a zip file" in nested["x.zip!/y.zip"]
    assert nested["x.zip!/x.txt"] == "words"
    assert "is not a zip file" in nested["broken.zip"]
    assert "is not a zip file" in str(error(tmp_path, "d.zip", b"PK\x03\x04 no zip"))
    assert isinstance(error(tmp_path, "e.zip", zip_of()), EmptyDocumentError)


def test_zip_bombs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = zip_of(**{"a.txt": bytes(30_000_000)})
    assert "like a zip bomb" in str(error(tmp_path, "a.zip", bomb))
    inner = told(parts(tmp_path, "b.zip", zip_of(**{"bomb.zip": bomb, "a.txt": b"words"})))
    assert "like a zip bomb" in inner["bomb.zip"]
    assert inner["a.txt"] == "words"
    many = zip_of(**{f"{n}.txt": b"" for n in range(10_001)})
    assert "10001 parts" in str(error(tmp_path, "c.zip", many))
    for name in ("a.pptx", "a.xlsx", "a.epub"):
        assert "like a zip bomb" in str(error(tmp_path, name, bomb))
    # What inner archives unpack to counts together.
    monkeypatch.setattr(archive, "_MAX_ARCHIVE", 1100)
    twice = zip_of(**{f"{n}.zip": zip_of(**{"a.txt": bytes(range(256))}) for n in range(2)})
    found = told(parts(tmp_path, "d.zip", twice))
    assert ["zip bomb" in each for each in found.values()] == [False, True]


def test_a_member_over_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(zip_of(**{"a.txt": b"word " * 400}))
    (part,) = read_all(path, max_bytes=1000)
    assert isinstance(part.content, TooLargeError)


@pytest.mark.parametrize(
    ("path", "file"),
    [
        ("/x/a.zip!/b/c.txt", "/x/a.zip"),
        ("/x/A.ZIP!/b.jsonl!/3", "/x/A.ZIP"),
        ("/x/wow!/a.txt", "/x/wow!/a.txt"),
        ("/x/a.txt", "/x/a.txt"),
    ],
)
def test_the_file_of_a_document(path: str, file: str) -> None:
    assert file_of(path) == file
