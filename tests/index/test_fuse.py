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
    return dict(convex(similarity, words, words_weight=0.5))


def test_scores_count_not_ranks() -> None:
    close = fused({"a": 0.9, "b": 0.89, "c": 0.2}, {"b": 4.0})
    assert next(iter(close)) == "b"
    far = fused({"a": 0.9, "b": 0.3, "c": 0.2}, {"b": 0.5, "c": 4.0})
    assert list(far) == ["c", "a", "b"]


def test_words_decide_where_all_are_as_alike() -> None:
    fit = {"b": 1.0, "c": 0.9}
    assert next(iter(fused({"a": 0.32, "b": 0.3, "c": 0.28}, fit))) == "b"
    assert next(iter(convex({"a": 0.8, "b": 0.3, "c": 0.2}, fit, words_weight=0.3)))[0] == "a"


def test_what_all_have_of_words_counts_for_none() -> None:
    alike = {"a": 0.6, "b": 0.5}
    assert fused(alike, {"a": 0.8, "b": 0.9}) == fused(alike, {"a": 0.0, "b": 5.0})
    assert fused(alike, {"a": 0.8, "b": 0.8}) == fused(alike, {})


def test_nothing_is_no_error() -> None:
    assert fused({}, {}) == {}
    assert fused({"a": 0.1}, {}) == {"a": pytest.approx(0.05)}
    assert fused({"a": -0.2, "b": 0.2}, {"a": 3.0}) == {
        "a": pytest.approx(0.4), "b": pytest.approx(0.1)
    }  # fmt: skip
