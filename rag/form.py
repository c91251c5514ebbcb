"""The form of an answer: short, a list or a table where one is asked for, and plain text. Pure.

What a model writes is not trusted either. Links, images and markup leave its text, and so do
sentences that give addresses nobody asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Literal

from index.sentences import is_item
from rag.statements import Statement, is_row, only

__all__ = ["SENTENCES", "limited", "shape", "to_the_matter", "told", "unlinked"]

Shape = Literal["list", "table", "sentence"]

SENTENCES = 5
"""Sentences of an answer at most, list items and table rows not counted."""

_SHAPES: dict[Shape, re.Pattern[str]] = {
    "table": re.compile(
        r"\b(?:as|in|into) (?:a |an )?(?:\w+ )?table\b|\btabulate\b|\bals tabelle\b|"
        r"\bin einer tabelle\b|\btableau\b|\ben una tabla\b|表格",
        re.IGNORECASE,
    ),
    "list": re.compile(
        r"^\W*(?:please |bitte )?(?:list|enumerate|name (?:all|the)|nenne|liste|zähle|énumère|"
        r"enumera|enumere)\b|\bas (?:a )?(?:\w+ )?list\b|\bbullet(?:ed)? (?:points?|list)\b"
        r"|\bals liste\b|\bsous forme de liste\b|\ben una lista\b|列出|列表",
        re.IGNORECASE,
    ),
    "sentence": re.compile(
        r"\bin (?:one|a single|1) sentence\b|\bin einem satz\b|\ben une (?:seule )?phrase\b|"
        r"\ben una (?:sola )?frase\b|一句话",
        re.IGNORECASE,
    ),
}
_TOLD: dict[Shape, str] = {
    "list": 'Answer as a list, one item a line, each beginning with "- " and ending with its [n].',
    "table": "Answer as a Markdown table, one row for each, the [n] in its last cell.",
    "sentence": "Answer in one sentence.",
}

_IMAGE = re.compile(r"!\[[^\]\n]*\](?:\([^)\n]*\)|\[[^\]\n]*\])?")
_LINK = re.compile(r"\[([^\]\n]*)\]\([^)\n]*\)")
_REFERENCE = re.compile(r"\[([^\]\n]*[^\W\d][^\]\n]*)\]\[[^\]\n]*\]")
_DEFINITION = re.compile(r"^[ \t]*\[(?!\d+\])[^\]\n]+\]:[^\n]*\n?", re.MULTILINE)
_FOOTNOTE = re.compile(r"\[\^[^\]\n]*\]")
_AUTOLINK = re.compile(r"<((?:https?|ftp|mailto):[^<>\s]*)>", re.IGNORECASE)
_TAG = re.compile(r"<(?:!--.*?--|[!/?]?[A-Za-z][^<>]*)>", re.DOTALL)
_SCHEME = re.compile(r"\b(?:data|javascript|vbscript|blob|file):\S+", re.IGNORECASE)
_LEAD = re.compile(
    r"(^|(?<=[.!?] ))(?:(?:(?:the|this|these) )?(?:passage|article|text)s?(?: \[?\d+\]?)? "
    r"(?:also )?(?:states?|says?|mentions?|indicates?|reports?) that"
    r"|according to (?:the |this |these )?(?:passage|article|text)s?(?: \[?\d+\]?)?,) (\w)",
    re.IGNORECASE | re.MULTILINE,
)
_YES = re.compile(r"^(?:\[\d+\]|\W)*(?:yes|no)[,:;.] +(\w)(?=\w* \w+ \w)", re.IGNORECASE)
_ADDRESS = re.compile(
    r"\bhttps?:\S+|\bwww\.\S+|\b[\w.+-]+@[\w-]+\.\w[\w.]*|\+\d[\d ()/-]{6,}\d"
    r"|\b[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|org|net|example|info|io|de|fr|es|cn|co)\b(?:/\S*)?",
    re.IGNORECASE,
)
_ASKS_ADDRESS = re.compile(
    r"\b(?:address|website|web ?site|url|links?|page|online|site|domain|e-?mail|mail|phone|"
    r"telephone|number|call|contact|reach|adresse|webseite|telefon\w*|courriel|téléphone|correo|"
    r"teléfono|dirección)\b|https?:|www\.|网址|电话|邮箱",
    re.IGNORECASE,
)


def shape(question: str) -> Shape | None:
    """The form that a question asks for; None: sentences."""
    return next((name for name, asks in _SHAPES.items() if asks.search(question)), None)


def told(question: str) -> str:
    """What the model is told behind a question that asks for a form; else ""."""
    asked = shape(question)
    return f"\n{_TOLD[asked]}" if asked else ""


def to_the_matter(said: str) -> str:
    """What a model wrote without "The passage states that", which its `[n]` says better."""
    return _LEAD.sub(lambda match: match[1] + match[2].upper(), said)


def without_yes(said: str) -> str:
    """An answer without the "Yes" or "No" before its sentence.

    No check can tell a right one from a wrong one, and a small model often says the wrong one:
    "Yes, the tenant may not deep fry."
    """
    return _YES.sub(lambda match: match[1].upper(), said)


def unlinked(said: str) -> str:
    """What a model wrote without links, images, HTML and footnotes; their words stay.

    A bare address stays as text: `limited` leaves it out where nobody asked for it.
    """
    text = _IMAGE.sub("", said)
    text = _LINK.sub(lambda found: found[1] if not found[1].isdigit() else f"[{found[1]}]", text)
    text = _FOOTNOTE.sub("", _REFERENCE.sub(r"\1", _DEFINITION.sub("", text)))
    return _SCHEME.sub("", _TAG.sub("", _AUTOLINK.sub(r"\1", text)))


def limited(
    question: str, clean: str, statements: Sequence[Statement], *, orders: Callable[[str], bool]
) -> tuple[str, list[Statement]]:
    """Leaves out what an answer is not to hold: addresses not asked for, orders, too much.

    orders  whether a sentence gives orders, by `rag.untrusted`: it would repeat an attack
    """
    most = 1 if shape(question) == "sentence" else SENTENCES
    addresses = bool(_ASKS_ADDRESS.search(question))
    kept: list[bool] = []
    sentences = 0
    for each in statements:
        counted = not (is_item(each.text) or is_row(each.text))
        stays = (addresses or not _ADDRESS.search(each.text)) and not orders(each.text)
        stays = stays and (not counted or sentences < most)
        sentences += stays and counted
        kept.append(stays)
    return only(clean, statements, kept)
