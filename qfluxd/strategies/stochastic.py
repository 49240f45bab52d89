"""Lane's stochastic oscillator: where in its recent range the price closes."""

import numpy as np
import polars as pl
import talib
from pydantic import Field

from qfluxd.strategies.indicators import crosses
from qfluxd.strategies.rule import Rule
from qfluxd.strategy import Floats, View


class Stochastic(Rule):
    """Bets on a turn: call where %K crosses over %D while both are low, put where it crosses under and both are high.

    Source: George C. Lane, "Lane's Stochastics", Technical Analysis of Stocks & Commodities, 1984. %K is the place of
    the close in the range of the last `period` candles (0 to 100), smoothed over `smooth` of them, %D its average over
    `d`.

    What it can do: show a turn near the edge of a range early. What it cannot: know that the range will hold; when it
    breaks, it signals against the break. On short candles the two lines cross all the time.

    Confidence is how low (or high) %D is, by the room beyond the level: 1 at the very edge of the range. It is not a
    probability.
    """

    period: int = Field(default=14, ge=2, le=200, description="candles of the range")
    smooth: int = Field(default=3, ge=1, le=50, description="candles over which %K is smoothed")
    d: int = Field(default=3, ge=2, le=50, description="candles of %D")
    oversold: float = Field(default=20.0, ge=1, le=49, description="under it the price is low in its range")
    overbought: float = Field(default=80.0, ge=51, le=99, description="over it the price is high in its range")

    @property
    def warmup(self) -> int:
        """The range and both averages, and one to cross from."""
        return self.period + self.smooth + self.d - 1

    def signals(self, view: View) -> pl.DataFrame:
        """Reasons: %K and %D."""
        k = _place_in_range(view, self.period)
        if self.smooth > 1:
            k = talib.SMA(k, self.smooth)
        d = talib.SMA(k, self.d)
        over, under = crosses(k, d, size=100.0)
        low, high = (self.oversold - d) / self.oversold, (d - self.overbought) / (100.0 - self.overbought)
        both_low, both_high = np.fmax(k, d) < self.oversold, np.fmin(k, d) > self.overbought
        return self.say(view, call=over & both_low, put=under & both_high, confidence=np.fmax(low, high), k=k, d=d)


def _place_in_range(view: View, period: int) -> Floats:
    """0 at the lowest low of the last `period` candles, 100 at the highest high; 50 where they are the same.

    TA-Lib's own says 0 there, and a market that rests would look like one that has fallen.
    """
    lowest = talib.MIN(view.floats("low"), period)
    size = talib.MAX(view.floats("high"), period) - lowest
    place = np.full(size.shape, 50.0)
    np.divide(100.0 * (view.floats("close") - lowest), size, out=place, where=size > 0)
    place[: period - 1] = np.nan
    return place
