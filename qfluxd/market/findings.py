"""What can be wrong with stored rows: each check looks at frames and says what it found."""

from collections.abc import Iterable, Iterator
from typing import Final, Literal, get_args

import msgspec
import polars as pl

from qfluxd.market.layout import Day, Shelf, day_name
from qfluxd.market.parquet import TIME_COLUMN
from qfluxd.model import DAY, MINUTE, SECOND, Millis, timeframe_name

type Level = Literal["wrong", "missing", "note"]
"""``wrong``: data contradict themselves; ``missing``: something is not there; ``note``: worth knowing."""
LEVELS: Final[tuple[Level, ...]] = get_args(Level.__value__)

_FEW_ROWS = 10
MOST_PAYOUT: Final = 1000
"""Percent; what a win adds is nowhere near it."""
_RECORDED = "not heard, and recorded as a gap at the time"
PRICES: Final = ("open", "high", "low", "close")


class Rules(msgspec.Struct, frozen=True):
    """What counts as worth saying, in milliseconds.

    `origin` is how far the server's clock is ahead of UTC, whose midnight the bars are counted from; `silence`
    without a tick, and a price unmoved for `flat`, are told. Ticks that are nowhere further apart than `dense` are all
    that there were. A price is a glitch that leaves by more than `glitch` times the usual step, and comes back.
    """

    origin: Millis = 7200 * SECOND
    silence: Millis = MINUTE
    flat: Millis = 10 * MINUTE
    dense: Millis = 10 * SECOND
    glitch: float = 25.0


class Finding(msgspec.Struct, frozen=True):
    """One thing found: where, from when until when (UTC; 0 where no time belongs to it), how many rows.

    `times` is how often it was found there, one closely behind the other.
    """

    level: Level
    code: str
    place: str
    at: Millis
    until: Millis
    count: int
    meaning: str
    times: int = 1


def together(findings: Iterable[Finding], near: Millis) -> Iterator[Finding]:
    """The same with those made one that say the same and begin at most `near` after the one before them ended."""
    last: Finding | None = None
    for found in findings:
        if last is not None and _goes_on(last, found, near):
            until, count = max(last.until, found.until), last.count + found.count
            last = msgspec.structs.replace(last, until=until, count=count, times=last.times + found.times)
            continue
        if last is not None:
            yield last
        last = found
    if last is not None:
        yield last


def _goes_on(last: Finding, found: Finding, near: Millis) -> bool:
    said, says = ((each.level, each.code, each.place, each.meaning) for each in (last, found))
    return said == says and last.at <= found.at <= last.until + near


def in_file(shelf: Shelf, day: Day, file: pl.DataFrame) -> Iterator[Finding]:
    """Rows of a day's file as they lie there: out of order, of another day, two that exclude each other."""
    rows = file.with_columns(at=pl.col(TIME_COLUMN[shelf.kind]).cast(pl.Int64))
    step = pl.col("at").diff()
    yield from told(shelf, rows.filter(step < 0), "wrong", "unsorted", "earlier than the row before")
    yield from told(
        shelf, rows.filter(pl.col("at") // DAY != day), "wrong", "wrong_day", f"not of the file's day, {day_name(day)}"
    )
    if shelf.kind not in ("ticks", "gaps"):
        yield from told(shelf, rows.filter(step == 0), "wrong", "double", "a second one of the same time")


def in_ticks(
    shelf: Shelf, ticks: pl.DataFrame, before: Millis | None, gaps: pl.DataFrame, rules: Rules
) -> Iterator[Finding]:
    """Ticks of one day, ascending: impossible prices, repeats, silences, prices that stand still.

    `before` is the time of the tick before the first, None where there is none.
    """
    rows = ticks.with_columns(pl.col("at").cast(pl.Int64))
    price = pl.col("price")
    impossible = rows.filter(~price.is_finite() | (price <= 0))
    yield from told(shelf, impossible, "wrong", "bad_price", "no price can be this")
    repeated = rows.filter(pl.struct("at", "price").is_first_distinct().not_())
    yield from told(shelf, repeated, "note", "repeated", "the same stamp and price again, as the feed sent it")
    yield from _silences(shelf, rows, before, gaps, rules.silence)
    yield from flats(shelf, rows, rules)


def in_candles(
    shelf: Shelf, candles: pl.DataFrame, before: Millis | None, gaps: pl.DataFrame, rules: Rules
) -> Iterator[Finding]:
    """Candles of one day, ascending and one per `at`: off the grid, impossible, missing, partial, still.

    `before` is the opening time of the bar before the first, None where there is none.
    """
    rows = candles.with_columns(pl.col("at").cast(pl.Int64))
    length, at = shelf.timeframe, pl.col("at")
    off = rows.filter((at + rules.origin) % length != 0)
    yield from told(shelf, off, "wrong", "off_grid", f"no bar of {timeframe_name(length)} opens then")
    finite = pl.all_horizontal([pl.col(name).is_finite() & (pl.col(name) > 0) for name in PRICES])
    yield from told(shelf, rows.filter(~finite), "wrong", "bad_price", "no price can be this")
    yield from told(shelf, rows.filter(~_is_possible()), "wrong", "impossible", "the prices of the bar contradict")
    partial = rows.filter(pl.col("quality") == "partial")
    yield from told(shelf, partial, "note", "partial", "some of the bar's time was not heard")
    yield from _holes(shelf, rows, before, gaps)
    yield from flats(shelf, rows.filter(pl.col("quality") != "empty"), rules)


def in_changes(shelf: Shelf, changes: pl.DataFrame, first_tick: Millis | None, rules: Rules) -> Iterator[Finding]:
    """Payouts or sentiment of one day, ascending: percentages that are none, and ticks before the first row.

    `first_tick` is the day's, None where no ticks are stored.
    """
    rows = changes.with_columns(pl.col("at").cast(pl.Int64))
    most = MOST_PAYOUT if shelf.kind == "payouts" else 100
    percent = pl.col("payout" if shelf.kind == "payouts" else "sentiment")
    yield from told(shelf, rows.filter(~percent.is_between(0, most)), "wrong", "bad_percent", f"not from 0 to {most}")
    if first_tick is not None and rows.height and rows["at"][0] - first_tick > rules.silence:
        meaning = "ticks are stored, and nobody had told this yet"
        yield Finding("missing", "not_told", str(shelf), first_tick, rows["at"][0], 0, meaning)


def flats(shelf: Shelf, rows: pl.DataFrame, rules: Rules) -> Iterator[Finding]:
    """Runs of ticks or candles (`at` in milliseconds, ascending) whose prices never move."""
    prices = PRICES if shelf.kind == "candles" else ("price",)
    same = pl.all_horizontal([pl.col(name) == pl.col(prices[-1]) for name in prices])
    runs = (
        rows.with_columns(run=pl.struct(prices[-1], same.alias("still")).rle_id(), still=same)
        .filter("still")
        .group_by("run", maintain_order=True)
        .agg(start=pl.col("at").first(), end=pl.col("at").last() + shelf.timeframe, rows=pl.len())
        .filter(pl.col("end") - pl.col("start") >= rules.flat, pl.col("rows") >= _FEW_ROWS)
    )
    for start, end, count in runs.select("start", "end", "rows").iter_rows():
        yield Finding("note", "flat", str(shelf), start, end, count, "the price did not move: a closed market?")


def told(shelf: Shelf, rows: pl.DataFrame, level: Level, code: str, meaning: str) -> Iterator[Finding]:
    """One finding for all the rows together, none where there are none."""
    if len(rows):
        yield Finding(level, code, str(shelf), rows["at"][0], rows["at"][-1], len(rows), meaning)


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
