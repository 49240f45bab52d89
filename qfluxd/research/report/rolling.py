"""The win rate of the newest trades at each time, beside the rate that their payouts asked for."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from qfluxd.evidence import wilson
from qfluxd.research.report.material import FEW, Ended
from qfluxd.strategy import Floats

_POINTS: Final = 160
_SHARE: Final = 8
"""The window is this part of all trades, within `FEW` and `_MOST`."""
_MOST: Final = 500


@dataclass(frozen=True, slots=True)
class Rolling:
    """At `at` (ms UTC) the rate of the newest `window` decisive trades, with Wilson's 95 % interval and break-even."""

    window: int
    at: Floats
    rate: Floats
    low: Floats
    high: Floats
    break_even: Floats


def rolling(trades: Ended) -> Rolling | None:
    """None where the decisive trades are fewer than two windows of `FEW`.

    The break-even is the pooled one of the same trades, 1 / (1 + mean b).
    """
    decisive = trades.only(trades.decisive)
    count = len(decisive)
    if count < 2 * FEW:
        return None
    window = int(np.clip(count // _SHARE, FEW, _MOST))
    ends = np.unique(np.linspace(window, count, min(_POINTS, count - window + 1)).astype(np.int64))
    won = np.concatenate([[0], np.cumsum(decisive.won)])
    back = np.concatenate([[0.0], np.cumsum(1 + decisive.payout / 100)])
    wins = won[ends] - won[ends - window]
    intervals = np.array([wilson(int(each), window) for each in wins])
    return Rolling(
        window,
        decisive.closes[ends - 1],
        wins / window,
        intervals[:, 0],
        intervals[:, 1],
        window / (back[ends] - back[ends - window]),
    )
