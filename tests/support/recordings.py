"""Data sets for backtests: made markets with silences, repeated ticks, changing payouts and closed hours."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from qfluxd.market.fold import fold_ticks
from qfluxd.market.layout import Shelf, day_file
from qfluxd.market.parquet import SCHEMAS, TIME_COLUMN, encode
from qfluxd.model import DAY, HOUR, MINUTE, SECOND, Millis
from qfluxd.research.dataset import Dataset, open_dataset

BEGIN: Millis = 1_760_000_400_000
"""A full hour of an October day in 2025."""

type Times = NDArray[np.int64]


@dataclass(frozen=True)
class Made:
    """One asset's market: stamps, prices, and rows of (at, payout, open) and (at, percent that buys)."""

    at: Times
    price: NDArray[np.float64]
    payouts: tuple[tuple[Millis, int, bool], ...] = ()
    crowd: tuple[tuple[Millis, int], ...] = ()


def dataset(root: Path, made: Mapping[str, Made]) -> Dataset:
    """The data set of these markets, written in the layout of the store."""
    for asset, each in made.items():
        put(root, Shelf("ticks", asset), {"at": each.at, "price": each.price})
        if each.payouts:
            at, payout, is_open = zip(*each.payouts, strict=True)
            put(root, Shelf("payouts", asset), {"at": at, "payout": payout, "open": is_open})
        if each.crowd:
            at, buyers = zip(*each.crowd, strict=True)
            put(root, Shelf("sentiment", asset), {"at": at, "sentiment": buyers})
    return open_dataset(root)


def put(root: Path, shelf: Shelf, columns: Mapping[str, object]) -> None:
    """Write the rows of a shelf, a file for each day."""
    schema = SCHEMAS[shelf.kind]
    frame = pl.DataFrame(columns).with_columns(pl.col(name).cast(kind) for name, kind in schema.items())
    days = frame.get_column(TIME_COLUMN[shelf.kind]).to_physical() // DAY
    for day in days.unique().to_list():
        file = day_file(root, shelf, day)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(encode(shelf, frame.filter(days == day).select(list(schema))))


def candles_of(root: Path, asset: str, made: Made, timeframe: Millis, *, partial: Times | None = None) -> None:
    """Write an asset's candles of one length, without its ticks; those that open at `partial` are not whole."""
    ticks = pl.LazyFrame({"at": made.at, "price": made.price})
    frame = fold_ticks(ticks, timeframe).collect()
    gone = frame.get_column("at").to_physical().is_in(list(() if partial is None else partial.tolist()))
    quality = pl.Series("quality", ["partial" if each else "whole" for each in gone])
    put(root, Shelf("candles", asset, timeframe), frame.with_columns(quality).to_dict(as_series=True))


def market(
    seed: int,
    *,
    begin: Millis = BEGIN,
    length: Millis = 6 * HOUR,
    rate: float = 1.5,
    rough: float = 1.0,
    digits: int = 5,
) -> Made:
    """A market of a seed: about `rate` ticks a second on a grid of prices so coarse that there are ties.

    With `rough` there are silences of seconds to half an hour, ticks of equal stamps, repeated ticks and ticks on the
    very second; the payout changes, the asset closes for a while, and the crowd is told of.
    """
    chance = np.random.default_rng(seed)
    count = round(length / SECOND * rate)
    steps = chance.exponential(SECOND / rate, count)
    silent = chance.random(count) < 0.004 * rough
    steps[silent] += chance.choice([4_900, 5_000, 5_001, 7_000, 20_000, 70_000, 600_000], silent.sum())
    steps[chance.random(count) < 0.03 * rough] = 0
    at = (begin + chance.integers(0, 3_000) + np.cumsum(steps)).astype(np.int64)
    snapped = chance.random(count) < 0.1 * rough
    at[snapped] = np.maximum.accumulate(at[snapped] // SECOND * SECOND)
    at = np.maximum.accumulate(at)
    at = at[at < begin + length]
    moves = chance.choice([-2, -1, 0, 0, 1, 2], at.size)
    price = np.round(1.1 + np.cumsum(moves) / 10**digits, digits)
    return Made(at, price, _payouts(chance, at, rough), _crowd(chance, at))


def _payouts(chance: np.random.Generator, at: Times, rough: float) -> tuple[tuple[Millis, int, bool], ...]:
    moments = np.unique(at[chance.random(at.size) < 0.001])
    days = np.unique(at[np.unique(at // DAY, return_index=True)[1]])
    when = np.unique(np.concatenate((days[chance.random(days.size) < 0.8], moments)))
    payout = chance.choice([70, 80, 85, 92], when.size)
    return tuple(zip(when.tolist(), payout.tolist(), (chance.random(when.size) > 0.15 * rough).tolist(), strict=True))


def _crowd(chance: np.random.Generator, at: Times) -> tuple[tuple[Millis, int], ...]:
    when = np.unique(at[chance.random(at.size) < 0.01] // MINUTE * MINUTE + 17_300)
    return tuple(zip(when.tolist(), chance.integers(0, 101, when.size).tolist(), strict=True))
