from __future__ import annotations

import pytest

from index.fuse import reciprocal_rank_fusion


def test_agreement_wins() -> None:
    fused = reciprocal_rank_fusion([["a", "b", "c"], ["b", "d"]])
    assert [item for item, _ in fused][:2] == ["b", "a"]
    assert dict(fused)["b"] == pytest.approx(1 / 62 + 1 / 61)


def test_nothing_to_fuse() -> None:
    assert reciprocal_rank_fusion([[], []]) == []
