"""What the practice broker says of its crowd: trading signals and the share of buyers."""

from collections.abc import Iterable
from typing import Any

from qfluxd.model import MINUTE, SECOND, Millis
from qfluxd.practice import chance
from qfluxd.practice.market import Market, plain

BEAT: Millis = 5_000
"""Signals are told on every mark of this length."""
FEELING_KEPT: Millis = 35_000
"""The share of buyers moves this often."""
_FRAMES = (1, 2, 3, 5, 10, 15, 30, 45, 60, 120, 180, 240)


class Crowd:
    """Signals and sentiment; the same for the same seed and moment."""

    def __init__(self, market: Market, seed: int) -> None:
        self._market = market
        self._seed = seed

    def all_signals(self, symbols: Iterable[str], at: Millis) -> dict[str, Any]:
        """Every symbol's signals, as `signals/load` carries them."""
        rows = [
            [symbol, [[n, self._signal(symbol, n, at)] for n in _FRAMES], self._price(symbol)] for symbol in symbols
        ]
        return {"signals": [row for row in rows if row[2] is not None]}

    def new_signals(self, symbols: Iterable[str], mark: Millis) -> dict[str, Any]:
        """The signals that changed on a mark, as `signals/update` carries them."""
        frame = _FRAMES[chance.number(self._seed, "frame", mark) % 4]
        moved = [symbol for symbol in symbols if chance.share(self._seed, "moved", symbol, mark) < 0.1]
        rows = [[symbol, [[frame, self._signal(symbol, frame, mark)]], self._price(symbol)] for symbol in moved]
        return {"signals": [row for row in rows if row[2] is not None], "times": {str(frame): mark // SECOND}}

    def stats(self, symbol: str, at: Millis) -> list[Any]:
        """How many took which signal, as `successsignals/stats` carries it."""
        now = at // SECOND
        return [
            [now - now % (60 * n), [[symbol, n, chance.between(5, 180, self._seed, "stats", symbol, n, at // MINUTE)]]]
            for n in reversed(_FRAMES)
        ]

    def buyers(self, symbol: str, at: Millis) -> int:
        """Percent of the crowd that buys."""
        return chance.between(20, 97, self._seed, "buyers", symbol, at // FEELING_KEPT)

    def _signal(self, symbol: str, frame: int, at: Millis) -> int:
        return chance.between(1, 4, self._seed, "signal", symbol, frame, at // (frame * MINUTE))

    def _price(self, symbol: str) -> float | None:
        price = self._market.price(symbol)
        return None if price is None else plain(price)
