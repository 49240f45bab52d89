"""What trades came to: all of an asset's at once, by the rules of `qfluxd.trading.settlement.Course`."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from qfluxd.model import Millis
from qfluxd.research.backtest.source import Bars, Times
from qfluxd.strategy import CALL, Floats, Mask
from qfluxd.trading.settlement import LATE, closing

type Fates = NDArray[np.uint8]

PENDING, OPEN, DECIDED, UNKNOWN, NOT_FILLED = range(5)
"""How far a trade has come: the first two where the data end before it did."""
NOWHEN: Final[Millis] = -1


@dataclass(frozen=True, slots=True)
class Tape:
    """Prices by which trades are entered and ended: of each tick, or of each candle's first and last.

    `first` are stamps at which a trade can be entered and `open` the prices there; `last` and `close` are the newest
    tick that is known before the next first one. Where `twice`, a first tick is heard twice: a trade that its first
    hearing brings about is entered at its second.
    """

    first: Times
    open: Floats
    last: Times
    close: Floats
    twice: bool = False


@dataclass(frozen=True, slots=True)
class Trades:
    """What became of trades, a row each: times in ms or `NOWHEN`, prices or NaN.

    `ended` is when the desk knew: by a tick of that stamp where `by_tick`, else by the clock as soon as it shows later.
    """

    opened: Times
    closes: Times
    open_price: Floats
    close_price: Floats
    fate: Fates
    ended: Times
    by_tick: Mask

    def take(self, rows: NDArray[np.intp]) -> "Trades":
        """Some of the rows."""
        return Trades(*(getattr(self, each.name)[rows] for each in fields(self)))


def of_ticks(days: Iterable[tuple[Times, Floats]]) -> Iterable[Tape]:
    """Ticks as tapes."""
    return (Tape(at, price, at, price) for at, price in days)


def of_bars(bars: Bars, length: Millis) -> Tape:
    """Candles as a tape: entered at an open, ended at a close."""
    return Tape(bars.at + 1, bars.open, bars.at + (length - 1), bars.close, twice=True)


class Settling:
    """The trades of one asset on their way through its prices, a stretch at a time.

    The promise: the same comes of them however the prices are cut.
    """

    def __init__(self, due: Times, expiry: Times, after: Mask, quiet_after: Millis) -> None:
        """Trades that would be entered from `due` on; of those that are `after`, a tick of that stamp was heard."""
        self._order = np.argsort(due, kind="stable")
        self._due, self._expiry, self._after = due[self._order], expiry[self._order], after[self._order]
        self._quiet_after = quiet_after
        size = due.size
        self._opened, self._closes, self._ended = (np.full(size, NOWHEN) for _ in range(3))
        self._open, self._close = np.full(size, np.nan), np.full(size, np.nan)
        self._fate = np.zeros(size, np.uint8)
        self._by_tick = np.zeros(size, np.bool_)
        self._entered = 0
        """So many, by their due times, have come to their entry or were not filled."""
        self._held = np.empty(0, np.intp)
        """Those that are open."""
        self._last: tuple[Millis, float] = (NOWHEN, np.nan)

    def hear(self, tape: Tape) -> None:
        """Go on with later prices."""
        if not tape.first.size:
            return
        began = np.searchsorted(self._due, tape.first[-1], "right")
        if began > self._entered:
            self._enter(np.arange(self._entered, began), tape)
        self._end(tape)
        self._last = int(tape.last[-1]), float(tape.close[-1])

    def _enter(self, rows: NDArray[np.intp], tape: Tape) -> None:
        due = self._due[rows]
        place = np.searchsorted(tape.first, due)
        if not tape.twice:
            place = place + (self._after[rows] & (tape.first[place] == due))
        there = place < tape.first.size  # one that comes after the very last tick waits for the next stretch
        if not there.all():
            rows, place, due = rows[there], place[there], due[there]
        at = tape.first[place]
        in_time = at - due <= self._quiet_after
        self._entered += rows.size
        self._finish(rows[~in_time], NOT_FILLED, at[~in_time])
        rows, at, place = rows[in_time], at[in_time], place[in_time]
        self._opened[rows], self._open[rows], self._fate[rows] = at, tape.open[place], OPEN
        self._closes[rows] = cast(Any, closing)(at, self._expiry[rows])  # arithmetic: it takes all of them at once
        self._held = np.concatenate((self._held, rows))

    def _end(self, tape: Tape) -> None:
        rows = self._held
        place = np.searchsorted(tape.first, self._closes[rows], "right")
        over = place < tape.first.size
        self._held = rows[~over]
        rows, place = rows[over], place[over]
        ahead = np.maximum(place - 1, 0)
        newest = np.where(place > 0, tape.last[ahead], self._last[0])
        price = np.where(place > 0, tape.close[ahead], self._last[1])
        at = tape.first[place]
        known = at - newest <= self._quiet_after
        self._close[rows[known]] = price[known]
        self._finish(rows[known], DECIDED, at[known])
        self._give_up(rows[~known], newest[~known], at[~known])

    def _give_up(self, rows: NDArray[np.intp], newest: Times, at: Times | Millis) -> None:
        """Those around whose end the asset was silent; the clock may tell sooner than the tick."""
        self._finish(rows, UNKNOWN, at)
        silent = np.maximum(self._closes[rows], newest + self._quiet_after) + LATE
        sooner = silent < at
        self._ended[rows[sooner]], self._by_tick[rows[sooner]] = silent[sooner], False

    def _finish(self, rows: NDArray[np.intp], fate: int, at: Times | Millis) -> None:
        self._fate[rows], self._ended[rows], self._by_tick[rows] = fate, at, True
        if fate == NOT_FILLED:
            silent = self._due[rows] + (self._quiet_after + LATE)
            sooner = silent < at
            self._ended[rows[sooner]], self._by_tick[rows[sooner]] = silent[sooner], False

    def result(self, until: Millis) -> Trades:
        """What became of all of them, in the order in which they were given; time passed up to `until`."""
        waiting = np.arange(self._entered, self._due.size)
        self._finish(waiting[until > self._due[waiting] + (self._quiet_after + LATE)], NOT_FILLED, until + 1)
        newest = np.full(self._held.size, self._last[0])
        silent = until > np.maximum(self._closes[self._held], newest + self._quiet_after) + LATE
        self._give_up(self._held[silent], newest[silent], until + 1)
        back = np.empty_like(self._order)
        back[self._order] = np.arange(self._order.size)
        columns: tuple[Any, ...] = (
            *(self._opened, self._closes, self._open, self._close),
            *(self._fate, self._ended, self._by_tick),
        )
        return Trades(*(column[back] for column in columns))


def results(trades: Trades, side: NDArray[np.int8], digits: int | None) -> NDArray[np.int8]:
    """1 where a trade is won, -1 where lost, 0 for a tie or where nothing is decided."""
    opened, closed = trades.open_price, trades.close_price
    if digits is not None:
        opened, closed = _rounded(opened, digits), _rounded(closed, digits)
    move = np.sign(np.nan_to_num(closed - opened)).astype(np.int8)
    return np.where(side == CALL, move, -move).astype(np.int8)


def _rounded(prices: Floats, digits: int) -> Floats:
    """As `round` does it, number by number where numpy's own way may differ: close to a half."""
    scaled = prices * 10.0**digits
    found = np.round(prices, digits)
    for row in np.flatnonzero(np.abs(scaled - np.floor(scaled) - 0.5) < 1e-6).tolist():
        found[row] = round(float(prices[row]), digits)
    return found
