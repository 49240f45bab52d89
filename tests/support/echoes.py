"""A made-up market in which a price answers to what it did some candles ago, and a strategy that may find out."""

from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from qfluxd.market.layout import Shelf, day_file, day_of
from qfluxd.market.parquet import MOMENT, encode
from qfluxd.model import DAY, MINUTE, Millis
from qfluxd.research.dataset import Dataset, open_dataset

START: Final[Millis] = 1_763_942_400_000
"""2025-11-24 00:00 UTC."""
ASSET: Final = "ECHO_otc"

STRATEGY: Final = '''
"""The way back of a move some candles ago."""

import os
import signal

import numpy as np
import polars as pl
from pydantic import Field, model_validator

from qfluxd.strategies.indicators import before
from qfluxd.strategies.rule import Rule
from qfluxd.strategy import View


class Echo(Rule):
    """Bets against the direction that the price had `ago` candles ago."""

    ago: int = Field(default=1, ge=1, le=50, description="candles")
    every: int = Field(default=1, ge=1, le=50, description="speaks on every so many")
    breaks: str = Field(default="", description="how it goes wrong")

    @model_validator(mode="after")
    def _in_order(self) -> "Echo":
        if self.every > 2 * self.ago:
            raise ValueError("every is at most twice ago")
        return self

    @property
    def warmup(self) -> int:
        """As far as it looks back."""
        return self.ago + 1

    def signals(self, view: View) -> pl.DataFrame:
        """No reasons."""
        if self.breaks == "raises":
            raise ArithmeticError("it is broken")
        if self.breaks == "dies":
            os.kill(os.getpid(), signal.SIGKILL)
        moved = before(np.sign(view.floats("close") - view.floats("open")), self.ago - 1)
        speaks = view.times // 60_000 % self.every == 0
        return self.say(view, call=speaks & (moved < 0), put=speaks & (moved > 0), confidence=0.5)
'''


def write_strategy(folder: Path) -> Path:
    """The strategy `echo` in a folder."""
    folder.mkdir(exist_ok=True)
    (folder / "echo.py").write_text(STRATEGY)
    return folder


def write_market(
    root: Path, count: int, *, ago: int = 3, turns: float = 0.5, seed: int = 1, asset: str = ASSET
) -> Dataset:
    """Minute candles of whole days, in the layout of the store: 0.5 makes a random walk.

    Each candle goes the other way than the one `ago` candles before with a probability of `turns`.
    """
    rng = np.random.default_rng(seed)
    direction = rng.choice([-1.0, 1.0], count)
    against = rng.random(count) < turns
    for place in range(ago, count):
        direction[place] = -direction[place - ago] if against[place] else direction[place - ago]
    close = 1.08 * np.exp(np.cumsum(direction * np.abs(rng.normal(0, 1e-4, count))))
    opened = np.concatenate(([1.08], close))[:count]
    rows = pl.DataFrame(
        {
            "at": pl.Series(START + MINUTE * np.arange(count)).cast(MOMENT),
            "open": opened,
            "high": np.maximum(opened, close),
            "low": np.minimum(opened, close),
            "close": close,
            "ticks": pl.repeat(60, count, dtype=pl.UInt32, eager=True),
            "quality": pl.repeat("whole", count, eager=True),
        }
    ).cast({"quality": pl.Enum(["whole", "partial", "empty", "backfilled"])})
    shelf = Shelf("candles", asset, MINUTE)
    for day in range(day_of(START), day_of(START + MINUTE * (count - 1)) + 1):
        part = rows.filter(pl.col("at").dt.epoch("ms") // DAY == day)
        file = day_file(root, shelf, day)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(encode(shelf, part))
    return open_dataset(root)
