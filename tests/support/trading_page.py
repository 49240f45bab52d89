"""A trading page for orders: practice broker, browser and the real driver's hands, with a permit that notes all."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from pathlib import Path
from time import time_ns
from typing import Any

import msgspec

from qfluxd.chrome.cdp import Connection
from qfluxd.chrome.launch import Chrome, launched
from qfluxd.drivers.pocketoption.driver import Config, PocketOption, connect
from qfluxd.model import Asset, Assets, ChartShown, Event, History, Millis, Note, Order, Placed, Refusal, Side, Sighting
from qfluxd.ports import Surroundings
from qfluxd.practice.broker import PracticeBroker
from qfluxd.practice.orderlog import OrderSeen
from qfluxd.practice.server import PracticeOptions, serve
from qfluxd.practice.traps import Traps
from qfluxd.settings import ChromeSettings
from tests.support.lab import hand as line_to


@dataclass
class NotedPermit:
    """Lets every click and every yes through but those that `refuse` and `stop` turn down; notes all it was told."""

    refuse: Callable[[Sighting], Refusal | None] = lambda _: None
    stop: Callable[[Sighting], Refusal | None] = lambda _: None
    asked: list[Sighting] = field(default_factory=list)
    clicks: list[tuple[int, bool | None]] = field(default_factory=list)
    went_on: list[Sighting] = field(default_factory=list)

    def ask(self, sighting: Sighting, attempt: int) -> Refusal | None:
        """Note what is shown."""
        assert attempt == len(self.asked) + 1, "attempts count from 1 without a gap"
        assert all(landed is False for _, landed in self.clicks), "no click after one that may have landed"
        refusal = self.refuse(sighting)
        if refusal is None:
            self.asked.append(sighting)
        return refusal

    def still(self, sighting: Sighting) -> Refusal | None:
        """Note what is shown beside the page's question."""
        assert len(self.asked) == len(self.clicks) + 1, "a question belongs to a click that is not decided yet"
        refusal = self.stop(sighting)
        if refusal is None:
            self.went_on.append(sighting)
        return refusal

    def clicked(self, attempt: int, landed: bool | None) -> None:
        """Note what became of a click."""
        assert attempt == len(self.asked)
        self.clicks.append((attempt, landed))


class Listener:
    """An ear that remembers what it heard, and lets a test wait for it."""

    def __init__(self) -> None:
        self.heard: list[Event] = []
        self.alerts: list[tuple[str, str]] = []
        self._news = asyncio.Event()

    def hear(self, at: Millis, event: Event) -> None:
        """Remember an event."""
        self.heard.append(event)
        self._news.set()

    def beat(self, at: Millis) -> None:
        """Time means nothing here."""

    def on_feed_lost(self) -> None:
        """Nor do losses."""

    def hear_note(self, at: Millis, note: Note) -> None:
        """Nothing is replayed here."""

    def on_order_unclear(self, at: Millis) -> None:
        """Nor does what was not read."""

    def alert(self, code: str, detail: str, at: Millis) -> None:
        """Remember an alert."""
        self.alerts.append((code, detail))

    async def until(self, true: Callable[[], object], within: float = 20) -> None:
        """Return when this has become true; looks again at every event."""
        async with asyncio.timeout(within):
            while not true():
                self._news.clear()
                await self._news.wait()


class Desk:
    """What a test holds: the practice broker, the driver and the permit of the newest order."""

    def __init__(self, practice: PracticeBroker, chrome: Chrome, line: Connection, folder: Path) -> None:
        self._line = line
        self._session: str | None = None
        self.practice = practice
        self.chrome = chrome
        self.folder = folder
        self.ear = Listener()
        self.passed: list[str] = []
        self.on_point: Callable[[str], None] = lambda _: None
        self.permit = NotedPermit()
        settings = ChromeSettings(endpoint=chrome.endpoint, reload_on_attach=True)
        config = Config(pages=(f"{practice.origin}/*",))
        self.driver: PocketOption = connect(
            config, Surroundings(settings, folder, lambda _: None, passing=self._passing)
        )
        self._numbers = count(1)
        self._orders = 0

    @property
    def orders(self) -> list[OrderSeen]:
        """What reached the broker since the last `lay`."""
        return list(self.practice.orders[self._orders :])

    async def lay(self, **traps: Any) -> None:
        """Set these traps and no others on a page that is loaded anew."""
        await self.practice.set_traps(Traps())
        await self.practice.settle_now()
        self.practice.account.chart.update({"symbol": "EURUSD_otc", "demoDealAmount": 10, "fastTimeframe": 60})
        await self.practice.set_traps(Traps(**traps))
        since = len(self.ear.heard)
        assert await self.driver.hands.relist()
        await self.ear.until(lambda: any(isinstance(event, History) for event in self.ear.heard[since:]))
        self.forget()

    def forget(self) -> None:
        """From here on count orders and points anew."""
        self._orders = len(self.practice.orders)
        self.passed.clear()
        self.on_point = lambda _: None

    def order(
        self, asset: str = "EURUSD_otc", side: Side = "call", stake: str = "10", expiry: Millis = 60_000
    ) -> Order:
        """An order with an id of its own; as it stands, the page needs not be changed for it."""
        ident = f"order-{next(self._numbers)}"
        return Order(ident, ident, asset, side, Decimal(stake), expiry, time_ns() // 1_000_000)

    async def place(self, order: Order, permit: NotedPermit | None = None) -> Placed:
        """Have it placed, with a permit of its own."""
        self.permit = permit or NotedPermit()
        return await self.driver.hands.place(order, self.permit)

    @property
    def assets(self) -> tuple[Asset, ...]:
        """What the broker trades, as it said last."""
        lists = [event for event in self.ear.heard if isinstance(event, Assets)]
        return lists[-1].assets

    async def js(self, expression: str) -> Any:
        """The value of an expression in the page, among its own scripts."""
        asked = {"expression": expression, "returnByValue": True, "awaitPromise": True}
        answer = await self._line.call("Runtime.evaluate", asked, await self._tab())
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def diagnostics(self, placed: Placed) -> dict[str, Any]:
        """What was written down of it."""
        assert placed.artifacts is not None
        found: dict[str, Any] = msgspec.json.decode((self.folder / placed.artifacts / "diagnostics.json").read_bytes())
        return found

    async def _tab(self) -> str:
        """A session of the test's own with the page."""
        if self._session is None:
            told = await self._line.call("Target.getTargets")
            page = next(target for target in told["targetInfos"] if target["url"].startswith(self.practice.origin))
            attached = await self._line.call("Target.attachToTarget", {"targetId": page["targetId"], "flatten": True})
            self._session = str(attached["sessionId"])
        return self._session

    def _passing(self, point: str) -> None:
        self.passed.append(point)
        self.on_point(point)


@asynccontextmanager
async def trading_page(folder: Path, options: PracticeOptions | None = None) -> AsyncIterator[Desk]:
    """All of it, once the page's market socket has named its chart."""
    settings = ChromeSettings(endpoint="http://127.0.0.1:0", headless=True)
    async with serve(options or PracticeOptions()) as practice, launched(settings, folder, practice.url) as chrome:
        async with line_to(chrome.endpoint) as line, asyncio.TaskGroup() as group:
            desk = Desk(practice, chrome, line, folder)
            running = group.create_task(desk.driver.run(desk.ear))
            await desk.ear.until(lambda: any(isinstance(event, ChartShown) for event in desk.ear.heard))
            yield desk
            running.cancel()
