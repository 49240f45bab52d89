"""The moving average convergence/divergence and its signal line."""

from typing import Self

import polars as pl
from pydantic import Field, model_validator

from qfluxd.strategies.indicators import crosses, efficiency, ema, ema_warmup
from qfluxd.strategies.rule import Rule
from qfluxd.strategy import View


class Macd(Rule):
    """Follows a change of pace: call where the MACD crosses over its signal line, put where it crosses under.

    Source: Gerald Appel, "Technical Analysis: Power Tools for Active Investors", 2005; he devised it in the 1970s. The
    MACD is an exponential moving average less a slower one, the signal line an average of the MACD.

    What it can do: notice that a move gains or loses pace before averages cross. What it cannot: earn by that alone. It
    is a difference of differences of prices, so on short candles most of it is noise, and it crosses often. Expect
    a coin until your own figures say otherwise.

    Confidence is the efficiency ratio over `slow` candles: 1 where the price went straight, near 0 where it went back
    and forth. It is not a probability.
    """

    fast: int = Field(default=12, ge=2, le=100, description="candles of the fast average")
    slow: int = Field(default=26, ge=3, le=150, description="candles of the slow average; more than fast")
    signal: int = Field(default=9, ge=2, le=50, description="candles of the signal line")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.fast >= self.slow:
            raise ValueError(f"fast ({self.fast}) must be less than slow ({self.slow})")
        return self

    @property
    def warmup(self) -> int:
        """Until the slow average and then the signal line have forgotten their beginning, and one to cross from."""
        return ema_warmup(self.slow) + ema_warmup(self.signal) + 1

    def signals(self, view: View) -> pl.DataFrame:
        """Reasons: the MACD and its signal line."""
        close = view.floats("close")
        line = ema(close, self.fast) - ema(close, self.slow)
        average = ema(line, self.signal)
        over, under = crosses(line, average, size=close)
        return self.say(view, call=over, put=under, confidence=efficiency(close, self.slow), macd=line, signal=average)
