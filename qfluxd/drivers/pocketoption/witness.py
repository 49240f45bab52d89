"""What was heard of orders on the page's sockets, so that nobody has to guess whether one went out."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from qfluxd.model import DealOpened, Event, Frame, OrderRefused, OrderSent

type OrderEvent = OrderSent | DealOpened | OrderRefused

_KEEP: Final = 256

ASKS: Final = (b'"open', b'"copy', b'"deals/')
"""What is in every frame that asks for a deal."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A point in what was heard: how much had been, and how many frames had passed unseen."""

    count: int
    unseen: int


class Witness:
    """Remembers the latest words about orders, in the order they were heard.

    The promise: `clear_since` says that no order left the page only while every frame since the mark was heard, and
    counts frames that nobody could read as orders.
    """

    def __init__(self, unseen: Callable[[], int] = lambda: 0) -> None:
        """`unseen` counts the frames that may have asked for a deal and were not shown to anyone."""
        self._unseen = unseen
        self._heard: deque[tuple[int, OrderEvent]] = deque(maxlen=_KEEP)
        self._count = 0
        self._asked = 0
        self._lost = 0
        self._waiting: set[asyncio.Event] = set()

    @property
    def unseen(self) -> int:
        """How many frames that may have asked for a deal have been shown to nobody so far."""
        return self._unseen()

    def see(self, frame: Frame) -> bool:
        """Take a frame before anyone reads it; whether it looks like one that asks for a deal."""
        if not (frame.sent and any(word in frame.data for word in ASKS)):
            return False
        self._asked = self._count = self._count + 1
        self._wake()
        return True

    def hear(self, event: Event) -> None:
        """Take an event that is about an order; all others are passed over."""
        if isinstance(event, OrderSent | DealOpened | OrderRefused):
            self._count += 1
            self._heard.append((self._count, event))
            self._wake()

    def lose(self) -> None:
        """Frames were missed, or the line to the page ended: nobody knows what went by."""
        self._lost = self._count = self._count + 1
        self._wake()

    def mark(self) -> Mark:
        """Where we are now, to ask about what comes after it."""
        return Mark(self._count, self._unseen())

    def since(self, mark: Mark) -> tuple[OrderEvent, ...]:
        """What was said of orders after a mark, oldest first."""
        return tuple(event for count, event in self._heard if count > mark.count)

    def asked_since(self, mark: Mark) -> bool:
        """Whether the page was seen asking for a deal after a mark."""
        return self._asked > mark.count

    def clear_since(self, mark: Mark) -> bool:
        """Whether nothing after a mark asked for a deal, and nothing was missed."""
        return self._asked <= mark.count and self._lost <= mark.count and self._unseen() == mark.unseen

    async def wait_asked(self, mark: Mark, seconds: float) -> bool:
        """Wait until the page has asked for a deal; false when it has not in that time."""
        return await self._wait(lambda: self.asked_since(mark), seconds)

    async def wait_heard(self, mark: Mark, kinds: tuple[type[OrderEvent], ...], seconds: float) -> bool:
        """Wait until one of these was said after a mark; false when it was not in that time."""
        return await self._wait(lambda: any(isinstance(event, kinds) for event in self.since(mark)), seconds)

    async def _wait(self, so: Callable[[], bool], seconds: float) -> bool:
        news = asyncio.Event()
        self._waiting.add(news)
        try:
            async with asyncio.timeout(seconds):
                while not so():
                    news.clear()
                    await news.wait()
        except TimeoutError:
            return False
        else:
            return True
        finally:
            self._waiting.discard(news)

    def _wake(self) -> None:
        for news in self._waiting:
            news.set()
