"""The broker's crowd, taken the other way."""

import numpy as np
import polars as pl
from pydantic import Field

from qfluxd.strategies.indicators import before
from qfluxd.strategies.rule import Rule
from qfluxd.strategy import Extra, View


class SentimentFade(Rule):
    """Goes against the crowd: put where at least `extreme` percent of the traders buy, call where as many sell.

    Source: Humphrey B. Neill, "The Art of Contrary Thinking", 1954. Against it: Solt and Statman, "How Useful is the
    Sentiment Index?", Financial Analysts Journal, 1988, who found no use in a poll of advisers taken the other way.

    What it can do: use the one figure that is not made from prices. What it cannot: know who is in that crowd. The
    broker makes the figure, does not say how, and may earn when its crowd loses; nothing shows that it leads the price.
    It is told only now and then, and where it is not known nothing is said.

    Confidence is how far from even the crowd is: 0 at 50 percent, 1 where all are on one side. It is not a probability.
    """

    extreme: int = Field(default=80, ge=51, le=100, description="percent of traders on one side")
    repeat: bool = Field(
        default=False, description="speak on every candle while it lasts; otherwise only on the first of them"
    )

    @property
    def warmup(self) -> int:
        """One candle, and the one before it to tell whether the extreme is new."""
        return 2

    @property
    def wants(self) -> tuple[Extra, ...]:
        """The crowd figure."""
        return ("sentiment",)

    def signals(self, view: View) -> pl.DataFrame:
        """Reason: the percentage of traders that buy."""
        buyers = view.floats("sentiment")
        many, few = buyers >= self.extreme, buyers <= 100 - self.extreme
        if not self.repeat:
            was = before(buyers)
            many, few = many & ~(was >= self.extreme), few & ~(was <= 100 - self.extreme)
        return self.say(view, call=few, put=many, confidence=np.abs(buyers - 50.0) / 50.0, buyers=buyers)
