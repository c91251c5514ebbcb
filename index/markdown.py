"""Markdown as it stands, and what its front matter states."""

from __future__ import annotations

import re

from index.fields import author_in, date_in, source_in, title_in
from index.formats import Extract, plain
from index.titles import title_from
from index.types import Span

__all__ = ["from_markdown"]


def from_markdown(text: str, name: str) -> Extract:
    """Markdown as it stands, with what its front matter states; `body` begins after that.

    Front matter that is not valid YAML is text.
    """
    start, about = _front_matter(text)
    heading = _first_heading(text[start:].split("\n"))
    return Extract(
        text=text,
        title=title_in(about) or plain(heading) or title_from(name, text[start:]),
        author=author_in(about),
        date=date_in(about),
        source=source_in(about),
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
