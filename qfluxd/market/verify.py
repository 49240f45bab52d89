"""Looking through everything stored for what is missing or contradicts itself."""

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import polars as pl

from qfluxd.errors import DataError
from qfluxd.market.day import read_day
from qfluxd.market.disagreements import against_lower, against_ticks
from qfluxd.market.findings import Finding, Rules, in_candles, in_changes, in_file, in_ticks, together
from qfluxd.market.glitches import glitches
from qfluxd.market.layout import Day, Kind, Shelf, day_name, day_of, days, shelf_folder, shelves
from qfluxd.market.parquet import TIME_COLUMN, settle
from qfluxd.market.reading import collect, scan
from qfluxd.model import DAY, Millis, timeframe_name

type Hear = Callable[[Shelf, pl.DataFrame], None]
"""Hears the rows of each day of a shelf that could be read, before they are looked at."""


class Looked(msgspec.Struct, frozen=True):
    """How much of a shelf was looked at. `first` and `last` are the times of its outermost rows."""

    kind: Kind
    asset: str
    timeframe: str | None
    days: int
    rows: int
    first: Millis
    last: Millis


class Looks:
    """Counts what `verify` looks at, by shelf."""

    def __init__(self) -> None:
        self._by_shelf: dict[Shelf, Looked] = {}

    def hear(self, shelf: Shelf, rows: pl.DataFrame) -> None:
        """One day more. A day without rows counts for nothing."""
        if rows.is_empty():
            return
        name = timeframe_name(shelf.timeframe) if shelf.timeframe else None
        at = rows[TIME_COLUMN[shelf.kind]].cast(pl.Int64)
        before = self._by_shelf.get(shelf) or Looked(shelf.kind, shelf.asset, name, 0, 0, at[0], at[0])
        self._by_shelf[shelf] = msgspec.structs.replace(
            before,
            days=before.days + 1,
            rows=before.rows + rows.height,
            first=min(before.first, at[0]),
            last=max(before.last, at[-1]),
        )

    @property
    def all(self) -> list[Looked]:
        """A row for each shelf that holds anything, sorted as shelves are."""
        return list(self._by_shelf.values())


def verify(
    root: Path,
    start: Millis,
    end: Millis,
    *,
    wanted: Callable[[Shelf], bool] = lambda shelf: True,
    rules: Rules | None = None,
    hear: Hear = lambda shelf, rows: None,
) -> Iterator[Finding]:
    """What is wrong, missing or worth knowing of the days that [start, end) touches, one day of a shelf at a time.

    Files are only read. A file that cannot be read is a finding, not an error. Findings of a day that say the same one
    closely behind the other are one.
    """
    rules = rules or Rules()
    stored = [shelf for shelf in shelves(root) if wanted(shelf)]
    for shelf in stored:
        yield from _set_aside(root, shelf)
    for shelf in stored:
        near = max(rules.silence, shelf.timeframe)
        for day in days(root, shelf):
            if day_of(start) <= day <= day_of(end - 1):
                yield from together(_look(root, shelf, day, stored, rules, hear), near)


def _look(root: Path, shelf: Shelf, day: Day, stored: list[Shelf], rules: Rules, hear: Hear) -> Iterator[Finding]:
    try:
        yield from _verify_day(root, shelf, day, stored, rules, hear)
    except DataError as error:
        yield Finding("wrong", "unreadable", f"{shelf} {day_name(day)}", day * DAY, (day + 1) * DAY, 0, str(error))


def _verify_day(root: Path, shelf: Shelf, day: Day, stored: list[Shelf], rules: Rules, hear: Hear) -> Iterator[Finding]:
    rows = read_day(root, shelf, day)
    if rows.file is not None:
        yield from in_file(shelf, day, rows.file)
    frame = settle(shelf.kind, rows.frames())
    hear(shelf, frame)
    gaps = _between(root, Shelf("gaps", shelf.asset), (day - 1) * DAY, (day + 1) * DAY)
    if shelf.kind == "ticks":
        yield from in_ticks(shelf, frame, _last_of(root, shelf, day - 1), gaps, rules)
    elif shelf.kind == "candles":
        yield from in_candles(shelf, frame, _last_of(root, shelf, day - 1), gaps, rules)
        yield from _verify_against_others(root, shelf, day, frame, stored, rules)
    elif shelf.kind != "gaps":
        yield from in_changes(shelf, frame, _first_of(root, Shelf("ticks", shelf.asset), day), rules)
    if shelf.kind in ("ticks", "candles"):
        yield from glitches(shelf, frame.with_columns(pl.col("at").cast(pl.Int64)), rules)


def _verify_against_others(
    root: Path, shelf: Shelf, day: Day, candles: pl.DataFrame, stored: list[Shelf], rules: Rules
) -> Iterator[Finding]:
    until = (day + 1) * DAY + shelf.timeframe  # the day's last bar may end in the next
    if (ticks := Shelf("ticks", shelf.asset)) in stored:
        yield from against_ticks(shelf, candles, _between(root, ticks, day * DAY, until), rules)
    if (lower := _next_lower(shelf, stored)) is not None:
        yield from against_lower(shelf, candles, lower, _between(root, lower, day * DAY, until), rules)


def _next_lower(shelf: Shelf, stored: list[Shelf]) -> Shelf | None:
    """The longest stored timeframe of the same asset that divides this one."""
    shorter = (
        other
        for other in stored
        if (other.kind, other.asset) == (shelf.kind, shelf.asset)
        and other.timeframe < shelf.timeframe
        and shelf.timeframe % other.timeframe == 0
    )
    return max(shorter, key=lambda other: other.timeframe, default=None)


def _last_of(root: Path, shelf: Shelf, day: Day) -> Millis | None:
    """The time of the last row of a day, so that a hole over midnight is seen."""
    return _time(root, shelf, day, pl.col("at").max())


def _first_of(root: Path, shelf: Shelf, day: Day) -> Millis | None:
    return _time(root, shelf, day, pl.col("at").min())


def _time(root: Path, shelf: Shelf, day: Day, wanted: pl.Expr) -> Millis | None:
    rows = scan(root, shelf, day * DAY, (day + 1) * DAY)
    found: Millis | None = collect(rows.select(wanted.cast(pl.Int64)), shelf).item()
    return found


def _between(root: Path, shelf: Shelf, start: Millis, end: Millis) -> pl.DataFrame:
    return collect(scan(root, shelf, start, end), shelf)


def _set_aside(root: Path, shelf: Shelf) -> Iterator[Finding]:
    for path in sorted(shelf_folder(root, shelf).rglob("*.damaged")):
        yield Finding("missing", "set_aside", str(shelf), 0, 0, 0, f"{path} could not be read and was set aside")
