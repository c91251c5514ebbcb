"""Characters that nobody sees, taken out of what a model or a search reads. Pure."""

from __future__ import annotations

import unicodedata

__all__ = ["visible"]

_JOINERS = "\u200c\u200d"
# Invisible, though Unicode does not count them as format characters.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\u180b\u180c\u180d\u180f")
_BREAKS = str.maketrans({"\r": "\n", "\x0b": "\n", "\x0c": "\n", "\x85": "\n",
                         "\u2028": "\n", "\u2029": "\n"})  # fmt: skip


def visible(text: str) -> str:
    """`text` without characters that nobody sees, in which orders could hide.

    Taken out: controls, format characters (zero width, direction, the tags block, soft hyphens),
    private use, unassigned code points, variation selectors, blank letters. A joiner stays between
    two letters of a script that needs it (Persian, Hindi); in emoji and elsewhere it goes, which
    costs a family its tie, and no meaning. Other line breaks become "\\n".
    """
    if text.isascii() and text.isprintable():
        return text
    text = text.replace("\r\n", "\n").translate(_BREAKS)
    return "".join(
        each
        for at, each in enumerate(text)
        if each in "\n\t"
        or (each in _JOINERS and _joins(text, at))
        or not (unicodedata.category(each)[0] == "C" or each in _BLANK or _selects(each))
    )


def _joins(text: str, at: int) -> bool:
    return 0 < at < len(text) - 1 and all(
        "\u0600" <= each <= "\u08ff" or "\u0900" <= each <= "\u0dff"
        for each in (text[at - 1], text[at + 1])
    )


def _selects(each: str) -> bool:
    return "\ufe00" <= each <= "\ufe0f" or "\U000e0100" <= each <= "\U000e01ef"
