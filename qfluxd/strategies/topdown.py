"""Several timeframes whose trends agree."""

from typing import Annotated, Self

import numpy as np
import polars as pl
from pydantic import AfterValidator, Field, model_validator

from qfluxd.model import Millis, parse_timeframe, timeframe_name
from qfluxd.settings import Timeframe
from qfluxd.strategies.indicators import ROUNDING, before, efficiency, ema, ema_warmup
from qfluxd.strategies.rule import Rule, some
from qfluxd.strategy import Floats, View


class Topdown(Rule):
    """Goes with the tide: call where all longer timeframes and the own one rise, put where all of them fall.

    A timeframe rises where its price is over its exponential moving average and that average is higher than `slope`
    candles before; it falls the other way round. Of a longer timeframe the newest candle that has closed counts.

    Source: Alexander Elder's triple screen ("Trading for a Living", 1993), after Robert Rhea's tides and waves ("The
    Dow Theory", 1932).

    What it can do: keep quiet while the timeframes contradict each other. What it cannot: add knowledge. The timeframes
    are made of the same prices, so that they agree says less than it seems, and they agree best near the end
    of a move.

    Confidence is the mean, over the timeframes, of the efficiency ratio over `period` candles: 1 where all prices went
    straight. It is not a probability.
    """

    higher: Annotated[tuple[Timeframe, ...], AfterValidator(some)] = Field(
        default=("5m", "15m"), max_length=4, description="the longer timeframes that must agree"
    )
    period: int = Field(default=21, ge=2, le=200, description="candles of the average, on each timeframe")
    slope: int = Field(default=3, ge=1, le=50, description="candles over which the average must have moved")
    repeat: bool = Field(
        default=False, description="speak on every candle while all agree; otherwise only on the first of them"
    )

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len(set(self.higher)) < len(self.higher):
            raise ValueError("higher names a timeframe twice; name each once")
        return self

    @property
    def warmup(self) -> int:
        """Until the average `slope` candles ago had forgotten its beginning, and one more: did all agree already?"""
        return _warmup(self.period, self.slope) + 1

    @property
    def timeframes(self) -> tuple[Millis, ...]:
        """Those of the option `higher`."""
        return tuple(parse_timeframe(name) for name in self.higher)

    def signals(self, view: View) -> pl.DataFrame:
        """Reasons: the trend of each timeframe, 1 up, -1 down, 0 neither; such as trend_5m."""
        looks = {view.series.timeframe: self._look(view.floats("close"))}
        for length in self.timeframes:
            looks[length] = view.as_of_close(length, self._look(view.floats("close", length)))
        trends = {f"trend_{timeframe_name(length)}": look[0] for length, look in looks.items()}
        mean, straight = np.add.reduce(list(looks.values())) / len(looks)
        agreed = np.where(np.abs(mean) == 1.0, mean, 0.0 * mean)  # ±1, 0 where they do not agree, NaN where not known
        if not self.repeat:
            was = before(agreed)
            agreed = np.where((was != agreed) & ~np.isnan(was), agreed, 0.0)
        return self.say(view, call=agreed == 1.0, put=agreed == -1.0, confidence=straight, **trends)

    def _look(self, close: Floats) -> Floats:
        """Two rows: the trend of one timeframe, and how straight its price went."""
        average = ema(close, self.period)
        lead, rise, least = close - average, average - before(average, self.slope), ROUNDING * close
        up, down = np.minimum(lead, rise) > least, np.maximum(lead, rise) < -least
        look = np.empty((2, close.size))
        look[0], look[1] = up.astype(np.float64) - down, efficiency(close, self.period)
        look[0, : _warmup(self.period, self.slope) - 1] = np.nan
        return look


def _warmup(period: int, slope: int) -> int:
    return ema_warmup(period) + slope
