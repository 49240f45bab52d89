"""What was known beside the prices when a candle closed."""

import polars as pl

from qfluxd.model import MINUTE, Series
from qfluxd.plans.marks import Marks
from tests.support.strategy_views import NOON, candles

SERIES = Series("EURUSD_otc", MINUTE)


def beside(marks: Marks, count: int) -> list[tuple[int | None, int | None]]:
    """Payout and sentiment of so many candles from noon on."""
    frame = marks.beside(SERIES, candles([1.0] * count))
    return frame.select("payout", "sentiment").rows()


def test_a_candle_has_the_marks_of_its_own_close() -> None:
    """Each by its opening time; candles that nobody marked have none."""
    marks = Marks(10)
    marks.note(SERIES, NOON + MINUTE, 92, None)
    marks.note(SERIES, NOON + 2 * MINUTE, None, 40)
    assert beside(marks, 4) == [(None, None), (92, None), (None, 40), (None, None)]


def test_no_candles_have_columns_too() -> None:
    """An empty frame keeps its shape, so that a strategy can read it."""
    frame = Marks(10).beside(SERIES, candles([1.0]).head(0))
    assert frame.schema["payout"] == pl.Int16()
    assert frame.height == 0


def test_a_candle_that_comes_again_has_the_newest_marks() -> None:
    """An asset that begins anew closes some candles a second time."""
    marks = Marks(10)
    for payout in (92, 80):
        marks.note(SERIES, NOON, payout, 50)
    assert beside(marks, 1) == [(80, 50)]
