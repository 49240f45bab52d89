"""Takes what was collected to disk, a day of a shelf at a time, and says when the disk refuses."""

import fcntl
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from qfluxd.market.csvfile import append_rows
from qfluxd.market.day import next_number
from qfluxd.market.layout import Day, Shelf, csv_file, part_file
from qfluxd.market.parquet import encode, write_whole
from qfluxd.market.parts import Part

_HANDS = 4
"""Files written at once: most of the time goes by waiting for the disk to confirm, and it confirms in groups."""


class Writer:
    """Writes parts into a folder that it alone writes to.

    The promise: a file is there whole or not at all, later parts of a day are never written before earlier
    ones, and what the disk refused is tried again at the next call. Used by one thread at a time.
    """

    def __init__(self, root: Path, *, parquet: bool, csv: bool) -> None:
        self.root = root
        self.problem: str | None = None
        self.rows = 0
        self.files = 0
        self.bytes = 0
        self._parquet = parquet
        self._csv = csv
        self._claim: int | None = None

    def has(self, part: Part) -> bool:
        """Whether all rows of a part are on disk, in each form that is wanted."""
        return self._done(part) == len(part)

    def write(self, parts: Sequence[Part]) -> None:
        """Write what these parts have gained; `problem` then tells of the first failure, or is None."""
        self.problem = None
        try:
            self.claim()
        except OSError as error:
            self.problem = str(error)
            return
        with ThreadPoolExecutor(_HANDS, "store") as hands:
            for rows, files, size, problem in hands.map(self._write_in_turn, _by_day(parts)):
                self.rows += rows
                self.files += files
                self.bytes += size
                self.problem = self.problem or problem

    def claim(self) -> None:
        """Make the folder and hold it alone. Raises `OSError` where that cannot be had."""
        if self._claim is not None:
            return
        self.root.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.root / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(handle)
            raise BlockingIOError(
                error.errno, "another qfluxd stores to this folder; give this one its own state_dir", str(self.root)
            ) from error
        self._claim = handle

    def close(self) -> None:
        """Let go of the folder."""
        if self._claim is not None:
            os.close(self._claim)
            self._claim = None

    def _write_in_turn(self, parts: Sequence[Part]) -> tuple[int, int, int, str | None]:
        """Write one day's parts, oldest first, up to the first failure: rows, files and bytes written, problem."""
        rows = files = size = 0
        for part in parts:
            before = self._done(part)
            try:
                size += self._write_part(part)
            except OSError as error:
                return rows, files, size, str(error)
            rows += self._done(part) - before
            files += 1
        return rows, files, size, None

    def _write_part(self, part: Part) -> int:
        size = 0
        if self._parquet and part.saved < len(part):
            size = self._save(part)
        if self._csv and part.told < len(part):
            self._tell(part)
        return size

    def _save(self, part: Part) -> int:
        if part.number is None:
            part.number = next_number(self.root, part.shelf, part.day)
        path = part_file(self.root, part.shelf, part.day, part.number)
        path.parent.mkdir(parents=True, exist_ok=True)
        frame = part.frame()
        data = encode(part.shelf, frame)
        write_whole(path, data)
        part.saved = len(frame)
        return len(data)

    def _tell(self, part: Part) -> None:
        frame = part.frame(part.told)
        if part.shelf.kind != "gaps":
            path = csv_file(self.root, part.shelf, part.day)
            path.parent.mkdir(parents=True, exist_ok=True)
            append_rows(path, part.shelf, frame)
        part.told += len(frame)

    def _done(self, part: Part) -> int:
        wanted = ([part.saved] if self._parquet else []) + ([part.told] if self._csv else [])
        return min(wanted, default=len(part))


def _by_day(parts: Iterable[Part]) -> list[list[Part]]:
    """The parts by shelf and day, those of one day in the order given: the order in which they were begun."""
    groups: dict[tuple[Shelf, Day], list[Part]] = {}
    for part in parts:
        groups.setdefault((part.shelf, part.day), []).append(part)
    return list(groups.values())
