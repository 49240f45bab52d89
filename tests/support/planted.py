"""Made-up markets for training: one with an edge that was put there, and one with none."""

import numpy as np
import polars as pl

from qfluxd.model import MINUTE, Millis
from qfluxd.research.prices import NO_TICKS, Prices

MONDAY: Millis = 1_763_985_600_000
"""2025-11-24 12:00 UTC."""
ASSET = "EURUSD_otc"


def planted(count: int, turns: float = 0.6, seed: int = 1, asset: str = ASSET) -> Prices:
    """Minute candles that turn the direction of the one before with this probability; 0.5 makes a random walk."""
    rng = np.random.default_rng(seed)
    direction = np.cumprod(np.where(rng.random(count) < turns, -1, 1))
    close = 1.08 * np.exp(np.cumsum(direction * np.abs(rng.normal(0, 1e-4, count))))
    opened = np.concatenate(([1.08], close))[:count]
    wick = np.abs(rng.normal(0, 3e-5, (2, count)))
    candles = pl.DataFrame(
        {
            "at": pl.Series(MONDAY + MINUTE * np.arange(count)).cast(pl.Datetime("ms", "UTC")),
            "open": opened,
            "high": np.maximum(opened, close) + wick[0],
            "low": np.minimum(opened, close) - wick[1],
            "close": close,
            "ticks": pl.Series(rng.integers(50, 150, count), dtype=pl.UInt32),
            "quality": pl.repeat("whole", count, eager=True),
            "payout": pl.repeat(None, count, dtype=pl.Int64, eager=True),
        }
    )
    return Prices(asset, candles, NO_TICKS)
