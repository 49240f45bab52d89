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
from qfluxd.research.audits.words import share

NAME: Final = "boundary"

_PART: Final = 0.02
"""This share of the ticks is late, or heard twice."""
_LATE: Final[tuple[Millis, Millis]] = (100, 1_000)
_MANY: Final = 0.1
_TOO_MANY: Final = 0.5
"""Shares of the trades that become others, from which on that is to be known, and is too much."""
_EARLIER: Final = "edge ticks 1 ms earlier"
_LATER: Final = "edge ticks 1 ms later"


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
            _EARLIER: shifted(plan.timeframe, origin, -1),
            _LATER: shifted(plan.timeframe, origin, 1),
            f"{100 * _PART:.0f} % of the ticks late": late,
            f"{100 * _PART:.0f} % of the ticks twice": twice,
        }
        others: dict[str, float] = {}
        on_edges = self._on_edges(origin)
        figures: dict[str, Figure] = {"plan": plan.name, "trades": base.height, **on_edges}
        for name, change in changes.items():
            trades = self._runs.on(self._market.each(change, self._seed)).trades
            others[name] = changed_trades(base, trades) / base.height
            figures |= {f"{name}: share": others[name], f"{name}: unit_profit": mean_of(trades) or 0.0}
        return _judged(others, figures, share(on_edges["edge_candles"], on_edges["candles"]))

    def _on_edges(self, origin: Millis) -> dict[str, int]:
        """Ticks on the very edge of a candle, how many candles have one, and how many candles there are."""
        length = self._runs.plan.timeframe
        ticks = edges = candles = 0
        for rows in self._market.held.values():
            stamps = rows["at"].to_physical() + origin
            on = stamps.filter(stamps % length == 0)
            ticks, edges, candles = ticks + on.len(), edges + on.n_unique(), candles + (stamps // length).n_unique()
        return {"edge_ticks": ticks, "edge_candles": edges, "candles": candles}


def _judged(others: Mapping[str, float], figures: dict[str, Figure], part: str) -> Finding:
    """What it comes to where that part of the candles have a tick on their edge.

    Much hangs by these only where they are many, as where stamps are whole seconds. That is so for any strategy, and
    nothing that speaks against this one.
    """
    told = ", ".join(f"{100 * part:.1f} % with {name}" for name, part in others.items())
    by_edges = max(others[_EARLIER], others[_LATER])
    by_others = max(part for name, part in others.items() if name not in (_EARLIER, _LATER))
    level: Level = "bad" if by_others > _TOO_MANY else "note" if max(by_edges, by_others) > _MANY else "ok"
    where = f"{part} of the candles begin with a tick on their edge"
    if not figures["edge_ticks"]:
        where = "no tick stands on an edge"
    elif by_edges > _MANY:
        where += ", as where stamps are rounded; to which candle it belongs the data have to say, and no strategy can"
    return Finding(NAME, level, f"of {figures['trades']:,} trades there are others: {told}; {where}", figures)


def changed_trades(base: pl.DataFrame, other: pl.DataFrame) -> int:
    """How many trades are gone, or went another way or came out otherwise; or how many are new where those are more."""
    keys = ["asset", "candle", "side"]
    joined = base.select(*keys, "outcome").join(other.select(*keys, other="outcome"), on=keys, how="left")
    gone = int(joined.select(pl.col("other").ne_missing(pl.col("outcome")).sum()).item())
    new = other.join(base, on=keys, how="anti").height
    return max(gone, new)
