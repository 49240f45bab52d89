"""Prices gathered into the shortest candles in use: all that longer ones, and their closing, are worked out from."""

from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from qfluxd.model import Millis
from qfluxd.research.backtest.source import Bars, Times
from qfluxd.strategy import Floats, Mask

type Counts = NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Strokes:
    """A row per stretch of the shortest length in which something ticked, ascending.

    `at` is when the stretch opens, `begin` and `end` are the stamps of its first and last tick; `blind` is whether the
    asset was silent within it.
    """

    length: Millis
    at: Times
    begin: Times
    end: Times
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    ticks: Counts
    blind: Mask


def of_ticks(days: Iterable[tuple[Times, Floats]], length: Millis, origin: Millis, quiet_after: Millis) -> Strokes:
    """Strokes of ascending ticks; a tick with the stamp and price of the one before it is not counted."""
    parts = [_gathered(*_without_repeated(at, price), length, origin, quiet_after) for at, price in days if at.size]
    joined = _joined(parts, length)
    return joined if (np.diff(joined.at) > 0).all() else longer(joined, length, origin, quiet_after)


def of_bars(bars: Bars, length: Millis) -> Strokes:
    """Strokes of stored candles of that length: their ticks lie a millisecond inside of their edges."""
    begin, end = bars.at + 1, bars.at + (length - 1)
    return Strokes(length, bars.at, begin, end, bars.open, bars.high, bars.low, bars.close, bars.ticks, bars.partial)


def longer(strokes: Strokes, length: Millis, origin: Millis, quiet_after: Millis) -> Strokes:
    """The same in longer stretches, or with those joined that were cut in two where a day ends."""
    place = (strokes.at + origin) // length
    starts = np.flatnonzero(np.concatenate(([True], place[1:] != place[:-1])))
    lasts = np.concatenate((starts[1:], [place.size])) - 1
    blind = np.logical_or.reduceat(strokes.blind, starts)
    blind[_within(np.flatnonzero(strokes.begin[1:] - strokes.end[:-1] > quiet_after) + 1, starts)] = True
    return Strokes(
        length,
        place[starts] * length - origin,
        strokes.begin[starts],
        strokes.end[lasts],
        strokes.open[starts],
        np.maximum.reduceat(strokes.high, starts),
        np.minimum.reduceat(strokes.low, starts),
        strokes.close[lasts],
        np.add.reduceat(strokes.ticks, starts).astype(np.uint32),
        blind,
    )


def _without_repeated(at: Times, price: Floats) -> tuple[Times, Floats]:
    repeated = (at[1:] == at[:-1]) & (price[1:] == price[:-1])
    if not repeated.any():
        return at, price
    kept = np.concatenate(([True], ~repeated))
    return at[kept], price[kept]


def _gathered(at: Times, price: Floats, length: Millis, origin: Millis, quiet_after: Millis) -> Strokes:
    place = (at + origin) // length
    starts = np.concatenate(([0], np.flatnonzero(place[1:] != place[:-1]) + 1))
    lasts = np.concatenate((starts[1:], [at.size])) - 1
    blind = np.zeros(starts.size, np.bool_)
    blind[_within(np.flatnonzero(at[1:] - at[:-1] > quiet_after) + 1, starts)] = True
    return Strokes(
        length,
        place[starts] * length - origin,
        at[starts],
        at[lasts],
        price[starts],
        np.maximum.reduceat(price, starts),
        np.minimum.reduceat(price, starts),
        price[lasts],
        (lasts - starts + 1).astype(np.uint32),
        blind,
    )


def _within(rows: NDArray[np.intp], starts: NDArray[np.intp]) -> NDArray[np.intp]:
    """The groups that hold these rows, but for those that a row begins."""
    groups = np.searchsorted(starts, rows, "right") - 1
    inner: NDArray[np.intp] = groups[starts[groups] != rows]
    return inner


def _joined(parts: list[Strokes], length: Millis) -> Strokes:
    if not parts:
        none, prices = np.empty(0, np.int64), np.empty(0)
        ticks, blind = np.empty(0, np.uint32), np.empty(0, np.bool_)
        return Strokes(length, none, none, none, prices, prices, prices, prices, ticks, blind)
    names = [each.name for each in fields(Strokes)][1:]
    return Strokes(length, *(np.concatenate([getattr(part, name) for part in parts]) for name in names))
