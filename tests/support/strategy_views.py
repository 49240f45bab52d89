"""Views made of a few prices written down by hand."""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from qfluxd.market.past import FRAME_SCHEMA
from qfluxd.model import MINUTE, Millis, Series
from qfluxd.strategy import View

NOON: Millis = 1_767_614_400_000
"""2026-01-05 12:00 UTC."""


def candles(
    closes: Sequence[float],
    *,
    opens: Sequence[float] | None = None,
    highs: Sequence[float] | None = None,
    lows: Sequence[float] | None = None,
    ticks: Sequence[int] | None = None,
    timeframe: Millis = MINUTE,
    start: Millis = NOON,
    **extras: Sequence[int | None],
) -> pl.DataFrame:
    """A frame of candles without holes; what is not given is the close."""
    count = len(closes)
    frame = pl.DataFrame(
        {
            "at": np.arange(count, dtype=np.int64) * timeframe + start,
            "open": list(closes if opens is None else opens),
            "high": list(closes if highs is None else highs),
            "low": list(closes if lows is None else lows),
            "close": list(closes),
            "ticks": [1] * count if ticks is None else list(ticks),
            "quality": ["whole"] * count,
        }
    ).cast(FRAME_SCHEMA)
    return frame.with_columns(pl.Series(name, values, dtype=pl.Int16) for name, values in extras.items())


def view(
    closes: Sequence[float],
    *,
    timeframe: Millis = MINUTE,
    higher: Mapping[Millis, pl.DataFrame] | None = None,
    asset: str = "EURUSD_otc",
    opens: Sequence[float] | None = None,
    highs: Sequence[float] | None = None,
    lows: Sequence[float] | None = None,
    ticks: Sequence[int] | None = None,
    **extras: Sequence[int | None],
) -> View:
    """A view of such candles."""
    frame = candles(closes, opens=opens, highs=highs, lows=lows, ticks=ticks, timeframe=timeframe, start=NOON, **extras)
    return View(Series(asset, timeframe), frame, higher or {})


def said(answer: pl.DataFrame) -> dict[int, int]:
    """The rows at which something is said, with the side."""
    return {row: side for row, side in enumerate(answer["side"].to_list()) if side}
