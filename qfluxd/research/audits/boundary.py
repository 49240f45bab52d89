"""Boundary and late ticks: how many trades change when a few ticks are heard a little otherwise."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl

from qfluxd.market.parquet import MOMENT
from qfluxd.model import Millis
from qfluxd.research.audits.changed import Change
from qfluxd.research.audits.finding import Figure, Finding, Level, not_looked_at
from qfluxd.research.audits.runs import Runs, mean_of

NAME: Final = "boundary"

_PART: Final = 0.02
"""This share of the ticks is late, or heard twice."""
_LATE: Final[tuple[Millis, Millis]] = (100, 1_000)
_MANY: Final = 0.1
_TOO_MANY: Final = 0.5
"""Shares of the trades that become others, from which on that is to be known, and is too much."""


def shifted(timeframe: Millis, origin: Millis, by: Millis) -> Change:
    """Ticks on the very edge of a candle come `by` milliseconds later, or earlier where that is negative."""
    at = pl.col("at").to_physical()
    moved = pl.when((at + origin) % timeframe == 0).then(at + by).otherwise(at).cast(MOMENT).alias("at")
    return lambda ticks, seed: ticks.with_columns(moved).sort("at", maintain_order=True)


def late(ticks: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Some ticks carry a stamp that is up to a second late, and so come behind others."""
    chance = np.random.default_rng(seed)
    by = np.where(chance.random(ticks.height) < _PART, chance.integers(*_LATE, ticks.height), 0)
    stamps = (pl.col("at").to_physical() + pl.Series(by)).cast(MOMENT).alias("at")
    return ticks.with_columns(stamps).sort("at", maintain_order=True)


def twice(ticks: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Some ticks are heard twice."""
    times = 1 + (np.random.default_rng(seed).random(ticks.height) < _PART)
    return ticks[np.repeat(np.arange(ticks.height), times)]


class Boundary:
    """The audit of ticks on the edge of candles, late ones and repeated ones, of one plan."""

    def __init__(self, runs: Runs, seed: int) -> None:
        self._runs = runs
        self._market = runs.market
        self._seed = seed

    def finding(self) -> Finding:
        """What it comes to."""
        base, plan = self._runs.base.trades, self._runs.plan
        if self._market.finest:
            return not_looked_at(NAME, plan.name, "the data hold candles, and no ticks")
        if not base.height:
            return not_looked_at(NAME, plan.name, "it made no trade")
        origin = self._runs.settings.origin
        changes: Mapping[str, Change] = {
            "edge ticks 1 ms earlier": shifted(plan.timeframe, origin, -1),
            "edge ticks 1 ms later": shifted(plan.timeframe, origin, 1),
            f"{100 * _PART:.0f} % of the ticks late": late,
            f"{100 * _PART:.0f} % of the ticks twice": twice,
        }
        others: dict[str, float] = {}
        figures: dict[str, Figure] = {"plan": plan.name, "trades": base.height, "edge_ticks": self._on_edges(origin)}
        for name, change in changes.items():
            trades = self._runs.on(self._market.each(change, self._seed)).trades
            others[name] = changed_trades(base, trades) / base.height
            figures |= {f"{name}: share": others[name], f"{name}: unit_profit": mean_of(trades) or 0.0}
        return self._judged(others, figures)

    def _on_edges(self, origin: Millis) -> int:
        on = (pl.col("at").to_physical() + origin) % self._runs.plan.timeframe == 0
        return sum(int(rows.select(on.sum()).item()) for rows in self._market.held.values())

    def _judged(self, others: Mapping[str, float], figures: dict[str, Figure]) -> Finding:
        told = ", ".join(f"{100 * part:.1f} % with {name}" for name, part in others.items())
        edges = "" if figures["edge_ticks"] else "; no tick stands on an edge"
        most = max(others.values())
        level: Level = "bad" if most > _TOO_MANY else "note" if most > _MANY else "ok"
        return Finding(NAME, level, f"of {figures['trades']:,} trades there are others: {told}{edges}", figures)


def changed_trades(base: pl.DataFrame, other: pl.DataFrame) -> int:
    """How many trades are gone, or went another way or came out otherwise; or how many are new where those are more."""
    keys = ["asset", "candle", "side"]
    joined = base.select(*keys, "outcome").join(other.select(*keys, other="outcome"), on=keys, how="left")
    gone = int(joined.select(pl.col("other").ne_missing(pl.col("outcome")).sum()).item())
    new = other.join(base, on=keys, how="anti").height
    return max(gone, new)
