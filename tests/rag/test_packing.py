from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from index.types import Span
from rag import prompt
from rag.focus import Focused
from rag.packing import pack
from rag.types import Source
from tests.rag.test_prompt import hit, passage, words


def test_packing_keeps_to_the_budget_and_takes_smaller_ones_after_a_big_one() -> None:
    hits = [passage(1, 0, "a " * 50), passage(2, 0, "b " * 80), passage(3, 0, "c " * 20)]
    sources = pack(hits, words, budget=90, most=5)
    assert [s.document_id for s in sources] == [1, 3]


def test_an_articles_heading_is_paid_once() -> None:
    one = [passage(1, 0, "a " * 20), passage(1, 1, "b " * 20)]
    other = [passage(1, 0, "a " * 20), passage(2, 0, "b " * 20)]
    assert len(pack(one, words, budget=49, most=5)) == 2  # two of 20 + 4, and a heading of 1
    assert len(pack(other, words, budget=49, most=5)) == 1


def test_a_source_names_every_other_place_of_its_article() -> None:
    one = hit(1, 0, "The bell rings.")
    entry = replace(one.entry, origins=("/copy", "/d/1"), also_in=("/older", "/partner"))
    focused = Focused(replace(one, entry=entry), Span(0, 15))
    (source,) = pack([focused], words, budget=50, most=5)
    assert source.also_in == ("/copy", "/older", "/partner")
    (alone,) = pack([passage(1, 0, "The bell rings.")], words, budget=50, most=5)
    assert alone.also_in == ()


def test_the_best_passage_is_always_taken() -> None:
    assert len(pack([passage(1, 0, "a " * 500)], words, budget=100, most=5)) == 1


def test_passages_of_an_article_stand_together_in_reading_order() -> None:
    hits = [passage(1, 3, "late"), passage(2, 0, "other"), passage(1, 1, "early")]
    sources = pack(hits, words, budget=100, most=5)
    assert [(s.number, s.document_id, s.text) for s in sources] == [
        (1, 1, "early"), (2, 1, "late"), (3, 2, "other"),
    ]  # fmt: skip


def read(sources: Sequence[Source]) -> list[str]:
    return [source.read_text for source in sources]


def test_what_is_left_of_the_budget_goes_to_the_sentences_around() -> None:
    text = (
        "The board met. It decided to close the plant. Omar Haddad voted against. Tea was served."
    )
    first = Focused(hit(1, 0, text), Span(15, 45))
    assert read(pack([first], words, budget=11, most=5)) == ["It decided to close the plant."]
    assert read(pack([first], words, budget=15, most=5)) == [text[15:72]]
    assert read(pack([first], words, budget=18, most=5)) == [text[15:]]
    assert read(pack([first], words, budget=21, most=5)) == [text]
    kept = pack([first], words, budget=21, most=5, neighbours=False)
    assert read(kept) == ["It decided to close the plant."]


def test_the_best_passages_neighbours_come_first() -> None:
    one = Focused(hit(1, 0, "The bell rings. It is old."), Span(0, 15))
    two = Focused(hit(2, 0, "A bell is cast. It is new."), Span(0, 15))
    sources = pack([one, two], words, budget=21, most=5)
    assert read(sources) == ["The bell rings. It is old.", "A bell is cast."]


def test_a_heading_is_no_neighbour_and_nothing_is_read_past_the_passage() -> None:
    text = "Bread\n\nThe shop sells bread.\n\nCakes\n\nCakes are sold too."
    part = Focused(hit(1, 0, text), Span(7, 28))
    (source,) = pack([part], words, budget=100, most=5)
    assert prompt.listed([source], "When?").endswith(
        "[1] The shop sells bread. Cakes are sold too."
    )


@given(st.lists(st.integers(1, 30), min_size=1, max_size=6), st.integers(5, 80))
def test_neighbours_never_pass_the_budget(lengths: list[int], budget: int) -> None:
    text = " ".join("A " + "a " * (n - 1) + "end." for n in lengths)
    part = Focused(hit(1, 0, text), Span(0, 2 * lengths[0] + 4))
    (source,) = pack([part], words, budget=budget, most=5)
    used = words(source.read_text) + 4 + 1
    assert used <= max(budget, words(part.text) + 4 + 1)
    assert source.read_text in text


def test_weak_passages_of_the_same_article_are_read_where_little_else_is() -> None:
    head = Focused(hit(1, 0, "Patient: R. Holm."), Span(0, 17))
    below = Focused(hit(1, 1, "Allergies: penicillin."), Span(0, 22), weak=True)
    elsewhere = Focused(hit(2, 0, "Holm is a town."), Span(0, 15), weak=True)
    found = [head, elsewhere, below]
    assert read(pack(found, words, budget=50, most=5)) == [
        "Patient: R. Holm.",
        "Allergies: penicillin.",
    ]
    assert len(pack(found, words, budget=20, most=5)) == 1  # of 20 the first takes 8
    assert len(pack(found, words, budget=50, most=1)) == 1
    assert len(pack(found, words, budget=50, most=5, neighbours=False)) == 1
