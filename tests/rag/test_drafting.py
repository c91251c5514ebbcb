"""Prompt lookup: what is guessed, how far it is trusted, and how much of it is tried."""

from __future__ import annotations

import pytest

from rag.drafting import Lookup, pay, widths

TEXT = [1, 2, 3, 4, 5, 6, 9, 3, 4, 7, 8]


def test_what_followed_the_longest_run_last_is_guessed() -> None:
    lookup = Lookup([*TEXT, 2, 3])
    assert lookup.draft(4, 3) == [5, 6, 9]  # after 2 3 4, though 3 4 7 came later
    assert Lookup([*TEXT, 0, 3]).draft(4, 3) == [7, 8, 0]
    assert lookup.draft(4, 0) == []
    assert lookup.draft(77, 3) == []


def test_what_was_written_is_looked_up_too() -> None:
    lookup = Lookup([1, 2])
    assert lookup.draft(5, 2) == []
    lookup.extend([5, 6, 7, 2])
    assert lookup.draft(5, 2) == [6, 7]


def test_guesses_that_come_true_are_trusted_and_others_are_not() -> None:
    good, bad = Lookup(TEXT), Lookup(TEXT)
    start = good.odds
    for _ in range(20):
        good.came([1, 2, 3], [1, 2, 3, 4])
        bad.came([1, 2, 3], [7])
    assert 0 < bad.odds < 0.2 < start < 0.95 < good.odds < 1


def test_one_text_is_guessed_for_as_far_as_it_pays() -> None:
    assert widths([(7, 0.97)]) == [7]
    assert widths([(7, 0.6)]) == [3]
    assert widths([(2, 0.9)]) == [2]
    assert widths([(7, 0.1)]) == [0]
    assert widths([(0, 0.9)]) == [0]


def test_guesses_pay_where_four_tokens_take_little_longer_than_one() -> None:
    assert [pay(four) for four in (1.0, 1.8, 2.3, 3.4)] == [True, True, True, False]


def test_several_texts_share_what_pays_the_likeliest_guesses_first() -> None:
    one, other = widths([(7, 0.95), (7, 0.1)])
    assert one > 0
    assert other == 0
    assert widths([(7, 0.1)] * 4) == [0, 0, 0, 0]
    assert sum(widths([(3, 0.99)] * 4)) == 12


@pytest.mark.parametrize("texts", range(1, 9))
def test_a_batch_is_never_smaller_than_its_texts(texts: int) -> None:
    tried = widths([(4, 0.5)] * texts)
    assert len(tried) == texts
    assert all(0 <= each <= 4 for each in tried)
