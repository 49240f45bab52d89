"""The time of a candle's close in UTC, as words of a formula: on a circle, so that 23:59 lies beside 00:00."""

import math
from typing import Final

import polars as pl

CLOSES: Final = "closes"
"""The column that holds when a candle closed (Datetime UTC)."""


def _circle(number: pl.Expr, around: int) -> tuple[pl.Expr, pl.Expr]:
    angle = number.cast(pl.Float64) * (2 * math.pi / around)
    return angle.sin(), angle.cos()


_CLOCK: Final = pl.col(CLOSES).dt
_UNITS: Final = {
    "minute": (_CLOCK.minute(), 60),
    "hour": (_CLOCK.hour(), 24),
    "weekday": (_CLOCK.weekday() - 1, 7),
}
MOMENTS: Final = {
    f"{unit}_{side}": value
    for unit, (number, around) in _UNITS.items()
    for side, value in zip(("sin", "cos"), _circle(number, around), strict=True)
}
"""``minute_sin`` to ``weekday_cos``; the week begins on Monday."""
