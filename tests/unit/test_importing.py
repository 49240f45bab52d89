"""Files as they are found: columns by name, times by a zone that is stated, faults counted, nothing added twice."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path

import polars as pl
import pytest

from qfluxd.errors import DataError
from qfluxd.market.importing.files import Options, held, import_file
from qfluxd.market.importing.report import Imported
from qfluxd.market.importing.stamps import Zone, stated
from qfluxd.market.layout import LAST_MILLIS, Kind, Shelf, day_file
from qfluxd.market.reading import scan
from qfluxd.market.store import Store
from qfluxd.model import DAY, HOUR, MINUTE, SECOND, Candle, Fact, Quality, Series, Tick
from qfluxd.settings import StoreSettings
from tests.support.rows import ticks_of

ASSET = "EURUSD_otc"
NOON = 20_388 * DAY + 12 * HOUR
"""2025-10-27T12:00:00Z."""

OHLC = ("open", "high", "low", "close")

type Put = Callable[..., Imported]


@pytest.fixture
def put(tmp_path: Path) -> Put:
    """Writes a file and imports it into the folder ``data``; options are those of `Options`."""

    def write(
        text: str, name: str = f"{ASSET}.csv", tell: Callable[[int], None] = print, **options: object
    ) -> Imported:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        with held(tmp_path / "data"):
            return import_file(file, tmp_path / "data", Options(**options), tell)  # type: ignore[arg-type]

    return write


def ticks(folder: Path, asset: str = ASSET) -> list[tuple[int, float]]:
    """Stored ticks, in milliseconds since noon."""
    return [(tick.at - NOON, tick.price) for tick in ticks_of(folder / "data", asset)]


def candles(folder: Path, timeframe: int = MINUTE, kind: Kind = "candles") -> list[tuple[object, ...]]:
    """Stored candles, opening times in minutes since noon."""
    rows = scan(folder / "data", Shelf(kind, ASSET, timeframe), 0, LAST_MILLIS)
    return rows.with_columns((pl.col("at").cast(pl.Int64) - NOON) // MINUTE).collect().rows()


def lines(*rows: Iterable[object]) -> str:
    return "".join(",".join(map(str, row)) + "\n" for row in rows)


def bars(count: int, head: tuple[str, ...] = OHLC, step: int = 60) -> str:
    """Candles that all differ in all prices and open where the one before closed; columns hold what `head` says."""
    rows: list[tuple[object, ...]] = [("timestamp", *head)]
    for n in range(count):
        price = dict(zip(OHLC, (1 + n / 100, 1.05 + n / 100, 0.98 + n / 100, 1.01 + n / 100), strict=True))
        rows.append((NOON // 1000 + n * step, *(price[name] for name in head)))
    return lines(*rows)


# --------------------------------------------------------------------------------------------- columns


@pytest.mark.parametrize(
    ("time", "price"), [("timestamp", "price"), ("Date", "Close"), ("<TIME>", " Bid "), ("at", "value"), ("ts", "last")]
)
def test_columns_are_found_by_name(put: Put, tmp_path: Path, time: str, price: str) -> None:
    """Whatever case, spaces and brackets they are written with, and whatever lies between them."""
    report = put(lines(("", time, "spread", price), (0, "2025-10-27T12:00:01Z", 7, 1.5)))
    assert report.columns == {"at": time, "price": price}
    assert ticks(tmp_path) == [(1000, 1.5)]


def test_day_and_time_may_stand_apart(put: Put, tmp_path: Path) -> None:
    """As trading platforms export them, with tabs and points."""
    head = "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\n"
    put(head + "2025.10.27\t12:01:00\t1\t2\t0.5\t1.5\t9\n", timeframe=MINUTE, zone=stated(None, "UTC"))
    assert candles(tmp_path) == [(1, 1.0, 2.0, 0.5, 1.5, 9, "partial")]


def test_columns_that_are_not_there_are_asked_for(put: Put) -> None:
    """The error names the columns that there are, and what it takes."""
    with pytest.raises(DataError, match=r"its columns are a, b; it takes a time with a price"):
        put("a,b\n1,2\n")
    with pytest.raises(DataError, match="it takes at, open, high, low, close"):
        put("at,price\n1,2\n", kind="candles")


def test_closes_can_be_taken_for_ticks_on_request(put: Put, tmp_path: Path) -> None:
    """`kind` wins over what the columns look like."""
    assert put(bars(2), kind="ticks").kind == "ticks"
    assert ticks(tmp_path) == [(0, 1.01), (60_000, 1.02)]


# ----------------------------------------------------------------------------------------------- assets


@pytest.mark.parametrize(
    ("name", "asset"),
    [
        ("EURUSD_otc.csv", "EURUSD_otc"),
        ("data_1m_GBPAUD_2024_2_5.csv", "GBPAUD"),
        ("USDIDR_otc_otc_1m.csv", "USDIDR_otc"),
        ("ticks/%23AAPL_otc/2025-10-27.csv", "#AAPL_otc"),
    ],
)
def test_the_asset_stands_in_the_files_name_or_place(put: Put, name: str, asset: str) -> None:
    """In the broker's way of writing it, or by the folder of a store."""
    assert put("at,price\n1761566400,1\n", name).assets == (asset,)


@pytest.mark.parametrize("name", ["eurusd.csv", "AUDCADOTC_2024.csv", "prices.csv", "candles/other/x.csv"])
def test_an_asset_that_nothing_says_is_asked_for(put: Put, name: str) -> None:
    """A symbol is exact; nothing is made of a name that only resembles one."""
    with pytest.raises(DataError, match="give --asset"):
        put("at,price\n1761566400,1\n", name)
    assert put("at,price\n1761566400,1\n", name, asset="#X").assets == ("#X",)


def test_a_column_of_assets_makes_as_many_shelves(put: Put, tmp_path: Path) -> None:
    """With an asset given, only its rows are taken; a row without one is left out."""
    text = "timestamp,symbol,price\n1761566400,A,1\n1761566401,B,2\n1761566402,,3\n1761566403,A,4\n"
    report = put(text)
    assert (report.assets, report.dropped) == (("A", "B"), {"no_asset": 1})
    assert ticks(tmp_path, "A") == [(0, 1.0), (3000, 4.0)]
    assert put(text, asset="B").dropped == {"no_asset": 1, "other_asset": 2}


# ----------------------------------------------------------------------------------------------- times


@pytest.mark.parametrize(
    "stamp",
    [
        "2025-10-27T12:00:00Z",
        "2025-10-27 12:00:00.000 UTC",
        "2025/10/27 12:00Z",
        "2025-10-27T14:00:00+02:00",
        "2025-10-27T08:00:00-0400",
        "1761566400",
        "1761566400.0",
        "1761566400000",
        "1761566400000000",
        "1761566400000000000",
    ],
)
def test_times_that_say_their_zone(put: Put, tmp_path: Path, stamp: str) -> None:
    """ISO in its usual spellings, and epochs from seconds to nanoseconds, told apart by their size."""
    report = put(lines(("at", "price"), (stamp, 1)))
    assert ticks(tmp_path) == [(0, 1.0)]
    assert report.zone in ("UTC, as the file says", "UTC, as epochs are", "the offsets that the times have")


@pytest.mark.parametrize(
    ("zone", "stamp"),
    [
        (Zone(offset=2 * HOUR), "2025-10-27 14:00:00"),
        (Zone(offset=2 * HOUR), "2025-10-27 14:00:00Z"),
        (Zone(offset=2 * HOUR), "1761573600"),
        (Zone(name="Europe/Berlin"), "2025-10-27 13:00"),
        (Zone(name="Europe/Berlin"), "2025-10-27T13:00:00Z"),
        (Zone(name="America/New_York"), "2025-10-27 08:00:00"),
        (Zone(offset=-30 * MINUTE), "2025-10-27 11:30:00"),
    ],
)
def test_a_zone_that_is_stated_wins(put: Put, tmp_path: Path, zone: Zone, stamp: str) -> None:
    """Over a Z that is not true, and over an epoch that was not counted from UTC."""
    assert put(lines(("at", "price"), (stamp, 1)), zone=zone).zone.endswith("as stated")
    assert ticks(tmp_path) == [(0, 1.0)]


def test_times_of_day_take_the_day_from_the_name(put: Put, tmp_path: Path) -> None:
    """With a zone stated; without, without a day, or over midnight, the error says what to do."""
    zone, name = Zone(offset=2 * HOUR), "EURUSD_otc_20251027.csv"
    put(lines(("at", "price"), ("14:00:00Z", 1), ("14:00:01.5", 2)), name, zone=zone)
    assert ticks(tmp_path) == [(0, 1.0), (1500, 2.0)]
    with pytest.raises(DataError, match="no day in its name"):
        put(lines(("at", "price"), ("14:00:00Z", 1)), zone=zone)
    with pytest.raises(DataError, match="pass midnight; cut it there"):
        put(lines(("at", "price"), ("23:59:59Z", 1), ("00:00:00Z", 1)), name, zone=zone)
    with pytest.raises(DataError, match="nobody says the zone of"):
        put(lines(("at", "price"), ("14:00:00Z", 1)), name)


def test_a_zone_is_never_guessed(put: Put) -> None:
    """Bare times are refused with the options that state a zone; a zone stated twice, or against the file's, too."""
    with pytest.raises(DataError, match=r"name no zone; state it: --timezone UTC, .* --server-offset 7200"):
        put(lines(("at", "price"), ("2025-10-27 12:00:00", 1)))
    with pytest.raises(DataError, match="offsets of their own"):
        put(lines(("at", "price"), ("2025-10-27T12:00:00+02:00", 1)), zone=Zone(offset=0))
    with pytest.raises(DataError, match="no such time zone"):
        stated(None, "Europe/Atlantis")
    with pytest.raises(DataError, match="give one"):
        stated(7200, "UTC")


def test_an_hour_that_a_zone_has_twice_is_left_out(put: Put, tmp_path: Path) -> None:
    """And one that it skips: which moment was meant cannot be known."""
    rows = ("2025-10-26 02:30:00", 1), ("2025-03-30 02:30:00", 2), ("2025-10-27 13:00:00", 3)
    report = put(lines(("at", "price"), *rows), zone=Zone(name="Europe/Berlin"))
    assert report.dropped == {"no_time": 2}
    assert ticks(tmp_path) == [(0, 3.0)]


# ------------------------------------------------------------------------------------------------ rows


def test_rows_that_are_none_are_counted_by_reason(put: Put, tmp_path: Path) -> None:
    """Nulls, words, zero, negative and infinite prices, times that are none, the header again, a torn last line."""
    text = "at,price\n1761566400,1\nat,price\n,2\nyesterday,2\n1761566401,\n1761566402,x\n1761566403,0\n"
    text += "1761566404,-1\n1761566405,inf\n1761566406,nan\n42,\n1761566407,2\n1761566408"
    report = put(text)
    reasons = {"header": 1, "sentiment": 1, "no_time": 2, "no_price": 3, "bad_price": 4}
    assert (report.read, report.kept, report.dropped) == (13, 2, reasons)
    assert ticks(tmp_path) == [(0, 1.0), (7000, 2.0)]


def test_ticks_out_of_order_and_repeated(put: Put, tmp_path: Path) -> None:
    """Steps back are sorted, the same row again is dropped; a price that comes back within a stamp is not the same."""
    rows = (1, 1.0), (1, 1.0), (3, 1.3), (2, 1.2), (3, 1.4), (3, 1.3), (1, 1.0)
    report = put(lines(("at", "price"), *((NOON + at, price) for at, price in rows)))
    assert (report.backward, report.same_stamp, report.dropped) == (2, 2, {"repeated": 2})
    assert ticks(tmp_path) == [(1, 1.0), (2, 1.2), (3, 1.3), (3, 1.4), (3, 1.3)]


def test_a_file_of_which_nothing_is_left_is_refused(put: Put, tmp_path: Path) -> None:
    """With the reasons; and nothing is left lying about."""
    with pytest.raises(DataError, match=r"none of its 2 rows can be used \(1: no time.*; 1: no price\)"):
        put("at,price\nx,1\n1761566400,\n")
    with pytest.raises(DataError, match="none of its 0 rows can be used"):
        put("at,price\n")
    assert [path.name for path in (tmp_path / "data").iterdir()] == [".lock"]


def test_long_files_are_read_in_batches_that_leave_no_trace(put: Put, tmp_path: Path) -> None:
    """Progress is told, steps back over the edge of a batch are seen, and every row arrives."""
    count, heard = 300_000, list[int]()
    stamps = [NOON + n * 7 for n in range(count)]
    stamps[140_000:] = [at - 5_000 for at in stamps[140_000:]]
    report = put(lines(("at", "price"), *((at, 1 + n % 977 / 1000) for n, at in enumerate(stamps))), tell=heard.append)
    assert (report.read, report.kept, report.backward) == (count, count, 1)
    assert heard[-1] == count
    assert len(heard) > 1
    assert len(ticks(tmp_path)) == count


# --------------------------------------------------------------------------------------------- candles


def test_what_columns_hold_is_told_by_their_values(put: Put, tmp_path: Path) -> None:
    """Every wrong labelling is refused with the right one named, and mended on request to the same candles."""
    put(bars(30))
    right = candles(tmp_path)
    for head in (("open", "close", "high", "low"), ("high", "low", "open", "close"), ("close", "high", "low", "open")):
        text = bars(30, head).replace(",".join(head), ",".join(OHLC))
        with pytest.raises(DataError, match=f"open, high, low, close hold {', '.join(head)} .*--mend"):
            put(text)
        report = put(text, mend=True)
        assert report.notes[0].startswith("mended: the columns called open, high, low, close hold")
        assert (report.added, candles(tmp_path)) == (0, right)


def test_columns_in_which_no_order_makes_candles_are_refused(put: Put) -> None:
    """Four prices that are no candle whatever they are called."""
    rows = [(NOON // 1000 + n * 60, *(((n * k) % 7) + 1 for k in (1, 2, 3, 5))) for n in range(40)]
    with pytest.raises(DataError, match="no order of its columns"):
        put(lines(("at", *OHLC), *rows), mend=True)


def test_a_few_impossible_bars_are_left_out(put: Put, tmp_path: Path) -> None:
    """A high below the close in one of many bars is that bar's fault, not the labels'."""
    text = bars(30).replace("1.15,", "0.5,", 1)
    report = put(text)
    assert report.dropped == {"impossible": 1}
    assert len(candles(tmp_path)) == 29


def test_bars_that_stand_still_say_nothing_about_labels(put: Put) -> None:
    """A flat weekend is told, and is no reason to refuse."""
    report = put(lines(("at", *OHLC), *((NOON // 1000 + n * 60, 2, 2, 2, 2) for n in range(20))))
    ((stretch,), notes) = report.flat, report.notes
    assert (stretch.at, stretch.until, stretch.count) == (NOON, NOON + 20 * MINUTE, 20)
    assert not any("called" in note for note in notes)


def test_rows_that_a_recorder_appended_are_left_out(put: Put, tmp_path: Path) -> None:
    """From the first off the grid, where they lie closer than the timeframe; a single one off it is only that."""
    five = bars(10, step=300)
    tail = bars(13).splitlines(keepends=True)[1:]
    moved = [f"{int(line.split(',')[0]) + 47 * 60},{line.partition(',')[2]}" for line in tail]
    assert put(five + "".join(moved), "EURUSD_otc_5m.csv").dropped == {"appended": 13}
    assert candles(tmp_path, 5 * MINUTE)[-1][0] == 45
    assert put(five + moved[0], "EURUSD_5m.csv").dropped == {"off_grid": 1}


def test_the_last_bar_is_not_known_to_be_over(put: Put, tmp_path: Path) -> None:
    """It is partial until a longer file says more of it."""
    put(bars(5))
    assert [row[-1] for row in candles(tmp_path)] == ["backfilled"] * 4 + ["partial"]
    report = put(bars(7))
    assert (report.added, [row[-1] for row in candles(tmp_path)]) == (3, ["backfilled"] * 6 + ["partial"])


def test_how_long_bars_are(put: Put) -> None:
    """By what is stated, by their steps, by the file's name where there is one bar; else it is asked for."""
    one = bars(1)
    assert put(bars(5, step=300)).timeframes == ("5m",)
    assert put(one, "EURUSD_15m.csv").timeframes == ("15m",)
    assert put(one, timeframe=5 * SECOND).timeframes == ("5s",)
    with pytest.raises(DataError, match="state --timeframe"):
        put(one)
    with pytest.raises(DataError, match="no timeframe; state --timeframe"):
        put(bars(3, step=7 * 86_400))


def test_a_bar_told_twice(put: Put, tmp_path: Path) -> None:
    """The same again is a repeat; another with the same time replaces it."""
    first, *rows = bars(4).splitlines(keepends=True)
    report = put("".join([first, *rows, rows[1], rows[2].replace("1.07", "1.09")]))
    assert report.dropped == {"repeated": 1, "replaced": 1}
    assert (report.backward, candles(tmp_path)[2][2]) == (1, 1.09)


def test_timeframes_may_stand_in_a_column(put: Put, tmp_path: Path) -> None:
    """As in JSON lines of the daemon; `timeframe` then has nothing to add."""
    rows = [
        {
            "asset": ASSET,
            "timeframe": name,
            "at": NOON,
            **dict(zip(OHLC, (1, 2, 0.5, 1.5), strict=True)),
            "quality": "whole",
            "ticks": 3,
        }
        for name in ("1m", "5m", "7x")
    ]
    text = "".join(f"{json.dumps(row)}\n" for row in rows) + '{"at": 17615'
    report = put(text, "daemon.jsonl")
    assert report.dropped == {"no_time": 1, "no_timeframe": 1}
    assert report.timeframes == ("1m", "5m")
    assert candles(tmp_path) == [(0, 1.0, 2.0, 0.5, 1.5, 3, "whole")]
    with pytest.raises(DataError, match="leave --timeframe away"):
        put(text, "daemon.jsonl", timeframe=MINUTE)


# ---------------------------------------------------------------------------------------------- forms


@pytest.mark.parametrize(
    "document",
    [
        {"asset": ASSET, "ticks": [[NOON / 1000, 1.5]]},
        [[NOON, 1.5]],
        {"data": [{"time": "2025-10-27T12:00:00Z", "price": "1.5"}]},
        [{"at": NOON, "value": 1.5}, "noise", None],
    ],
)
def test_json_documents(put: Put, tmp_path: Path, document: object) -> None:
    """A list of rows, or an object with one; rows with names or in the order of the broker's answers."""
    put(
        json.dumps(document),
        "capture.json",
        asset=None if isinstance(document, dict) and "asset" in document else ASSET,
    )
    assert ticks(tmp_path) == [(0, 1.5)]


def test_the_brokers_own_candle_rows(put: Put, tmp_path: Path) -> None:
    """Five numbers: time, open, close, high, low."""
    put(json.dumps({"candles": [[NOON // 1000, 1, 1.5, 2, 0.5]]}), "EURUSD_otc_1m.json")
    assert candles(tmp_path) == [(0, 1.0, 2.0, 0.5, 1.5, 0, "partial")]


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("x.xls", "", "the name must end in .csv"),
        ("x.json", "{", "no JSON"),
        ("x.json", '{"a": 1}', "holds no list of rows"),
        ("x.json", "[[1,2,3]]", "rows without names must be"),
        ("x.parquet", "no parquet", "cannot be read"),
        ("x.csv", "", "cannot be read"),
        ("x.jsonl", "", "its columns are none"),
    ],
)
def test_files_that_are_none_are_refused_by_name(put: Put, name: str, text: str, why: str) -> None:
    """Each with what is wrong with it."""
    with pytest.raises(DataError, match=f"{name}: .*{why}"):
        put(text, name, asset=ASSET)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """Is said to be missing."""
    with held(tmp_path / "data"), pytest.raises(DataError, match="no such file"):
        import_file(tmp_path / "none.csv", tmp_path / "data", Options())


def test_parquet_with_and_without_a_zone(tmp_path: Path) -> None:
    """A column of moments says its zone, or is refused like any other."""
    at = pl.Series("at", [NOON]).cast(pl.Datetime("ms"))
    file, root = tmp_path / "EURUSD_otc.parquet", tmp_path / "data"
    pl.DataFrame({"at": at, "price": [1.5]}).write_parquet(file)
    with held(root):
        with pytest.raises(DataError, match="name no zone"):
            import_file(file, root, Options())
        pl.DataFrame({"at": at.dt.replace_time_zone("Europe/Berlin"), "price": [1.5]}).write_parquet(file)
        import_file(file, root, Options())
    assert ticks(tmp_path) == [(-HOUR, 1.5)]


def test_payouts_and_sentiment_are_imported_too(put: Put, tmp_path: Path) -> None:
    """Changes of what is paid; a percentage that is none is left out."""
    rows = (NOON, ASSET, 92, "true"), (NOON + MINUTE, ASSET, 80, 0), (NOON + HOUR, ASSET, -1, 1)
    text = lines(("timestamp", "asset", "payout", "open"), *rows)
    report = put(text)
    assert (report.kind, report.dropped) == ("payouts", {"no_payout": 1})
    assert candles(tmp_path, 0, "payouts") == [(0, 92, True), (1, 80, False)]
    assert put("at,sentiment\n1761566400,61\n1761566460,101\n").dropped == {"no_sentiment": 1}
    assert candles(tmp_path, 0, "sentiment") == [(0, 61)]


# --------------------------------------------------------------------------------------------- folders


def bar(at: int, close: float, quality: Quality) -> Candle:
    return Candle(Series(ASSET, MINUTE), NOON + at * MINUTE, 1.0, 2.0, 0.5, close, 3, quality)


def test_what_is_there_already_stays(put: Put, tmp_path: Path) -> None:
    """Into a daemon's folder: its own bars win over a file's that are no better, and that is told; ticks are united."""
    store = Store(tmp_path / "data", StoreSettings())
    heard: list[Fact] = [bar(0, 1.75, "whole"), bar(1, 1.75, "partial"), *[Tick(ASSET, NOON, 1.0)] * 2]
    for fact in heard:
        store.on_fact(fact)
    store.close()
    report = put(lines(("at", *OHLC), *((NOON // 1000 + n * 60, 1, 2, 0.5, 1.5) for n in range(3))))
    assert candles(tmp_path) == [
        (0, 1.0, 2.0, 0.5, 1.75, 3, "whole"),
        (1, 1.0, 2.0, 0.5, 1.5, 0, "backfilled"),
        (2, 1.0, 2.0, 0.5, 1.5, 0, "partial"),
    ]
    assert report.added == 2
    assert "there already, and saying otherwise: 1; what was there stays" in report.notes
    put(lines(("at", "price"), (NOON, 1.0), (NOON, 2.0), (NOON, 1.0)))
    assert ticks(tmp_path) == [(0, 1.0), (0, 2.0), (0, 1.0)]  # the file has all of them, and says their order


def test_a_stamp_that_two_files_share_keeps_its_order(put: Put, tmp_path: Path) -> None:
    """One that was cut between them, or that one of them has in full, whichever was imported first; nothing to tell."""
    stamp = NOON // 1000
    early = lines(("at", "price"), (stamp, 1), (stamp + 1, 3), (stamp + 1, 2))
    late = lines(("at", "price"), (stamp + 1, 2), (stamp + 1, 1), (stamp + 2, 1))
    whole = lines(("at", "price"), (stamp + 1, 3), (stamp + 1, 2), (stamp + 1, 1), (stamp + 2, 1))
    told = [(0, 1.0), (1000, 3.0), (1000, 2.0), (1000, 1.0), (2000, 1.0)]
    for number, files in enumerate(((early, late), (late, early), (whole, early), (early, whole))):
        name = f"{number}_otc"
        assert [put(text, f"{name}.csv", asset=name).notes for text in files] == [(), ()]
        assert ticks(tmp_path, name) == told


def test_ticks_of_a_stamp_that_contradict_are_counted(put: Put, tmp_path: Path) -> None:
    """The same in another order, or some that either lacks: one result, whichever file comes first, and it is told."""
    stamp = NOON // 1000
    one = lines(
        ("at", "price"), (stamp, 9), (stamp + 1, 3), (stamp + 1, 1), (stamp + 2, 4), (stamp + 2, 2), (stamp + 3, 9)
    )
    two = lines(
        ("at", "price"), (stamp, 9), (stamp + 1, 1), (stamp + 1, 3), (stamp + 2, 5), (stamp + 2, 2), (stamp + 3, 9)
    )
    for number, files in enumerate(((one, two), (two, one))):
        name = f"{number}_otc"
        first, second = (put(text, f"{name}.csv", asset=name) for text in files)
        assert (first.notes, second.added) == ((), 1)
        assert second.notes[0].startswith("stamps whose ticks contradict those that were there: 2; ")
        assert ticks(tmp_path, name)[1:-1] == [(1000, 3.0), (1000, 1.0), (2000, 2.0), (2000, 4.0), (2000, 5.0)]


def test_a_second_import_writes_no_file(put: Put, tmp_path: Path) -> None:
    """Not even the same bytes again."""
    put(bars(5))
    path = day_file(tmp_path / "data", Shelf("candles", ASSET, MINUTE), NOON // DAY)
    before = path.stat().st_mtime_ns, path.stat().st_ino
    assert put(bars(5)).added == 0
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == before


def test_a_folder_that_a_daemon_writes_to_is_left_alone(tmp_path: Path) -> None:
    """Two writers of one folder exclude each other."""
    store = Store(tmp_path, StoreSettings())
    store.on_fact(Tick(ASSET, NOON, 1.0))
    store.flush()
    with pytest.raises(DataError, match="another qfluxd"), held(tmp_path):
        pass
    store.close()


def test_what_a_killed_import_left_is_swept(put: Put, tmp_path: Path) -> None:
    """The next import into the folder removes it."""
    left = tmp_path / "data" / ".import-killed"
    left.mkdir(parents=True)
    (left / "1.parquet").write_text("")
    put(bars(3))
    assert not left.exists()


def test_a_stored_file_that_is_damaged_is_named(put: Put, tmp_path: Path) -> None:
    """Nothing is merged into a day that cannot be read."""
    path = day_file(tmp_path / "data", Shelf("ticks", ASSET), NOON // DAY)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"PAR1")
    with pytest.raises(DataError, match="not a readable Parquet file"):
        put(lines(("at", "price"), (NOON, 1)))
    assert path.read_bytes() == b"PAR1"
