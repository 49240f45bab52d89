"""A price that leaves the channel of its recent highs and lows."""

import polars as pl
import talib
from pydantic import Field

from qfluxd.strategies.indicators import before, crosses_over, crosses_under, efficiency
from qfluxd.strategies.rule import Rule
from qfluxd.strategy import View


class DonchianBreakout(Rule):
    """Follows a breakout: call where the price closes over the highs of the candles before, put under their lows.

    Source: Richard D. Donchian, "Trend-Following Methods in Commodity Price Analysis", Commodity Year Book, 1957, and
    the rules of the Turtles (Curtis M. Faith, "Way of the Turtle", 2007).

    What it can do: never miss a long move. What it cannot: tell it from a spike. The Turtles lived on a few large gains
    that paid for many small losses; a trade with a fixed payout pays the same for a large move as for a small
    one, so that way of earning is shut here.

    Only the first close outside counts, until the price has been inside again. Confidence is the efficiency ratio over
    `period` candles: 1 where the price went straight, near 0 where it went back and forth. It is not a probability.
    """

    period: int = Field(default=20, ge=2, le=500, description="candles of the channel, the own one not among them")

    @property
    def warmup(self) -> int:
        """The channel of the candle before, that candle, and the own one."""
        return self.period + 2

    def signals(self, view: View) -> pl.DataFrame:
        """Reasons: the channel's two edges."""
        close = view.floats("close")
        upper = before(talib.MAX(view.floats("high"), self.period))
        lower = before(talib.MIN(view.floats("low"), self.period))
        up, down = crosses_over(close, upper), crosses_under(close, lower)
        return self.say(view, call=up, put=down, confidence=efficiency(close, self.period), upper=upper, lower=lower)
