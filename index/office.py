"""What Word, PowerPoint and Excel files say, and what they state about themselves.

Nothing in them is run: of formulas the saved results are read, links are not followed, and every
XML parser at work leaves entities alone. What a package raises becomes a `ReadError`. When a file
was saved says nothing of when its words were published: no date is taken from that.
"""

from __future__ import annotations

import datetime as dt
import io
import warnings
from collections.abc import Iterator
from typing import Any

from index.archive import package, reason
from index.bylines import find_date
from index.errors import ReadError, TooLargeError
from index.formats import Extract, own_author, own_title, paged, tidy
from index.tables import table_lines

__all__ = ["from_docx", "from_pptx", "from_xlsx"]

_MAX_ROWS = 200_000
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


def from_docx(data: bytes) -> Extract:
    """Paragraphs and tables of a Word document in their order, rows as "| a | b |".

    Raises `LockedError` for an encrypted file and `ReadError` for a damaged or suspicious one.
    """
    package(data, "a Word document", ".docx")
    import docx

    try:
        opened = docx.Document(io.BytesIO(data))
        blocks = [tidy(block).strip("\n") for block in _word_blocks(opened.element.body)]
        title, author = opened.core_properties.title, opened.core_properties.author
    except Exception as exc:
        raise ReadError(
            f"is not a Word document, or is damaged ({reason(exc)}): save it again as .docx"
        ) from exc
    return Extract(
        text="\n\n".join(block for block in blocks if block.strip()),
        title=own_title(title),
        author=own_author(author),
    )


def from_pptx(data: bytes) -> Extract:
    """The slides of a presentation as pages: title, texts, tables, charts and notes.

    Raises `LockedError` for an encrypted file and `ReadError` for a damaged or suspicious one.
    """
    package(data, "a PowerPoint presentation", ".pptx")
    import pptx

    try:
        opened = pptx.Presentation(io.BytesIO(data))
        slides = [tidy("\n\n".join(filter(None, _slide(each)))) for each in opened.slides]
        titles = [each.shapes.title.text_frame.text for each in opened.slides if each.shapes.title]
        about = opened.core_properties
        stated = (about.title, about.author)
    except TooLargeError:
        raise
    except Exception as exc:
        raise ReadError(
            f"is not a PowerPoint presentation, or is damaged ({reason(exc)}): save it again as"
            " .pptx"
        ) from exc
    text, pages = paged(slides)
    return Extract(
        text=text,
        title=own_title(stated[0]) or next(filter(None, map(own_title, titles)), None),
        author=own_author(stated[1]),
        date=find_date(slides[0] if slides else ""),
        pages=pages,
    )


def from_xlsx(data: bytes) -> Extract:
    """The sheets of a workbook as pages: each its name and a line for each row.

    Raises `LockedError` for an encrypted file, `TooLargeError` for one of very many rows and
    `ReadError` for a damaged or suspicious one.
    """
    package(data, "an Excel workbook", ".xlsx")
    import openpyxl

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and extensions, which are not text
            opened = openpyxl.load_workbook(
                io.BytesIO(data), read_only=True, data_only=True, keep_links=False
            )
            try:
                sheets = [_sheet(each) for each in opened.worksheets]
            finally:
                opened.close()
        about = opened.properties
    except TooLargeError:
        raise
    except Exception as exc:
        raise ReadError(
            f"is not an Excel workbook, or is damaged ({reason(exc)}): save it again as .xlsx"
        ) from exc
    text, pages = paged(sheets)
    return Extract(
        text=text,
        title=own_title(about.title),
        author=own_author(about.creator),
        pages=pages,
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


def _slide(slide: Any) -> Iterator[str]:
    """The blocks of a slide, its title first."""
    title = slide.shapes.title
    if title is not None:
        yield " ".join(title.text_frame.text.split())
    for shape in slide.shapes:
        if title is None or shape.shape_id != title.shape_id:
            yield from _shape(shape)
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        notes = slide.notes_slide.notes_text_frame.text.strip()
        yield f"Notes: {notes}" if notes else ""


def _shape(shape: Any) -> Iterator[str]:
    if hasattr(shape, "shapes"):  # a group
        for inner in shape.shapes:
            yield from _shape(inner)
    elif getattr(shape, "has_table", False):
        rows = ([cell.text for cell in row.cells] for row in shape.table.rows)
        yield "\n\n".join(table_lines(rows))
    elif getattr(shape, "has_chart", False):
        yield _chart(shape.chart)
    elif getattr(shape, "has_text_frame", False) and not _is_page_number(shape):
        lines = [" ".join(each.text.split()) for each in shape.text_frame.paragraphs]
        lines = [line for line in lines if line]
        # A mark makes a bullet point a statement of its own, apart from the lines around it.
        yield "\n".join(f"- {line}" for line in lines) if lines[1:] else "".join(lines)


def _is_page_number(shape: Any) -> bool:
    from pptx.enum.shapes import PP_PLACEHOLDER

    number = PP_PLACEHOLDER.SLIDE_NUMBER
    return bool(shape.is_placeholder and shape.placeholder_format.type == number)


def _chart(chart: Any) -> str:
    title = chart.chart_title.text_frame.text.strip() if chart.has_title else ""
    lines = [title]
    for plot in chart.plots:
        series = list(plot.series)
        rows = [["", *(each.name for each in series)]]
        for number, category in enumerate(plot.categories):
            values = (each.values[number] if number < len(each.values) else "" for each in series)
            rows.append([str(category), *map(_value, values)])
        lines += table_lines(rows, headed=True)
    return "\n\n".join(filter(None, lines))


def _sheet(sheet: Any) -> str:
    """A sheet's name and rows; "" if it holds nothing."""
    sheet.reset_dimensions()  # a sheet may claim a million columns
    lines = table_lines(_rows(sheet))
    return tidy("\n\n".join([sheet.title, *lines])) if lines else ""


def _rows(sheet: Any) -> Iterator[list[str]]:
    filled = 0
    for row in sheet.iter_rows():
        cells = [_cell(cell) for cell in row]
        if any(cells):
            filled += 1
            yield cells
        if filled > _MAX_ROWS:
            raise TooLargeError(
                f"has more than {_MAX_ROWS} rows on the sheet {sheet.title!r}: split it, or save"
                " what you need of it in a new file"
            )


def _cell(cell: Any) -> str:
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, float) and "%" in (cell.number_format or ""):
        return f"{value * 100:.10g}%"
    return _value(value)


def _value(value: object) -> str:
    """A cell's value as a person would write it, without a locale."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dt.datetime):
        return value.isoformat(" ", "minutes").removesuffix(" 00:00")
    if isinstance(value, float):
        return f"{value:.15g}"
    return str(value)
