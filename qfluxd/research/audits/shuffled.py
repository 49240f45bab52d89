"""Shuffled-market control: what the same plan earns on markets in which nothing can be foreseen."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from qfluxd.research.audits.finding import Figure, Finding, Level, not_looked_at
from qfluxd.research.audits.runs import Runs
from qfluxd.research.audits.words import earned
from qfluxd.research.statistics.tallies import known_trades, units
from qfluxd.strategy import Floats

NAME: Final = "shuffled"

MARKETS: Final = 39
"""With so many the p-value can be 0.025: better than all of them."""
LIKELY: Final = 0.05
"""What chance does as well in more than so many cases shows nothing."""
_TOO_WELL: Final = 4.0
"""By so many standard errors more than one side alone no honest trades earn on such markets."""
_SEES: Final = ": more than either side alone, where nothing can be foreseen, so it sees ahead"


class Shuffled:
    """The shuffled-market control of one plan."""

    def __init__(self, runs: Runs, seed: int, tell: Callable[[int, int], None]) -> None:
        """`tell` hears how many markets are done, and of how many."""
        self._runs = runs
        self._seed = seed
        self._tell = tell

    def finding(self) -> Finding:
        """What it comes to."""
        real = self._runs.unit_profit
        if real is None:
            return not_looked_at(NAME, self._runs.plan.name, self._runs.nothing_known)
        made = [self._made(number) for number in range(MARKETS)]
        means = np.array([each.mean() for each in made])
        p = p_value(real, means)
        low, high = (float(each) for each in np.quantile(means, (0.05, 0.95)))
        figures: dict[str, Figure] = {
            "plan": self._runs.plan.name,
            "unit_profit": real,
            "markets": MARKETS,
            "trades": sum(each.units.size for each in made),
            "p_value": p,
            "mean": float(means.mean()),
            "low": low,
            "high": high,
            "unit_profits": [round(float(each), 6) for each in means],
        }
        told = (
            f"it earned {earned(real)} of its stakes; on {MARKETS} markets made of the same candles in another order "
            f"{earned(float(means.mean()))} on average ({earned(low)} … {earned(high)})"
        )
        if _sees_ahead(made):
            return Finding(NAME, "bad", f"{told}{_SEES}", figures)
        level, why = _judged(real, p)
        return Finding(NAME, level, f"{told}{why}", figures)

    def _made(self, number: int) -> "_Made":
        self._tell(number, MARKETS)
        candle, origin = self._runs.plan.timeframe, self._runs.settings.origin
        market = self._runs.market.resampled(candle, origin, self._seed, number)
        return _Made.of(known_trades(self._runs.on(market).trades))


@dataclass(frozen=True, slots=True)
class _Made:
    """What units of stake came to on one market: as it was traded, and had all trades been calls, or puts."""

    units: Floats
    calls: Floats
    puts: Floats

    @classmethod
    def of(cls, trades: pl.DataFrame) -> "_Made":
        calls, puts = (units(_as_if(trades, side)) for side in ("call", "put"))
        return cls(units(trades), calls, puts)

    def mean(self) -> float:
        """On average; nothing where there was no trade."""
        return float(self.units.mean()) if self.units.size else 0.0


def _as_if(trades: pl.DataFrame, side: str) -> pl.DataFrame:
    """The same trades, had all been on this side."""
    other = pl.col("outcome").replace({"won": "lost", "lost": "won"})
    return trades.with_columns(pl.when(pl.col("side") == side).then("outcome").otherwise(other).alias("outcome"))


def _sees_ahead(made: Sequence[_Made]) -> bool:
    """Whether it earned clearly more than one side alone would have, which is the most that drifting prices bring.

    Where no candle tells of the next, nobody who sees only the past expects more than the better of always calling and
    always putting at the same moments. The markets are independent of each other, and so their means are compared.
    """
    calls, puts = (np.concatenate([getattr(each, side) for each in made]) for side in ("calls", "puts"))
    better = "calls" if calls.size and calls.mean() >= puts.mean() else "puts"
    more = np.array([each.mean() - getattr(each, better).mean() for each in made if each.units.size])
    return bool(more.size > 1 and more.mean() > _TOO_WELL * more.std(ddof=1) / np.sqrt(more.size))


def _judged(real: float, p: float) -> tuple[Level, str]:
    if real <= 0:
        return "ok", "; there is no profit that luck would have to explain"
    if p > LIKELY:
        return "note", f"; chance does as well or better in {100 * p:.0f} of 100 cases"
    return "ok", f"; chance does as well or better in {100 * p:.1f} of 100 cases at most"


def p_value(real: float, others: Floats) -> float:
    """How often chance does as well or better, the real one counted among them.

    Source: Phipson and Smyth, "Permutation p-values should never be zero", Statistical Applications in Genetics and
    Molecular Biology, 2010.
    """
    return float((1 + np.count_nonzero(others >= real)) / (1 + others.size))
