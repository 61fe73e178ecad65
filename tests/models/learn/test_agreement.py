"""Agreement against figures from the literature."""

import math

import pytest

from models.learn.agreement import cohen, krippendorff


def test_cohen_as_in_the_textbook_example() -> None:
    """50 grant proposals read twice (yes/no: 20, 5, 10, 15): kappa 0.4."""
    pairs = [("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15
    assert cohen(pairs) == pytest.approx(0.4)
    assert math.isnan(cohen([]))
    assert cohen([("y", "y")] * 3) == 1.0


#: Krippendorff (2011), "Computing Krippendorff's Alpha-Reliability", example C: four observers, twelve units, gaps.
ROWS = (
    (1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None),
    (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3),
    (None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None),
    (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None),
)
UNITS = {
    unit: {str(who): str(row[unit]) for who, row in enumerate(ROWS) if row[unit] is not None} for unit in range(12)
}


def test_alpha_as_published() -> None:
    assert krippendorff(UNITS) == pytest.approx(0.743, abs=5e-4)
    assert krippendorff(UNITS, ("1", "2", "3", "4", "5")) == pytest.approx(0.815, abs=1e-3)


def test_alpha_is_one_for_one_answer_and_nothing_without_a_pair() -> None:
    assert krippendorff({1: {"a": "x", "b": "x"}}) == 1.0
    assert math.isnan(krippendorff({1: {"a": "x"}}))
    assert krippendorff({1: {"a": "x", "b": "y"}, 2: {"a": "y", "b": "x"}}) < 0
