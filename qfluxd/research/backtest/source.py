"""Prices as they are taken in: ticks a day at a time, or candles turned into what their ticks may have been."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from qfluxd.errors import DataError
from qfluxd.market.parquet import MOMENT, UNREADABLE
from qfluxd.market.past import FRAME_SCHEMA
from qfluxd.market.quality import QUALITIES
from qfluxd.model import DAY, Millis, timeframe_name
from qfluxd.research.backtest.settings import Backtest
from qfluxd.research.dataset import Dataset
from qfluxd.strategy import Floats, Mask

type Times = NDArray[np.int64]
type Kind = Literal["ticks", "candles"]

_KEPT: Final = 4_000_000
"""Ticks of one asset that are kept for the second time that they are needed; more are read again."""
_QUALITY: Final = FRAME_SCHEMA["quality"]
_BARS: Final = ("at", "open", "high", "low", "close", "ticks", "quality")


@dataclass(frozen=True, slots=True)
class Bars:
    """Stored candles of one length: opening times, prices, ticks, and which of them are not known in full."""

    at: Times
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    ticks: NDArray[np.uint32]
    partial: Mask


@dataclass(frozen=True, slots=True)
class Source:
    """Where the prices of a run come from: `assets` by name, `finest` the length of the candles in use, 0 for ticks.

    The promise: each day's ticks ascend and lie behind those of the day before.
    """

    dataset: Dataset
    assets: tuple[str, ...]
    kind: Kind
    finest: Millis
    origin: Millis

    def days(self, asset: str) -> range:
        """The days (since 1970) of which there are prices of an asset, from the first to the last."""
        first, last = self.span(asset)
        return range(first // DAY, last // DAY + 1)

    def span(self, asset: str) -> tuple[Millis, Millis]:
        """When its first and its last price were; raises `DataError` where it has none."""
        at = pl.col("at").to_physical()
        rows = _collected(self._rows(asset).select(at.min().alias("first"), at.max().alias("last")), asset)
        first, last = rows.row(0)
        if first is None:
            raise DataError(f"{self.dataset.root}: holds no {self.kind} of {asset} in that time")
        return (first, last) if self.kind == "ticks" else (first + 1, last + self.finest - 1)

    def ticks(self, asset: str, start: Millis, end: Millis) -> tuple[Times, Floats]:
        """The ticks stamped in [start, end) and their prices; of candles, those that open in it as ticks."""
        if self.kind == "candles":
            return synthesised(self.bars(asset, start, end), self.finest)
        rows = _collected(self.dataset.ticks(asset, start, end), asset)
        return rows.get_column("at").to_physical().to_numpy(), rows.get_column("price").to_numpy()

    def bars(self, asset: str, start: Millis | None = None, end: Millis | None = None) -> Bars:
        """The candles that open in [start, end), without those in which nothing ticked."""
        rows = _collected(self.dataset.candles(asset, self.finest, start, end).select(_BARS), asset)
        quality = rows.get_column("quality").cast(_QUALITY).to_physical()
        if (empty := (quality == QUALITIES.index("empty"))).any():
            rows, quality = rows.filter(~empty), quality.filter(~empty)
        at = rows.get_column("at").to_physical().to_numpy()
        if at.size and ((at + self.origin) % self.finest).any():
            raise DataError(
                f"{asset}: the {timeframe_name(self.finest)} candles do not open where they do for a server that is "
                f"{self.origin / 3_600_000:g} h ahead of UTC; say another server offset"
            )
        partial = (quality == QUALITIES.index("partial")).to_numpy()
        open_, high, low, close = (rows.get_column(name).to_numpy() for name in ("open", "high", "low", "close"))
        return Bars(at, open_, high, low, close, rows.get_column("ticks").to_numpy(), partial)

    def _rows(self, asset: str) -> pl.LazyFrame:
        return self.dataset.ticks(asset) if self.kind == "ticks" else self.dataset.candles(asset, self.finest)


def source_of(settings: Backtest, dataset: Dataset) -> Source:
    """Where the prices of this run come from: ticks where each asset has them, else candles.

    Raises:
        DataError: no plan is about any of the assets, some have ticks and others have none, or there are no candles
            out of which those that the plans look at can be put together.
    """
    assets = tuple(sorted(each for each in dataset.assets if any(plan.trades(each) for plan in settings.plans)))
    if not assets:
        wanted = ", ".join(sorted({each for plan in settings.plans for each in plan.assets}))
        raise DataError(f"{dataset.root}: holds {', '.join(dataset.assets)}, and the plans trade {wanted}")
    if settings.prices != "candles":
        ticking = [asset for asset in assets if dataset.has_ticks(asset)]
        if len(ticking) == len(assets):
            return Source(dataset, assets, "ticks", 0, settings.origin)
        if ticking or settings.prices == "ticks":
            missing = next(asset for asset in assets if asset not in ticking)
            raise DataError(f"{dataset.root}: holds no ticks of {missing}; leave it out, or go by candles for all")
    return Source(dataset, assets, "candles", _finest(settings, dataset, assets), settings.origin)


def _finest(settings: Backtest, dataset: Dataset, assets: Sequence[str]) -> Millis:
    """The longest candles that every asset has and that all others can be put together from."""
    stored = [set(dataset.timeframes(asset)) for asset in assets]
    usable = [
        length for length in set.intersection(*stored) if all(wanted % length == 0 for wanted in settings.timeframes)
    ]
    if not usable:
        wanted = ", ".join(map(timeframe_name, settings.timeframes))
        there = ", ".join(sorted(map(timeframe_name, set.union(*stored)))) or "none"
        raise DataError(f"{dataset.root}: {wanted} candles cannot be put together from those that are stored ({there})")
    return max(usable)


def silence(timeframe: Millis) -> Millis:
    """Where trades go by candles of this length, an asset is silent after so long: a missing candle is a silence."""
    return timeframe // 2


def synthesised(bars: Bars, timeframe: Millis) -> tuple[Times, Floats]:
    """Candles as ticks that make the very same candles again.

    Each gives six: its open twice, a millisecond after it opens (the first ends the candle before, at the second a
    trade that waits is entered); low, high and close at its quarters; and its close a millisecond before it ends. Of a
    candle that is not known in full they leave a silence.
    """
    step = timeframe // 4
    places = np.array([1, 1, step, 2 * step, 3 * step, timeframe - 1])
    at = bars.at[:, None] + places
    at[bars.partial, 2:5] = bars.at[bars.partial, None] + np.array([1, 1, 1])
    price = np.stack([bars.open, bars.open, bars.low, bars.high, bars.close, bars.close], axis=1)
    return at.ravel(), price.ravel()


class Days:
    """All ticks of one asset, a day at a time, as often as they are wanted.

    The promise: they take no more memory than `_KEPT` ticks, or those of one day.
    """

    def __init__(self, source: Source, asset: str) -> None:
        self._source = source
        self._asset = asset
        self._kept: list[tuple[Times, Floats]] | None = None

    def __iter__(self) -> Iterator[tuple[Times, Floats]]:
        """Raises `DataError` where they cannot be read, or step back."""
        if self._kept is not None:
            yield from self._kept
            return
        kept, count = [], 0
        for at, price in self._read():
            count += at.size
            if count <= _KEPT:
                kept.append((at, price))
            else:
                kept.clear()
            yield at, price
        self._kept = kept if count <= _KEPT else None

    def _read(self) -> Iterator[tuple[Times, Floats]]:
        newest = 0
        for day in self._source.days(self._asset):
            at, price = self._source.ticks(self._asset, day * DAY, (day + 1) * DAY)
            if at.size:
                check_order(at, newest, self._asset)
                newest = int(at[-1])
                yield at, price


def prices_of(source: Source, asset: str) -> Days | Bars:
    """All prices of an asset: candles at once, ticks a day at a time."""
    return source.bars(asset) if source.kind == "candles" else Days(source, asset)


def check_order(at: Times, newest: Millis, asset: str) -> None:
    """Raise `DataError` where stamps step back."""
    if at[0] < newest or (np.diff(at) < 0).any():
        raise DataError(f"{asset}: its ticks step back in time; `qfluxd data import` puts them in order")


def _collected(rows: pl.LazyFrame, asset: str) -> pl.DataFrame:
    try:
        return rows.collect()
    except (*UNREADABLE, OSError) as problem:
        why = str(problem).partition("\n")[0]
        raise DataError(f"{asset}: cannot be read: {why}; let `qfluxd data verify` look") from problem


def moments(column: pl.Series) -> Times:
    """A column of times as milliseconds."""
    return column.cast(MOMENT).to_physical().to_numpy()
