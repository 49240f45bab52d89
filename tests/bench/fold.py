"""Folding ticks of 50 assets into 7 timeframes, beside other ways to do it: ``python -m tests.bench.fold``.

The book takes ticks one by one, as they come. pandas and polars take batches, and leave the bars at the
edges of a batch unjoined: they do less. nautilus_trader's aggregators take ticks one by one, one aggregator
per asset and timeframe; their clock is moved once per shortest bar, which is kind to them.
"""

import importlib
import random
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from types import ModuleType
from typing import Any

import polars as pl

from qfluxd.market.candles import Book
from qfluxd.model import MINUTE, SECOND, Candle, Tick

ASSETS = [f"PAIR{number:02}_otc" for number in range(50)]
SETS = {
    "5 s to 30 m": [5 * SECOND, 15 * SECOND, 30 * SECOND, MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE],
    "1 s to 15 m": [SECOND, 5 * SECOND, 15 * SECOND, 30 * SECOND, MINUTE, 5 * MINUTE, 15 * MINUTE],
}
TIMEFRAMES = SETS["5 s to 30 m"]
TICKS = 1_000_000
ENOUGH = 2.0
"""Seconds after which a slow rival has shown what it can do."""


def make_ticks(count: int) -> list[Tick]:
    """Ticks as the platform spaces them: two a second and asset, three in ten repeat the price before."""
    chance = random.Random(1)
    price = dict.fromkeys(ASSETS, 1.0)
    at, ticks = 1_761_386_400_000, list[Tick]()
    while len(ticks) < count:
        for asset in ASSETS:
            if chance.random() > 0.28:
                price[asset] = round(price[asset] + chance.gauss(0, 1e-4), 5)
            ticks.append(Tick(asset, at + chance.randrange(100), price[asset]))
        at += 473
    return ticks[:count]


def book_rate(ticks: Sequence[Tick], timeframes: Sequence[int]) -> float:
    """Ticks a second through a new book, best of three."""
    best = 0.0
    for _ in range(3):
        hear = Book(timeframes).tick
        started = time.perf_counter()
        for tick in ticks:
            hear(tick)
        best = max(best, len(ticks) / (time.perf_counter() - started))
    return best


def book_rate_with_making(ticks: Sequence[Tick]) -> float:
    """The same where each tick is made first, as a codec does."""
    rows = [(tick.asset, tick.at, tick.price) for tick in ticks]
    hear = Book(TIMEFRAMES).tick
    started = time.perf_counter()
    for asset, at, price in rows:
        hear(Tick(asset, at, price))
    return len(ticks) / (time.perf_counter() - started)


def book_rate_with_clock(ticks: Sequence[Tick]) -> float:
    """The same where time is moved before each tick, as the desk does."""
    book = Book(TIMEFRAMES)
    started = time.perf_counter()
    for tick in ticks:
        book.advance(tick.at)
        book.tick(tick)
    return len(ticks) / (time.perf_counter() - started)


def batch_rate(ticks: Sequence[Tick], size: int, fold: Callable[[pl.DataFrame], object]) -> float:
    """Ticks a second in batches, until a rival has run long enough; making its frames is not counted."""
    done, spent = 0, 0.0
    for batch in _batches(ticks, size):
        started = time.perf_counter()
        fold(batch)
        spent += time.perf_counter() - started
        done += len(batch)
        if spent > ENOUGH:
            break
    return done / spent


def _batches(ticks: Sequence[Tick], size: int) -> Iterator[pl.DataFrame]:
    for start in range(0, len(ticks), size):
        part = ticks[start : start + size]
        columns = {"asset": [t.asset for t in part], "at": [t.at for t in part], "price": [t.price for t in part]}
        yield pl.DataFrame(columns).with_columns(pl.col("at").cast(pl.Datetime("ms"))).sort("asset", "at")


def polars_fold(batch: pl.DataFrame) -> list[pl.DataFrame]:
    """Every timeframe by `group_by_dynamic`."""
    price = pl.col("price")
    how = [
        price.first().alias("open"),
        price.max().alias("high"),
        price.min().alias("low"),
        price.last().alias("close"),
        pl.len(),
    ]
    return [batch.group_by_dynamic("at", every=f"{timeframe}ms", group_by="asset").agg(how) for timeframe in TIMEFRAMES]


def pandas_fold(batch: pl.DataFrame, pandas: ModuleType) -> list[Any]:
    """Every timeframe by `resample().ohlc()`."""
    columns = {name: batch[name].to_numpy() for name in ("at", "price")} | {"asset": batch["asset"].to_list()}
    frame = pandas.DataFrame(columns).set_index("at")
    return [frame.groupby("asset")["price"].resample(f"{timeframe}ms").ohlc() for timeframe in TIMEFRAMES]


class Nautilus:
    """Fifty times seven TimeBarAggregators, driven from Python."""

    def __init__(self, aggregation: ModuleType) -> None:
        model = importlib.import_module("nautilus_trader.model.data")
        objects = importlib.import_module("nautilus_trader.model.objects")
        kit = importlib.import_module("nautilus_trader.test_kit.providers").TestInstrumentProvider
        clock = importlib.import_module("nautilus_trader.common.component").TestClock
        enums = importlib.import_module("nautilus_trader.model.enums")
        trade_id = importlib.import_module("nautilus_trader.model.identifiers").TradeId("1")
        self.instrument = kit.default_fx_ccy("EUR/USD")
        self.bars: list[Any] = []
        self.clocks = {asset: clock() for asset in ASSETS}
        one, side = objects.Quantity(1, 0), enums.AggressorSide.NO_AGGRESSOR
        names = {SECOND: "SECOND", MINUTE: "MINUTE"}
        self.types = []
        for timeframe in TIMEFRAMES:
            unit = MINUTE if timeframe % MINUTE == 0 else SECOND
            text = f"{self.instrument.id}-{timeframe // unit}-{names[unit]}-LAST-INTERNAL"
            self.types.append(model.BarType.from_str(text))
        self.aggregation = aggregation
        self.make: Callable[[Tick], Any] = lambda tick: model.TradeTick(
            self.instrument.id,
            objects.Price(tick.price, 5),
            one,
            side,
            trade_id,
            tick.at * 1_000_000,
            tick.at * 1_000_000,
        )

    def rate(self, ticks: Sequence[Tick]) -> float:
        """Ticks a second; making them is not counted."""
        made = [(tick.asset, tick.at, self.make(tick)) for tick in ticks]
        for clock in self.clocks.values():
            clock.set_time((ticks[0].at - SECOND) * 1_000_000)
        aggregators = {asset: self._start(clock) for asset, clock in self.clocks.items()}
        due = dict.fromkeys(ASSETS, 0)
        shortest = TIMEFRAMES[0]
        started = time.perf_counter()
        for asset, at, tick in made:
            if at >= due[asset]:
                for event in self.clocks[asset].advance_time(at * 1_000_000):
                    event.handle()
                due[asset] = at - at % shortest + shortest
            for aggregator in aggregators[asset]:
                aggregator.handle_trade_tick(tick)
        return len(ticks) / (time.perf_counter() - started)

    def _start(self, clock: Any) -> list[Any]:
        found = []
        for kind in self.types:
            aggregator = self.aggregation.TimeBarAggregator(
                self.instrument, kind, self.bars.append, clock, interval_type="right-open", timestamp_on_close=False
            )
            if hasattr(aggregator, "start_timer"):  # older releases start when they are made
                aggregator.set_running(True)
                aggregator.start_timer()
            found.append(aggregator)
        return found


def main() -> None:
    """Print every way's ticks per second, and how many times the book's that is."""
    ticks = make_ticks(TICKS)
    ours = book_rate(ticks, TIMEFRAMES)
    print(f"{len(ASSETS)} assets, {len(TIMEFRAMES)} timeframes, {len(ticks):,} ticks")
    _say("the book, tick by tick", ours, ours)
    _say("the book, making each tick too", book_rate_with_making(ticks), ours)
    _say("the book, moving time before each tick too", book_rate_with_clock(ticks), ours)
    _say("the book, tick by tick, 1 s to 15 m", book_rate(ticks, SETS["1 s to 15 m"]), ours)
    for size in (1_000, 100_000):
        rate = batch_rate(ticks, size, polars_fold)
        _say(f"polars {version('polars')} group_by_dynamic, batches of {size:,}", rate, ours)
    _say_pandas(ticks, ours)
    _say_nautilus(ticks[: len(ticks) // 4], ours)


def _say_pandas(ticks: Sequence[Tick], ours: float) -> None:
    try:
        pandas = importlib.import_module("pandas")
    except ImportError:
        print("pandas: not installed")
        return
    for size in (1_000, 100_000):
        rate = batch_rate(ticks, size, lambda batch: pandas_fold(batch, pandas))
        _say(f"pandas {version('pandas')} resample, batches of {size:,}", rate, ours)


def _say_nautilus(ticks: Sequence[Tick], ours: float) -> None:
    try:
        aggregation = importlib.import_module("nautilus_trader.data.aggregation")
    except ImportError:
        print("nautilus_trader: not installed")
        return
    rival = Nautilus(aggregation)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it asks pandas for a spelling that pandas 3 deprecates
        rate = rival.rate(ticks)
    _say(f"nautilus_trader {version('nautilus_trader')} TimeBarAggregator", rate, ours)
    told = [fact for book in [Book(TIMEFRAMES)] for tick in ticks for fact in book.tick(tick) if type(fact) is Candle]
    print(f"    bars made: nautilus_trader {len(rival.bars):,}, the book {len(told):,}")


def _say(name: str, rate: float, ours: float) -> None:
    print(f"{name:<58} {rate:>12,.0f} ticks/s {rate / ours:>8.3f} ×", flush=True)


if __name__ == "__main__":
    main()
