"""The daemon's own jobs are done by the settings that hold."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from qfluxd.chores import Chores, Jobs
from qfluxd.errors import Unavailable
from qfluxd.model import DAY
from qfluxd.screenshots import Screenshots
from qfluxd.settings import HousekeepingSettings, ScreenshotSettings
from qfluxd.sights import Picture, What

NOW = 1_763_769_600_000
IDLE = HousekeepingSettings(backup=None, report=None)


class Taker:
    """Counts the pictures that are asked for."""

    def __init__(self, *, broken: bool = False) -> None:
        self.taken: list[What] = []
        self.done: set[str] = set()
        self.more = asyncio.Event()
        self._broken = broken

    @property
    def jobs(self) -> Jobs:
        """The picture, and what notes that it was done."""
        return Jobs(self.take, self._note("scan"), self._note("backup"), self._note("report"))

    def _note(self, name: str) -> Callable[[], Awaitable[None]]:
        async def work() -> None:
            self.done.add(name)
            self.more.set()

        return work

    async def take(self, what: What) -> None:
        """Take one."""
        self.taken.append(what)
        self.more.set()
        if self._broken:
            raise Unavailable("no room for pictures")


@asynccontextmanager
async def done_by(chores: Chores) -> AsyncIterator[None]:
    """The jobs, running."""
    async with asyncio.TaskGroup() as group:
        work = group.create_task(chores.run())
        try:
            yield
        finally:
            work.cancel()


async def test_pictures_are_taken_by_the_schedule_that_holds(tmp_path: Path) -> None:
    """Nothing is taken while no schedule is set; one that is read again holds at once, for what it says."""
    taker = Taker()
    screenshots = Screenshots(tmp_path, ScreenshotSettings())
    chores = Chores(ScreenshotSettings(), IDLE, screenshots, taker.jobs, lambda *alert: None)
    async with asyncio.timeout(10), done_by(chores):
        chores.reconfigure(ScreenshotSettings(every="1s", what="panel"), IDLE)
        await taker.more.wait()
    assert set(taker.taken) == {"panel"}


async def test_a_picture_that_fails_is_told(tmp_path: Path) -> None:
    """What keeps a scheduled picture from being taken becomes an alert, and the daemon goes on."""
    told: list[tuple[str, str]] = []
    heard = asyncio.Event()

    def alert(code: str, detail: str, _at: int) -> None:
        told.append((code, detail))
        heard.set()

    settings = ScreenshotSettings(every="1s")
    chores = Chores(settings, IDLE, Screenshots(tmp_path, settings), Taker(broken=True).jobs, alert)
    async with asyncio.timeout(10), done_by(chores):
        await heard.wait()
    assert told[0][0] == "job_failed"
    assert "no room for pictures" in told[0][1]


async def test_old_pictures_go_at_the_start(tmp_path: Path) -> None:
    """A daemon that was off for long clears away before it does anything else."""
    settings = ScreenshotSettings(keep_days=1)
    screenshots = Screenshots(tmp_path, settings)
    for at in (NOW, NOW + 2 * DAY):
        await screenshots.save(Picture("page", b"PNG!", b"JPEG", 1, 1), at)
    chores = Chores(settings, IDLE, screenshots, Taker().jobs, lambda *alert: None, lambda: NOW + 2 * DAY)
    async with asyncio.timeout(10), done_by(chores):
        while len(kept := list(screenshots.folder.iterdir())) > 1:  # noqa: ASYNC110  # nobody tells when a file has gone
            await asyncio.sleep(0)
    assert [path.name for path in kept] == ["screenshot_20251124T000000000Z_page.png"]


async def test_backups_reports_and_scans_are_done_when_they_are_due(tmp_path: Path) -> None:
    """Each by its own schedule, and none without one."""
    taker = Taker()
    settings = ScreenshotSettings()
    upkeep = HousekeepingSettings(backup="1s", report="1s", scan=None)
    chores = Chores(settings, upkeep, Screenshots(tmp_path, settings), taker.jobs, lambda *alert: None)
    async with asyncio.timeout(10), done_by(chores):
        while taker.done != {"backup", "report"}:
            taker.more.clear()
            await taker.more.wait()
