"""Made-up ticks in the layout of the store, as many as wanted, a day of an asset at a time."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from qfluxd.market.layout import Day, Shelf, day_file
from qfluxd.market.parquet import MOMENT, encode
from qfluxd.model import DAY, Millis

FIRST_DAY: Final[Day] = 20_089
"""1 January 2025."""
_DIGITS: Final = 5
_STILL: Final = 0.3
"""The share of ticks that repeat the price before, as on the platform."""
_STRIDE: Final = 6
"""Others move it by up to so many of its last digits."""


def assets(count: int) -> list[str]:
    """So many symbols."""
    return [f"PAIR{number:02}_otc" for number in range(count)]


def write(root: Path, names: Iterable[str], begin: Millis, end: Millis, step: Millis) -> int:
    """Ticks of each asset about every `step` ms in [begin, end); gives how many they are. Chance is seeded by asset."""
    return sum(_write_asset(root, name, seed, range(begin, end, step)) for seed, name in enumerate(names))


def _write_asset(root: Path, name: str, seed: int, grid: range) -> int:
    dice, shelf = np.random.default_rng(seed), Shelf("ticks", name)
    price, written = 10**_DIGITS, 0
    for day in range(grid.start // DAY, (grid.stop - 1) // DAY + 1):
        start, stop = max(grid.start, _on(grid, day * DAY)), min(grid.stop, (day + 1) * DAY)
        rows, price = _walked(dice, np.arange(start, stop, grid.step), stop, price)
        path = day_file(root, shelf, day)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(shelf, rows))
        written += rows.height
    return written


def _on(grid: range, at: Millis) -> Millis:
    """The first point of the grid at or after a moment."""
    return grid.start - (grid.start - at) // grid.step * grid.step


def _walked(dice: np.random.Generator, points: NDArray[np.int64], stop: Millis, price: int) -> tuple[pl.DataFrame, int]:
    """A tick somewhere behind each point and before the next; the price walks on from `price`, and where it ends."""
    moves = dice.integers(-_STRIDE, _STRIDE + 1, points.size)
    moves[dice.random(points.size) < _STILL] = 0
    walk = np.abs(price + np.cumsum(moves)) + 1
    gaps = np.diff(points, append=stop)
    at = points + (dice.random(points.size) * gaps).astype(np.int64)
    return pl.DataFrame({"at": pl.Series(at).cast(MOMENT), "price": walk / 10**_DIGITS}), int(walk[-1])
