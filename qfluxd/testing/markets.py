"""Markets to try a strategy on: seeded, made of one path of prices, so that longer timeframes fit the shorter."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np
import polars as pl
from numpy.typing import NDArray

from qfluxd.market.past import FRAME_SCHEMA
from qfluxd.model import MINUTE, Millis, Quality, Series
from qfluxd.strategy import Extra, Floats, View

type Kind = Literal["walk", "trend", "swing", "rise", "flat", "rests", "jumps", "gaps", "tiny", "huge"]
"""A random walk whose pace changes; with a drift that turns; back and forth; up on 300 candles and then down on 300; no
movement; with stretches of no movement; with jumps of a percent; with candles missing; a price of 0.000001; of 1e9.
"""

KINDS: Final[tuple[Kind, ...]] = get_args(Kind.__value__)
START: Final[Millis] = 1_767_571_200_000
"""Monday 2026-01-05, midnight UTC: every market begins there."""

_STEPS: Final = 4
"""Prices that each candle is made of."""
_PACE: Final = 1e-4
_LEVELS: Final = {"tiny": 1.1e-6, "huge": 1.1e9}


@dataclass(frozen=True, slots=True)
class _Bars:
    at: NDArray[np.int64]
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    ticks: NDArray[np.uint32]

    def where(self, kept: NDArray[np.bool_] | slice) -> "_Bars":
        return _Bars(
            self.at[kept], self.open[kept], self.high[kept], self.low[kept], self.close[kept], self.ticks[kept]
        )


def market(
    kind: Kind = "walk",
    *,
    rows: int = 600,
    timeframe: Millis = MINUTE,
    higher: Sequence[Millis] = (),
    depth: int = 0,
    wants: Sequence[Extra] = (),
    seed: int = 0,
    asset: str = "EURUSD_otc",
) -> View:
    """A view of `rows` candles, and of at least `depth` closed ones of each longer timeframe.

    The same arguments bring the same market. Prices lie on a grid, as a broker's do, so equal ones are common.
    """
    chance = np.random.default_rng((seed, KINDS.index(kind)))
    count = max(
        rows + rows // 2 * (kind == "gaps"),
        *(depth * length // timeframe + length // timeframe for length in higher),
        1,
    )
    bars = _bars(kind, count, timeframe, chance)
    frames = {length: _frame(_joined(bars, length, timeframe), kind, wants, chance) for length in higher}
    return View(Series(asset, timeframe), _frame(bars.where(slice(-rows, None)), kind, wants, chance), frames)


def _bars(kind: Kind, count: int, timeframe: Millis, chance: np.random.Generator) -> _Bars:
    level = _LEVELS.get(kind, 1.1)
    prices = np.round(np.exp(_path(kind, count, chance)), 5) * level
    steps = prices.reshape(count, _STEPS)
    opened = np.concatenate((prices[:1], steps[:-1, -1]))
    moved = np.ptp(steps, axis=1) > 0
    bars = _Bars(
        START + np.arange(count, dtype=np.int64) * timeframe,
        opened,
        np.maximum(steps.max(axis=1), opened),
        np.minimum(steps.min(axis=1), opened),
        steps[:, -1].copy(),
        np.where(moved, _STEPS, 0).astype(np.uint32),
    )
    return bars.where(_heard(count, chance)) if kind == "gaps" else bars


def _path(kind: Kind, count: int, chance: np.random.Generator) -> Floats:
    """The logarithm of the price at each step, around 0."""
    steps = count * _STEPS
    regimes = np.repeat(chance.uniform(0.3, 2.0, steps // 200 + 1), 200)[:steps]
    moves = chance.normal(0.0, _PACE, steps) * regimes
    time = np.arange(steps) / _STEPS
    match kind:
        case "flat":
            moves[:] = 0.0
        case "rise":
            moves = (np.abs(moves) + 2e-5) * np.where(time // 300 % 2 == 0, 1.0, -1.0)
        case "trend":
            moves += np.where(time // 150 % 2 == 0, 1.0, -1.0) * _PACE / 4
        case "rests":
            moves[(time // 60 % 3 == 1) | (time % 97 < 9)] = 0.0
        case "jumps":
            moves[chance.random(steps) < 0.002] += 0.01 * chance.choice((-1.0, 1.0))
        case "swing":
            return 20 * _PACE * np.sin(time * 2 * np.pi / 40) + moves
    return np.cumsum(moves)


def _heard(count: int, chance: np.random.Generator) -> NDArray[np.bool_]:
    """Single candles missing, and now and then an hour of them."""
    kept = chance.random(count) > 0.05
    for begin in range(150, count, 230):
        kept[begin : begin + int(chance.integers(3, 70))] = False
    return kept


def _joined(bars: _Bars, length: Millis, timeframe: Millis) -> _Bars:
    """The longer candles that have closed when the last of the shorter has."""
    bucket = bars.at // length
    begins = np.flatnonzero(np.diff(bucket, prepend=-1))
    ends = np.append(begins[1:], bars.at.size) - 1
    joined = _Bars(
        bucket[begins] * length,
        bars.open[begins],
        np.maximum.reduceat(bars.high, begins),
        np.minimum.reduceat(bars.low, begins),
        bars.close[ends],
        np.add.reduceat(bars.ticks, begins).astype(np.uint32),
    )
    return joined.where((joined.at >= bars.at[0]) & (joined.at + length <= bars.at[-1] + timeframe))


def _frame(bars: _Bars, kind: Kind, wants: Sequence[Extra], chance: np.random.Generator) -> pl.DataFrame:
    frame = pl.DataFrame({name: getattr(bars, name) for name in list(FRAME_SCHEMA)[:-1]})
    words: tuple[Quality, Quality] = ("empty", "partial" if kind == "gaps" else "whole")
    quality = pl.when(pl.col("ticks") == 0).then(pl.lit(words[0])).otherwise(pl.lit(words[1])).alias("quality")
    extras = [pl.Series(name, _extra(name, bars.at.size, chance), dtype=pl.Int16) for name in wants]
    return frame.with_columns(quality).cast(FRAME_SCHEMA).with_columns(extras)


def _extra(name: Extra, count: int, chance: np.random.Generator) -> list[int | None]:
    """What was told beside prices: nothing at first and now and then, otherwise wandering."""
    if name == "payout":
        values = np.repeat(chance.integers(60, 93, count // 40 + 1), 40)[:count]
    else:
        values = np.clip(np.round(50 + 40 * np.sin(np.cumsum(chance.normal(0.0, 0.3, count)))), 0, 100).astype(np.int64)
    known = chance.random(count) > 0.1
    known[: count // 20] = False
    return [int(value) if told else None for value, told in zip(values, known, strict=True)]
