"""Ticks and bars as columns, and the one rule that makes bars out of either."""

from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from qfluxd.model import Millis

type Stamps = npt.NDArray[np.int64]
type Prices = npt.NDArray[np.float64]


class Ticks(NamedTuple):
    """Quotes in ascending order: stamps in ms of the broker's clock, and prices."""

    at: Stamps
    price: Prices

    def between(self, after: Millis, until: Millis) -> "Ticks":
        """The ticks stamped later than `after`, up to and including `until`."""
        first, last = np.searchsorted(self.at, (after, until), side="right")
        return Ticks(self.at[first:last], self.price[first:last])


class Bars(NamedTuple):
    """Bars in ascending order: opening times in ms of the broker's clock, and four prices."""

    at: Stamps
    open: Prices
    high: Prices
    low: Prices
    close: Prices

    def last(self, count: int) -> "Bars":
        """The newest `count` bars."""
        newest = slice(-count, None)
        return Bars(self.at[newest], self.open[newest], self.high[newest], self.low[newest], self.close[newest])


class PriceSource(Protocol):
    """Where prices come from. Whatever is asked twice is answered the same."""

    def ticks(self, symbol: str, after: Millis, until: Millis) -> Ticks:
        """The ticks later than `after`, up to and including `until`."""

    def bars(self, symbol: str, period: Millis, until: Millis, count: int) -> Bars:
        """The newest `count` bars made of what was before `until`; the newest may be unfinished."""

    def upcoming(self, symbol: str, after: Millis) -> "Upcoming":
        """Every tick after that moment, in the order in which it is to be told."""


class Upcoming(Protocol):
    """Ticks still to come, as (stamp, price)."""

    def __next__(self) -> tuple[Millis, float]: ...


def as_bars(ticks: Ticks) -> Bars:
    """Each tick as a bar of its own."""
    return Bars(ticks.at, ticks.price, ticks.price, ticks.price, ticks.price)


def fold(rows: Bars, period: Millis) -> Bars:
    """Finer bars (or ticks as bars) into bars of one period; a row on a boundary opens the new bar."""
    if not rows.at.size:
        return rows
    bucket = rows.at // period
    first = np.flatnonzero(np.diff(bucket, prepend=bucket[0] - 1))
    last = np.append(first[1:], rows.at.size) - 1
    return Bars(
        bucket[first] * period,
        rows.open[first],
        np.maximum.reduceat(rows.high, first),
        np.minimum.reduceat(rows.low, first),
        rows.close[last],
    )
