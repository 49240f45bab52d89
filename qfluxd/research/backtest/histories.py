"""One asset's whole history as strategies see it: candles of every length, and what was told beside them."""

from dataclasses import dataclass
from functools import cached_property
from math import gcd

import numpy as np
import polars as pl

from qfluxd.model import Millis, Series
from qfluxd.plans.plan import Plan
from qfluxd.research.backtest.folding import Candles, Pace, fold
from qfluxd.research.backtest.offers import UNKNOWN, Offers, Told
from qfluxd.research.backtest.settings import Backtest
from qfluxd.research.backtest.source import Bars, Days, Source
from qfluxd.research.backtest.strokes import Strokes, of_bars, of_ticks
from qfluxd.strategy import View


@dataclass(frozen=True)
class History:
    """All candles of one asset. The promise: each length is folded once, and each frame made once."""

    asset: str
    offers: Offers
    strokes: Strokes
    pace: Pace

    @cached_property
    def _folded(self) -> dict[Millis, Candles]:
        return {}

    @cached_property
    def _frames(self) -> dict[tuple[Millis, bool], pl.DataFrame]:
        return {}

    def candles(self, timeframe: Millis) -> Candles:
        """The candles of one length."""
        if timeframe not in self._folded:
            self._folded[timeframe] = fold(self.strokes, timeframe, self.pace)
        return self._folded[timeframe]

    def view(self, plan: Plan) -> View:
        """All that the strategy of a plan would ever have been shown of this asset."""
        marked = bool(plan.strategy.wants)
        longer = {length: self._frame(length, marked=marked).clone() for length in plan.strategy.timeframes}
        return View(Series(self.asset, plan.timeframe), self._frame(plan.timeframe, marked=marked).clone(), longer)

    def _frame(self, timeframe: Millis, *, marked: bool) -> pl.DataFrame:
        frame = self._frames.get((timeframe, marked))
        if frame is None:
            candles = self.candles(timeframe)
            frame = candles.frame
            if marked:
                told = ("payout", self.offers.payout), ("sentiment", self.offers.sentiment)
                frame = frame.hstack([_mark(name, course, candles) for name, course in told])
            self._frames[timeframe, marked] = frame
        return frame


def strokes_of(settings: Backtest, prices: Days | Bars, source: Source, pace: Pace) -> Strokes:
    """An asset's prices as strokes. Raises `DataError` where they cannot be read."""
    if isinstance(prices, Bars):
        return of_bars(prices, source.finest)
    return of_ticks(prices, gcd(*settings.timeframes), settings.origin, pace.quiet_after)


def _mark(name: str, course: Told, candles: Candles) -> pl.Series:
    """What was known when each candle closed."""
    closed, by_tick = candles.closing(np.arange(candles.at.size))
    values = course.then(closed, heard=by_tick)
    column = pl.Series(name, np.where(values == UNKNOWN, 0, values), dtype=pl.Int16)
    return column.set(pl.Series(values == UNKNOWN), None)
