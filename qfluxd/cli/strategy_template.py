"""A strategy of your own; `qfluxd strategy check FILE` tells whether it keeps its promises."""

import polars as pl
from pydantic import Field

from qfluxd.strategies.indicators import crosses, efficiency, ema, ema_warmup
from qfluxd.strategies.rule import Rule
from qfluxd.strategy import View


class Template(Rule):
    """Follows the price: call where it closes over its average, put where it closes under it.

    Write here where the idea comes from, what it can do and what it cannot. The first sentence is shown in lists.
    """

    # Options are fields. Give each a description, and a range (ge, le), so that a typing error is found and a search
    # knows where to look. Rule brings one option of its own: expiry, how long a trade lasts.
    period: int = Field(default=20, ge=2, le=200, description="candles of the average")

    @property
    def warmup(self) -> int:
        """Candles that it needs: until the average has forgotten where it began, and one to cross from."""
        return ema_warmup(self.period) + 1

    def signals(self, view: View) -> pl.DataFrame:
        """What it would have said at every candle, as if each were the newest.

        A row may look at its own candle and at earlier ones, never at later ones. No clock, no chance without a seed,
        and nothing kept from one call to the next.
        """
        close = view.floats("close")  # also open, high, low, ticks: arrays of numpy, oldest first
        average = ema(close, self.period)  # any function of TA-Lib does as well: talib.SMA(close, self.period)
        over, under = crosses(close, average)
        # Between 0 and 1. It is no probability, unless you have made it one and say so.
        confidence = efficiency(close, self.period)
        # Whatever else is named here is told with each signal as its reason.
        return self.say(view, call=over, put=under, confidence=confidence, average=average)
