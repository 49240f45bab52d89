"""Whole histories of candles at once: the very ones that a book folds tick by tick, and when each of them closed."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from qfluxd.market.cascade import FILL_LIMIT
from qfluxd.market.past import FRAME_SCHEMA
from qfluxd.market.quality import QUALITIES
from qfluxd.model import Millis
from qfluxd.research.backtest.source import Times
from qfluxd.research.backtest.strokes import Counts, Strokes, longer
from qfluxd.strategy import Floats, Mask

_WHOLE, _PARTIAL, _EMPTY = (QUALITIES.index(name) for name in ("whole", "partial", "empty"))
_NEVER: Final[Millis] = 1 << 61


@dataclass(frozen=True, slots=True)
class Pace:
    """When candles close: the rules of `qfluxd.market.candles.Book`, in milliseconds.

    The clock closes a candle `grace` after its end, unless its asset has been silent for `quiet_after` by that end;
    then it waits for a tick. Time passes up to `until`, the last tick of all assets.
    """

    origin: Millis
    grace: Millis
    quiet_after: Millis
    until: Millis


@dataclass(frozen=True, slots=True)
class Candles:
    """All closed candles of a series, oldest first.

    Each was closed after the tick of its asset stamped `last`, and before or by the one stamped `tick`.
    """

    timeframe: Millis
    pace: Pace
    at: Times
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    ticks: Counts
    quality: NDArray[np.uint8]
    last: Times
    tick: Times

    def closing(self, rows: NDArray[np.intp]) -> tuple[Times, Mask]:
        """When these were closed, and whether by a tick of their asset, or else by the clock."""
        ends, tick = self.at[rows] + self.timeframe, self.tick[rows]
        grace = self.pace.grace
        by_clock = (ends <= self.last[rows] + self.pace.quiet_after) & (ends + grace <= tick)
        return np.where(by_clock, ends + grace, tick), ~by_clock

    @property
    def frame(self) -> pl.DataFrame:
        """As a strategy sees them (`qfluxd.market.past.FRAME_SCHEMA`)."""
        at = pl.Series("at", self.at).cast(FRAME_SCHEMA["at"])
        numbers = [pl.Series(name, getattr(self, name)) for name in ("open", "high", "low", "close", "ticks")]
        return at.to_frame().hstack([*numbers, pl.Series("quality", self.quality).cat.to(FRAME_SCHEMA["quality"])])


def fold(strokes: Strokes, timeframe: Millis, pace: Pace) -> Candles:
    """The candles of one length, a multiple of that of the strokes."""
    if strokes.length != timeframe:
        strokes = longer(strokes, timeframe, pace.origin, pace.quiet_after)
    place = (strokes.at + pace.origin) // timeframe
    quality = np.where(_blind(strokes, place, timeframe, pace), _PARTIAL, _WHOLE).astype(np.uint8)
    count = _count(strokes, place, timeframe, pace)
    tick = np.append(strokes.begin[1:], _NEVER)
    prices: Any = strokes.open, strokes.high, strokes.low, strokes.close
    columns: Any
    if count[-1] <= 1 and (count[:-1] == 1).all():
        columns = (strokes.at, *prices, strokes.ticks, quality, strokes.end, tick)
        return Candles(timeframe, pace, *(each[: count.sum()] for each in columns))
    source = np.repeat(np.arange(place.size), count)
    behind = np.arange(source.size) - np.repeat(np.cumsum(count) - count, count)
    empty, close = behind > 0, strokes.close[source]
    columns = (
        strokes.at[source] + behind * timeframe,
        *(np.where(empty, close, each[source]) for each in prices),
        np.where(empty, np.uint32(0), strokes.ticks[source]),
        np.where(empty, np.uint8(_EMPTY), quality[source]),
        strokes.end[source],
        tick[source],
    )
    return Candles(timeframe, pace, *columns)


def _blind(strokes: Strokes, place: Times, timeframe: Millis, pace: Pace) -> Mask:
    """Which candles a silence touches: the one in which it ends, and the one that was forming when it did."""
    blind = strokes.blind.copy()
    blind[0] = True  # what came before the first tick is not known
    silent = np.flatnonzero(strokes.begin[1:] - strokes.end[:-1] > pace.quiet_after) + 1
    blind[silent] = True
    forming = _forming(strokes.end[silent - 1], strokes.begin[silent], timeframe, pace)
    blind[silent[forming == place[silent - 1]] - 1] = True
    return blind


def _forming(last: Times, tick: Times, timeframe: Millis, pace: Pace) -> Times:
    """The candle that is forming when a tick ends a silence: the clock has closed those before it."""
    reached = np.minimum(tick - pace.grace, last + pace.quiet_after)
    return (np.maximum(last, reached) + pace.origin) // timeframe


def _count(strokes: Strokes, place: Times, timeframe: Millis, pace: Pace) -> Times:
    """How many candles there are from each in which something ticked up to the next such one, itself included.

    Over a silence in which more than `FILL_LIMIT` would be empty there are only those that the clock had closed, and
    the one that was forming; behind the last tick those that the clock closes.
    """
    last = min(int(strokes.end[-1]) + pace.quiet_after, pace.until - pace.grace)
    count = np.diff(place, append=(last + pace.origin) // timeframe)
    count[-1] = max(count[-1], 0)
    holes = np.flatnonzero(count[:-1] > FILL_LIMIT)
    holes = holes[strokes.begin[holes + 1] - strokes.end[holes] > pace.quiet_after]
    if holes.size:
        forming = _forming(strokes.end[holes], strokes.begin[holes + 1], timeframe, pace)
        jumps = place[holes + 1] - forming - 1 > FILL_LIMIT
        count[holes[jumps]] = (forming - place[holes] + 1)[jumps]
    return count
