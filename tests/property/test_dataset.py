"""A data set's hash is that of its rows; what is exported and imported again is the same data set."""

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import reduce
from operator import or_
from pathlib import Path
from random import Random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qfluxd.market.data import Form, export
from qfluxd.market.importing.files import Options, held, import_file
from qfluxd.market.importing.stamped import unite
from qfluxd.market.layout import LAST_MILLIS, Shelf, shelves
from qfluxd.market.reading import scan
from qfluxd.market.store import Store
from qfluxd.model import DAY, MINUTE, Candle, Fact, Quality, Quote, Series, Tick
from qfluxd.research.dataset import Dataset, open_dataset
from qfluxd.settings import StoreSettings
from tests.support.rows import merge_all

ASSETS = ("EURUSD_otc", "#AAPL_otc")
START = 20_388 * DAY
HEARD: tuple[Quality, ...] = ("whole", "backfilled", "partial")

AT = st.integers(START - 3 * MINUTE, START + 3 * MINUTE)
"""Around a midnight, so that rows fall into two days."""
PRICE = st.floats(0.5, 2.0).map(lambda price: round(price, 5))


@st.composite
def candle(draw: st.DrawFn) -> Candle:
    low, opened, close, high = sorted(draw(st.tuples(PRICE, PRICE, PRICE, PRICE)))
    quality = draw(st.sampled_from(HEARD))
    at = START + draw(st.integers(-5, 5)) * MINUTE
    return Candle(Series(ASSETS[0], MINUTE), at, opened, high, low, close, draw(st.integers(1, 99)), quality)


def quote(at: int, payout: int, sentiment: int) -> Quote:
    return Quote(ASSETS[0], 1.0, payout, payout % 2 == 0, sentiment, at)


TICK = st.builds(Tick, st.sampled_from(ASSETS), AT, PRICE)
FACTS = st.lists(st.one_of(TICK, candle(), st.builds(quote, AT, st.integers(0, 200), st.integers(0, 100))), max_size=25)
SPLITS = st.sets(st.integers(0, 25))


@contextmanager
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def fill(root: Path, facts: Sequence[Fact], splits: set[int] = frozenset(), *, merged: bool = False) -> Path:  # type: ignore[assignment]
    """A folder with these facts, cut into parts by restarts after the rows of these numbers."""
    store = Store(root, StoreSettings())
    for number, fact in enumerate(facts):
        if number in splits:
            store.flush()
            store.close()
            again = Store(root, StoreSettings())
            again._offers = store._offers  # a daemon that starts anew says first words again, which are rows
            store = again
        store.on_fact(fact)
    store.close()
    if merged:
        merge_all(root)
    return root


def whole(root: Path) -> Dataset:
    return Dataset(root, ASSETS, 0, LAST_MILLIS + 1)


@settings(max_examples=15, deadline=None)
@given(FACTS, SPLITS, SPLITS)
def test_the_hash_does_not_depend_on_files(facts: list[Fact], one: set[int], other: set[int]) -> None:
    """However the same rows were cut into parts, and whether these were merged into days."""
    with folder() as first, folder() as second:
        before = whole(fill(first, facts, one)).hash
        assert before == whole(fill(second, facts, other, merged=True)).hash
        merge_all(first)
        assert before == whole(first).hash


@settings(max_examples=25, deadline=None)
@given(FACTS.filter(bool), st.data())
def test_any_change_of_any_row_changes_the_hash(facts: list[Fact], data: st.DataObject) -> None:
    """Another price, time, payout, quality or count of ticks; a row more; a row less."""
    with folder() as root:
        fill(root, facts, merged=True)
        before = whole(root).hash
        paths = sorted(path for path in root.rglob("*.parquet"))
        path = data.draw(st.sampled_from(paths))
        frame = pl.read_parquet(path)
        row, column = data.draw(st.integers(0, frame.height - 1)), data.draw(st.sampled_from([*frame.columns, None]))
        if column is None:
            changed = frame.with_row_index().filter(pl.col("index") != row).drop("index")
        else:
            chosen = pl.int_range(pl.len()) == row
            other = _other(column, frame.schema[column])
            changed = frame.with_columns(pl.when(chosen).then(other).otherwise(column).alias(column))
        changed.cast(frame.schema).write_parquet(path)
        assert whole(root).hash != before
        frame.write_parquet(path)
        assert whole(root).hash == before


def _other(column: str, kind: pl.DataType) -> pl.Expr:
    """Another value than the one that is there."""
    if kind == pl.Boolean:
        return ~pl.col(column)
    if column == "quality":
        return pl.when(pl.col(column) == "whole").then(pl.lit("partial")).otherwise(pl.lit("whole"))
    if column == "at":
        return pl.col(column).dt.offset_by("1ms")
    return pl.col(column) + 1


@pytest.mark.parametrize("form", ["csv", "parquet", "jsonl"])
@settings(max_examples=8, deadline=None)
@given(facts=FACTS)
def test_what_is_exported_can_be_imported(form: Form, facts: list[Fact]) -> None:
    """Every kind in all three forms; of candles, CSV has the prices alone. Importing it all twice changes nothing."""
    with folder() as root, folder() as back:
        fill(root, facts)
        for shelf in shelves(root):
            export(root, shelf, 0, LAST_MILLIS, back / f"out.{form}", form)
            options = Options(shelf.asset, timeframe=None if form == "jsonl" else shelf.timeframe or None)
            with held(back / "data"):
                import_file(back / f"out.{form}", back / "data", options)
                name = whole(back / "data").hash
                assert import_file(back / f"out.{form}", back / "data", options).added == 0
            assert whole(back / "data").hash == name
            there, here = (rows(place, shelf, form) for place in (root, back / "data"))
            assert here.equals(there)
        if form != "csv" and not repeats(facts):
            assert whole(back / "data").hash == whole(root).hash


def rows(root: Path, shelf: Shelf, form: Form) -> pl.DataFrame:
    """What a shelf holds, as far as the form can say it, the same tick heard twice in a row once."""
    found = scan(root, shelf, 0, LAST_MILLIS).collect()
    if shelf.kind == "candles" and form == "csv":
        return found.drop("ticks", "quality")
    if shelf.kind == "ticks":
        return found.filter(pl.struct("at", "price").rle_id().is_first_distinct())
    return found


def repeats(facts: Sequence[Fact]) -> bool:
    ticks = [fact for fact in facts if isinstance(fact, Tick)]
    return len(set(ticks)) < len(ticks)


type Tapes = list[list[tuple[int, float]]]


@st.composite
def cuts(draw: st.DrawFn) -> Tapes:
    """A recording of whole seconds with several ticks each, and overlapping cuts of it in any order.

    A cut begins no later than the second in which the one before it ended.
    """
    seconds = draw(st.lists(st.lists(st.sampled_from((1.1, 1.2, 1.3)), min_size=1, max_size=6), min_size=1, max_size=6))
    tape = [(START - 3_000 + n * 1_000, price) for n, prices in enumerate(seconds) for price in prices]
    ends = sorted(draw(st.sets(st.integers(1, len(tape)), max_size=4)) | {len(tape)})
    firsts = [next(n for n, (at, _) in enumerate(tape) if at == tape[end - 1][0]) for end in ends]
    begins = [0, *(draw(st.integers(0, first)) for first in firsts[:-1])]
    found = [tape[begin:end] for begin, end in zip(begins, ends, strict=True)]
    return [tape, *draw(st.permutations(found))]


def imported(root: Path, tapes: Tapes) -> str:
    root.mkdir()
    with held(root / "data"):
        for tape in tapes:
            (root / "x.csv").write_text("at,price\n" + "".join(f"{at},{price}\n" for at, price in tape))
            import_file(root / "x.csv", root / "data", Options(ASSETS[0]))
    return whole(root / "data").hash


@settings(max_examples=60, deadline=None)
@given(cuts())
def test_cuts_of_a_recording_make_the_data_set_that_it_makes(found: Tapes) -> None:
    """Overlapping ones, in whatever order they are imported."""
    tape, *parts = found
    with folder() as root:
        assert imported(root / "parts", parts) == imported(root / "whole", [tape])


ORDERS = st.lists(st.lists(st.sampled_from((1.1, 1.2, 1.3, 1.4)), min_size=1, max_size=4), min_size=2, max_size=4)


@given(ORDERS, st.randoms())
def test_whole_stamps_are_united_alike_in_any_order(told: list[list[float]], chance: Random) -> None:
    """Whatever files say of a stamp, also where they contradict each other."""

    def together(versions: Sequence[Sequence[float]]) -> list[float]:
        known = list(versions[0])
        for each in versions[1:]:
            known = known if known == list(each) else list(unite(known, each, None).prices)
        return known

    before = together(told)
    assert Counter(before) == reduce(or_, map(Counter, told))
    chance.shuffle(told)
    assert together(told) == before


@settings(max_examples=15, deadline=None)
@given(FACTS, AT, AT)
def test_a_data_set_has_the_rows_of_its_time_and_no_others(facts: list[Fact], start: int, end: int) -> None:
    """Ticks and candles of [start, end); of what is in force, the last row of the day up to the start as well."""
    with folder() as root:
        fill(root, facts)
        for asset in open_dataset(root).assets if any(isinstance(f, Tick | Candle) for f in facts) else ():
            dataset = Dataset(root, (asset,), start, end)
            heard = sorted(f.at for f in facts if isinstance(f, Tick) and f.asset == asset and start <= f.at < end)
            assert dataset.ticks(asset).collect()["at"].cast(pl.Int64).to_list() == heard
            payouts = dataset.payouts(asset)["at"].cast(pl.Int64).to_list()
            everything = whole(root).payouts(asset)["at"].cast(pl.Int64).to_list()
            before = [at for at in everything if start // DAY * DAY <= at <= start and at < end][-1:]
            assert payouts == before + [at for at in everything if start < at < end]
