"""Strategies that break one promise each, to prove that the check finds it."""

import time
from typing import Any, ClassVar

import numpy as np
import polars as pl
from pydantic import Field, PrivateAttr, field_serializer

from qfluxd.model import MINUTE, Millis
from qfluxd.strategies.indicators import before, ema
from qfluxd.strategies.rule import Rule
from qfluxd.strategy import Floats, View


class Sound(Rule):
    """Keeps every promise: call after a rise, put after a fall."""

    period: int = Field(default=3, ge=1, le=20, description="candles to look back")

    @property
    def warmup(self) -> int:
        """The candles to look back, and the own one."""
        return self.period + 1

    def signals(self, view: View) -> pl.DataFrame:
        """Up or down since `period` candles ago."""
        return self.told(view, self.moves(view))

    def moves(self, view: View) -> Floats:
        """The change over `period` candles."""
        close = view.floats("close")
        return close - before(close, self.period)

    def told(self, view: View, moves: Floats, confidence: Any = 0.5, **reasons: Floats) -> pl.DataFrame:
        """An answer from changes."""
        return self.say(view, call=moves > 0, put=moves < 0, confidence=confidence, **reasons)


class NextCandle(Sound):
    """Looks ahead by one candle."""

    def signals(self, view: View) -> pl.DataFrame:
        """Knows the next close."""
        frame = view.candles.select((pl.col("close").shift(-1) - pl.col("close")).fill_null(0.0))
        return self.told(view, frame["close"].to_numpy())


class WholeMean(Sound):
    """Looks ahead through a mean of all candles, those to come among them."""

    def signals(self, view: View) -> pl.DataFrame:
        """Compares with the mean of the whole column."""
        close = view.floats("close")
        return self.told(view, close.mean() - close)


class FutureScale(Sound):
    """Looks ahead in its confidence only, by dividing by the largest move of all."""

    def signals(self, view: View) -> pl.DataFrame:
        """Its sides are sound."""
        moves = self.moves(view)
        largest = np.nanmax(np.abs(moves), initial=1e-12)
        return self.told(view, moves, confidence=np.abs(moves) / largest)


class FutureReason(Sound):
    """Looks ahead in a reason only."""

    def signals(self, view: View) -> pl.DataFrame:
        """Its sides are sound."""
        close = view.floats("close")
        return self.told(view, self.moves(view), top=np.full(close.shape, close.max()))


class OpenLonger(Sound):
    """Looks ahead through a longer candle that it takes for known when it opens."""

    @property
    def timeframes(self) -> tuple[Millis, ...]:
        """Five minutes."""
        return (5 * MINUTE,)

    def signals(self, view: View) -> pl.DataFrame:
        """Joins by the time of opening."""
        longer = view.higher[5 * MINUTE].select("at", up=pl.col("close") - pl.col("open"))
        joined = view.candles.select("at").join_asof(longer, on="at")
        return self.told(view, joined["up"].cast(pl.Float64).fill_null(0.0).to_numpy())


class Chance(Sound):
    """Tosses a coin that nobody has seeded."""

    def signals(self, view: View) -> pl.DataFrame:
        """Another answer every time."""
        return self.told(view, np.random.default_rng().normal(size=view.height))


class Clock(Sound):
    """Looks at the machine's clock."""

    def signals(self, view: View) -> pl.DataFrame:
        """Another answer every time."""
        now = float(time.perf_counter_ns() % 1_000_000_007)
        return self.told(view, np.sin(view.times.astype(np.float64) + now), now=np.full(view.height, now))


class Remembers(Sound):
    """Keeps the last price it saw."""

    _last: float = PrivateAttr(default=0.0)

    def signals(self, view: View) -> pl.DataFrame:
        """Compares with what it was shown last time."""
        last, close = self._last, view.floats("close")
        self._last = float(close[-1]) * 1.001
        return self.told(view, close - last)


class Counts(Sound):
    """Keeps a count that all of its kind share."""

    asked: ClassVar[list[int]] = []

    def signals(self, view: View) -> pl.DataFrame:
        """Turns around every time."""
        self.asked.append(1)
        return self.told(view, self.moves(view) * (-1.0) ** len(self.asked))


class SpeaksEarly(Sound):
    """Speaks from its first candle on, and declares to need four."""

    def signals(self, view: View) -> pl.DataFrame:
        """Takes what it does not know for a rise."""
        moves = np.nan_to_num(self.moves(view), nan=1.0)
        return view.answer(call=moves > 0, put=moves < 0, confidence=0.5)


class ShortWarmup(Sound):
    """Looks at a slow average, and declares a quarter of the candles that it needs."""

    @property
    def warmup(self) -> int:
        """As if the average forgot at once."""
        return 100

    def signals(self, view: View) -> pl.DataFrame:
        """Over or under the average."""
        close = view.floats("close")
        return self.told(view, close - ema(close, 90))


class ChangesCandles(Sound):
    """Rounds the candles that it is shown, in place."""

    def signals(self, view: View) -> pl.DataFrame:
        """Leaves other candles behind."""
        view.candles.replace_column(view.candles.get_column_index("close"), view.candles["close"].round(3))
        return self.told(view, self.moves(view))


class ChangesOptions(Sound):
    """Adds to a list among its options."""

    seen: list[int] = Field(default=[], description="how many candles it was shown")

    def signals(self, view: View) -> pl.DataFrame:
        """Writes down what it has seen."""
        self.seen.append(view.height)
        return self.told(view, self.moves(view))


class Overconfident(Sound):
    """Is sure by 60 percent, written as 60."""

    def signals(self, view: View) -> pl.DataFrame:
        """Goes around what would have clipped it."""
        answer = self.told(view, self.moves(view))
        return answer.with_columns(confidence=pl.lit(60.0))


class FewRows(Sound):
    """Answers only where it is warm."""

    def signals(self, view: View) -> pl.DataFrame:
        """Too few rows."""
        return self.told(view, self.moves(view)).slice(self.warmup - 1)


class WrongType(Sound):
    """Answers sides as floats."""

    def signals(self, view: View) -> pl.DataFrame:
        """Another type."""
        return self.told(view, self.moves(view)).cast({"side": pl.Float64()})


class Words(Sound):
    """Tells its reason in words."""

    def signals(self, view: View) -> pl.DataFrame:
        """A reason that is no number."""
        return self.told(view, self.moves(view)).with_columns(why=pl.lit("it feels right"))


class NoLength(Sound):
    """Wants trades that last no time."""

    def signals(self, view: View) -> pl.DataFrame:
        """An expiry of nothing."""
        return self.told(view, self.moves(view)).with_columns(expiry=pl.lit(0, dtype=pl.Int64()))


class DividesByNothing(Sound):
    """Cannot bear a price that rests."""

    def signals(self, view: View) -> pl.DataFrame:
        """Divides by the range of prices."""
        close = view.floats("close")
        return self.told(view, self.moves(view), confidence=1.0 / float(np.ptp(close[: self.period]) * 1e9))


class LosesOptions(Sound):
    """Writes an option other than it is."""

    level: float = Field(default=0.123456, description="a level")

    @field_serializer("level")
    def _rounded(self, level: float) -> float:
        return round(level, 2)


class Undescribed(Sound):
    pass


class NeedsNothing(Sound):
    """Declares to need no candle."""

    @property
    def warmup(self) -> int:
        """None."""
        return 0


class WantsVolume(Sound):
    """Wants what nobody tells."""

    @property
    def wants(self) -> Any:
        """The volume."""
        return ("volume",)


BROKEN: tuple[tuple[type[Sound], str, str], ...] = (
    (NextCandle, "look_ahead", "without the candles after"),
    (WholeMean, "look_ahead", "became"),
    (FutureScale, "look_ahead", "confidence"),
    (FutureReason, "look_ahead", "the reason top"),
    (OpenLonger, "look_ahead", "without the candles after"),
    (Chance, "chance", "a chance without a seed"),
    (Clock, "chance", "a clock"),
    (Counts, "chance", "something kept outside of it"),
    (Remembers, "memory", "after it was asked before"),
    (SpeaksEarly, "warm_up", "says call at candle 1, and declares that it needs 4"),
    (ShortWarmup, "history", "declare a longer one"),
    (ChangesCandles, "unchanged", "changes the candles"),
    (ChangesOptions, "unchanged", "changes its own options"),
    (Overconfident, "confidence", "a confidence is 60"),
    (FewRows, "shape", "rows for"),
    (WrongType, "shape", "side is Float64, not Int8"),
    (Words, "shape", "the reason why is String, not a number"),
    (NoLength, "shape", "not longer than nothing"),
    (DividesByNothing, "runs", "ZeroDivisionError"),
    (LosesOptions, "options", "are others after they were written"),
    (Undescribed, "described", "no docstring"),
    (NeedsNothing, "declared", "warmup is 0"),
    (WantsVolume, "declared", "payout and sentiment"),
)
"""Each with the check that must find it, and words that the finding must hold."""
