"""A title for a text that names none: its first line, its file's name or its first words. Pure."""

from __future__ import annotations

import re

from index.clean import is_furniture, menu
from index.formats import plain, tidy

__all__ = ["title_from", "title_of"]

_TITLE_CHARACTERS = 150
_SHORT_TITLE = 80
_HEAD_LINES = 30
_GENERIC = re.compile(
    r"article|copy|doc(?:ument)?|download|export|file|img|index|new|page|scan|te?xt|unnamed|untitled",
    re.IGNORECASE,
)


def title_of(text: str, name: str) -> str:
    """A title for a text that names none: its first line, its file's name or its first words.

    name  the file's name, used where the first line does not look like a title
    """
    lines = [line.strip() for line in tidy(text[:20_000]).split("\n")]
    there = [n for n, line in enumerate(lines) if line]
    entries = {there[n] for n in menu([lines[n] for n in there[:_HEAD_LINES]])}
    full = [n for n in there if n not in entries and not is_furniture(lines[n])]
    if full[1:] and _is_title(lines[full[0]], following=lines[full[0] + 1]):
        return re.sub(r"^#+\s+", "", " ".join(lines[full[0]].split()))
    return title_from(name, text)


def title_from(name: str, text: str) -> str:
    """A file's name made readable, or the text's first words if the name says nothing."""
    stem = re.sub(r"\.[^.\s]{1,9}$", "", plain(name) or "")
    readable = " ".join(re.sub(r"[_\s]+|%20|(?<=\w)-(?=\w)", " ", stem).split())
    if _says_something(readable):
        return readable[:_TITLE_CHARACTERS]
    return _first_words(" ".join(tidy(text[:2000]).split())) or readable or "Untitled"


def _is_title(line: str, *, following: str) -> bool:
    """Whether a first line reads as a title; a wrapped paragraph goes on in small letters."""
    item = re.match(r"[-*•‣·>]\s|\(?\d{1,3}[.)]\s", line)
    ends = line[-1] in ".。,;:" or following[:1].islower()
    return not item and not ends and len(line) <= _TITLE_CHARACTERS


def _says_something(name: str) -> bool:
    """Whether a file's name helps a reader, unlike "012_5c0ffee1d2b3a497" or "document"."""
    return any(
        len(word) >= (3 if word.isascii() else 1) and not _GENERIC.fullmatch(word)
        for word in re.findall(r"[^\W_]+", name)
        if not re.search(r"\d", word)
    )


def _first_words(text: str) -> str:
    text = text.lstrip("-–—*_#=~> ")
    sentence = re.split(r"(?<=[.!?])\s|(?<=[。！？])", text, maxsplit=1)[0]
    if len(sentence) <= _SHORT_TITLE:
        return sentence.rstrip(".")
    cut = sentence[: _SHORT_TITLE - 1]
    return (cut.rsplit(" ", 1)[0] if " " in cut else cut).rstrip(" ,;:–—-") + "…"
