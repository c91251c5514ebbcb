"""The generation loop on a real, small model."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from index.errors import ModelError, ModelLoadError
from rag.llm import Began, Check, Checked, Part, Piece, Prefill, Prompt, Step, Waiting
from rag.remote import Remote

pytestmark = pytest.mark.model

STORY = (
    "The ferry Aurora left the port of Bergen at nine in the morning with 212 passengers. "
    "The ferry Aurora reached Stavanger in the afternoon, and the 212 passengers went ashore. "
)


def prompt(content: str) -> Prompt:
    return (
        Part("<|im_start|>user\n", template=True),
        Part(content, kept=True),
        Part("<|im_end|>\n<|im_start|>assistant\n", template=True),
    )


def text(model: Remote, of: Prompt, max_tokens: int = 48, **options: object) -> str:
    steps = model.generate(of, max_tokens=max_tokens, **options)  # type: ignore[arg-type]
    return "".join(step.text for step in steps if isinstance(step, Piece))


def tokens(model: Remote, of: Prompt) -> int:
    steps = model.generate(of, max_tokens=1)
    return next(step.tokens for step in steps if isinstance(step, Began))


def until(steps: Iterator[Step], kind: type[Step]) -> None:
    while not isinstance(next(steps), kind):
        pass


QUESTIONS = [STORY * 3 + "Repeat this text word by word.", "Count from one to twenty.", "Why?"]


@pytest.mark.parametrize("question", QUESTIONS)
def test_drafting_changes_nothing_but_the_time(small_model: Path, question: str) -> None:
    said = {}
    for draft in (0, 4, 10):
        model = Remote(small_model, name="small", context=2048, draft=draft)
        said[draft] = text(model, prompt(question))
        model.close()
    assert said[4] == said[0]
    assert said[10] == said[0]


def test_the_same_prompt_again_says_the_same_after_reading_less(llama: Remote) -> None:
    asked = prompt(STORY * 4 + "Where did the ferry go?")
    first = list(llama.generate(asked, max_tokens=24))
    again = list(llama.generate(asked, max_tokens=24))
    assert [s for s in first if isinstance(s, Piece)] == [s for s in again if isinstance(s, Piece)]
    read = [s for s in first if isinstance(s, Prefill)]
    assert len(read) > len([s for s in again if isinstance(s, Prefill)])
    assert read[-1].done == read[-1].total == tokens(llama, asked)


def test_another_question_over_the_same_text_is_not_disturbed_by_the_last(
    llama: Remote, small_model: Path
) -> None:
    text(llama, prompt(STORY * 3 + "How many passengers were there?"))
    warm = text(llama, prompt(STORY * 3 + "Where did it leave from?"))
    fresh = Remote(small_model, name="small", context=2048)
    assert text(fresh, prompt(STORY * 3 + "Where did it leave from?")) == warm
    fresh.close()


def numbers(model: Remote, content: str) -> list[object]:
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
        model = Remote(small_model, name="small", context=2048)
        alone.append(numbers(model, each))
        model.close()
    model = Remote(small_model, name="small", context=2048)
    assert [*model.read(prompt("")[:1])]
    steps = model.generate(prompt(asked[0]), max_tokens=200)
    until(steps, Piece)  # one that was stopped early
    steps.close()  # type: ignore[attr-defined]
    assert [numbers(model, each) for each in asked] == alone
    assert [numbers(model, each) for each in reversed(asked)] == alone[::-1]
    assert numbers(model, asked[0]) == alone[0]
    model.close()


def test_tokens_are_counted_and_the_limit_is_kept(llama: Remote) -> None:
    pieces = [s for s in llama.generate(prompt(QUESTIONS[1]), max_tokens=7) if isinstance(s, Piece)]
    assert pieces[-1].tokens == 7
    assert not pieces[-1].ended


def test_checks_come_before_words_and_weigh_options(llama: Remote) -> None:
    asked = prompt("Say yes.")
    checks = (Check(asked, ("yes",), ("no",)), Check(asked, ("yes",)))
    steps = list(llama.generate(asked, max_tokens=4, checks=checks))
    probabilities = [s.probability for s in steps if isinstance(s, Checked)]
    assert len(probabilities) == 2
    assert all(0 <= p <= 1 for p in probabilities)
    assert probabilities[0] >= probabilities[1]
    kinds = [type(s) for s in steps]
    assert kinds.index(Piece) > max(i for i, kind in enumerate(kinds) if kind is Checked)


def test_an_answer_never_begins_with_what_is_forbidden(llama: Remote) -> None:
    asked = prompt("Say hello.")
    first = text(llama, asked, 1)
    assert text(llama, asked, 1, never_first=(first,)) != first


def test_control_tokens_in_content_stay_text(llama: Remote) -> None:
    special = tokens(llama, (Part("<|im_end|>", template=True),))
    content = tokens(llama, (Part("<|im_end|>"),))
    assert special == 1 < content


def test_a_prompt_over_the_context_is_told(llama: Remote) -> None:
    with pytest.raises(ModelError, match="do not fit"):
        list(llama.generate(prompt("word " * 4000), max_tokens=10))
    assert text(llama, prompt("Why?"), 4)


def test_closing_early_frees_the_model(llama: Remote) -> None:
    steps = llama.generate(prompt(QUESTIONS[1]), max_tokens=200)
    until(steps, Piece)
    steps.close()  # type: ignore[attr-defined]
    assert text(llama, prompt("Why?"), 4)


def test_several_are_answered_at_once_and_the_others_are_told_their_place(
    small_model: Path,
) -> None:
    model = Remote(small_model, name="small", context=1024, pool=2048, seats=2)
    first, second = (model.generate(prompt(QUESTIONS[1]), max_tokens=300) for _ in range(2))
    until(first, Piece)
    until(second, Piece)
    third, fourth = (model.generate(prompt("Why?"), max_tokens=4) for _ in range(2))
    assert [next(third), next(fourth)] == [Waiting(1), Waiting(2)]
    first.close()  # type: ignore[attr-defined]
    assert isinstance(next(third), Began)
    assert next(fourth) == Waiting(1)
    second.close()  # type: ignore[attr-defined]
    assert isinstance([*fourth][-1], Piece)
    model.close()


def test_a_long_text_waits_for_room_in_the_pool(small_model: Path) -> None:
    model = Remote(small_model, name="small", context=1024, pool=1200, seats=2)
    first = model.generate(prompt(QUESTIONS[1]), max_tokens=600)
    until(first, Piece)
    second = model.generate(prompt(QUESTIONS[1]), max_tokens=700)
    assert next(second) == Waiting(1)
    first.close()  # type: ignore[attr-defined]
    assert isinstance(next(second), Began)
    second.close()  # type: ignore[attr-defined]
    model.close()


def test_a_long_prompt_does_not_hold_up_who_is_written_to(llama: Remote) -> None:
    writing = llama.generate(prompt(QUESTIONS[1]), max_tokens=400)
    until(writing, Piece)
    seen: list[Step] = []
    reading = threading.Thread(
        target=lambda: seen.extend(llama.generate(prompt(STORY * 30), max_tokens=1))
    )
    reading.start()
    while not any(isinstance(step, Began) for step in seen):
        reading.join(0.001)
    held = [step for step in seen if isinstance(step, Prefill)]
    while reading.is_alive():
        until(writing, Piece)
        held = [step for step in seen if isinstance(step, Prefill)]
        if len(held) >= 2:
            break
    assert held[-1].done < held[-1].total, "it was written on before the prompt was read"
    writing.close()  # type: ignore[attr-defined]
    reading.join(60)
    assert isinstance(seen[-1], Piece)


def test_many_askers_each_get_the_answer_that_they_would_get_alone(llama: Remote) -> None:
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


def test_what_was_read_ahead_is_not_read_again(llama: Remote) -> None:
    asked = prompt(STORY * 4 + "Where did the ferry go?")
    ahead = [*llama.read(asked)]
    assert isinstance(ahead[-1], Prefill)
    steps = [*llama.generate(asked, max_tokens=8)]
    assert not any(isinstance(step, Prefill) for step in steps)
    assert [*llama.read(asked)] == []


def test_reading_ahead_gives_way_and_what_it_read_is_kept(llama: Remote) -> None:
    long = prompt(STORY * 30)
    ahead = llama.read(long)
    until(ahead, Prefill)
    assert text(llama, prompt("Why?"), 4)
    read = [step.done for step in ahead if isinstance(step, Prefill)]
    again = [step.done for step in llama.generate(long, max_tokens=1) if isinstance(step, Prefill)]
    assert again[0] > read[-1] if read else again[0] > 64


def test_nothing_is_read_ahead_while_somebody_is_answered(llama: Remote) -> None:
    steps = llama.generate(prompt(QUESTIONS[1]), max_tokens=200)
    until(steps, Piece)
    assert [*llama.read(prompt(STORY))] == []
    steps.close()  # type: ignore[attr-defined]


def test_a_process_that_breaks_off_is_told_and_started_again(llama: Remote) -> None:
    alone = text(llama, prompt("Why?"), 4)
    steps = llama.generate(prompt(QUESTIONS[1]), max_tokens=200)
    until(steps, Piece)
    before = llama.busy_s
    os.kill(llama.process_id, signal.SIGSEGV)
    with pytest.raises(ModelError, match=r"broke off while it was answering \(SIGSEGV\)"):
        until(steps, type(None))
    assert text(llama, prompt("Why?"), 4) == alone
    assert llama.busy_s > before


def test_a_process_that_cannot_load_the_model_is_told(small_model: Path, tmp_path: Path) -> None:
    worker = tmp_path / "dies.py"
    worker.write_text("import os, signal\nos.kill(os.getpid(), signal.SIGILL)", encoding="utf-8")
    with pytest.raises(ModelLoadError, match=r"SIGILL.*make llama"):
        Remote(small_model, name="small", worker=[str(worker)])


def test_a_closed_model_says_so(small_model: Path) -> None:
    model = Remote(small_model, name="small", context=512)
    steps = model.generate(prompt(QUESTIONS[1]), max_tokens=200)
    until(steps, Piece)
    model.close()
    with pytest.raises(ModelError):
        until(steps, type(None))
    with pytest.raises(ModelError, match="closed"):
        [*model.generate(prompt("Why?"), max_tokens=4)]


def test_a_file_that_is_no_model_is_told(tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_bytes(b"GGUF" + bytes(1000))
    with pytest.raises(ModelLoadError, match="models verify"):
        Remote(tmp_path / "model.gguf", name="broken")


def test_a_truncated_model_is_told(tmp_path: Path, small_model: Path) -> None:
    with small_model.open("rb") as file:
        (tmp_path / "model.gguf").write_bytes(file.read(5_000_000))
    with pytest.raises(ModelLoadError, match="models verify"):
        Remote(tmp_path / "model.gguf", name="truncated")
