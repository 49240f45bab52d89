"""One day of a shelf on disk: its file, its parts, and how the parts go into the file."""

import os
from math import inf
from pathlib import Path

import msgspec
import polars as pl

from qfluxd.errors import DataError
from qfluxd.market.layout import Day, Shelf, day_file, part_file, part_numbers, parts_folder
from qfluxd.market.parquet import decode, encode, is_leftover, read_holds, settle, write_whole

_TRIES = 20
_FEW_PARTS = 16
_MANY_PARTS = 64


class DayRows(msgspec.Struct, frozen=True):
    """What the disk holds of a day at one moment: the file's rows, and those of each part not in it.

    `holds` is the highest part whose rows are in the file.
    """

    file: pl.DataFrame | None
    holds: int
    parts: dict[int, pl.DataFrame]

    def frames(self) -> list[pl.DataFrame]:
        """All rows, in the order in which they were heard."""
        settled = [] if self.file is None else [self.file]
        return settled + [self.parts[number] for number in sorted(self.parts)]


def read_day(root: Path, shelf: Shelf, day: Day) -> DayRows:
    """Read a day, exactly once each row, also while another process writes it.

    Raises `DataError` naming a file that cannot be read.
    """
    for _ in range(_TRIES):
        try:
            # Parts are listed before the file is opened: one that has since gone into the file is not above `holds`.
            numbers = part_numbers(root, shelf, day)
            file, holds = _read(shelf, day_file(root, shelf, day))
            return DayRows(file, holds, {n: _read_part(root, shelf, day, n) for n in numbers if n > holds})
        except FileNotFoundError:
            continue  # a part went into the file after it was opened
        except OSError as error:
            raise DataError(f"{error.filename}: cannot be read ({error.strerror})") from error
    raise DataError(f"{parts_folder(root, shelf, day)}: changes faster than it can be read; try again")


def next_number(root: Path, shelf: Shelf, day: Day) -> int:
    """The number of a new part: above all that are on disk or in the day's file."""
    return max([_holds(day_file(root, shelf, day)), *part_numbers(root, shelf, day)]) + 1


def is_due(root: Path, shelf: Shelf, day: Day, below: float) -> bool:
    """Whether the parts under the number `below` are so many that merging them is worth rewriting the file."""
    numbers = [n for n in part_numbers(root, shelf, day) if n < below]
    if len(numbers) < _FEW_PARTS:
        return False
    loose = sum(_size(part_file(root, shelf, day, n)) for n in numbers)
    return len(numbers) >= _MANY_PARTS or loose * 2 >= _size(day_file(root, shelf, day))


def merge_parts(root: Path, shelf: Shelf, day: Day, below: float = inf) -> list[Path]:
    """Put the day's parts (those under the number `below`) into its file.

    May be killed after any step and called again: the file says up to which part it holds, and parts that it
    holds are not read any more. A damaged file is set aside under another name; those names are returned.
    Raises `OSError` where the disk refuses.
    """
    path, aside = day_file(root, shelf, day), []
    try:
        file, holds = _read(shelf, path)
    except DataError:
        aside.append(_set_aside(path))
        file, holds = None, 0
    numbers = [n for n in part_numbers(root, shelf, day) if n < below]
    frames = [] if file is None else [file]
    for number in [n for n in numbers if n > holds]:
        try:
            frames.append(_read_part(root, shelf, day, number))
        except DataError:
            aside.append(_set_aside(part_file(root, shelf, day, number)))
    newest = max([holds, *numbers])
    if newest > holds and frames:
        write_whole(path, encode(shelf, settle(shelf.kind, frames), newest))
        _sync_folder(path.parent)
    _drop_parts(root, shelf, day, numbers)
    return aside


def sweep(folder: Path) -> None:
    """Delete what a killed writer left half written in one folder."""
    for path in folder.iterdir():
        if is_leftover(path.name):
            path.unlink(missing_ok=True)


def _read(shelf: Shelf, path: Path) -> tuple[pl.DataFrame | None, int]:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None, 0
    return decode(shelf.kind, data, path)


def _holds(path: Path) -> int:
    try:
        return read_holds(path)
    except (FileNotFoundError, DataError):
        return 0  # a damaged file is set aside when parts are merged, and holds nothing from then on


def _read_part(root: Path, shelf: Shelf, day: Day, number: int) -> pl.DataFrame:
    path = part_file(root, shelf, day, number)
    return decode(shelf.kind, path.read_bytes(), path)[0]


def _drop_parts(root: Path, shelf: Shelf, day: Day, numbers: list[int]) -> None:
    for number in numbers:
        part_file(root, shelf, day, number).unlink(missing_ok=True)
    folder = parts_folder(root, shelf, day)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _set_aside(path: Path) -> Path:
    return path.rename(path.with_name(f"{path.name}.damaged"))


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
