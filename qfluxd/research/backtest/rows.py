"""What a run found, as tables."""

from typing import Any

import polars as pl

from qfluxd.model import Verdict
from qfluxd.research.backtest.event import Heard, deals_of
from qfluxd.research.backtest.table import DATA_ENDED, TRADES, Found
from qfluxd.trading.shadow import ShadowDeal


def from_desk(heard: Heard) -> Found:
    """What a desk said."""
    rows = [_row(verdict, deal) for verdict, deal in deals_of(heard)]
    return Found(pl.DataFrame(rows, schema=TRADES, orient="row"), heard.signals, heard.refused)


def _row(verdict: Verdict, deal: ShadowDeal) -> tuple[Any, ...]:
    """A row of `TRADES`; what had not ended with the data never will."""
    signal, outcome, code = verdict.signal, deal.outcome, deal.code
    if not deal.is_over:
        outcome, code = "not_filled" if deal.opened is None else "unknown", DATA_ENDED
    return (
        signal.id,
        signal.plan,
        signal.strategy,
        signal.series.asset,
        signal.series.timeframe,
        signal.side,
        signal.confidence,
        signal.probability,
        deal.stake,
        deal.expiry,
        signal.candle,
        signal.at,
        deal.opened,
        deal.closes,
        deal.open_price,
        deal.close_price,
        None if deal.opened is None else deal.payout,
        outcome,
        code,
        deal.profit,
    )
