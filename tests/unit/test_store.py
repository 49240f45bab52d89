"""What the store takes is on disk within seconds, whole, in order, once."""

import asyncio
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from qfluxd.errors import DataError
from qfluxd.market.layout import LAST_MILLIS, Shelf, day_file, part_numbers, settled_days, unsettled_days
from qfluxd.market.parquet import check_file, decode, read_holds
from qfluxd.market.reading import collect, scan
from qfluxd.market.retention import delete_captures, delete_day, old_days
from qfluxd.market.store import FLUSH_EVERY, Store, Stream
from qfluxd.model import DAY, Alert, Candle, Gap, Quality, Series, Tick
from qfluxd.settings import StoreSettings
from tests.support.dying import dies_after
from tests.support.rows import merge_all, ticks_of

EURUSD, APPLE = "EURUSD_otc", "#AAPL_otc"
MONDAY = 20_388 * DAY
"""2025-10-27."""
MINUTELY = Series(EURUSD, 60_000)


def stored(folder: Path, csv: bool = False, parquet: bool = True) -> Store:
    return Store(folder, StoreSettings(csv=csv, parquet=parquet))


def ticks(count: int, start: int = MONDAY, asset: str = EURUSD) -> list[Tick]:
    return [Tick(asset, start + n * 100, 1.0 + n / 100_000) for n in range(count)]


def bar(at: int, close: float, quality: Quality = "whole", series: Series = MINUTELY) -> Candle:
    return Candle(series, at, 1.0, 2.0, 0.5, close, 0 if quality == "empty" else 3, quality)


def closes(store: Store, series: Series = MINUTELY) -> list[tuple[float, str]]:
    frame = store.scan_candles(series, 0, LAST_MILLIS).collect()
    return list(frame.select("close", "quality").iter_rows())


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = stored(tmp_path)
    yield store
    store.close()


def test_ticks_come_back_as_they_were_taken(store: Store, tmp_path: Path) -> None:
    """Price and millisecond survive, and so does a symbol that is no file name."""
    taken = ticks(10, asset=APPLE)
    for tick in taken:
        store.on_fact(tick)
    store.flush()
    assert ticks_of(tmp_path, APPLE) == taken


def test_what_is_not_flushed_yet_is_read_too(store: Store) -> None:
    """A reader inside the daemon sees rows that are still in memory, and each once."""
    for tick in ticks(1500):
        store.on_fact(tick)
    store.flush()
    for tick in ticks(1500, MONDAY + 150_000):
        store.on_fact(tick)
    assert store.scan_ticks(EURUSD, 0, LAST_MILLIS).collect().height == 3000


def test_a_scan_holds_its_start_and_not_its_end(store: Store) -> None:
    """The range is half open, and may begin and end anywhere."""
    for tick in ticks(100, MONDAY + DAY - 5_000):
        store.on_fact(tick)
    found = store.scan_ticks(EURUSD, MONDAY + DAY - 100, MONDAY + DAY + 100).collect()
    assert found["at"].cast(pl.Int64).to_list() == [MONDAY + DAY - 100, MONDAY + DAY]


@pytest.mark.parametrize(("start", "end", "rows"), [(0, 2**63, 10), (-(2**70), 2**70, 10), (2**63, 2**64, 0)])
def test_a_stretch_beyond_all_time_is_read_as_far_as_time_goes(store: Store, start: int, end: int, rows: int) -> None:
    """Bounds that no stored time can have are no trouble: there is nothing beyond."""
    for tick in ticks(10):
        store.on_fact(tick)
    assert store.scan_ticks(EURUSD, start, end).collect().height == rows


def test_any_polars_reads_the_folder_while_it_is_written(store: Store, tmp_path: Path) -> None:
    """The files are plain Parquet with times in UTC; nobody needs this program to read them."""
    for tick in ticks(2000):
        store.on_fact(tick)
        if tick.at % 50_000 == 0:
            store.flush()
    store.flush()
    frame = pl.read_parquet(tmp_path / "ticks" / EURUSD)
    assert frame.sort("at").rows()[0][1] == 1.0
    assert frame.height == 2000
    assert frame.schema == {"at": pl.Datetime("ms", "UTC"), "price": pl.Float64}


def test_ticks_of_the_same_millisecond_keep_their_order(store: Store, tmp_path: Path) -> None:
    """Two prices of one stamp stay two, first heard first, before and after merging."""
    for price in (1.3, 1.1, 1.2):
        store.on_fact(Tick(EURUSD, MONDAY, price))
        store.flush()
    before = ticks_of(tmp_path, EURUSD)
    store.close()
    merge_all(tmp_path)
    assert [tick.price for tick in before] == [tick.price for tick in ticks_of(tmp_path, EURUSD)] == [1.3, 1.1, 1.2]


@pytest.mark.parametrize(
    ("heard", "kept"),
    [
        (["partial", "backfilled"], 1),
        (["backfilled", "partial"], 0),
        (["empty", "partial", "empty"], 1),
        (["whole", "backfilled"], 1),
        (["backfilled", "whole", "empty"], 1),
        (["partial", "partial"], 1),
    ],
)
@pytest.mark.parametrize("where", ["memory", "parts", "file"])
def test_of_two_bars_of_one_time_the_better_stays(tmp_path: Path, heard: list[Quality], kept: int, where: str) -> None:
    """Whole or backfilled before partial before empty, the later of equals, wherever the rows lie."""
    store = stored(tmp_path)
    for number, quality in enumerate(heard):
        store.on_fact(bar(MONDAY, 1.0 + number / 10, quality))
        if where != "memory":
            store.close()
            store = stored(tmp_path)
    if where == "file":
        merge_all(tmp_path)
    assert closes(store) == [(1.0 + kept / 10, heard[kept])]
    store.close()


def test_candles_lie_by_timeframe_and_days_are_utc(store: Store, tmp_path: Path) -> None:
    """A bar belongs to the UTC day in which it opens, and a late one goes to its own day."""
    hourly = Series(EURUSD, 3_600_000)
    for candle in (bar(MONDAY + DAY, 1.5, series=hourly), bar(MONDAY + DAY - 1_000, 1.4, series=hourly)):
        store.on_fact(candle)
    store.flush()
    names = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.parquet"))
    assert names == [f"candles/{EURUSD}/1h/2025-10-27/1.parquet", f"candles/{EURUSD}/1h/2025-10-28/1.parquet"]
    assert closes(store, hourly) == [(1.4, "whole"), (1.5, "whole")]


def test_gaps_are_stored_and_said_once(store: Store, tmp_path: Path) -> None:
    """A stretch that was not heard can be told from a quiet market later."""
    store.on_fact(Gap(EURUSD, MONDAY, MONDAY + 9_000))
    store.on_fact(Gap(EURUSD, MONDAY, MONDAY + 9_000))
    assert store.scan_gaps(EURUSD, 0, LAST_MILLIS).collect().height == 1


@pytest.mark.parametrize(
    ("stream", "kinds"), [("ticks", {"ticks"}), ("candles", {"candles"}), ("both", {"ticks", "candles"})]
)
def test_only_what_is_asked_for_is_stored(tmp_path: Path, stream: Stream, kinds: set[str]) -> None:
    """`stream` decides between ticks, candles and both."""
    store = Store(tmp_path, StoreSettings(), stream)
    store.on_fact(Tick(EURUSD, MONDAY, 1.0))
    store.on_fact(bar(MONDAY, 1.0))
    store.close()
    assert {path.name for path in tmp_path.iterdir() if path.is_dir()} == kinds


def test_nothing_is_stored_where_nothing_is_asked_for(tmp_path: Path) -> None:
    """With Parquet and CSV off the store takes no memory and makes no file of data."""
    store = stored(tmp_path, parquet=False)
    store.on_fact(Tick(EURUSD, MONDAY, 1.0))
    store.close()
    assert store.status().waiting == 0
    assert not [path for path in tmp_path.iterdir() if path.is_dir()]


@pytest.mark.parametrize(
    "fact",
    [
        Tick("", MONDAY, 1.0),
        Tick("x" * 300, MONDAY, 1.0),
        Tick("\ud800", MONDAY, 1.0),
        Tick(EURUSD, -1, 1.0),
        Tick(EURUSD, 10**15, 1.0),
    ],
)
def test_what_cannot_be_filed_is_counted_and_harms_nothing(store: Store, tmp_path: Path, fact: Tick) -> None:
    """A symbol that names no folder, or a time before 1970, is refused by itself."""
    store.on_fact(fact)
    store.on_fact(Tick(EURUSD, MONDAY, 1.0))
    store.flush()
    assert store.status().lost == 1
    assert ticks_of(tmp_path, EURUSD) == [Tick(EURUSD, MONDAY, 1.0)]


def test_symbols_that_differ_in_case_or_signs_stay_apart(store: Store, tmp_path: Path) -> None:
    """No two symbols share a folder, and none escapes from it."""
    symbols = ["EURUSD", "eurusd", "#EURUSD", "EUR/USD", "..", "EUR USD", "€"]
    for number, symbol in enumerate(symbols):
        store.on_fact(Tick(symbol, MONDAY, float(number)))
    store.close()
    assert [ticks_of(tmp_path, symbol)[0].price for symbol in symbols] == list(range(7))
    assert {path.parent for path in (tmp_path / "ticks").iterdir()} == {tmp_path / "ticks"}


# --------------------------------------------------------------------------------------------- merging


def test_many_parts_become_one_file(tmp_path: Path) -> None:
    """After merging, a day is one file with the same rows, and a late row starts a new part."""
    taken = ticks(3000)
    store = stored(tmp_path)
    for tick in taken:
        store.on_fact(tick)
    store.close()
    shelf, day = Shelf("ticks", EURUSD), MONDAY // DAY
    assert part_numbers(tmp_path, shelf, day) == [1, 2, 3]
    merge_all(tmp_path)
    assert (settled_days(tmp_path, shelf), unsettled_days(tmp_path, shelf)) == ({day}, set())
    assert ticks_of(tmp_path, EURUSD) == taken
    late = stored(tmp_path)
    late.on_fact(Tick(EURUSD, MONDAY + 50, 9.0))
    late.close()
    assert part_numbers(tmp_path, shelf, day) == [4]
    merge_all(tmp_path)
    assert ticks_of(tmp_path, EURUSD) == sorted([*taken, Tick(EURUSD, MONDAY + 50, 9.0)])


@pytest.mark.parametrize("csv", [False, True])
def test_a_death_between_any_two_steps_doubles_and_loses_nothing(tmp_path: Path, csv: bool) -> None:
    """Wherever flushing or merging is cut off, every flushed row is there once, and going on works.

    The file operations are real; at each of them in turn the writer dies.
    """
    taken = ticks(3300)
    for deaths in range(200):
        folder = tmp_path / str(deaths)
        flushed = 0
        store = stored(folder, csv=csv)
        with dies_after(deaths, folder) as watch:
            for count, tick in enumerate(taken, 1):
                store.on_fact(tick)
                if count % 1100 == 0:
                    store.flush()
                    flushed = count
                if count == 2200:
                    store.close()
                    merge_all(folder)
                    store = stored(folder, csv=csv)
            store.close()
            merge_all(folder)
        store._writer.close()  # what the kernel does for the dead
        found = ticks_of(folder, EURUSD)
        assert found == taken[: len(found)]
        assert len(found) >= flushed
        survivor = stored(folder, csv=csv)
        for tick in taken[len(found) :]:
            survivor.on_fact(tick)
        survivor.close()
        merge_all(folder)
        assert ticks_of(folder, EURUSD) == taken
        if watch.seen <= deaths:
            break
    assert 20 < deaths < 199


def test_a_reader_beside_a_writer_sees_a_prefix_without_holes(tmp_path: Path) -> None:
    """Reading while parts grow, fill, and go into their file gives each row once, always."""
    taken = ticks(12_000)
    done = threading.Event()

    def write() -> None:
        store = stored(tmp_path)
        for count, tick in enumerate(taken, 1):
            store.on_fact(tick)
            if count % 200 == 0:
                store.flush()
            if count % 3000 == 0:
                store.close()
                merge_all(tmp_path)
                store = stored(tmp_path)
        store.close()
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    seen = 0
    while not done.is_set():
        found = ticks_of(tmp_path, EURUSD)
        assert found == taken[: len(found)]
        assert len(found) >= seen
        seen = len(found)
    writer.join()
    assert ticks_of(tmp_path, EURUSD) == taken


async def test_running_settles_days_that_are_over(tmp_path: Path) -> None:
    """What an earlier run left in parts goes into its day's file soon after the start."""
    left = stored(tmp_path)
    for tick in ticks(2000):
        left.on_fact(tick)
    left.close()
    store = Store(tmp_path, StoreSettings(keep_days=100_000), flush_every=0.01)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await store.run()
    store.close()
    assert unsettled_days(tmp_path, Shelf("ticks", EURUSD)) == set()
    assert ticks_of(tmp_path, EURUSD) == ticks(2000)


async def test_one_day_that_cannot_be_merged_is_told_once_and_holds_up_no_other(tmp_path: Path) -> None:
    """A chore that the disk refuses waits for the next round; the others are done."""
    heard: list[Alert] = []
    for asset in (APPLE, EURUSD):
        left = stored(tmp_path)
        left.on_fact(Tick(asset, MONDAY, 1.0))
        left.close()
    day_file(tmp_path, Shelf("ticks", APPLE), MONDAY // DAY).mkdir()
    store = Store(tmp_path, StoreSettings(keep_days=100_000), report=heard.append, flush_every=0.01)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await store.run()
    store.close()
    assert [alert.code for alert in heard] == ["store_failing"]
    assert settled_days(tmp_path, Shelf("ticks", EURUSD)) == {MONDAY // DAY}
    assert unsettled_days(tmp_path, Shelf("ticks", APPLE)) == {MONDAY // DAY}


async def test_a_folder_that_cannot_be_listed_is_told_once_and_holds_up_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies in a folder that the disk will not list is left alone; the rest is tidied, round after round."""
    monkeypatch.setattr("qfluxd.market.store._TIDY_EVERY", 0.0)
    heard: list[Alert] = []
    left = stored(tmp_path)
    left.on_fact(bar(MONDAY, 1.0))
    left.on_fact(bar(MONDAY + 50_000 * DAY, 1.0))
    left.close()
    (tmp_path / "ticks").symlink_to(tmp_path / "ticks")  # the kernel will not list this, whoever asks
    store = Store(tmp_path, StoreSettings(keep_days=100_000), report=heard.append, flush_every=0.01)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await store.run()
    assert [alert.code for alert in heard] == ["store_failing"]
    assert str(tmp_path / "ticks") in heard[0].detail
    assert settled_days(tmp_path, Shelf("candles", EURUSD, 60_000)) == {MONDAY // DAY}
    (tmp_path / "ticks").unlink()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await store.run()
    assert [alert.code for alert in heard] == ["store_failing", "store_recovered"]
    store.close()


def test_fewer_days_to_keep_count_though_told_while_old_days_are_deleted(tmp_path: Path) -> None:
    """A change of `keep_days` at the very end of a round of tidying is done in the next round, not the next day."""
    today = time.time_ns() // 1_000_000
    left = stored(tmp_path)
    for at in (today - 5 * DAY, today):
        left.on_fact(Tick(EURUSD, at, 1.0))
    left.close()
    merge_all(tmp_path)
    store = Store(tmp_path, StoreSettings(keep_days=100), captures=tmp_path / "captures")
    sweeping, deleting = next(store._chores), next(store._chores)
    sweeping()
    deleting()
    store.reconfigure(StoreSettings(keep_days=2), "both")
    for _ in range(2):
        store._tidy()
    assert [tick.at for tick in ticks_of(tmp_path, EURUSD)] == [today]
    store.close()


# ---------------------------------------------------------------------------------------------- trouble


def test_a_disk_that_refuses_is_told_of_once_and_tried_again(tmp_path: Path) -> None:
    """Nothing is lost while it refuses, and what waited is written when it takes again."""
    heard: list[Alert] = []
    store = Store(tmp_path, StoreSettings(csv=True), report=heard.append)
    obstacle = tmp_path / "ticks"
    obstacle.write_text("a file where a folder should be")
    for tick in ticks(10):
        store.on_fact(tick)
        store.flush()
    assert [alert.code for alert in heard] == ["store_failing"]
    assert store.status().waiting == 10
    obstacle.unlink()
    store.flush()
    assert [alert.code for alert in heard] == ["store_failing", "store_recovered"]
    assert (store.status().waiting, store.status().problem) == (0, None)
    store.close()
    assert ticks_of(tmp_path, EURUSD) == ticks(10)
    assert len((tmp_path / "ticks" / EURUSD / "2025-10-27.csv").read_text().splitlines()) == 11


def test_memory_is_bounded_while_the_disk_refuses(tmp_path: Path) -> None:
    """Half a million rows wait; what comes then is counted as lost, and what waited is written in the end."""
    store = stored(tmp_path)
    (tmp_path / "ticks").write_text("in the way")
    store.on_fact(Tick(EURUSD, MONDAY, 1.0))
    store.flush()
    for n in range(1, 500_100):
        store.on_fact(Tick(EURUSD, MONDAY + n, 1.0))
    assert (store.status().waiting, store.status().lost) == (500_000, 100)
    (tmp_path / "ticks").unlink()
    store.close()
    rows = scan(tmp_path, Shelf("ticks", EURUSD), 0, LAST_MILLIS).collect()["at"].cast(pl.Int64)
    assert (len(rows), rows[0], rows[-1], rows.n_unique()) == (500_000, MONDAY, MONDAY + 499_999, 500_000)


def test_one_asset_that_cannot_be_written_holds_up_no_other(tmp_path: Path) -> None:
    """Trouble with one file is told, and the rest is stored."""
    store = stored(tmp_path)
    (tmp_path / "ticks").mkdir()
    (tmp_path / "ticks" / EURUSD).write_text("in the way")
    for asset in (EURUSD, APPLE):
        store.on_fact(Tick(asset, MONDAY, 1.0))
    store.flush()
    assert ticks_of(tmp_path, APPLE) == [Tick(APPLE, MONDAY, 1.0)]
    assert store.status().waiting == 1
    (tmp_path / "ticks" / EURUSD).unlink()
    store.close()


def test_two_stores_never_write_to_one_folder(tmp_path: Path) -> None:
    """The second one keeps its rows and says what to do, and goes on when the first has left."""
    first, second = stored(tmp_path), stored(tmp_path)
    first.on_fact(Tick(EURUSD, MONDAY, 1.0))
    first.flush()
    second.on_fact(Tick(EURUSD, MONDAY + 1, 1.0))
    second.flush()
    assert "state_dir" in str(second.status().problem)
    first.close()
    second.close()
    assert len(ticks_of(tmp_path, EURUSD)) == 2


def test_a_damaged_part_is_set_aside_and_the_rest_kept(tmp_path: Path) -> None:
    """A file that the disk has spoilt is told of by name, read around after merging, and never deleted."""
    for start in (MONDAY, MONDAY + 60_000):
        store = stored(tmp_path)
        store.on_fact(Tick(EURUSD, start, 1.0))
        store.close()
    part = tmp_path / "ticks" / EURUSD / "2025-10-27" / "1.parquet"
    part.write_bytes(part.read_bytes()[:100])
    with pytest.raises(DataError, match=r"1\.parquet.*move it"):
        ticks_of(tmp_path, EURUSD)
    merge_all(tmp_path)
    assert ticks_of(tmp_path, EURUSD) == [Tick(EURUSD, MONDAY + 60_000, 1.0)]
    assert part.with_name("1.parquet.damaged").exists()


def panics(*given: object, **options: object) -> pl.DataFrame:
    """What polars does where a page holds other than its header says; which bytes do it changes with its version."""
    raise pl.exceptions.PanicException("called `Result::unwrap()` on an `Err` value")


def test_a_part_that_makes_polars_panic_is_set_aside_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Damage that polars meets with a panic, which is no ordinary exception, is damage like any other."""
    store = stored(tmp_path)
    store.on_fact(Tick(EURUSD, MONDAY, 1.0))
    store.close()
    part = tmp_path / "ticks" / EURUSD / "2025-10-27" / "1.parquet"
    for name in ("read_parquet", "read_parquet_metadata", "read_parquet_schema"):
        monkeypatch.setattr(pl, name, panics)
    for read in (lambda: decode("ticks", b"", part), lambda: read_holds(part), lambda: check_file("ticks", part)):
        with pytest.raises(DataError, match=r"1\.parquet.*move it"):
            read()
    merge_all(tmp_path)
    assert part.with_name("1.parquet.damaged").exists()


@pytest.mark.parametrize("damage", ["zeroed", "panics", "deleted", "closed"])
def test_what_becomes_of_a_file_after_it_was_scanned_is_told(
    tmp_path: Path, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A settled day with a good footer and a spoilt body, or gone, or closed to us, ends in one known error."""
    store = stored(tmp_path)
    store.on_fact(Tick(EURUSD, MONDAY, 1.0))
    store.close()
    merge_all(tmp_path)
    path = day_file(tmp_path, Shelf("ticks", EURUSD), MONDAY // DAY)
    rows = scan(tmp_path, Shelf("ticks", EURUSD), 0, LAST_MILLIS)

    def refuse(rows: pl.LazyFrame) -> pl.DataFrame:
        raise PermissionError(f"Permission denied (os error 13): {path}")

    if damage == "zeroed":
        data = path.read_bytes()
        path.write_bytes(data[:4] + bytes(76) + data[80:])
    elif damage == "deleted":
        path.unlink()
    else:
        monkeypatch.setattr(pl.LazyFrame, "collect", panics if damage == "panics" else refuse)  # root may read all
    with pytest.raises(DataError, match=r"^stored ticks: cannot be read: .*verify"):
        collect(rows, "stored ticks")


def test_a_shelf_that_cannot_be_listed_is_named_to_its_reader(tmp_path: Path) -> None:
    """Reading beside a folder that the disk will not list ends in an error that names it, not in no rows."""
    (tmp_path / "ticks").symlink_to(tmp_path / "ticks")
    with pytest.raises(DataError, match="ticks/EURUSD_otc"):
        scan(tmp_path, Shelf("ticks", EURUSD), 0, LAST_MILLIS)


def test_a_file_of_something_else_is_refused_by_name(tmp_path: Path) -> None:
    """A Parquet file with other columns that lies in the store is not taken for data."""
    path = day_file(tmp_path, Shelf("ticks", EURUSD), MONDAY // DAY)
    path.parent.mkdir(parents=True)
    pl.DataFrame({"at": [1], "price": [1]}).write_parquet(path)
    with pytest.raises(DataError, match="not a file of ticks"):
        scan(tmp_path, Shelf("ticks", EURUSD), 0, LAST_MILLIS)


# -------------------------------------------------------------------------------------------------- CSV


def test_csv_has_the_promised_columns_and_one_header(tmp_path: Path) -> None:
    """ISO 8601 in UTC, ticks to the millisecond; restarts append to the day's file."""
    for start in (MONDAY, MONDAY + 1_000):
        store = stored(tmp_path, csv=True, parquet=False)
        store.on_fact(Tick(APPLE, start + 123, 1.5))
        store.on_fact(bar(start - start % 60_000 + 60_000, 1.25))
        store.close()
    assert (tmp_path / "ticks" / "%23AAPL_otc" / "2025-10-27.csv").read_text() == (
        "timestamp,asset,price\n2025-10-27T00:00:00.123Z,#AAPL_otc,1.5\n2025-10-27T00:00:01.123Z,#AAPL_otc,1.5\n"
    )
    assert (tmp_path / "candles" / EURUSD / "1m" / "2025-10-27.csv").read_text() == (
        "timestamp,open,high,low,close\n" + 2 * "2025-10-27T00:01:00Z,1.0,2.0,0.5,1.25\n"
    )
    assert not list(tmp_path.rglob("*.parquet"))


def test_a_torn_csv_line_is_cut_off_before_going_on(tmp_path: Path) -> None:
    """A kill in the middle of a line leaves no half row behind once the daemon runs again."""
    for start in (MONDAY, MONDAY + 1_000):
        store = stored(tmp_path, csv=True)
        store.on_fact(Tick(EURUSD, start, 1.5))
        store.close()
        path = tmp_path / "ticks" / EURUSD / "2025-10-27.csv"
        path.write_text(path.read_text() + "2025-10-27T00:0")
    store = stored(tmp_path, csv=True)
    store.on_fact(Tick(EURUSD, MONDAY + 2_000, 1.5))
    store.close()
    assert [line[-4:] for line in path.read_text().splitlines()] == ["rice", ",1.5", ",1.5", ",1.5"]


# -------------------------------------------------------------------------------------------- retention


def test_old_days_go_and_nothing_else_does(tmp_path: Path) -> None:
    """Parquet, parts and CSV older than `keep_days` are deleted; foreign files in the folders stay."""
    store = stored(tmp_path, csv=True)
    for day in range(5):
        store.on_fact(Tick(EURUSD, MONDAY + day * DAY, 1.0))
        store.on_fact(bar(MONDAY + day * DAY, 1.0))
        store.flush()
    store.close()
    merge_all(tmp_path)
    foreign = [tmp_path / "ticks" / EURUSD / name for name in ("notes.txt", "2020-01-01.bak", "2020-99-99.csv")]
    for path in foreign:
        path.write_text("mine")
    today = MONDAY // DAY + 4
    for shelf, day in list(old_days(tmp_path, today, 2)):
        delete_day(tmp_path, shelf, day)
    left = sorted(path.name for path in (tmp_path / "candles" / EURUSD / "1m").iterdir())
    assert left == [f"2025-10-{n}.{kind}" for n in (29, 30, 31) for kind in ("csv", "parquet")]
    assert all(path.exists() for path in foreign)
    assert [tick.at // DAY for tick in ticks_of(tmp_path, EURUSD)] == [today - 2, today - 1, today]


def test_a_clock_far_ahead_does_not_empty_the_store(tmp_path: Path) -> None:
    """Age counts from the newest stored day where that is before today."""
    store = stored(tmp_path)
    for tick in ticks(10):
        store.on_fact(tick)
    store.close()
    assert list(old_days(tmp_path, MONDAY // DAY + 10_000, 1)) == []


def test_an_asset_with_nothing_left_leaves_no_folder(tmp_path: Path) -> None:
    """The last old day takes its empty folders with it."""
    store = stored(tmp_path)
    store.on_fact(bar(MONDAY, 1.0))
    store.close()
    merge_all(tmp_path)
    delete_day(tmp_path, Shelf("candles", EURUSD, 60_000), MONDAY // DAY)
    assert list((tmp_path / "candles").iterdir()) == []


def test_old_captures_go_by_their_names(tmp_path: Path) -> None:
    """Only captures named as the daemon names them are deleted."""
    names = ["capture-20251020T000000Z.jsonl", "capture-20251027T000000Z.jsonl", "mine.jsonl", "capture-old.jsonl"]
    for name in names:
        (tmp_path / name).write_text("")
    delete_captures(tmp_path, MONDAY // DAY, 3)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names[1:])


# -------------------------------------------------------------------------------------------------- kill

LIVE = """
import asyncio, sys, time
from pathlib import Path
from qfluxd.market.store import FLUSH_EVERY, Store, Stream
from qfluxd.model import Tick
from qfluxd.settings import StoreSettings

async def main():
    store = Store(Path(sys.argv[1]), StoreSettings(csv=True), flush_every=float(sys.argv[2]))
    at, live = int(sys.argv[3]), sys.argv[3] == "0"
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(store.run())
        print("ready", flush=True)
        while True:
            for _ in range(1 if live else 20):
                at = time.time_ns() // 1_000_000 if live else at + 1
                for asset in ("EURUSD_otc", "#AAPL_otc", "GBPUSD"):
                    store.on_fact(Tick(asset, at, 1.0))
            await asyncio.sleep(0.02 if live else 0.001)

asyncio.run(main())
"""


def begun(folder: Path, flush_every: float, at: int) -> subprocess.Popen[str]:
    child = subprocess.Popen(
        [sys.executable, "-c", LIVE, str(folder), str(flush_every), str(at)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    return child


def killed(child: subprocess.Popen[str]) -> None:
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert child.stdout is not None
    child.stdout.close()


def test_a_kill_loses_at_most_ten_seconds(tmp_path: Path) -> None:
    """A live stream is killed outright; every asset's newest stored tick is less than ten seconds old."""
    child = begun(tmp_path, FLUSH_EVERY, 0)
    time.sleep(2 * FLUSH_EVERY - 0.3)  # just before a flush, when the most is in memory
    killed(child)
    now = time.time_ns() // 1_000_000
    for asset in (EURUSD, APPLE, "GBPUSD"):
        assert now - ticks_of(tmp_path, asset)[-1].at < 10_000
    frames = [pl.read_parquet(path) for path in tmp_path.rglob("*.parquet")]
    assert all(frame.height for frame in frames)


def test_kills_at_any_moment_leave_rows_in_one_piece(tmp_path: Path) -> None:
    """Killed and started again at random moments of flushing and merging: no row twice, none missing inside."""
    at = MONDAY
    for wait in (0.35, 0.12, 0.41, 0.05):
        child = begun(tmp_path, 0.01, at)
        time.sleep(wait)
        killed(child)
        began = at
        for asset in (EURUSD, APPLE, "GBPUSD"):
            stamps = [tick.at for tick in ticks_of(tmp_path, asset)]
            assert stamps == sorted(set(stamps))
            new = [stamp for stamp in stamps if stamp > began]
            assert new == list(range(began + 1, began + 1 + len(new)))
            at = max([at, *new])
    assert at > MONDAY + 100
    lines = (tmp_path / "ticks" / EURUSD / "2025-10-27.csv").read_text().split("\n")
    assert all(line.endswith("Z,EURUSD_otc,1.0") for line in lines[1:-1])
