"""What a trade after a candle comes to is settled as a real one would be."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qfluxd.errors import DataError
from qfluxd.model import MINUTE, SECOND
from qfluxd.research.outcomes import FROM_CANDLES, FROM_TICKS, UNKNOWN, Outcomes, outcomes
from qfluxd.research.prices import NO_TICKS, Prices, Ticks
from qfluxd.trading.settlement import Course
from tests.support.planted import ASSET, MONDAY, planted

LATENCY, QUIET = 400, 5 * SECOND


def settled(prices: Prices, expiry: int = MINUTE) -> Outcomes:
    return outcomes(prices, MINUTE, expiry, LATENCY, QUIET)


def with_candles(rows: list[tuple[float, float, str]], skip: int | None = None) -> Prices:
    """Candles of (open, close, quality) without ticks; one may be missing."""
    whole = planted(len(rows)).candles.with_columns(
        pl.Series("open", [row[0] for row in rows], dtype=pl.Float64, strict=False),
        pl.Series("close", [row[1] for row in rows], dtype=pl.Float64, strict=False),
        pl.Series("quality", [row[2] for row in rows]),
    )
    return Prices(ASSET, whole if skip is None else pl.concat((whole[:skip], whole[skip + 1 :])), NO_TICKS)


def test_by_candles() -> None:
    """Without ticks a trade enters at the next candle's open and ends at its close; the last one cannot be known."""
    found = settled(with_candles([(1, 1, "whole"), (1, 2, "whole"), (2, 1, "backfilled"), (1, 1, "whole")]))
    assert found.move.tolist()[:3] == [1, -1, 0]
    assert found.read_from.tolist() == [FROM_CANDLES] * 3 + [UNKNOWN]
    assert (found.closes - found.opened).tolist()[:3] == [MINUTE] * 3
    assert found.opened[0] == MONDAY + MINUTE


def test_longer_trades_by_candles() -> None:
    """A trade of two candles ends with the second."""
    found = settled(with_candles([(1, 1, "whole"), (1, 2, "whole"), (2, 0.5, "whole"), (1, 1, "whole")]), 2 * MINUTE)
    assert found.move.tolist()[:2] == [-1, -1]
    assert found.read_from.tolist() == [FROM_CANDLES, FROM_CANDLES, UNKNOWN, UNKNOWN]


@pytest.mark.parametrize("quality", ["partial", "empty"])
def test_candles_that_rest_on_little_settle_nothing(quality: str) -> None:
    """A candle that was not heard as a whole gives no price to enter or to end at."""
    found = settled(with_candles([(1, 1, "whole"), (1, 2, quality), (2, 1, "whole"), (1, 1, "whole")]))
    assert found.read_from.tolist() == [UNKNOWN, FROM_CANDLES, FROM_CANDLES, UNKNOWN]


def test_a_missing_candle_settles_nothing() -> None:
    """The candle after the signal has to be there."""
    found = settled(with_candles([(1, 1, "whole"), (1, 2, "whole"), (2, 1, "whole")], skip=1))
    assert found.read_from.tolist() == [UNKNOWN, UNKNOWN]


def test_odd_lengths_need_ticks() -> None:
    """Trades that do not end with a candle cannot be settled by candles, and that is said."""
    with pytest.raises(DataError, match="trades of 90s cannot be settled by 1m candles alone"):
        settled(planted(10), 90 * SECOND)


@given(
    st.lists(st.tuples(st.sampled_from([0, 100, 900, 2_500, 6_000]), st.integers(1, 3)), min_size=1, max_size=200),
    st.sampled_from([30 * SECOND, MINUTE, 90 * SECOND]),
)
def test_by_ticks_as_the_shadow_book_does(steps: list[tuple[int, int]], expiry: int) -> None:
    """Where ticks cover its time, a trade comes to what the shadow book's `Course` makes of the same ticks."""
    at = MONDAY + np.cumsum([step for step, _ in steps])
    price = np.array([float(level) for _, level in steps])
    prices = Prices(ASSET, planted(5).candles, Ticks(at, price))
    found = settled(prices, expiry)
    for row, signalled in enumerate(found.signalled.tolist()):
        if found.read_from[row] == FROM_CANDLES or signalled < at[0]:
            continue
        course = Course(signalled + LATENCY, expiry, QUIET)
        entry = None
        for stamp, level in zip(at.tolist(), price.tolist(), strict=True):
            course.hear(stamp, level)
            if course.fate == "open" and entry is None:
                entry = level
        if found.read_from[row] == FROM_TICKS:
            assert course.fate == "closed"
            assert (course.opened, course.closes) == (found.opened[row], found.closes[row])
            assert entry is not None
            assert course.close_price is not None
            assert np.sign(course.close_price - entry) == found.move[row]
        elif signalled + LATENCY + QUIET + expiry <= at[-1]:
            assert course.fate != "closed"
