"""What the strategies that come with qfluxd share."""

from abc import abstractmethod

import polars as pl
from pydantic import Field

from qfluxd.model import Millis, parse_timeframe
from qfluxd.settings import Table, Timeframe
from qfluxd.strategy import Extra, Floats, Mask, View


def some[T](values: tuple[T, ...]) -> tuple[T, ...]:
    """A validator: at least one. After the elements were validated, so that it does not complain of wrong ones."""
    if not values:
        raise ValueError("must name at least one")
    return values


class Rule(Table):
    """A strategy that looks at the prices of its own candles, and says nothing before it is warm.

    Derive from it, add options as fields, and write `warmup` and `signals`.
    """

    expiry: Timeframe | None = Field(default=None, description="how long a trade lasts; default: as long as one candle")

    @property
    @abstractmethod
    def warmup(self) -> int:
        """How many closed candles it needs before it speaks; see `qfluxd.strategy.Strategy`."""

    @property
    def timeframes(self) -> tuple[Millis, ...]:
        """No longer timeframe."""
        return ()

    @property
    def wants(self) -> tuple[Extra, ...]:
        """Nothing beside prices."""
        return ()

    @abstractmethod
    def signals(self, view: View) -> pl.DataFrame:
        """A row per candle; see `qfluxd.strategy.Strategy`."""

    def say(self, view: View, *, call: Mask, put: Mask, confidence: Floats | float, **reasons: Floats) -> pl.DataFrame:
        """The answer: `View.answer` with the option `expiry`, silent where it is not warm."""
        expiry = None if self.expiry is None else parse_timeframe(self.expiry)
        return view.answer(call=call, put=put, confidence=confidence, expiry=expiry, warmup=self.warmup, **reasons)
