"""A history made ready for the book: its ticks in one line with the live ones, its rows joined to them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Final

import msgspec

from qfluxd.market.cascade import FILL_LIMIT
from qfluxd.market.lane import Lane
from qfluxd.market.past import Row
from qfluxd.market.quality import FILLED, TOLD
from qfluxd.model import MINUTE, Candle, History, Millis, Tick

_FOREVER: Final[Millis] = 1 << 62
_ROW_LAG: Final[Millis] = 7 * MINUTE
"""How far behind the moment of the answer the newest row may end; one longer than a minute may be half done."""


class Tale(msgspec.Struct, frozen=True):
    """What is known of an asset's past once a history is heard.

    The promise: `ticks` are all ticks in [first, upto), in order, where there are any; `rows` are bars of
    `timeframe` that say all of their own time, save that the newest may still be forming.
    """

    timeframe: Millis
    ticks: Sequence[Tick]
    rows: Mapping[Millis, Row]
    first: Millis
    upto: Millis

    @property
    def reaches_present(self) -> bool:
        """Whether `ticks` go on to the newest one that was heard live."""
        return self.upto == _FOREVER


def tell(lane: Lane, history: History, now: Millis) -> Tale:
    """Hear a history: ticks newer than the lane's are folded there as if live; all of it is laid in line."""
    told = _in_order(history.ticks)
    if not told:
        rows = _finished_rows(lane, history, now)
        if rows and not lane.has_begun:
            _begin_behind(lane, rows[max(rows)], history.series.timeframe)
        return Tale(history.series.timeframe, (), rows, _FOREVER, 0)
    first, last, live = told[0].at, told[-1].at, tuple(lane.recent)
    _fold_missed(lane, told)
    if last > lane.last:
        _replay(lane, told)
    elif not _is_joined(lane, last):
        return Tale(history.series.timeframe, told, _joined_rows(lane, history, told, last), first, last)
    lane.since = min(lane.since, first)
    ticks, upto = _union(told, live), _FOREVER
    return Tale(history.series.timeframe, ticks, _joined_rows(lane, history, ticks, upto), first, upto)


def bars(ticks: Sequence[Tick], floor: Callable[[Millis], Millis], timeframe: Millis) -> Iterator[Row]:
    """The bars of ticks in order, from the first one's to the last one's, empty ones between them too."""
    due, close = _FOREVER, 0.0
    for at, group in groupby(ticks, key=lambda tick: floor(tick.at)):
        if (at - due) // timeframe <= FILL_LIMIT:
            yield from (Row(empty, close, close, close, close, 0, 0) for empty in range(due, at, timeframe))
        prices = [tick.price for tick in group]
        due, close = at + timeframe, prices[-1]
        yield Row(at, prices[0], max(prices), min(prices), close, len(prices), FILLED | TOLD)


def _in_order(ticks: Sequence[Tick]) -> list[Tick]:
    """Ascending, and without repeats, as live ticks are folded."""
    ordered = sorted(ticks, key=attrgetter("at"))
    return [tick for tick, _ in groupby(ordered)]


def _union(told: list[Tick], live: Sequence[Tick]) -> list[Tick]:
    known = {(tick.at, tick.price) for tick in told}
    more = [tick for tick in live if tick.at >= told[0].at and (tick.at, tick.price) not in known]
    return sorted([*told, *more], key=attrgetter("at")) if more else told


def _is_joined(lane: Lane, at: Millis) -> bool:
    """Whether every tick from `at` on, to the newest, is remembered."""
    if not lane.recent:
        return False
    return lane.since - at <= lane.quiet_after and lane.recent[0].at <= max(at, lane.since)


def _begin_behind(lane: Lane, row: Row, timeframe: Millis) -> None:
    """Rows alone are an asset's past: nothing was heard since the newest of them ended."""
    end = row.at + timeframe
    lane.begin(end, row.close)
    lane.last = lane.since = end - 1
    lane.deaf = True


def _fold_missed(lane: Lane, told: list[Tick]) -> None:
    """Put told ticks from before the asset was heard into the finest bar, where they fall into that."""
    known = set(lane.recent)
    for tick in told:
        if lane.base.start <= tick.at < lane.since and tick not in known:
            lane.fold_backward(tick)


def _replay(lane: Lane, told: list[Tick]) -> None:
    closed: list[Candle] = []  # the seed tells them, once they are exact
    first, before = told[0].at, lane.last
    if first > before and (lane.deaf or first - before > lane.quiet_after):
        lane.wake(told[0], closed)
    lane.deaf = False
    for tick in told:
        if tick.at > before and tick.at >= lane.base.start:
            lane.pass_time(tick.at, 0, closed)
            lane.fold(tick, TOLD)
    lane.last = told[-1].at


def _rows(lane: Lane, history: History) -> dict[Millis, Row]:
    """The broker's rows; one that is off its own grid is none of the broker's."""
    step, origin = history.series.timeframe, lane.base.origin
    return {
        bar.at: Row(bar.at, bar.open, bar.high, bar.low, bar.close, 0, FILLED | TOLD)
        for bar in history.bars
        if (bar.at + origin) % step == 0
    }


def _finished_rows(lane: Lane, history: History, now: Millis) -> dict[Millis, Row]:
    """Rows that came without ticks, less the newest where it may be half done."""
    rows, step = _rows(lane, history), history.series.timeframe
    newest = max(rows, default=now)
    if newest + step > now - (_ROW_LAG if step > MINUTE else 0):
        rows.pop(newest, None)
    return rows


def _joined_rows(lane: Lane, history: History, ticks: Sequence[Tick], upto: Millis) -> dict[Millis, Row]:
    """Rows up to the first tick, the ticks' own bars from there on, and one of both where they meet."""
    given, step, origin, first = _rows(lane, history), history.series.timeframe, lane.base.origin, ticks[0].at
    rows = {at: row for at, row in given.items() if at + step <= first}
    for bar in bars(ticks, lambda at: at - (at + origin) % step, step):
        if bar.at + step > upto:
            break
        if bar.at >= first:
            rows[bar.at] = bar
        elif bar.at in given:
            row = given[bar.at]
            rows[bar.at] = bar._replace(open=row.open, high=max(row.high, bar.high), low=min(row.low, bar.low))
    return rows
