"""What is stored can be listed, taken out, and checked against itself."""

import io
import json
from collections.abc import Iterable
from pathlib import Path

import polars as pl
import pytest

from qfluxd.errors import DataError
from qfluxd.market.data import export, list_data
from qfluxd.market.findings import Finding
from qfluxd.market.layout import LAST_MILLIS, Shelf
from qfluxd.market.store import Store
from qfluxd.market.verify import Looked, Looks, verify
from qfluxd.model import DAY, MINUTE, Candle, Gap, Quality, Series, Tick
from qfluxd.settings import StoreSettings
from tests.support.fixtures import fixture
from tests.support.rows import merge_all

ASSET = "EURUSD_otc"
MONDAY = 20_388 * DAY
NOON = MONDAY + 12 * 60 * MINUTE
TICKS = Shelf("ticks", ASSET)


def filled(folder: Path, facts: Iterable[Tick | Candle | Gap], merged: bool = True) -> Path:
    store = Store(folder, StoreSettings())
    for fact in facts:
        store.on_fact(fact)
    store.close()
    if merged:
        merge_all(folder)
    return folder


def bars(
    prices: Iterable[tuple[float, float, float, float]],
    length: int = MINUTE,
    quality: Quality = "whole",
    start: int = NOON,
    ticks: int = 2,
) -> list[Candle]:
    series = Series(ASSET, length)
    return [Candle(series, start + n * length, *row, ticks, quality) for n, row in enumerate(prices)]


def walk(count: int) -> list[tuple[float, float, float, float]]:
    return [(1.0 + n / 1000, 1.002 + n / 1000, 0.999 + n / 1000, 1.001 + n / 1000) for n in range(count)]


def found(folder: Path) -> list[Finding]:
    return list(verify(folder, 0, LAST_MILLIS))


def codes(folder: Path) -> list[str]:
    return [finding.code for finding in found(folder)]


def rewrite(folder: Path, shelf: Shelf, change: pl.Expr) -> None:
    """Change the one file of a shelf, as a careless program would."""
    (path,) = folder.rglob(f"{shelf.kind}/**/*.parquet")
    pl.read_parquet(path).with_columns(change).write_parquet(path)


# ------------------------------------------------------------------------------------------------- list


@pytest.mark.parametrize("merged", [False, True])
def test_the_list_says_how_much_there_is_of_what(tmp_path: Path, merged: bool) -> None:
    """Rows, days, first and last time per asset, kind and timeframe, settled or not."""
    ticks = [Tick(ASSET, MONDAY + n * DAY, 1.0) for n in range(3)]
    folder = filled(tmp_path, [*ticks, *bars(walk(5)), Gap("#A", MONDAY, MONDAY + 1)], merged)
    listed = list(list_data(folder))
    assert [(s.kind, s.asset, s.timeframe, s.days, s.rows, s.first, s.last) for s in listed] == [
        ("ticks", ASSET, None, 3, 3, MONDAY, MONDAY + 2 * DAY),
        ("candles", ASSET, "1m", 1, 5, NOON, NOON + 4 * MINUTE),
        ("gaps", "#A", None, 1, 1, MONDAY, MONDAY),
    ]
    assert all(stored.bytes > 500 for stored in listed)


def test_an_empty_or_absent_folder_lists_nothing(tmp_path: Path) -> None:
    """No data is not an error."""
    assert list(list_data(tmp_path / "none")) == []


# ----------------------------------------------------------------------------------------------- export


def test_candles_export_as_csv(tmp_path: Path) -> None:
    """The columns and timestamps that the issue promises, sorted, in the range asked for."""
    folder = filled(tmp_path / "data", bars([(1.0, 2.0, 0.5, 1.5), (1.5, 1.75, 1.25, 1.5), (1.5, 2, 1, 1.25)]))
    out = tmp_path / "out.csv"
    assert export(folder, Shelf("candles", ASSET, MINUTE), NOON, NOON + 2 * MINUTE, out, "csv") == 2
    assert out.read_text() == (
        "timestamp,open,high,low,close\n2025-10-27T12:00:00Z,1.0,2.0,0.5,1.5\n2025-10-27T12:01:00Z,1.5,1.75,1.25,1.5\n"
    )


def test_ticks_export_as_json_lines_like_those_on_mqtt(tmp_path: Path) -> None:
    """One object per tick: asset, at in milliseconds, price."""
    folder = filled(tmp_path / "data", [Tick("#A", NOON + 7, 1.25)], merged=False)
    out = io.BytesIO()
    assert export(folder, Shelf("ticks", "#A"), 0, LAST_MILLIS, out, "jsonl") == 1
    assert json.loads(out.getvalue()) == {"asset": "#A", "at": NOON + 7, "price": 1.25}


def test_candles_export_as_json_lines_like_those_on_mqtt(tmp_path: Path) -> None:
    """The keys of the candle topic's payload."""
    folder = filled(tmp_path / "data", bars(walk(1)))
    out = io.BytesIO()
    export(folder, Shelf("candles", ASSET, MINUTE), 0, LAST_MILLIS, out, "jsonl")
    keys = ["asset", "timeframe", "at", "open", "high", "low", "close", "ticks", "quality"]
    row = json.loads(out.getvalue())
    assert list(row) == keys
    assert (row["timeframe"], row["at"], row["quality"]) == ("1m", NOON, "whole")


def test_an_export_to_parquet_reads_back_the_same(tmp_path: Path) -> None:
    """Nothing is lost between the store's files and one file."""
    ticks = [Tick(ASSET, MONDAY + n * 3_600_000, 1.0 + n) for n in range(60)]
    folder = filled(tmp_path / "data", ticks)
    assert export(folder, TICKS, 0, LAST_MILLIS, tmp_path / "out.parquet", "parquet") == 60
    frame = pl.read_parquet(tmp_path / "out.parquet")
    assert frame["price"].to_list() == [tick.price for tick in ticks]
    assert frame["at"].is_sorted()


def test_an_export_of_nothing_says_where_to_look(tmp_path: Path) -> None:
    """An unknown asset is an error with the command that lists the known ones."""
    with pytest.raises(DataError, match="data list"):
        export(tmp_path, TICKS, 0, LAST_MILLIS, tmp_path / "out.csv", "csv")


def test_an_export_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    """A place that takes no file is an error, and nothing half written stays."""
    folder = filled(tmp_path / "data", [Tick(ASSET, NOON, 1.0)])
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "file").write_text("")
    with pytest.raises(DataError, match="cannot be written"):
        export(folder, TICKS, 0, LAST_MILLIS, tmp_path / "out", "csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "out"]


# ----------------------------------------------------------------------------------------------- verify


def test_good_data_has_no_findings(tmp_path: Path) -> None:
    """Ticks, their minute bars and the bars of five minutes made of these agree."""
    ticks = [Tick(ASSET, NOON + n * 500, 1.0 + (n % 97) / 1000) for n in range(1200)]
    minute = [fold(ticks, NOON + n * MINUTE, MINUTE) for n in range(10)]
    five = [fold(ticks, NOON + n * 5 * MINUTE, 5 * MINUTE) for n in range(2)]
    assert found(filled(tmp_path, [*ticks, *minute, *five])) == []


def fold(ticks: list[Tick], at: int, length: int) -> Candle:
    prices = [tick.price for tick in ticks if at <= tick.at < at + length]
    ohlc = (prices[0], max(prices), min(prices), prices[-1])
    return Candle(Series(ASSET, length), at, *ohlc, len(prices), "whole")


def test_a_bar_that_its_ticks_do_not_make_is_wrong(tmp_path: Path) -> None:
    """The finding names the series and the bar."""
    ticks = [Tick(ASSET, NOON + n * 500, 1.0 + n / 1000) for n in range(600)]
    candles = [fold(ticks, NOON + n * MINUTE, MINUTE) for n in range(5)]
    good = candles[2]
    candles[2] = Candle(good.series, good.at, good.open, 9.0, good.low, good.close, good.ticks, "whole")
    (finding,) = found(filled(tmp_path, [*ticks, *candles]))
    assert (finding.level, finding.code, finding.at) == ("wrong", "not_its_ticks", NOON + 2 * MINUTE)
    assert finding.place == f"candles {ASSET}/1m"


def test_a_partial_bar_is_not_held_against_its_ticks(tmp_path: Path) -> None:
    """A bar that says it is incomplete is only counted."""
    ticks = [Tick(ASSET, NOON + n * 500, 1.0 + n / 1000) for n in range(240)]
    (finding,) = found(filled(tmp_path, [*ticks, *bars([(5.0, 5.0, 5.0, 5.0)], quality="partial")]))
    assert (finding.level, finding.code, finding.count) == ("note", "partial", 1)


def test_ticks_lost_to_a_kill_are_missing_not_wrong(tmp_path: Path) -> None:
    """A whole bar of which fewer ticks are stored than it counted is told apart from a wrong bar."""
    ticks = [Tick(ASSET, NOON + n * 500, 1.0 + n / 1000) for n in range(360)]
    candles = [fold(ticks, NOON + n * MINUTE, MINUTE) for n in range(3)]
    folder = filled(tmp_path, [*(tick for n, tick in enumerate(ticks) if not 220 < n < 280), *candles])
    assert [(f.level, f.code, f.count) for f in found(folder)] == [("missing", "ticks_missing", 2)]


def test_a_late_tick_is_a_note(tmp_path: Path) -> None:
    """A stored tick that came after its bar had closed explains the difference."""
    ticks = [Tick(ASSET, NOON + n * 500, 1.0 + n / 1000) for n in range(240)]
    candles = [fold(ticks, NOON + n * MINUTE, MINUTE) for n in range(2)]
    folder = filled(tmp_path, [*ticks, Tick(ASSET, NOON + 100, 0.99), *candles])
    assert [(f.level, f.code) for f in found(folder)] == [("note", "late_ticks")]


def test_a_longer_bar_that_its_shorter_ones_do_not_make_is_wrong(tmp_path: Path) -> None:
    """Timeframes are held against the longest shorter one that divides them."""
    five = [(1.0, 1.006, 0.999, 1.005), (1.005, 1.5, 1.004, 1.01)]
    (finding,) = found(filled(tmp_path, [*bars(walk(10)), *bars(five, 5 * MINUTE)]))
    assert (finding.code, finding.at, finding.count) == ("not_its_bars", NOON + 5 * MINUTE, 1)


@pytest.mark.parametrize("blind", ["partial", "empty"])
def test_a_backfilled_bar_is_not_held_against_short_bars_nobody_heard(tmp_path: Path, blind: Quality) -> None:
    """History fills the minute, not the seconds in it."""
    flat = bars([(1.0, 1.0, 1.0, 1.0)] * 60, 1_000, blind, ticks=0)
    minute = bars([(1.0, 1.1, 0.9, 1.0)], quality="backfilled")
    assert "not_its_bars" not in codes(filled(tmp_path, [*flat, *minute]))


def test_four_hour_bars_are_counted_from_the_servers_midnight(tmp_path: Path) -> None:
    """Bars of 4 h open at 22:00, 02:00 UTC where the server is two hours ahead; others are off the grid."""
    length = 240 * MINUTE
    good = bars(walk(3), length, start=MONDAY - 120 * MINUTE)
    bad = bars(walk(1), length, start=MONDAY + 20 * 60 * MINUTE)
    findings = found(filled(tmp_path, [*good, *bad]))
    assert [(f.code, f.at) for f in findings if f.level == "wrong"] == [("off_grid", MONDAY + 20 * 60 * MINUTE)]


@pytest.mark.parametrize(
    ("prices", "code"),
    [
        ((1.0, 0.9, 0.8, 0.9), "impossible"),
        ((1.0, 1.2, 1.1, 1.1), "impossible"),
        ((0.0, 1.0, 0.0, 1.0), "bad_price"),
        ((1.0, float("inf"), 1.0, 1.0), "bad_price"),
    ],
)
def test_impossible_bars_are_wrong(tmp_path: Path, prices: tuple[float, float, float, float], code: str) -> None:
    """A high below the close, a low above the open, a price that is none."""
    assert code in codes(filled(tmp_path, bars([prices])))


@pytest.mark.parametrize("price", [0.0, -1.0, float("nan"), float("inf")])
def test_impossible_ticks_are_wrong(tmp_path: Path, price: float) -> None:
    """No quote is zero, negative or no number."""
    assert codes(filled(tmp_path, [Tick(ASSET, NOON, price)])) == ["bad_price"]


def test_missing_bars_are_counted_and_a_recorded_gap_explains_them(tmp_path: Path) -> None:
    """A hole that was noted when it happened is a note; one that was not is missing data, over midnight too."""
    late = bars(walk(10), start=MONDAY + DAY - 5 * MINUTE)
    del late[3:7]
    (hole,) = found(filled(tmp_path / "1", late))
    assert (hole.level, hole.code, hole.count) == ("missing", "hole", 4)
    assert (hole.at, hole.until) == (MONDAY + DAY - 2 * MINUTE, MONDAY + DAY + 2 * MINUTE)
    (note,) = found(filled(tmp_path / "2", [*late, Gap(ASSET, MONDAY + DAY - MINUTE, MONDAY + DAY + MINUTE)]))
    assert (note.level, note.code) == ("note", "gap")


def test_silence_is_told_and_a_recorded_gap_explains_it(tmp_path: Path) -> None:
    """More than a minute without a tick."""
    ticks = [Tick(ASSET, NOON, 1.0), Tick(ASSET, NOON + 60_000, 1.1), Tick(ASSET, NOON + 121_000, 1.2)]
    (silence,) = found(filled(tmp_path / "1", ticks))
    assert (silence.code, silence.at, silence.until) == ("silence", NOON + 60_000, NOON + 121_000)
    (note,) = found(filled(tmp_path / "2", [*ticks, Gap(ASSET, NOON + 60_000, NOON + 121_000)]))
    assert note.code == "gap"


def test_prices_that_stand_still_are_told(tmp_path: Path) -> None:
    """A flat weekend shows in ticks and in bars."""
    still = [Tick(ASSET, NOON + n * 30_000, 1.5) for n in range(30)]
    flat = bars([(1.5, 1.5, 1.5, 1.5)] * 20, start=NOON + 60 * MINUTE)
    folder = filled(tmp_path, [*still, *flat])
    assert [(f.code, f.count, f.at) for f in found(folder)] == [
        ("flat", 30, NOON),
        ("flat", 20, NOON + 60 * MINUTE),
    ]


def test_the_same_tick_twice_is_a_note(tmp_path: Path) -> None:
    """Repeats come from the feed; they are kept and counted."""
    (finding,) = found(filled(tmp_path, [Tick(ASSET, NOON, 1.0)] * 3))
    assert (finding.level, finding.code, finding.count) == ("note", "repeated", 2)


def test_rows_put_out_of_order_by_another_program_are_wrong(tmp_path: Path) -> None:
    """Files are checked as they lie there, not only as they are read."""
    folder = filled(tmp_path, [Tick(ASSET, NOON + n * 1000, 1.0 + n) for n in range(5)])
    rewrite(folder, TICKS, pl.col("at").reverse())
    assert "unsorted" in codes(folder)


def test_rows_of_another_day_and_double_bars_are_wrong(tmp_path: Path) -> None:
    """A day's file holds its day, and a bar's time once."""
    folder = filled(tmp_path / "1", bars(walk(3)))
    rewrite(folder, Shelf("candles", ASSET, MINUTE), pl.col("at") - pl.duration(days=1))
    assert "wrong_day" in codes(folder)
    folder = filled(tmp_path / "2", bars(walk(3)))
    rewrite(folder, Shelf("candles", ASSET, MINUTE), pl.col("at").min())
    assert "double" in codes(folder)


def test_a_damaged_file_is_a_finding_and_the_rest_is_looked_at(tmp_path: Path) -> None:
    """Verification does not stop at the first file that cannot be read."""
    folder = filled(tmp_path, [Tick("A", NOON, 1.0), Tick("B", NOON, -1.0)])
    (path,) = (folder / "ticks" / "A").iterdir()
    path.write_bytes(b"PAR1")
    assert codes(folder) == ["unreadable", "bad_price"]


def test_a_file_set_aside_is_remembered(tmp_path: Path) -> None:
    """What merging could not read is said at every verification until a person deals with it."""
    folder = filled(tmp_path, [Tick("A", NOON, 1.0)], merged=False)
    (path,) = (folder / "ticks" / "A").rglob("*.parquet")
    path.write_bytes(b"")
    merge_all(folder)
    assert "set_aside" in codes(folder)


def test_only_the_days_and_shelves_asked_for_are_looked_at(tmp_path: Path) -> None:
    """The range and the filter narrow the work, and how much was looked at is counted."""
    folder = filled(tmp_path, [Tick(asset, MONDAY + n * DAY, -1.0) for asset in "AB" for n in range(4)])
    looks, start, end = Looks(), MONDAY + DAY, MONDAY + 3 * DAY
    findings = list(verify(folder, start, end, wanted=lambda shelf: shelf.asset == "B", hear=looks.hear))
    assert [f.code for f in findings if f.level == "wrong"] == ["bad_price"] * 2
    assert looks.all == [Looked("ticks", "B", None, 2, 2, MONDAY + DAY, MONDAY + 2 * DAY)]


@pytest.mark.parametrize("asset", ["AUDCAD_otc", "EURUSD_otc"])
def test_the_servers_own_candles_agree_over_all_timeframes(tmp_path: Path, asset: str) -> None:
    """Recorded bars of 1, 5, 15 and 60 minutes, put in the store, contradict each other nowhere."""
    folder = fixture("candles/multi_tf")
    for minutes in (1, 5, 15, 60):
        (path,) = folder.glob(f"{asset}_{minutes}m_*.csv")
        filled(tmp_path, server_bars(path, asset, minutes * MINUTE))
    assert [finding for finding in found(tmp_path) if finding.level == "wrong"] == []
    assert sum(stored.rows for stored in list_data(tmp_path)) > 300


def server_bars(path: Path, asset: str, length: int) -> list[Candle]:
    """The server's rows of a recorded file: up to the first that is off the grid, without the last, still open."""
    stamp = pl.col("timestamp").str.to_datetime("%Y-%m-%d %H:%M:%SZ", time_unit="ms").cast(pl.Int64)
    frame = pl.read_csv(path).select(stamp - 7_200_000, "open", "high", "low", "close")
    rows = list(frame.iter_rows())
    ours = next((n for n, row in enumerate(rows) if (row[0] + 7_200_000) % length), len(rows)) - 1
    return [
        Candle(Series(asset, length), at, opened, high, low, close, 0, "backfilled")
        for at, opened, high, low, close in rows[:ours]
    ]
