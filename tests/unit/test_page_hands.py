"""The hands' own part in working the page: whose turn it is, and what becomes of what nobody expected of the page."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from qfluxd.chrome.cdp import Refused
from qfluxd.chrome.page import Box, Hand
from qfluxd.drivers.pocketoption.controls import looks
from qfluxd.drivers.pocketoption.controls.diagnostics import Trouble
from qfluxd.drivers.pocketoption.controls.grip import Grip, Page
from qfluxd.drivers.pocketoption.hands import Controls, PageHands
from qfluxd.drivers.pocketoption.told import Told
from qfluxd.errors import PageError
from qfluxd.model import Balance, LoggedIn, Order, Placed
from qfluxd.ports import Permit
from tests.support.trading_page import NotedPermit

ORDER = Order("1", "1", "EURUSD_otc", "call", Decimal(10), 60_000, 0)


class Odd(Hand):
    """A page that shows nothing that anybody knows."""

    def __init__(self) -> None:
        """There is nothing behind it."""

    @property
    def gone(self) -> bool:
        """It is there."""
        return False

    async def evaluate(self, script: str, argument: object = None, *, seconds: float = 5) -> Any:
        """Something of another shape, but for its address and what is kept of it."""
        if script == looks.IN_FRONT:
            return [True, "https://pocketoption.com/"]
        kept = isinstance(argument, dict) and "areas" in argument
        return {"html": "", "address": "https://pocketoption.com/"} if kept else {"odd": 1}

    async def screenshot(self, clip: Box | None = None, *, jpeg_quality: int | None = None) -> bytes:
        """A picture."""
        return b"PNG"


class Stand:
    """Hands on an odd page, which place an order when they are let."""

    def __init__(self, folder: Path) -> None:
        self.placing, self.go_on = asyncio.Event(), asyncio.Event()
        self.told = Told()
        self.lets = self.logs_in = True
        self.reloads: list[bool] = []
        self.hands = PageHands(
            Grip(lambda: Page("http://127.0.0.1:1", "tab"), take=self._take),
            self.told,
            Trouble(folder, lambda *_: None),
            self._place,
            self._reload,
        )

    @asynccontextmanager
    async def _take(self, endpoint: str, target: str) -> AsyncIterator[Hand]:
        yield Odd()

    async def _place(self, hand: Hand, controls: Controls, order: Order, permit: Permit) -> Placed:
        self.placing.set()
        await self.go_on.wait()
        return Placed(1, True, None, None, {})

    async def _reload(self, *, asked: bool = False) -> bool:
        self.reloads.append(asked)
        if asked and self.logs_in:
            self.told.hear(LoggedIn("conn"))
            self.told.hear(Balance(Decimal(5), "demo"))
        return asked and self.lets


@asynccontextmanager
async def running(folder: Path, reloads: asyncio.Queue[str], done: list[str]) -> AsyncIterator[Stand]:
    """Hands that also load tabs anew."""
    stand = Stand(folder)

    async def reload(target: str) -> None:
        done.append(target)
        if target == "stuck":
            raise Refused("a dialog may be open")

    async with asyncio.TaskGroup() as tasks:
        both = [
            tasks.create_task(stand.hands.run()),
            tasks.create_task(stand.hands.reload_on_request(reloads, reload)),
        ]
        yield stand
        for task in both:
            task.cancel()


async def test_no_page_is_loaded_anew_while_an_order_is_placed(tmp_path: Path) -> None:
    """It waits for its turn, and a tab that does not let itself be reloaded keeps none of the others from it."""
    reloads: asyncio.Queue[str] = asyncio.Queue()
    done: list[str] = []
    async with asyncio.timeout(5), running(tmp_path, reloads, done) as stand:
        placing = asyncio.ensure_future(stand.hands.place(ORDER, NotedPermit()))
        await stand.placing.wait()
        for target in ("stuck", "tab"):
            reloads.put_nowait(target)
        for _ in range(10):
            await asyncio.sleep(0)
        assert done == []
        stand.go_on.set()
        assert (await placing).landed is True
        await reloads.join()
        assert done == ["stuck", "tab"]


async def test_a_page_that_makes_no_sense_is_a_page_error(tmp_path: Path) -> None:
    """Whatever was looked at, nothing else comes out of the hands."""
    async with asyncio.timeout(5), running(tmp_path, asyncio.Queue(), []) as stand:
        for work in (
            stand.hands.scan,
            stand.hands.profile,
            stand.hands.close_modals,
            lambda: stand.hands.select_timeframe(60_000),
            lambda: stand.hands.set_stake(Decimal(1)),
        ):
            with pytest.raises(PageError) as raised:
                await work()
            assert raised.value.code == "control_missing"


async def test_the_page_is_reloaded_for_who_asks(tmp_path: Path) -> None:
    """It is asked for as the owner's own wish, and answered with the account once the page has logged in again."""
    async with asyncio.timeout(5), running(tmp_path, asyncio.Queue(), []) as stand:
        assert await stand.hands.reload() == "demo"
        assert stand.reloads == [True]


async def test_a_reload_that_the_page_does_not_take_is_a_page_error(tmp_path: Path) -> None:
    """A page that does not let itself be reloaded is told to be gone."""
    async with asyncio.timeout(5), running(tmp_path, asyncio.Queue(), []) as stand:
        stand.lets = False
        with pytest.raises(PageError) as raised:
            await stand.hands.reload()
        assert raised.value.code == "page_gone"
