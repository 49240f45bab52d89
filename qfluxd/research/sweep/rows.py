"""The trades of a sweep, as short as can be: one row per trade of one variant."""

import io
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

import polars as pl

from qfluxd.market.parquet import MOMENT

ENDINGS: Final = pl.Enum(["won", "lost", "tie", "unknown", "not_filled"])
SCHEMA: Final = pl.Schema(
    {
        "variant": pl.UInt32(),
        "asset": pl.String(),
        "signalled": MOMENT,
        "opened": MOMENT,
        "until": MOMENT,
        "payout": pl.Int16(),
        "outcome": ENDINGS,
    }
)
"""`opened` is when it was entered, and when it was signalled where it was not; after `until` it is over."""

_MONEY: Final = pl.Decimal(38, 2)

NO_TRADES: Final = pl.DataFrame(schema=SCHEMA)

PERCENT: Final = (
    pl.when(pl.col("outcome") == "won")
    .then(pl.col("payout").cast(pl.Int64))
    .when(pl.col("outcome") == "lost")
    .then(-100)
    .when(pl.col("outcome") == "tie")
    .then(0)
)
"""What a trade came to in percent of its stake, null where nobody knows: whole numbers, whose sums are exact."""


def plan_name(variant: int) -> str:
    """What the plan of a variant is called."""
    return f"v{variant}"


def variant_of(plan: str) -> int:
    """The variant whose plan is called so."""
    return int(plan[1:])


def compact(trades: pl.DataFrame) -> pl.DataFrame:
    """The trades of a backtest (`qfluxd.research.backtest`) as rows of a sweep; their plans are called by `plan_name`.

    A trade that was won or lost at a payout that nobody knows is unknown: nothing can be said of what it is worth.
    """
    opened = pl.coalesce("opened", "signalled")
    unpaid = pl.col("payout").is_null() & pl.col("outcome").is_in(["won", "lost"])
    outcome = pl.when(unpaid).then(pl.lit("unknown")).otherwise("outcome")
    return trades.select(
        pl.col("plan").str.slice(1).cast(pl.UInt32).alias("variant"),
        "asset",
        "signalled",
        opened.alias("opened"),
        pl.coalesce("closes", opened + pl.duration(milliseconds="expiry")).cast(MOMENT).alias("until"),
        "payout",
        outcome.cast(ENDINGS).alias("outcome"),
    )


def encode(frames: Sequence[pl.DataFrame]) -> bytes:
    """Rows as the bytes of a Parquet file."""
    buffer = io.BytesIO()
    pl.concat([NO_TRADES, *frames]).write_parquet(buffer, compression="zstd")
    return buffer.getvalue()


def as_trades(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows as statistics take trades (`qfluxd.research.statistics`), with a stake of 1 each."""
    return rows.with_columns(
        pl.lit(1).cast(_MONEY).alias("stake"),
        (PERCENT.cast(_MONEY) * Decimal("0.01")).cast(_MONEY).alias("profit"),
        pl.col("until").alias("closes"),
    )
