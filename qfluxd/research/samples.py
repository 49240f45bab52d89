"""Rows to learn from: what a model would have been shown of each candle, and what a trade after it came to."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from qfluxd.errors import DataError
from qfluxd.model import HOUR, Millis, Series
from qfluxd.research.outcomes import FROM_CANDLES, FROM_TICKS, UNKNOWN, Sides, outcomes
from qfluxd.research.prices import Prices, Times, digest_parts
from qfluxd.research.recipe import Recipe
from qfluxd.strategies.card import Source
from qfluxd.strategies.features import Features, Rows, features
from qfluxd.strategy import Mask, View

_ORIGIN: Final = 2 * HOUR
"""The server's lead over UTC, as `qfluxd.market.fold` has it."""

FEWEST: Final = 500
"""Samples; with fewer no payout that is usual could ever be proven to be beaten."""


@dataclass(frozen=True, slots=True)
class Samples:
    """Rows in the order of their signals, each with features that are known and an outcome that is known.

    `asset` numbers the assets. `move` is 1 where a call wins, -1 where a put does, 0 for a tie. `last` is the direction
    of the candle itself. `payout` is in percent. Times are in ms UTC: of the signal, the entry and the end.
    """

    asset: NDArray[np.int16]
    signalled: Times
    opened: Times
    closes: Times
    rows: Rows
    move: Sides
    last: Sides
    payout: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.signalled)

    def at(self, chosen: NDArray[np.intp] | Mask) -> "Samples":
        """Some of the rows."""
        return Samples(*(getattr(self, name)[chosen] for name in self.__slots__))


def gather(prices: Sequence[Prices], recipe: Recipe, place: str) -> tuple[Samples, Source]:
    """The samples of all assets together, and where they come from. Raises `DataError` where there are too few."""
    shown = features(recipe.features)
    parts, counts = [], Counter[str]()
    for number, each in enumerate(prices):
        part, counted = _of_one(each, number, recipe, shown)
        parts.append(part)
        counts += counted
    together = Samples(*(np.concatenate([getattr(part, name) for part in parts]) for name in Samples.__slots__))
    samples = together.at(np.lexsort((together.asset, together.signalled)))
    if len(samples) < FEWEST:
        raise DataError(
            f"{place}: {len(samples)} candles with known features and a known outcome are too few; it takes {FEWEST}"
        )
    return samples, _source(prices, place, samples, counts)


def view_of(candles: pl.DataFrame, series: Series, timeframes: Sequence[Millis]) -> View:
    """The view that a strategy would have had, its longer candles folded from the shorter ones.

    They open where those of the store do, at multiples of their length in the server's own time.

    Raises:
        DataError: a longer timeframe is no multiple of the series' own.
    """
    for length in timeframes:
        if length <= series.timeframe or length % series.timeframe:
            raise DataError(f"a feature looks at candles of {length // 1000} s, no multiple of {series}; change one")
    return View(series, candles, {length: _longer(candles, length) for length in timeframes})


def _longer(candles: pl.DataFrame, length: Millis) -> pl.DataFrame:
    at = pl.col("at").to_physical()
    return (
        candles.group_by((at - (at + _ORIGIN) % length).cast(candles.schema["at"]).alias("at"), maintain_order=True)
        .agg(
            pl.col("open").first(),
            pl.col("high").max(),
            pl.col("low").min(),
            pl.col("close").last(),
            pl.col("ticks").sum().cast(pl.UInt32),
        )
        .sort("at")
    )


def _of_one(prices: Prices, number: int, recipe: Recipe, shown: Features) -> tuple[Samples, Counter[str]]:
    candles = prices.candles
    rows = shown.matrix(view_of(candles, Series(prices.asset, recipe.candle), shown.timeframes))
    settled = outcomes(
        prices, recipe.candle, recipe.length, round(recipe.latency * 1000), round(recipe.quiet_after * 1000)
    )
    visible = np.isfinite(rows[:, 0])
    usable = visible & (settled.read_from != UNKNOWN)
    everything = Samples(
        np.full(candles.height, number, np.int16),
        settled.signalled,
        settled.opened,
        settled.closes,
        rows,
        settled.move,
        np.sign(candles["close"].to_numpy() - candles["open"].to_numpy()).astype(np.int8),
        candles["payout"].fill_null(recipe.payout).to_numpy(),
    )
    return everything.at(usable), Counter(
        candles=candles.height,
        unknown=int((visible & ~usable).sum()),
        ticks=int((usable & (settled.read_from == FROM_TICKS)).sum()),
        candles_settled=int((usable & (settled.read_from == FROM_CANDLES)).sum()),
    )


def _source(prices: Sequence[Prices], place: str, samples: Samples, counts: Counter[str]) -> Source:
    found = hashlib.sha256()
    for each in prices:
        for part in digest_parts(each):
            found.update(part)
    return Source(
        place=place,
        assets=tuple(each.asset for each in prices),
        first=int(samples.signalled[0]),
        last=int(samples.signalled[-1]),
        candles=counts["candles"],
        samples=len(samples),
        ties=int((samples.move == 0).sum()),
        unknown=counts["unknown"],
        settled={"ticks": counts["ticks"], "candles": counts["candles_settled"]},
        sha256=found.hexdigest(),
    )
