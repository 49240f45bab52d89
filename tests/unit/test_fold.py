"""Whole files of ticks, folded by polars, against the book."""

import random
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from qfluxd.market.candles import Book
from qfluxd.market.fold import fold_ticks
from qfluxd.model import DAY, HOUR, MINUTE, SECOND, Candle, Millis, Series, Tick
from tests.support.market import clean_ticks, only_candles

COLUMNS = ["asset", "at", "open", "high", "low", "close", "ticks"]


def random_ticks(count: int) -> list[Tick]:
    """Ticks of five assets in order, many of one stamp."""
    chance = random.Random(5)
    at, ticks = 20_000 * DAY, []
    for _ in range(count):
        at += chance.choice((0, 0, 90, 200, 450))
        ticks.append(Tick(chance.choice("ABCDE"), at, chance.randrange(1, 1000) / 100))
    return ticks


def frame_of(ticks: list[Tick]) -> pl.DataFrame:
    """The ticks as they are stored."""
    rows = [(tick.asset, tick.at, tick.price) for tick in ticks]
    frame = pl.DataFrame(rows, schema={"asset": pl.String, "at": pl.Int64, "price": pl.Float64}, orient="row")
    return frame.with_columns(pl.col("at").cast(pl.Datetime("ms", "UTC")))


def folded_by_the_book(ticks: list[Tick], timeframe: Millis, origin: Millis) -> list[tuple[object, ...]]:
    """The same candles made tick by tick, sorted, each with the repeats that the book counts once."""
    book = Book([timeframe], origin=origin, quiet_after=HOUR)
    candles: list[Candle] = only_candles([fact for tick in ticks for fact in book.tick(tick)])
    for asset in {tick.asset for tick in ticks}:
        forming = book.forming(Series(asset, timeframe))
        assert forming is not None
        candles.append(forming)
    return sorted((c.series.asset, c.at, c.open, c.high, c.low, c.close) for c in candles if c.ticks)


@pytest.mark.parametrize("timeframe", [SECOND, 7 * SECOND, MINUTE, 4 * HOUR, DAY])
@pytest.mark.parametrize("origin", [0, 2 * HOUR])
def test_a_file_folds_like_the_book(tmp_path: Path, timeframe: Millis, origin: Millis) -> None:
    """A file of many row groups, read by the streaming engine, gives the candles that the ticks give one by one."""
    ticks = random_ticks(30_000)
    frame_of(ticks).write_parquet(tmp_path / "ticks.parquet", row_group_size=700)
    made = fold_ticks(pl.scan_parquet(tmp_path / "ticks.parquet"), timeframe, origin).collect(engine="streaming")
    assert made.columns == COLUMNS
    assert made.schema["at"] == pl.Datetime("ms", "UTC")
    assert made["ticks"].sum() == len(ticks)
    mine = made.drop("ticks").with_columns(pl.col("at").cast(pl.Int64)).rows()
    assert mine == folded_by_the_book(ticks, timeframe, origin)


def test_several_files_are_read_in_their_order(tmp_path: Path) -> None:
    """Days in files of their own are one series: a bar that spans two files opens in the first."""
    ticks = [tick for tick in random_ticks(9_000) if tick.asset == "A"]
    for number in range(9):
        part = frame_of(ticks[number * 200 : (number + 1) * 200])
        part.drop("asset").write_parquet(tmp_path / f"{number}.parquet")
    made = fold_ticks(pl.scan_parquet(tmp_path / "*.parquet"), MINUTE).collect(engine="streaming")
    assert made.columns == COLUMNS[1:]
    together = fold_ticks(frame_of(ticks[:1_800]).lazy(), MINUTE).collect()
    assert made.equals(together.drop("asset"))


def test_milliseconds_as_numbers_will_do() -> None:
    """A column of plain milliseconds is taken like one of datetimes."""
    frame = frame_of(random_ticks(500))
    plain = frame.with_columns(pl.col("at").cast(pl.Int64))
    assert fold_ticks(plain.lazy(), MINUTE).collect().equals(fold_ticks(frame.lazy(), MINUTE).collect())


def test_three_hours_of_real_ticks_fold_like_the_book() -> None:
    """The recorded AUDCAD ticks give the same minutes both ways."""
    day = datetime(2025, 10, 25)  # noqa: DTZ001 -- a calendar day; the clock times in the file are the server's
    ticks = clean_ticks("AUDCAD_otc_ticks_20251025_time-1516_compiled.csv", day)
    made = fold_ticks(frame_of(ticks).lazy(), MINUTE).collect()
    mine = made.drop("ticks").with_columns(pl.col("at").cast(pl.Int64)).rows()
    assert mine == folded_by_the_book(ticks, MINUTE, 2 * HOUR)
