"""A sweep on disk: what it rests on, and its results as they come."""

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec
import polars as pl

from qfluxd.errors import DataError, Unavailable
from qfluxd.market.parquet import UNREADABLE, write_whole
from qfluxd.research.sweep.rows import NO_TRADES
from qfluxd.research.sweep.settings import Manifest
from qfluxd.research.sweep.space import Variant
from qfluxd.research.sweep.tasks import Done, Failure, Task, Unit

MANIFEST: Final = "manifest.json"
_DONE: Final = "done.jsonl"
_VARIANTS: Final = "variants.jsonl"
_PARTS: Final = "trades"


class Line(msgspec.Struct, frozen=True):
    """One task that is done: the units whose trades its file holds, and what failed."""

    task: int
    units: tuple[Unit, ...]
    failed: tuple[Failure, ...]
    seconds: float


class Folder:
    """A sweep's results.

    The promise: what `keep` was told stays, whatever happens to program or machine afterwards; a task is either there
    with all its trades or not at all.
    """

    def __init__(self, path: Path, manifest: Manifest, lines: Iterable[Line] = ()) -> None:
        """Use `begin` or `resume`."""
        self.path = path
        self.manifest = manifest
        self.lines = list(lines)

    @classmethod
    def begin(cls, path: Path, manifest: Manifest) -> "Folder":
        """A new sweep. Raises `DataError` where the folder has something in it, or cannot be written."""
        try:
            if path.exists() and any(path.iterdir()):
                raise DataError(f"{path}: is not empty; name another folder, or go on with --resume {path}")
            (path / _PARTS).mkdir(parents=True)
            write_whole(path / MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=2))
        except OSError as problem:
            raise DataError(f"{path}: cannot be written ({problem.strerror or problem})") from None
        return cls(path, manifest)

    @classmethod
    def resume(cls, path: Path) -> "Folder":
        """A sweep that was begun. Raises `DataError` where there is none, or another program has written it."""
        try:
            manifest = msgspec.json.decode((path / MANIFEST).read_bytes(), type=Manifest)
        except FileNotFoundError:
            raise DataError(f"{path}: is no folder of a sweep: there is no {MANIFEST} in it") from None
        except (OSError, msgspec.DecodeError) as problem:
            raise DataError(f"{path / MANIFEST}: cannot be read ({problem})") from None
        return cls(path, manifest, _lines(path / _DONE))

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else works in this folder as long as the block lasts. Raises `Unavailable` where somebody does."""
        with (self.path / MANIFEST).open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise Unavailable(f"{self.path}: another sweep is at work in this folder; wait until it ends") from None
            yield

    @property
    def done(self) -> set[Unit]:
        """What need not be done again."""
        return {unit for line in self.lines for unit in line.units}

    @property
    def failed(self) -> list[Failure]:
        """What could not be computed."""
        return [failure for line in self.lines for failure in line.failed]

    @property
    def next_task(self) -> int:
        """No task so far has a number as high."""
        return max((line.task for line in self.lines), default=0)

    def keep(self, task: Task, done: Done) -> None:
        """Keep what came of a task. Raises `DataError` where the disk does not take it."""
        line = Line(task.number, tuple(task.units), done.failed, done.seconds)
        try:
            write_whole(self._part(task.number), done.trades)
            _append(self.path / _DONE, [line])
        except OSError as problem:
            raise DataError(f"{self.path}: cannot be written ({problem.strerror or problem})") from None
        self.lines.append(line)

    def note(self, variants: Iterable[Variant]) -> None:
        """Write down what the numbers of variants mean."""
        known = {variant.number for variant in self.variants()}
        _append(self.path / _VARIANTS, [variant for variant in variants if variant.number not in known])

    def variants(self) -> list[Variant]:
        """Those that were asked for so far."""
        return [msgspec.json.decode(line, type=Variant) for line in _whole_lines(self.path / _VARIANTS)]

    def trades(self) -> pl.LazyFrame:
        """The trades of every task that is done; see `qfluxd.research.sweep.rows`."""
        parts = [self._part(line.task) for line in self.lines]
        return pl.concat([NO_TRADES.lazy(), *(pl.scan_parquet(part, glob=False) for part in parts)])

    def check(self) -> None:
        """Read the trades of every task that is done. Raises `DataError` where some are gone or damaged."""
        for line in self.lines:
            part = self._part(line.task)
            try:
                is_whole = pl.read_parquet(part, glob=False).schema == NO_TRADES.schema
                why = "" if is_whole else "it has other columns"
            except (*UNREADABLE, OSError) as problem:
                why = "it is gone" if not part.exists() else str(problem).partition("\n")[0]
            if why:
                remedy = f"take the line of task {line.task} out of {self.path / _DONE}, and `qfluxd sweep --resume "
                raise DataError(f"{part}: cannot be read ({why}); {remedy}{self.path}` computes it again")

    def _part(self, task: int) -> Path:
        return self.path / _PARTS / f"{task:06}.parquet"


def _lines(file: Path) -> list[Line]:
    try:
        return [msgspec.json.decode(line, type=Line) for line in _whole_lines(file)]
    except msgspec.DecodeError as problem:
        raise DataError(f"{file}: cannot be read ({problem})") from None


def _whole_lines(file: Path) -> list[bytes]:
    """The lines that were written to their end; a last one that was not is cut off, so that others may follow."""
    if not file.exists():
        return []
    text = file.read_bytes()
    whole, _, torn = text.rpartition(b"\n")
    if torn:
        with file.open("r+b") as out:
            out.truncate(len(text) - len(torn))
    return whole.splitlines()


def _append(file: Path, rows: Iterable[msgspec.Struct]) -> None:
    with file.open("ab") as out:
        out.writelines(msgspec.json.encode(row) + b"\n" for row in rows)
        out.flush()
        os.fsync(out.fileno())
