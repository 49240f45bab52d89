"""The whole way to a trading page for tests: practice broker, browser, and the real driver with its hands on it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from qfluxd.chrome.launch import launched
from qfluxd.drivers.pocketoption.driver import Config, PocketOption
from qfluxd.model import Asset, Assets, Event, Favorites, History, Millis, Note
from qfluxd.ports import Hands, Surroundings
from qfluxd.practice.broker import PracticeBroker
from qfluxd.practice.server import PracticeOptions, serve
from qfluxd.settings import ChromeSettings
from tests.support.lab import hand as line_to
from tests.support.lab import in_tab


class Listener:
    """An ear that keeps the newest event of each kind, and every alert as (code, sentence)."""

    def __init__(self) -> None:
        self.newest: dict[type, Any] = {}
        self.alerts: list[tuple[str, str]] = []
        self._news = asyncio.Event()

    def hear(self, at: Millis, event: Event) -> None:
        """Take an event."""
        self.newest[type(event)] = event
        self._news.set()

    def beat(self, at: Millis) -> None:
        """Time passes."""

    def on_feed_lost(self) -> None:
        """Nothing is folded here."""

    def hear_note(self, at: Millis, note: Note) -> None:
        """Nothing is replayed here."""

    def on_order_unclear(self, at: Millis) -> None:
        """Nothing is traded here."""

    def alert(self, code: str, detail: str, at: Millis) -> None:
        """What a person would be told."""
        self.alerts.append((code, detail))
        self._news.set()

    async def until(self, done: Callable[[], object]) -> None:
        """Wait until what was heard fulfils a condition."""
        async with asyncio.timeout(20):
            while not done():
                self._news.clear()
                await self._news.wait()


class Stand:
    """A practice broker with its page in a browser, and the driver that works it."""

    def __init__(self, practice: PracticeBroker, driver: PocketOption, endpoint: str, state_dir: Path) -> None:
        self.practice = practice
        self.driver = driver
        self.state_dir = state_dir
        self.ear = Listener()
        self._endpoint = endpoint
        self._target = ""

    @property
    def hands(self) -> Hands:
        """The driver's hands."""
        return self.driver.hands

    @property
    def assets(self) -> dict[str, Asset]:
        """The broker's list, by symbol."""
        return {asset.symbol: asset for asset in self.ear.newest[Assets].assets}

    @property
    def favourites(self) -> tuple[str, ...]:
        """The symbols that the broker has starred."""
        symbols: tuple[str, ...] = self.ear.newest[Favorites].symbols
        return symbols

    async def open(self, url: str) -> None:
        """Open an address in a tab of its own, in front."""
        async with line_to(self._endpoint) as line:
            self._target = (await line.call("Target.createTarget", {"url": url}))["targetId"]

    async def close(self) -> None:
        """Close that tab."""
        async with line_to(self._endpoint) as line:
            await line.call("Target.closeTarget", {"targetId": self._target})

    async def js(self, expression: str) -> Any:
        """The value of an expression in the page, asked past the driver."""
        async with line_to(self._endpoint) as line:
            told = await in_tab(line, self._target, "Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")


@asynccontextmanager
async def stand(folder: Path, options: PracticeOptions | None = None) -> AsyncIterator[Stand]:
    """All of it, once the page has been told its history."""
    blank = ChromeSettings(endpoint="http://127.0.0.1:0", headless=True)
    async with serve(options or PracticeOptions()) as practice, launched(blank, folder) as chrome:
        chosen = ChromeSettings(endpoint=chrome.endpoint, reload_on_attach=True)
        surroundings = Surroundings(chosen, folder, lambda _: None)
        driver = PocketOption(Config(pages=(f"{practice.origin}/*",)), surroundings)
        made = Stand(practice, driver, chrome.endpoint, folder)
        async with asyncio.TaskGroup() as group:
            running = group.create_task(driver.run(made.ear), name="driver")
            await made.open(practice.url)
            await made.ear.until(lambda: History in made.ear.newest)
            yield made
            running.cancel()
