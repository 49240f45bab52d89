"""Two backtests, or any two tables of trades, held against each other as a comparison on paper would."""

import polars as pl

from qfluxd.model import Millis
from qfluxd.research.compare.comparison import Comparison
from qfluxd.research.compare.report import Report, report
from qfluxd.research.compare.rule import Rule
from qfluxd.research.compare.setting import Arm, Setting, usual_slot
from qfluxd.research.compare.taken import of_frame

ALL: Rule = Rule(most=1_000_000, days=3_650)
"""Everything that there is, decided where it first could have been."""


def compare_results(
    a: pl.DataFrame,
    b: pl.DataFrame,
    *,
    names: tuple[str, str] = ("a", "b"),
    slot: Millis | None = None,
    rule: Rule = ALL,
) -> Report:
    """Whether the second one is better than the first, by the trades of both over the same stretch of time.

    Both have the columns of a backtest's trades: id, asset, timeframe (ms), side, stake, candle, signalled, opened,
    closes (Datetime), payout (percent), outcome, profit. A chance is a `slot` of an asset, by default as long as the
    shorter candle, in which at least one of them traded; who did not has 0.

    Raises:
        polars.exceptions.ColumnNotFoundError: a column is not there.
    """
    arms = tuple(Arm(name, _timeframe(frame)) for name, frame in zip(names, (a, b), strict=True))
    width = slot or usual_slot("paired", arms)
    comparison = Comparison(Setting("results", "paired", "shadow", arms, width, 0, _begin(a, b) - width, rule))
    for name, frame in zip(names, (a, b), strict=True):
        for taken in of_frame(frame):
            comparison.take(name, taken)
    comparison.finish()
    return report(comparison)


def _timeframe(trades: pl.DataFrame) -> Millis:
    """The shortest candle that was traded on; a day where nothing was."""
    found = trades["timeframe"].min()
    return found if isinstance(found, int) else 86_400_000


def _begin(*frames: pl.DataFrame) -> Millis:
    """Before the first of all trades."""
    firsts = (frame.select(pl.min_horizontal("candle", "signalled").dt.epoch("ms").min()).item() for frame in frames)
    return min((first for first in firsts if first is not None), default=0)
