"""The terms of a run that hang on where its prices come from."""

from dataclasses import dataclass

import numpy as np

from qfluxd.errors import DataError
from qfluxd.model import SECOND, Millis, timeframe_name
from qfluxd.research.backtest.latency import Latency, drawn
from qfluxd.research.backtest.settings import Backtest
from qfluxd.research.backtest.source import Source, Times, silence
from qfluxd.settings import MarketSettings


@dataclass(frozen=True, slots=True)
class Terms:
    """What the desk is told of the market; by candles a trade is entered at the next open, whatever the latency."""

    settings: Backtest
    finest: Millis
    quiet_after: Millis
    stale_after: Millis

    @classmethod
    def of(cls, settings: Backtest, source: Source) -> "Terms":
        """The terms of a run on these prices."""
        if source.kind == "candles":
            return cls(settings, source.finest, silence(source.finest), 2 * source.finest)
        return cls(settings, 0, settings.quiet_after, round(settings.market.stale_after * SECOND))

    @property
    def market(self) -> MarketSettings:
        """The settings of the desk: only what plans look at is folded, and nobody is told of ticks and candles."""
        return self.settings.market.model_copy(
            update={
                "timeframes": tuple(map(timeframe_name, self.settings.timeframes)),
                "assets": (),
                "quiet_after": self.quiet_after / SECOND,
                "stale_after": self.stale_after / SECOND,
            }
        )

    @property
    def drawing(self) -> Latency:
        """How long orders take."""
        return Latency() if self.finest else self.settings.latency

    def latency(self, signal: str) -> Millis:
        """How long the order of a signal takes, by its id."""
        fixed = self.drawing.fixed
        return self.drawing.of(signal, self.settings.seed) if fixed is None else fixed

    def check_expiry(self, expiry: Millis, asset: str) -> None:
        """Raise `DataError` where the prices of a run by candles cannot tell what a trade of this length came to."""
        if self.finest and expiry % self.finest:
            raise DataError(
                f"{asset}: trades of {timeframe_name(expiry)} cannot be settled by {timeframe_name(self.finest)} "
                "candles alone; take a multiple of the timeframe, or ticks"
            )

    def check_moments(self, moments: Times, candles: Times) -> None:
        """Raise `DataError` where a plan that goes by time would trade inside a candle whose prices there nobody knows.

        `moments` are those of signals, equal to their `candles` where a plan goes by these.
        """
        if self.finest and np.any((moments != candles) & ((moments + self.settings.origin) % self.finest != 0)):
            raise DataError(
                f"a plan that looks inside {timeframe_name(self.finest)} candles cannot be settled by candles alone; "
                "let it look where one ends, or take ticks"
            )


def refused_by_broker(signal: str, settings: Backtest) -> bool:
    """Whether the broker turns down the order of a signal; drawn by its id."""
    return drawn(f"refuse {settings.seed} {signal}") < settings.refuse
