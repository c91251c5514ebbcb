from __future__ import annotations

import pytest

from rag.plan import interleaved, searches
from tests.rag.test_prompt import hit


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("Who runs the harbour?", []),
        ("Who runs A here, and who runs B?", ["Who runs A here", "who runs B?"]),
        ("Is the mill open? Who runs the mill", ["Is the mill open?", "Who runs the mill"]),
        ("He left the mill. What is next?", []),
        ("Is bread and butter sold?", []),
        ("Who and when?", []),
    ],
)  # fmt: skip
def test_each_part_is_searched_for(question: str, parts: list[str]) -> None:
    assert searches(question) == [question, *parts]


def test_each_part_has_its_best_passage_first() -> None:
    whole = [hit(1, 0, "a"), hit(2, 0, "b"), hit(3, 0, "c")]
    first, second = [hit(2, 0, "b"), hit(1, 0, "a")], [hit(4, 0, "d"), hit(2, 0, "b")]
    assert [h.entry.id for h in interleaved([whole, first, second], 9)] == [2, 4, 1, 3]
    assert [h.entry.id for h in interleaved([whole], 2)] == [1, 2]
    assert interleaved([[]], 3) == []
