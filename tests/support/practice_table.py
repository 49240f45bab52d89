"""A practice broker with its page in a browser, laid anew for each test: where covers and trades are looked at."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from qfluxd.practice.orderlog import OrderSeen
from qfluxd.practice.server import PracticeBroker, PracticeOptions, serve
from qfluxd.practice.traps import Traps
from tests.support.tab import Tab, open_tab

CALL = "a.btn.btn-call"
PUT = "a.btn.btn-put"
AMOUNT = ".block--bet-amount input"
EXPIRY = ".block--expiration-inputs .value__val"
BALANCE = ".balance-info-block__balance .js-hd"
FRESH = {"symbol": "EURUSD_otc", "chartPeriod": 4, "demoDealAmount": 10, "fastTimeframe": 60}


class Table(NamedTuple):
    """A practice broker and its page, set up anew for each test."""

    practice: PracticeBroker
    tab: Tab

    async def lay(self, **traps: Any) -> None:
        """Load the page with these traps and no others, as it is when nobody has touched it."""
        await self.practice.set_traps(Traps(**traps))
        await self.practice.settle_now()
        self.practice.account.chart.update(FRESH)
        await self.tab.until(f"location.origin === {json.dumps(self.practice.origin)}")
        await self.tab.js("localStorage.clear()")
        await self.tab.go(self.practice.url)
        await self.tab.until("document.querySelector('.js-loading-container.hide')")

    async def there(self, selector: str) -> bool:
        """Whether the page holds such an element now."""
        return bool(await self.tab.js(f"!!document.querySelector({json.dumps(selector)})"))

    async def gone(self, selector: str) -> None:
        """Wait until the page holds no such element."""
        await self.tab.until(f"!document.querySelector({json.dumps(selector)})")

    async def free(self, selector: str, across: float = 0.5, down: float = 0.5) -> bool:
        """Whether a pointer at this part of an element's width and height would meet the element."""
        x, y = await self.at(selector, across, down)
        element = f"document.querySelector({json.dumps(selector)})"
        return bool(await self.tab.js(f"{element}.contains(document.elementFromPoint({x}, {y}))"))

    async def at(self, selector: str, across: float = 0.5, down: float = 0.5) -> tuple[float, float]:
        """A point of the window, by its part of an element's width and height."""
        x, y, width, height = await self.box(selector)
        return x + width * across, y + height * down

    async def box(self, selector: str) -> list[float]:
        """Where an element is: left, top, width, height."""
        element = f"document.querySelector({json.dumps(selector)})"
        box: list[float] = await self.tab.js(
            f"(({{x, y, width, height}}) => [x, y, width, height])({element}.getBoundingClientRect())"
        )
        return box

    async def press(self, selector: str, across: float = 0.5, down: float = 0.5) -> None:
        """Click with the mouse at this part of an element, whatever lies over it."""
        x, y = await self.at(selector, across, down)
        for kind in ("mousePressed", "mouseReleased"):
            await self.tab.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    async def dispatch(self, selector: str) -> None:
        """Click as a script does."""
        await self.tab.js(f"document.querySelector({json.dumps(selector)}).click()")

    async def orders(self, many: int, since: int) -> list[OrderSeen]:
        """Wait until so many orders have come since then; returns them."""
        for _ in range(500):
            if len(self.practice.orders) - since >= many:
                return list(self.practice.orders[since:])
            await asyncio.sleep(0.02)
        raise AssertionError(f"{len(self.practice.orders) - since} orders have come")

    async def only_a_dispatched_click_sends(self) -> None:
        """Click with the mouse, then as a script does, and find that the broker has heard of the second alone."""
        since = len(self.practice.orders)
        await self.press(CALL)
        await self.dispatch(PUT)
        assert [order.side for order in await self.orders(1, since)] == ["put"]


@asynccontextmanager
async def open_table(folder: Path) -> AsyncIterator[Table]:
    """A practice broker and a browser; may be left by another task than the one that entered, as fixtures do."""
    opened: asyncio.Future[Table] = asyncio.get_running_loop().create_future()
    over = asyncio.Event()

    async def hold() -> None:
        async with serve(PracticeOptions(seed=3)) as practice, open_tab(folder, practice.url) as tab:
            await tab.resize(1365, 900)
            opened.set_result(Table(practice, tab))
            await over.wait()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(hold(), name="practice and its page")
        yield await opened
        over.set()


def texts(selector: str) -> str:
    """An expression for the texts of all elements that match, each without its spaces."""
    return f"[...document.querySelectorAll({json.dumps(selector)})].map(e => e.textContent.replace(/\\s/g, ''))"
