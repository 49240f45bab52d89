"""One practice broker, one Chrome, one MQTT broker, and daemon after daemon that is killed on them."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from time import monotonic
from typing import Any

from qfluxd.practice.server import PracticeBroker
from qfluxd.practice.traps import Traps
from tests.support.asker import Asker, open_asker
from tests.support.brokers import NAME, broker
from tests.support.daemons import chrome, practice

READY_WITHIN = 60.0
DEAD_WITHIN = 25.0
TOLD_WITHIN = 60.0
"""Seconds after a restart in which a doubtful order is resolved, or said to be unknown."""

TOO_HIGH = Decimal(200_000)
"""A stake that risk refuses, for the points of a refusal."""

DOUBTFUL = ("received", "intended", "clicking", "clicked")


@dataclass(slots=True)
class Death:
    """One kill, and what became of its order. `stage` is the journal's word at the end, `placed` the broker's count."""

    point: str
    request: str
    stake: Decimal
    died: bool = False
    stage: str = "none"
    code: str = ""
    placed: int = 0
    resolved_s: float = 0.0


class Lane:
    """Kills one daemon after the other.

    The promise: each order has a stake of its own, so the broker's list tells for certain how often it was placed.
    """

    def __init__(self, folder: Path, settings: Path, practice_broker: PracticeBroker, asker: Asker) -> None:
        self.deaths: list[Death] = []
        self._folder = folder
        self._settings = settings
        self._broker = practice_broker
        self._asker = asker
        self._daemon: asyncio.subprocess.Process | None = None
        self._asked = 0

    async def kill_at(self, point: str, again: str | None, number: int) -> Death:
        """One order on a daemon that dies at `point`, then the same request once more on the next daemon.

        With `again` a daemon between the two dies at that point while it takes up what the first one left.
        """
        too_high = point.startswith("refused.")
        stake = Decimal(number + 1) / 100 + (TOO_HIGH if too_high else 1)
        death = Death(point, f"{self._folder.name}-{number}", stake)
        self.deaths.append(death)
        await self._start(point)
        wanted: dict[str, Any] = {
            "asset": ("EURUSD_otc", "GBPUSD_otc")[number % 2],
            "side": ("call", "put")[number // 2 % 2],
            "stake": float(stake),
            "expiry": ("5s", "6s")[number // 4 % 2],
        }
        await self._asker.say("trade/open", id=death.request, **wanted)
        death.died = await self._wait_dead()
        if again is not None:
            await self._start(f"early:{again}")
            await self._end()
        began = monotonic()
        await self._start("never")
        asked_again = number % 3 > 0  # one in three never asks again: what was not written down must not be placed
        if asked_again:
            await self._asker.say("trade/open", id=death.request, **wanted)
        await self._wait_told(death, began, asked_again=asked_again)
        await self._end()
        return death

    async def set_traps(self, traps: Traps) -> None:
        """From now on the broker behaves so."""
        await self._broker.set_traps(traps)

    async def count(self) -> None:
        """Let everything come to its end, then compare the journal with the broker's list, order by order."""
        await self._start("never")
        await asyncio.sleep(12)  # the longest expiry, and the broker's answer to it
        for death in self.deaths:
            await self._look(death)
            death.placed = sum(order.stake == death.stake and order.deal is not None for order in self._broker.orders)
        await self._end()

    # ------------------------------------------------------------------------------------------- the daemon

    async def _start(self, point: str) -> None:
        self._asker.forget()
        with (self._folder / "daemon.log").open("ab") as log:
            self._daemon = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.crash.victim", str(self._settings), point, stderr=log, stdout=log
            )
        ready = asyncio.ensure_future(self._asker.ready(READY_WITHIN))
        dead = asyncio.ensure_future(self._daemon.wait())
        await asyncio.wait([ready, dead], return_when=asyncio.FIRST_COMPLETED)
        if dead.done():
            ready.cancel()
        else:
            dead.cancel()
            await ready

    async def _wait_dead(self) -> bool:
        """Whether it was killed; where the point is not on this order's way, it is stopped."""
        assert self._daemon is not None
        try:
            async with asyncio.timeout(DEAD_WITHIN):
                code = await self._daemon.wait()
        except TimeoutError:
            await self._end()
            return False
        return code == -9

    async def _end(self) -> None:
        assert self._daemon is not None
        with suppress(ProcessLookupError):
            self._daemon.kill()
        await self._daemon.wait()

    async def _wait_told(self, death: Death, began: float, *, asked_again: bool) -> None:
        while monotonic() - began < TOLD_WITHIN:
            known = await self._look(death)
            if (known and death.stage not in DOUBTFUL) or not (known or asked_again):
                break
            await asyncio.sleep(0.25)
        death.resolved_s = monotonic() - began

    async def _look(self, death: Death) -> bool:
        self._asked += 1
        answer = await self._asker.ask("trade/status", f"look-{self._asked}", trade=death.request)
        trade = (answer.get("data") or {}).get("trade")
        if trade:
            death.stage, death.code = trade["stage"], trade["code"]
        return bool(trade)


@asynccontextmanager
async def open_lane(folder: Path, traps: Traps) -> AsyncIterator[Lane]:
    """Everything that outlives a daemon, in one folder."""
    async with AsyncExitStack() as stack:
        mqtt = await stack.enter_async_context(broker(folder))
        market = await stack.enter_async_context(practice(traps=traps, balance=Decimal(1_000_000)))
        browser = await stack.enter_async_context(chrome(folder / "chrome", market.url))
        settings = folder / "settings.json"
        settings.write_text(json.dumps(_settings(folder, mqtt.port, browser.endpoint, market)))
        asker = await stack.enter_async_context(open_asker(mqtt.port))
        yield Lane(folder, settings, market, asker)


def _settings(folder: Path, mqtt_port: int, endpoint: str, market: PracticeBroker) -> dict[str, object]:
    return {
        "daemon.name": NAME,
        "daemon.state_dir": str(folder / "state"),
        "mqtt.start_broker": False,
        "mqtt.port": mqtt_port,
        "chrome.endpoint": endpoint,
        "chrome.reload_on_attach": True,
        "driver.pocketoption.pages": [market.url, f"{market.origin}/*"],
        "risk.max_stake": 100_000,
        "risk.max_open": 100,
        "risk.max_daily_loss": 1_000_000_000,
        "risk.orders_per_minute": 600,
        "risk.answer_within": 2,
        "store.parquet": False,
    }
