"""What trades added up to over time, how far it fell back, and what it might as well have been."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from qfluxd.research.report.material import FEW, Ended
from qfluxd.research.statistics.earnings import equity_band
from qfluxd.strategy import Floats

MOST: Final = 300
"""So many points a line has at most: more cannot be seen."""


@dataclass(frozen=True, slots=True)
class Growth:
    """The sum of profits after each trade, and by how much it was below the most that it ever was; ms UTC, money."""

    at: Floats
    total: Floats
    drawdown: Floats

    @property
    def deepest(self) -> float:
        """The largest fall from a peak, as a positive amount; the beginning counts as one."""
        return float(-self.drawdown.min(initial=0.0))


def growth(trades: Ended) -> Growth:
    """How profits added up, from nothing at the opening of the first trade."""
    total = np.concatenate([[0.0], np.cumsum(trades.profit)])
    start = trades.opened.min(initial=np.inf)
    at = np.concatenate([[start if np.isfinite(start) else 0.0], trades.closes])
    return Growth(at, total, total - np.maximum.accumulate(total))


@dataclass(frozen=True, slots=True)
class Likely:
    """Where nine in ten sums of profits lie at these times (ms UTC), had the same trades been dealt otherwise."""

    at: Floats
    low: Floats
    high: Floats


def likely(trades: Ended) -> Likely | None:
    """By block bootstrap (`equity_band`); None where the trades are too few to be drawn from."""
    if len(trades) < FEW:
        return None
    drawn = equity_band(trades.profit)
    at = trades.closes[drawn["count"].to_numpy() - 1]
    return Likely(at, drawn["low"].to_numpy(), drawn["high"].to_numpy())


def thinned(values: Floats, most: int = MOST) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """Which of many points to draw: the first, the last, and the lowest and highest of each stretch."""
    if values.size <= most:
        return np.arange(values.size)
    stretches = np.array_split(np.arange(values.size), most // 2)
    places = [place[pick(values[place])] for place in stretches for pick in (np.argmin, np.argmax)]
    return np.unique([0, *places, values.size - 1])
