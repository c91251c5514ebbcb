"""Answers to choose from: the model's next-token probabilities of their letters.

The choices stand behind the question with letters before them, and the letter that the model
would most likely begin its reply with is taken. A small model likes some letters better than
others, so the choices are shown in several orders (cyclic rotations: each choice bears each
letter once) and their probabilities are averaged, as in Zheng et al., "Large Language Models Are
Not Robust Multiple Choice Selectors", 2024. Only the tail of the prompt is read again for each.

A model hardly ever takes "none of the above" by itself, so its probability counts more
(docs/trust.md).
"""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from string import ascii_uppercase as LETTERS

from index.errors import QuestionError
from rag.characters import visible
from rag.closing import closing
from rag.llm import LLM, Began, Check, Checked, Part, Prefill, Prompt, Waiting
from rag.prompt import Family, to_answer
from rag.types import Status

_NONE = re.compile(
    r"\b(?:none|neither) of (?:the |these|those)|\bno(?:ne)? of above\b"
    r"|\bkeine? (?:der|von) |\baucun[e]? (?:de ces|des)\b|\bninguna? de\b|以上都不",
    re.IGNORECASE,
)
_NONE_COUNTS = 2.0

_ASK = "\n\nWhich is right by the passages? Reply with its letter alone."


def asked(family: Family, opened: Prompt, choices: Sequence[str]) -> Prompt:
    """Ends the user's turn of `opened` with the choices, and begins the reply.

    Raises QuestionError for fewer than two choices, or more than there are letters.
    """
    if not 2 <= len(choices) <= len(LETTERS):
        raise QuestionError(
            f"A question takes 2 to {len(LETTERS)} choices; this one has {len(choices)}."
        )
    lines = [
        f"{letter}. {' '.join(visible(choice).split())}"
        for letter, choice in zip(LETTERS, choices, strict=False)
    ]
    return to_answer(family, (*opened, Part("\n\n" + "\n".join(lines) + _ASK)))


def weighed(
    llm: LLM, family: Family, opened: Prompt, choices: Sequence[str]
) -> Generator[Status, None, list[float]]:
    """The probability of each choice, averaged over the orders in which they are shown.

    Raises QuestionError, ModelError.
    """
    n = len(choices)
    letters = LETTERS[:n]
    checks = []
    for turn in range(n):
        prompt = asked(family, opened, [*choices[turn:], *choices[:turn]])
        checks += [
            Check(prompt, (letter,), tuple(each for each in letters if each != letter))
            for letter in letters
        ]
    found = yield from probabilities(llm, checks)
    # In turn t the letter at place p stands for choice p + t.
    odds = [sum(found[turn * n + (at - turn) % n] for turn in range(n)) / n for at in range(n)]
    counted = [
        each * (_NONE_COUNTS if _NONE.search(choice) else 1.0)
        for each, choice in zip(odds, choices, strict=True)
    ]
    return [each / sum(counted) for each in counted] if counted != odds else odds


def probabilities(llm: LLM, checks: Sequence[Check]) -> Generator[Status, None, list[float]]:
    """The outcome of each check; nothing is written. Raises ModelError."""
    found: list[float] = []
    with closing(llm.generate(checks[-1].prompt, max_tokens=1, checks=checks)) as steps:
        for step in steps:
            if isinstance(step, Checked):
                found.append(step.probability)
                if len(found) == len(checks):
                    break
            elif isinstance(step, Waiting | Began | Prefill):
                yield told(step)
    return found


def told(step: Waiting | Began | Prefill) -> Status:
    """What a step before the first word means to whoever waits."""
    if isinstance(step, Began):
        return Status("Reading the passages")
    if isinstance(step, Waiting):
        others = "1 other question" if step.ahead == 1 else f"{step.ahead} others"
        return Status(f"Waiting for {others} to be answered")
    return Status("Reading the passages", step.done / step.total)
