"""TA-Lib's functions as words of a formula, and how far back each of them really looks."""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any, Final

import numpy as np
import talib
import talib.abstract

from qfluxd.strategies.indicators import ta
from qfluxd.strategies.vocabulary import Function, Number, average_fades, fades, known

_LIBRARY: Final[Any] = talib  # its stubs leave out what it tells of itself
_SIMPLE_MEAN: Final = 0
_INPUTS: Final = {"price": "x", "price0": "x", "price1": "y"}
_FINITE: Final = (
    *("AROON", "AROONOSC", "AVGDEV", "BBANDS", "BETA", "BOP", "CCI", "CORREL", "LINEARREG", "LINEARREG_ANGLE"),
    *("LINEARREG_SLOPE", "MIDPOINT", "MIDPRICE", "MOM", "ROC", "SMA", "STOCH", "STOCHF", "TRANGE", "TRIMA", "TSF"),
    *("ULTOSC", "WILLR", "WMA"),
)
"""They look at a window and at nothing before it, and so do the candle patterns."""


def _wilder(numbers: Sequence[float]) -> int:
    """What Wilder's smoothing needs to forget: the newest of n candles weighs 1 / n (Wilder 1978)."""
    return fades(1 / numbers[0])


def _chained(stages: int) -> Callable[[Sequence[float]], int]:
    return lambda numbers: stages * average_fades(numbers[0])


_FADING: Final[dict[str, Callable[[Sequence[float]], int]]] = {
    **dict.fromkeys(("RSI", "CMO", "STOCHRSI", "ATR", "NATR", "DX"), _wilder),
    **dict.fromkeys(("PLUS_DI", "MINUS_DI", "PLUS_DM", "MINUS_DM"), _wilder),
    **dict.fromkeys(("ADX", "ADXR"), lambda numbers: 2 * _wilder(numbers)),
    **{name: _chained(stages) for name, stages in (("EMA", 1), ("DEMA", 2), ("TEMA", 3), ("TRIX", 3), ("T3", 6))},
    "MACD": lambda numbers: average_fades(max(numbers[:2])) + average_fades(numbers[2]),
}
"""They smooth, and so never quite forget: the candles that it takes until what was before weighs next to nothing.

What is left out of the library either needs a volume, which a quote has not, or hangs on where the candles begin.
"""

PATTERNS: Final = frozenset(name for name in _LIBRARY.get_functions() if name.startswith("CDL"))
OFFERED: Final = frozenset((*_FINITE, *_FADING, *PATTERNS))
"""The names that a formula may call."""


@cache
def talib_function(name: str) -> Function:
    """The function of one of the `OFFERED` names, with the arguments in TA-Lib's own order."""
    about = _LIBRARY.abstract.Function(name)
    outputs = tuple(about.output_names)
    return Function(
        name,
        tuple(_values(about.input_names)),
        tuple(_number(word, default) for word, default in about.parameters.items()),
        lambda values, numbers: ta(name, *map(known, values), **_options(name, numbers)),
        lambda numbers: _reach(name, numbers),
        outputs if len(outputs) > 1 else (),
    )


def check_numbers(function: Function, numbers: Sequence[float]) -> str | None:
    """What TA-Lib has against these numbers, or nothing."""
    options = _options(function.name, numbers)
    if any(value != _SIMPLE_MEAN for word, value in options.items() if word.endswith("matype")):
        return "a matype must be 0, the simple mean"
    few = np.linspace(1.0, 2.0, 8)
    try:
        getattr(talib, function.name)(*[few] * len(function.values), **options)
    except Exception:  # noqa: BLE001 (TA-Lib raises nothing narrower)
        return f"TA-Lib does not take {', '.join(f'{word}={value:g}' for word, value in options.items())}"
    return None


def _values(inputs: dict[str, Any]) -> Iterable[str]:
    for word, given in inputs.items():
        yield from given if word == "prices" else (_INPUTS[word],)


def _number(name: str, default: float) -> Number:
    return Number(name, -np.inf, whole=isinstance(default, int), default=default)


def _options(name: str, numbers: Sequence[float]) -> dict[str, float]:
    """The numbers by name and as TA-Lib wants them: whole ones as int."""
    words = talib_function(name).numbers
    return {word.name: int(value) if word.whole else float(value) for word, value in zip(words, numbers, strict=True)}


def _reach(name: str, numbers: Sequence[float]) -> int:
    window = _LIBRARY.abstract.Function(name, **_options(name, numbers)).lookback
    return int(window) + (_FADING[name](numbers) if name in _FADING else 0)
