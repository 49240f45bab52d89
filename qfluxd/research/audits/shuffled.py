"""Shuffled-market control: what the same plan earns on markets in which nothing can be foreseen."""

from collections.abc import Callable
from typing import Final

import numpy as np
import polars as pl

from qfluxd.research.audits.finding import Figure, Finding, Level, not_looked_at
from qfluxd.research.audits.foresight import Foresight, foresight
from qfluxd.research.audits.runs import Runs
from qfluxd.research.audits.words import earned
from qfluxd.research.statistics.tallies import known_trades, units
from qfluxd.strategy import Floats

NAME: Final = "shuffled"

MARKETS: Final = 39
"""With so many the p-value can be 0.025: better than all of them."""
LIKELY: Final = 0.05
"""What chance does as well in more than so many cases shows nothing."""
_TOO_WELL: Final = 10_000.0
"""Evidence that honest trades on such markets come to once in as many audits at most."""


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
        earnings = [units(trades) for trades in made]
        means = np.array([each.mean() if each.size else 0.0 for each in earnings])
        every = np.concatenate(earnings)
        p = p_value(real, means)
        low, high = (float(each) for each in np.quantile(means, (0.05, 0.95)))
        mean = float(every.mean()) if every.size else 0.0
        seen = foresight(made)
        figures: dict[str, Figure] = {
            "plan": self._runs.plan.name,
            "unit_profit": real,
            "markets": MARKETS,
            "trades": every.size,
            "p_value": p,
            "mean": mean,
            "low": low,
            "high": high,
            "unit_profits": [round(float(each), 6) for each in means],
            "evidence": round(seen.evidence, 4),
        }
        told = (
            f"it earned {earned(real)} of its stakes; on {MARKETS} markets made of the same candles in another order "
            f"{earned(mean)} of all stakes, {earned(low)} … {earned(high)} on nine in ten of them"
        )
        if seen.evidence >= _TOO_WELL:
            return Finding(NAME, "bad", f"{told}{_sees(seen)}", figures)
        level, why = _judged(real, p)
        return Finding(NAME, level, f"{told}{why}", figures)

    def _made(self, number: int) -> pl.DataFrame:
        """The known trades on one market."""
        self._tell(number, MARKETS)
        candle, origin = self._runs.plan.timeframe, self._runs.settings.origin
        market = self._runs.market.resampled(candle, origin, self._seed, number)
        return known_trades(self._runs.on(market).trades)


def _sees(seen: Foresight) -> str:
    calls, puts = (f"{won:,} of {known:,}" for won, known in (seen.calls, seen.puts))
    return f"; there it won {calls} calls and {puts} puts, where nothing can be foreseen, so it sees ahead"


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
