"""Frames of trades as a backtest gives them, made by chance."""

from collections.abc import Sequence
from decimal import Decimal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from qfluxd.model import MINUTE

MONDAY = 1_763_942_400_000
MOMENT = pl.Datetime("ms", "UTC")
MONEY = pl.Decimal(18, 2)


def trades(
    outcomes: Sequence[str],
    payouts: Sequence[int | None],
    opened: NDArray[np.int64],
    lengths: NDArray[np.int64],
    stake: Decimal = Decimal(10),
) -> pl.DataFrame:
    """A row for each outcome, with the columns that statistics look at."""
    profits = [_profit(outcome, payout, stake) for outcome, payout in zip(outcomes, payouts, strict=True)]
    return pl.DataFrame(
        {
            "outcome": pl.Series(outcomes, dtype=pl.String),
            "payout": pl.Series(payouts, dtype=pl.Int16),
            "stake": pl.Series([stake] * len(profits), dtype=MONEY),
            "profit": pl.Series(profits, dtype=MONEY),
            "opened": pl.Series(opened, dtype=pl.Int64).cast(MOMENT),
            "closes": pl.Series(opened + lengths, dtype=pl.Int64).cast(MOMENT),
        }
    )


def by_chance(
    count: int, rate: float, seed: int, *, ties: float = 0.1, every: int = MINUTE, length: int = MINUTE
) -> pl.DataFrame:
    """So many trades, of which this share of those that are no ties is won, at 80, 85, 90 and 92 %."""
    chance = np.random.default_rng(seed)
    won = np.where(chance.random(count) < rate, "won", "lost")
    outcomes = np.where(chance.random(count) < ties, "tie", won).tolist()
    payouts = chance.choice([80, 85, 90, 92], count).tolist()
    opened = MONDAY + np.arange(count, dtype=np.int64) * every
    return trades(outcomes, payouts, opened, np.full(count, length, dtype=np.int64))


def _profit(outcome: str, payout: int | None, stake: Decimal) -> Decimal | None:
    match outcome:
        case "won":
            return None if payout is None else stake * payout / 100
        case "lost":
            return -stake
        case "tie":
            return Decimal(0)
    return None
