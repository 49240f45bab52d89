"""The closed candles of one series, newest last: few bytes each, and a polars frame when one is wanted."""

import struct
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from qfluxd.columns import column
from qfluxd.market.quality import FILLED, QUALITIES, QUALITY
from qfluxd.model import Candle, Millis, Series

# polars asks numpy for this whenever it takes an array, and where it is not there from the start by a much longer way
np.ma  # noqa: B018

FRAME_SCHEMA = pl.Schema(
    {
        "at": pl.Datetime("ms", "UTC"),
        "open": pl.Float64(),
        "high": pl.Float64(),
        "low": pl.Float64(),
        "close": pl.Float64(),
        "ticks": pl.UInt32(),
        "quality": pl.Enum(QUALITIES),
    }
)
"""What `Past.frame` answers: a row per closed candle, oldest first."""

_CELL = struct.Struct("<qddddIB3x")
_CELL_SIZE: Final = _CELL.size
_pack, _pack_into = _CELL.pack, _CELL.pack_into
_CELLS = np.dtype(
    {
        "names": ["at", "open", "high", "low", "close", "ticks", "traits"],
        "formats": ["<i8", "<f8", "<f8", "<f8", "<f8", "<u4", "u1"],
        "itemsize": _CELL_SIZE,
    }
)
_NUMBERS: Final = ("at", "open", "high", "low", "close", "ticks")
_ROUND: Final = 256
"""Columns of one word are kept in such lengths, and cut."""
_WORDS = pl.Series("quality", QUALITY, dtype=FRAME_SCHEMA["quality"])
"""The word for every combination of traits, ready to be picked by them."""


class Row(NamedTuple):
    """A closed bar while it is being worked on; `traits` are the bits of `qfluxd.market.quality`."""

    at: Millis
    open: float
    high: float
    low: float
    close: float
    ticks: int
    traits: int


def candle(series: Series, row: Row) -> Candle:
    """The row as the world sees it."""
    return Candle(series, row.at, row.open, row.high, row.low, row.close, row.ticks, QUALITY[row.traits])


def join(at: Millis, parts: Sequence[Row]) -> Row:
    """The bar that opens at `at` and is made of `parts`, ascending and at least one."""
    filled = [part for part in parts if part.traits & FILLED]
    traits = 0
    for part in parts:
        traits |= part.traits
    if not filled:
        price = parts[-1].close
        return Row(at, price, price, price, price, 0, traits)
    return Row(
        at,
        filled[0].open,
        max(part.high for part in filled),
        min(part.low for part in filled),
        filled[-1].close,
        sum(part.ticks for part in filled),
        traits,
    )


class Past:
    """A ring of closed bars, 48 bytes each, allocated as it fills.

    The promise: it holds the newest `keep` bars that were put in, ascending, and forgets the oldest first.
    """

    __slots__ = ("_cells", "_oldest", "_size")

    def __init__(self, keep: int, rows: Sequence[Row] = ()) -> None:
        self._cells = bytearray(b"".join(_CELL.pack(*row) for row in rows[-keep:]))
        self._size = keep * _CELL_SIZE
        self._oldest = 0  # byte at which the oldest bar begins

    def __len__(self) -> int:
        return len(self._cells) // _CELL_SIZE

    @property
    def nbytes(self) -> int:
        """Memory that the bars take."""
        return len(self._cells)

    def append(self, at: Millis, open_: float, high: float, low: float, close: float, ticks: int, traits: int) -> None:
        """Put a bar behind the newest one."""
        cells, place = self._cells, self._oldest
        if len(cells) < self._size:
            cells += _pack(at, open_, high, low, close, ticks, traits)
            return
        _pack_into(cells, place, at, open_, high, low, close, ticks, traits)
        place += _CELL_SIZE
        self._oldest = place if place < self._size else 0

    def rows(self, count: int | None = None) -> list[Row]:
        """The newest `count` bars, or all, oldest first."""
        return list(map(Row._make, _CELL.iter_unpack(self._newest_cells(len(self) if count is None else count))))

    def frame(self, count: int) -> pl.DataFrame:
        """The newest `count` bars as a frame of `FRAME_SCHEMA`; copies those rows and nothing else."""
        cells = np.frombuffer(self._newest_cells(count), dtype=_CELLS)
        at, *others = (column(name, np.ascontiguousarray(cells[name])) for name in _NUMBERS)
        return at.cast(FRAME_SCHEMA["at"]).to_frame().hstack([*others, _words(cells["traits"])])

    def _newest_cells(self, count: int) -> bytes:
        held, oldest = len(self._cells), self._oldest
        wanted = min(max(count, 0) * _CELL_SIZE, held)
        after, before = min(wanted, oldest), max(wanted - oldest, 0)
        with memoryview(self._cells) as cells:
            return bytes(cells[held - before :]) + bytes(cells[oldest - after : oldest])


def _words(traits: NDArray[np.uint8]) -> pl.Series:
    """The words for these traits; most often all are the same."""
    if traits.size and (traits == traits[0]).all():
        return _alike(QUALITY[traits[0]], -(-traits.size // _ROUND) * _ROUND)[: traits.size]
    return _WORDS[traits]


@lru_cache(maxsize=256)
def _alike(word: str, count: int) -> pl.Series:
    return pl.Series("quality", [word], dtype=FRAME_SCHEMA["quality"]).new_from_index(0, count)


def candles(series: Series, rows: Iterable[Row]) -> list[Candle]:
    """The rows as the world sees them."""
    return [candle(series, row) for row in rows]
