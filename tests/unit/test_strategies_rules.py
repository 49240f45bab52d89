"""Each rule says what it says: on prices that can be followed by hand, and against plain formulas and TA-Lib."""

import hashlib
import math
from collections.abc import Sequence
from typing import Any, get_args

import numpy as np
import polars as pl
import pytest
import talib

from qfluxd.loading import StrategyModel, load_strategy
from qfluxd.model import MINUTE
from qfluxd.strategies.candle_patterns import CandlePatterns, Pattern
from qfluxd.strategy import CALL, PUT, View
from qfluxd.testing import market
from tests.support.strategy_views import said, view

WALK = market("walk", rows=800, seed=3)


def made(name: str, **options: Any) -> StrategyModel:
    """A built-in strategy with these options."""
    return load_strategy(name).model_validate(options)


def test_sma_cross_by_hand() -> None:
    """Averages of two and three: 3.5 is under 3.67, then 5 is over 4.33."""
    answer = made("sma_cross", fast=2, slow=3).signals(view([5.0, 4.0, 3.0, 4.0, 6.0, 2.0, 1.0]))
    assert said(answer) == {4: CALL, 6: PUT}
    assert answer["fast"][4] == 5.0
    assert answer["slow"][4] == pytest.approx(13 / 3)
    assert answer["confidence"][4] == pytest.approx(2 / 4)  # from 4 to 6, by way of 3 and 4


def plain_ema(values: Sequence[float], period: int) -> list[float]:
    """By its definition, begun with the first value."""
    averages = [values[0]]
    for value in values[1:]:
        averages.append(averages[-1] + 2 / (period + 1) * (value - averages[-1]))
    return averages


def plain_crosses(values: Sequence[float], level: Sequence[float], first: int) -> dict[int, int]:
    """Where one comes from at or below the other to above it, and the other way round, from row `first` on."""
    gaps = [value - other for value, other in zip(values, level, strict=True)]
    found = {}
    for row in range(first, len(gaps)):
        if gaps[row - 1] <= 0 < gaps[row]:
            found[row] = CALL
        elif gaps[row - 1] >= 0 > gaps[row]:
            found[row] = PUT
    return found


def test_ema_cross_by_its_formula() -> None:
    """Two plain recursions cross where the strategy speaks, from its warm-up on."""
    close = WALK.floats("close").tolist()
    strategy = made("ema_cross", fast=5, slow=13)
    wanted = plain_crosses(plain_ema(close, 5), plain_ema(close, 13), strategy.warmup - 1)
    assert len(wanted) > 20
    assert said(strategy.signals(WALK)) == wanted


def test_macd_by_its_formula() -> None:
    """The difference of two plain averages crosses its own average where the strategy speaks."""
    close = WALK.floats("close").tolist()
    strategy = made("macd", fast=6, slow=13, signal=5)
    line = [fast - slow for fast, slow in zip(plain_ema(close, 6), plain_ema(close, 13), strict=True)]
    wanted = plain_crosses(line, plain_ema(line, 5), strategy.warmup - 1)
    assert len(wanted) > 20
    assert said(strategy.signals(WALK)) == wanted


def test_macd_is_ta_libs() -> None:
    """Once warm, the MACD and its signal line are those of TA-Lib, within what is forgotten."""
    answer = made("macd").signals(WALK)
    line, average, _ = talib.MACD(WALK.floats("close"))
    assert np.abs(answer["macd"].to_numpy() - line)[250:].max() < 1e-7
    assert np.abs(answer["signal"].to_numpy() - average)[250:].max() < 1e-7


def test_rsi_reversal_by_its_formula() -> None:
    """Call where Wilder's index comes up over 30 again, put where it falls under 70; sure by how far it was out."""
    close = WALK.floats("close")
    strategy = made("rsi_reversal", period=5)
    gain = loss = 0.0
    index = [50.0]
    for change in np.diff(close).tolist():
        gain += (max(change, 0.0) - gain) / 5
        loss += (max(-change, 0.0) - loss) / 5
        index.append(100.0 * gain / (gain + loss))
    first, rows = strategy.warmup - 1, range(strategy.warmup - 1, len(index))
    wanted = {row: CALL for row in rows if index[row - 1] <= 30 < index[row]}
    wanted |= {row: PUT for row in rows if index[row - 1] >= 70 > index[row]}
    answer = strategy.signals(WALK)
    assert len(wanted) > 20
    assert said(answer) == wanted
    for row, side in wanted.items():
        out = (30 - index[row - 1]) / 30 if side == CALL else (index[row - 1] - 70) / 30
        assert answer["confidence"][row] == pytest.approx(out, abs=1e-9)
    assert first == 43


def test_bollinger_reversal_by_hand() -> None:
    """Seven is 1.41 deviations under the mean of 10, 10, 7; then nine is back inside."""
    answer = made("bollinger_reversal", period=3, width=1.0).signals(view([10.0, 10.0, 10.0, 10.0, 7.0, 9.0]))
    assert said(answer) == {5: CALL}
    assert answer["score"][4] == pytest.approx(-math.sqrt(2))
    assert answer["score"][3] == 0.0
    assert answer["confidence"][5] == pytest.approx(math.sqrt(2) - 1)


def test_bollinger_bands_are_ta_libs() -> None:
    """A close is outside its bands exactly where TA-Lib's bands say so."""
    close = WALK.floats("close")
    score = made("bollinger_reversal").signals(WALK)["score"].to_numpy()
    upper, _, lower = talib.BBANDS(close, 20, 2.0, 2.0)
    assert np.array_equal((score > 2)[19:], (close > upper)[19:])
    assert np.array_equal((score < -2)[19:], (close < lower)[19:])


def test_stochastic_by_hand() -> None:
    """At the low of its range for long, then a tenth of the way up: %K 10 crosses over %D 5, both low."""
    answer = made("stochastic", period=3, smooth=1, d=2).signals(view([10.0, 9.0, 8.0, 7.0, 6.0, 6.1]))
    assert said(answer) == {5: CALL}
    assert answer["k"][5] == pytest.approx(10.0)
    assert answer["d"][5] == pytest.approx(5.0)
    assert answer["confidence"][5] == pytest.approx(0.75)


def test_stochastic_is_ta_libs() -> None:
    """%K and %D are those of TA-Lib wherever the price moves at all."""
    answer = made("stochastic").signals(WALK)
    prices = (WALK.floats("high"), WALK.floats("low"), WALK.floats("close"))
    k, d = talib.STOCH(*prices, fastk_period=14, slowk_period=3, slowd_period=3)
    assert answer["k"].to_numpy()[20:] == pytest.approx(k[20:], abs=1e-6)
    assert answer["d"].to_numpy()[20:] == pytest.approx(d[20:], abs=1e-6)


def test_donchian_breakout_by_hand() -> None:
    """Three is over the highs of the two candles before; four is no news; one is under the lows."""
    answer = made("donchian_breakout", period=2).signals(view([1.0, 2.0, 1.5, 3.0, 4.0, 3.5, 1.0]))
    assert said(answer) == {3: CALL, 6: PUT}
    assert answer["upper"][3] == 2.0
    assert answer["lower"][6] == 3.5


def test_candle_patterns_by_hand() -> None:
    """A small candle down that a large one up swallows is a bullish engulfing: call, sure by one half."""
    opens = [1.0, 1.001] * 7 + [1.0010, 0.9995]
    closes = [1.001, 1.0] * 7 + [1.0000, 1.0020]
    shown = view(closes, opens=opens, highs=np.maximum(opens, closes).tolist(), lows=np.minimum(opens, closes).tolist())
    answer = made("candle_patterns", patterns=["engulfing", "harami"]).signals(shown)
    assert said(answer)[15] == CALL
    assert answer.row(15, named=True) == {
        "side": CALL,
        "confidence": 0.5,
        "expiry": MINUTE,
        "engulfing": 1.0,
        "harami": 0.0,
    }


def test_every_pattern_is_one_of_ta_libs() -> None:
    """Each name stands for a function of TA-Lib, and patterns that speak together make it surer."""
    names = get_args(Pattern.__value__)
    answer = CandlePatterns(patterns=names).signals(market("walk", rows=3000))
    patterns = answer.select(names).to_numpy().sum(axis=1)
    assert answer["confidence"].to_numpy() == pytest.approx(1 - 0.5 ** np.abs(patterns))
    assert answer["confidence"].to_numpy().max() > 0.5


def test_topdown_by_its_rule() -> None:
    """It speaks where, by plain recursions, the own minute and both longer timeframes as of their close agree."""
    shown = market("trend", rows=700, higher=(5 * MINUTE, 15 * MINUTE), depth=80, seed=2)
    strategy = made("topdown", period=5, slope=2, repeat=True)
    trends = [plain_trends(shown.floats("close").tolist(), 5, 2)]
    for length in (5 * MINUTE, 15 * MINUTE):
        longer = plain_trends(shown.floats("close", length).tolist(), 5, 2)
        ends = (View(shown.series, shown.higher[length]).times + length).tolist()
        known = dict(zip(ends, longer, strict=True))
        trends.append([known[(at + MINUTE) // length * length] for at in shown.times.tolist()])
    agreed = [each[0] if len(set(each)) == 1 else 0 for each in zip(*trends, strict=True)]
    wanted = {row: side for row, side in enumerate(agreed) if side and row >= strategy.warmup - 1}
    assert {CALL, PUT} == set(wanted.values())
    assert said(strategy.signals(shown)) == wanted
    first = {row: side for row, side in wanted.items() if agreed[row - 1] != side}
    assert said(made("topdown", period=5, slope=2).signals(shown)) == first


def plain_trends(close: list[float], period: int, slope: int) -> list[int]:
    """1 where the price is over its average and that is higher than `slope` candles before, -1 the other way round."""
    average = plain_ema(close, period)
    trends = [0] * slope
    for row in range(slope, len(close)):
        lead, rise = close[row] - average[row], average[row] - average[row - slope]
        trends.append(1 if min(lead, rise) > 1e-10 else -1 if max(lead, rise) < -1e-10 else 0)
    return trends


def test_topdown_without_longer_candles() -> None:
    """Where no longer candle is known it says nothing."""
    shown = market("trend", rows=300, higher=(5 * MINUTE, 15 * MINUTE), depth=80)
    none = {length: frame.head(0) for length, frame in shown.higher.items()}
    assert said(made("topdown", period=5).signals(View(shown.series, shown.candles, none))) == {}


def test_sentiment_fade_by_hand() -> None:
    """Against 85 percent that buy and against 90 percent that sell, once until it was otherwise or not known."""
    shown = view([1.0] * 8, sentiment=[85, 50, 85, 90, None, 85, 10, 20])
    assert said(made("sentiment_fade").signals(shown)) == {2: PUT, 5: PUT, 6: CALL}
    assert said(made("sentiment_fade", repeat=True).signals(shown)) == {2: PUT, 3: PUT, 5: PUT, 6: CALL, 7: CALL}
    assert made("sentiment_fade").signals(shown)["confidence"][6] == pytest.approx(0.8)


def test_random_is_split_mix() -> None:
    """The numbers are those of SplitMix64, worked out here with whole numbers of any size."""
    answer = made("random", rate=0.25, seed=11).signals(view([1.0] * 200))
    begin = int.from_bytes(hashlib.blake2b(b"11 60000 EURUSD_otc", digest_size=8).digest(), "big")
    wanted = {}
    for row, at in enumerate(view([1.0] * 200).times.tolist()):
        mixed = (at + begin) * 0x9E3779B97F4A7C15 % 2**64
        mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9 % 2**64
        mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB % 2**64
        mixed ^= mixed >> 31
        if (mixed >> 11) / 2**53 < 0.25:
            wanted[row] = CALL if mixed & 1 else PUT
    assert said(answer) == wanted


def test_random_is_fair() -> None:
    """Of 100,000 candles it speaks on its share, calls as often as it puts, and otherwise for another asset."""
    times = pl.DataFrame({"at": np.arange(100_000) * MINUTE}).cast(pl.Datetime("ms", "UTC"))
    one = View(market(rows=1).series, times)
    sides = made("random", rate=0.3).signals(one)["side"].to_numpy()
    assert abs((sides != 0).mean() - 0.3) < 0.006  # four standard errors
    assert abs((sides == CALL).sum() / (sides != 0).sum() - 0.5) < 0.012
    other = made("random", rate=0.3).signals(View(market(rows=1, asset="GBPUSD_otc").series, times))["side"].to_numpy()
    assert abs(((sides != 0) & (other != 0)).mean() - 0.09) < 0.004
