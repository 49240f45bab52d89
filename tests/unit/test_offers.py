"""What was paid, and what the crowd did, is stored where it changed."""

from pathlib import Path

import msgspec
import polars as pl
import pytest

from qfluxd.config import load
from qfluxd.desk import Desk
from qfluxd.market.data import export, list_data
from qfluxd.market.layout import LAST_MILLIS, Kind, Shelf
from qfluxd.market.offers import Offers
from qfluxd.market.reading import scan
from qfluxd.market.retention import delete_day, old_days
from qfluxd.market.store import Store
from qfluxd.model import DAY, Asset, Assets, Event, Millis, Quote, Sentiment, Tick
from qfluxd.replaying import run_replay
from qfluxd.settings import MarketSettings, StoreSettings
from tests.support.fixtures import fixture
from tests.support.rows import merge_all

ASSET = "EURUSD_otc"
MONDAY = 20_388 * DAY
LEAD = 7_200_000


def quote(at: Millis, payout: int | None = 92, is_open: bool | None = True, sentiment: int | None = None) -> Quote:
    return Quote(ASSET, 1.0, payout, is_open, sentiment, MONDAY + at)


def rows(folder: Path, kind: Kind, asset: str = ASSET) -> list[tuple[object, ...]]:
    """What is stored on a shelf, times in milliseconds since Monday."""
    found = scan(folder, Shelf(kind, asset), 0, LAST_MILLIS).with_columns(pl.col("at").cast(pl.Int64) - MONDAY)
    return found.collect().rows()


def stored(folder: Path, *quotes: Quote, csv: bool = False) -> Path:
    store = Store(folder, StoreSettings(csv=csv))
    for each in quotes:
        store.on_fact(each)
    store.close()
    return folder


def test_a_row_for_each_change_and_none_between(tmp_path: Path) -> None:
    """The first word, a new payout, a closed market; quotes that only have another price add nothing."""
    heard = [quote(0), quote(1), quote(2, 88), quote(3, 88), quote(4, 88, False), quote(5, 88)]
    stored(tmp_path, *heard)
    assert rows(tmp_path, "payouts") == [(0, 92, True), (2, 88, True), (4, 88, False), (5, 88, True)]


def test_every_utc_day_begins_with_a_row(tmp_path: Path) -> None:
    """A day can be read, or kept, without the one before it."""
    stored(tmp_path, quote(0, sentiment=40), quote(DAY - 1, sentiment=40), quote(DAY + 7, sentiment=40))
    assert rows(tmp_path, "payouts") == [(0, 92, True), (DAY + 7, 92, True)]
    assert rows(tmp_path, "sentiment") == [(0, 40), (DAY + 7, 40)]


def test_sentiment_is_stored_where_it_changes(tmp_path: Path) -> None:
    """And has no row before it was told."""
    stored(tmp_path, quote(0), quote(1, sentiment=61), quote(2, sentiment=61), quote(3, sentiment=0))
    assert rows(tmp_path, "sentiment") == [(1, 61), (3, 0)]


def test_nothing_is_known_before_the_broker_has_told(tmp_path: Path) -> None:
    """A quote before the list of assets has no payout, and none is made up."""
    stored(tmp_path, quote(0, None, None), quote(5))
    assert rows(tmp_path, "payouts") == [(5, 92, True)]


def test_an_asset_that_is_listed_no_more_is_closed(tmp_path: Path) -> None:
    """With the payout that it last had, on the next day too, until it is listed again."""
    stored(tmp_path, quote(0), quote(1, None, None), quote(2, None, None), quote(DAY, None, None), quote(DAY + 1))
    assert rows(tmp_path, "payouts") == [(0, 92, True), (1, 92, False), (DAY, 92, False), (DAY + 1, 92, True)]


def test_a_payout_that_no_column_holds_is_passed_over() -> None:
    """What a driver makes of nonsense does not stop the store."""
    assert list(Offers().on_quote(quote(0, 40_000))) == []


def test_both_are_listed_exported_written_as_csv_and_grow_old(tmp_path: Path) -> None:
    """The new shelves are shelves like the others."""
    folder = stored(tmp_path / "data", quote(0, sentiment=40), quote(7, 80, sentiment=41), csv=True)
    merge_all(folder)
    assert [(s.kind, s.rows) for s in list_data(folder)] == [("payouts", 2), ("sentiment", 2)]
    (live,) = (folder / "payouts" / ASSET).glob("*.csv")
    text = f"timestamp,asset,payout,open\n2025-10-27T00:00:00.000Z,{ASSET},92,true\n"
    text += f"2025-10-27T00:00:00.007Z,{ASSET},80,true\n"
    assert live.read_text() == text
    out = tmp_path / "out.jsonl"
    export(folder, Shelf("sentiment", ASSET), 0, LAST_MILLIS, out, "jsonl")
    lines = [msgspec.json.decode(line) for line in out.read_text().splitlines()]
    assert lines[1] == {"asset": ASSET, "at": MONDAY + 7, "sentiment": 41}
    for shelf, day in list(old_days(folder, MONDAY // DAY + 100, 1)):
        delete_day(folder, shelf, day)
    day = MONDAY // DAY
    assert list(old_days(folder, day + 100, 1)) == []  # the newest day that is stored is never too old
    delete_day(folder, Shelf("payouts", ASSET), day)
    assert not (folder / "payouts" / ASSET).exists()


@pytest.mark.parametrize("name", ["20250831_224741", "20250903_003350"])
async def test_a_replay_brings_them_too(tmp_path: Path, name: str) -> None:
    """A recorded session stored by `replay --store` has the payouts that the recorded lists of assets told."""
    file = fixture(f"frames/detailed_websocket_data_{name}.frames.jsonl")
    await run_replay(file, load(Path("/dev/null")), lambda message: None, store=tmp_path)
    assets = ticking(tmp_path)
    assert assets
    for asset in assets:
        assert [row[1:] for row in rows(tmp_path, "payouts", asset)] == told(name, asset)


def told(name: str, asset: str) -> list[tuple[int, bool]]:
    """Payout and open state of an asset in every recorded list, as an independent decoder found them, where new."""
    lines = fixture(f"frames/detailed_websocket_data_{name}.events.jsonl").read_text().splitlines()
    lists = [row["payload"] for row in map(msgspec.json.decode, lines) if row["event"] == "updateAssets"]
    found = [(row[5], row[14]) for listed in lists for row in listed if row[1] == asset]
    return [row for number, row in enumerate(found) if number == 0 or row != found[number - 1]]


def ticking(folder: Path) -> set[str]:
    return {stored.asset for stored in list_data(folder) if stored.kind == "ticks"}


def test_every_asset_of_the_recorded_list(tmp_path: Path) -> None:
    """Of 183 recorded assets, each that ticks is stored with its own payout and whether it was open."""
    recorded = msgspec.json.decode(fixture("assets/updateAssets_20250831_224741.json").read_bytes())
    listed = [
        Asset(row[1], row[2], row[3], row[4], row[5], row[14], row[9] == 1, (60_000,), 60_000) for row in recorded
    ]
    store = Store(tmp_path, StoreSettings())
    desk = Desk(MarketSettings(), store.on_fact)
    events: list[Event] = [Assets(tuple(listed)), *(Tick(each.symbol, MONDAY, 1.5) for each in listed)]
    for event in [*events, Sentiment(ASSET, 33)]:
        desk.hear(MONDAY, event)
    store.close()
    assert len(recorded) == 183
    for each in listed:
        assert rows(tmp_path, "payouts", each.symbol) == [(0, each.payout, each.open)]
    assert rows(tmp_path, "sentiment") == [(0, 33)]
