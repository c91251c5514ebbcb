"""JSON: articles, each a document of its own, and everything else as lines of "key: value". Pure.

Nothing is executed: values are text, numbers, lists and objects, whatever they look like.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from index.errors import ReadError, TooLargeError
from index.fields import author_in, date_in, source_in, title_in
from index.formats import Extract, all_text, parsed, tidy

__all__ = ["are_questions", "article", "articles_in", "json_lines", "json_of", "told"]

_TEXTS = (
    "text", "content", "body", "article", "article_text", "article_body", "articlebody",
    "full_text", "fulltext", "content_text", "maintext", "content_html", "html",
)  # fmt: skip
_LONG = 200  # characters of a text that is an article whatever stands beside it
_SHARE = 0.5
_MAX_DIGITS = 1000
_MAX_CHARACTERS = 20_000_000
_MARKUP = re.compile(
    r"<(?:p|div|br|h[1-6]|ul|ol|li|article|section|table)\b[^>]{0,200}>", re.IGNORECASE
)


def json_of(text: str) -> Any:
    """What a JSON file holds. Raises `ReadError`."""
    try:
        return json.loads(text, parse_int=_int)
    except RecursionError as exc:
        raise ReadError("is nested too deeply to be read: make it flatter") from exc
    except ValueError as exc:
        raise ReadError(f"is not valid JSON ({exc}): correct it") from exc


def _int(digits: str) -> int | str:
    return int(digits) if len(digits) < _MAX_DIGITS else digits  # more than that is no amount


def json_lines(text: str) -> list[tuple[str, Any]]:
    """The values of a file of JSON lines, each with its line's number.

    In place of a line that is not valid JSON stands the `ReadError` to be told. Raises it where
    no line is valid.
    """
    found: list[tuple[str, Any]] = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                found.append((str(number), json_of(line)))
            except ReadError as exc:
                found.append((str(number), exc))
    if found and all(isinstance(value, ReadError) for _, value in found):
        raise found[0][1]
    return found


def articles_in(value: Any) -> list[tuple[str, Any]] | None:
    """The articles of a list, or of an object that wraps one, numbered from 1; None if it is none.

    What stands between them and is no article is given too.
    """
    if isinstance(value, dict) and not is_article(value):
        lists = [each for each in value.values() if isinstance(each, list) and each]
        value = lists[0] if len(lists) == 1 else None
    if not isinstance(value, list) or not are_articles(value):
        return None
    return [(str(number), each) for number, each in enumerate(value, 1)]


def are_articles(values: Sequence[Any]) -> bool:
    """Whether most of some values are articles."""
    return sum(map(is_article, values)) > _SHARE * len(values)


def are_questions(values: Sequence[Any]) -> bool:
    """Whether values are questions with a list of right answers, to measure with and not to read.

    What people ask and are told, one answer in words each, is something to read.
    """
    return bool(values) and all(
        isinstance(each, dict)
        and isinstance(each.get("question"), str)
        and isinstance(each.get("answers"), list)
        for each in values
    )


def is_article(value: Any) -> bool:
    """Whether a value is an object with a text and little else that would be lost.

    A product with a name, a short text and a price is none: told as a line, it keeps its price.
    """
    if not isinstance(value, dict):
        return False
    about = _folded(value)
    text = _text(about).strip()
    stated = [find(about) for find in (title_in, date_in, author_in, source_in)]
    known = len(stated) - stated.count(None)
    return len(text) >= _LONG or bool(text and (known > 1 or (known and len(about) == 2)))


def article(value: Mapping[str, Any]) -> Extract:
    """An article and what its object states about it."""
    about = _folded(value)
    text = _text(about)
    if len(_MARKUP.findall(text[:20_000])) > 1:
        text = all_text(parsed(text))
    return Extract(
        text=tidy(text),
        title=title_in(about),
        author=author_in(about),
        date=date_in(about),
        source=source_in(about),
    )


def told(value: Any) -> Extract:
    """Any JSON as lines of "key: value", a line for each object of a list.

    Raises `TooLargeError` and `ReadError`.
    """
    about = _folded(value) if isinstance(value, dict) else {}
    lines: list[str] = []
    size = 0
    try:
        for line in _lines(value, ""):
            size += len(line)
            if size > _MAX_CHARACTERS:
                raise TooLargeError(
                    f"takes more than {_MAX_CHARACTERS} characters to tell: split it"
                )
            lines.append(line)
    except RecursionError as exc:
        raise ReadError("is nested too deeply to be read: make it flatter") from exc
    return Extract(text=tidy("\n\n".join(lines)), title=title_in(about), date=date_in(about))


def _folded(value: Mapping[str, Any]) -> dict[str, Any]:
    return {key.lower(): each for key, each in value.items()}


def _text(about: Mapping[str, Any]) -> str:
    """The longest of the texts, because some hold only a teaser."""
    found = []
    for key in _TEXTS:
        value = about.get(key)
        if isinstance(value, list) and all(isinstance(each, str) for each in value):
            value = "\n\n".join(value)
        if isinstance(value, str):
            found.append(value)
    return max(found, key=len, default="")


def _lines(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        if path and value and not any(isinstance(each, (dict, list)) for each in value.values()):
            row = "; ".join(f"{key}: {_word(each)}" for key, each in value.items() if _word(each))
            if row:
                yield _ended(f"{path}: {row}")
            return
        for key, each in value.items():
            yield from _lines(each, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        if value and not any(isinstance(each, (dict, list)) for each in value):
            yield from _lines(", ".join(filter(None, map(_word, value))), path)
            return
        for number, each in enumerate(value, 1):
            yield from _lines(each, f"{path} {number}".strip())
    elif word := _word(value):
        yield _ended(f"{path}: {word}" if path else word)


def _word(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(str(value).split())


def _ended(line: str) -> str:
    """A sentence to be cited; without a full stop it would look like a heading."""
    return line if line[-1:] in ".!?…。！？" else f"{line}."
