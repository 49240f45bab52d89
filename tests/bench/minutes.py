"""A made-up index by the minute, on which a trade comes to the same by every program's rules.

Each bar opens at the close of the one before it, so that an exit at the next open is a settlement at the close. Prices
are multiples of a quarter: sums of them are exact in binary, and an average is the same number however it is summed up.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from qfluxd.market.layout import Shelf, day_file
from qfluxd.market.parquet import MOMENT, SCHEMAS, encode
from qfluxd.market.past import FRAME_SCHEMA
from qfluxd.model import DAY, MINUTE, Millis
from qfluxd.research.dataset import LAST, Dataset
from tests.bench.peers.told import BEGIN, COLUMNS

ASSET: Final = "INDEX"
_TICK: Final = 0.25
_START: Final = 8_000.0
_STRIDE: Final = 8
"""A minute's move is up to so many ticks either way, each as likely as the other."""


def minutes(count: int, seed: int = 7) -> pl.DataFrame:
    """So many candles as the store keeps them."""
    dice = np.random.default_rng(seed)
    close = _START + np.cumsum(dice.integers(-_STRIDE, _STRIDE + 1, count)) * _TICK
    opened = np.concatenate(([_START], close[:-1]))
    wicks = dice.integers(0, _STRIDE // 2, (2, count)) * _TICK
    return pl.DataFrame(
        {
            "at": pl.Series(BEGIN + np.arange(count) * MINUTE).cast(MOMENT),
            "open": opened,
            "high": np.maximum(opened, close) + wicks[0],
            "low": np.minimum(opened, close) - wicks[1],
            "close": close,
            "ticks": np.full(count, 60, np.uint32),
            "quality": pl.Series(["whole"]).cast(FRAME_SCHEMA["quality"]).new_from_index(0, count),
        }
    )


def give(frame: pl.DataFrame, folder: Path) -> None:
    """As numpy files, one a column: what peers read."""
    for name in COLUMNS:
        np.save(folder / f"{name}.npy", frame[name].to_numpy())


def store(frame: pl.DataFrame, root: Path) -> None:
    """As the store keeps them, a file a day."""
    shelf = Shelf("candles", ASSET, MINUTE)
    for day, part in _by_day(frame):
        path = day_file(root, shelf, day)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(shelf, part))


def _by_day(frame: pl.DataFrame) -> Iterator[tuple[int, pl.DataFrame]]:
    days = frame["at"].to_physical() // DAY
    for day in range(days[0], days[-1] + 1):
        yield day, frame.slice(int(days.search_sorted(day)), DAY // MINUTE)


@dataclass(frozen=True, slots=True)
class Held(Dataset):
    """A data set of one asset's minutes in memory: what is left of a backtest where nothing is read nor hashed."""

    frame: pl.DataFrame

    def candles(
        self, asset: str, timeframe: Millis, start: Millis | None = None, end: Millis | None = None
    ) -> pl.LazyFrame:
        """Those that are held."""
        assert (asset, timeframe) == (ASSET, MINUTE)
        rows = self.frame.lazy()
        if start is not None:
            rows = rows.filter(pl.col("at") >= pl.lit(start).cast(MOMENT))
        return rows if end is None else rows.filter(pl.col("at") < pl.lit(end).cast(MOMENT))

    def payouts(self, asset: str) -> pl.DataFrame:
        """None is told."""
        return pl.DataFrame(schema=SCHEMAS["payouts"])

    def sentiment(self, asset: str) -> pl.DataFrame:
        """None is told."""
        return pl.DataFrame(schema=SCHEMAS["sentiment"])

    def timeframes(self, asset: str) -> tuple[Millis, ...]:
        """The minute."""
        return (MINUTE,)

    def has_ticks(self, asset: str) -> bool:
        """It has none."""
        return False

    @property
    def hash(self) -> str:
        """It has no name."""
        return ""


def held(frame: pl.DataFrame) -> Held:
    """The candles as a data set."""
    return Held(Path("memory"), (ASSET,), 0, LAST, frame)
