"""Rows on their way to disk: each day of each shelf collects them in a part of its own."""

from array import array
from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl

from qfluxd.market.layout import Day, Kind, Shelf
from qfluxd.market.parquet import SCHEMAS
from qfluxd.market.quality import QUALITIES

MOST_ROWS: Final[Mapping[Kind, int]] = {"ticks": 1024, "candles": 256, "gaps": 256, "payouts": 256, "sentiment": 256}
"""Rows after which a part is full: it is rewritten whole at each flush, so it has to stay small."""

QUALITY_CODE: Final = {quality: code for code, quality in enumerate(QUALITIES)}

_TYPECODES: Final[Mapping[Kind, str]] = {
    "ticks": "qd",
    "candles": "qddddIB",
    "gaps": "qq",
    "payouts": "qhb",
    "sentiment": "qh",
}
_QUALITY = pl.Enum(QUALITIES)


class Part:
    """Some rows of one day of a shelf, in the order heard; small enough to be rewritten as it grows.

    Rows are only ever appended, so another thread may take a frame of them meanwhile. `number` is its
    number on disk, None before it was first written; `saved` and `told` count the rows that are in
    Parquet and in CSV, `idle` the turns of the store since a row came.
    """

    __slots__ = ("_columns", "day", "idle", "number", "saved", "shelf", "told")

    def __init__(self, shelf: Shelf, day: Day) -> None:
        self.shelf = shelf
        self.day = day
        self.number: int | None = None
        self.saved = 0
        self.told = 0
        self.idle = 0
        # Each column takes numbers of its own kind only; one type for all of them is as near as typing comes.
        self._columns: tuple[array[float], ...] = tuple(array(code) for code in _TYPECODES[shelf.kind])

    def __len__(self) -> int:
        return len(self._columns[-1])

    def add(self, *row: float) -> None:
        """Append one row: its values in the order of the file's columns, a quality by its code."""
        for column, value in zip(self._columns, row, strict=True):
            column.append(value)
        self.idle = 0

    def is_full(self) -> bool:
        """Whether it has as many rows as it should."""
        return len(self) >= MOST_ROWS[self.shelf.kind]

    def frame(self, first: int = 0) -> pl.DataFrame:
        """A copy of the rows from `first` on, as a frame with the file's columns."""
        last = len(self)
        schema = SCHEMAS[self.shelf.kind]
        return pl.DataFrame(
            [
                _series(name, kind, column[first:last])
                for (name, kind), column in zip(schema.items(), self._columns, strict=True)
            ]
        )


def _series(name: str, kind: pl.DataType, values: array[float]) -> pl.Series:
    if kind == _QUALITY:
        return pl.Series(name, [QUALITIES[int(code)] for code in values], dtype=_QUALITY)
    series = pl.Series(name, np.frombuffer(values, dtype=values.typecode))
    return series if series.dtype == kind else series.cast(kind)
