"""Where the store keeps what it heard: one folder per asset, one Parquet file per day.

    ticks/<asset>/2025-10-27.parquet            a day that is settled
    ticks/<asset>/2025-10-27/12.parquet         parts of a day that are not in its file yet
    candles/<asset>/1m/2025-10-27.parquet       the same for candles, by timeframe
    gaps/<asset>/2025-10-27.parquet             stretches that were not heard
    payouts/<asset>/2025-10-27.parquet          what a win added and whether it was open, where that changed
    sentiment/<asset>/2025-10-27.parquet        what the crowd did, where that changed
    ticks/<asset>/2025-10-27.csv                beside them, where CSV is asked for

Days are UTC. In a folder's name every byte of the symbol other than ``A-Z a-z 0-9 _ -`` is written ``%XX``;
the exact symbol is in each file's metadata too.
"""

import os
import re
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Literal, get_args
from urllib.parse import unquote_to_bytes

import msgspec

from qfluxd.model import DAY, Millis, parse_timeframe, timeframe_name

type Day = int
"""A UTC day: whole days since 1970-01-01."""

type Kind = Literal["ticks", "candles", "gaps", "payouts", "sentiment"]
KINDS: tuple[Kind, ...] = get_args(Kind.__value__)

type Refused = Callable[[OSError], None]
"""Hears of a folder that may not be listed; where it returns, that folder is taken for an empty one."""

LAST_MILLIS: Millis = 253_402_300_799_999
"""The end of the year 9999, the last that a file's name can say."""

_LONGEST_FOLDER = 200
_UNSAFE = re.compile(rb"[^A-Za-z0-9_-]")
_SAFE_NAME = re.compile(r"(?:[A-Za-z0-9_-]|%[0-9A-F]{2})+")
_DAY_NAME = re.compile(r"\d{4}-\d{2}-\d{2}")
_PART_NAME = re.compile(r"[1-9]\d{0,17}\.parquet")
_EPOCH = date(1970, 1, 1).toordinal()


class Shelf(msgspec.Struct, frozen=True, order=True):
    """All that is stored of one asset of one kind; of candles, those of one timeframe (0 for the other kinds)."""

    kind: Kind
    asset: str
    timeframe: Millis = 0

    def __str__(self) -> str:
        return f"{self.kind} {self.asset}" + (f"/{timeframe_name(self.timeframe)}" if self.timeframe else "")


def folder_name(asset: str) -> str:
    """The folder's name of a symbol. Raises `ValueError` for a symbol that no folder can be named after."""
    name = _UNSAFE.sub(lambda match: b"%%%02X" % match[0][0], asset.encode()).decode()
    if not 0 < len(name) <= _LONGEST_FOLDER:
        raise ValueError(f"a symbol of {len(asset)} characters cannot name a folder")
    return name


def asset_of(name: str) -> str | None:
    """The symbol of a folder's name, None where the name is not one of ours."""
    if not _SAFE_NAME.fullmatch(name):
        return None
    try:
        asset = unquote_to_bytes(name).decode()
        return asset if folder_name(asset) == name else None
    except ValueError:
        return None


def day_of(at: Millis) -> Day:
    """The UTC day of a moment."""
    return at // DAY


def day_name(day: Day) -> str:
    """The day as ``2025-10-27``."""
    return date.fromordinal(_EPOCH + day).isoformat()


def day_named(name: str) -> Day | None:
    """The day of such a name, None where it is none."""
    if not _DAY_NAME.fullmatch(name):
        return None
    try:
        return date.fromisoformat(name).toordinal() - _EPOCH
    except ValueError:
        return None


def shelf_folder(root: Path, shelf: Shelf) -> Path:
    """Where a shelf's days lie."""
    folder = root / shelf.kind / folder_name(shelf.asset)
    return folder / timeframe_name(shelf.timeframe) if shelf.timeframe else folder


def day_file(root: Path, shelf: Shelf, day: Day) -> Path:
    """The file of one day."""
    return shelf_folder(root, shelf) / f"{day_name(day)}.parquet"


def csv_file(root: Path, shelf: Shelf, day: Day) -> Path:
    """The CSV file of one day."""
    return shelf_folder(root, shelf) / f"{day_name(day)}.csv"


def parts_folder(root: Path, shelf: Shelf, day: Day) -> Path:
    """Where the parts of one day lie until its file holds them."""
    return shelf_folder(root, shelf) / day_name(day)


def part_file(root: Path, shelf: Shelf, day: Day, number: int) -> Path:
    """One part of a day; a higher number was heard later."""
    return parts_folder(root, shelf, day) / f"{number}.parquet"


def part_numbers(root: Path, shelf: Shelf, day: Day) -> list[int]:
    """The parts of a day that are on disk, ascending."""
    names = _entries(parts_folder(root, shelf, day), give_up, folders=False)
    return sorted(int(name.removesuffix(".parquet")) for name in names if _PART_NAME.fullmatch(name))


def give_up(error: OSError) -> None:
    """Raise it: what a reader does about a folder that may not be listed."""
    raise error


def shelves(root: Path, refused: Refused = give_up) -> Iterator[Shelf]:
    """Every shelf in the folder, sorted; what is not ours is passed over."""
    for kind in KINDS:
        for asset in sorted(filter(None, map(asset_of, _entries(root / kind, refused, folders=True)))):
            if kind != "candles":
                yield Shelf(kind, asset)
                continue
            for timeframe in sorted(_timeframes(root / kind / folder_name(asset), refused)):
                yield Shelf(kind, asset, timeframe)


def days(root: Path, shelf: Shelf, refused: Refused = give_up) -> list[Day]:
    """The days of a shelf that have a Parquet file or parts, ascending."""
    return sorted(unsettled_days(root, shelf, refused) | settled_days(root, shelf, refused))


def settled_days(root: Path, shelf: Shelf, refused: Refused = give_up) -> set[Day]:
    """The days that have a file. Ask for the unsettled ones first: a day only ever goes from there to here."""
    return _days_in_files(shelf_folder(root, shelf), ".parquet", refused)


def csv_days(root: Path, shelf: Shelf, refused: Refused = give_up) -> set[Day]:
    """The days that have a CSV file."""
    return _days_in_files(shelf_folder(root, shelf), ".csv", refused)


def unsettled_days(root: Path, shelf: Shelf, refused: Refused = give_up) -> set[Day]:
    """The days that have a folder of parts."""
    names = _entries(shelf_folder(root, shelf), refused, folders=True)
    return {day for name in names if (day := day_named(name)) is not None}


def _days_in_files(folder: Path, ending: str, refused: Refused) -> set[Day]:
    names = [name for name in _entries(folder, refused, folders=False) if name.endswith(ending)]
    return {day for name in names if (day := day_named(name.removesuffix(ending))) is not None}


def _timeframes(folder: Path, refused: Refused) -> Iterator[Millis]:
    for name in _entries(folder, refused, folders=True):
        try:
            timeframe = parse_timeframe(name)
        except ValueError:
            continue
        if timeframe_name(timeframe) == name:
            yield timeframe


def _entries(folder: Path, refused: Refused, *, folders: bool) -> list[str]:
    try:
        with os.scandir(folder) as found:
            return [entry.name for entry in found if entry.is_dir(follow_symlinks=False) == folders]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        refused(error)
        return []
