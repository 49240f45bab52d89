"""Whether columns hold what they are called: of a candle's four prices the values tell which is which."""

from collections.abc import Mapping
from itertools import permutations
from typing import Final

import msgspec
import polars as pl

PRICES: Final = ("open", "high", "low", "close")

_MOSTLY: Final = 0.9
"""The share of rows that an order must make possible; the others are then bad rows."""

_FEWEST: Final = 20
"""Rows from which open and close can be told apart: a bar mostly opens where the one before it closed."""

_CLEARLY: Final = 0.5


class Order(msgspec.Struct, frozen=True):
    """What the columns called open, high, low and close hold, by name, and how many of how many rows that explains.

    `named` are possible as the columns are called; bars that did not move are not counted.
    """

    holds: tuple[str, ...]
    explained: int
    named: int
    rows: int

    @property
    def is_as_named(self) -> bool:
        """Whether the columns hold what they are called."""
        return self.holds == PRICES

    @property
    def renamed(self) -> dict[str, str]:
        """What each column should have been called."""
        return dict(zip(PRICES, self.holds, strict=True))


def find_order(candles: pl.LazyFrame) -> Order | None:
    """The order in which the prices of candles (at, open, high, low, close, in the order of a file) are bars.

    High and low must enclose the other two, in bars that moved at all. Those two are told apart by continuity: that one
    is the close which the next open is nearer to. The names are believed where they explain nine bars in ten; else
    another order must. None where none does.
    """
    moved = pl.max_horizontal(PRICES) > pl.min_horizontal(PRICES)
    sums = candles.select(moved.sum().alias("rows"), *_enclosing(moved), *_breaks())
    counts = sums.collect(engine="streaming").row(0, named=True)
    rows, named = counts["rows"], counts["high low"]
    high, low = max(permutations(PRICES, 2), key=lambda pair: counts[" ".join(pair)])
    if named >= _MOSTLY * rows:
        high, low = "high", "low"
    explained = counts[f"{high} {low}"]
    if explained < _MOSTLY * rows:
        return None
    return Order(_held(counts, high, low), explained, named, rows)


def _held(counts: Mapping[str, float], high: str, low: str) -> tuple[str, ...]:
    """What each column holds, given those that hold high and low."""
    first, last = (name for name in PRICES if name not in (high, low))
    ahead, back = counts[f"{first} after {last}"], counts[f"{last} after {first}"]
    is_named = (first, last) == ("open", "close")
    is_swapped = counts["rows"] >= _FEWEST and back < _CLEARLY * ahead if is_named else back < ahead
    opens, closes = (last, first) if is_swapped else (first, last)
    held = {opens: "open", high: "high", low: "low", closes: "close"}
    return tuple(held[name] for name in PRICES)


def _enclosing(moved: pl.Expr) -> list[pl.Expr]:
    """For every two columns, in how many bars that moved they enclose the others as high and low."""
    top, bottom = pl.max_horizontal(PRICES), pl.min_horizontal(PRICES)
    return [
        (moved & (pl.col(high) == top) & (pl.col(low) == bottom)).sum().alias(f"{high} {low}")
        for high, low in permutations(PRICES, 2)
    ]


def _breaks() -> list[pl.Expr]:
    """For every two columns, how far the one lies from the other of the row before, all in all."""
    ascending = pl.col("at").diff() > 0
    return [
        (pl.col(opens) - pl.col(closes).shift()).abs().filter(ascending).sum().alias(f"{opens} after {closes}")
        for opens, closes in permutations(PRICES, 2)
    ]
