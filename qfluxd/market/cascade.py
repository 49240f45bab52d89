"""One asset's forming bars: ticks go into the finest, and each bar that closes goes into the longer ones."""

from collections.abc import Sequence
from math import gcd
from typing import Final

from qfluxd.market.past import Past, Row
from qfluxd.market.quality import BLIND, FILLED, QUALITY
from qfluxd.model import Candle, Millis, Series

NEVER: Final[Millis] = -(1 << 62)

FILL_LIMIT: Final = 1_000
"""Most empty bars in a row in a series; where there would be more, as over a weekend, the series jumps."""


def ladder(timeframes: Sequence[Millis]) -> list[tuple[Millis, Millis | None]]:
    """Every timeframe that is folded, ascending, each with the one that feeds it (None for the finest).

    A timeframe is fed by the largest lower one that divides it. Where that leaves more than one without a
    feeder, their greatest common divisor is folded beneath them: one finest bar per asset means one rule
    for late ticks.
    """
    rungs = sorted({*timeframes, gcd(*timeframes)})
    return [(rung, max((low for low in rungs if low < rung and rung % low == 0), default=None)) for rung in rungs]


def bar_end(found: Candle) -> tuple[Millis, str, Millis]:
    """The order in which closed candles are told: by end, then asset, then timeframe."""
    return found.at + found.series.timeframe, found.series.asset, found.series.timeframe


class Level:
    """The forming bar of one series, and those that closed.

    The promise: it holds exactly what the bars of `source` that closed since `start` hold (the finest
    level: what the ticks since `start` held).
    """

    __slots__ = (
        "close",
        "end",
        "feeds",
        "high",
        "low",
        "open",
        "origin",
        "past",
        "series",
        "shown",
        "source",
        "start",
        "ticks",
        "timeframe",
        "traits",
    )

    def __init__(self, series: Series, origin: Millis, source: "Level | None", past: Past, *, shown: bool) -> None:
        self.series = series
        self.timeframe = series.timeframe
        self.origin = origin
        self.source = source
        self.past = past
        self.shown = shown
        self.feeds: tuple[Level, ...] = ()
        self.start = self.end = NEVER
        self.open = self.high = self.low = self.close = 0.0
        self.ticks = self.traits = 0

    def floor(self, at: Millis) -> Millis:
        """When the bar that holds `at` opens."""
        return at - (at + self.origin) % self.timeframe

    def begin(self, at: Millis, price: float) -> None:
        """Start with the bar that holds `at`; what came before in it is not known."""
        self.start = self.floor(at)
        self.end = self.start + self.timeframe
        self.open = self.high = self.low = self.close = price
        self.ticks, self.traits = 0, BLIND

    def row(self) -> Row:
        """What the forming bar holds."""
        return Row(self.start, self.open, self.high, self.low, self.close, self.ticks, self.traits)

    def take(self, row: Row) -> None:
        """Let the forming bar hold what `row` holds."""
        self.open, self.high, self.low, self.close = row.open, row.high, row.low, row.close
        self.ticks, self.traits = row.ticks, row.traits

    def shut(self, to: Millis, traits: int, out: list[Candle]) -> None:
        """Close the bar, and those above that end by `to` too; go on with the bar that holds `to`.

        Bars passed over are closed empty. `traits` are those of the time that passes: 0, or `BLIND`.
        """
        start, end, close = self.start, self.end, self.close
        self.past.append(start, self.open, self.high, self.low, close, self.ticks, self.traits)
        if self.shown:
            out.append(
                Candle(self.series, start, self.open, self.high, self.low, close, self.ticks, QUALITY[self.traits])
            )
        for feed in self.feeds:
            feed.add(self)
            if feed.end <= to:
                feed.shut(to, traits, out)
        self.start = opens = to - (to + self.origin) % self.timeframe
        self.end = opens + self.timeframe
        if opens > end:
            self._fill(end, close, traits, out)
        self.open = self.high = self.low = close
        self.ticks, self.traits = 0, traits

    def add(self, part: "Level") -> None:
        """Take in a bar of the source that closes now."""
        if part.traits & FILLED:
            if self.traits & FILLED:
                if part.high > self.high:
                    self.high = part.high
                if part.low < self.low:
                    self.low = part.low
                self.ticks += part.ticks
            else:
                self.open, self.high, self.low, self.ticks = part.open, part.high, part.low, part.ticks
            self.close = part.close
        self.traits |= part.traits

    def _fill(self, at: Millis, price: float, traits: int, out: list[Candle]) -> None:
        if (self.start - at) // self.timeframe > FILL_LIMIT:
            return
        for opens in range(at, self.start, self.timeframe):
            self.past.append(opens, price, price, price, price, 0, traits)
            if self.shown:
                out.append(Candle(self.series, opens, price, price, price, price, 0, QUALITY[traits]))
