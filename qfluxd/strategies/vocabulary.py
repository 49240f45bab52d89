"""The functions that a formula may call: what each makes of columns, and how many candles it reaches back."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from qfluxd.strategies.indicators import forgetting

type Build = Callable[[Sequence[pl.Expr], Sequence[float]], pl.Expr]

LONGEST_WINDOW: Final = 5000
"""Candles that one function or lag may reach back at most."""


@dataclass(frozen=True, slots=True)
class Number:
    """A plain number that a function takes: at least `least`; where there is a `default` it may be left out."""

    name: str
    least: float
    whole: bool = True
    default: float | None = None


@dataclass(frozen=True, slots=True)
class Function:
    """One function of the vocabulary.

    The promise: row `i` of what `build` makes depends on rows up to `i` only, and on none further back than `reach`
    candles by more than the ten-thousandth part. `outputs` names what it gives where it gives several, as the fields of
    a struct. `plain` says that a number may stand for a value.
    """

    name: str
    values: tuple[str, ...]
    numbers: tuple[Number, ...]
    build: Build
    reach: Callable[[Sequence[float]], int]
    outputs: tuple[str, ...] = ()
    plain: bool = False

    @property
    def usage(self) -> str:
        """How it is written, such as ``mean(x, n)``."""
        return f"{self.name}({', '.join((*self.values, *(number.name for number in self.numbers)))})"


def fades(weight: float) -> int:
    """Candles after which all before them weigh next to nothing, in a smoothing in which the newest weighs so much."""
    return 0 if weight >= 1 else forgetting(weight)


def average_fades(length: float) -> int:
    """The same for an exponential average over `length` candles, whose newest weighs 2 / (length + 1)."""
    return fades(2 / (length + 1))


def known(value: pl.Expr) -> pl.Expr:
    """The value, null where it is no finite number: else one division by zero would spoil a smoothing for good."""
    return value if value.meta.is_column() else pl.when(value.is_finite()).then(value)


def lag(value: pl.Expr, candles: int) -> pl.Expr:
    """The value so many candles earlier."""
    return value.shift(candles)


def compare(operator: Callable[[pl.Expr, pl.Expr], pl.Expr], left: pl.Expr, right: pl.Expr) -> pl.Expr:
    """1 where it holds, 0 where it does not; unknown where one side is."""
    return operator(left, right).cast(pl.Float64) + _unknown(left) + _unknown(right)


def _unknown(value: pl.Expr) -> pl.Expr:
    """0 where the value is a finite number, NaN or null where not: for what would pass over the unknown in silence."""
    return value * 0.0


def _least(values: Sequence[pl.Expr], _numbers: Sequence[float]) -> pl.Expr:
    return values[0].clip(upper_bound=values[1]) + _unknown(values[1])


def _most(values: Sequence[pl.Expr], _numbers: Sequence[float]) -> pl.Expr:
    return values[0].clip(lower_bound=values[1]) + _unknown(values[1])


def _no_reach(_numbers: Sequence[float]) -> int:
    return 0


def _each(name: str, build: Callable[[pl.Expr], pl.Expr]) -> Function:
    return Function(name, ("x",), (), lambda values, _: build(values[0]), _no_reach)


def _rolling(name: str, build: Callable[[pl.Expr, int], pl.Expr], least: int = 1) -> Function:
    return Function(
        name,
        ("x",),
        (Number("n", least),),
        lambda values, numbers: build(values[0], int(numbers[0])),
        lambda numbers: int(numbers[0]) - 1,
    )


def _ema(values: Sequence[pl.Expr], numbers: Sequence[float]) -> pl.Expr:
    return known(values[0]).ewm_mean(span=numbers[0], adjust=False, min_samples=1)


_OWN = (
    _each("log", lambda value: value.log()),
    _each("exp", lambda value: value.exp()),
    _each("sqrt", lambda value: value.sqrt()),
    _each("abs", lambda value: value.abs()),
    _each("sign", lambda value: value.sign()),
    Function("min", ("x", "y"), (), _least, _no_reach, plain=True),
    Function("max", ("x", "y"), (), _most, _no_reach, plain=True),
    Function(
        "clip",
        ("x",),
        (Number("low", -math.inf, whole=False), Number("high", -math.inf, whole=False)),
        lambda values, numbers: values[0].clip(numbers[0], numbers[1]),
        _no_reach,
    ),
    _rolling("mean", lambda value, window: value.rolling_mean(window)),
    _rolling("std", lambda value, window: value.rolling_std(window), least=2),
    _rolling("sum", lambda value, window: value.rolling_sum(window)),
    _rolling("lowest", lambda value, window: value.rolling_min(window)),
    _rolling("highest", lambda value, window: value.rolling_max(window)),
    Function("ema", ("x",), (Number("n", 1),), _ema, lambda numbers: average_fades(numbers[0])),
)

OWN: Final = {function.name: function for function in _OWN}
"""The functions in small letters; those in capitals are TA-Lib's (`qfluxd.strategies.talibrary`)."""
