from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from index.library import Library
from rag import partly
from rag.engine import REFUSAL, Engine, Policy
from rag.llm import Check, Checked, Step
from rag.prompt import FAMILIES, JUDGEMENT
from rag.types import Answer, Claim, Finished, Timings
from tests.fakes import HashEmbedder, ScriptedLLM, library_of

ARTICLE = "Greta Lund runs the Halvik mill. The Halvik mill grinds rye and oats."
BOTH = "Who runs the Halvik mill, and how many people work there?"


class JudgingLLM(ScriptedLLM):
    """Finds unanswerable what has one of some words behind its last "Question:"."""

    def __init__(self, *answers: str, unknown: str) -> None:
        super().__init__(*answers)
        self.unknown = unknown

    def generate(
        self, prompt: object, *, max_tokens: int, checks: Sequence[Check] = (), **other: object
    ) -> Iterator[Step]:
        for check in checks:
            asked = "".join(part.text for part in check.prompt).rpartition("Question:")[2]
            knows = self.unknown not in asked.partition("(")[0].removesuffix(JUDGEMENT)
            yield Checked(float(knows) if check.unlikely else 1.0 - knows)
        yield from super().generate(prompt, max_tokens=max_tokens)  # type: ignore[arg-type]


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return library_of(tmp_path, "mill.txt", ARTICLE)


def asked(library: Library, llm: ScriptedLLM, question: str) -> Answer:
    engine = Engine(
        library, HashEmbedder(), lambda: llm, FAMILIES["qwen2.5"], Policy(), model="scripted"
    )
    *_, last = engine.ask(question)
    assert isinstance(last, Finished)
    return last.answer


def test_the_part_that_the_articles_hold_is_answered(library: Library) -> None:
    llm = JudgingLLM("Greta Lund runs the Halvik mill. [1]", unknown="how many")
    answer = asked(library, llm, BOTH)
    assert answer.text == (
        "Greta Lund runs the Halvik mill. [1]\n\n"
        "The articles don't say: “how many people work there?”"
    )
    assert answer.missing == ("how many people work there?",)
    assert not answer.refused
    assert answer.question == BOTH
    assert "how many" not in llm.prompts[-1]


def test_a_question_of_which_nothing_is_held_is_refused(library: Library) -> None:
    answer = asked(library, JudgingLLM(unknown=" "), BOTH)
    assert (answer.text, answer.refused, answer.missing) == (REFUSAL, True, ())


def test_a_part_that_the_model_passed_over_is_named(library: Library) -> None:
    llm = ScriptedLLM("Greta Lund runs the Halvik mill. [1]")
    answer = asked(library, llm, BOTH)
    assert answer.missing == ("how many people work there?",)
    assert not answer.refused


def test_a_question_that_is_answered_whole_misses_nothing(library: Library) -> None:
    llm = ScriptedLLM("Greta Lund runs the Halvik mill. [1] The Halvik mill grinds rye. [1]")
    answer = asked(library, llm, "Who runs the Halvik mill, and what does the mill grind?")
    assert answer.missing == ()
    assert "don't say" not in answer.text


def test_a_part_that_is_answered_in_other_words_is_not_said_to_be_left_open() -> None:
    # "Shut" and "closed" share no word; what is near to the part in meaning speaks of it.
    found = ["When does the new surgery open", "what days will they be shut?"]
    claim = Claim("Both surgeries will be closed on 12 and 13 June.", supported=True, score=1.0)
    answer = Answer(
        " and ".join(found), claim.text, refused=False, claims=(claim,), sources=(),
        timings=Timings(), model="m", embedder="e",
    )  # fmt: skip

    def left(cosine: float) -> tuple[str, ...]:
        def alike(texts: Sequence[str], others: Sequence[str]) -> np.ndarray:
            return np.full((len(texts), len(others)), cosine, np.float32)

        return partly.told(answer, found, [True, True], lambda _: None, alike).missing

    assert left(0.7) == ()
    assert left(0.5) == ("what days will they be shut?",)


@pytest.mark.parametrize(
    ("question", "found"),
    [
        (BOTH, ["Who runs the Halvik mill", "how many people work there?"]),
        ("Who runs the mill?", []),
        ("According to Lund, what does the mill grind?", []),
    ],
)
def test_parts(question: str, found: list[str]) -> None:
    assert partly.parts(question) == found


def test_parts_stand_alone() -> None:
    assert partly.alone(["Who runs the Halvik mill", "how many people work there?"]) == [
        "Who runs the Halvik mill?",
        "how many people work there (Who runs the Halvik mill)?",
    ]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Which award does Aas hold, and which mill did she found?",
         ["Which award does Aas hold?", "Which mill did Aas found?"]),
        ("How high is the Orla bridge and who built it?",
         ["How high is the Orla bridge?", "Who built Orla?"]),
        ("Where is the mill?", []),
        ("The mill at Voss burned. Who led it?", []),
    ],
)  # fmt: skip
def test_each_part_is_searched_for_in_words_that_stand_alone(
    question: str, expected: list[str]
) -> None:
    assert partly.searches(question) == [question, *expected]


def test_a_head_that_no_sentence_names_is_told_in_the_articles_words(tmp_path: Path) -> None:
    (tmp_path / "mills.txt").write_text(
        "Greta Lund runs the Halvik mill. Delta chief executive Kim Ash spoke to Lund.",
        encoding="utf-8",
    )
    library = Library(tmp_path / "home", HashEmbedder())
    library.add([tmp_path / "mills.txt"])
    llm = ScriptedLLM("Greta Lund runs Halvik and Greta Lund runs Delta. [1]")
    answer = asked(library, llm, "Who runs Halvik, and who runs Delta?")
    assert "Delta chief executive Kim Ash spoke to Lund. [1]" in answer.text
    assert "runs Delta" not in [each.text for each in answer.claims if each.supported]
    library.close()
