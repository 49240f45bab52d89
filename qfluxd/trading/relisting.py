"""Asks the broker for its lists of deals again while there is a doubt that they could end."""

import asyncio
from collections.abc import Callable
from typing import Final, Never

import structlog

from qfluxd.errors import Disconnected, PageError
from qfluxd.model import Millis
from qfluxd.ports import Hands
from qfluxd.trading.orders import Orders

log = structlog.get_logger()

_LOOK_EVERY: Final = 0.5
_FIRST_PAUSE: Final = 5.0
_LONGEST_PAUSE: Final = 300.0
_MOST_TRIES: Final = 12
"""With pauses that double, about half an hour; the doubt itself stays, and so does its place in risk."""


class Patience:
    """When to ask again: at once for a new doubt, ever more rarely for the same ones, and at last not at all."""

    def __init__(self) -> None:
        self._known: frozenset[str] = frozenset()
        self._tries = 0
        self._next = 0.0

    def is_due(self, doubts: frozenset[str], now: float) -> bool:
        """Whether these doubts are worth a try now; `now` is in seconds of a clock that never goes back."""
        if not doubts <= self._known:
            self._tries, self._next = 0, now
        self._known = doubts
        return bool(doubts) and self._tries < _MOST_TRIES and now >= self._next

    def tried(self, now: float) -> None:
        """One try has ended."""
        self._next = now + min(_FIRST_PAUSE * 2**self._tries, _LONGEST_PAUSE)
        self._tries += 1


class Relisting:
    """Has the page told its deals again. The promise: never while an order is on the page."""

    def __init__(
        self, orders: Orders, hands: Callable[[], Hands | None], turn: asyncio.Lock, now: Callable[[], Millis]
    ) -> None:
        """`turn` is held by whoever places an order; `now` is this machine's clock."""
        self._orders = orders
        self._hands = hands
        self._turn = turn
        self._now = now

    async def run(self) -> Never:
        """Look for doubts until cancelled."""
        patience, clock = Patience(), asyncio.get_running_loop().time
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            hands = self._hands()
            if hands is not None and patience.is_due(self._orders.helped(self._now()), clock()):
                async with self._turn:
                    await self._relist(hands)
                patience.tried(clock())

    async def _relist(self, hands: Hands) -> None:
        try:
            told = await hands.relist()
        except (PageError, Disconnected) as problem:
            log.info("deals not told again", reason=str(problem))
        else:
            log.info("deals told again" if told else "deals not told again, the page may not be reloaded")
