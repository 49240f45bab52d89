"""What is done by the clock: pictures, scans, backups and reports by schedule, and clearing away what is too old."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from time import time_ns
from typing import Never

import structlog

from qfluxd.errors import QfluxdError
from qfluxd.housekeeping import Chore, Housekeeping, Tell
from qfluxd.model import Millis
from qfluxd.screenshots import Screenshots
from qfluxd.settings import HousekeepingSettings, ScreenshotSettings
from qfluxd.sights import What

log = structlog.get_logger()

TIDY_EVERY = "1h"

type Job = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Jobs:
    """What the daemon can do by schedule; each does nothing where there is nothing to do it with.

    `picture` takes and publishes a picture of the page.
    """

    picture: Callable[[What], Awaitable[None]]
    scan: Job
    backup: Job
    report: Job


class Chores:
    """The daemon's own jobs. The promise: new settings hold from the moment they are given."""

    def __init__(
        self,
        settings: ScreenshotSettings,
        upkeep: HousekeepingSettings,
        screenshots: Screenshots,
        jobs: Jobs,
        alert: Tell,
        now: Callable[[], Millis] = lambda: time_ns() // 1_000_000,
    ) -> None:
        self._settings = settings
        self._upkeep = upkeep
        self._screenshots = screenshots
        self._jobs = jobs
        self._alert = alert
        self._now = now
        self._more: tuple[Chore, ...] = ()
        self._changed = asyncio.Event()

    def reconfigure(self, settings: ScreenshotSettings, upkeep: HousekeepingSettings) -> None:
        """Go by these settings from now on."""
        if (settings, upkeep) != (self._settings, self._upkeep):
            self._settings, self._upkeep = settings, upkeep
            self._screenshots.reconfigure(settings)
            self._changed.set()

    def add(self, more: Sequence[Chore]) -> None:
        """Do these besides, in place of those that were added before; the same ones go on as they are."""
        before = [(chore.name, chore.schedule) for chore in self._more]
        if before != [(chore.name, chore.schedule) for chore in more]:
            self._more = tuple(more)
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
        upkeep, jobs = self._upkeep, self._jobs
        wanted = (
            ("tidy", TIDY_EVERY, self._tidy),
            ("screenshot", self._settings.every, self._picture),
            ("scan", upkeep.scan, jobs.scan),
            ("backup", upkeep.backup, jobs.backup),
            ("report", upkeep.report, jobs.report),
        )
        own = [Chore(name, schedule, work) for name, schedule, work in wanted if schedule is not None]
        return [*own, *self._more]

    async def _picture(self) -> None:
        await self._jobs.picture(self._settings.what)

    async def _tidy(self) -> None:
        await self._screenshots.tidy(self._now())

    async def _tidy_first(self) -> None:
        try:
            await self._tidy()
        except QfluxdError as problem:  # told again when it is due, and nothing waits for it
            log.warning("old artifacts not cleared away", reason=str(problem))
