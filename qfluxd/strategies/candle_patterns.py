"""Japanese candle patterns."""

from functools import cache
from typing import Annotated, Any, Final, Literal, get_args

import numpy as np
import polars as pl
import talib
import talib.abstract
from pydantic import AfterValidator, Field

from qfluxd.strategies.rule import Rule, some
from qfluxd.strategy import View

type Pattern = Literal[
    "abandoned_baby",
    "belt_hold",
    "dark_cloud_cover",
    "engulfing",
    "evening_doji_star",
    "evening_star",
    "hammer",
    "hanging_man",
    "harami",
    "harami_cross",
    "inverted_hammer",
    "kicking",
    "marubozu",
    "morning_doji_star",
    "morning_star",
    "piercing",
    "shooting_star",
    "three_black_crows",
    "three_inside",
    "three_line_strike",
    "three_outside",
    "three_white_soldiers",
    "tristar",
]

_SURE: Final = 1.0 - np.exp2(-np.arange(len(get_args(Pattern.__value__)) + 1.0))
"""The confidence by how many more patterns look to the one side."""


class CandlePatterns(Rule):
    """Reads candle patterns: call where more of the chosen ones look up than down, put where more look down.

    Source: Steve Nison, "Japanese Candlestick Charting Techniques", 1991; found by TA-Lib's functions CDL*, which look
    at the shapes and, for most patterns, not at the trend before them.

    What it can do: find shapes exactly and without wishing. What it cannot: predict by them. Marshall, Young and Rose,
    "Candlestick Technical Trading Strategies: Can They Create Value for Investors?", Journal of Banking & Finance,
    2006, found none that pays. On OTC candles without breaks between them, patterns that need a gap hardly occur.

    Confidence is 1 - 0.5^n where n more patterns look to the one side than to the other: 0.5 for one, 0.75 for two. It
    is not a probability.
    """

    patterns: Annotated[tuple[Pattern, ...], AfterValidator(some)] = Field(
        default=("engulfing", "hammer", "shooting_star", "morning_star", "evening_star"),
        description="which patterns to look for",
    )

    @property
    def warmup(self) -> int:
        """What the longest of the patterns looks back, and the own candle."""
        return 1 + max(_lookback(pattern) for pattern in self.patterns)

    def signals(self, view: View) -> pl.DataFrame:
        """Reasons: each pattern, 1 where it looks up, -1 where it looks down."""
        candles = [view.floats(column) for column in ("open", "high", "low", "close")]
        names = tuple(dict.fromkeys(self.patterns))
        seen = np.sign([_function(name)(*candles) for name in names])
        surplus = seen.sum(axis=0)
        reasons = dict(zip(names, seen.astype(np.float64), strict=True))
        return self.say(view, call=surplus > 0, put=surplus < 0, confidence=_SURE[np.abs(surplus)], **reasons)


@cache
def _function(pattern: str) -> Any:
    return getattr(talib, _talib_name(pattern))


@cache
def _lookback(pattern: str) -> int:
    library: Any = talib  # its stubs leave out what it tells of itself
    return int(library.abstract.Function(_talib_name(pattern)).lookback)


def _talib_name(pattern: str) -> str:
    return "CDL" + pattern.replace("three_", "3").replace("_", "").upper()
