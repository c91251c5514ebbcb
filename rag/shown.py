"""A passage as the model reads it: which of its sentences, and what stands before them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from index.types import Span
from rag.focus import prose
from rag.llm import Passage
from rag.orders import asks_of_orders, is_order
from rag.terms import terms
from rag.types import Source
from rag.untrusted import disarmed, plain

__all__ = ["alone", "headed", "needs_title", "passage", "read"]

_TITLE = 80
"""Characters of an article's title that the model is shown: a title costs as much as a sentence."""


def read(source: Source, question: str) -> str:
    """A passage as the model reads it, in one line: without orders, headings and what looks like
    ours. A small model copies headings into its answer.
    """
    text = disarmed(source.text, question)
    text = source.read.of(text) if source.read else text
    shown = []
    for _, sentence in _sentences(text):
        quoted = asks_of_orders(question) and is_order(sentence)
        shown.append(f'"{sentence}"' if quoted else sentence)
    return " ".join(shown).strip()


def headed(title: str, date: str | None, *, named: bool = False) -> str:
    """The line before an article's passages. named: with its title"""
    about = _about(title) if named else ""
    return f"(Article{about}{f', {date}' if date else ''})"


def needs_title(question: str, title: str, texts: Iterable[str]) -> bool:
    """Whether the title has a word of the question that the passages lack.

    Else it only costs time, and a small model mistakes it for the answer. A title that is an order
    is never shown.
    """
    asked = set(terms(question)) & set(terms(title))
    return not is_order(title) and bool(asked.difference(*(terms(text) for text in texts)))


def alone(title: str, date: str | None, text: str) -> tuple[str, ...]:
    """A passage in the pieces in which it is read by itself, whatever the question will be.

    Its heading in three, the title the second of them, then each sentence, then the line's end.
    What is left out of a prompt is known to the model all the same, as what a passage is a part of.
    """
    return _pieces(title, date, [said for _, said in _sentences(disarmed(text))])


def passage(source: Source, question: str) -> Passage | None:
    """What a prompt has of a passage that is read by itself.

    None where that is not what `read` shows: the question asks about orders, or the part that is
    to be read begins within a sentence.
    """
    shown = read(source, question)
    if asks_of_orders(question) or not shown:
        return None
    sentences = _sentences(disarmed(source.text))
    part = source.read or Span(0, len(source.text))
    kept = [part.start <= span.start and span.end <= part.end for span, _ in sentences]
    opening, about, head, *said, end = _pieces(
        source.title, source.date, [each for _, each in sentences]
    )
    if "".join(text for text, has in zip(said, kept, strict=True) if has).strip() != shown:
        return None
    named = needs_title(question, source.title, [shown])
    pieces = (
        (opening, True), (about, named), (head, True), *zip(said, kept, strict=True), (end, True),
    )  # fmt: skip
    return Passage(tuple(each for each in pieces if each[0]), str(source.document_id))


def _pieces(title: str, date: str | None, said: Sequence[str]) -> tuple[str, ...]:
    head = headed("", date).removeprefix("(Article")
    about = "" if is_order(title) else _about(title)
    return ("(Article", about, f"{head}\n", *said[:1], *(f" {each}" for each in said[1:]), "\n")


def _sentences(text: str) -> list[tuple[Span, str]]:
    """Each sentence's place, and how it is read: in one line, with nothing that looks like ours."""
    return [
        (span, said) for span in prose(text) if (said := " ".join(plain(span.of(text)).split()))
    ]


def _about(title: str) -> str:
    shown = " ".join(plain(title).replace('"', "").split())[:_TITLE]
    return f' "{shown}"' if shown else ""
