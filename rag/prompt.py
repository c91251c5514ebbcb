"""From passages and a question to a prompt: templates, numbering, the token budget. Pure.

The fixed instructions come first, so that their keys and values are kept between questions;
then the passages, then the question. Templates are ours, reviewed, one a model family: the
template inside a GGUF is code from outside and is never run.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from index.sentences import is_heading, sentences
from index.types import Hit
from rag.llm import Part, Prompt
from rag.types import Source

_TITLE = 80
"""Characters of an article's title that the model is shown: a title costs as much as a sentence."""

NOT_STATED = "NOT STATED"
"""What the model is told to say when the passages do not hold the answer."""

INSTRUCTIONS = f"""\
You are a reference desk. You answer questions from numbered passages only, never from memory.
Find the passage sentence that answers the question, then reply with a complete sentence in that \
sentence's own words, and the number of its passage in brackets, like [1]. Add a second sentence \
only if the question has a second part.
If the passages do not state the answer, reply only: {NOT_STATED}"""

REFUSAL_WORDS = ("NOT", "Not", "not")
"""How the refusal begins: the probability of these words is the model's own doubt."""

JUDGEMENT = "\n\nCan this question be answered from the passages alone? Reply yes or no."
YES = ("yes", "Yes")
NO = ("no", "No")

# What small models say instead of the words that they were told to say.
_DECLINES = re.compile(
    r"\b(?:passages?|articles?|texts?|information|answer|it)\b[^.]{0,60}?"
    r"\b(?:(?:do|does|did)(?: not|n't)|(?:is|are|was|were)(?: not|n't))"
    r" (?:\w+ )?(?:state|mention|specif|sa[yi]|provid|contain|includ|give|indicat|address|answer|"
    r"discuss|available|reveal|disclos)",
    re.IGNORECASE,
)


def without_refusal(answer: str) -> str:
    """`answer` without lines that are only the refusal, which a small model adds to be safe."""
    lines = [line for line in answer.splitlines() if line.strip(" .*\"'[]").upper() != NOT_STATED]
    return "\n".join(lines)


def declines(answer: str) -> bool:
    """Whether an answer's first sentence only says that there is no answer."""
    start = answer.strip().lstrip("\"'*[(")
    if start.upper().startswith(NOT_STATED):
        return True
    return bool(_DECLINES.search(start.split(". ")[0]))


@dataclass(frozen=True, slots=True)
class Family:
    """How a family of models marks the turns of a conversation."""

    system: tuple[str, str]
    user: tuple[str, str]
    assistant: tuple[str, str]


_CHATML = Family(
    system=("<|im_start|>system\n", "<|im_end|>\n"),
    user=("<|im_start|>user\n", "<|im_end|>\n"),
    assistant=("<|im_start|>assistant\n", "<|im_end|>\n"),
)
FAMILIES: dict[str, Family] = {"qwen2.5": _CHATML, "smollm2": _CHATML}
"""By the manifest's `family`. Both are ChatML, as their model cards show."""


def instructions(family: Family) -> Prompt:
    """The part that all prompts start with."""
    return (
        Part(family.system[0] + INSTRUCTIONS + family.system[1] + family.user[0], template=True),
    )


def asked(family: Family, sources: Sequence[Source], question: str) -> Prompt:
    """Instructions, passages and question, with the user's turn still open."""
    return (
        *instructions(family),
        Part(f"Passages:\n{listed(sources)}\n\nQuestion: {visible(question)}"),
    )


def to_answer(family: Family, opened: Prompt) -> Prompt:
    """Ends the user's turn of `asked` and begins the answer."""
    return (*opened, Part(family.user[1] + family.assistant[0], template=True))


def to_judge(family: Family, opened: Prompt) -> Prompt:
    """Asks whether the passages state the answer; goes on with one of YES or NO."""
    return to_answer(family, (*opened, Part(JUDGEMENT)))


def listed(sources: Sequence[Source]) -> str:
    """The passages as the model sees them, the article named once for its passages in a row."""
    blocks = []
    named = None
    for source in sources:
        if source.document_id != named:
            named = source.document_id
            date = f" ({source.date})" if source.date else ""
            blocks.append(f"Article: {visible(source.title)[:_TITLE]}{date}")
        blocks.append(f"[{source.number}] {_line(visible(source.text))}")
    return "\n".join(blocks)


def _line(text: str) -> str:
    """A passage in one line, without headings: a small model copies them into its answer."""
    spans = sentences(text)
    prose = [span for span in spans if not is_heading(text, span)] or spans
    return " ".join(" ".join(span.of(text).split()) for span in prose)


def pack(
    hits: Sequence[Hit], count: Callable[[str], int], *, budget: int, most: int
) -> tuple[Source, ...]:
    """The best hits that fit, numbered from 1; passages that touch are joined.

    count   tokens of a text, by the model's tokenizer
    budget  tokens of all passages together; the best passage is taken even if it is over
    most    passages, at most
    """
    taken: list[Hit] = []
    used = 0
    for hit in hits[: 2 * most]:
        cost = count(hit.chunk.text) + 4
        if taken and (used + cost > budget or len(taken) == most):
            continue
        taken.append(hit)
        used += cost
    return tuple(_numbered(taken))


def _numbered(hits: Sequence[Hit]) -> list[Source]:
    """Passages of one article stand together, in reading order, the best article first."""
    order = list(dict.fromkeys(hit.entry.id for hit in hits))
    sources: list[Source] = []
    for document in order:
        mine = sorted(
            (hit for hit in hits if hit.entry.id == document), key=lambda hit: hit.chunk.start
        )
        for hit in mine:
            sources.append(
                Source(
                    number=len(sources) + 1,
                    document=hit.entry.path,
                    document_id=hit.entry.id,
                    title=hit.entry.title,
                    date=hit.entry.date,
                    page=hit.chunk.page,
                    start=hit.chunk.start,
                    end=hit.chunk.end,
                    text=hit.chunk.text,
                    score=hit.score,
                )
            )
    return sources


def visible(text: str) -> str:
    """`text` without control and invisible characters, which could hide instructions."""
    return "".join(each for each in text if each in "\n\t" or unicodedata.category(each)[0] != "C")
