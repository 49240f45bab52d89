"""Two simple moving averages that cross."""

from typing import Self

import polars as pl
import talib
from pydantic import Field, model_validator

from qfluxd.strategies.indicators import crosses, efficiency
from qfluxd.strategies.rule import Rule
from qfluxd.strategy import View


class SmaCross(Rule):
    """Follows the trend: call where a fast simple average crosses over a slow one, put where it crosses under.

    Source: Richard D. Donchian's 5- and 20-day averages ("High Finance in Copper", Financial Analysts Journal, 1960);
    tested by Brock, Lakonishok and LeBaron, "Simple Technical Trading Rules and the Stochastic Properties of Stock
    Returns", Journal of Finance, 1992.

    What it can do: be on the side of a move that is long compared to `slow`. What it cannot: it is late by about half
    of `slow`, and in a market without trend it buys highs and sells lows. Brock and others found it predictive on daily
    prices of 1897 to 1986; Bajgrowicz and Scaillet ("Technical Trading Revisited", Journal of Financial Economics,
    2012) found that nobody could have picked the paying rules beforehand. On short OTC candles expect a coin.

    Confidence is the efficiency ratio over `slow` candles: 1 where the price went straight, near 0 where it went back
    and forth. It is not a probability.
    """

    fast: int = Field(default=10, ge=2, le=200, description="candles of the fast average")
    slow: int = Field(default=30, ge=3, le=500, description="candles of the slow average; more than fast")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.fast >= self.slow:
            raise ValueError(f"fast ({self.fast}) must be less than slow ({self.slow})")
        return self

    @property
    def warmup(self) -> int:
        """`slow` candles for the averages, and one before them to cross from."""
        return self.slow + 1

    def signals(self, view: View) -> pl.DataFrame:
        """Reasons: the two averages."""
        close = view.floats("close")
        fast, slow = talib.SMA(close, self.fast), talib.SMA(close, self.slow)
        over, under = crosses(fast, slow)
        return self.say(view, call=over, put=under, confidence=efficiency(close, self.slow), fast=fast, slow=slow)
