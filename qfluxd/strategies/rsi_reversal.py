"""Wilder's relative strength index that turns back from an extreme."""

import numpy as np
import polars as pl
from pydantic import Field

from qfluxd.strategies.indicators import before, crosses_over, crosses_under, rsi, wilder_warmup
from qfluxd.strategies.rule import Rule
from qfluxd.strategy import View


class RsiReversal(Rule):
    """Bets on a way back: call where the RSI comes up over `oversold` again, put where it falls under `overbought`.

    Source: J. Welles Wilder, "New Concepts in Technical Trading Systems", 1978.

    What it can do: find moves that were fast for their own recent past. What it cannot: tell an exhausted move from the
    beginning of a long one; in a trend it signals against it again and again. Wilder made it for daily futures; nothing
    is known of it that would hold for OTC prices of a minute, which look like a random walk.

    Confidence is how far beyond the level the index was one candle earlier, by the room that there is beyond it. It is
    not a probability.
    """

    period: int = Field(default=14, ge=2, le=100, description="candles of Wilder's average")
    oversold: float = Field(default=30.0, ge=1, le=49, description="the lower level of the index")
    overbought: float = Field(default=70.0, ge=51, le=99, description="the upper level of the index")

    @property
    def warmup(self) -> int:
        """Until Wilder's average has forgotten its beginning, about 9.2 · period, and one to cross from."""
        return wilder_warmup(self.period) + 1

    def signals(self, view: View) -> pl.DataFrame:
        """Reason: the index."""
        index = rsi(view.floats("close"), self.period)
        up, down = crosses_over(index, self.oversold), crosses_under(index, self.overbought)
        was = before(index)
        depth = (self.oversold - was) / self.oversold
        height = (was - self.overbought) / (100.0 - self.overbought)
        return self.say(view, call=up, put=down, confidence=np.fmax(depth, height), rsi=index)
