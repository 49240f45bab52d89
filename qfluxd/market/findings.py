"""What can be wrong with stored rows: each check looks at frames and says what it found."""

from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec
import polars as pl

from qfluxd.market.layout import Day, Shelf, day_name
from qfluxd.model import DAY, MINUTE, SECOND, Millis, timeframe_name

type Level = Literal["wrong", "missing", "note"]
"""``wrong``: data contradict themselves; ``missing``: something is not there; ``note``: worth knowing."""

_FEW_ROWS = 10
_RECORDED = "not heard, and recorded as a gap at the time"
_PRICES = ("open", "high", "low", "close")


class Rules(msgspec.Struct, frozen=True):
    """What counts as worth saying, in milliseconds.

    `origin` is how far the server's clock is ahead of UTC, whose midnight the bars are counted from; `silence`
    without a tick, and a price unmoved for `flat`, are told.
    """

    origin: Millis = 7200 * SECOND
    silence: Millis = MINUTE
    flat: Millis = 10 * MINUTE


class Finding(msgspec.Struct, frozen=True):
    """One thing found: where, from when until when (UTC; 0 where no time belongs to it), how many rows."""

    level: Level
    code: str
    place: str
    at: Millis
    until: Millis
    count: int
    meaning: str


def in_file(shelf: Shelf, day: Day, file: pl.DataFrame) -> Iterator[Finding]:
    """Rows of a day's file as they lie there: out of order, of another day, the same bar twice."""
    name = "start" if shelf.kind == "gaps" else "at"
    rows = file.with_columns(at=pl.col(name).cast(pl.Int64))
    step = pl.col("at").diff()
    yield from _told(shelf, rows.filter(step < 0), "wrong", "unsorted", "earlier than the row before")
    yield from _told(
        shelf, rows.filter(pl.col("at") // DAY != day), "wrong", "wrong_day", f"not of the file's day, {day_name(day)}"
    )
    if shelf.kind == "candles":
        yield from _told(shelf, rows.filter(step == 0), "wrong", "double", "a second bar of the same opening time")


def in_ticks(
    shelf: Shelf, ticks: pl.DataFrame, before: Millis | None, gaps: pl.DataFrame, rules: Rules
) -> Iterator[Finding]:
    """Ticks of one day, ascending: impossible prices, repeats, silences, prices that stand still.

    `before` is the time of the tick before the first, None where there is none.
    """
    rows = ticks.with_columns(pl.col("at").cast(pl.Int64))
    price = pl.col("price")
    impossible = rows.filter(~price.is_finite() | (price <= 0))
    yield from _told(shelf, impossible, "wrong", "bad_price", "no price can be this")
    repeated = rows.filter(pl.struct("at", "price").is_first_distinct().not_())
    yield from _told(shelf, repeated, "note", "repeated", "the same stamp and price again, as the feed sent it")
    yield from _silences(shelf, rows, before, gaps, rules.silence)
    yield from _flats(shelf, rows, "price", rules.flat)


def in_candles(
    shelf: Shelf, candles: pl.DataFrame, before: Millis | None, gaps: pl.DataFrame, rules: Rules
) -> Iterator[Finding]:
    """Candles of one day, ascending and one per `at`: off the grid, impossible, missing, partial, still.

    `before` is the opening time of the bar before the first, None where there is none.
    """
    rows = candles.with_columns(pl.col("at").cast(pl.Int64))
    length, at = shelf.timeframe, pl.col("at")
    off = rows.filter((at + rules.origin) % length != 0)
    yield from _told(shelf, off, "wrong", "off_grid", f"no bar of {timeframe_name(length)} opens then")
    finite = pl.all_horizontal([pl.col(name).is_finite() & (pl.col(name) > 0) for name in _PRICES])
    yield from _told(shelf, rows.filter(~finite), "wrong", "bad_price", "no price can be this")
    yield from _told(shelf, rows.filter(~_is_possible()), "wrong", "impossible", "the prices of the bar contradict")
    partial = rows.filter(pl.col("quality") == "partial")
    yield from _told(shelf, partial, "note", "partial", "some of the bar's time was not heard")
    yield from _holes(shelf, rows, before, gaps)
    yield from _flats(shelf, rows.filter(pl.col("quality") != "empty"), "close", rules.flat)


def against_ticks(shelf: Shelf, candles: pl.DataFrame, ticks: pl.DataFrame, rules: Rules) -> Iterator[Finding]:
    """Whole candles against the stored ticks of the same time folded anew."""
    price = pl.col("price")
    folded = ticks.group_by(_bucket(shelf.timeframe, rules.origin)).agg(
        open_b=price.first(), high_b=price.max(), low_b=price.min(), close_b=price.last(), heard=pl.len()
    )
    whole = candles.filter(pl.col("quality") == "whole").with_columns(pl.col("at").cast(pl.Int64))
    both = whole.join(folded, on="at", how="left").with_columns(pl.col("heard").fill_null(0))
    differs, missing = both.filter(_prices_differ()).sort("at"), pl.col("heard") - pl.col("ticks").cast(pl.Int64)
    stored = differs.filter((pl.col("heard") > 0) | _lies_within(ticks, shelf.timeframe))
    yield from _told(
        shelf, stored.filter(missing == 0), "wrong", "not_its_ticks", "the stored ticks of the bar make other prices"
    )
    yield from _told(
        shelf, stored.filter(missing < 0), "missing", "ticks_missing", "fewer ticks are stored than made the bar"
    )
    yield from _told(
        shelf, stored.filter(missing > 0), "note", "late_ticks", "ticks of the bar came after it was closed"
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
    yield from _told(shelf, differs, "wrong", "not_its_bars", meaning)


def _told(shelf: Shelf, rows: pl.DataFrame, level: Level, code: str, meaning: str) -> Iterator[Finding]:
    """One finding for all the rows together, none where there are none."""
    if len(rows):
        yield Finding(level, code, str(shelf), rows["at"][0], rows["at"][-1], len(rows), meaning)


def _bucket(length: Millis, origin: Millis) -> pl.Expr:
    at = pl.col("at").cast(pl.Int64)
    return ((at + origin) // length * length - origin).alias("at")


def _prices_differ() -> pl.Expr:
    return pl.any_horizontal([pl.col(name).ne_missing(pl.col(f"{name}_b")) for name in _PRICES])


def _lies_within(ticks: pl.DataFrame, length: Millis) -> pl.Expr:
    """Whether ticks are stored both before and after the bar, so that its own should be there too."""
    if ticks.is_empty():
        return pl.lit(False)
    stamps = ticks["at"].cast(pl.Int64)
    first, last = int(stamps[0]), int(stamps[-1])
    return (pl.col("at") >= first) & (pl.col("at") + length <= last)


def _is_possible() -> pl.Expr:
    top, bottom = pl.max_horizontal("open", "close", "low"), pl.min_horizontal("open", "close", "high")
    ordered = (pl.col("high") >= top) & (pl.col("low") <= bottom)
    quiet = (pl.col("ticks") == 0) & (pl.col("high") == pl.col("low"))
    return ordered & ((pl.col("quality") != "empty") | quiet)


def _silences(
    shelf: Shelf, rows: pl.DataFrame, before: Millis | None, gaps: pl.DataFrame, silence: Millis
) -> Iterator[Finding]:
    known = _pairs(gaps)
    for start, end in _steps(rows, before, silence):
        if _is_known(start, end, known):
            yield Finding("note", "gap", str(shelf), start, end, 0, _RECORDED)
        else:
            yield Finding("missing", "silence", str(shelf), start, end, 0, "no tick: nothing ran, or rows were lost")


def _pairs(gaps: pl.DataFrame) -> list[tuple[Millis, Millis]]:
    return list(gaps.select(pl.all().cast(pl.Int64)).iter_rows())


def _is_known(start: Millis, end: Millis, gaps: Iterable[tuple[Millis, Millis]]) -> bool:
    return any(gap_start < end and start < gap_end for gap_start, gap_end in gaps)


def _holes(shelf: Shelf, rows: pl.DataFrame, before: Millis | None, gaps: pl.DataFrame) -> Iterator[Finding]:
    length, known = shelf.timeframe, _pairs(gaps)
    for last, following in _steps(rows, before, length):
        start, count = last + length, (following - last) // length - 1
        if _is_known(start, following, known):
            yield Finding("note", "gap", str(shelf), start, following, count, _RECORDED)
        else:
            yield Finding("missing", "hole", str(shelf), start, following, count, "these bars are not there")


def _steps(rows: pl.DataFrame, before: Millis | None, longest: Millis) -> Iterator[tuple[Millis, Millis]]:
    """The neighbours in time that lie further apart than `longest`."""
    pairs = rows.select(before=pl.col("at").shift(1, fill_value=before), after=pl.col("at"))
    yield from pairs.filter(pl.col("after") - pl.col("before") > longest).iter_rows()


def _flats(shelf: Shelf, rows: pl.DataFrame, price: str, flat: Millis) -> Iterator[Finding]:
    """Runs of rows whose prices never move."""
    prices = _PRICES if shelf.kind == "candles" else (price,)
    same = pl.all_horizontal([pl.col(name) == pl.col(price) for name in prices])
    runs = (
        rows.with_columns(run=pl.struct(price, same.alias("still")).rle_id(), still=same)
        .filter("still")
        .group_by("run", maintain_order=True)
        .agg(start=pl.col("at").first(), end=pl.col("at").last() + shelf.timeframe, rows=pl.len())
        .filter(pl.col("end") - pl.col("start") >= flat, pl.col("rows") >= _FEW_ROWS)
    )
    for start, end, count in runs.select("start", "end", "rows").iter_rows():
        yield Finding("note", "flat", str(shelf), start, end, count, "the price did not move: a closed market?")
