"""What is stored, read back: sorted, each row once, also while it is being written."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import polars as pl

from qfluxd.errors import DataError
from qfluxd.market.day import DayRows, read_day
from qfluxd.market.layout import (
    LAST_MILLIS,
    Day,
    Shelf,
    day_file,
    day_of,
    folder_name,
    settled_days,
    unsettled_days,
)
from qfluxd.market.parquet import MOMENT, SCHEMAS, TIME_COLUMN, UNREADABLE, check_file, settle
from qfluxd.market.parts import Part
from qfluxd.model import Millis


def scan(
    root: Path, shelf: Shelf, start: Millis, end: Millis, parts: Callable[[], Sequence[Part]] = list
) -> pl.LazyFrame:
    """The rows of a shelf whose time lies in [start, end), sorted, candles once per `at`.

    Days that are settled are read when the frame is collected; a day that is still being written is read
    now. `parts` gives what a running store has in memory. Raises `DataError` naming what is damaged or cannot
    be read.
    """
    start, end = _storable(start), _storable(end)
    frames = [pl.LazyFrame(schema=SCHEMAS[shelf.kind])]
    if start < end and _can_be_stored(shelf):
        try:
            frames += _days(root, shelf, day_of(start), day_of(end - 1), parts)
        except OSError as error:
            raise DataError(f"{shelf}: cannot be read: {error}") from error
    time = pl.col(TIME_COLUMN[shelf.kind])
    return pl.concat(frames).filter(time >= pl.lit(start).cast(MOMENT), time < pl.lit(end).cast(MOMENT))


def collect(rows: pl.LazyFrame, place: object) -> pl.DataFrame:
    """Read what was scanned. Raises `DataError` naming `place` where a file is damaged, gone or may not be read."""
    try:
        return rows.collect()
    except (*UNREADABLE, OSError) as error:
        why = str(error).partition("\n")[0]
        raise DataError(f"{place}: cannot be read: {why}; ask again, or let `qfluxd data verify` look") from error


def _days(
    root: Path, shelf: Shelf, first: Day, last: Day, parts: Callable[[], Sequence[Part]]
) -> Iterable[pl.LazyFrame]:
    before = _of(shelf, parts())
    unsettled = unsettled_days(root, shelf) | {part.day for part in before}
    files: list[Path] = []
    for day in sorted(settled_days(root, shelf) | unsettled):
        if not first <= day <= last:
            continue
        if day in unsettled:
            yield from _together(files)
            files = []
            yield _unsettled(root, shelf, day, before, parts).lazy()
            continue
        path = day_file(root, shelf, day)
        try:
            check_file(shelf.kind, path)
        except FileNotFoundError:
            continue  # grown too old since it was listed
        files.append(path)
    yield from _together(files)


def _together(files: Sequence[Path]) -> Iterable[pl.LazyFrame]:
    """Days in a row as one scan, which is read twice as fast as each for itself."""
    return [pl.scan_parquet(list(files), glob=False)] if files else []


def _unsettled(
    root: Path, shelf: Shelf, day: Day, before: Sequence[Part], parts: Callable[[], Sequence[Part]]
) -> pl.DataFrame:
    rows = read_day(root, shelf, day)
    # A part that the store let go of while the disk was read is in `before`; one that it began is in `parts()`.
    known = dict.fromkeys(part for part in [*before, *_of(shelf, parts())] if part.day == day)
    return settle(shelf.kind, _with_memory(rows, known))


def _with_memory(rows: DayRows, known: Iterable[Part]) -> list[pl.DataFrame]:
    """The frames of a day with those parts that are in memory taken from there, where they are longest."""
    numbered, new = dict(rows.parts), []
    for part in known:
        frame, number = part.frame(), part.number
        if number is None:
            new.append(frame)
        elif number > rows.holds:
            numbered[number] = frame
    return [*DayRows(rows.file, rows.holds, numbered).frames(), *new]


def _storable(at: Millis) -> Millis:
    """The nearest time that can be stored, or the one after: numbers beyond are more than a column can be asked."""
    return min(max(at, 0), LAST_MILLIS + 1)


def _of(shelf: Shelf, parts: Iterable[Part]) -> list[Part]:
    return [part for part in parts if part.shelf == shelf]


def _can_be_stored(shelf: Shelf) -> bool:
    try:
        folder_name(shelf.asset)
    except ValueError:
        return False
    return True
