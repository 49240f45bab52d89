"""Two exponential moving averages that cross."""

from typing import Self

import polars as pl
from pydantic import Field, model_validator

from qfluxd.strategies.indicators import crosses, efficiency, ema, ema_warmup
from qfluxd.strategies.rule import Rule
from qfluxd.strategy import View


class EmaCross(Rule):
    """Follows the trend: call where a fast exponential average crosses over a slow one, put where it crosses under.

    Source: exponential smoothing by Charles C. Holt, "Forecasting Seasonals and Trends by Exponentially Weighted Moving
    Averages", 1957; brought to trading by P. N. Haurlan, "Measuring Trend Values", 1968.

    What it can do: turn sooner than a simple average of the same length. What it cannot: know a turn from noise. It is
    known to everybody, and in a market without trend it is a coin whose losses are larger than its gains: at a payout
    of 92 % a rule has to be right in 52.1 % of its trades to break even.

    Confidence is the efficiency ratio over `slow` candles: 1 where the price went straight, near 0 where it went back
    and forth. It is not a probability.
    """

    fast: int = Field(default=9, ge=2, le=100, description="candles of the fast average")
    slow: int = Field(default=21, ge=3, le=200, description="candles of the slow average; more than fast")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.fast >= self.slow:
            raise ValueError(f"fast ({self.fast}) must be less than slow ({self.slow})")
        return self

    @property
    def warmup(self) -> int:
        """Until the slow average has forgotten its beginning, about 4.6 · (slow + 1), and one to cross from."""
        return ema_warmup(self.slow) + 1

    def signals(self, view: View) -> pl.DataFrame:
        """Reasons: the two averages."""
        close = view.floats("close")
        fast, slow = ema(close, self.fast), ema(close, self.slow)
        over, under = crosses(fast, slow)
        return self.say(view, call=over, put=under, confidence=efficiency(close, self.slow), fast=fast, slow=slow)
