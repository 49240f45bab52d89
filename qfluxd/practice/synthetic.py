"""Made-up markets: prices that depend only on the seed, the symbol and the time.

A day has a level, a minute has its four prices on a bridge between two days' levels, and the ticks of a
minute run inside those four prices and touch all of them. So a bar of any length is exactly what its ticks
fold to, and a year of bars costs no ticks.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from qfluxd.model import DAY, MINUTE, Millis
from qfluxd.practice import chance, hours
from qfluxd.practice.assets import Catalogue, Listing
from qfluxd.practice.bars import Bars, Prices, Stamps, Ticks, as_bars, fold

_MINUTES = DAY // MINUTE
_MINUTE_MOVE = 3.9e-4  # a minute's standard deviation, as a share of the price
_LEVELS = ((1, 0.006), (8, 0.015), (60, 0.04))  # days and deviation of the waves that levels are made of
_SAME_AGAIN = 0.08  # chance that a tick repeats the price before it
_EXTRA_SAME = 0.7  # the same for the extra tick in every six
_MAKES_ROOM = 0.66  # chance that the tick after an extra one is left out
_BEND = 0.7  # how much of a minute's range its wandering takes, before it is led to its high and its low
_SHOULDER = 16  # ticks over which it is led there
_FURTHEST_BACK = 12 * DAY


class _Day(NamedTuple):
    bars: Bars
    trading: npt.NDArray[np.bool_]


class SyntheticPrices:
    """Prices for every listed symbol at any time; the promise is that nothing asked twice differs.

    `rate` is the number of ticks a second, apart from one extra in every six; at least 0.5.
    """

    def __init__(self, catalogue: Catalogue, seed: int, rate: float = 2.0) -> None:
        if not 0.5 <= rate <= 200 or round(rate * 10) != rate * 10:
            raise ValueError(f"{rate} ticks a second is not between 0.5 and 200 in steps of 0.1")
        self._catalogue = catalogue
        self._seed = seed
        self._slot = 1000 / rate
        self._day = lru_cache(maxsize=400)(self._make_day)
        self._minute = lru_cache(maxsize=2_000)(self._make_minute)

    def ticks(self, symbol: str, after: Millis, until: Millis) -> Ticks:
        """The ticks later than `after`, up to and including `until`."""
        minutes = range((after + 1) // MINUTE, until // MINUTE + 1)
        parts = [self._minute(symbol, minute) for minute in minutes]
        if not parts:
            return _NO_TICKS
        whole = Ticks(np.concatenate([part.at for part in parts]), np.concatenate([part.price for part in parts]))
        return whole.between(after, until)

    def bars(self, symbol: str, period: Millis, until: Millis, count: int) -> Bars:
        """The newest `count` bars before `until`; fewer if the market was closed for very long."""
        span = count * period
        while True:
            start = (until - span) // period * period
            rows = fold(self._rows(symbol, period, start, until), period)
            if rows.at.size >= count or span > max(_FURTHEST_BACK, count * period):
                return rows.last(count)
            span *= 4

    def upcoming(self, symbol: str, after: Millis) -> Iterator[tuple[Millis, float]]:
        """Every tick after that moment, for ever; a market that never trades has none."""
        if self._catalogue[symbol].hours == "never":
            return
        # The next minute is worked out at a moment of each symbol's own, so that they do not all do it at once.
        early = chance.number(self._seed, "early", symbol) % 100
        minute = (after + 1) // MINUTE
        while True:
            ticks = self._minute(symbol, minute).between(after, (minute + 1) * MINUTE)
            for number, tick in enumerate(zip(ticks.at.tolist(), ticks.price.tolist(), strict=True)):
                if number == early:
                    self._minute(symbol, minute + 1)
                yield tick
            minute += 1

    def _rows(self, symbol: str, period: Millis, start: Millis, until: Millis) -> Bars:
        if period % MINUTE:
            return as_bars(self.ticks(symbol, start - 1, until - 1))
        days = [self._day(symbol, day) for day in range(start // DAY, (until - MINUTE) // DAY + 1)]
        trading = np.concatenate([day.trading for day in days])
        rows = Bars(*(np.concatenate(column)[trading] for column in zip(*(day.bars for day in days), strict=True)))
        wanted = (rows.at >= start) & (rows.at + MINUTE <= until)
        scale = 10 ** self._catalogue[symbol].digits
        return Bars(rows.at[wanted], *(column[wanted] / scale for column in rows[1:]))

    def _make_day(self, symbol: str, day: int) -> _Day:
        listing = self._catalogue[symbol]
        move = self._minute_move(listing)
        rng = chance.stream(self._seed, "day", symbol, day)
        here, there = self._level(listing, day), self._level(listing, day + 1)
        walk = np.cumsum(rng.normal(0, move, _MINUTES))
        walk += (there - here - walk[-1]) * np.arange(1, _MINUTES + 1) / _MINUTES
        close = np.rint(here + walk)
        steps = np.rint(rng.normal(0, move / 10, _MINUTES)) * (rng.random(_MINUTES) >= 0.28)
        start = np.append(here, close[:-1]) + steps
        up, down = _reach(rng, start, close, move)
        at = (day * _MINUTES + np.arange(_MINUTES, dtype=np.int64)) * MINUTE
        return _Day(Bars(at, start, up, np.maximum(down, 1), close), hours.open_minutes(listing.hours, day))

    def _level(self, listing: Listing, day: int) -> float:
        """The price at the start of a day, in its smallest steps: a few slow waves around the listed price."""
        away = sum(size * self._wave(listing.symbol, day, days) for days, size in _LEVELS)
        return float(round(listing.price * 10**listing.digits * np.exp(away)))

    def _wave(self, symbol: str, day: int, days: int) -> float:
        term, part = divmod(day, days)
        low, high = (2 * chance.share(self._seed, "level", symbol, days, term + n) - 1 for n in (0, 1))
        return low + (high - low) * part / days

    def _minute_move(self, listing: Listing) -> float:
        # A price of few digits still has to move by whole steps.
        return max(_MINUTE_MOVE * listing.price * float(10**listing.digits), 6.0)

    def _make_minute(self, symbol: str, minute: int) -> Ticks:
        day, number = divmod(minute, _MINUTES)
        bars, trading = self._day(symbol, day)
        if not trading[number]:
            return _NO_TICKS
        rng = chance.stream(self._seed, "minute", symbol, minute)
        at, extra = self._stamps(rng, symbol)
        same = rng.random(at.size) < np.where(extra, _EXTRA_SAME, _SAME_AGAIN)
        same[:3] = False
        path = _path(rng, at.size - int(same.sum()), *(float(column[number]) for column in bars[1:]))
        price = path[np.cumsum(~same) - 1] / 10 ** self._catalogue[symbol].digits
        return Ticks(at + minute * MINUTE, price)

    def _stamps(self, rng: np.random.Generator, symbol: str) -> tuple[Stamps, npt.NDArray[np.bool_]]:
        """When the ticks of a minute come, in ms from its start, and which of them are the extra ones."""
        slot, slots = self._slot, round(MINUTE / self._slot)
        phase = slot * (0.15 + 0.3 * chance.share(self._seed, "phase"))
        phase += slot * 0.016 * chance.share(self._seed, "phase", symbol)
        base = phase + slot * np.arange(slots) + slot * rng.uniform(-0.024, 0.024, slots)
        extra = phase + 6 * slot * np.arange(slots // 6) + slot * rng.uniform(0.6, 0.648, slots // 6)
        base[1::6] = np.maximum(base[1::6], extra + 0.41 * slot)
        kept = np.ones(slots, dtype=np.bool_)
        kept[1::6] = rng.random(slots // 6) >= _MAKES_ROOM
        at = np.concatenate([base[kept], extra])
        order = np.argsort(at)
        return np.rint(at[order]).astype(np.int64), order >= int(kept.sum())


_NO_TICKS = Ticks(np.empty(0, dtype=np.int64), np.empty(0))


def _reach(rng: np.random.Generator, start: Prices, close: Prices, move: float) -> tuple[Prices, Prices]:
    """How high and how low a random walk gets on its way (the law of a Brownian bridge's maximum)."""
    spread = (close - start) ** 2
    far = np.sqrt(spread - 2 * move**2 * np.log(1 - rng.random((2, start.size))))
    up = np.rint((start + close + far[0]) / 2)
    down = np.rint((start + close - far[1]) / 2)
    return np.maximum(up, np.maximum(start, close)), np.minimum(down, np.minimum(start, close))


def _path(rng: np.random.Generator, count: int, start: float, high: float, low: float, close: float) -> Prices:
    """A random way of `count` steps from start to close that touches high and low and never leaves them."""
    along = np.arange(count)
    walk = np.cumsum(rng.normal(0, 1, count))
    walk -= walk[0] + (walk[-1] - walk[0]) * along / (count - 1)
    walk *= _BEND * (high - low) / max(float(np.ptp(walk)), 1e-9)
    walk += start + (close - start) * along / (count - 1)
    peak, dip = 1 + int(walk[1:-1].argmax()), 1 + int(walk[1:-1].argmin())
    for place, goal in ((peak, high), (dip, low)):
        width = max(1, min(place, count - 1 - place, _SHOULDER))
        walk += (goal - walk[place]) * np.maximum(0, 1 - np.abs(along - place) / width)
    path = np.clip(np.rint(walk), low, high)
    path[[0, peak, dip, -1]] = start, high, low, close
    return path
