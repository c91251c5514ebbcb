"""The generation loop on a real, small model."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from index.errors import ModelError, ModelLoadError
from rag.llama import LlamaCpp
from rag.llm import Check, Checked, Part, Piece, Prefill, Prompt, Waiting

pytestmark = pytest.mark.model

STORY = (
    "The ferry Aurora left the port of Bergen at nine in the morning with 212 passengers. "
    "The ferry Aurora reached Stavanger in the afternoon, and the 212 passengers went ashore. "
)


def prompt(content: str) -> Prompt:
    return (
        Part("<|im_start|>user\n", template=True),
        Part(content),
        Part("<|im_end|>\n<|im_start|>assistant\n", template=True),
    )


def text(model: LlamaCpp, of: Prompt, max_tokens: int = 48, **options: object) -> str:
    steps = model.generate(of, max_tokens=max_tokens, **options)  # type: ignore[arg-type]
    return "".join(step.text for step in steps if isinstance(step, Piece))


QUESTIONS = [STORY * 3 + "Repeat this text word by word.", "Count from one to twenty.", "Why?"]


@pytest.mark.parametrize("question", QUESTIONS)
def test_drafting_changes_nothing_but_the_time(small_model: Path, question: str) -> None:
    said = {}
    for draft in (0, 4, 10):
        model = LlamaCpp(small_model, name="small", context=2048, draft=draft)
        said[draft] = text(model, prompt(question))
        model.close()
    assert said[4] == said[0]
    assert said[10] == said[0]


def test_the_same_prompt_again_says_the_same_after_reading_less(llama: LlamaCpp) -> None:
    asked = prompt(STORY * 4 + "Where did the ferry go?")
    first = list(llama.generate(asked, max_tokens=24))
    again = list(llama.generate(asked, max_tokens=24))
    assert [s for s in first if isinstance(s, Piece)] == [s for s in again if isinstance(s, Piece)]
    read = [s for s in first if isinstance(s, Prefill)]
    assert len(read) > len([s for s in again if isinstance(s, Prefill)])
    assert read[-1].done == read[-1].total == llama.count(asked)


def test_another_question_over_the_same_text_is_not_disturbed_by_the_last(
    llama: LlamaCpp, small_model: Path
) -> None:
    text(llama, prompt(STORY * 3 + "How many passengers were there?"))
    warm = text(llama, prompt(STORY * 3 + "Where did it leave from?"))
    fresh = LlamaCpp(small_model, name="small", context=2048)
    assert text(fresh, prompt(STORY * 3 + "Where did it leave from?")) == warm
    fresh.close()


def numbers(model: LlamaCpp, content: str) -> list[object]:
    """All that an answer's receipt holds of it: probabilities and tokens."""
    opened = prompt(content)[:2]
    end = prompt(content)[2:]
    steps = model.generate(
        (*opened, *end), max_tokens=24,
        checks=(Check((*opened, Part(" Yes or no?"), *end), ("yes",), ("no",)),
                Check((*opened, *end), ("The",))),
    )  # fmt: skip
    told = [step for step in steps if isinstance(step, Checked | Piece)]
    return [each.probability if isinstance(each, Checked) else each.token for each in told]


def test_no_number_of_an_answer_depends_on_what_was_asked_before(small_model: Path) -> None:
    asked = [STORY * 5 + "Where did the ferry go?", STORY * 2 + "When did it leave?", "Why?"]
    alone = []
    for each in asked:
        model = LlamaCpp(small_model, name="small", context=2048)
        alone.append(numbers(model, each))
        model.close()
    model = LlamaCpp(small_model, name="small", context=2048)
    model.warm(prompt("")[:1])
    steps = model.generate(prompt(asked[0]), max_tokens=200)
    while not isinstance(next(steps), Piece):  # one that was stopped early
        pass
    steps.close()  # type: ignore[attr-defined]
    assert [numbers(model, each) for each in asked] == alone
    assert [numbers(model, each) for each in reversed(asked)] == alone[::-1]
    assert numbers(model, asked[0]) == alone[0]
    model.close()


def test_tokens_are_counted_and_the_limit_is_kept(llama: LlamaCpp) -> None:
    pieces = [s for s in llama.generate(prompt(QUESTIONS[1]), max_tokens=7) if isinstance(s, Piece)]
    assert pieces[-1].tokens == 7
    assert not pieces[-1].ended


def test_checks_come_before_words_and_weigh_options(llama: LlamaCpp) -> None:
    asked = prompt("Say yes.")
    checks = (Check(asked, ("yes",), ("no",)), Check(asked, ("yes",)))
    steps = list(llama.generate(asked, max_tokens=4, checks=checks))
    probabilities = [s.probability for s in steps if isinstance(s, Checked)]
    assert len(probabilities) == 2
    assert all(0 <= p <= 1 for p in probabilities)
    assert probabilities[0] >= probabilities[1]
    kinds = [type(s) for s in steps]
    assert kinds.index(Piece) > max(i for i, kind in enumerate(kinds) if kind is Checked)


def test_an_answer_never_begins_with_what_is_forbidden(llama: LlamaCpp) -> None:
    asked = prompt("Say hello.")
    first = text(llama, asked, 1)
    assert text(llama, asked, 1, never_first=(first,)) != first


def test_control_tokens_in_content_stay_text(llama: LlamaCpp) -> None:
    special = llama.count((Part("<|im_end|>", template=True),))
    content = llama.count((Part("<|im_end|>"),))
    assert special == 1 < content


def test_a_prompt_over_the_context_is_told(llama: LlamaCpp) -> None:
    with pytest.raises(ModelError, match="do not fit"):
        list(llama.generate(prompt("word " * 4000), max_tokens=10))
    assert text(llama, prompt("Why?"), 4)


def test_closing_early_frees_the_model(llama: LlamaCpp) -> None:
    for step in (steps := llama.generate(prompt(QUESTIONS[1]), max_tokens=200)):
        if isinstance(step, Piece):
            break
    steps.close()  # type: ignore[attr-defined]
    assert text(llama, prompt("Why?"), 4)


def test_askers_wait_for_their_turn_and_are_told(llama: LlamaCpp) -> None:
    holder = llama.generate(prompt(QUESTIONS[1]), max_tokens=200)
    next(holder)
    seen: list[object] = []

    def ask() -> None:
        seen.extend(llama.generate(prompt("Why?"), max_tokens=4))

    thread = threading.Thread(target=ask)
    thread.start()
    while not any(isinstance(step, Waiting) for step in seen):
        thread.join(0.05)
        assert thread.is_alive()
    holder.close()  # type: ignore[attr-defined]
    thread.join(30)
    assert Waiting(1) in seen
    assert isinstance(seen[-1], Piece)


def test_many_askers_each_get_the_answer_that_they_would_get_alone(llama: LlamaCpp) -> None:
    asked = [prompt(f"Count from {n} to twenty.") for n in range(6)]
    alone = [text(llama, each, 12) for each in asked]
    together: dict[int, str] = {}
    threads = [
        threading.Thread(target=lambda n=n: together.update({n: text(llama, asked[n], 12)}))
        for n in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [together[n] for n in range(6)] == alone


def test_a_file_that_is_no_model_is_told(tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_bytes(b"GGUF" + bytes(1000))
    with pytest.raises(ModelLoadError, match="models verify"):
        LlamaCpp(tmp_path / "model.gguf", name="broken")


def test_a_truncated_model_is_told(tmp_path: Path, small_model: Path) -> None:
    with small_model.open("rb") as file:
        (tmp_path / "model.gguf").write_bytes(file.read(5_000_000))
    with pytest.raises(ModelLoadError, match="models verify"):
        LlamaCpp(tmp_path / "model.gguf", name="truncated")
