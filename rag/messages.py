"""Orders and their events as messages between the model's process and the one that asks. Pure."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rag import llm
from rag.llm import Check, End, Part, Passage, Prompt, Step

__all__ = [
    "check_from",
    "check_message",
    "prompt_from",
    "prompt_message",
    "step_from",
    "step_message",
]


def prompt_message(prompt: Prompt) -> list[list[Any]]:
    return [
        [each.text, each.template, each.kept, of and [of.pieces, of.shelf]]
        for each in prompt
        for of in [each.passage]
    ]


def prompt_from(message: list[list[Any]]) -> Prompt:
    return tuple(
        Part(text, template, kept, of and Passage(tuple(map(tuple, of[0])), of[1]))
        for text, template, kept, of in message
    )


def check_message(check: Check) -> list[Any]:
    return [prompt_message(check.prompt), list(check.likely), list(check.unlikely)]


def check_from(message: list[Any]) -> Check:
    prompt, likely, unlikely = message
    return Check(prompt_from(prompt), tuple(likely), tuple(unlikely))


def step_message(step: Step | End) -> tuple[str, dict[str, Any]]:
    return type(step).__name__, asdict(step)


def step_from(kind: str, fields: dict[str, Any]) -> Step | End:
    made: Step | End = getattr(llm, kind)(**fields)
    return made
