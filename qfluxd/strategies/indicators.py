"""Indicators: TA-Lib's functions for polars expressions, and what several strategies compute on plain arrays.

Arrays are float64, oldest first, NaN where nothing is known. A value rests on its own row and earlier ones only.
"""

import difflib
import math
from typing import Any, Final

import numpy as np
import polars as pl
import talib
import talib.abstract

from qfluxd.strategy import Floats, Mask

FORGOTTEN: Final = 1e-4
"""Where the beginning weighs less than this, a recursive average counts as warm."""

ROUNDING: Final = 1e-10
"""Values that differ by less than this share of their size are equal: running sums round; no price moves so little."""


def ta(name: str, *inputs: str | pl.Expr, **options: float) -> pl.Expr:
    """A TA-Lib function as an expression: ``ta("RSI", "close", timeperiod=14)``; works under ``.over("asset")``.

    Without `inputs` the columns are those that the function is usually given, such as high, low, close; `options` are
    TA-Lib's own. A function with one output gives Float64, one with several a struct whose fields have TA-Lib's names:
    ``ta("MACD", "close").struct.field("macdhist")``. Null where nothing is known, and not NaN, which polars takes for
    larger than any number.

    Raises:
        ValueError: TA-Lib has no such function, or the function no such option.
    """
    function = _function(name)
    _check_options(function, options)
    call, names = getattr(talib, name), function.output_names
    kind = pl.Float64() if len(names) == 1 else pl.Struct(dict.fromkeys(names, pl.Float64()))

    def compute(columns: Any) -> pl.Series:
        arrays = [column.cast(pl.Float64).to_numpy() for column in columns]
        found = call(*arrays, **options)
        outputs = [each.astype(np.float64) for each in (found if isinstance(found, tuple) else (found,))]
        series = [pl.Series(each, values, nan_to_null=True) for each, values in zip(names, outputs, strict=True)]
        return series[0] if len(series) == 1 else pl.DataFrame(series).to_struct(name.lower())

    columns = [pl.col(each) if isinstance(each, str) else each for each in inputs or _usual(function)]
    return pl.map_batches(columns, compute, return_dtype=kind)


def _function(name: str) -> Any:
    library: Any = talib  # its stubs leave out what it tells of itself
    if name not in (known := library.get_functions()):
        near = difflib.get_close_matches(name.upper(), known, n=1, cutoff=0.5)
        raise ValueError(f"TA-Lib has no function {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
    return library.abstract.Function(name)


def _check_options(function: Any, options: dict[str, float]) -> None:
    known = list(function.parameters)
    for option in options:
        if option not in known:
            has = f"it has {', '.join(known)}" if known else "it has none"
            raise ValueError(f"TA-Lib's {function.info['name']} has no option {option!r}; {has}")


def _usual(function: Any) -> list[str]:
    columns: list[str] = []
    for names in function.input_names.values():
        columns += [names] if isinstance(names, str) else names
    return columns


# ------------------------------------------------------------------------------------------- on plain arrays


def before(values: Floats, steps: int = 1) -> Floats:
    """Each row's value of `steps` rows earlier; NaN where there was none."""
    earlier = np.full_like(values, np.nan)
    earlier[steps:] = values[: max(values.size - steps, 0)]
    return earlier


def crosses(values: Floats, level: Floats | float, size: Floats | float | None = None) -> tuple[Mask, Mask]:
    """Where `values` come from at or below `level` to above it, and where from at or above it to below it.

    NaN on either side of the step is no cross, and neither is a difference that is only rounding: less than 1e-10 of
    `size`, which is that of `level` unless something else is named.
    """
    gap, least = values - level, ROUNDING * np.abs(level if size is None else size)
    return _rises_over(gap, least), _rises_over(-gap, least)


def crosses_over(values: Floats, level: Floats | float) -> Mask:
    """The first half of `crosses`: where `values` come from at or below `level` to above it."""
    return _rises_over(values - level, ROUNDING * np.abs(level))


def crosses_under(values: Floats, level: Floats | float) -> Mask:
    """The second half of `crosses`: where `values` come from at or above `level` to below it."""
    return _rises_over(level - values, ROUNDING * np.abs(level))


def _rises_over(gap: Floats, least: Floats | float) -> Mask:
    above, not_above = gap > least, gap <= least  # both are false of NaN
    over = np.zeros(gap.shape, dtype=np.bool_)
    np.logical_and(above[1:], not_above[:-1], out=over[1:])
    return over


def forgetting(weight: float) -> int:
    """Steps after which a recursive average that gives each new value `weight` has forgotten where it began.

    The beginning weighs (1 - weight)^steps; this solves for 1e-4.
    """
    return math.ceil(math.log(FORGOTTEN) / math.log1p(-weight))


def ema(values: Floats, period: int) -> Floats:
    """The exponential moving average, each new value weighing 2 / (period + 1), begun with the first value.

    TA-Lib begins with the mean of the first `period` values instead; begun with the first, it forgets its beginning
    `period` candles earlier. NaN must not be among the values.
    """
    return talib.EMA(_led_by(values, period - 1), timeperiod=period)[period - 1 :]


def ema_warmup(period: int) -> int:
    """Candles after which the beginning of an `ema` weighs less than 1e-4: about 4.6 · (period + 1)."""
    return forgetting(2 / (period + 1)) + 1


def rsi(close: Floats, period: int) -> Floats:
    """Wilder's relative strength index, 0 to 100; 50 where the price has not moved at all.

    It is computed as 50 + CMO / 2, which is the same but where nothing has moved: there TA-Lib's RSI says 0. J. Welles
    Wilder, "New Concepts in Technical Trading Systems", 1978.
    """
    return 50.0 + talib.CMO(_led_by(close, period), timeperiod=period)[period:] / 2


def wilder_warmup(period: int) -> int:
    """Candles after which the beginning of Wilder's average (weight 1 / period) is under 1e-4: about 9.2 · period."""
    return forgetting(1 / period) + 1


def efficiency(close: Floats, period: int) -> Floats:
    """How straight the price went over `period` candles: the way it got by the way it made, 0 to 1.

    Perry J. Kaufman, "Smarter Trading", 1995.
    """
    return talib.ER(close, timeperiod=period)


def _led_by(values: Floats, count: int) -> Floats:
    """The values after `count` repetitions of the first of them."""
    return np.concatenate((np.repeat(values[:1], count), values))
