"""A price that comes back into its Bollinger bands."""

import numpy as np
import polars as pl
import talib
from pydantic import Field

from qfluxd.strategies.indicators import before, crosses_over, crosses_under
from qfluxd.strategies.rule import Rule
from qfluxd.strategy import View


class BollingerReversal(Rule):
    """Bets on a way back: call where the price closes inside its lower band again, put where inside its upper one.

    Source: John Bollinger, "Bollinger on Bollinger Bands", 2001: a simple moving average, and `width` standard
    deviations (of the population) around it. Bollinger himself warns that a tag of a band is no signal by itself.

    What it can do: wait until a stretched price has begun to come back. What it cannot: promise that it goes on coming
    back. A random walk leaves its bands and returns just as often, and in a trend the price walks along a band.

    Confidence is how far outside the band it had closed one candle earlier, by the width of the band: 1 where it was
    twice as far from the middle as the band. It is not a probability.
    """

    period: int = Field(default=20, ge=3, le=200, description="candles of the average and of the deviation")
    width: float = Field(default=2.0, ge=0.5, le=4, description="standard deviations from the middle to a band")

    @property
    def warmup(self) -> int:
        """`period` candles for the bands, and one before them to come back from."""
        return self.period + 1

    def signals(self, view: View) -> pl.DataFrame:
        """Reason: how many deviations the close is from the middle; 0 where nothing moves."""
        close = view.floats("close")
        deviation = talib.STDDEV(close, self.period, 1.0)
        score = np.zeros(close.shape)
        np.divide(close - talib.SMA(close, self.period), deviation, out=score, where=deviation > 0)
        score[: self.period - 1] = np.nan
        back_up, back_down = crosses_over(score, -self.width), crosses_under(score, self.width)
        outside = np.abs(before(score)) / self.width - 1.0
        return self.say(view, call=back_up, put=back_down, confidence=outside, score=score)
