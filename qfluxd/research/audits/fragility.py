"""Fragility: how much slower, later or worse paid a plan may be before nothing is left of what it earned."""

from typing import Final

import polars as pl

from qfluxd.model import Millis
from qfluxd.research.audits.finding import Figure, Finding, not_looked_at
from qfluxd.research.audits.runs import Later, Runs
from qfluxd.research.audits.words import earned
from qfluxd.research.statistics.tallies import summary_of

NAME: Final = "fragility"

DELAYS: Final[tuple[Millis, ...]] = (100, 250, 500, 1_000)
_LIVELY: Final[Millis] = 250
"""An order is late by so much on any ordinary day: an edge that does not bear it is none."""
_POINTS: Final = 5


class Fragility:
    """The fragility audit of one plan."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs
        self._means: dict[str, float] = {}
        self._figures: dict[str, Figure] = {"plan": runs.plan.name}

    def finding(self) -> Finding:
        """What it comes to."""
        base = self._take("as it is", self._runs.base.trades)
        if base is None:
            return not_looked_at(NAME, self._runs.plan.name, self._runs.nothing_known)
        by_ticks = self._runs.base.dataset.prices != "candles"
        for delay in DELAYS if by_ticks else ():
            self._take(f"{delay} ms later", self._runs.delayed(delay).trades)
        self._take("one candle later", self._runs.by(Later(self._runs.plan.strategy)).trades)
        self._take(f"payout {_POINTS} points lower", _paid_less(self._runs.base.trades))
        self._figures["unit_profits"] = [[name, mean] for name, mean in self._means.items()]
        return self._judged(base, by_ticks=by_ticks)

    def _take(self, name: str, trades: pl.DataFrame) -> float | None:
        told = summary_of(trades)
        if told.unit_profit is None:
            return None
        self._means[name] = told.unit_profit
        word = name.replace(" ", "_")
        self._figures |= {f"{word}: evidence": round(told.edge, 4), f"{word}: trades": told.won + told.lost + told.tie}
        if told.rate and name == "as it is":
            self._figures["payout_needed"] = round(100 * (1 - told.rate) / told.rate, 1)
        return told.unit_profit

    def _judged(self, base: float, *, by_ticks: bool) -> Finding:
        told = "; ".join(f"{name} {earned(mean)}" for name, mean in self._means.items())
        without = "" if by_ticks else "; what a delay costs cannot be told from candles"
        if base <= 0:
            return Finding(NAME, "ok", f"it earns nothing that could be lost: {told}{without}", self._figures)
        lost = [name for name, mean in self._means.items() if mean <= 0]
        self._figures["lost"] = list(lost)
        needed = f"a win must pay {self._figures.get('payout_needed', 0)} %"
        if not lost:
            return Finding(NAME, "ok", f"it still earns, whatever was tried: {told}; {needed}{without}", self._figures)
        at_once = any(f"{delay} ms later" in lost for delay in DELAYS if delay <= _LIVELY)
        meaning = f"what it earns is lost {' or '.join(lost)}: {told}; {needed}{without}"
        return Finding(NAME, "bad" if at_once else "note", meaning, self._figures)


def _paid_less(trades: pl.DataFrame) -> pl.DataFrame:
    """The same trades, had every win paid some points less."""
    return trades.with_columns((pl.col("payout") - _POINTS).clip(lower_bound=0).alias("payout"))
