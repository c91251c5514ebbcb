"""How a prompt is cut for reading."""

from __future__ import annotations

from rag.slicing import SLICE, common, sliced


def tokens(n: int, first: int = 0) -> list[int]:
    return list(range(first, first + n))


def test_parts_are_cut_at_their_ends_and_after_so_many_tokens() -> None:
    cut = sliced([tokens(SLICE + 40), tokens(60, 1000)])
    assert [len(each) for each in cut] == [SLICE, 40, 60]
    assert [token for each in cut for token in each] == tokens(SLICE + 40) + tokens(60, 1000)


def test_prompts_that_begin_with_the_same_parts_have_those_slices_in_common() -> None:
    opened = [tokens(200), tokens(150, 1000)]
    judged = sliced([*opened, tokens(17, 2000), tokens(5, 3000)])
    asked = sliced([*opened, tokens(5, 3000)])
    assert common(judged, asked) == 3
    assert [len(each) for each in judged[3:]] == [22]  # two short parts in one reading
    assert [len(each) for each in asked[3:]] == [5]


def test_a_short_rest_is_read_with_the_slice_before_it() -> None:
    lengths = {n: [len(each) for each in sliced([tokens(n)])] for n in (128, 140, 159, 160, 280)}
    assert lengths == {128: [128], 140: [140], 159: [159], 160: [128, 32], 280: [128, 152]}


def test_empty_parts_leave_no_slice() -> None:
    assert sliced([[], tokens(3), []]) == [(0, 1, 2)]
    assert sliced([]) == []
