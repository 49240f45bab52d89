"""What is put away by schedule: copies of the journal, the score as it stands, and what the page shows."""

import asyncio
from pathlib import Path
from typing import Final

import msgspec
import structlog

from qfluxd.api.payloads import encode_json
from qfluxd.artifacts import reaching, stamp
from qfluxd.market.parquet import write_whole
from qfluxd.model import Millis
from qfluxd.trading.journal import copy_journal

log = structlog.get_logger()

BACKUPS: Final = "backups"
REPORTS: Final = "reports"
SCANS: Final = "scans"


class Upkeep:
    """The files of one daemon that are written again and again, each kind in a folder below the state folder.

    The promise: a file is there whole or not at all, and of each kind the newest `keep` stay.
    """

    def __init__(self, state_dir: Path, keep: int) -> None:
        self.keep = keep
        self._state_dir = state_dir

    async def back_up(self, at: Millis) -> Path:
        """Copy the journal as it stands, also while it is written. Raises `Unavailable` or `DataError`."""
        path = await asyncio.to_thread(self._back_up, f"journal_{stamp(at)}.sqlite")
        log.info("journal backed up", file=str(path))
        return path

    async def report(self, scores: object, at: Millis) -> Path:
        """Write the score. Raises `Unavailable`."""
        return await self._json(REPORTS, f"stats_{stamp(at)}.json", scores)

    async def scan(self, seen: object, at: Millis) -> Path:
        """Write what the page shows. Raises `Unavailable`."""
        return await self._json(SCANS, f"session_{stamp(at)}.json", seen)

    async def _json(self, kind: str, name: str, content: object) -> Path:
        data = msgspec.json.format(encode_json(content), indent=2)
        return await asyncio.to_thread(self._write, kind, name, data)

    def _back_up(self, name: str) -> Path:
        folder = self._folder(BACKUPS)
        copy_journal(self._state_dir, folder / name)
        self._thin(folder)
        return Path(BACKUPS, name)

    def _write(self, kind: str, name: str, data: bytes) -> Path:
        folder = self._folder(kind)
        with reaching(folder):
            write_whole(folder / name, data)
        self._thin(folder)
        return Path(kind, name)

    def _folder(self, kind: str) -> Path:
        folder = self._state_dir / kind
        with reaching(folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    def _thin(self, folder: Path) -> None:
        """Names sort by time."""
        with reaching(folder):
            for old in sorted(path for path in folder.iterdir() if not path.name.startswith("."))[: -self.keep]:
                old.unlink(missing_ok=True)
