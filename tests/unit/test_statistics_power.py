"""How many trades it takes, against the binomial distribution, published tables and simulation."""

import numpy as np
import pytest

from qfluxd.evidence import break_even, trades_needed, wilson
from qfluxd.research.statistics import betting_power, trades_for_power, wilson_power, wins_needed

PAYOUTS = (80, 85, 90, 92)

TABLE = {
    80: (None, 48_019, 1_588, 481, 107),
    85: (10_663, 2_520, 613, 270, 80),
    92: (1_127, 625, 274, 153, 58),
}
RATES = (0.55, 0.56, 0.58, 0.60, 0.65)


@pytest.mark.parametrize(("payout", "cells"), TABLE.items())
def test_sample_sizes_are_those_of_the_table(payout: int, cells: tuple[int | None, ...]) -> None:
    """Cell by cell: the trades after which Wilson's interval is above break-even, at a power of one half."""
    level = break_even(payout)
    for rate, cell in zip(RATES, cells, strict=True):
        assert trades_needed(rate, level) == cell
        assert trades_for_power(rate, level, power=0.5) == cell


@pytest.mark.parametrize("payout", [80, 85, 92])
@pytest.mark.parametrize("rate", [0.58, 0.60, 0.65])
@pytest.mark.parametrize("power", [0.5, 0.8, 0.9])
def test_after_so_many_trades_it_is_seen_so_often(payout: int, rate: float, power: float) -> None:
    """The exact probability at the sample size is what was asked for, within what whole wins allow."""
    level = break_even(payout)
    count = trades_for_power(rate, level, power)
    assert count is not None
    assert wilson_power(count, rate, level) == pytest.approx(power, abs=0.06)


@pytest.mark.parametrize(("count", "rate"), [(1, 0.9), (70, 0.6), (300, 0.55), (2_000, 0.58)])
def test_the_power_is_that_of_the_binomial_distribution(count: int, rate: float) -> None:
    """The fewest wins that are enough are so by Wilson's interval, and scipy has the same tail."""
    stats = pytest.importorskip("scipy.stats")
    level = break_even(92)
    wins = wins_needed(count, level)
    if wins <= count:
        assert wilson(wins, count).low > level
        assert wilson(wins - 1, count).low <= level
    assert wilson_power(count, rate, level) == pytest.approx(stats.binom.sf(wins - 1, count, rate), abs=1e-9)


def test_without_an_edge_no_number_is_enough() -> None:
    """At break-even and below."""
    assert trades_for_power(0.52, break_even(92)) is None
    assert trades_for_power(0.55, break_even(92), power=1e-12) == 1


# ------------------------------------------------------------------------------------------------- by simulation


def test_false_alarms_stay_under_the_nominal_rate() -> None:
    """A look after each of 2,000 trades, payouts mixed, ties: without an edge 3 in 100, with a fair coin hardly any."""
    none = betting_power(None, PAYOUTS, ties=0.1, seed=1)
    assert 0.0275 - 0.01 < none.share(2_000) < 0.05
    coin = betting_power(0.5, PAYOUTS, ties=0.1, seed=2)
    assert coin.share(2_000) == pytest.approx(0.0015, abs=0.0025)


def test_peeking_at_a_z_test_finds_an_edge_where_there_is_none() -> None:
    """The usual test at 5 %, looked at after every trade from the thirtieth on: in more than a third of all cases."""
    chance = np.random.default_rng(3)
    payout = chance.choice(np.array(PAYOUTS) / 100, (1_000, 2_000))
    won = chance.random(payout.shape) < 1 / (1 + payout)
    unit = np.where(chance.random(payout.shape) < 0.1, 0.0, np.where(won, payout, -1.0))
    count = np.arange(1, 2_001)
    mean, square = np.cumsum(unit, axis=1) / count, np.cumsum(unit**2, axis=1) / count
    z = mean[:, 29:] * np.sqrt(count[29:] / (square - mean**2)[:, 29:])
    assert (z > 1.645).any(axis=1).mean() == pytest.approx(0.376, abs=0.05)
    assert (z > 1.96).any(axis=1).mean() == pytest.approx(0.252, abs=0.05)


@pytest.mark.parametrize(
    ("rate", "trades", "shares", "median"),
    [
        (0.56, 6_000, (0.13, 0.23, 0.38, 0.84), 3_023),
        (0.58, 2_000, (0.33, 0.59, 0.89), 801),
        (0.60, 2_000, (0.63, 0.91, 1.00), 387),
        (0.65, 2_000, (0.99, 1.00, 1.00), 129),
    ],
)
def test_an_edge_is_found_as_often_as_is_known(
    rate: float, trades: int, shares: tuple[float, ...], median: int
) -> None:
    """By 500, 1,000, 2,000 and 6,000 trades, within three standard errors of two simulations, and what was rounded."""
    found = betting_power(rate, PAYOUTS, ties=0.1, trades=trades, paths=2_000, seed=4)
    for count, share in zip((500, 1_000, 2_000, 6_000), shares, strict=False):
        assert found.share(count) == pytest.approx(share, abs=3 * 1.8 * max(found.error(count), 0.002) + 0.005)
    assert found.median == pytest.approx(median, rel=0.1)


def test_a_detection_tells_no_more_than_was_watched() -> None:
    """The same seed gives the same; too few that found anything have no median; nonsense is an error."""
    found = betting_power(0.56, [85], trades=300, paths=500, seed=5)
    assert found.first.tolist() == betting_power(0.56, [85], trades=300, paths=500, seed=5).first.tolist()
    assert found.median is None
    assert (found.paths, found.trades) == (500, 300)
    assert found.share(0) == 0
    assert found.share(10**6) == found.first.size / 500
    for rate, payouts, ties in ((1.2, [85], 0.0), (0.5, [], 0.0), (0.5, [85], 1.0)):
        with pytest.raises(ValueError, match="simulation"):
            betting_power(rate, payouts, ties)
