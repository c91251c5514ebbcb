"""Passages that were read by themselves, on a real, small model."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.llm import Check, Checked, Part, Passage, Piece, Prompt
from rag.remote import Remote
from rag.shelf import Shelving

pytestmark = pytest.mark.model

HEAD = (Part("<|im_start|>user\nPassages:\n", template=True, kept=True),)
END = Part("<|im_end|>\n<|im_start|>assistant\n", template=True)
FERRY = ("(Article", ' "Ferries"', ")\n", "The ferry Aurora left Bergen at nine.",
         " It carried 212 passengers to Stavanger.", " Nobody was hurt.", "\n")  # fmt: skip
MILL = ("(Article", ' "Mills"', ")\n", "The mill at Halvik grinds oats.",
        " Ana Ruiz has run it since 2019.", "\n")  # fmt: skip


def passage(pieces: tuple[str, ...], left_out: set[int], shelf: str) -> Part:
    shown = tuple((text, at not in left_out) for at, text in enumerate(pieces))
    return Part("".join(text for text, has in shown if has), passage=Passage(shown, shelf))


def asked(question: str, *passages: Part) -> Prompt:
    return (*HEAD, *passages, Part(f"\nQuestion: {question}", kept=True))


def numbers(model: Remote, opened: Prompt) -> list[object]:
    """All that an answer's receipt holds of it: probabilities and tokens."""
    checks = (
        Check((*opened, Part(" Yes or no?"), END), ("yes",), ("no",)),
        Check((*opened, END), ("The",)),
    )
    steps = model.generate((*opened, END), max_tokens=24, checks=checks)
    told = [step for step in steps if isinstance(step, Checked | Piece)]
    return [each.probability if isinstance(each, Checked) else each.token for each in told]


def remote(small_model: Path, shelving: Shelving | None = None) -> Remote:
    return Remote(small_model, name="small", context=2048, shelving=shelving)


PROMPTS = (
    asked("How many passengers?", passage(FERRY, {1}, "1")),
    asked("Who runs the mill?", passage(FERRY, {1, 3}, "1"), passage(MILL, {1}, "2")),
    # The same the other way round, so that each moves both up and down.
    asked("Who runs the mill?", passage(MILL, {1, 3}, "2"), passage(FERRY, {4}, "1")),
    asked("Where did it go?", passage(FERRY, set(), "1")),
)


def test_no_number_depends_on_whether_a_file_had_it(small_model: Path, tmp_path: Path) -> None:
    plain = remote(small_model)
    alone = [numbers(plain, each) for each in PROMPTS]
    plain.close()
    shelving = Shelving(tmp_path / "shelf", 1 << 30, "small")
    model = remote(small_model, shelving)
    for part in (passage(FERRY, set(), "1"), passage(MILL, set(), "2")):
        assert not model.has_read((*HEAD, part))
        list(model.read((*HEAD, part), idle=True))
        assert model.has_read((*HEAD, part))
    assert [numbers(model, each) for each in PROMPTS] == alone
    assert [numbers(model, each) for each in reversed(PROMPTS)] == alone[::-1]
    model.close()
    again = remote(small_model, shelving)
    assert all(again.has_read(each) for each in PROMPTS)
    assert [numbers(again, each) for each in reversed(PROMPTS)] == alone[::-1]
    again.close()


def test_a_damaged_file_is_read_anew(small_model: Path, tmp_path: Path) -> None:
    shelving = Shelving(tmp_path / "shelf", 1 << 30, "small")
    model = remote(small_model, shelving)
    sound = numbers(model, PROMPTS[1])
    for file in (tmp_path / "shelf").rglob("*.kv"):
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= 255
        file.write_bytes(data)
    assert numbers(model, PROMPTS[2]) == numbers(remote(small_model), PROMPTS[2])
    assert numbers(model, PROMPTS[1]) == sound
    model.close()


def test_a_passage_that_stands_where_it_was_read_is_as_if_read_there(small_model: Path) -> None:
    model = remote(small_model)
    pieces = [Part(text, kept=text == FERRY[-1]) for text in FERRY]
    joint = (*HEAD, *pieces, Part("\nQuestion: Where did it go?", kept=True))
    apart = asked("Where did it go?", passage(FERRY, set(), "1"))
    one, other = numbers(model, joint), numbers(model, apart)
    assert one[2:] == other[2:], "the same words"
    assert one[:2] == pytest.approx(other[:2], abs=0.02)
    model.close()


def test_passages_are_found_again_whether_the_machine_guesses_or_not(
    small_model: Path, tmp_path: Path
) -> None:
    model = remote(small_model, Shelving(tmp_path / "shelf", 1 << 30, "small"))
    read = (*HEAD, passage(FERRY, set(), "1"))
    assert not model.has_read(read)
    assert [*model.read(read)]
    assert model.runs["draft"] in {0, 7}
    assert model.has_read(read)
    model.close()
