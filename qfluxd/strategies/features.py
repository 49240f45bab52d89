"""Features: what a model is shown of a candle, declared as formulas and worked out for all candles at once."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from qfluxd.model import Millis, timeframe_name
from qfluxd.strategies.formulas import Formula, Lifted, read_formula
from qfluxd.strategies.moments import CLOSES
from qfluxd.strategy import Floats, View

DEFAULT_FEATURES: Final[Mapping[str, str]] = {
    "move_1": "log(close / close[1])",
    "move_2": "log(close / close[2])",
    "move_5": "log(close / close[5])",
    "move_15": "log(close / close[15])",
    "body": "BOP(open, high, low, close)",
    "place": "CCI(high, low, close, 20) / 100",
    "height": "WILLR(high, low, close, 14) / 100",
    "restless": "std(close - close[1], 10) / max(std(close - close[1], 60), close * 1e-9)",
    "trend": "ema(close, 8) / ema(close, 24) - 1",
    "momentum": "CMO(close, 14) / 100",
    "hour_sin": "hour_sin",
    "hour_cos": "hour_cos",
}
"""Nothing in it depends on the height of the price, so that one model may serve several assets."""

MOST_FEATURES: Final = 200
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_TAKEN: Final = frozenset(("side", "confidence", "expiry", "probability", "up", "break_even", "card"))

type Rows = NDArray[np.float32]


class Features:
    """Named formulas, read once.

    The promise: row `i` of the matrix depends on candles that had closed by then only, and is NaN before `warmup`
    candles of each timeframe in use are there. Its numbers are float32, which a model is trained on and run with.
    """

    def __init__(self, formulas: Mapping[str, str]) -> None:
        """Raises `ValueError` naming the feature that is wrong."""
        if not 0 < len(formulas) <= MOST_FEATURES:
            raise ValueError(f"a model needs 1 to {MOST_FEATURES} features, not {len(formulas)}")
        read = {name: _read(name, text) for name, text in formulas.items()}
        self.names = tuple(read)
        self._values = [formula.value.alias(name) for name, formula in read.items()]
        self._needs = max(formula.needs for formula in read.values())
        self._longer = _by_timeframe(read.values())

    @property
    def timeframes(self) -> tuple[Millis, ...]:
        """The longer timeframes that are looked at, ascending."""
        return tuple(self._longer)

    @property
    def warmup(self) -> int:
        """How many candles of each timeframe in use it takes until the first row is known."""
        return max(self._needs, *(lifted.needs for each in self._longer.values() for lifted in each), 1)

    def values(self, view: View) -> Floats:
        """The features as float64: a row per candle, a column per feature, NaN where one is not known or not finite.

        Raises:
            ValueError: the view has not the longer timeframes that are looked at.
        """
        frame = _timed(view.candles, view.series.timeframe, self._values)
        if self._longer:
            frame = frame.with_columns(pl.Series(name, values) for name, values in self._laid(view))
        return _warm(frame.select_seq(self._values).to_numpy(), self._needs)

    def matrix(self, view: View) -> Rows:
        """The values as float32; a row is known as a whole, or all of it is NaN."""
        return whole_rows(self.values(view))

    def _laid(self, view: View) -> Iterator[tuple[str, Floats]]:
        """What stands on longer timeframes, as it was known when each of the view's candles closed."""
        for timeframe, lifted in self._longer.items():
            if timeframe <= view.series.timeframe or timeframe not in view.higher:
                raise ValueError(
                    f"a feature looks at {timeframe_name(timeframe)}, which is no longer timeframe that is given "
                    f"beside {timeframe_name(view.series.timeframe)} candles"
                )
            values = [each.value.alias(each.name) for each in lifted]
            made = _timed(view.higher[timeframe], timeframe, values).select(values)
            for each in lifted:
                known = _warm(made.get_column(each.name).to_numpy(), each.needs)
                yield each.name, view.as_of_close(timeframe, known)


def whole_rows(values: Floats) -> Rows:
    """The values as float32, every row that is not whole made NaN altogether."""
    rows = values.astype(np.float32)
    rows[~np.isfinite(rows).all(axis=1)] = np.nan
    return rows


def features(formulas: Mapping[str, str]) -> Features:
    """The features of these formulas; read only once. Raises `ValueError` naming the one that is wrong."""
    return _compiled(tuple(formulas.items()))


@lru_cache(maxsize=256)
def _compiled(formulas: tuple[tuple[str, str], ...]) -> Features:
    return Features(dict(formulas))


def _read(name: str, text: str) -> Formula:
    if not _NAME.fullmatch(name) or name in _TAKEN:
        raise ValueError(f"feature {name!r}: a name has small letters, digits and _, and is none of {_listed()}")
    try:
        return read_formula(text, name)
    except ValueError as problem:
        raise ValueError(f"feature {name!r}: {problem}") from None


def _listed() -> str:
    return ", ".join(sorted(_TAKEN))


def _by_timeframe(formulas: Iterable[Formula]) -> dict[Millis, tuple[Lifted, ...]]:
    lifted = [each for formula in formulas for each in formula.lifted]
    timeframes = sorted({each.timeframe for each in lifted})
    return {timeframe: tuple(each for each in lifted if each.timeframe == timeframe) for timeframe in timeframes}


def _timed(candles: pl.DataFrame, timeframe: Millis, values: Iterable[pl.Expr]) -> pl.DataFrame:
    """The candles, with when each closed where one of the values asks for it."""
    if any(CLOSES in value.meta.root_names() for value in values):
        closes = candles.get_column("at").to_numpy() + np.timedelta64(timeframe, "ms")
        return candles.hstack([pl.Series(CLOSES, closes)])  # a fifth of what with_columns takes
    return candles


def _warm(values: Floats, needs: int) -> Floats:
    """The values, NaN where they are not finite or rest on fewer candles than they need."""
    known = np.where(np.isfinite(values), values, np.nan)
    known[: needs - 1] = np.nan
    return known
