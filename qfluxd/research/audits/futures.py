"""Other futures: views in which all is as it was up to a candle, and something else afterwards."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

import polars as pl

from qfluxd.strategy import View
from qfluxd.testing.views import spliced

type Change = Callable[[pl.DataFrame, float], pl.DataFrame]

_PRICES: Final = ("open", "high", "low", "close")


def mirrored(frame: pl.DataFrame, pivot: float) -> pl.DataFrame:
    """Every rise becomes the fall of the same ratio: prices are reflected at `pivot` on a logarithmic scale."""
    turned = {"open": "open", "high": "low", "low": "high", "close": "close"}
    return frame.with_columns((pivot * pivot / pl.col(source)).alias(name) for name, source in turned.items())


def _other_payouts(frame: pl.DataFrame, pivot: float) -> pl.DataFrame:
    return _replaced(frame, "payout", (pl.col("payout").fill_null(39) + 11) % 100)


def _other_crowd(frame: pl.DataFrame, pivot: float) -> pl.DataFrame:
    return _replaced(frame, "sentiment", 100 - pl.col("sentiment").fill_null(41))


def _other_activity(frame: pl.DataFrame, pivot: float) -> pl.DataFrame:
    return _replaced(frame, "ticks", pl.col("ticks") * 2 + 1)


def _replaced(frame: pl.DataFrame, name: str, values: pl.Expr) -> pl.DataFrame:
    return frame.with_columns(values.cast(frame.schema[name]).alias(name)) if name in frame.columns else frame


CHANGES: Final[Mapping[str, Change]] = {
    "prices": mirrored,
    "payouts": _other_payouts,
    "sentiment": _other_crowd,
    "counts of ticks": _other_activity,
}
"""What can be otherwise after a candle, by the word for it."""


def other_future(view: View, row: int, *, candles: bool, longer: bool, only: str | None = None) -> View:
    """The view with another future after `row`: in its own candles, in the longer ones, or both.

    With `only` one of `CHANGES` is made, without it all. A longer candle that was forming at `row` belongs to the
    future.
    """
    changes = tuple(CHANGES.values()) if only is None else (CHANGES[only],)
    pivot = float(view.candles["close"][row])
    other = View(
        view.series,
        _changed(view.candles, changes, pivot) if candles else view.candles,
        {length: _changed(frame, changes, pivot) if longer else frame for length, frame in view.higher.items()},
    )
    return spliced(view, other, row)


def _changed(frame: pl.DataFrame, changes: Iterable[Change], pivot: float) -> pl.DataFrame:
    for change in changes:
        frame = change(frame, pivot)
    return frame
