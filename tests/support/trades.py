"""Made-up trades of a strategy, in the shape that backtests have them."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

import numpy as np
import polars as pl

from qfluxd.market.parquet import MOMENT
from qfluxd.model import DAY, MINUTE, SECOND, Millis
from qfluxd.research.backtest.table import TRADES

START: Final[Millis] = 1_793_577_600_000
"""Monday 2026-11-02, 00:00 UTC."""


def made_trades(
    count: int,
    *,
    rate: float = 0.53,
    ties: float = 0.04,
    unknown: float = 0.01,
    payouts: Sequence[int | None] = (80, 85, 92),
    plan: str = "rsi",
    days: float = 20,
    seed: int = 1,
) -> pl.DataFrame:
    """So many trades of a minute each over so many days, of which the decisive ones are won at `rate`."""
    chance = np.random.default_rng(seed)
    spread = max(int(days * DAY), count)
    signalled = START + np.sort(chance.integers(0, spread, count)) // SECOND * SECOND
    outcome = np.where(chance.random(count) < rate, "won", "lost")
    outcome = np.where(chance.random(count) < ties, "tie", outcome)
    outcome = np.where(chance.random(count) < unknown, "unknown", outcome)
    paid = [payouts[each] for each in chance.integers(0, len(payouts), count)]
    stamp = pl.Series(signalled, dtype=pl.Int64)
    frame = pl.DataFrame(
        {
            "id": [f"{plan}-{number}" for number in range(count)],
            "plan": [plan] * count,
            "strategy": ["rsi_reversal"] * count,
            "asset": ["EURUSD_otc"] * count,
            "timeframe": [MINUTE] * count,
            "side": chance.choice(["call", "put"], count).tolist(),
            "confidence": chance.random(count),
            "probability": [None] * count,
            "stake": [Decimal("2.00")] * count,
            "expiry": [MINUTE] * count,
            "candle": stamp // MINUTE * MINUTE - MINUTE,
            "signalled": stamp,
            "opened": stamp + 250,
            "closes": stamp + MINUTE,
            "open_price": [1.16] * count,
            "close_price": [1.17] * count,
            "payout": paid,
            "outcome": outcome.tolist(),
            "code": outcome.tolist(),
            "profit": [_profit(*each) for each in zip(outcome.tolist(), paid, strict=True)],
        },
        schema_overrides={name: kind for name, kind in TRADES.items() if kind != MOMENT},
    )
    return frame.cast(TRADES)


def _profit(outcome: str, payout: int | None) -> Decimal | None:
    if outcome == "unknown" or payout is None:
        return None
    return {"won": Decimal(2 * payout) / 100, "lost": Decimal("-2.00"), "tie": Decimal("0.00")}[outcome]
