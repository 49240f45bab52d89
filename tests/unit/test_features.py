"""Features are read from formulas by a grammar of their own, and never look ahead."""

import contextlib
import math
from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qfluxd.model import MINUTE, Millis, Series
from qfluxd.strategies.features import DEFAULT_FEATURES, Features, features
from qfluxd.strategies.formulas import read_formula
from qfluxd.strategies.talibrary import OFFERED, talib_function
from qfluxd.strategy import Floats, View

NOON = 1_763_985_600_000  # Monday 2025-11-24 12:00 UTC
SERIES = Series("EURUSD_otc", MINUTE)


def candles(count: int, length: Millis = MINUTE, seed: int = 1, start: Millis = NOON) -> pl.DataFrame:
    """A seeded random walk as candles."""
    rng = np.random.default_rng(seed)
    close = 1.08 * np.exp(np.cumsum(rng.normal(0, 1e-4, count)))
    opened = np.concatenate(([1.08], close))[:count]
    wick = np.abs(rng.normal(0, 5e-5, (2, count)))
    return pl.DataFrame(
        {
            "at": pl.Series(start + length * np.arange(count)).cast(pl.Datetime("ms", "UTC")),
            "open": opened,
            "high": np.maximum(opened, close) + wick[0],
            "low": np.minimum(opened, close) - wick[1],
            "close": close,
            "ticks": pl.Series(rng.integers(20, 200, count), dtype=pl.UInt32),
        }
    )


def view(count: int = 300, **higher: pl.DataFrame) -> View:
    lengths = {"m5": 5 * MINUTE, "m15": 15 * MINUTE}
    return View(SERIES, candles(count), {lengths[name]: frame for name, frame in higher.items()})


def values(formula: str, shown: View) -> Floats:
    return Features({"x": formula}).values(shown)[:, 0]


def prices(closes: Sequence[float]) -> View:
    frame = candles(len(closes)).with_columns(pl.Series("close", closes, dtype=pl.Float64))
    return View(SERIES, frame)


# ---------------------------------------------------------------------------------------------- the grammar


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("close / close[1] - 1", [math.nan, 1.0, 1.0, 1.0]),
        ("-close + 2 * close", [1, 2, 4, 8]),
        ("close ** 2", [1, 4, 16, 64]),
        ("log(close) / log(close[1] + close[1])", [math.nan, 1.0, 1.0, 1.0]),
        ("close > 2", [0, 0, 1, 1]),
        ("close[1] <= 2", [math.nan, 1, 1, 0]),
        ("0 < (close - 1) / (close - 1)", [math.nan, 1, 1, 1]),
        ("min(close, 3)", [1, 2, 3, 3]),
        ("max(close, 3)", [3, 3, 4, 8]),
        ("max(close, close[1])", [math.nan, 2, 4, 8]),
        ("max(close[1], close)", [math.nan, 2, 4, 8]),
        ("min(3, (close - 1) / (close - 1))", [math.nan, 1, 1, 1]),
        ("min((close - 1) / (close - 1), 3)", [math.nan, 1, 1, 1]),
        ("clip(close, 2, 5)", [2, 2, 4, 5]),
        ("sign(close - 2)", [-1, 0, 1, 1]),
        ("mean(close, 2)", [math.nan, 1.5, 3, 6]),
        ("sum(close, 3)", [math.nan, math.nan, 7, 14]),
        ("std(close, 2) ** 2", [math.nan, 0.5, 2, 8]),
        ("highest(close, 2) - lowest(close, 2)", [math.nan, 1, 2, 4]),
        ("MOM(close, 2)", [math.nan, math.nan, 3, 6]),
        ("(close - 1) / (close - 1)", [math.nan, 1, 1, 1]),
        ("mean(1 / (close - 1), 2)", [math.nan, math.nan, 2 / 3, 5 / 21]),
    ],
)
def test_formulas(formula: str, expected: list[float]) -> None:
    """A formula says what arithmetic says; what is no finite number is NaN, and spoils no other row for ever."""
    np.testing.assert_allclose(values(formula, prices([1, 2, 4, 8])), expected, atol=1e-12)


@pytest.mark.parametrize(
    ("formula", "sentence"),
    [
        ("close / closs[1]", "'closs' is not known; did you mean 'close'?"),
        ("rsi(close, 14)", "'rsi' is no function of the grammar; did you mean 'RSI'?"),
        ("close[-1]", "nothing looks ahead"),
        ("close[0]", "nothing looks ahead"),
        ("close[1:]", "is no plain number"),
        ("close[1.5]", "is no lag"),
        ("mean(close, 1.5)", "needs a whole number for n"),
        ("mean(close)", "it is written mean(x, n)"),
        ("mean(close, n=3)", "names its arguments"),
        ("mean(close, close)", "'close' is no plain number"),
        ("std(close, 1)", "needs at least 2 for n"),
        ("mean(close, 9999)", "the furthest is 5000"),
        ("close[9999]", "the furthest is 5000"),
        ("RSI(close, 0)", "TA-Lib does not take timeperiod=0"),
        ("STOCH(high, low, close, 5, 3, 1).slowk", "a matype must be 0"),
        ("MACD(close, 12, 26, 9)", "say which: .macd, .macdsignal, .macdhist"),
        ("RSI(close, 14).k", "gives one thing only"),
        ("RSI(1, 14)", "works on columns"),
        ("1 + 2", "is the same for every candle"),
        ("SAR(high, low)", "is no function of the grammar"),
        ("m5", "such as m5.close"),
        ("m99999.close", "longer than one day"),
        ("x5.close", "is no timeframe"),
        ("close if open else high", "is not of the grammar"),
        ("__import__('os').system('true')", "is no function of the grammar"),
        ("[c for c in close]", "is not of the grammar"),
        ("(lambda: close)()", "is no function of the grammar"),
        ("close.__class__", "is no timeframe"),
        ("'close'", "is no plain number"),
        ("True", "is no plain number"),
        ("close % 2", "an operator other than"),
        ("close == 2", "a comparison other than"),
        ("close +", "cannot be read"),
        ("1e999 * close", "is no plain number"),
        ("9" * 350, "is no plain number"),
        ("close" + " + close" * 60, "longer than 400 characters"),
    ],
)
def test_mistakes_are_sentences(formula: str, sentence: str) -> None:
    """What is not of the grammar is refused in a sentence that names the place and the remedy."""
    with pytest.raises(ValueError, match=r"^feature 'x': ") as told:
        Features({"x": formula})
    assert sentence in str(told.value)


@pytest.mark.parametrize("name", ["Close", "1st", "side", "card", "a" * 41, ""])
def test_names(name: str) -> None:
    """A feature's name is a plain word that no column of an answer has."""
    with pytest.raises(ValueError, match=r"is none of break_even, card"):
        Features({name: "close"})


@given(
    st.text(max_size=60)
    | st.lists(
        st.sampled_from(("close", "mean", "(", ")", "[", "]", ",", "1", "-1", "m5", ".", "+", "**", "RSI", "14", "<"))
    ).map("".join)
)
@settings(max_examples=300, deadline=None)
def test_any_text(text: str) -> None:
    """Whatever stands in a formula, it is read or refused in a sentence; nothing else happens."""
    with contextlib.suppress(ValueError):
        assert read_formula(text).needs >= 1


# ------------------------------------------------------------------------------------------------- warm-up


def test_warmups_are_worked_out() -> None:
    """The warm-up follows from the formula: lags add, windows add what they reach back, smoothings forget."""
    needs = {text: Features({"x": text}).warmup for text in ("close", "close[3]", "mean(close[3], 5)", "ema(close, 9)")}
    assert needs == {"close": 1, "close[3]": 4, "mean(close[3], 5)": 8, "ema(close, 9)": 43}
    assert 0.8**42 < 1e-4 < 0.8**41


@pytest.mark.parametrize("name", sorted(OFFERED))
def test_every_talib_function_is_warm_when_it_says(name: str) -> None:
    """With no more candles than its warm-up a function says what it does with many more, to 0.001 of its range."""
    function = talib_function(name)
    inputs = [{"x": "close", "y": "open"}.get(word, word) for word in function.values]
    ending = f".{function.outputs[-1]}" if function.outputs else ""
    one = Features({"x": f"{name}({', '.join(inputs)}){ending}"})
    long = candles(3000)
    whole = one.values(View(SERIES, long))[:, 0]
    spread = np.nanmax(whole) - np.nanmin(whole)
    for end in range(1500, 3000, 100):
        short = one.values(View(SERIES, long[end - one.warmup : end]))[:, 0]
        assert abs(short[-1] - whole[end - 1]) <= 1e-3 * spread
        assert np.isnan(short[:-1]).all()


def test_nothing_is_said_before_the_warmup() -> None:
    """Rows before the warm-up are NaN, and a view shorter than it has none that is known."""
    default = features(DEFAULT_FEATURES)
    rows = default.matrix(view(300))
    assert np.isnan(rows[: default.warmup - 1]).all()
    assert np.isfinite(rows[default.warmup - 1 :]).all()
    assert np.isnan(default.matrix(view(default.warmup - 1))).all()
    assert default.matrix(view(0)).shape == (0, len(DEFAULT_FEATURES))


# ---------------------------------------------------------------------------------------------- no look ahead


@given(st.integers(150, 400), st.sampled_from(sorted(DEFAULT_FEATURES.values())))
@settings(max_examples=40, deadline=None)
def test_features_do_not_look_ahead(cut: int, formula: str) -> None:
    """Cutting away the future changes no row."""
    whole = View(SERIES, candles(400))
    cut_off = View(SERIES, whole.candles[:cut])
    np.testing.assert_array_equal(values(formula, whole)[:cut], values(formula, cut_off))


def test_longer_timeframes_are_seen_once_they_have_closed() -> None:
    """`m5.close` is the close of the newest five-minute candle that had closed when the minute did; lags go by it."""
    fives = candles(60, 5 * MINUTE, seed=3)
    shown = view(300, m5=fives)
    now, before = values("m5.close", shown), values("m5.close[1]", shown)
    assert np.isnan(now[:4]).all()
    assert now[4] == fives["close"][0]
    assert now[8] == fives["close"][0]
    assert now[9] == fives["close"][1]
    assert before[9] == fives["close"][0]
    assert np.isnan(before[8])


def test_functions_run_on_the_longer_candles_themselves() -> None:
    """A mean over longer candles takes each of them once; beside other columns it is laid as of the close."""
    fives = candles(60, 5 * MINUTE, seed=3)
    shown = view(300, m5=fives)
    mean = values("close - mean(m5.close, 3)", shown)
    assert np.isnan(mean[:14]).all()
    assert mean[14] == pytest.approx(shown.candles["close"][14] - fives["close"][:3].mean())


def test_a_view_without_the_longer_timeframe_is_refused() -> None:
    """A feature on five-minute candles cannot be worked out without them, nor beside candles as long."""
    with pytest.raises(ValueError, match="looks at 5m"):
        values("m5.close", view(10))
    with pytest.raises(ValueError, match="beside 15m candles"):
        values("m5.close", View(Series("A", 15 * MINUTE), candles(5), {5 * MINUTE: candles(5, 5 * MINUTE)}))


def test_longer_timeframes_and_warmup_are_told() -> None:
    """Every longer timeframe in use is named; the warm-up covers the longest need of any."""
    two = Features({"a": "close - m15.close", "b": "mean(m5.close, 30) - m15.open"})
    assert two.timeframes == (5 * MINUTE, 15 * MINUTE)
    assert two.warmup == 30


def test_moments_are_of_the_close_in_utc() -> None:
    """The candle of 12:59 closes at 13:00 on a Monday."""
    shown = View(SERIES, candles(1, start=NOON + 59 * MINUTE))
    assert values("hour_sin", shown)[0] == pytest.approx(math.sin(2 * math.pi * 13 / 24))
    assert values("minute_cos", shown)[0] == 1
    assert values("weekday_sin", shown)[0] == 0
