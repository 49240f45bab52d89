"""Rows of a file, laid out by shelf and day, before they go where they belong: so that a day at a time is enough."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from qfluxd.market.layout import Day, Shelf, part_file, part_numbers, parts_folder, shelves, unsettled_days
from qfluxd.market.parquet import MOMENT, SCHEMAS
from qfluxd.model import DAY


class Staging:
    """A folder of its own, in the layout of the store, for the rows of one import.

    The promise: a day's rows come back in the order in which they were put in.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._count = 0

    def put(self, shelf: Shelf, rows: pl.DataFrame) -> None:
        """Take rows of a shelf, `at` in milliseconds; they may be of any days."""
        typed = rows.with_columns(pl.col("at").cast(MOMENT)).select(SCHEMAS[shelf.kind].names())
        of_day = rows["at"].alias("day") // DAY
        self._count += 1
        for (day,), part in typed.with_columns(of_day).partition_by("day", as_dict=True, include_key=False).items():
            path = part_file(self._root, shelf, int(day), self._count)
            path.parent.mkdir(parents=True, exist_ok=True)
            part.write_parquet(path, compression="uncompressed")

    def days(self) -> Iterator[tuple[Shelf, Day]]:
        """Every day of every shelf that has rows, sorted."""
        for shelf in shelves(self._root):
            yield from ((shelf, day) for day in sorted(unsettled_days(self._root, shelf)))

    def take(self, shelf: Shelf, day: Day) -> pl.DataFrame:
        """The rows of one day; they are gone from here afterwards."""
        files = [part_file(self._root, shelf, day, number) for number in part_numbers(self._root, shelf, day)]
        rows = pl.concat([pl.read_parquet(file) for file in files])
        for file in files:
            file.unlink()
        parts_folder(self._root, shelf, day).rmdir()
        return rows
