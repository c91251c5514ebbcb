"""How a prompt is cut for reading."""

from __future__ import annotations

from rag.slicing import SHORT, common, length, sliced

SLICE = 64


def tokens(n: int, first: int = 0) -> list[int]:
    return list(range(first, first + n))


def test_parts_are_cut_at_their_ends_and_after_so_many_tokens() -> None:
    cut = sliced([(tokens(SLICE + 40), True), (tokens(60, 1000), True)], SLICE)
    assert [len(each) for each in cut] == [SLICE, 40, 60]
    assert [token for each in cut for token in each] == tokens(SLICE + 40) + tokens(60, 1000)
    assert length(cut) == SLICE + 100


def test_prompts_that_begin_with_the_same_kept_parts_have_those_slices_in_common() -> None:
    opened = [(tokens(100), True), (tokens(20, 1000), True)]
    judged = sliced([*opened, (tokens(17, 2000), False), (tokens(5, 3000), False)], SLICE)
    asked = sliced([*opened, (tokens(5, 3000), False)], SLICE)
    assert common(judged, asked) == 3
    assert [len(each) for each in judged[3:]] == [22]  # what is not kept is read at once
    assert [len(each) for each in asked[3:]] == [5]


def test_a_short_rest_is_read_with_the_slice_before_it() -> None:
    cuts = {
        n: [len(each) for each in sliced([(tokens(n), False)], SLICE)] for n in (64, 95, 96, 200)
    }
    assert cuts == {64: [64], 95: [SLICE + SHORT - 1], 96: [64, 32], 200: [64, 64, 72]}


def test_empty_parts_leave_no_slice() -> None:
    assert sliced([([], True), (tokens(3), False), ([], True)], SLICE) == [(0, 1, 2)]
    assert sliced([], SLICE) == []
