"""From passages and a question to a prompt: templates, what the model is told and shown. Pure.

The fixed instructions come first, so that their keys and values are kept between questions;
then the passages, then the question. Templates are ours, reviewed, one a model family: the
template inside a GGUF is code from outside and is never run.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from rag import shown
from rag.characters import visible
from rag.form import told
from rag.language import NAMES, language
from rag.llm import Part, Passage, Prompt
from rag.shown import headed, needs_title, passage, read
from rag.types import Form, Source
from rag.untrusted import fence, plain

NOT_STATED = "NOT STATED"
"""What the model is told to say when the passages do not hold the answer."""

INSTRUCTIONS = f"""\
You are a reference desk. You answer questions from numbered passages only, never from memory.
Find the passage sentence that answers the question, then reply with a complete sentence in that \
sentence's own words, and the number of its passage in brackets, like [1]. Add a second sentence \
only if the question has a second part.
If the passages do not state the answer, reply only: {NOT_STATED}"""

ALONE_INSTRUCTIONS = f"""\
You are a reference desk. You answer questions from passages only, never from memory.
Find the passage sentence that answers the question, then reply with a complete sentence in that \
sentence's own words. Add a second sentence only if the question has a second part.
If the passages do not state the answer, reply only: {NOT_STATED}"""
"""For passages that are read by themselves, which have no numbers. Of 444 recorded answers two were
cited differently without the model's own numbers: claims find their passages by themselves."""

FENCE = "wqzkt"
"""The word around such passages. It is the same in all prompts, since they are read behind it; none
that has it is put to the model so."""

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
    ends = {FENCE, *(part.text.split()[-1] for part in opened if part.text.startswith("Passages "))}
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


def instructions_alone(family: Family) -> Prompt:
    """The part that passages are read behind by themselves."""
    text = ALONE_INSTRUCTIONS.join(family.system) + family.user[0]
    return (Part(f"{text}Passages {FENCE}:\n", True, kept=True),)


def alone(family: Family, title: str, date: str | None, text: str, shelf: str) -> Prompt:
    """A passage of an article, to be read by itself (`rag.llm.Passage`)."""
    pieces = tuple((each, True) for each in shown.alone(title, date, text) if each)
    return (*instructions_alone(family), Part("", passage=Passage(pieces, shelf)))


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
    can end them (`rag.untrusted.fence`). Those that were read beforehand stand first, as they were
    read.

    whole  the question that `question` is a part of: the passages stand alike for all its parts, so
           that they are read once
    """
    whole = whole or question
    put = f"Question: {visible(question)}{_wanted(question, form)}"
    if form == "full" and any(each.beforehand for each in sources):
        opened = _alone(family, sources, whole, (whole, question))
        if opened:
            return (*opened, Part(put, kept=True))
    listing = listed(sources, whole)
    # Of the passages alone, so that they stand alike while a question is still being typed.
    between = fence(listing, (listing, whole, question))
    return (
        *instructions(family, form),
        Part(f"Passages {between}:\n{listing}\n{between}\n\n", kept=True),
        Part(put, kept=True),
    )


def _wanted(question: str, form: Form) -> str:
    """What is asked of the answer besides: its form, and its language."""
    wanted = told(question) if form == "full" else ""
    asked_in = language(question)
    if asked_in and asked_in != "en":
        wanted += f"\nAnswer in {NAMES[asked_in]}."
    return wanted


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
        mine = [(each, text) for each in group if (text := read(each, question))]
        if not mine:
            continue
        first = mine[0][0]
        named = needs_title(question, first.title, [text for _, text in mine])
        lines.append(headed(first.title, first.date, named=named))
        lines += [f"[{each.number}] {text}" for each, text in mine]
    return "\n".join(lines)


def _alone(
    family: Family, sources: Sequence[Source], question: str, texts: tuple[str, ...]
) -> Prompt | None:
    """Instructions and passages up to the line that ends them: first those that were read by
    themselves, then the others, behind them.

    None where one cannot be put so, or has the word of that line. texts: the question's
    """
    passages = [passage(each, question) for each in sources if each.beforehand]
    held = [each for each in passages if each]
    rest = "".join(_by_itself(each, question) for each in sources if not each.beforehand)
    pieces = [text for each in held for text, _ in each.pieces]
    fenced = FENCE in " ".join([*pieces, rest, *texts]).casefold()
    if not held or len(held) < len(passages) or fenced:
        return None
    return (
        *instructions_alone(family),
        *(Part("".join(text for text, has in each.pieces if has), passage=each) for each in held),
        Part(f"{rest}{FENCE}\n\n", kept=True),
    )


def _by_itself(source: Source, question: str) -> str:
    """A passage under a heading of its own."""
    text = read(source, question)
    named = needs_title(question, source.title, [text])
    return f"{headed(source.title, source.date, named=named)}\n{text}\n" if text else ""
