"""What arms of a comparison have traded, on paper, through the page or in a backtest, in one form."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

import msgspec
import polars as pl

from qfluxd.evidence import PATIENCE, Outcome
from qfluxd.model import Millis, Side, Trade
from qfluxd.research.compare.setting import Arm
from qfluxd.trading.shadow import ShadowDeal

_COLUMNS: Final = (
    *("id", "asset", "timeframe", "side", "stake", "candle", "signalled", "opened", "closes", "payout"),
    *("outcome", "profit"),
)


class Taken(msgspec.Struct, frozen=True):
    """A trade of an arm that is over. It belongs to the chance of its `moment`: when its signal was due."""

    id: str
    asset: str
    moment: Millis
    side: Side
    outcome: Outcome

    @property
    def unit(self) -> float:
        """What a unit of stake came to; not for one of unknown ending."""
        return self.outcome.unit

    @property
    def is_known(self) -> bool:
        """Whether anybody knows what it came to."""
        return self.outcome.profit is not None

    def is_like(self, other: "Taken") -> bool:
        """Whether it could not have come out otherwise than the other one."""
        mine, theirs = self.outcome, other.outcome
        same = (mine.at, mine.closes, mine.payout) == (theirs.at, theirs.closes, theirs.payout)
        return same and mine.closes is not None and self.side == other.side


def moment_of_deal(deal: ShadowDeal, arm: Arm, late: Millis) -> Millis | None:
    """When the signal of a deal on paper was due; None where it came more than `late` milliseconds after that."""
    if not arm.on_candle or deal.candle is None:
        return deal.signalled
    moment = deal.candle + arm.timeframe
    return moment if deal.signalled - moment <= late else None


def of_deal(deal: ShadowDeal, moment: Millis) -> Taken:
    """A deal on paper that was entered and is over."""
    known = deal.outcome != "unknown" and deal.payout is not None
    profit = deal.profit if known else None
    opened = deal.signalled if deal.opened is None else deal.opened
    outcome = Outcome(deal.stake, deal.payout or 0, profit, opened, deal.closes)
    return Taken(deal.id, deal.asset, moment, deal.side, outcome)


def moment_of_trade(trade: Trade, arm: Arm) -> Millis | None:
    """When the signal of a trade through the page was due, by the id of its request; None where that says nothing."""
    said = (trade.request or "").strip('"').rpartition("/")[2]
    if not said.isdigit():
        return None
    return int(said) + (arm.timeframe if arm.on_candle else 0)


def of_trade(trade: Trade, moment: Millis) -> Taken | None:
    """A trade through the page that is settled, None for one that never was placed."""
    deal = trade.deal
    if trade.stage != "settled" or deal is None:
        return None
    known = trade.changed <= deal.closes + PATIENCE
    outcome = Outcome(deal.stake, deal.payout, deal.profit if known else None, deal.opened, deal.closes)
    return Taken(trade.id, trade.asset, moment, trade.side, outcome)


def lost_track(trade: Trade, moment: Millis) -> Taken:
    """A trade of which nobody learnt in time what it came to."""
    return Taken(trade.id, trade.asset, moment, trade.side, Outcome(trade.stake, 0, None, moment, None))


def of_frame(trades: pl.DataFrame) -> Iterator[Taken]:
    """The trades of a backtest that were filled (columns as in its result: id, asset, candle, opened, outcome, …).

    Raises:
        polars.exceptions.ColumnNotFoundError: a column is not there.
    """
    times = pl.col("candle", "signalled", "opened", "closes").dt.epoch("ms")
    filled = trades.filter(pl.col("outcome") != "not_filled").select(*_COLUMNS).with_columns(times)
    for row in filled.iter_rows(named=True):
        yield _of_row(row)


def _of_row(row: dict[str, Any]) -> Taken:
    signalled, known = row["signalled"], row["outcome"] != "unknown" and row["payout"] is not None
    moment = signalled if row["candle"] is None else row["candle"] + row["timeframe"]
    profit = Decimal(row["profit"]) if known and row["profit"] is not None else None
    opened = signalled if row["opened"] is None else row["opened"]
    outcome = Outcome(Decimal(row["stake"]), row["payout"] or 0, profit, opened, row["closes"])
    return Taken(str(row["id"]), row["asset"], moment, row["side"], outcome)
