"""How the page is taken in hand and let go, with hands that only say when they are."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import pytest

from qfluxd.chrome.page import Hand
from qfluxd.drivers.pocketoption.controls.grip import Grip, Page
from qfluxd.errors import Disconnected, PageError


class Held:
    """A hand as far as a grip looks at it."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.gone = False
        self.shut = asyncio.Event()

    @property
    def open(self) -> bool:
        """Whether it still holds the tab."""
        return not self.shut.is_set()


class Chrome:
    """Tabs to be taken in hand; `page` is the trading page now, None while there is none."""

    def __init__(self) -> None:
        self.page: Page | None = Page("http://127.0.0.1:1", "tab")
        self.hands: list[Held] = []
        self.refuses = False
        self.stuck = False

    def where(self) -> Page:
        """Where the trading page is."""
        if self.page is None:
            raise PageError("no_page", "there is none")
        return self.page

    @asynccontextmanager
    async def take(self, endpoint: str, target: str) -> AsyncIterator[Hand]:
        """Open a hand."""
        if self.refuses:
            raise Disconnected("no such tab")
        if self.stuck:
            await asyncio.Event().wait()
        held = Held(target)
        self.hands.append(held)
        try:
            yield cast(Hand, held)
        finally:
            await asyncio.sleep(0)
            held.shut.set()


@asynccontextmanager
async def gripping(chrome: Chrome, idle: float = 60) -> AsyncIterator[Grip]:
    """A grip that runs for as long as the block does."""
    grip = Grip(chrome.where, idle=idle, take=chrome.take)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(grip.run())
        yield grip
        running.cancel()


async def hold(grip: Grip) -> None:
    """Have the page for a moment."""
    async with grip.hold():
        pass


async def test_the_page_is_taken_at_the_first_work_and_kept() -> None:
    """Nothing is opened before it is needed, and the same hand serves from then on."""
    chrome = Chrome()
    async with gripping(chrome) as grip:
        assert chrome.hands == []
        async with grip.hold() as first:
            pass
        async with grip.hold() as second:
            assert second is first
        assert len(chrome.hands) == 1
        assert chrome.hands[0].open
    assert not chrome.hands[0].open


async def test_the_page_is_let_go_when_it_has_long_not_been_worked() -> None:
    """And taken again at the next work; work that lasts longer than that keeps it."""
    chrome = Chrome()
    async with gripping(chrome, idle=0.02) as grip:
        async with grip.hold():
            await asyncio.sleep(0.1)
            assert chrome.hands[0].open
        async with asyncio.timeout(5):
            await chrome.hands[0].shut.wait()
        async with grip.hold() as hand:
            assert hand.target == "tab"
        assert len(chrome.hands) == 2


async def test_another_page_is_taken_when_it_is_the_trading_page() -> None:
    """The hand on the one before is let go first."""
    chrome = Chrome()
    async with gripping(chrome) as grip:
        async with grip.hold():
            pass
        chrome.page = Page("http://127.0.0.1:1", "other")
        async with grip.hold() as hand:
            assert hand.target == "other"
            assert [held.open for held in chrome.hands] == [False, True]


@pytest.mark.parametrize("how", ["gone", "disconnected"])
async def test_a_hand_that_was_lost_is_taken_anew(how: str) -> None:
    """Whether it says so itself or a piece of work found out; the error reaches who worked."""
    chrome = Chrome()
    async with gripping(chrome) as grip:
        if how == "gone":
            async with grip.hold():
                pass
            chrome.hands[0].gone = True
        else:
            with pytest.raises(Disconnected):
                async with grip.hold():
                    raise Disconnected("Chrome went")
        async with grip.hold():
            assert len(chrome.hands) == 2


async def test_without_a_page_or_a_way_to_it_the_asker_is_told() -> None:
    """Each with its own error, and the next one may do better."""
    chrome = Chrome()
    async with gripping(chrome) as grip:
        chrome.refuses = True
        with pytest.raises(Disconnected, match="no such tab"):
            async with grip.hold():
                pass
        chrome.refuses, page, chrome.page = False, chrome.page, None
        with pytest.raises(PageError, match="there is none"):
            async with grip.hold():
                pass
        chrome.page = page
        async with grip.hold():
            assert chrome.hands[-1].open


async def test_nobody_waits_for_a_grip_that_has_ended() -> None:
    """Neither those who ask then nor those who asked before."""
    chrome = Chrome()
    async with gripping(chrome) as grip:
        chrome.stuck = True
        asking = asyncio.ensure_future(hold(grip))
        await asyncio.sleep(0)
    for asker in (asking, hold(grip)):
        with pytest.raises(Disconnected):
            await asker
