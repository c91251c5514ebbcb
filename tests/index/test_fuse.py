from __future__ import annotations

import pytest

from index.fuse import convex, reciprocal_rank_fusion


def test_agreement_wins() -> None:
    fused = reciprocal_rank_fusion([["a", "b", "c"], ["b", "d"]])
    assert [item for item, _ in fused][:2] == ["b", "a"]
    assert dict(fused)["b"] == pytest.approx(1 / 62 + 1 / 61)


def test_nothing_to_fuse() -> None:
    assert reciprocal_rank_fusion([[], []]) == []


def fused(similarity: dict[str, float], words: dict[str, float]) -> dict[str, float]:
    return dict(convex(similarity, words, floor=0.2, words_weight=0.5))


def test_scores_count_not_ranks() -> None:
    close = fused({"a": 0.9, "b": 0.89, "c": 0.2}, {"b": 4.0})
    assert next(iter(close)) == "b"
    far = fused({"a": 0.9, "b": 0.3, "c": 0.2}, {"b": 2.0, "c": 4.0})
    assert list(far) == ["a", "c", "b"]


def test_scores_are_bounded_and_nothing_is_no_error() -> None:
    assert fused({"a": 0.9}, {"a": 7.0}) == {"a": pytest.approx(1.0)}
    assert fused({}, {}) == {}
    assert fused({"a": 0.1}, {}) == {"a": 0.0}
    assert fused({}, {"a": 3.0}) == {"a": pytest.approx(0.5)}
