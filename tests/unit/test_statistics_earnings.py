"""What trades earn: intervals that hold the truth as often as they say, also where neighbours hang together."""

import numpy as np
import pytest

from qfluxd.research.statistics import (
    block_length,
    drawdowns,
    equity_band,
    expected,
    expected_by_day,
    expected_value,
)
from qfluxd.research.statistics.resampling import drawn
from qfluxd.strategy import Floats
from tests.support.made_trades import by_chance

DAYS = 86_400_000


def memory(rows: int, count: int, rho: float, seed: int) -> Floats:
    """Series around 0 in which each value keeps this share of the one before (autoregressive of order 1)."""
    chance = np.random.default_rng(seed)
    values = np.empty((rows, count))
    values[:, 0] = chance.standard_normal(rows) / np.sqrt(1 - rho**2)
    for step in range(1, count):
        values[:, step] = rho * values[:, step - 1] + chance.standard_normal(rows)
    return values


@pytest.mark.parametrize(("rho", "count"), [(0.0, 100), (0.3, 500), (0.6, 500)])
def test_the_interval_holds_the_truth_about_as_often_as_it_says(rho: float, count: int) -> None:
    """Of 300 series around 0 nearly 95 in 100 intervals hold it, where the usual one holds it in as few as 67."""
    rows = memory(300, count, rho, seed=1)
    held = 0
    for seed, row in enumerate(rows):
        interval = expected(row, paths=400, seed=seed).interval
        assert interval is not None
        held += interval.low <= 0 <= interval.high
    assert 0.89 <= held / len(rows) <= 0.985
    usual = np.abs(rows.mean(axis=1)) <= 1.96 * rows.std(axis=1) / np.sqrt(count)
    assert usual.mean() < {0.0: 1.0, 0.3: 0.9, 0.6: 0.75}[rho]


def test_by_day_the_interval_holds_the_truth_where_days_differ() -> None:
    """Whole days are good or bad, and have many trades or few: 95 of 100 intervals hold the truth all the same."""
    chance = np.random.default_rng(2)
    held = 0
    for seed in range(300):
        moods = chance.standard_normal(60)
        sizes = chance.integers(5, 40, 60)
        days = np.repeat(np.arange(60), sizes)
        values = moods[days] + chance.standard_normal(days.size)
        interval = expected_by_day(values, days, paths=400, seed=seed).interval
        assert interval is not None
        held += interval.low <= 0 <= interval.high
    assert 0.89 <= held / 300 <= 0.985


@pytest.mark.parametrize("rho", [0.3, 0.6, 0.8])
def test_blocks_are_about_as_long_as_is_known_to_be_best(rho: float) -> None:
    """For this kind of series the best length is (2 rho / (1 - rho²))^(2/3) n^(1/3) (Politis and White 2004)."""
    best = (2 * rho / (1 - rho**2)) ** (2 / 3) * 2_000 ** (1 / 3)
    found = np.median([block_length(row) for row in memory(50, 2_000, rho, seed=3)])
    assert 0.7 * best < found < 1.3 * best


def test_without_memory_blocks_are_short() -> None:
    """Independent values, values that are all the same, and very few values."""
    assert np.median([block_length(row) for row in memory(50, 2_000, 0.0, seed=4)]) < 3
    assert block_length(np.ones(500)) == 1
    assert block_length(np.array([1.0, -1.0])) == 1
    assert block_length(np.tile([1.0, -1.0], 200)) >= 1


def test_series_are_drawn_in_blocks_of_the_length_that_was_asked_for() -> None:
    """After a place stands the one that follows it, but for one in ten, and every place comes as often as any other."""
    places = np.concatenate(list(drawn(50, 10.0, 4_000, seed=5)))
    assert places.shape == (4_000, 50)
    goes_on = (places[:, 1:] == (places[:, :-1] + 1) % 50).mean()
    assert goes_on == pytest.approx(0.9 + 0.1 / 50, abs=0.005)
    assert np.bincount(places.ravel(), minlength=50) == pytest.approx(4_000, rel=0.12)
    longer = next(drawn(50, 10.0, 3, seed=5, steps=80))
    assert longer.shape == (3, 80)


def test_what_a_unit_of_stake_earns() -> None:
    """Of a frame: the mean over known trades with ties, its interval, the same with the same seed."""
    frame = by_chance(2_000, 0.56, seed=6)
    found = expected_value(frame)
    assert found is not None
    assert found.interval is not None
    truth = 0.9 * (0.56 * (1 + 0.8675) - 1)
    assert found.interval.low < truth < found.interval.high
    assert found.interval.low < found.mean < found.interval.high
    assert found.count == 2_000
    assert expected_value(frame) == found
    assert expected_value(frame, seed=1) != found
    narrow = expected_value(frame, 0.5)
    assert narrow is not None
    assert narrow.interval is not None
    assert narrow.interval.high - narrow.interval.low < found.interval.high - found.interval.low
    assert expected_value(frame.clear()) is None


def test_by_day_of_a_frame() -> None:
    """Trades of 30 days: about the same interval where days are alike, and none from too few days."""
    frame = by_chance(30 * 48, 0.56, seed=7, every=DAYS // 48)
    found, same = expected_value(frame, by_day=True), expected_value(frame)
    assert found is not None
    assert same is not None
    assert found.interval == pytest.approx(same.interval, abs=0.03)
    assert found.blocks == 48
    few = expected_value(frame.head(48 * 19), by_day=True)
    assert few is not None
    assert few.interval is None


def test_too_few_values_have_no_interval() -> None:
    """29 tell their mean and no more; none, or an impossible confidence, is an error."""
    assert expected(np.ones(29)).interval is None
    assert expected(np.ones(30)).interval == (1, 1)
    with pytest.raises(ValueError, match="nothing"):
        expected(np.zeros(0))
    with pytest.raises(ValueError, match="confidence"):
        expected(np.ones(40), 95)


def test_very_many_are_drawn_in_sums_of_neighbours() -> None:
    """A hundred thousand: the interval is as wide as theory has it."""
    values = np.where(np.random.default_rng(8).random(100_000) < 0.54, 0.85, -1.0)
    found = expected(values)
    assert found.interval is not None
    usual = 2 * 1.96 * values.std() / np.sqrt(values.size)
    assert found.interval.high - found.interval.low == pytest.approx(usual, rel=0.12)


# ---------------------------------------------------------------------------------------------------------- equity


def test_the_band_holds_where_equity_would_have_been() -> None:
    """Nine in ten other stretches of trades of the same kind lie in it at the end and in the middle."""
    chance = np.random.default_rng(9)
    row = np.where(chance.random(600) < 0.56, 8.5, -10.0)
    row -= row.mean()
    band = equity_band(row, seed=1)
    assert band.columns == ["count", "equity", "low", "middle", "high"]
    assert band["equity"][-1] == pytest.approx(0, abs=1e-9)
    assert band["count"][-1] == 600
    middle = band.filter(band["count"] <= 300).tail(1)
    others = np.where(chance.random((400, 600)) < 0.56, 8.5, -10.0) - (0.56 * 18.5 - 10)
    at_middle = np.cumsum(others, axis=1)[:, int(middle["count"][0]) - 1]
    inside = (at_middle > middle["low"][0]) & (at_middle < middle["high"][0])
    assert 0.83 < inside.mean() < 0.96
    assert (band["low"] <= band["middle"]).all()
    assert (band["middle"] <= band["high"]).all()


def test_a_band_has_few_points_of_very_many_trades() -> None:
    """As many points as were asked for, the last one being the end."""
    band = equity_band(np.ones(12_345), points=50, paths=50)
    assert band.height == 50
    assert band["equity"].to_list() == band["count"].to_list() == band["low"].to_list()


def test_the_deepest_fall_is_that_of_the_equity() -> None:
    """From the highest it had been, or from the beginning."""
    assert drawdowns(np.array([5.0, -3.0, 1.0, -4.0, 9.0])).observed == 6
    assert drawdowns(np.array([-2.0, -3.0, 9.0])).observed == 5
    assert drawdowns(np.ones(40)).observed == 0
    assert drawdowns(np.ones(40)).chance(0.5) == 0


def test_how_deep_it_may_fall_is_what_chance_makes_of_it() -> None:
    """Drawn from one long series it is distributed as in 2,000 fresh ones."""
    chance = np.random.default_rng(10)
    found = drawdowns(np.where(chance.random(20_000) < 0.55, 0.85, -1.0), trades=500, paths=1_000)
    fresh = np.cumsum(np.where(chance.random((2_000, 500)) < 0.55, 0.85, -1.0), axis=1)
    deepest = (np.maximum(np.maximum.accumulate(fresh, axis=1), 0) - fresh).max(axis=1)
    for share in (0.5, 0.9):
        assert found.quantile(share) == pytest.approx(np.quantile(deepest, share), rel=0.15)
    assert found.chance(float(np.quantile(deepest, 0.9))) == pytest.approx(0.1, abs=0.06)
    assert found.sample.min() >= 0
    assert found.chance(0) == 1
