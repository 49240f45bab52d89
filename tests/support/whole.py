"""Everything that a request goes through: practice broker, Chrome, mosquitto, daemon, and somebody who asks by MQTT."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from qfluxd.daemon import Daemon
from qfluxd.practice.server import PracticeBroker
from tests.support.asker import Asker, open_asker
from tests.support.brokers import broker
from tests.support.daemons import Facts, chrome, daemon, practice
from tests.support.lab import hand as line_to
from tests.support.lab import in_tab

ROOMY: dict[str, object] = {
    "risk__max_stake": 1_000,
    "risk__max_open": 100,
    "risk__max_daily_loss": 1_000_000,
    "risk__orders_per_minute": 600,
    "risk__answer_within": 2,
}
"""Limits that no test reaches by chance, and a broker that is given up on soon."""


TRADE = {"asset": "EURUSD_otc", "side": "call", "stake": 1, "expiry": "5s"}


class Whole:
    """A daemon at a time, on a Chrome and brokers that outlive it."""

    def __init__(self, folder: Path, market: PracticeBroker, asker: Asker, endpoint: str, mqtt_port: int) -> None:
        self.folder = folder
        self.practice = market
        self.asker = asker
        self.facts = Facts()
        self.endpoint = endpoint
        self.mqtt_port = mqtt_port
        self._count = 0

    @property
    def options(self) -> dict[str, object]:
        """What a daemon is told of where everything is."""
        return {
            "chrome__endpoint": self.endpoint,
            "chrome__reload_on_attach": True,
            "driver__pocketoption__pages": [self.practice.url, f"{self.practice.origin}/*"],
            "mqtt__port": self.mqtt_port,
            "store__parquet": False,
        }

    @asynccontextmanager
    async def daemon(self, file: object = "/dev/null", **overrides: object) -> AsyncIterator[Daemon]:
        """A daemon that is ready, with options over those of a file; stopped in order on the way out."""
        self.asker.forget()
        async with daemon(self.folder, file, **(self.options | ROOMY | overrides)) as (running, self.facts):
            await self.asker.ready()
            yield running

    async def send(self, command: str, ident: str = "", within: float = 20, **arguments: object) -> dict[str, Any]:
        """The final answer to a request."""
        self._count += 1
        return await self.asker.ask(command, ident or f"ask-{self._count}", within, **arguments)

    async def data(self, command: str, within: float = 20, **arguments: object) -> Any:
        """The data of a request that was done."""
        answer = await self.send(command, "", within, **arguments)
        assert answer["status"] == "ok", answer
        return answer["data"]

    async def place(self, ident: str, within: float = 20, **other: object) -> dict[str, Any]:
        """The final answer to a small trade, or to one with other fields."""
        return await self.send("trade/open", ident, within, **(TRADE | other))

    async def js(self, expression: str) -> Any:
        """The value of an expression in the trading page, asked past the daemon."""
        async with line_to(self.endpoint) as line:
            targets = (await line.call("Target.getTargets", {}))["targetInfos"]
            [target] = [t["targetId"] for t in targets if t["type"] == "page" and self.practice.origin in t["url"]]
            told = await in_tab(line, target, "Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")


@asynccontextmanager
async def open_whole(folder: Path, *, real: bool = False, **options: object) -> AsyncIterator[Whole]:
    """All of it but the daemon, with the demo or the real account in front; `options` are the practice broker's."""
    async with AsyncExitStack() as stack:
        mqtt = await stack.enter_async_context(broker(folder))
        market = await stack.enter_async_context(practice(**options))
        browser = await stack.enter_async_context(chrome(folder / "chrome", market.real_url if real else market.url))
        asker = await stack.enter_async_context(open_asker(mqtt.port))
        yield Whole(folder / "state", market, asker, browser.endpoint, mqtt.port)


@asynccontextmanager
async def held(folder: Path) -> AsyncIterator[Whole]:
    """All of it with a daemon, opened and closed by a task of its own: the two halves of a fixture are two tasks."""
    opened: asyncio.Future[Whole] = asyncio.get_running_loop().create_future()
    over = asyncio.Event()

    async def hold() -> None:
        async with open_whole(folder) as whole, whole.daemon():
            opened.set_result(whole)
            await over.wait()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(hold(), name="whole")
        yield await opened
        over.set()
