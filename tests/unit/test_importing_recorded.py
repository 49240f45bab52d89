"""Every recorded file of ticks and candles is imported, and its faults are found: the facts that come with them."""

from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from qfluxd.errors import DataError
from qfluxd.market.disagreements import against_lower
from qfluxd.market.findings import Finding, Rules
from qfluxd.market.fold import fold_ticks
from qfluxd.market.importing.files import Options, held, import_file
from qfluxd.market.importing.report import Imported
from qfluxd.market.importing.stamps import Zone
from qfluxd.market.layout import LAST_MILLIS, Shelf
from qfluxd.market.reading import scan
from qfluxd.market.verify import verify
from qfluxd.model import HOUR, MINUTE, timeframe_name
from qfluxd.research.dataset import open_dataset
from tests.support.fixtures import FIXTURES, fixture
from tests.support.market import captured_ticks, clean_ticks, dirty_ticks, server_candles
from tests.support.rows import ticks_of

SERVER = Zone(offset=2 * HOUR)
LENGTHS = (1, 5, 15, 60)
FAMILIES = ("AUDCAD_otc", "EURUSD_otc", "GBPCAD", "LBPUSD_otc", "USDIDR_otc_otc")
MISLABELLED = "candles/hloc_mislabelled"
NAIVE = "candles/naive_builder"


def imported(folder: Path, name: str, asset: str | None = None, *, mend: bool = False) -> Imported:
    """One file of the server's own times, into a folder; and once more, which changes nothing."""
    options = Options(asset, SERVER, mend=mend)
    with held(folder):
        report = import_file(fixture(name), folder, options)
        before = open_dataset(folder).hash
        again = import_file(fixture(name), folder, options)
    assert (again.added, again.kept, open_dataset(folder).hash) == (0, report.kept, before)
    assert report.read == report.kept + sum(report.dropped.values())
    assert report.zone == "7200 s ahead of UTC, as stated"
    return report


def all_files() -> list[str]:
    """The recorded files of ticks and candles, empty where there are none."""
    return sorted(str(path.relative_to(FIXTURES)) for path in FIXTURES.glob("[tc]*/**/*.*"))


@pytest.mark.parametrize("name", all_files())
def test_a_file_whose_zone_nobody_states_is_refused_or_read_as_it_says(tmp_path: Path, name: str) -> None:
    """Times of day are refused with a remedy; a Z and an epoch are taken at their word, and that is told."""
    with held(tmp_path):
        if "_ticks_2025" in name:
            with pytest.raises(
                DataError, match=r"nobody says the zone of; state it: --timezone .* --server-offset 7200"
            ):
                import_file(fixture(name), tmp_path, Options())
            return
        report = import_file(fixture(name), tmp_path, Options("GBPUSD_otc", mend=True))
    assert report.zone in ("UTC, as the file says", "UTC, as epochs are")


@pytest.mark.parametrize(
    ("name", "read", "repeated"),
    [
        ("AUDCAD_otc_ticks_20251025_time-1516_compiled.csv", 23529, 1144),
        ("ZARUSD_otc_ticks_20250930_time-1208_compiled.csv", 4048, 226),
    ],
)
def test_clean_ticks(tmp_path: Path, name: str, read: int, repeated: int) -> None:
    """The second header is left out, the Z is not believed, and candles of what is kept are those of the whole file."""
    report = imported(tmp_path, f"ticks/{name}")
    assert (report.read, report.dropped) == (read, {"header": 1, "repeated": repeated})
    assert report.backward == 0
    assert report.assets == (name.partition("_ticks")[0],)
    expected = clean_ticks(name, datetime.strptime(name.split("_")[3], "%Y%m%d"))  # noqa: DTZ007 (only its day is used)
    assert (report.first, report.last) == (expected[0].at, expected[-1].at)
    whole = pl.LazyFrame({"at": [tick.at for tick in expected], "price": [tick.price for tick in expected]})
    kept = open_dataset(tmp_path).ticks(report.assets[0])
    prices = ["at", "open", "high", "low", "close"]
    assert fold_ticks(kept, MINUTE).collect().select(prices).equals(fold_ticks(whole, MINUTE).collect().select(prices))


def test_dirty_ticks(tmp_path: Path) -> None:
    """15,988 rows with the time of the one before, 248 steps back; what is kept is every tick, once, in order."""
    report = imported(tmp_path, "ticks/EURUSD_otc_live_20250719.csv")
    assert (report.same_stamp, report.backward) == (15_988, 248)
    assert (report.read, report.dropped) == (25_298, {"no_time": 1, "repeated": 16_525})
    heard = dirty_ticks()
    kept = ticks_of(tmp_path, "EURUSD_otc")
    assert set(kept) == set(heard)
    assert [tick.at for tick in kept] == sorted(tick.at for tick in kept)


def test_sentiment_mistaken_for_ticks(tmp_path: Path) -> None:
    """25 rows of a recorder's JSON are the crowd's figure; nothing in it says the asset, so that must be given."""
    with held(tmp_path), pytest.raises(DataError, match="give --asset"):
        import_file(fixture("ticks/gbpusd_ticks_capture.json"), tmp_path, Options())
    report = imported(tmp_path, "ticks/gbpusd_ticks_capture.json", "GBPUSD_otc")
    assert (report.read, report.dropped) == (1938, {"sentiment": 25})
    assert ticks_of(tmp_path, "GBPUSD_otc") == captured_ticks()[0]


@pytest.mark.parametrize("family", FAMILIES)
def test_the_servers_candles(tmp_path: Path, family: str) -> None:
    """Rows that the recorder appended are left out, the last bar is partial, and the rest is exact over timeframes."""
    asset = family.replace("_otc_otc", "_otc")
    for minutes in LENGTHS:
        (path,) = fixture("candles/multi_tf").glob(f"{family}_{minutes}m_*.csv")
        name = str(path.relative_to(FIXTURES))
        report = imported(tmp_path, name)
        length = minutes * MINUTE
        assert (report.assets, report.timeframes) == ((asset,), (timeframe_name(length),))
        assert (minutes == 1) == ("appended" not in report.dropped)
        assert any("last bar" in note for note in report.notes)
        frame = scan(tmp_path, Shelf("candles", asset, length), 0, LAST_MILLIS).collect()
        bars = frame.select(pl.col("at").cast(pl.Int64), "open", "high", "low", "close").rows()
        server = server_candles(name, length)
        assert bars[: len(server)] == [(bar.at, bar.open, bar.high, bar.low, bar.close) for bar in server]
        assert frame["quality"].to_list() == ["backfilled"] * (frame.height - 1) + ["partial"]
    assert [finding for finding in found(tmp_path) if finding.level == "wrong"] == []
    assert compared(tmp_path, asset) >= 15


def found(folder: Path) -> list[Finding]:
    return list(verify(folder, 0, LAST_MILLIS))


def compared(folder: Path, asset: str) -> int:
    """How many five-minute bars are held against minutes: so many findings there are once each of them is spoilt."""
    five, one = (Shelf("candles", asset, minutes * MINUTE) for minutes in (5, 1))
    spoilt = scan(folder, five, 0, LAST_MILLIS).with_columns(pl.col("high") + 1).collect()
    minutes = scan(folder, one, 0, LAST_MILLIS).collect()
    return sum(finding.count for finding in against_lower(five, spoilt, one, minutes, Rules()))


def test_mislabelled_columns_are_refused_and_mended_on_request(tmp_path: Path) -> None:
    """The header says open, high, low, close; every row is possible only as open, close, high, low."""
    name = f"{MISLABELLED}/AUDCADOTC_2024_2_2_18.csv"
    with held(tmp_path), pytest.raises(DataError) as refused:
        import_file(fixture(name), tmp_path, Options("AUDCAD_otc", SERVER))
    assert "called open, high, low, close hold open, close, high, low (194 of 194 bars" in str(refused.value)
    assert "--mend" in str(refused.value)
    assert not (tmp_path / "candles").exists()
    report = imported(tmp_path, name, "AUDCAD_otc", mend=True)
    assert (report.kept, report.timeframes) == (194, ("1m",))
    first = scan(tmp_path, Shelf("candles", "AUDCAD_otc", MINUTE), 0, LAST_MILLIS).collect().row(0)
    assert first[1:5] == (0.89929, 0.89965, 0.89919, 0.89946)


@pytest.mark.parametrize(
    ("name", "timeframe", "flat"),
    [
        ("data_1m_EURUSD_2024_2_5_15", "1m", 0),
        ("data_5m_EURUSD_2024_2_4_22", "5m", 40),
        ("data_5m_GBPAUD_2024_2_5_12", "1m", 0),
    ],
)
def test_an_unusual_order_that_is_labelled_right_is_noticed_and_read_by_name(
    tmp_path: Path, name: str, timeframe: str, flat: int
) -> None:
    """Three files have open, close, high, low and say so; one holds a flat weekend, one says 5m and has minutes."""
    report = imported(tmp_path, f"{MISLABELLED}/{name}.csv")
    assert report.timeframes == (timeframe,)
    assert report.notes[0].startswith("the columns are open, close, high, low, in this order; the values agree")
    assert any("the name says 5m" in note for note in report.notes) == ("GBPAUD" in name)
    assert sum(finding.count for finding in report.flat) == flat
    assert report.dropped == {}


def test_candles_of_a_naive_builder_disagree_with_their_ticks(tmp_path: Path) -> None:
    """More than half of its bars have other prices than the ticks of their time, and `verify` says how many."""
    imported(tmp_path, "ticks/AUDCAD_otc_ticks_20251025_time-1516_compiled.csv")
    kept = sum(imported(tmp_path, f"{NAIVE}/AUDCAD_otc_1m_2025_10_25_10_06_10_part00{n}.csv").kept for n in (1, 2, 3))
    (differ,) = [finding for finding in found(tmp_path) if finding.code == "other_ticks"]
    assert kept == 286
    assert 90 < differ.count < 186
    assert (differ.level, differ.place) == ("note", "candles AUDCAD_otc/1m")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("frames/detailed_websocket_data_20250831_224741.frames.jsonl", "qfluxd replay"),
        ("frames/detailed_websocket_data_20250831_224741.events.jsonl", "it takes a time with a price"),
        ("assets/updateAssets_20250831_224741.json", "rows without names must be"),
    ],
)
def test_files_of_something_else_are_refused_with_what_to_do(tmp_path: Path, name: str, why: str) -> None:
    """Frames are for `replay`; what has no prices is told what it would need."""
    with held(tmp_path), pytest.raises(DataError, match=why):
        import_file(fixture(name), tmp_path, Options("EURUSD_otc", SERVER))
