"""From passages and a question to a prompt: templates, what the model is told and shown. Pure.

The fixed instructions come first, so that their keys and values are kept between questions;
then the passages, then the question. Templates are ours, reviewed, one a model family: the
template inside a GGUF is code from outside and is never run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from rag.characters import visible
from rag.focus import prose
from rag.form import told
from rag.language import NAMES, language
from rag.llm import Part, Prompt
from rag.orders import asks_of_orders, is_order
from rag.terms import terms
from rag.types import Form, Source
from rag.untrusted import disarmed, fence, plain

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
CONFIRMATION = (
    "\n\nProposed answer: {}\nIs the proposed answer right, by the passages? Reply yes or no."
)
YES = ("yes", "Yes")
NO = ("no", "No")

SHORT_INSTRUCTIONS = f"""\
You are a reference desk. You answer questions from numbered passages only, never from memory.
Find the passage sentence that answers the question, then reply with only the few words in it that \
are the answer: a name, date, number or phrase, never a sentence.
If the passages do not state the answer, reply only: {NOT_STATED}"""
"""For an answer in a few words. Asked for behind the question instead, a small model goes on
writing sentences."""

_SHOWN = """\
Passages kwmtz:
(Article, 2021-03-04)
[1] The harbour bridge closed on Monday for repairs that the council expects to cost 4.2 million \
dollars.
[2] Ferries will run every ten minutes until June, said Ana Ruiz, the head of the port.
(Article, 2020-11-19)
[3] The old lighthouse fell in a storm and will not be rebuilt, because the sea has taken the \
ground under it.
kwmtz

"""
EXAMPLES: dict[Form, tuple[tuple[str, str], ...]] = {
    "full": (),
    "short": (
        (f"{_SHOWN}Question: Who runs the port?", "Ana Ruiz"),
        ("Question: When was the bridge built?", NOT_STATED),
        ("Question: How much will the repairs of the bridge cost?", "4.2 million dollars"),
    ),
}
"""Turns that stand before every question: what is asked, and the reply. Being a part of the fixed
instructions they are read once after a start. A small model finds the right words more often
after them, but not the right sentences (docs/trust.md)."""

SHORT_TOKENS = 32
"""Tokens of such an answer, at most."""

# What small models say instead of the words that they were told to say.
_DECLINES = re.compile(
    r"\b(?:passages?|articles?|texts?|information|answer|it)\b[^.]{0,60}?"
    r"\b(?:(?:do|does|did)(?: not|n't)|(?:is|are|was|were)(?: not|n't))"
    r" (?:\w+ )?(?:state|mention|specif|sa[yi]|provid|contain|includ|give|indicat|address|answer|"
    r"discuss|available|reveal|disclos)"
    r"|\b(?:is|are|was|were)(?: not|n't) (?:\w+ )?(?:stated|mentioned|given|specified|provided|"
    r"disclosed|known|found|included|available)\b[^.]{0,20}"
    r"\b(?:in|by|from) (?:any of )?(?:the|these) (?:\w+ )?(?:passages?|articles?|texts?)\b"
    r"|\b(?:passagen?|artikeln?|textstellen?|texte?n?)\b[^.]{0,60}\b(?:nicht|keine?n?)\b[^.]{0,40}"
    r"\b(?:angegeben|genannt|erwähn|enthal|enthält|steh|nenn|hervor)"
    r"|\b(?:passages?|articles?|textes?)\b[^.]{0,40}\bne\b[^.]{0,30}"
    r"\b(?:mentionn|précis|indiqu|dis|donn|contien)"
    r"|\b(?:pasajes?|artículos?|textos?)\b[^.]{0,40}\bno\b[^.]{0,30}"
    r"\b(?:mencion|indic|dic|especific|contien)"
    r"|(?:文章|段落|文中)[^。]{0,20}(?:没有|未)(?:说明|提到|提及|给出|指出)",
    re.IGNORECASE,
)

_MARKER = re.compile(r"\[\d+\]")


def without_refusal(answer: str) -> str:
    """`answer` without lines that are only the refusal, which a small model adds to be safe."""
    lines = [
        line for line in answer.splitlines()
        if _MARKER.sub("", line).strip(" .*\"'[]").upper() != NOT_STATED
    ]  # fmt: skip
    return "\n".join(lines)


def without_fence(answer: str, opened: Prompt) -> str:
    """`answer` without the word of `opened` that ends the passages, copied along with the last."""
    ends = {part.text.split()[-1] for part in opened if part.text.startswith("Passages ")}
    return "\n".join(line for line in answer.splitlines() if line.strip() not in ends)


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


def instructions(family: Family, form: Form = "full") -> Prompt:
    """The part that all prompts for answers of one form start with."""
    text = (SHORT_INSTRUCTIONS if form == "short" else INSTRUCTIONS).join(family.system)
    for question, reply in EXAMPLES[form]:
        text += question.join(family.user) + reply.join(family.assistant)
    return (Part(text + family.user[0], True, kept=True),)


def asked(
    family: Family,
    sources: Sequence[Source],
    question: str,
    form: Form = "full",
    *,
    whole: str | None = None,
) -> Prompt:
    """Instructions, passages and question, with the user's turn still open.

    The passages stand between two lines with a word that is in none of them, so that no passage
    can end them (`rag.untrusted.fence`).

    whole  the question that `question` is a part of: the passages stand alike for all its parts, so
           that they are read once
    """
    whole = whole or question
    read = listed(sources, whole)
    # Of the passages alone, so that they stand alike while a question is still being typed.
    between = fence(read, (read, whole, question))
    wanted = told(question) if form == "full" else ""
    asked_in = language(question)
    if asked_in and asked_in != "en":
        wanted += f"\nAnswer in {NAMES[asked_in]}."
    return (
        *instructions(family, form),
        Part(f"Passages {between}:\n{read}\n{between}\n\n", kept=True),
        Part(f"Question: {visible(question)}{wanted}", kept=True),
    )


def to_answer(family: Family, opened: Prompt) -> Prompt:
    """Ends the user's turn of `asked` and begins the answer."""
    return (*opened, Part(family.user[1] + family.assistant[0], template=True))


def to_judge(family: Family, opened: Prompt) -> Prompt:
    """Asks whether the passages state the answer; goes on with one of YES or NO."""
    return to_answer(family, (*opened, Part(JUDGEMENT)))


def to_confirm(family: Family, opened: Prompt, proposed: str) -> Prompt:
    """Asks whether a proposed answer is right; goes on with one of YES or NO."""
    return to_answer(family, (*opened, Part(CONFIRMATION.format(plain(proposed)))))


def listed(sources: Sequence[Source], question: str) -> str:
    """The passages as the model sees them, headed once where one article's stand in a row."""
    lines = []
    for _, group in groupby(sources, key=lambda source: source.document_id):
        mine = [(each, _read(each, question)) for each in group]
        mine = [(each, text) for each, text in mine if text]
        if not mine:
            continue
        first = mine[0][0]
        named = not is_order(first.title) and _needs_title(
            question, first.title, [text for _, text in mine]
        )
        lines.append(headed(first.title, first.date, named=named))
        lines += [f"[{each.number}] {text}" for each, text in mine]
    return "\n".join(lines)


def headed(title: str, date: str | None, *, named: bool = False) -> str:
    """The line before an article's passages. named: with its title"""
    shown = " ".join(plain(title).replace('"', "").split())[:_TITLE]
    about = f' "{shown}"' if named else ""
    return f"(Article{about}{f', {date}' if date else ''})"


def _needs_title(question: str, title: str, texts: Iterable[str]) -> bool:
    """Whether the title has a word of the question that the passages lack.

    Else it only costs time, and a small model mistakes it for the answer.
    """
    asked = set(terms(question)) & set(terms(title))
    return bool(asked.difference(*(terms(text) for text in texts)))


def _read(source: Source, question: str) -> str:
    """A passage as the model reads it, in one line: without orders, headings and what looks like
    ours. A small model copies headings into its answer.
    """
    text = disarmed(source.text, question)
    text = source.read.of(text) if source.read else text
    shown = []
    for span in prose(text):
        sentence = " ".join(plain(span.of(text)).split())
        quoted = asks_of_orders(question) and is_order(sentence)
        shown.append(f'"{sentence}"' if quoted else sentence)
    return " ".join(shown).strip()
