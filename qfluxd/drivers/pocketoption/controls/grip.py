"""Keeps the hand on the trading page: taken when it is needed, let go when it has long not been."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Never

import structlog

from qfluxd.chrome.page import Hand, open_hand
from qfluxd.errors import Disconnected

log = structlog.get_logger()

IDLE = 600.0
"""Seconds without work after which the page is let go: being attached costs Chrome and us time."""

_TAKES = 30.0
"""Seconds in which a page that lets itself be taken in hand has been, the one before it let go."""

_OVER = "the page is not held any more: the daemon is leaving it"


@dataclass(frozen=True, slots=True)
class Page:
    """Where the trading page is: Chrome's debugging address, and its name for the tab."""

    endpoint: str
    target: str


type Where = Callable[[], Page]
"""Tells where the trading page is now; raises `PageError` (``no_page``) while there is none."""

type OpenHand = Callable[[str, str], AbstractAsyncContextManager[Hand]]


class Grip:
    """The one hand on the trading page.

    The promise: `hold` gives a hand on the page that is the trading page now. It is opened and closed in `run` alone,
    so that leaving works whoever is cancelled.
    """

    def __init__(self, where: Where, *, idle: float = IDLE, take: OpenHand = open_hand) -> None:
        """`idle` is in seconds."""
        self._where = where
        self._idle = idle
        self._take = take
        self._wanted: asyncio.Queue[tuple[Page, asyncio.Future[Hand]]] = asyncio.Queue()
        self._held: tuple[Page, Hand] | None = None
        self._leave = asyncio.Event()
        self._stirred = asyncio.Event()
        self._busy = False
        self._ended = False

    async def run(self) -> Never:
        """Hold the page while it is worked, until cancelled."""
        try:
            while True:
                page, asked = await self._wanted.get()
                if not asked.done():
                    await self._attached(page, asked)
        finally:
            self._ended = True
            while not self._wanted.empty():
                _fail(self._wanted.get_nowait()[1], _OVER)

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[Hand]:
        """The hand, for one piece of work at a time.

        Raises:
            PageError: there is no trading page.
            Disconnected: it cannot be taken in hand.
        """
        hand = await self._hand()
        self._busy = True
        try:
            yield hand
        except Disconnected:
            self._leave.set()
            raise
        finally:
            self._busy = False
            self._stirred.set()

    async def _hand(self) -> Hand:
        if self._ended:
            raise Disconnected(_OVER)
        page = self._where()
        if self._held is not None and self._held[0] == page and not self._held[1].gone and not self._leave.is_set():
            return self._held[1]
        self._leave.set()
        self._stirred.set()
        asked: asyncio.Future[Hand] = asyncio.get_running_loop().create_future()
        self._wanted.put_nowait((page, asked))
        try:
            async with asyncio.timeout(_TAKES):
                return await asked
        except TimeoutError:
            raise Disconnected("the page could not be taken in hand in time") from None

    async def _attached(self, page: Page, asked: asyncio.Future[Hand]) -> None:
        """Hold the page from now until it is to be left, or has not been worked for long."""
        try:
            async with self._take(page.endpoint, page.target) as hand:
                log.info("page taken in hand")
                self._leave.clear()
                self._held = (page, hand)
                if not asked.done():
                    asked.set_result(hand)
                while await self._needed():
                    pass
                self._held = None
                log.info("page let go")
        except Disconnected as lost:
            log.info("page not in hand", reason=str(lost))
            _fail(asked, str(lost))
        finally:
            self._held = None
            _fail(asked, _OVER)

    async def _needed(self) -> bool:
        """Wait for the hand to be used, or to be left; whether it is to be kept then."""
        self._stirred.clear()
        if self._leave.is_set():
            return False
        try:
            async with asyncio.timeout(self._idle):
                await self._stirred.wait()
        except TimeoutError:
            return self._busy
        return not self._leave.is_set()


def _fail(asked: asyncio.Future[Hand], reason: str) -> None:
    if not asked.done():
        asked.set_exception(Disconnected(reason))
