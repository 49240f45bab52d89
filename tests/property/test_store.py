"""Whatever is put into the store, in whatever order and with whatever interruptions, comes out sorted, once."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qfluxd.market.layout import LAST_MILLIS, asset_of, folder_name
from qfluxd.market.store import Store
from qfluxd.model import DAY, Candle, Quality, Series, Tick
from qfluxd.settings import StoreSettings
from tests.support.rows import merge_all, ticks_of

START = 20_388 * DAY
SERIES = Series("EURUSD_otc", 60_000)
WORTH: dict[Quality, int] = {"empty": 0, "partial": 1, "backfilled": 2, "whole": 2}

PAUSES = st.sampled_from(["", "", "", "flush", "restart", "merge"])
"""What happens after a row: mostly nothing."""

TICKS = st.builds(
    Tick,
    st.sampled_from(["A", "a", "#B_otc"]),
    st.integers(START - 3_000, START + 3_000),
    st.floats(allow_nan=False, allow_infinity=False, width=64),
)
CANDLES = st.builds(
    lambda minute, close, quality: Candle(SERIES, START + minute * 60_000, 1.0, 2.0, 0.5, close, 1, quality),
    st.integers(-5, 5),
    st.floats(0.5, 2.0),
    st.sampled_from(list(WORTH)),
)


class Life:
    """A store's folder through flushes, restarts and merges."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = Store(folder, StoreSettings(csv=True))

    def take(self, fact: Tick | Candle, pause: str) -> None:
        self.store.on_fact(fact)
        if pause == "flush":
            self.store.flush()
        elif pause:
            self.store.close()
            if pause == "merge":
                merge_all(self.folder)
            self.store = Store(self.folder, StoreSettings(csv=True))


@contextmanager
def life() -> Iterator[Life]:
    folder = Path(tempfile.mkdtemp())
    lived = Life(folder)
    try:
        yield lived
    finally:
        lived.store.close()
        shutil.rmtree(folder)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(TICKS, PAUSES), max_size=40))
def test_every_tick_comes_out_once_in_order_of_time_then_of_hearing(taken: list[tuple[Tick, str]]) -> None:
    """From memory, parts and files alike, and each asset by itself."""
    with life() as lived:
        for tick, pause in taken:
            lived.take(tick, pause)
        for asset in ("A", "a", "#B_otc"):
            expected = sorted((tick for tick, _ in taken if tick.asset == asset), key=lambda tick: tick.at)
            rows = lived.store.scan_ticks(asset, 0, LAST_MILLIS).with_columns(pl.col("at").cast(pl.Int64)).collect()
            assert [Tick(asset, at, price) for at, price in rows.iter_rows()] == expected
            lived.store.flush()
            assert ticks_of(lived.folder, asset) == expected


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(CANDLES, PAUSES), max_size=30))
def test_every_bar_comes_out_once_and_it_is_the_best_one(taken: list[tuple[Candle, str]]) -> None:
    """The best quality wins, of equals the last heard."""
    best: dict[int, Candle] = {}
    with life() as lived:
        for candle, pause in taken:
            lived.take(candle, pause)
            if candle.at not in best or WORTH[candle.quality] >= WORTH[best[candle.at].quality]:
                best[candle.at] = candle
        rows = lived.store.scan_candles(SERIES, 0, LAST_MILLIS).with_columns(pl.col("at").cast(pl.Int64)).collect()
        assert [Candle(SERIES, *row) for row in rows.iter_rows()] == [best[at] for at in sorted(best)]


@given(st.text(max_size=40))
def test_a_folder_name_says_its_symbol_and_is_safe(symbol: str) -> None:
    """Every symbol that can be filed is read back from its folder's name, which has no dangerous sign."""
    plain = sum(char.isascii() and (char.isalnum() or char in "_-") for char in symbol)
    length = plain + 3 * (len(symbol.encode()) - plain)
    if not 0 < length <= 200:
        with pytest.raises(ValueError, match="cannot name a folder"):
            folder_name(symbol)
        return
    name = folder_name(symbol)
    assert asset_of(name) == symbol
    assert len(name) == length
    assert name.isascii()
    assert not set(name) & set("./\\ *?[]:")
