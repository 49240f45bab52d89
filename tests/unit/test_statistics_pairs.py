"""Two strategies on the same chances, compared at the end of a stretch that was fixed before."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qfluxd.research.statistics import expected, expected_difference, mcnemar


@given(st.integers(0, 400), st.integers(0, 400))
def test_mcnemar_s_test_is_that_of_the_binomial_distribution(one: int, other: int) -> None:
    """Two-sided, as scipy has it, and the same from either side."""
    stats = pytest.importorskip("scipy.stats")
    expects = stats.binomtest(one, one + other).pvalue if one + other else 1.0
    assert mcnemar(one, other) == pytest.approx(expects, rel=1e-8)
    assert mcnemar(other, one) == mcnemar(one, other)


def test_equal_strategies_differ_in_at_most_one_of_twenty() -> None:
    """5,000 comparisons of two coins over 200 chances each."""
    chance = np.random.default_rng(1)
    one, other = (chance.random((5_000, 200)) < 0.55 for _ in range(2))
    only = np.stack([(one & ~other).sum(axis=1), (other & ~one).sum(axis=1)], axis=1)
    assert np.mean([mcnemar(*map(int, row)) <= 0.05 for row in only]) <= 0.05


def test_what_happens_to_both_is_no_noise() -> None:
    """Of two that mostly do the same the difference is known far better than either."""
    chance = np.random.default_rng(2)
    one = np.where(chance.random(2_000) < 0.55, 0.85, -1.0)
    other = np.where(chance.random(2_000) < 0.05, 0.0, one)
    apart, alone = expected_difference(one, other).interval, expected(one).interval
    assert apart is not None
    assert alone is not None
    assert apart.low < one.mean() - other.mean() < apart.high
    assert apart.high - apart.low < 0.4 * (alone.high - alone.low)


def test_nonsense_is_an_error() -> None:
    """Counts below 0, and rows that are no pairs."""
    with pytest.raises(ValueError, match="counts"):
        mcnemar(-1, 3)
    with pytest.raises(ValueError, match="3 results of one and 2 of the other"):
        expected_difference(np.ones(3), np.ones(2))
