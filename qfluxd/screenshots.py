"""Keeps pictures of the trading page, by name, for as long as there is time and room."""

import asyncio
from pathlib import Path

import structlog

from qfluxd.artifacts import SCREENSHOTS, reaching, stamp, tidy
from qfluxd.market.parquet import write_whole
from qfluxd.model import Millis
from qfluxd.settings import ScreenshotSettings
from qfluxd.sights import Picture

log = structlog.get_logger()


class Screenshots:
    """The pictures of one daemon, in ``screenshots`` below its state folder.

    The promise: a picture is there whole or not at all, under a name that says when it was taken and what it shows.
    """

    def __init__(self, state_dir: Path, settings: ScreenshotSettings) -> None:
        self.folder = state_dir / SCREENSHOTS
        self._state_dir = state_dir
        self._settings = settings

    def reconfigure(self, settings: ScreenshotSettings) -> None:
        """Keep by these limits from now on."""
        self._settings = settings

    async def save(self, picture: Picture, at: Millis) -> Path:
        """Keep a picture that was taken at `at`; returns its path below the state folder.

        Raises:
            Unavailable: the folder cannot be written.
        """
        name = f"screenshot_{stamp(at)}_{picture.what}.png"
        await asyncio.to_thread(self._write, name, picture.png)
        return Path(SCREENSHOTS, name)

    async def tidy(self, at: Millis) -> int:
        """Delete pictures, and what is kept of trades and troubles, by age and by room; returns how many went.

        Raises:
            Unavailable: something cannot be deleted.
        """
        gone = await asyncio.to_thread(tidy, self._state_dir, at, self._settings.keep_days, self._settings.keep_mb)
        if gone:
            log.info("old artifacts deleted", count=gone)
        return gone

    def _write(self, name: str, png: bytes) -> None:
        with reaching(self.folder):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(self.folder / name, png)
