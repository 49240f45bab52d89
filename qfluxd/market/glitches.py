"""Prices that leap and come back: more likely a mistake of somebody's than a price."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from qfluxd.market.findings import Finding, Rules
from qfluxd.market.layout import Shelf

type _Floats = NDArray[np.float64]

_LONGEST: Final = 5
"""Rows that a glitch lasts at most; what stays away longer has moved."""

_BACK: Final = 0.2
"""How far from where it left, as a share of the leap, a price may come back."""

_FEWEST: Final = 20
"""Steps from which is known what is usual."""

_MEANING: Final = "the price leaps and comes back at once: a mistake of somebody's?"


def glitches(shelf: Shelf, rows: pl.DataFrame, rules: Rules) -> Iterator[Finding]:
    """Ticks or candles (`at` in milliseconds, ascending) that lie off by many times the usual step, and only they.

    Of candles a close that nobody followed counts, and a high or low far beyond those of both neighbours. What is usual
    is the median of the steps in which the price moved.
    """
    at = rows["at"].to_numpy()
    if shelf.kind == "ticks":
        found = set(_leaps(rows["price"].to_numpy(), rules.glitch))
    else:
        found = set(_leaps(rows["close"].to_numpy(), rules.glitch))
        found |= {(place, place) for place in _wicks(rows, rules.glitch)}
    for first, last in sorted(found):
        until = int(at[last]) + shelf.timeframe
        yield Finding("note", "glitch", str(shelf), int(at[first]), until, last - first + 1, _MEANING)


def _leaps(prices: _Floats, factor: float) -> Iterator[tuple[int, int]]:
    """The first and the last row of each stretch that leapt away and came back."""
    steps = np.diff(prices)
    limit = _limit(steps, factor)
    for out, back in pairwise(np.flatnonzero(np.abs(steps) > limit).tolist()):
        largest = max(abs(steps[out]), abs(steps[back]))
        if back - out <= _LONGEST and abs(steps[out] + steps[back]) <= _BACK * largest:
            yield out + 1, back


def _wicks(rows: pl.DataFrame, factor: float) -> list[int]:
    """The rows whose high or low reaches far beyond those of the rows beside them, and beyond their own body."""
    limit = _limit(np.diff(rows["close"].to_numpy()), factor)
    high, low = pl.col("high"), pl.col("low")
    above = high - pl.max_horizontal(high.shift(), high.shift(-1), "open", "close")
    below = pl.min_horizontal(low.shift(), low.shift(-1), "open", "close") - low
    found = rows.select((above > limit) | (below > limit)).to_series()
    return [int(place) for place in found.arg_true() if 0 < place < rows.height - 1]


def _limit(steps: _Floats, factor: float) -> float:
    """The step that is too long to be usual; infinite where too few are known."""
    moved = np.abs(steps[np.isfinite(steps) & (steps != 0)])
    return factor * float(np.median(moved)) if moved.size >= _FEWEST else np.inf
