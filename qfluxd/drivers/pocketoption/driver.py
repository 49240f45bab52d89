"""PocketOption as its own page shows it: waits for Chrome and the page, and listens."""

import asyncio
from contextlib import suppress
from time import time_ns
from typing import Never

import structlog
from pydantic import Field, field_validator

from qfluxd.beats import BEAT, Beats
from qfluxd.chrome.cdp import Refused
from qfluxd.chrome.launch import launched
from qfluxd.chrome.pages import page_matcher, start_page
from qfluxd.chrome.tap import Tap, open_tap
from qfluxd.drivers.pocketoption.codec import Codec
from qfluxd.drivers.pocketoption.controls.diagnostics import Trouble
from qfluxd.drivers.pocketoption.controls.grip import Grip
from qfluxd.drivers.pocketoption.follower import Follower
from qfluxd.drivers.pocketoption.hands import PageHands
from qfluxd.drivers.pocketoption.orders.placing import Placing
from qfluxd.drivers.pocketoption.page import ALWAYS_THERE
from qfluxd.drivers.pocketoption.pagelife import PageLife
from qfluxd.drivers.pocketoption.reach import Reach
from qfluxd.drivers.pocketoption.told import Told
from qfluxd.drivers.pocketoption.witness import ASKS, Witness
from qfluxd.errors import Disconnected, Unavailable
from qfluxd.keeping import keep
from qfluxd.model import Account, Frame, Millis, Situation
from qfluxd.ports import DriverHealth, Ear, Surroundings
from qfluxd.settings import Table

log = structlog.get_logger()

CONTROLS = ALWAYS_THERE
"""What is looked for, and never touched, to see whether the page can be worked."""

_CENSUS = 15.0
"""Seconds between two looks at which processes are Chrome's."""

_LOOK_FOR = 1.0
"""Seconds after attaching in which a page that is there has been told of."""

_RELAUNCH = 1.0
"""Seconds between the end of our own Chrome and its next start."""


class Config(Table):
    """[driver.pocketoption]: which page is the trading page, and what is expected of it."""

    pages: tuple[str, ...] = Field(
        default=("https://pocketoption.com/*",),
        min_length=1,
        description="patterns of the trading page's address; a practice page is one more pattern",
    )
    account: Account = Field(
        default="demo",
        description="the account that must be in front; another one is reported, and no order is clicked then",
    )
    server_offset: int = Field(
        default=7200,
        ge=-86_400,
        le=86_400,
        description="seconds the server's clock is ahead of UTC; a difference is reported",
    )

    @field_validator("pages")
    @classmethod
    def _addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        page_matcher(value)
        return value


def connect(config: Config, surroundings: Surroundings) -> "PocketOption":
    """The driver for `config`; opens nothing yet."""
    return PocketOption(config, surroundings)


class PocketOption:
    """Listens to the trading page in Chrome, whatever becomes of either, and lends its hands to who works it.

    The promise: by itself it only listens. It reloads a page only in a Chrome that it started, or where the owner
    allows it; and it closes no Chrome but its own.
    """

    def __init__(self, config: Config, surroundings: Surroundings) -> None:
        self._config = config
        self._chrome = surroundings.chrome
        self._state_dir = surroundings.state_dir
        self._see_frame = surroundings.see
        self._codec = Codec(config.server_offset)
        self._follower: Follower | None = None
        self._beats: Beats | None = None
        self._tap: Tap | None = None
        self._running = asyncio.Event()
        self._endpoint = self._chrome.endpoint
        self._connects = 0
        self._before = DriverHealth()
        self._pids: tuple[int, ...] = ()
        self._ear: Ear | None = None
        wish = self._chrome.reload_on_attach
        reach = self._reach = Reach(may_reload=self._chrome.launch if wish is None else wish)
        self._told = Told()
        self._witness = Witness(reach.unseen)
        trouble = self._trouble = Trouble(self._state_dir, self._alert)
        placing = Placing(
            self._told,
            self._witness,
            trouble,
            reach.caught_up,
            reach.in_front,
            surroundings.passing,
            surroundings.state_dir,
        )
        self._hands = PageHands(Grip(reach.where), self._told, trouble, placing.place, reach.reload)

    @property
    def server_offset(self) -> int:
        """As configured."""
        return self._config.server_offset

    @property
    def account(self) -> Account:
        """The account that must be in front for an order, as configured."""
        return self._config.account

    @property
    def hands(self) -> PageHands:
        """What works the trading page."""
        return self._hands

    def health(self) -> DriverHealth:
        """Counts since the start, over all lines to Chrome."""
        before, stats = self._before, None if self._tap is None else self._tap.stats
        return DriverHealth(
            frames=before.frames + (stats.frames if stats else 0),
            secrets=before.secrets + (stats.secrets if stats else 0),
            lost=before.lost + (stats.lost if stats else 0),
            queued=stats.queued if stats else 0,
            reconnects=max(0, self._connects - 1),
            events=dict(self._codec.counts),
            errors=dict(self._codec.errors),
            chrome_pids=self._pids,
            given_up=self._trouble.given_up,
        )

    async def run(self, ear: Ear) -> Never:
        """Listen until cancelled."""
        self._ear = ear
        follower = self._follower = Follower(
            self._codec, ear, self._config.account, told=self._told, witness=self._witness
        )
        beats = self._beats = Beats(ear)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._beat(beats), name="beat")
            group.create_task(self._hands.run(), name="hands")
            follower.say(_now(), Situation("waiting_chrome", "Chrome is being looked for"))
            if self._chrome.launch:
                group.create_task(self._keep_chrome(follower), name="chrome")
            else:
                self._running.set()
            await keep(lambda: self._listen(ear, follower), lambda lost: self._on_lost(follower, lost))
        raise AssertionError("the driver listens until cancelled")

    # --------------------------------------------------------------------------------------------- chrome

    async def _keep_chrome(self, follower: Follower) -> Never:
        """A Chrome of our own, started again whenever it ends."""
        start = start_page(self._config.pages)
        while True:
            try:
                async with launched(self._chrome, self._state_dir, start) as chrome:
                    self._endpoint = chrome.endpoint
                    self._running.set()
                    code = await chrome.wait()
                reason = f"our Chrome ended (exit code {code}) and is started again"
            except Unavailable as problem:
                reason = str(problem)
            self._running.clear()
            follower.say(_now(), Situation("waiting_chrome", reason))
            await asyncio.sleep(_RELAUNCH)

    async def _listen(self, ear: Ear, follower: Follower) -> None:
        """One line to Chrome, from connecting to its end."""
        await self._running.wait()
        pages = PageLife(self._config.pages, ear, follower, self._on_frame, may_reload=self._reach.may_reload)
        line = open_tap(self._endpoint, self._config.pages, see=self._on_frame, tell=pages.on_event, words=ASKS)
        async with line as tap:
            self._tap = tap
            self._reach.begin(self._endpoint, tap, pages)
            self._connects += 1
            log.info("attached", browser=tap.browser.name, endpoint=self._endpoint)
            pages.on_attached()
            looked = asyncio.get_running_loop().call_later(_LOOK_FOR, pages.on_looked)
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._count_processes(tap), name="chrome census")
                    group.create_task(self._hands.reload_on_request(pages.reloads, tap.reload), name="page reload")
                    await tap.run()
            finally:
                looked.cancel()
                self._before = self.health()
                self._tap = None
                self._reach.end()
                pages.on_detached()
                self._pids = ()

    def _alert(self, code: str, detail: str) -> None:
        if self._ear is not None:
            self._ear.alert(code, detail, _now())

    def _on_lost(self, follower: Follower, lost: Disconnected) -> None:
        follower.say(_now(), Situation("waiting_chrome", str(lost)))

    def _on_frame(self, frame: Frame) -> None:
        assert self._follower is not None
        assert self._beats is not None
        self._beats.up_to(frame.at)
        self._see_frame(frame)
        self._follower.see(frame)

    async def _beat(self, beats: Beats) -> Never:
        """Time passes also when nothing is heard, but never ahead of frames that still wait."""
        while True:
            await asyncio.sleep(BEAT / 1000)
            assert self._follower is not None
            self._follower.look_for_unseen(_now())
            if self._tap is None or not self._tap.stats.queued:
                beats.up_to(_now())

    async def _count_processes(self, tap: Tap) -> Never:
        while True:
            with suppress(TimeoutError, Refused):  # a busy Chrome; the next look may find it
                self._pids = tuple(pid for _, pid in await tap.processes())
            await asyncio.sleep(_CENSUS)


def _now() -> Millis:
    return time_ns() // 1_000_000
