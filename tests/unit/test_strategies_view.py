"""What a strategy is shown, and the answer that it is helped to write."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qfluxd.model import MINUTE, Series
from qfluxd.strategy import View
from tests.support.strategy_views import NOON, candles, view


def test_floats_are_the_frames_own_memory() -> None:
    """A column of prices is not copied, and can therefore not be written to."""
    shown = view([1.0, 2.0])
    values = shown.floats("close")
    assert not values.flags.owndata
    with pytest.raises(ValueError, match="read-only"):
        values[0] = 3.0


def test_floats_of_what_is_not_known() -> None:
    """A null is NaN, whatever the column's type."""
    values = view([1.0, 1.0], sentiment=[None, 60]).floats("sentiment")
    assert np.isnan(values[0])
    assert values[1] == 60.0


def test_times_are_milliseconds() -> None:
    """A candle's time is when it opened, in ms UTC."""
    assert view([1.0, 1.0]).times.tolist() == [NOON, NOON + MINUTE]


def test_a_longer_candle_is_known_at_its_close_and_not_before() -> None:
    """The candle that closes together with the longer one is the first that knows of it."""
    longer = candles([10.0, 20.0], timeframe=5 * MINUTE, start=NOON - 5 * MINUTE)
    shown = view([1.0] * 7, higher={5 * MINUTE: longer})
    laid = shown.as_of_close(5 * MINUTE, shown.floats("close", 5 * MINUTE))
    assert laid.tolist() == [10.0, 10.0, 10.0, 10.0, 20.0, 20.0, 20.0]


def test_before_any_longer_candle_nothing_is_known() -> None:
    """NaN where none had closed, and everywhere where there is none; several rows of values at once too."""
    late = candles([10.0], timeframe=5 * MINUTE)
    laid = view([1.0] * 6, higher={5 * MINUTE: late}).as_of_close(5 * MINUTE, np.array([[10.0], [11.0]]))
    assert np.isnan(laid[:, :4]).all()
    assert laid[:, 4:].tolist() == [[10.0, 10.0], [11.0, 11.0]]
    none = view([1.0] * 3, higher={5 * MINUTE: late.head(0)})
    assert np.isnan(none.as_of_close(5 * MINUTE, none.floats("close", 5 * MINUTE))).all()


@given(st.lists(st.integers(0, 400), unique=True, max_size=60), st.lists(st.integers(0, 80), unique=True, max_size=20))
def test_laying_longer_candles_is_a_join_as_of_the_close(own: list[int], longer: list[int]) -> None:
    """With holes wherever they like, it is what polars' own `join_asof` gives on the closing times."""
    shorter = pl.DataFrame({"at": sorted(own)}, schema={"at": pl.Int64}) * MINUTE
    bigger = pl.DataFrame({"at": sorted(longer)}, schema={"at": pl.Int64}) * (5 * MINUTE)
    values = np.arange(bigger.height, dtype=np.float64)
    stamp = pl.col("at").cast(pl.Datetime("ms", "UTC"))
    shown = View(Series("X", MINUTE), shorter.with_columns(stamp), {5 * MINUTE: bigger.with_columns(stamp)})
    wanted = (
        shorter.select(close=pl.col("at") + MINUTE)
        .set_sorted("close")
        .join_asof(bigger.select(close=pl.col("at") + 5 * MINUTE, value=values).set_sorted("close"), on="close")
    )
    laid = shown.as_of_close(5 * MINUTE, values)
    assert np.array_equal(laid, wanted["value"].cast(pl.Float64).to_numpy(), equal_nan=True)


def test_an_answer() -> None:
    """Sides from two masks, nothing where both say yes, confidence within bounds, one candle long unless told."""
    call, put = np.array([True, True, False, False]), np.array([True, False, True, False])
    answer = view([1.0] * 4).answer(
        call=call, put=put, confidence=np.array([0.5, 7.0, np.nan, -1.0]), why=np.arange(4.0)
    )
    assert answer.schema == pl.Schema(
        {"side": pl.Int8(), "confidence": pl.Float64(), "expiry": pl.Int64(), "why": pl.Float64()}
    )
    assert answer.rows() == [
        (0, 0.5, MINUTE, 0.0),
        (1, 1.0, MINUTE, 1.0),
        (-1, 0.0, MINUTE, 2.0),
        (0, 0.0, MINUTE, 3.0),
    ]


def test_an_answer_before_the_warm_up() -> None:
    """With a warm-up of three candles, the third is the first that speaks; the masks are left as they are."""
    call = np.array([True] * 4)
    answer = view([1.0] * 4).answer(call=call, put=~call, confidence=2.0, expiry=5 * MINUTE, warmup=3)
    assert answer["side"].to_list() == [0, 0, 1, 1]
    assert answer["expiry"].to_list() == [5 * MINUTE] * 4
    assert call.all()


def test_an_answer_to_few_candles() -> None:
    """Fewer candles than the warm-up, or none, are answered like any others."""
    for count in (0, 1, 2):
        none = np.ones(count, dtype=np.bool_)
        assert (
            view([1.0] * count).answer(call=none, put=~none, confidence=0.5, warmup=9)["side"].to_list() == [0] * count
        )
