"""Ticks in, candles out: every asset through every timeframe, each bar closed once and for good."""

from collections.abc import Sequence

import msgspec
import polars as pl

from qfluxd.market.backfill import backfill
from qfluxd.market.cascade import NEVER, Level, bar_end, ladder
from qfluxd.market.lane import Counts, Lane
from qfluxd.market.past import FRAME_SCHEMA, candle, candles, join
from qfluxd.model import DAY, HOUR, Candle, Gap, History, Millis, Series, Tick

type News = Sequence[Candle | Gap]
"""What a call on the book brought, in the order in which it is to be told."""

_NOTHING: News = ()
_FOREVER: Millis = 1 << 62


class BookStats(Counts, frozen=True):
    """The counters of the whole book, and those of each asset."""

    assets: dict[str, Counts] = msgspec.field(default_factory=dict)


class _Lanes(dict[str, Lane]):
    """The lane of every asset, made when it is first asked for."""

    def __init__(self, timeframes: Sequence[Millis], origin: Millis, quiet_after: Millis, keep: int) -> None:
        super().__init__()
        self._rungs = [(rung, feeder, rung in timeframes) for rung, feeder in ladder(timeframes)]
        self._making = (self._rungs, origin, quiet_after, keep)

    def __missing__(self, asset: str) -> Lane:
        lane = self[asset] = Lane(asset, *self._making)
        return lane


class Book:
    """All candles of all assets.

    The promise: a candle that was told as whole or backfilled never changes; candles of a series are told
    in order, each once, without a hole while the asset is heard; and a longer timeframe holds exactly what
    the shorter ones beneath it hold.

    A bar opens at a multiple of its timeframe in the server's own epoch and covers [at, at + timeframe): a
    tick on the boundary belongs to the new bar. Time is per asset. A tick moves its asset's time, and
    `advance` lets the clock do so, but never further than `quiet_after` past the asset's newest tick: then
    the asset counts as silent and its bars wait. A tick after such a silence brings a `Gap`; bars that the
    silence touches are partial, bars wholly inside it are empty (at most 1,000 per series, beyond that the
    series jumps), unless a `History` has told about that time before.

    A tick older than its asset's newest is folded like any other while the finest bar that it belongs to
    is open (it never moves the close), and is only counted as late after that; a tick with the stamp and
    price of one already known in the open bar is only counted as repeated.

    The one exception to all of this: where at least eight ticks in a row, ascending over four seconds, lie
    more than `quiet_after` behind their asset's newest, that newest was stamped wrong, or another server
    speaks. Then the asset begins anew at the last of them, as if just heard: what was told stays told, the
    bars forming in the wrong time are dropped untold, those that closed at or after the new time are
    forgotten, a `Gap` tells of the break, and the times of its candles step back and may come again.
    """

    def __init__(
        self,
        timeframes: Sequence[Millis],
        *,
        origin: Millis = 2 * HOUR,
        grace: Millis = 500,
        quiet_after: Millis = 5_000,
        keep: int = 1000,
    ) -> None:
        """Fold `timeframes` (1 s to 1 d, any order), buckets shifted by `origin`, the server's lead over UTC.

        The clock closes a bar `grace` after its end; `keep` closed candles stay in memory per series. Raises
        `ValueError` for no timeframe, or one out of range.
        """
        if not timeframes or not all(0 < timeframe <= DAY for timeframe in timeframes):
            raise ValueError("a book needs timeframes, each longer than nothing and at most one day")
        self.timeframes = tuple(sorted(set(timeframes)))
        self._grace = grace
        self._quiet_after = quiet_after
        self._lanes = _Lanes(self.timeframes, origin, quiet_after, keep)
        self.due: Millis = _FOREVER
        """Before the broker's clock shows this, it closes nothing."""

    # ------------------------------------------------------------------------------------------- hearing

    def tick(self, tick: Tick) -> News:
        """Fold one live tick; returns what its time has closed before it."""
        lane = self._lanes[tick.asset]
        lane.heard += 1
        at = tick.at
        last = lane.last
        if not last < at < lane.limit or at - last > self._quiet_after:
            news = lane.hear(tick)
            if (due := lane.base.end + self._grace) < self.due:
                self.due = due
            return news
        base = lane.base
        price = tick.price
        if price > base.high:
            base.high = price
        elif price < base.low:
            base.low = price
        base.close = price
        base.ticks += 1
        lane.last = at
        lane.recent.append(tick)
        return _NOTHING

    def advance(self, now: Millis) -> News:
        """Let the broker's clock show `now` (UTC); returns what is due, by bar end, asset and timeframe."""
        if now < self.due:
            return _NOTHING
        self.due = _FOREVER
        news: list[Candle | Gap] = []
        closed: list[Candle] = []
        for lane in self._lanes.values():
            news += lane.take_owed()
            if lane.has_begun and not lane.deaf:
                self._advance_lane(lane, now - self._grace, closed)
        closed.sort(key=bar_end)
        news += closed
        return news

    def _advance_lane(self, lane: Lane, due: Millis, out: list[Candle]) -> None:
        base, reach = lane.base, lane.last + self._quiet_after
        if base.end <= (to := min(due, reach)):
            lane.pass_time(to, 0, out)
            lane.limit = NEVER  # the next tick opens the finest bar
        if base.end <= reach:
            self.due = min(self.due, base.end + self._grace)
        else:
            lane.limit = NEVER  # only a tick can make it due; `tick` then says so

    def seed(self, history: History, now: Millis) -> list[Candle]:
        """Take in what the broker told about the past, at `now` by its clock.

        Returns the candles that this added or made exact, shortest timeframe first, oldest first within
        each. Their `ticks` count the ticks that were told; the broker's own rows tell none. Rows that came
        without ticks only reach back. Silence before the history is told as a `Gap` by the next call of
        `tick` or `advance`. A history that ends where the asset's newest ticks do while these cast doubt on
        its time brings nothing: it cannot be laid in line before that is settled.
        """
        lane = self._lanes[history.series.asset]
        if lane.is_in_doubt(history):
            return []
        self.due = NEVER
        return backfill(lane, history, now)

    def interrupt(self) -> None:
        """The feed was lost: nothing closes until an asset is heard again, which then was silent."""
        for lane in self._lanes.values():
            lane.deaf = lane.has_begun
            lane.limit = NEVER

    # ------------------------------------------------------------------------------------------ answering

    def frame(self, series: Series, count: int) -> pl.DataFrame:
        """The newest `count` closed candles, oldest first; copies those rows only.

        Columns: at (Datetime ms UTC), open, high, low, close (Float64), ticks (UInt32), quality (Enum). Empty
        for an asset that was never heard. Raises `KeyError` for a timeframe that is not folded.
        """
        level = self._level(series)
        return FRAME_SCHEMA.to_frame() if level is None else level.past.frame(count)

    def candles(self, series: Series, count: int) -> list[Candle]:
        """The newest `count` closed candles, oldest first. Raises `KeyError` as `frame` does."""
        level = self._level(series)
        return [] if level is None else candles(series, level.past.rows(count))

    def forming(self, series: Series) -> Candle | None:
        """The bar that is open now, with the quality it would have if it closed; None before the first tick."""
        level = self._level(series)
        if level is None or level.end == NEVER:
            return None
        parts = [level.row()]
        while level.source is not None:
            level = level.source
            parts.append(level.row())
        return candle(series, join(parts[0].at, parts))

    @property
    def stats(self) -> BookStats:
        """The counters as they stand, of all assets together and of each."""
        assets = {asset: lane.counts for asset, lane in self._lanes.items()}
        every = assets.values()
        return BookStats(
            sum(counts.ticks for counts in every),
            sum(counts.late for counts in every),
            sum(counts.repeated for counts in every),
            sum(counts.backward for counts in every),
            sum(counts.gaps for counts in every),
            sum(counts.restarts for counts in every),
            assets,
        )

    def _level(self, series: Series) -> Level | None:
        if series.timeframe not in self.timeframes:
            raise KeyError(series.timeframe)
        lane = self._lanes.get(series.asset)
        if lane is None:
            return None
        return next(level for level in lane.levels if level.timeframe == series.timeframe)
