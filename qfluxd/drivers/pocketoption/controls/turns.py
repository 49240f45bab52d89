"""Whose turn it is to work the page: one at a time, orders before everything else that waits."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turns:
    """A queue with two lanes.

    The promise: never two turns at once; an order waits only for the turn that is being taken and for orders before
    it.
    """

    def __init__(self) -> None:
        self._taken = False
        self._orders: deque[asyncio.Future[None]] = deque()
        self._others: deque[asyncio.Future[None]] = deque()

    @property
    def taken(self) -> bool:
        """Whether somebody has the turn now."""
        return self._taken

    @asynccontextmanager
    async def turn(self, *, order: bool = False) -> AsyncIterator[None]:
        """Wait for a turn, and have it while the block runs."""
        await self._take(self._orders if order else self._others)
        try:
            yield
        finally:
            self._pass_on()

    async def _take(self, lane: deque[asyncio.Future[None]]) -> None:
        if not self._taken:
            self._taken = True
            return
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        lane.append(mine)
        try:
            await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled():
                self._pass_on()  # the turn had just come
            else:
                lane.remove(mine)
            raise

    def _pass_on(self) -> None:
        for lane in (self._orders, self._others):
            while lane:
                following = lane.popleft()
                if not following.done():
                    following.set_result(None)
                    return
        self._taken = False
