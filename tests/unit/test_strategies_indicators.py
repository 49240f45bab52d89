"""Indicators: what several strategies compute, against plain formulas, and TA-Lib in polars' terms."""

import math

import numpy as np
import polars as pl
import pytest
import talib
from hypothesis import given
from hypothesis import strategies as st

from qfluxd.strategies.indicators import (
    before,
    crosses,
    efficiency,
    ema,
    ema_warmup,
    forgetting,
    rsi,
    ta,
    wilder_warmup,
)
from qfluxd.strategy import Floats

WALK = 1.1 + np.cumsum(np.random.default_rng(7).normal(0.0, 1e-4, 500))


def plain_ema(values: Floats, period: int) -> list[float]:
    """By its definition, begun with the first value."""
    averages = [float(values[0])]
    for value in values[1:]:
        averages.append(averages[-1] + 2 / (period + 1) * (float(value) - averages[-1]))
    return averages


def plain_rsi(close: Floats, period: int) -> list[float]:
    """Wilder's, with averages that begin with nothing."""
    gain = loss = 0.0
    index = [50.0]
    for change in np.diff(close).tolist():
        gain += (max(change, 0.0) - gain) / period
        loss += (max(-change, 0.0) - loss) / period
        index.append(100.0 * gain / (gain + loss) if gain + loss else 50.0)
    return index


@pytest.mark.parametrize("period", [2, 9, 200])
def test_ema_by_its_definition(period: int) -> None:
    """The exponential average is the plain recursion, from the first candle on."""
    assert ema(WALK, period) == pytest.approx(plain_ema(WALK, period), rel=1e-12)


@pytest.mark.parametrize("period", [2, 14, 100])
def test_rsi_by_its_definition(period: int) -> None:
    """The index is Wilder's recursion, from the first candle on."""
    assert rsi(WALK, period) == pytest.approx(plain_rsi(WALK, period), abs=1e-8)


@pytest.mark.parametrize("period", [2, 9, 50])
def test_warm_averages_are_those_of_ta_lib(period: int) -> None:
    """Once both have forgotten where they began, TA-Lib's averages and ours are the same within what is forgotten."""
    span = float(np.ptp(WALK))
    warm = ema_warmup(period) + period
    assert np.abs(ema(WALK, period) - talib.EMA(WALK, period))[warm:].max() < 1e-4 * span
    warm = wilder_warmup(period) + period
    assert np.abs(rsi(WALK, period) - talib.RSI(WALK, period))[warm:].max(initial=0.0) < 0.1


def test_rsi_of_a_price_that_rests() -> None:
    """Where nothing has moved the index is in the middle, and not at the bottom as TA-Lib's."""
    rest = np.full(50, 1.1)
    assert set(rsi(rest, 14)) == {50.0}
    assert talib.RSI(rest, 14)[-1] == 0.0


def test_efficiency_by_its_definition() -> None:
    """The way got by the way made."""
    close = np.array([1.0, 2.0, 1.5, 3.0])
    assert efficiency(close, 3)[3] == pytest.approx(2.0 / 3.0)
    assert np.isnan(efficiency(close, 3)[:3]).all()


@pytest.mark.parametrize("weight", [2 / 10, 2 / 201, 1 / 14, 0.5])
def test_forgetting(weight: float) -> None:
    """After so many steps the beginning weighs at most 1e-4, and one step earlier it weighs more."""
    steps = forgetting(weight)
    assert (1 - weight) ** steps <= 1e-4 < (1 - weight) ** (steps - 1)


@given(st.integers(2, 1000))
def test_warm_ups_are_about_what_the_pages_say(period: int) -> None:
    """4.6 periods for an exponential average, 9.2 for Wilder's, and a few candles."""
    assert math.isclose(ema_warmup(period), math.log(1e4) / 2 * (period + 1), abs_tol=5)
    assert math.isclose(wilder_warmup(period), math.log(1e4) * period, abs_tol=5)


@given(st.integers(2, 60), st.floats(-0.5, 0.5))
def test_the_past_before_the_warm_up_is_forgotten(period: int, jump: float) -> None:
    """A jump of any size before the warm-up of an average moves it by at most 1e-4 of all that happened."""
    past, warmup = WALK.copy(), ema_warmup(period)
    past[:-warmup] += jump
    assert abs(ema(past, period)[-1] - ema(past[-warmup:], period)[-1]) <= 1e-4 * np.ptp(past)


@given(st.integers(2, 50), st.integers(480, 500))
def test_the_index_forgets_too(period: int, rows: int) -> None:
    """With its warm-up alone to look at, the index is what it is with everything before, within a tenth of a point."""
    close = WALK[:rows]
    assert abs(rsi(close, period)[-1] - rsi(close[-wilder_warmup(period) :], period)[-1]) < 0.1


def test_before() -> None:
    """Values of earlier rows, NaN where there were none, also where there are fewer rows than steps."""
    assert before(np.array([1.0, 2.0, 3.0]), 2)[2:].tolist() == [1.0]
    assert np.isnan(before(np.array([1.0, 2.0, 3.0]), 2)[:2]).all()
    assert np.isnan(before(np.array([1.0]), 5)).all()
    assert before(np.array([]), 1).size == 0


def test_crosses() -> None:
    """From at or below to above is over, from at or above to below is under; a touch alone is neither."""
    over, under = crosses(np.array([1.0, 2.0, 3.0, 2.0, 1.0, 2.0, 1.0, 3.0, 3.0]), 2.0)
    assert np.flatnonzero(over).tolist() == [2, 7]
    assert np.flatnonzero(under).tolist() == [4, 6]


def test_what_is_not_known_does_not_cross() -> None:
    """NaN before, NaN after, NaN in the level: no cross; and none without candles."""
    nan = math.nan
    over, under = crosses(np.array([nan, 3.0, nan, 1.0, 3.0]), np.array([2.0, 2.0, 2.0, 2.0, nan]))
    assert not over.any()
    assert not under.any()
    assert crosses(np.array([]), 1.0)[0].size == 0


def test_rounding_does_not_cross() -> None:
    """Averages of a price that rests differ in the last digit, and that is no cross."""
    close = np.full(300, 1.23456)
    close[:40] += np.linspace(0.0, 1e-3, 40)
    fast, slow = talib.SMA(close, 9), talib.SMA(close, 21)
    assert (fast[100:] != slow[100:]).any()
    over, under = crosses(fast, slow)
    assert not over[100:].any()
    assert not under[100:].any()


# ---------------------------------------------------------------------------------------- in polars' terms

PRICES = pl.DataFrame({"asset": ["A"] * 250 + ["B"] * 250, "high": WALK + 1e-4, "low": WALK - 1e-4, "close": WALK})


def test_ta_is_an_expression() -> None:
    """A TA-Lib function of a column, null where it is not known."""
    got = PRICES.select(ta("RSI", "close", timeperiod=14)).to_series()
    assert got.name == "close"
    assert got.null_count() == 14
    assert np.array_equal(got.drop_nulls().to_numpy(), talib.RSI(WALK, 14)[14:])


def test_ta_over_groups() -> None:
    """Under `.over` each asset begins anew."""
    got = PRICES.select(ta("SMA", pl.col("close"), timeperiod=20).over("asset")).to_series()
    assert got.is_null().arg_true().to_list() == [*range(19), *range(250, 269)]
    assert got[269] == pytest.approx(WALK[250:270].mean())


def test_ta_with_several_outputs() -> None:
    """A function with several outputs is a struct with TA-Lib's own names."""
    got = PRICES.lazy().select(ta("MACD").alias("macd")).collect().unnest("macd")
    assert got.columns == ["macd", "macdsignal", "macdhist"]
    wanted = talib.MACD(WALK)
    assert np.array_equal(got["macdhist"].drop_nulls().to_numpy(), wanted[2][33:])


def test_ta_with_the_usual_columns() -> None:
    """Without columns it takes those that the function is usually given; patterns are floats as well."""
    frame = PRICES.with_columns(open=pl.col("close").shift(1).fill_null(strategy="backward"))
    assert frame.select(ta("WILLR")).to_series()[499] == pytest.approx(talib.WILLR(WALK + 1e-4, WALK - 1e-4, WALK)[499])
    assert frame.select(ta("CDLENGULFING")).to_series().dtype == pl.Float64


def test_ta_names_what_was_meant() -> None:
    """A function or an option that there is none of is said at once, with what there is."""
    with pytest.raises(ValueError, match="no function 'RSII'; did you mean 'RSI'"):
        ta("RSII", "close")
    with pytest.raises(ValueError, match="RSI has no option 'period'; it has timeperiod"):
        ta("RSI", "close", period=3)
