"""One look of a strategy at one asset: from candles to what it says at the newest of them."""

import math
from collections.abc import Mapping
from time import perf_counter
from typing import Final, Protocol

import msgspec
import polars as pl

from qfluxd.model import Asset, Millis, Series
from qfluxd.plans.marks import Marks
from qfluxd.strategy import ANSWER, CALL, NOTHING, PUT, Strategy, View

MOST_ROWS: Final = 1000
"""Candles that a strategy sees at most."""
_LEAST_ROWS: Final = 256
"""Candles that every strategy is shown where there are as many."""
_WARMUPS: Final = 4
"""A strategy sees so many of its warm-ups: what a recursive average has forgotten to a ten-thousandth in one of them,
it has forgotten to the last bit of a float in four."""

_SAID: Final = 400
"""Characters of what a strategy raised that are told."""

PROBABILITY: Final = "probability"
"""The column in which a strategy states the probability of a win, where it can."""


class Market(Protocol):
    """What a look needs of the desk."""

    @property
    def timeframes(self) -> tuple[Millis, ...]:
        """The lengths of candle that are folded."""

    def frame(self, series: Series, count: int) -> pl.DataFrame:
        """The newest closed candles, oldest first."""

    def asset(self, symbol: str) -> Asset | None:
        """What the broker says of it now."""

    def sentiment(self, symbol: str) -> int | None:
        """Percent of traders that buy, None before it was told."""


class Look(msgspec.Struct, frozen=True):
    """What a strategy says at its newest candle, which opened at `candle`.

    `side` is 1 for call, -1 for put, 0 for nothing; without `warm` too few candles were there and nothing was asked.
    """

    candle: Millis
    rows: int
    warm: bool
    side: int = NOTHING
    confidence: float = 0.0
    expiry: Millis = 0
    probability: float | None = None
    reasons: dict[str, float | None] = {}
    took_us: int = 0


class BadAnswerError(Exception):
    """A strategy answered in a way that cannot be read."""


def worded(problem: BaseException) -> str:
    """What a strategy raised, as the beginning of a sentence; some cannot say it, and some say it on many pages."""
    try:
        said = str(problem)
    except Exception:  # noqa: BLE001 - the text is of a strategy's own making too
        said = "it cannot say what"
    return f"{type(problem).__name__}: {' '.join(said.split())}"[:_SAID]


def rows_shown(warmup: int) -> int:
    """The newest candles that a strategy of this warm-up is shown, of its own timeframe and of each longer one."""
    return min(max(_LEAST_ROWS, _WARMUPS * warmup), MOST_ROWS)


class Looking:
    """Builds views and asks strategies.

    The promise: a series is turned into a frame once for each of its candles, whoever looks at it; a strategy that
    raises, or answers nonsense, raises here and has changed nothing.
    """

    def __init__(self, market: Market, keep: int) -> None:
        """`keep` candles are remembered per series."""
        self._market = market
        self._marks = Marks(min(keep, MOST_ROWS))
        self._frames: dict[tuple[Series, bool], tuple[pl.DataFrame, Millis]] = {}
        self._most = _LEAST_ROWS
        """Candles that anybody who looks is shown at most; a frame has no more."""

    def on_closed(self, series: Series, candle: Millis, *, marked: bool) -> None:
        """A candle has closed: what was seen of its series is old. With `marked` somebody wants its marks."""
        self._frames.pop((series, False), None)
        self._frames.pop((series, True), None)
        if marked:
            asset = self._market.asset(series.asset)
            payout = None if asset is None else asset.payout
            self._marks.note(series, candle, payout, self._market.sentiment(series.asset))

    def forget(self) -> None:
        """The past may have changed: nothing that was seen is used again."""
        self._frames.clear()

    def look(self, strategy: Strategy, series: Series) -> Look | None:
        """Ask a strategy about an asset; None where no candle has closed. Raises whatever the strategy does."""
        marked, warmup = bool(strategy.wants), strategy.warmup
        shown = rows_shown(warmup)
        if shown > self._most:  # whoever sees most was not here before
            self._most = shown
            self.forget()
        candles, newest = self._frame(series, marked=marked)
        if not candles.height:
            return None
        if candles.height < warmup:
            return Look(newest, candles.height, warm=False)
        higher = {
            length: self._frame(Series(series.asset, length), marked=marked)[0].tail(shown)
            for length in strategy.timeframes
        }
        # a frame can be changed in place: by `tail` each strategy has its own, over the same memory
        view = View(series, candles.tail(shown), higher)
        began = perf_counter()
        answer = strategy.signals(view)
        took = perf_counter() - began
        return _read(answer, newest, candles.height, min(candles.height, shown), round(took * 1e6))

    def _frame(self, series: Series, *, marked: bool) -> tuple[pl.DataFrame, Millis]:
        """The newest candles of a series, and when the last of them opened; 0 where there are none."""
        kept = self._frames.get((series, marked))
        if kept is None:
            frame = self._market.frame(series, self._most)
            if marked:
                frame = self._marks.beside(series, frame)
            kept = frame, int(View(series, frame).times[-1]) if frame.height else 0
            self._frames[series, marked] = kept
        return kept


def _read(answer: pl.DataFrame, newest: Millis, known: int, rows: int, took: int) -> Look:
    """The newest of the `rows` of an answer. Raises `BadAnswerError` where it makes no sense."""
    if getattr(answer, "height", None) != rows:
        raise BadAnswerError(f"signals must answer a polars frame with a row for each of the {rows} candles")
    row: Mapping[str, object] = answer.row(-1, named=True)
    if missing := [name for name in ANSWER if name not in row]:
        raise BadAnswerError(f"signals answered without the column {missing[0]}")
    side, expiry = _whole(row, "side"), _whole(row, "expiry")
    if side not in (CALL, PUT, NOTHING):
        raise BadAnswerError(f"signals answered the side {side}; it is 1 for call, -1 for put and 0 for nothing")
    confidence = _number(row, "confidence")
    if side != NOTHING and (expiry <= 0 or confidence is None or not 0 <= confidence <= 1):
        raise BadAnswerError(f"signals answered a confidence of {confidence} and an expiry of {expiry} ms")
    reasons = {name: _number(row, name) for name in row if name not in ANSWER}
    probability = reasons.get(PROBABILITY)
    if side != NOTHING and probability is not None and not 0 <= probability <= 1:
        raise BadAnswerError(f"signals answered a probability of {probability:g}; it is a number from 0 to 1")
    return Look(newest, known, True, side, confidence or 0.0, expiry, probability, reasons, took)


def _whole(row: Mapping[str, object], name: str) -> int:
    value = row[name]
    if value is None:
        return 0
    if not isinstance(value, int):
        raise BadAnswerError(f"signals answered {value!r} for {name}; it is a whole number")
    return value


def _number(row: Mapping[str, object], name: str) -> float | None:
    """A reason as a number; what is not finite is told as nothing."""
    value = row[name]
    if value is None:
        return None
    if not isinstance(value, int | float):
        raise BadAnswerError(f"signals answered {value!r} for {name}; it is a number")
    return float(value) if math.isfinite(value) else None
