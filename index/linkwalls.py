"""Walls of links: hundreds of them in a row, which are a menu or an index and no article.

Extractors weigh every link of a page. What takes them seconds at ten thousand is told here at once,
by what stands between the links.
"""

from __future__ import annotations

from typing import Any

__all__ = ["without_walls"]

_LEAST = 200
"""So many links, with next to nothing between them, are a wall. Lists of references have text."""

_BETWEEN = 12
"""Characters between two links of a wall, at most: a separator, a number, a short heading."""

_LEFT = 200
"""Characters that a page must hold besides its walls, else they are what it is about."""

_SILENT = frozenset({"script", "style", "noscript", "template", "head", "title"})


def without_walls(tree: Any) -> Any:
    """Takes walls of links out of a page, with what they leave empty. Returns the page, changed."""
    walls, left = _walls(tree)
    if left < _LEFT:
        return tree
    for wall in walls:
        for link in wall:
            _drop(link)
    return tree


def _walls(tree: Any) -> tuple[list[list[Any]], int]:
    """The walls, each as its links in order; and the characters that are in none of them."""
    from lxml import etree  # type: ignore[import-untyped, unused-ignore]

    walls: list[list[Any]] = []
    run: list[Any] = []
    inside = silent = between = left = linked = 0

    def end() -> None:
        nonlocal run, linked, left
        if len(run) >= _LEAST:
            walls.append(run)
        else:
            left += linked
        run, linked = [], 0

    def said(text: str | None) -> None:
        nonlocal between, left, linked
        length = len(text.strip()) if text and not silent else 0
        if inside:
            linked += length
            return
        between += length
        left += length
        if between > _BETWEEN and run:
            end()

    for event, element in etree.iterwalk(tree, events=("start", "end")):
        if event == "start":
            silent += element.tag in _SILENT
            if element.tag == "a" and element.get("href") is not None:
                if not inside:
                    run.append(element)
                    between = 0
                inside += 1
            said(element.text)
        else:
            inside -= element.tag == "a" and element.get("href") is not None
            silent -= element.tag in _SILENT
            said(element.tail)
    end()
    return walls, left


def _drop(link: Any) -> None:
    """Removes a link, the line breaks after it, and the elements that held nothing else."""
    following = link.getnext()
    while following is not None and following.tag in ("br", "hr"):
        after = following.getnext()
        following.drop_tree()
        following = after
    parent = link.getparent()
    link.drop_tree()
    # `len` would count all that a long list holds, for each of its links.
    while parent is not None and next(iter(parent), None) is None and not _said(parent):
        above = parent.getparent()
        if above is None or parent.tag in ("body", "html"):
            return
        parent.drop_tree()
        parent = above


def _said(element: Any) -> str:
    return (element.text or "").strip()
