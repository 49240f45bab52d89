"""A data set with other prices, held in memory: what would have been heard, had the market been otherwise."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from qfluxd.market.parquet import MOMENT
from qfluxd.model import Millis
from qfluxd.research.audits.resampled import resampled_candles, resampled_ticks
from qfluxd.research.backtest import Backtest
from qfluxd.research.backtest.source import Source, source_of
from qfluxd.research.dataset import Dataset

type Change = Callable[[pl.DataFrame, int], pl.DataFrame]
"""Rows of one asset and a seed, into other rows."""


@dataclass(frozen=True, slots=True)
class Changed(Dataset):
    """A data set whose prices are others.

    The promise: assets, payouts and sentiment are those of the data set that it was made of. `held` has what a backtest
    goes by, of each asset: its ticks where `finest` is 0, else its candles of that length.
    """

    held: Mapping[str, pl.DataFrame]
    finest: Millis

    def ticks(self, asset: str, start: Millis | None = None, end: Millis | None = None) -> pl.LazyFrame:
        """See `Dataset.ticks`."""
        return self._part(asset, start, end)

    def candles(
        self, asset: str, timeframe: Millis, start: Millis | None = None, end: Millis | None = None
    ) -> pl.LazyFrame:
        """See `Dataset.candles`."""
        return self._part(asset, start, end)

    def timeframes(self, asset: str) -> tuple[Millis, ...]:
        """See `Dataset.timeframes`: those that are held."""
        return (self.finest,) if self.finest else ()

    def has_ticks(self, asset: str) -> bool:
        """See `Dataset.has_ticks`."""
        return not self.finest

    @property
    def hash(self) -> str:
        """Nothing: it is kept nowhere, so no result can be run on it again."""
        return ""

    def each(self, change: Change, *seeds: int) -> "Changed":
        """With each asset's rows changed, by a seed of its own."""
        rows = {asset: change(rows, _seed(*seeds, place)) for place, (asset, rows) in enumerate(self.held.items())}
        return replace(self, held=rows)

    def resampled(self, candle: Millis, origin: Millis, *seeds: int) -> "Changed":
        """A market of the same candles in another order, each asset by itself (`qfluxd.research.audits.resampled`)."""
        if self.finest:
            return self.each(resampled_candles, *seeds)
        return self.each(lambda rows, seed: resampled_ticks(rows, candle, origin, seed), *seeds)

    def _part(self, asset: str, start: Millis | None, end: Millis | None) -> pl.LazyFrame:
        """Those in [start, end): they ascend, and so they lie together."""
        rows, at = self.held[asset], self.held[asset]["at"].to_physical()
        first = 0 if start is None else at.search_sorted(start)
        last = rows.height if end is None else at.search_sorted(end)
        return rows.slice(first, max(last - first, 0)).lazy()


def held(settings: Backtest, dataset: Dataset, most: int) -> tuple[Changed, bool]:
    """The prices that a backtest goes by, in memory, and whether that is all of them.

    Of more than about `most` ticks or candles of all assets together the newest are taken. Raises `DataError` as a
    backtest does.
    """
    source = source_of(settings, dataset)
    counts = {asset: _rows_of(source, asset).select(pl.len()).collect().item() for asset in source.assets}
    total = sum(counts.values())
    start = dataset.start
    if total > most:
        longest = max(counts, key=lambda asset: counts[asset])
        skipped = int(counts[longest] * (1 - most / total))
        moment = _rows_of(source, longest).select("at").slice(skipped, 1).collect().item()
        start = round(moment.timestamp() * 1000)
    cut = pl.col("at") >= pl.lit(start).cast(MOMENT)
    frames = {asset: _rows_of(source, asset).filter(cut).collect() for asset in source.assets}
    kept = {asset: rows for asset, rows in frames.items() if rows.height}
    made = Changed(dataset.root, tuple(kept), start, dataset.end, kept, source.finest)
    return made, total <= most


def _rows_of(source: Source, asset: str) -> pl.LazyFrame:
    dataset = source.dataset
    return dataset.ticks(asset) if source.kind == "ticks" else dataset.candles(asset, source.finest)


def _seed(*parts: int) -> int:
    return int(np.random.SeedSequence(parts).generate_state(1)[0])
