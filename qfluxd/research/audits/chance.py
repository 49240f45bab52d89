"""Random control: what a coin would have earned with as many trades, on the same prices and terms."""

from collections.abc import Callable
from typing import Final

import numpy as np

from qfluxd.model import timeframe_name
from qfluxd.research.audits.finding import Figure, Finding, not_looked_at
from qfluxd.research.audits.runs import Runs
from qfluxd.research.audits.shuffled import LIKELY, p_value
from qfluxd.research.audits.words import earned
from qfluxd.research.statistics.tallies import known_trades, units
from qfluxd.strategies.random import Random
from qfluxd.strategy import Floats

NAME: Final = "random"

_SEEDS: Final = 4
"""Coins that are tossed over the whole data."""
_DRAWS: Final = 999
"""Handfuls of their trades, each as many as the plan made."""
_RATE: Final = 0.25
"""Of a coin that speaks more often more trades would stand in each other's way."""


class Chance:
    """The random control of one plan."""

    def __init__(self, runs: Runs, seed: int, tell: Callable[[int, int], None]) -> None:
        """`tell` hears how many coins were tossed, and of how many."""
        self._runs = runs
        self._seed = seed
        self._tell = tell

    def finding(self) -> Finding:
        """What it comes to."""
        plan = self._runs.plan.name
        own = known_trades(self._runs.base.trades)
        if not own.height:
            return not_looked_at(NAME, plan, self._runs.nothing_known)
        pool = np.concatenate(
            [self._tossed(number, int(np.median(own["expiry"].to_numpy()))) for number in range(_SEEDS)]
        )
        if not pool.size:
            return not_looked_at(NAME, plan, "a coin made no trade here")
        real = float(units(own).mean())
        chance = np.random.default_rng((self._seed, 3))
        means = np.array([chance.choice(pool, own.height).mean() for _ in range(_DRAWS)])
        return self._judged(real, own.height, pool, means)

    def _tossed(self, number: int, expiry: int) -> Floats:
        self._tell(number, _SEEDS)
        length = timeframe_name(max(expiry // 1000, 1) * 1000)
        coin = Random(rate=_RATE, seed=self._seed * _SEEDS + number, expiry=length)
        return units(known_trades(self._runs.by(coin).trades))

    def _judged(self, real: float, count: int, pool: Floats, means: Floats) -> Finding:
        p = p_value(real, means)
        low, high = (float(each) for each in np.quantile(means, (0.05, 0.95)))
        figures: dict[str, Figure] = {
            "plan": self._runs.plan.name,
            "unit_profit": real,
            "trades": count,
            "coins": _SEEDS,
            "tossed": int(pool.size),
            "draws": _DRAWS,
            "p_value": p,
            "mean": float(means.mean()),
            "low": low,
            "high": high,
        }
        meaning = (
            f"it earned {earned(real)} of its stakes with {count:,} trades; a coin with as many {earned(low)} … "
            f"{earned(high)} in nine of ten cases, and as much or more in {100 * p:.1f} of 100"
        )
        return Finding(NAME, "note" if p > LIKELY and real > 0 else "ok", meaning, figures)
