from __future__ import annotations

import pytest

from rag import measures
from rag.measures import Bin


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("The Mill", "mill"),
        ("a  river, an  oak;\nthe sea.", "river oak sea"),
        ("“Squid Game”", "squid game"),
        ("theatre and another", "theatre and another"),
        ("$4.15", "415"),
        ("the", ""),
    ],
)
def test_normalised(text: str, bare: str) -> None:
    assert measures.normalised(text) == bare


@pytest.mark.parametrize(
    ("answer", "known", "exact", "f1"),
    [
        ("Rollo", ["Rollo"], 1, 1),
        ("the Rollo!", ["Hrolf", "Rollo"], 1, 1),
        # Two of three words are known, two of two known ones said: 2 * 2 / (3 + 2).
        ("old Duke Rollo", ["Duke Rollo"], 0, 0.8),
        # The best of several known answers counts.
        ("Duke Rollo", ["Duke Hrolf of Normandy", "Rollo"], 0, 2 / 3),
        # A word said twice meets one that is known once: 2 * 1 / (2 + 1).
        ("no no", ["no"], 0, 2 / 3),
        ("Hastings", ["Rollo"], 0, 0),
        ("", ["Rollo"], 0, 0),
        # Nothing but an article is nothing; so is a known answer of nothing else.
        ("the", ["a"], 1, 1),
        ("x", ["a"], 0, 0),
        # No answer is known: a refusal is right, any answer wrong.
        ("", [], 1, 1),
        ("Rollo", [], 0, 0),
    ],
)
def test_exact_match_and_f1(answer: str, known: list[str], exact: float, f1: float) -> None:
    assert measures.exact(answer, known) == exact
    assert measures.f1(answer, known) == pytest.approx(f1)


def test_a_known_answer_stands_in_a_text_word_for_word() -> None:
    assert measures.holds("It was Duke Rollo, in 911.", ["rollo"])
    assert measures.holds("It was the Duke of Kent.", ["Duke of the Kent"])
    assert not measures.holds("In 1911.", ["911"])
    assert not measures.holds("Anything", [])
    assert not measures.holds("Anything", ["the"])


def test_a_plain_share_has_wilsons_interval() -> None:
    # Wilson for 8 of 10, by hand: centre (0.8 + 0.19208) / 1.38416, half 0.2267.
    found = measures.share([(1, 1)] * 8 + [(0, 1)] * 2 + [(0, 0)] * 5)
    assert found.value == 0.8
    assert found.n == 10
    assert found.low == pytest.approx(0.4902, abs=2e-4)
    assert found.high == pytest.approx(0.9433, abs=2e-4)


def test_all_of_a_few_is_not_certainty() -> None:
    found = measures.share([(1, 1)] * 4)
    assert (found.value, found.high) == (1.0, 1.0)
    assert found.low == pytest.approx(4 / (4 + 1.96**2), abs=1e-6)


def test_a_ratio_has_a_bootstrap_interval_that_is_the_same_for_the_same_seed() -> None:
    pairs = [(2, 3), (0, 2), (1, 1), (0, 0), (4, 4)]
    found = measures.share(pairs, seed=1)
    assert found.value == pytest.approx(7 / 10)
    assert found.n == 10
    assert found.low is not None
    assert found.high is not None
    assert 0 <= found.low < 0.7 < found.high <= 1
    assert measures.share(pairs, seed=1) == found


def test_a_share_of_nothing_is_not_judged() -> None:
    assert measures.share([(0, 0)]) == measures.Share(None, None, None, 0)


def test_percentiles() -> None:
    assert measures.percentile([3, 1, 2], 0.95) == 3
    assert measures.percentile(list(range(1, 101)), 0.95) == 95
    assert measures.percentile([], 0.95) is None


def test_detection() -> None:
    found = measures.detected([True, True, True, False], [True, False, True, True])
    assert (found.precision, found.recall) == (pytest.approx(2 / 3), pytest.approx(2 / 3))
    assert found.f1 == pytest.approx(2 / 3)
    assert measures.detected([False], [True]) == measures.Detection(0.0, 0.0, 0.0)
    assert measures.detected([], []).f1 == 0.0


def test_the_area_under_the_curve() -> None:
    # Of the four pairs (0.8, 0.3), (0.8, 0.5), (0.5, 0.3), (0.5, 0.5): three ordered, one tied.
    assert measures.roc_auc([0.8, 0.5, 0.3, 0.5], [True, True, False, False]) == pytest.approx(
        3.5 / 4
    )
    assert measures.roc_auc([0.1, 0.9], [True, False]) == 0.0
    assert measures.roc_auc([0.1, 0.9], [True, True]) is None


def test_calibration() -> None:
    table = measures.reliability([0.05, 0.15, 0.15, 1.0], [False, True, False, True])
    assert table == [Bin(0.0, 1, 0.05, 0.0), Bin(0.1, 2, 0.15, 0.5), Bin(0.9, 1, 1.0, 1.0)]
    assert measures.calibration_error(table) == pytest.approx((0.05 + 2 * 0.35 + 0) / 4)
    assert measures.calibration_error([]) == 0.0


def test_the_best_threshold() -> None:
    scores, true = [0.2, 0.4, 0.6, 0.8], [False, False, True, True]
    assert measures.best_threshold(scores, true, below=False) == 0.6
    # Looked for below it: found are 0.2 and 0.4.
    assert measures.best_threshold(scores, [not each for each in true], below=True) == 0.6
    # Everything has to be below it: it lies above the highest score.
    assert measures.best_threshold([0.2, 0.8], [True, True], below=True) > 0.8
