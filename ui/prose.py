"""An answer's text to HTML: paragraphs, lists, tables, links to its passages. Pure.

All of it is escaped. Markdown beyond lists, tables and bold stays text, so that no image or link of
a model's making ever reaches the browser.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from index.types import Span
from rag.types import Claim, Source
from ui.cited import MARKER, Stretch, numbers, quoted, visible
from ui.plain import UNSUPPORTED

_ITEM = re.compile(r"[ \t]*(?:[-*•]|(\d{1,2})[.)])[ \t]+")
_BOLD = re.compile(r"\*\*(?=\S)(.+?)(?<=\S)\*\*")
_ROW = re.compile(r"[ \t]*\|.*\|?[ \t]*$")
_RULE = re.compile(r"[ \t|:-]*-{2,}[ \t|:-]*$")
_TOOLTIP = 280


def escaped(text: str) -> str:
    """`text` for HTML, in an element or a quoted attribute."""
    return html.escape(visible(text))


def mark_id(number: int, n: int) -> str:
    """The id of the n-th marked span of a passage."""
    return f"rd-mark-{number}-{n}"


class Links:
    """What the markers of one answer lead to."""

    def __init__(self, sources: Sequence[Source], claims: Sequence[Claim] = ()) -> None:
        self._sources = {source.number: source for source in sources}
        self._claims = claims

    def marker(self, found: re.Match[str], claim: Claim | None) -> str:
        """A marker as links; numbers that name no passage stay text."""
        named = numbers(found)
        if not any(n in self._sources for n in named):
            return escaped(found.group())
        return "".join(
            self._link(n, claim) if n in self._sources else f" [{n}]"
            for n in dict.fromkeys(named)
        )  # fmt: skip

    def to(self, claim: Claim) -> str:
        """Links to the passages that a claim cites."""
        cited = dict.fromkeys(each.number for each in claim.citations)
        return "".join(self._link(n, claim) for n in cited if n in self._sources)

    def _link(self, number: int, claim: Claim | None) -> str:
        source = self._sources[number]
        cited = [
            each
            for each in (claim.citations if claim and claim.supported else ())
            if each.number == number
        ]
        marks = [
            mark_id(number, n)
            for n, span in enumerate(quoted(source, self._claims), 1)
            if any(span.start <= each.start - source.start < span.end for each in cited)
        ]
        tip = " … ".join(each.quote for each in cited) or source.title
        mark = f' data-marks="{" ".join(marks)}"' if marks else ""
        short = tip if len(tip) <= _TOOLTIP else tip[: _TOOLTIP - 1].rstrip() + "…"
        return (
            f'<sup><a class="cite" href="#rd-source-{number}" title="{escaped(short)}"'
            f' aria-label="Passage {number}"{mark}>{number}</a></sup>'
        )


@dataclass(slots=True)
class _Block:
    """Lines that make one paragraph, list or table.

    first   the number of a list's first item
    headed  whether a table's first row heads it
    """

    kind: str
    lines: list[str]
    first: int = 1
    headed: bool = False

    def html(self) -> str:
        if self.kind == "table":
            head = f"<thead>{self.lines[0]}</thead>" if self.headed else ""
            rows = "".join(self.lines[1:] if self.headed else self.lines)
            return f"<table>{head}<tbody>{rows}</tbody></table>"
        if self.kind == "p":
            return f'<p dir="auto">{"<br>".join(self.lines)}</p>'
        items = "".join(f'<li dir="auto">{line}</li>' for line in self.lines)
        start = f' start="{self.first}"' if self.first != 1 else ""
        return f"<{self.kind}{start}>{items}</{self.kind}>"


def blocks(text: str, cut: Sequence[Stretch], links: Links) -> str:
    """The text as paragraphs, lists and tables. `cut`: where its claims stand, if that is known."""
    pieces = cut or [Stretch(Span(0, len(text)), None, body=False)]
    made: list[_Block] = []
    here = 0
    joined = False
    for line in text.split("\n"):
        start, here = here, here + len(line) + 1
        if not line.strip():
            # A blank line ends a paragraph; between the items of a list it says nothing.
            joined = bool(made) and made[-1].kind != "p"
            continue
        if _ROW.match(line):
            tabled = joined and made[-1].kind == "table"
            if tabled and _RULE.match(line):
                made[-1].headed = made[-1].headed or len(made[-1].lines) == 1
                continue
            row = _row(text, start, line, pieces, links)
            if tabled:
                made[-1].lines.append(row)
            else:
                made.append(_Block("table", [row]))
            joined = True
            continue
        item = _ITEM.match(line)
        kind, first = "p", 1
        if item:
            kind, first = ("ol", int(item[1])) if item[1] else ("ul", 1)
        inline = _inline(text, start + (item.end() if item else 0), here - 1, pieces, links)
        if joined and made[-1].kind == kind:
            made[-1].lines.append(inline)
        else:
            made.append(_Block(kind, [inline], first))
        joined = True
    return "".join(block.html() for block in made)


def _row(text: str, start: int, line: str, pieces: Sequence[Stretch], links: Links) -> str:
    """A table's row, `line`, which begins at `text[start]`."""
    bars = [start + at for at, each in enumerate(line) if each == "|"]
    edges = [*bars, start + len(line)]
    cells = [_inline(text, low + 1, high, pieces, links).strip() for low, high in pairwise(edges)]
    if len(cells) > 1 and not cells[-1]:
        cells.pop()
    inner = "".join(f'<td dir="auto">{cell}</td>' for cell in cells)
    return f"<tr>{inner}</tr>"


def _inline(text: str, start: int, end: int, pieces: Sequence[Stretch], links: Links) -> str:
    """`text[start:end]`, a line."""
    out = []
    for piece in pieces:
        low, high = max(piece.span.start, start), min(piece.span.end, end)
        if low >= high:
            continue
        inner = _linked(text[low:high], piece.claim, links)
        if piece.body and piece.claim and not piece.claim.supported:
            label = ""
            if high == piece.span.end:
                label = f' <small class="rd-label">{UNSUPPORTED}</small>'
            inner = f'<span class="rd-unsupported"><s>{inner}</s>{label}</span>'
        out.append(inner)
    return "".join(out)


def _linked(text: str, claim: Claim | None, links: Links) -> str:
    out = []
    here = 0
    for found in MARKER.finditer(text):
        out += [_bold(text[here : found.start()]), links.marker(found, claim)]
        here = found.end()
    return "".join([*out, _bold(text[here:])])


def _bold(text: str) -> str:
    return _BOLD.sub(r"<strong>\1</strong>", escaped(text))
