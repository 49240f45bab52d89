"""The table of trades: its columns, how it is made, and the one word that names it."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from qfluxd.market.parquet import MOMENT

_CENT: Final = Decimal("0.01")
MONEY: Final = pl.Decimal(38, 2)
TRADES: Final = pl.Schema(
    {
        "id": pl.String(),
        "plan": pl.String(),
        "strategy": pl.String(),
        "asset": pl.String(),
        "timeframe": pl.Int64(),
        "side": pl.String(),
        "confidence": pl.Float64(),
        "probability": pl.Float64(),
        "stake": MONEY,
        "expiry": pl.Int64(),
        "candle": MOMENT,
        "signalled": MOMENT,
        "opened": MOMENT,
        "closes": MOMENT,
        "open_price": pl.Float64(),
        "close_price": pl.Float64(),
        "payout": pl.Int16(),
        "outcome": pl.String(),
        "code": pl.String(),
        "profit": MONEY,
    }
)
"""A row per trade that was let through, by signal, plan and asset. `id` is that of the signal, lengths are in ms.

`outcome` is won, lost, tie, unknown or not_filled. What was never entered has no times and prices after its signal;
`profit` is null where nobody knows it.
"""

REFUSALS: Final = pl.Schema({"plan": pl.String(), "code": pl.String(), "count": pl.Int64()})

NAMED: Final = tuple(name for name in TRADES if name not in ("strategy", "confidence", "probability"))
"""What the fingerprint rests on: not a strategy's own measures, whose last bits depend on how many candles it saw."""


DATA_ENDED: Final = "data_ended"
"""The code of a trade that had not ended when the data did."""


@dataclass(frozen=True, slots=True)
class Found:
    """The trades of a run (`TRADES`, in any order), what each plan said, and what was turned down by plan and code."""

    trades: pl.DataFrame
    signals: Counter[str]
    refused: Counter[tuple[str, str]]


def money(cents: NDArray[np.int64]) -> pl.Series:
    """Cents as exact amounts."""
    return (pl.Series(cents).cast(MONEY) * _CENT).cast(MONEY)


def in_order(trades: pl.DataFrame, plans: Iterable[str]) -> pl.DataFrame:
    """The trades by signal, then as the plans stand in the settings, then by asset."""
    place = {name: number for number, name in enumerate(plans)}
    return trades.sort(
        "signalled", pl.col("plan").replace_strict(place, return_dtype=pl.Int32), "asset", maintain_order=True
    )


def refusals(counts: Mapping[tuple[str, str], int]) -> pl.DataFrame:
    """How often what was turned down, by plan and code."""
    rows = [(plan, code, count) for (plan, code), count in sorted(counts.items())]
    return pl.DataFrame(rows, schema=REFUSALS, orient="row")


def fingerprint(trades: pl.DataFrame) -> str:
    """The SHA-256 of what was traded and what came of it: equal for equal trades, in whatever way they were found."""
    found = hashlib.sha256()
    for name in NAMED:
        for part in _parts(trades.get_column(name)):
            found.update(part)
    return found.hexdigest()


def _parts(column: pl.Series) -> Iterable[Any]:
    """A column as bytes; what is null is told apart from what is 0."""
    yield f"{column.name} {len(column)}".encode()
    yield column.is_null().to_numpy().tobytes()
    if column.dtype == pl.String():
        yield "\n".join(column.fill_null("").to_list()).encode()
    elif column.dtype == pl.Float64():
        yield column.fill_null(0.0).to_numpy().tobytes()
    else:
        yield column.to_physical().cast(pl.Int64).fill_null(0).to_numpy().tobytes()
