"""What trades come to in sum: over time, by hour, weekday, asset, payout, side or plan, and in a row."""

from typing import Any, Final, Literal

import msgspec
import polars as pl

type Key = Literal["hour", "weekday", "asset", "payout", "side", "plan"]

_KEYS: Final[dict[str, pl.Expr]] = {
    "hour": pl.col("signalled").dt.hour().cast(pl.Int64),
    "weekday": pl.col("signalled").dt.weekday().cast(pl.Int64),
    **{name: pl.col(name) for name in ("asset", "payout", "side", "plan")},
}
KEYS: Final = tuple(_KEYS)


class Streaks(msgspec.Struct, frozen=True):
    """The longest runs of wins and of losses, ties and unknown ones left aside, and what the last one is: +3, -2."""

    won: int
    lost: int
    last: int


def equity(trades: pl.DataFrame) -> pl.DataFrame:
    """at (when a trade closed), equity (what all up to it came to), drawdown (below the best so far, 0 or more)."""
    known = trades.filter(pl.col("profit").is_not_null()).sort("closes", maintain_order=True)
    total = pl.col("profit").cum_sum()
    return (
        known.select(pl.col("closes").alias("at"), total.alias("equity"))
        .with_columns(best=pl.max_horizontal(pl.col("equity").cum_max(), pl.lit(0, pl.Decimal(38, 2))))
        .select("at", "equity", (pl.col("best") - pl.col("equity")).alias("drawdown"))
    )


def by(trades: pl.DataFrame, key: Key) -> pl.DataFrame:
    """A row per hour (UTC, of the signal), weekday (1 Monday … 7 Sunday), asset, payout, side or plan.

    Columns: the key, trades, won, lost, tie, unknown, not_filled, rate (of the decisive), staked (of those whose profit
    is known), profit.
    """
    outcome = pl.col("outcome")
    unknown = (outcome == "unknown") | (outcome.is_in(["won", "lost", "tie"]) & pl.col("profit").is_null())
    known = pl.col("profit").is_not_null()
    return (
        trades.group_by(_KEYS[key].alias(key))
        .agg(
            pl.len().cast(pl.Int64).alias("trades"),
            *(_count((outcome == word) & known).alias(word) for word in ("won", "lost", "tie")),
            _count(unknown).alias("unknown"),
            _count(outcome == "not_filled").alias("not_filled"),
            pl.col("stake").filter(known).sum().alias("staked"),
            pl.col("profit").sum().alias("profit"),
        )
        .with_columns(rate=pl.col("won") / (pl.col("won") + pl.col("lost")))
        .with_columns(pl.when(pl.col("won") + pl.col("lost") > 0).then("rate").alias("rate"))
        .select(key, "trades", "won", "lost", "tie", "unknown", "not_filled", "rate", "staked", "profit")
        .sort(key)
    )


def streaks(trades: pl.DataFrame) -> Streaks:
    """In the order in which trades closed."""
    decisive = trades.filter(pl.col("outcome").is_in(["won", "lost"])).sort("closes", maintain_order=True)
    if not decisive.height:
        return Streaks(0, 0, 0)
    runs = decisive.select(pl.col("outcome").rle().alias("run")).unnest("run")
    longest: dict[Any, Any] = dict(runs.group_by("value").agg(pl.col("len").max()).iter_rows())
    length, word = runs.row(-1)
    return Streaks(longest.get("won", 0), longest.get("lost", 0), length if word == "won" else -length)


def _count(what: pl.Expr) -> pl.Expr:
    return what.sum().cast(pl.Int64)
