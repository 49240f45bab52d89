"""One plan's backtest, run again with one thing changed at a time."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import polars as pl

from qfluxd.model import Millis
from qfluxd.plans.plan import Plan
from qfluxd.research.audits.changed import Changed
from qfluxd.research.backtest import Backtest, Engine, Latency, Result, run
from qfluxd.research.backtest.latency import MOST
from qfluxd.research.statistics.tallies import known_trades, units
from qfluxd.strategy import Extra, Strategy, View


@dataclass(frozen=True, slots=True)
class Later:
    """A strategy that says everything one candle after another one does."""

    strategy: Strategy

    @property
    def warmup(self) -> int:
        """One candle more."""
        return self.strategy.warmup + 1

    @property
    def timeframes(self) -> tuple[Millis, ...]:
        """The same."""
        return self.strategy.timeframes

    @property
    def wants(self) -> tuple[Extra, ...]:
        """The same."""
        return self.strategy.wants

    def signals(self, view: View) -> pl.DataFrame:
        """The same answers, a row later."""
        answer = self.strategy.signals(view)
        return pl.concat((answer.head(1).with_columns(pl.lit(0, pl.Int8).alias("side")), answer.head(-1)))

    def model_dump(self, *, mode: str = "python") -> dict[str, Any]:
        """The options of the other one."""
        return self.strategy.model_dump(mode=mode)


class Runs:
    """The backtests of one plan, alone, on one market.

    The promise: as it was given it is run once, whoever asks.
    """

    def __init__(self, settings: Backtest, plan: Plan, market: Changed, engine: Engine) -> None:
        self.settings = replace(settings, plans=(plan,))
        self.plan = plan
        self.market = market
        self._engine: Engine = engine

    @cached_property
    def base(self) -> Result:
        """As it was given."""
        return self._run(self.settings, self.market)

    @property
    def nothing_known(self) -> str:
        """Why there is no result to look at, and what to do: for where `unit_profit` is None."""
        trades = self.base.trades
        if not trades.height:
            return "it made no trade"
        if (trades["code"] == "payout_unknown").any():
            return "nobody knows what its trades would have paid; give a payout"
        return "no trade has a known result"

    @cached_property
    def unit_profit(self) -> float | None:
        """What a unit of stake came to on average as it was given, None where no result is known."""
        return mean_of(self.base.trades)

    def delayed(self, by: Millis) -> Result:
        """With every order `by` milliseconds longer on its way, but for those that take the longest there is."""
        longer = Latency(tuple(min(each + by, MOST) for each in self.settings.latency.lengths))
        return self._run(replace(self.settings, latency=longer), self.market)

    def by(self, strategy: Strategy) -> Result:
        """With another strategy in its place."""
        plan = replace(self.plan, strategy=strategy)
        return self._run(replace(self.settings, plans=(plan,)), self.market)

    def on(self, market: Changed) -> Result:
        """On other prices."""
        return self._run(self.settings, market)

    def _run(self, settings: Backtest, market: Changed) -> Result:
        return run(settings, market, engine=self._engine)


def mean_of(trades: pl.DataFrame) -> float | None:
    """What a unit of stake came to on average in the trades whose result is known, ties included; None without any."""
    made = units(known_trades(trades))
    return float(made.mean()) if made.size else None
