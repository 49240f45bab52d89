"""A data set is a folder, some assets and a stretch of time, and says what it does not have."""

from pathlib import Path

import polars as pl
import pytest

from qfluxd.errors import DataError
from qfluxd.market.layout import Shelf, day_file
from qfluxd.market.store import Store
from qfluxd.model import DAY, HOUR, MINUTE, Candle, Fact, Gap, Quote, Series, Tick
from qfluxd.research.dataset import LAST, Dataset, open_dataset
from qfluxd.research.prices import from_store
from qfluxd.settings import StoreSettings

ONE, OTHER = "EURUSD_otc", "#AAPL_otc"
MONDAY = 20_388 * DAY
NOON = MONDAY + 12 * HOUR


def candle(at: int, length: int = MINUTE, asset: str = ONE) -> Candle:
    return Candle(Series(asset, length), at, 1.0, 2.0, 0.5, 1.5, 3, "whole")


def quote(at: int, payout: int, asset: str = ONE) -> Quote:
    return Quote(asset, 1.0, payout, True, payout // 2, at)


def filled(folder: Path, *facts: Fact) -> Path:
    store = Store(folder, StoreSettings())
    for fact in facts:
        store.on_fact(fact)
    store.close()
    return folder


def stamps(rows: pl.DataFrame) -> list[int]:
    return rows["at"].cast(pl.Int64).to_list()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    ticks = [Tick(ONE, NOON + n * 1000, 1.0 + n / 1000) for n in range(10)]
    candles = [candle(NOON), candle(NOON + MINUTE), candle(NOON, 5 * MINUTE), candle(NOON, asset=OTHER)]
    quotes = [quote(NOON - DAY, 50), quote(NOON - HOUR, 70), quote(NOON - MINUTE, 80), quote(NOON + 5_000, 92)]
    return filled(tmp_path / "data", *ticks, *candles, *quotes, Gap(ONE, NOON, NOON + 1))


def test_all_of_a_folder(folder: Path) -> None:
    """Without a word about assets and time, everything; in the columns that are promised."""
    dataset = open_dataset(folder)
    assert (dataset.assets, dataset.start, dataset.end) == ((OTHER, ONE), 0, LAST)
    assert (dataset.timeframes(ONE), dataset.timeframes(OTHER)) == ((MINUTE, 5 * MINUTE), (MINUTE,))
    assert (dataset.has_ticks(ONE), dataset.has_ticks(OTHER)) == (True, False)
    moment = pl.Datetime("ms", "UTC")
    assert dataset.ticks(ONE).collect_schema() == {"at": moment, "price": pl.Float64}
    assert dataset.payouts(OTHER).schema == {"at": moment, "payout": pl.Int16, "open": pl.Boolean}
    assert dataset.sentiment(OTHER).schema == {"at": moment, "sentiment": pl.Int16}
    assert dataset.candles(ONE, MINUTE).collect().columns == ["at", "open", "high", "low", "close", "ticks", "quality"]


def test_a_stretch_of_time(folder: Path) -> None:
    """Rows of [start, end); a method may be asked for less, and gives no more."""
    dataset = open_dataset(folder, [ONE], NOON + 2_000, NOON + 8_000)
    assert stamps(dataset.ticks(ONE).collect()) == [NOON + n * 1000 for n in range(2, 8)]
    assert stamps(dataset.ticks(ONE, NOON, NOON + 4_000).collect()) == [NOON + 2_000, NOON + 3_000]
    assert dataset.candles(ONE, MINUTE).collect().is_empty()


def test_what_is_in_force_at_the_start_comes_first(folder: Path) -> None:
    """With its own time, where it is of the same UTC day; a row of the day before holds no longer."""
    assert open_dataset(folder, [ONE], NOON, LAST).payouts(ONE)["payout"].to_list() == [80, 92]
    assert open_dataset(folder, [ONE], NOON - MINUTE, LAST).payouts(ONE)["payout"].to_list() == [80, 92]
    assert open_dataset(folder, [ONE], MONDAY, LAST).sentiment(ONE)["sentiment"].to_list() == [35, 40, 46]


def test_the_hash_is_of_what_can_be_read(folder: Path) -> None:
    """Gaps and other assets do not matter; another stretch with the same rows is the same, one with others is not."""
    dataset = open_dataset(folder, [ONE])
    before = dataset.hash
    filled(folder, Gap(ONE, NOON, NOON + 7), candle(NOON, asset="X"))
    assert dataset.hash == before
    assert open_dataset(folder, [ONE], NOON - 2 * DAY, NOON + DAY).hash == before
    assert open_dataset(folder, [ONE], NOON - DAY + 1, NOON + DAY).hash == before  # what is in force is the same
    assert open_dataset(folder, [ONE], NOON + 1).hash != before
    assert open_dataset(folder, [ONE, OTHER]).hash != before
    assert open_dataset(folder, [OTHER, ONE]).hash == open_dataset(folder, [ONE, OTHER]).hash


def test_the_same_prices_of_another_asset_are_another_data_set(tmp_path: Path) -> None:
    """And so are candles of another timeframe, and the same rows under another kind's name."""
    facts: list[Fact] = [Tick("A", NOON, 1.0), Tick("B", NOON, 1.0), candle(NOON, MINUTE, "C"), candle(NOON, HOUR, "D")]
    names = [open_dataset(filled(tmp_path / str(n), fact)).hash for n, fact in enumerate(facts)]
    assert len(set(names)) == 4


def test_what_is_not_there_is_said(folder: Path, tmp_path: Path) -> None:
    """A folder that is none, an asset that it does not hold, a time of which it has nothing; with the remedy."""
    with pytest.raises(DataError, match="no such folder or file; `qfluxd data import`"):
        open_dataset(tmp_path / "none")
    with pytest.raises(DataError, match=f"holds no GBPUSD of that time; it holds {OTHER}, {ONE}"):
        open_dataset(folder, ["GBPUSD"])
    with pytest.raises(DataError, match="qfluxd data list"):
        open_dataset(folder, start=NOON + 10 * DAY)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="qfluxd data list"):
        open_dataset(tmp_path / "empty")


def test_a_damaged_file_is_named(folder: Path) -> None:
    """By the hash too."""
    path = day_file(folder, Shelf("ticks", ONE), NOON // DAY)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"PAR1")
    with pytest.raises(DataError, match=r"2025-10-27\.parquet: not a readable"):
        assert open_dataset(folder).hash


def test_a_row_of_nothing_is_named(tmp_path: Path) -> None:
    """A null is not a value that could be told from another."""
    folder = filled(tmp_path, Tick(ONE, NOON, 1.0))
    (path,) = folder.rglob("1.parquet")
    pl.read_parquet(path).with_columns(price=pl.lit(None, pl.Float64)).write_parquet(path)
    with pytest.raises(DataError, match=f"ticks {ONE}: a row has no price"):
        assert open_dataset(folder).hash


def test_a_single_file_is_a_data_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is imported into the user's cache, once; another content is another folder, and no zone is guessed."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    file = tmp_path / "EURUSD_otc.csv"
    file.write_text(f"at,price\n{NOON},1.5\n")
    first = open_dataset(file)
    assert stamps(first.ticks(ONE).collect()) == [NOON]
    assert first.root.is_relative_to(tmp_path / "cache" / "qfluxd" / "datasets")
    assert open_dataset(file) == first
    file.write_text(f"at,price\n{NOON},1.5\n{NOON + 1},1.6\n")
    assert open_dataset(file).hash != first.hash
    (tmp_path / "prices.csv").write_text(f"at,price\n{NOON},1.5\n")
    assert open_dataset(tmp_path / "prices.csv", [OTHER]).assets == (OTHER,)
    file.write_text("at,price\n2025-10-27 12:00:00,1.5\n")
    with pytest.raises(DataError, match="--timezone"):
        open_dataset(file)


def test_how_a_single_file_was_read_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The zone that was assumed and the rows that were left out, in one line, also when it was imported before."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    file = tmp_path / "EURUSD_otc.csv"
    file.write_text(f"at,price\n{NOON},1.5\n{NOON},1.5\n{NOON + 1},\n{NOON + 2},1.6\n")
    told = (
        f"{file}: times are read as UTC, as epochs are "
        "(if they are the broker's own: `qfluxd data import --server-offset 7200`); "
        "2 of 4 rows left out (1 no price; 1 the row once more)"
    )
    assert [open_dataset(file).taken_in for _ in range(2)] == [told, told]
    file.write_text("at,price\n2025-10-27T12:00:00Z,1.5\n")
    assert open_dataset(file).taken_in == f"{file}: times are read as UTC, as the file says; 0 of 1 rows left out"
    assert open_dataset(open_dataset(file).root).taken_in is None


def test_training_takes_the_payout_that_was_in_force(folder: Path) -> None:
    """When a candle closed, and none where nobody had told it on that day."""
    filled(folder, candle(NOON + DAY), candle(NOON - 90 * MINUTE))
    candles = from_store(folder, ONE, MINUTE, 0, LAST).candles
    assert candles["payout"].to_list() == [None, 92, 92, None]


def test_rows_that_the_hash_does_not_cover_are_not_given(folder: Path) -> None:
    """A data set of one asset refuses to read another, although the folder has it."""
    dataset = open_dataset(folder, [OTHER])
    for read in (dataset.ticks, dataset.payouts, dataset.sentiment):
        with pytest.raises(DataError, match=f"is of {OTHER}, not of {ONE}"):
            read(ONE)
    assert (dataset.timeframes(ONE), dataset.has_ticks(ONE)) == ((), False)


def test_assets_are_named_once(folder: Path) -> None:
    """However often they are asked for, in the order of the asking."""
    assert open_dataset(folder, [ONE, OTHER, ONE]) == Dataset(folder, (ONE, OTHER), 0, LAST)
