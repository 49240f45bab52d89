"""What is done by the clock: pictures by schedule, and clearing away what is too old or too much."""

import asyncio
from collections.abc import Awaitable, Callable
from time import time_ns
from typing import Never

import structlog

from qfluxd.errors import QfluxdError
from qfluxd.housekeeping import Chore, Housekeeping, Tell
from qfluxd.model import Millis
from qfluxd.screenshots import Screenshots
from qfluxd.settings import ScreenshotSettings
from qfluxd.sights import What

log = structlog.get_logger()

TIDY_EVERY = "1h"


class Chores:
    """The daemon's own jobs. The promise: new settings hold from the moment they are given.

    `take` takes and publishes a picture and does nothing where there is no page to take one of.
    """

    def __init__(
        self,
        settings: ScreenshotSettings,
        screenshots: Screenshots,
        take: Callable[[What], Awaitable[None]],
        alert: Tell,
        now: Callable[[], Millis] = lambda: time_ns() // 1_000_000,
    ) -> None:
        self._settings = settings
        self._screenshots = screenshots
        self._take = take
        self._alert = alert
        self._now = now
        self._changed = asyncio.Event()

    def reconfigure(self, settings: ScreenshotSettings) -> None:
        """Go by these settings from now on."""
        if settings != self._settings:
            self._settings = settings
            self._screenshots.reconfigure(settings)
            self._changed.set()

    async def run(self) -> Never:
        """Clear away at once, then do what is due, until cancelled."""
        await self._tidy_first()
        while True:
            self._changed.clear()
            async with asyncio.TaskGroup() as group:
                work = group.create_task(Housekeeping(self._due(), self._alert).run(), name="housekeeping")
                await self._changed.wait()
                work.cancel()

    def _due(self) -> list[Chore]:
        chores = [Chore("tidy", TIDY_EVERY, self._tidy)]
        if self._settings.every is not None:
            chores.append(Chore("screenshot", self._settings.every, self._picture))
        return chores

    async def _picture(self) -> None:
        await self._take(self._settings.what)

    async def _tidy(self) -> None:
        await self._screenshots.tidy(self._now())

    async def _tidy_first(self) -> None:
        try:
            await self._tidy()
        except QfluxdError as problem:  # told again when it is due, and nothing waits for it
            log.warning("old artifacts not cleared away", reason=str(problem))
