"""Candles held against what they should be made of: ticks, and candles of a shorter timeframe."""

from collections.abc import Iterator

import polars as pl

from qfluxd.market.findings import PRICES, Finding, Rules, told
from qfluxd.market.layout import Shelf
from qfluxd.model import Millis, timeframe_name


def against_ticks(shelf: Shelf, candles: pl.DataFrame, ticks: pl.DataFrame, rules: Rules) -> Iterator[Finding]:
    """Candles against the stored ticks of the same time folded anew."""
    folded = _fold(shelf, ticks, rules)
    yield from _whole(shelf, candles, ticks, folded)
    yield from _backfilled(shelf, candles, folded, rules)


def _whole(shelf: Shelf, candles: pl.DataFrame, ticks: pl.DataFrame, folded: pl.DataFrame) -> Iterator[Finding]:
    """Bars of which every tick was heard, and so should be stored."""
    whole = candles.filter(pl.col("quality") == "whole").with_columns(pl.col("at").cast(pl.Int64))
    both = whole.join(folded, on="at", how="left").with_columns(pl.col("heard").fill_null(0))
    differs, missing = both.filter(_prices_differ()).sort("at"), pl.col("heard") - pl.col("ticks").cast(pl.Int64)
    stored = differs.filter((pl.col("heard") > 0) | _lies_within(ticks, shelf.timeframe))
    yield from told(
        shelf, stored.filter(missing == 0), "wrong", "not_its_ticks", "the stored ticks of the bar make other prices"
    )
    yield from told(
        shelf, stored.filter(missing < 0), "missing", "ticks_missing", "fewer ticks are stored than made the bar"
    )
    yield from told(
        shelf, stored.filter(missing > 0), "note", "late_ticks", "ticks of the bar came after it was closed"
    )


def _backfilled(shelf: Shelf, candles: pl.DataFrame, folded: pl.DataFrame, rules: Rules) -> Iterator[Finding]:
    """Bars that somebody else made: the ticks of their time may be stored in part, or not at all."""
    known = candles.filter(pl.col("quality") == "backfilled").with_columns(pl.col("at").cast(pl.Int64))
    both = known.join(folded, on="at", how="inner").sort("at")
    outside = (pl.col("high_b") > pl.col("high")) | (pl.col("low_b") < pl.col("low"))
    yield from told(shelf, both.filter(outside), "wrong", "beyond", "stored ticks of the bar lie outside its prices")
    differs = both.filter(~outside & _prices_differ() & (pl.col("apart") <= rules.dense))
    meaning = "all ticks of the bar are stored, and make other prices: it was made elsewhere, or otherwise"
    yield from told(shelf, differs, "note", "other_ticks", meaning)


def _fold(shelf: Shelf, ticks: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """Bars of the ticks, `heard` of them each, which with those before and after lie at most `apart`."""
    at, price = pl.col("at").cast(pl.Int64), pl.col("price")
    forever = pl.lit(1 << 60)
    before, after = at - at.shift(), at.shift(-1) - at
    steps = ticks.with_columns(apart=pl.max_horizontal(before.fill_null(forever), after.fill_null(forever)))
    return steps.group_by(_bucket(shelf.timeframe, rules.origin)).agg(
        open_b=price.first(),
        high_b=price.max(),
        low_b=price.min(),
        close_b=price.last(),
        heard=pl.len(),
        apart=pl.col("apart").max(),
    )


def against_lower(
    shelf: Shelf, candles: pl.DataFrame, lower: Shelf, bars: pl.DataFrame, rules: Rules
) -> Iterator[Finding]:
    """Candles against those of a shorter timeframe that divides theirs, wherever all of these are known.

    An empty short bar may mean that nobody listened, unless the long one says that all of its time was heard.
    """
    heard = pl.col("quality") != "empty"
    folded = (
        bars.filter(pl.col("quality") != "partial")
        .group_by(_bucket(shelf.timeframe, rules.origin))
        .agg(
            open_b=pl.col("open").filter(heard).first(),
            high_b=pl.col("high").filter(heard).max(),
            low_b=pl.col("low").filter(heard).min(),
            close_b=pl.col("close").filter(heard).last(),
            bars=pl.len(),
            empty=heard.not_().sum(),
        )
        .filter(pl.col("bars") == shelf.timeframe // lower.timeframe)
    )
    known = candles.filter(pl.col("quality") != "partial").with_columns(pl.col("at").cast(pl.Int64))
    both = known.join(folded, on="at", how="inner").filter((pl.col("empty") == 0) | (pl.col("quality") != "backfilled"))
    quiet = (pl.col("quality") == "empty") & pl.col("open_b").is_null()
    differs = both.filter(_prices_differ() & ~quiet).sort("at")
    meaning = f"the bars of {timeframe_name(lower.timeframe)} that fill it make other prices"
    yield from told(shelf, differs, "wrong", "not_its_bars", meaning)


def _bucket(length: Millis, origin: Millis) -> pl.Expr:
    at = pl.col("at").cast(pl.Int64)
    return ((at + origin) // length * length - origin).alias("at")


def _prices_differ() -> pl.Expr:
    return pl.any_horizontal([pl.col(name).ne_missing(pl.col(f"{name}_b")) for name in PRICES])


def _lies_within(ticks: pl.DataFrame, length: Millis) -> pl.Expr:
    """Whether ticks are stored both before and after the bar, so that its own should be there too."""
    if ticks.is_empty():
        return pl.lit(False)
    stamps = ticks["at"].cast(pl.Int64)
    first, last = int(stamps[0]), int(stamps[-1])
    return (pl.col("at") >= first) & (pl.col("at") + length <= last)
