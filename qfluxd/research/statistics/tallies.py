"""From a frame of trades to what they tell: the same figures as of `qfluxd.evidence.Record`, for very many at once."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import numpy as np
import polars as pl

from qfluxd.evidence import Summary, Wealth, summarised
from qfluxd.evidence.record import Ending
from qfluxd.research.statistics.wealth import Looks, Times, looks
from qfluxd.strategy import Floats

_KNOWN: Final = ("won", "lost", "tie")
_MOMENT: Final = pl.Datetime("ms", "UTC")


@dataclass(frozen=True, slots=True)
class Tally:
    """All that `qfluxd.evidence.summarised` asks of trades."""

    counts: Mapping[Ending, int]
    payouts: Counter[int]
    staked: Decimal
    profit: Decimal
    units: float
    evidence: tuple[Wealth, Wealth]

    @property
    def decisive(self) -> int:
        """How many were won or lost."""
        return self.counts["won"] + self.counts["lost"]


def summary_of(trades: pl.DataFrame) -> Summary:
    """What the trades of a frame tell, as `qfluxd.evidence.summary` would say it of the same outcomes.

    Columns: outcome (``won``, ``lost``, ``tie``, ``unknown``, ``not_filled``), payout (percent), stake and profit
    (Decimal), opened and closes (Datetime). Orders that were not filled are no trades; one whose payout or profit
    nobody knows is unknown.
    """
    return summarised(tally(trades))


def tally(trades: pl.DataFrame) -> Tally:
    """The counts, the money and the evidence of a frame of trades; columns as for `summary_of`."""
    known = known_trades(trades)
    ended = known.get_column("outcome").value_counts()
    counts: dict[Ending, int] = dict.fromkeys((*_KNOWN, "unknown"), 0)
    counts |= dict(ended.iter_rows())
    counts["unknown"] = trades.filter(pl.col("outcome") != "not_filled").height - known.height
    decisive = known.filter(pl.col("outcome") != "tie").get_column("payout").value_counts()
    return Tally(
        counts=counts,
        payouts=Counter({int(payout): count for payout, count in decisive.iter_rows()}),
        staked=_money(known, "stake"),
        profit=_money(known, "profit"),
        units=float(units(known).sum()),
        evidence=evidence(known).final,
    )


def known_trades(trades: pl.DataFrame) -> pl.DataFrame:
    """Those of which one knows what they came to, in the order in which they were opened."""
    is_known = pl.col("outcome").is_in(_KNOWN) & pl.col("profit").is_not_null()
    has_payout = pl.col("payout").is_not_null() | (pl.col("outcome") == "tie")
    return trades.filter(is_known & has_payout).sort("opened", maintain_order=True)


def units(trades: pl.DataFrame) -> Floats:
    """What a unit of stake came to in each of these trades of known outcome: the payout as a fraction, -1 or 0."""
    won, lost = pl.col("outcome") == "won", pl.col("outcome") == "lost"
    percent = pl.when(won).then(pl.col("payout").cast(pl.Float64)).when(lost).then(-100.0).otherwise(0.0)
    return np.asarray(trades.select(percent.alias("unit")).to_series().to_numpy() / 100)  # polars multiplies by 0.01


def evidence(trades: pl.DataFrame) -> Looks:
    """The evidence of these trades of known outcome, after every moment at which one ended."""
    opened, closes = (_millis(trades, column) for column in ("opened", "closes"))
    most = trades.get_column("payout").fill_null(0).cast(pl.Float64).to_numpy() / 100
    return looks(opened, closes, units(trades), most)


def _millis(trades: pl.DataFrame, column: str) -> Times:
    return trades.get_column(column).cast(_MOMENT).to_physical().fill_null(0).to_numpy().astype(np.int64)


def _money(trades: pl.DataFrame, column: str) -> Decimal:
    return Decimal(trades.get_column(column).sum() or 0)
