"""Whole files of ticks into candles, faster than they can be read one by one."""

import polars as pl

from qfluxd.model import HOUR, Millis


def fold_ticks(ticks: pl.LazyFrame, timeframe: Millis, origin: Millis = 2 * HOUR) -> pl.LazyFrame:
    """Candles of `timeframe` from stored ticks: the same bars as a `Book` of that `origin` makes of them.

    `ticks` has the columns at (Datetime UTC, or Int64 ms), price, and asset where it holds several; the
    ticks of an asset must be in order (of equal stamps, the order heard), as the store writes them: open
    and close are simply its first and last row in the bar. Ticks out of order are not noticed.

    The answer has [asset,] at (Datetime ms UTC), open, high, low, close, ticks (UInt32), sorted, no rows for
    bars without a tick. Collect it with ``engine="streaming"``: a file far larger than memory is then
    read in a few hundred megabytes, which is why this is a plain group-by.
    """
    of = ["asset"] if "asset" in ticks.collect_schema().names() else []
    at = pl.col("at").cast(pl.Datetime("ms", "UTC")).to_physical()
    opens = (at - (at + origin) % timeframe).alias("at")
    price = pl.col("price")
    return (
        ticks.group_by(*of, opens)
        .agg(
            price.first().alias("open"),
            price.max().alias("high"),
            price.min().alias("low"),
            price.last().alias("close"),
            pl.len().cast(pl.UInt32).alias("ticks"),
        )
        .with_columns(pl.col("at").cast(pl.Datetime("ms", "UTC")))
        .sort(*of, "at")
    )
