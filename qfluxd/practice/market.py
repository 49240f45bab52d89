"""The market as the broker tells it: history up to now, and every tick after it, once."""

from collections.abc import Iterator
from heapq import heappop, heappush, heapreplace
from typing import Any, NamedTuple

from qfluxd.model import MINUTE, SECOND, Millis
from qfluxd.practice import chance
from qfluxd.practice.bars import Bars, PriceSource, Upcoming

ROWS = 98
"""How many candles a history answer holds."""
OLDER_ROWS = 150
"""How many candles an answer about older ones holds at most."""


class Quote(NamedTuple):
    """A tick that is due: symbol, stamp in ms of the broker's clock, price."""

    symbol: str
    at: Millis
    price: float


class Market:
    """Keeps how far the market has been told.

    History holds exactly what has been told, and `due` gives exactly what comes after it: whoever watches, asks
    for history and then listens has neither a hole nor a repetition.
    """

    def __init__(self, prices: PriceSource, now: Millis, seed: int) -> None:
        self.told = now
        self._prices = prices
        self._seed = seed
        self._heap: list[tuple[Millis, str, Millis, float]] = []
        self._upcoming: dict[str, Upcoming] = {}

    @property
    def watched(self) -> frozenset[str]:
        """The symbols whose ticks are told."""
        return frozenset(self._upcoming)

    @property
    def next_due(self) -> Millis | None:
        """When the next tick is due; None if nothing is watched."""
        return self._heap[0][0] if self._heap else None

    def watch(self, symbol: str) -> None:
        """Tell this symbol's ticks from now on."""
        if symbol not in self._upcoming:
            self._upcoming[symbol] = self._prices.upcoming(symbol, self.told)
            if entry := self._next(symbol, self.told):
                heappush(self._heap, entry)

    def unwatch(self, symbol: str) -> None:
        """Stop telling this symbol's ticks."""
        if self._upcoming.pop(symbol, None) is not None:
            self._heap = sorted(entry for entry in self._heap if entry[1] != symbol)

    def due(self, now: Millis) -> Iterator[Quote]:
        """The ticks that have come up to now, in order of time; each counts as told when it is given out."""
        while self._heap and self._heap[0][0] <= now:
            due, symbol, at, price = self._heap[0]
            if following := self._next(symbol, due):
                heapreplace(self._heap, following)
            else:
                heappop(self._heap)
            self.told = max(self.told, due)
            yield Quote(symbol, at, price)
        self.told = max(self.told, now)

    def price(self, symbol: str) -> float | None:
        """The newest price that has been told; None if the market has been shut for a while."""
        ticks = self._prices.ticks(symbol, self.told - MINUTE, self.told)
        return float(ticks.price[-1]) if ticks.at.size else None

    def price_at(self, symbol: str, at: Millis) -> float | None:
        """The price in force at a moment: that of the last tick at or before it; None if there never was one."""
        ticks = self._prices.ticks(symbol, at - MINUTE, at)
        if ticks.at.size:
            return float(ticks.price[-1])
        bars = self._prices.bars(symbol, MINUTE, at // MINUTE * MINUTE, 1)
        return float(bars.close[-1]) if bars.at.size else None

    def history(self, symbol: str, period: Millis) -> dict[str, Any]:
        """What a change of chart is answered with: about 11 minutes of ticks, and candles that end before now."""
        moment = self.told // SECOND
        span = chance.between(560, 780, self._seed, "history", symbol, moment) * SECOND
        lag = chance.between(60, 345, self._seed, "lag", symbol, moment) * SECOND
        ticks = self._prices.ticks(symbol, self.told - span, self._told_of(symbol))
        bars = self._prices.bars(symbol, period, (self.told - lag) // MINUTE * MINUTE, ROWS)
        return {
            "asset": symbol,
            "period": period // SECOND,
            "history": [[plain(at / 1000), plain(price)] for at, price in zip(*_lists(ticks), strict=True)],
            "candles": [[at // SECOND, o, c, h, low] for at, o, h, low, c in reversed(_rows(bars))],
        }

    def older(self, symbol: str, period: Millis, time: Millis, offset: Millis) -> list[dict[str, Any]]:
        """Candles up to and including the one that opens at `time`, ascending, no older than `offset` before it."""
        until = min(time + period, self.told // MINUTE * MINUTE)
        bars = self._prices.bars(symbol, period, until, OLDER_ROWS)
        return [
            {"time": at // SECOND, "open": o, "close": c, "high": h, "low": low}
            for at, o, h, low, c in _rows(bars)
            if at >= time - offset
        ]

    def _told_of(self, symbol: str) -> Millis:
        """How far one symbol has been told: ticks of several symbols can have the same stamp."""
        return min([self.told, *(due - 1 for due, waiting, *_ in self._heap if waiting == symbol)])

    def _next(self, symbol: str, due: Millis) -> tuple[Millis, str, Millis, float] | None:
        tick = next(self._upcoming[symbol], None)
        # A recorded tick may be stamped earlier than the one before it; it is still told after it.
        return None if tick is None else (max(due, tick[0]), symbol, *tick)


def plain(value: float) -> float | int:
    """A number as JavaScript writes it: without a fraction when it has none."""
    return int(value) if value.is_integer() else value


def _lists(columns: tuple[Any, ...]) -> list[list[Any]]:
    return [column.tolist() for column in columns]


def _rows(bars: Bars) -> list[tuple[Any, ...]]:
    at, *prices = _lists(bars)
    return list(zip(at, *([plain(value) for value in column] for column in prices), strict=True))
