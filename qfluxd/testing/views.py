"""Parts of a view, and two views joined: always what would have been known at a candle's close."""

from collections.abc import Mapping

import polars as pl

from qfluxd.model import Millis
from qfluxd.strategy import View


def closed_by(view: View, row: int) -> Mapping[Millis, pl.DataFrame]:
    """The longer candles that had closed when the candle at `row` did."""
    close = int(view.times[row]) + view.series.timeframe
    ends = {length: View(view.series, frame).times + length for length, frame in view.higher.items()}
    return {length: frame.head(int((ends[length] <= close).sum())) for length, frame in view.higher.items()}


def up_to(view: View, row: int) -> View:
    """What was known when the candle at `row` closed."""
    return View(view.series, view.candles.head(row + 1), closed_by(view, row))


def last(view: View, row: int, count: int) -> View:
    """The last `count` candles of that, of each timeframe."""
    longer = {length: frame.tail(count) for length, frame in closed_by(view, row).items()}
    return View(view.series, view.candles.slice(row + 1 - count, count), longer)


def spliced(view: View, other: View, row: int) -> View:
    """What was known at `row`, and then what came in the other view, whose candles open at the same times."""
    longer = {
        length: pl.concat((known, other.higher[length].slice(known.height)))
        for length, known in closed_by(view, row).items()
    }
    return View(view.series, pl.concat((view.candles.head(row + 1), other.candles.slice(row + 1))), longer)
