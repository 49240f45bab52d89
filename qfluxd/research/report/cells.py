"""Trades sorted into days and into hours of the week, and what can be said of each cell."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, Final

import polars as pl

from qfluxd.evidence import Interval, wilson
from qfluxd.research.report.material import DECISIVE, FEW

_PAYOUTS: Final = 8
_POINTS: Final = 5


@dataclass(frozen=True)
class Cell:
    """The trades of one cell. `back` is what a unit of stake would return in all if each was won: the sum of 1 + b."""

    count: int
    won: int
    lost: int
    profit: float
    back: float

    @property
    def decisive(self) -> int:
        """How many were won or lost."""
        return self.won + self.lost

    @property
    def few(self) -> bool:
        """Whether chance alone does anything to so few."""
        return self.decisive < FEW

    @property
    def rate(self) -> float:
        """The win rate of the decisive trades, of which there must be one."""
        return self.won / self.decisive

    @property
    def break_even(self) -> float:
        """The rate that would have earned nothing."""
        return self.decisive / self.back

    @property
    def payout(self) -> float:
        """The mean payout of the decisive trades, in percent."""
        return 100 * (self.back / self.decisive - 1)

    @cached_property
    def interval(self) -> Interval:
        """Wilson's, 95 %."""
        return wilson(self.won, self.decisive)

    @property
    def stands_out(self) -> bool:
        """Whether break-even is outside of the interval; by chance alone that is about one cell in 20."""
        return not self.few and not self.interval.low <= self.break_even <= self.interval.high


def by_day(trades: pl.DataFrame) -> dict[date, Cell]:
    """The trades of each day in UTC on which one was signalled."""
    return {key[0]: cell for key, cell in _sorted(trades, [pl.col("signalled").dt.date()]).items()}


def by_month(trades: pl.DataFrame) -> dict[date, Cell]:
    """The trades of each month, by its first day."""
    return {key[0]: cell for key, cell in _sorted(trades, [pl.col("signalled").dt.truncate("1mo").dt.date()]).items()}


def by_hour(trades: pl.DataFrame) -> dict[tuple[int, int], Cell]:
    """The trades of each hour of each weekday (Monday is 0) in UTC."""
    keys = [pl.col("signalled").dt.hour().alias("hour"), (pl.col("signalled").dt.weekday() - 1).alias("weekday")]
    return {(key[0], key[1]): cell for key, cell in _sorted(trades, keys).items()}


def by_payout(trades: pl.DataFrame) -> dict[str, Cell]:
    """The decisive trades of each payout, in percent; of many payouts those of five points together."""
    decisive = trades.filter(pl.col("outcome").is_in(DECISIVE))
    if decisive["payout"].n_unique() <= _PAYOUTS:
        return {f"{key[0]} %": cell for key, cell in _sorted(decisive, [pl.col("payout")]).items()}
    steps = _sorted(decisive, [pl.col("payout") // _POINTS * _POINTS])
    return {f"{key[0]} … {key[0] + _POINTS - 1} %": cell for key, cell in steps.items()}


def by_word(trades: pl.DataFrame, column: str) -> dict[str, Cell]:
    """The trades of each asset or side."""
    return {key[0]: cell for key, cell in _sorted(trades, [pl.col(column)]).items()}


def total(cells: Iterable[Cell]) -> Cell:
    """Several cells as one."""
    each = list(cells)
    return Cell(
        sum(cell.count for cell in each),
        sum(cell.won for cell in each),
        sum(cell.lost for cell in each),
        math.fsum(cell.profit for cell in each),
        math.fsum(cell.back for cell in each),
    )


def _sorted(trades: pl.DataFrame, keys: list[pl.Expr]) -> Mapping[tuple[Any, ...], Cell]:
    """Cells of those trades whose profit is known, in the order of their keys."""
    known = trades.filter(pl.col("profit").is_not_null() & pl.col("outcome").is_in([*DECISIVE, "tie"]))
    decisive = pl.col("outcome").is_in(DECISIVE)
    names = [f"key{number}" for number in range(len(keys))]
    rows = (
        known.group_by([key.alias(name) for key, name in zip(keys, names, strict=True)])
        .agg(
            pl.len(),
            (pl.col("outcome") == "won").sum().alias("won"),
            (pl.col("outcome") == "lost").sum().alias("lost"),
            pl.col("profit").sum().cast(pl.Float64),
            ((100 + pl.col("payout").cast(pl.Int64)).filter(decisive).sum() / 100).alias("back"),
        )
        .sort(names)
    )
    width = len(keys)
    return {row[:width]: Cell(*row[width:]) for row in rows.iter_rows()}
