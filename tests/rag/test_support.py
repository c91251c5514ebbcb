from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest

from rag.support import Evidence, Signals, probability, signals

PASSAGES = ["Northwind opened its second plant in Bergen in May.", "The plant cost $42 million."]
EVIDENCE = Evidence.of(PASSAGES, ["Harbour news", "2026 05 02"])


def alike(first: Sequence[str], second: Sequence[str]) -> npt.NDArray[np.float32]:
    """Only "factory" and "plant" are near each other."""
    near = {("factory", "plant")}
    return np.array([[float((a, b) in near) for b in second] for a in first], np.float32)


@pytest.mark.parametrize(
    ("claim", "found"),
    [
        ("The plant cost $42 million.", Signals(copied=1.0)),
        ("Northwind opened its second plant.", Signals(copied=1.0)),
        # A list mark, a mention of the passages and words that order a text claim nothing.
        ("2. Additionally, passage 1 states that the plant cost $42 million.", Signals(copied=1.0)),
        ("The factory cost $42 million.", Signals(copied=2 / 3)),
        ("The harbour cost $42 million.", Signals(copied=2 / 3)),
        ("The bridge cost $42 million.", Signals(copied=2 / 3, foreign=1)),
        ("The plant cost $43 million.", Signals(copied=1 / 3, figures=1)),
        ("It opened in 2026.", Signals(copied=0.0)),
        ("Then Hansen opened it.", Signals(copied=0.0, foreign=1, names=1)),
        ("Bergen", Signals(copied=1.0)),
        ("Oslo", Signals(copied=0.0, foreign=1)),
        ("", Signals(copied=1.0)),
    ],
)
def test_what_is_measured_of_a_claim(claim: str, found: Signals) -> None:
    assert signals(claim, EVIDENCE, alike) == found


def test_without_passages_everything_is_foreign() -> None:
    found = signals("The plant cost $42 million.", Evidence.of([]), alike)
    assert found == Signals(copied=0.0, foreign=3, figures=1)


def test_each_signal_moves_the_probability_its_way() -> None:
    sure = probability(Signals(copied=1.0))
    assert 0.9 < sure < 1.0
    for worse in (
        Signals(copied=0.5),
        Signals(copied=1.0, foreign=2),
        Signals(copied=1.0, figures=1),
        Signals(copied=1.0, names=1),
    ):
        assert probability(worse) < sure
    assert probability(Signals(0.0, foreign=4, figures=2, names=2)) < 0.3
