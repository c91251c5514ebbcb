"""The model's answer before it is checked: whether it may begin, and what it says."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from rag import choose, partly, prompt
from rag.clock import Clock
from rag.closing import closing
from rag.gate import Gate
from rag.judgement import Judgement
from rag.llm import LLM, Began, Checked, Prefill, Waiting
from rag.types import Event, Form, Source, Status, Token


@dataclass(frozen=True, slots=True)
class Draft:
    """What a model said.

    stopped  why it was cut short, if it was
    doubted  by its own judgement the passages may not hold an answer: nobody has seen the draft,
             and what it was taken from is told only if it is confirmed (`rag.secondlook`)
    """

    text: str
    stopped: str | None
    doubted: bool = False


def drafted(
    llm: LLM,
    family: prompt.Family,
    judgement: Judgement,
    sources: tuple[Source, ...],
    question: str,
    clock: Clock,
    kind: Form,
    *,
    several: str | None,
    most: int,
) -> Generator[Event, None, Draft | None]:
    """The model's answer, or None where it judges that the passages do not hold one.

    several: what `question` is made of the parts of, which were judged before. most: tokens
    """
    opened = prompt.asked(family, sources, question, kind, whole=several)
    checks = () if several else partly.judgement(family, opened)
    odds: list[float] = []
    gate = Gate()
    written = llm.generate(
        prompt.to_answer(family, opened),
        max_tokens=min(prompt.SHORT_TOKENS, most) if kind == "short" else most,
        checks=checks,
        never_first=prompt.REFUSAL_WORDS,
    )
    ended = doubted = False
    tokens = 0
    with closing(written) as steps:
        for step in steps:
            if isinstance(step, Waiting | Began | Prefill):
                yield choose.told(step)
            elif isinstance(step, Checked):
                odds.append(step.probability)
                if len(odds) < len(checks):
                    continue
                yes, no = odds
                if judgement.passes(question, sources, yes=yes, refusal=no, form=kind):
                    continue
                if kind == "short" or not judgement.worth_trying(question, sources, yes=yes):
                    return None
                doubted = True
                yield Status("Looking closer")
            else:
                tokens = step.tokens
                ended = step.ended
                shown = gate.let(step.text, ended=step.ended)
                if not doubted:
                    clock.spoke(tokens)
                    if shown:
                        yield Token(shown)
    if doubted:
        clock.spoke(tokens)
    said = prompt.without_refusal(prompt.without_fence(gate.text, opened))
    if prompt.declines(said) or not said.strip():
        return None
    return Draft(said, None if ended else "length", doubted)
