"""What trades earn and how sure that is: the mean with an interval, bands around the equity, how deep it may fall."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from qfluxd.evidence import Interval
from qfluxd.research.statistics.resampling import PATHS, Places, block_length, drawn, gathered
from qfluxd.research.statistics.tallies import known_trades, units
from qfluxd.strategy import Floats

FEWEST: Final = 30
"""With fewer values the interval of a bootstrap is too narrow by far, and none is given."""
_FEWEST_DAYS: Final = 20
_CELLS: Final = 5_000
"""More trades than this are drawn in sums of neighbours."""
_CURVE: Final = 20_000
_DAY: Final = 86_400_000


class Estimate(msgspec.Struct, frozen=True):
    """A mean, and where the true one lies in so many of 100 cases; `interval` is None where too few are known.

    `blocks` is how many neighbours were drawn together on average, for days how many trades one has.
    """

    mean: float
    interval: Interval | None
    count: int
    blocks: float
    confidence: float


def expected(values: Floats, confidence: float = 0.95, paths: int = PATHS, seed: int = 0) -> Estimate:
    """The mean of values that may depend on their neighbours, such as what a unit of stake came to, in their order.

    The interval goes from quantile to quantile of the means of `paths` series drawn by the stationary bootstrap
    (Politis and Romano 1994), with blocks as long as `block_length` finds them. For units of trades this is the
    expected value per unit of stake.

    Raises:
        ValueError: no value, or a confidence that is not between 0 and 1.
    """
    _check(values, confidence)
    sums, counts = gathered(values, _CELLS)
    length = block_length(sums)
    interval = None
    if values.size >= FEWEST:
        interval = _between(_means(sums, counts, drawn(sums.size, length, paths, seed)), confidence)
    return Estimate(float(values.mean()), interval, values.size, length * float(counts[0]), confidence)


def expected_by_day(
    values: Floats, days: NDArray[np.int64], confidence: float = 0.95, paths: int = PATHS, seed: int = 0
) -> Estimate:
    """The same where whole days are drawn (Efron 1979, of clusters): right whatever happens within a day.

    `days` numbers the day of each value. It takes at least 20 days.

    Raises:
        ValueError: no value, or a confidence that is not between 0 and 1.
    """
    _check(values, confidence)
    _, day = np.unique(days, return_inverse=True)
    sums, counts = np.bincount(day, weights=values), np.bincount(day)
    interval = None
    if sums.size >= _FEWEST_DAYS:
        interval = _between(_means(sums, counts, drawn(sums.size, 1.0, paths, seed)), confidence)
    return Estimate(float(values.mean()), interval, values.size, values.size / sums.size, confidence)


def expected_value(
    trades: pl.DataFrame, confidence: float = 0.95, *, by_day: bool = False, seed: int = 0
) -> Estimate | None:
    """What a unit of stake earns on average over the trades of known outcome of a frame; None where there are none.

    By blocks of trades in the order in which they were opened, or by whole UTC days.
    """
    known = known_trades(trades)
    if not known.height:
        return None
    if not by_day:
        return expected(units(known), confidence, seed=seed)
    days = known.get_column("opened").dt.epoch("ms").to_numpy() // _DAY
    return expected_by_day(units(known), days, confidence, seed=seed)


# ---------------------------------------------------------------------------------------------------------- equity


def equity_band(
    profits: Floats, confidence: float = 0.9, points: int = 200, paths: int = PATHS, seed: int = 0
) -> pl.DataFrame:
    """Where sums of profits might have been: count, equity, low, middle, high, at so many counts of trades.

    `profits` are in the order in which they came. At each count taken by itself, `confidence` of the series that are
    drawn by the stationary bootstrap (see `expected`) lie between low and high. `equity` is what really came.

    Raises:
        ValueError: no value, or a confidence that is not between 0 and 1.
    """
    _check(profits, confidence)
    sums, counts = gathered(profits, _CELLS)
    at = np.unique(np.linspace(0, sums.size - 1, min(points, sums.size)).round().astype(np.intp))
    length = block_length(sums)
    curves = [np.cumsum(sums[places], axis=1)[:, at] for places in drawn(sums.size, length, paths, seed)]
    tail = (1 - confidence) / 2
    low, middle, high = np.quantile(np.concatenate(curves), [tail, 0.5, 1 - tail], axis=0)
    real = {"count": np.cumsum(counts)[at], "equity": np.cumsum(sums)[at]}
    return pl.DataFrame(real | {"low": low, "middle": middle, "high": high})


@dataclass(frozen=True, slots=True)
class Drawdowns:
    """How deep the sum of profits fell below what it had been before, and how deep it might have fallen as well.

    The promise: `sample` is ascending, in the unit of the profits, and never below 0.
    """

    observed: float
    sample: Floats

    def quantile(self, share: float) -> float:
        """In this share of the cases it fell by no more than this."""
        return float(np.quantile(self.sample, share))

    def chance(self, depth: float) -> float:
        """The share of the cases in which it fell by so much or more."""
        return float((self.sample >= depth).mean())


def drawdowns(profits: Floats, trades: int | None = None, paths: int = PATHS, seed: int = 0) -> Drawdowns:
    """How large the largest drawdown over so many trades (as many as there were) may be, by the stationary bootstrap.

    `profits` are in the order in which they came; the equity begins at 0, which counts as a height. Of more than 20,000
    trades neighbours are summed, and what happens between them is not seen.

    Raises:
        ValueError: no value.
    """
    _check(profits, 0.95)
    sums, counts = gathered(profits, _CURVE)
    steps = sums.size if trades is None else max(1, round(trades / float(counts.mean())))
    length = block_length(sums)
    depths = [_deepest(sums[places]) for places in drawn(sums.size, length, paths, seed, steps)]
    return Drawdowns(float(_deepest(profits[None, :])[0]), np.sort(np.concatenate(depths)))


def _deepest(profits: Floats) -> Floats:
    equity = np.cumsum(profits, axis=1)
    highest = np.maximum(np.maximum.accumulate(equity, axis=1), 0)
    return np.asarray((highest - equity).max(axis=1))


def _means(sums: Floats, counts: NDArray[np.int64], drawn_again: Iterator[Places]) -> Floats:
    return np.concatenate([sums[places].sum(axis=1) / counts[places].sum(axis=1) for places in drawn_again])


def _between(values: Floats, confidence: float) -> Interval:
    low, high = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(low), float(high))


def _check(values: Floats, confidence: float) -> None:
    if not values.size:
        raise ValueError("there is nothing to take the mean of")
    if not 0 < confidence < 1:
        raise ValueError(f"a confidence of {confidence} is impossible; it lies between 0 and 1, such as 0.95")
