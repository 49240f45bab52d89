"""What was known beside the prices when a candle closed: the payout, and what the crowd did."""

from collections import deque

import polars as pl

from qfluxd.model import Millis, Series

type Mark = tuple[Millis, int | None, int | None]
"""A candle's opening time, the payout and the sentiment at its close, both in percent."""


class Marks:
    """Remembers marks for the series that somebody asks about.

    The promise: a mark is what was known when its candle closed; candles from before are marked with nothing.
    """

    def __init__(self, keep: int) -> None:
        """`keep` marks are remembered per series."""
        self._keep = keep
        self._marks: dict[Series, deque[Mark]] = {}

    def note(self, series: Series, candle: Millis, payout: int | None, sentiment: int | None) -> None:
        """A candle has closed."""
        marks = self._marks.get(series)
        if marks is None:
            marks = self._marks[series] = deque(maxlen=self._keep)
        marks.append((candle, payout, sentiment))

    def beside(self, series: Series, candles: pl.DataFrame) -> pl.DataFrame:
        """The candles with the columns payout and sentiment (Int16, null where nothing was known)."""
        known = {at: (payout, sentiment) for at, payout, sentiment in self._marks.get(series, ())}
        rows = [known.get(at, (None, None)) for at in candles["at"].to_physical().to_list()]
        payouts, sentiments = zip(*rows, strict=True) if rows else ((), ())
        return candles.with_columns(
            pl.Series("payout", payouts, dtype=pl.Int16), pl.Series("sentiment", sentiments, dtype=pl.Int16)
        )
