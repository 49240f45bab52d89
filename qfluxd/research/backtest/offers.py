"""What the broker offered, and what its crowd did, at any moment: as it was written down, and unknown where not."""

from dataclasses import dataclass
from typing import Final, cast

import numpy as np
import polars as pl
from numpy.typing import NDArray

from qfluxd.model import DAY, Asset
from qfluxd.research.backtest.settings import Backtest
from qfluxd.research.backtest.source import Times, moments
from qfluxd.research.dataset import Dataset
from qfluxd.strategy import Mask

UNKNOWN: Final = -1


@dataclass(frozen=True, slots=True)
class Told:
    """A value that holds from each of its times (ascending) until the next; `UNKNOWN` before the first.

    Times are those at which the desk hears of it: before a tick of the same moment, and after a beat of the clock.
    """

    at: Times
    value: NDArray[np.int64]

    def then(self, moments: Times, *, heard: Mask | bool = True) -> NDArray[np.int64]:
        """The values at some moments: with those that are said in the very moment where `heard`, else without."""
        place = np.where(heard, np.searchsorted(self.at, moments, "right"), np.searchsorted(self.at, moments, "left"))
        return np.concatenate(([UNKNOWN], self.value))[place]


@dataclass(frozen=True, slots=True)
class Offers:
    """Of one asset: the payout in percent, whether it is open (1) or closed (0), and the percentage that buys."""

    payout: Told
    open: Told
    sentiment: Told


def offers_of(dataset: Dataset, asset: str, settings: Backtest) -> Offers:
    """What is known of an asset; the payout that the settings assume where nothing is."""
    assumed = UNKNOWN if settings.payout is None else settings.payout
    rows = dataset.payouts(asset)
    at, told = _with_ends(moments(rows.get_column("at")))
    payout = _values(rows.get_column("payout"), told, assumed)
    is_open = _values(rows.get_column("open").cast(pl.Int16), told, 1)
    crowd = dataset.sentiment(asset)
    when, said = _with_ends(moments(crowd.get_column("at")))
    return Offers(
        _from_the_start(at, payout, assumed),
        _from_the_start(at, is_open, 1),
        Told(when, _values(crowd.get_column("sentiment"), said, UNKNOWN)),
    )


def listed(asset: str, payout: int, is_open: int, settings: Backtest) -> Asset:
    """An asset as the broker would list it; the desk takes a payout of None for one that nobody has told."""
    known = cast("int", None if payout == UNKNOWN else payout)
    digits = cast("int", settings.digits)
    return Asset(asset, asset, "", digits, known, bool(is_open), asset.endswith("_otc"), (), settings.min_expiry)


def _with_ends(at: Times) -> tuple[Times, NDArray[np.int64]]:
    """The times of rows, with a midnight wherever a day ends behind which nothing was said for the next one at once.

    Beside each the number of its row, `UNKNOWN` for a midnight: what was said holds no longer than its UTC day.
    """
    midnight = (at // DAY + 1) * DAY
    ends = np.flatnonzero(np.append(at[1:], np.iinfo(np.int64).max)[: at.size] > midnight)
    times = np.concatenate((at, midnight[ends]))
    rows = np.concatenate((np.arange(at.size), np.full(ends.size, UNKNOWN)))
    order = np.argsort(times, kind="stable")
    return times[order], rows[order]


def _values(column: pl.Series, rows: NDArray[np.int64], otherwise: int) -> NDArray[np.int64]:
    known = column.cast(pl.Int64).fill_null(otherwise).to_numpy()
    return np.where(rows == UNKNOWN, otherwise, known[rows] if known.size else otherwise).astype(np.int64)


def _from_the_start(at: Times, values: NDArray[np.int64], before: int) -> Told:
    return Told(np.concatenate(([np.iinfo(np.int64).min], at)), np.concatenate(([before], values)))
