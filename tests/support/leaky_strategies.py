"""Strategies that look ahead, each by a mistake that is made often, to prove that audits find and name it."""

import numpy as np
import polars as pl

from qfluxd.model import MINUTE, Millis
from qfluxd.strategy import Extra, Floats, View
from tests.support.bad_strategies import Sound

LONGER: Millis = 5 * MINUTE


class NextClose(Sound):
    """Knows the next close: a shift in the wrong direction."""

    def signals(self, view: View) -> pl.DataFrame:
        """Up where the next candle closes higher."""
        moves = view.candles.select((pl.col("close").shift(-1) - pl.col("close")).fill_null(0.0))
        return self.told(view, moves["close"].to_numpy())


class CentredMean(Sound):
    """Compares with a mean whose window lies around the candle, half of it in the future."""

    def signals(self, view: View) -> pl.DataFrame:
        """Back to the mean."""
        mean = view.candles["close"].rolling_mean(7, center=True, min_samples=1).to_numpy()
        return self.told(view, mean - view.floats("close"))


class WholeScore(Sound):
    """Scales by mean and deviation of all candles."""

    def signals(self, view: View) -> pl.DataFrame:
        """Against what is unusual by the measure of all."""
        close = view.floats("close")
        score = (close - close.mean()) / (close.std() or 1.0)
        return self.say(view, call=score < -1, put=score > 1, confidence=0.5)


class Longer(Sound):
    """Looks at candles of five minutes."""

    @property
    def timeframes(self) -> tuple[Millis, ...]:
        """Five minutes."""
        return (LONGER,)


class FormingLonger(Longer):
    """Lays longer candles beside by when they open, and so knows high and low of one that is forming."""

    def signals(self, view: View) -> pl.DataFrame:
        """Back to the middle of the longer candle."""
        longer = view.higher[LONGER].select("at", middle=(pl.col("high") + pl.col("low")) / 2)
        joined = view.candles.join_asof(longer, on="at").select(pl.col("middle") - pl.col("close"))
        return self.told(view, joined["middle"].fill_null(0.0).to_numpy())


class FilledBackwards(Sound):
    """Has a value at every fifth candle, and fills the holes with the next one."""

    def signals(self, view: View) -> pl.DataFrame:
        """Up where the next known value is higher."""
        known = np.arange(view.height) % 5 == 4
        values = view.candles.select(pl.when(pl.Series(known)).then("close").alias("known")).fill_null(
            strategy="backward"
        )
        return self.told(view, np.nan_to_num(values["known"].to_numpy() - view.floats("close")))


class WholeRank(Sound):
    """Ranks each close among all that there are."""

    def signals(self, view: View) -> pl.DataFrame:
        """Against the outer tenths."""
        rank = (view.candles["close"].rank() / view.height).to_numpy()
        return self.say(view, call=rank < 0.1, put=rank > 0.9, confidence=0.5)


class PaidLater(Sound):
    """Knows what will be paid next: payouts that are joined one row too early."""

    @property
    def wants(self) -> tuple[Extra, ...]:
        """Payouts."""
        return ("payout",)

    def signals(self, view: View) -> pl.DataFrame:
        """Up where the payout will rise."""
        moves = view.candles.select((pl.col("payout").shift(-1) - pl.col("payout")).fill_null(0).cast(pl.Float64))
        return self.told(view, moves["payout"].to_numpy())


class FittedToAll(Sound):
    """Fits a line to every candle, those to come among them, and predicts with it."""

    def signals(self, view: View) -> pl.DataFrame:
        """What the fitted rule says of the next move."""
        moves = np.diff(view.floats("close"), prepend=view.floats("close")[0])
        weight = float(np.dot(moves[:-1], moves[1:])) if view.height > 2 else 0.0
        return self.told(view, moves * weight, confidence=min(abs(weight) * 1e4, 1.0))


class CrowdLater(Sound):
    """Knows what the crowd will do three candles on."""

    @property
    def wants(self) -> tuple[Extra, ...]:
        """The crowd."""
        return ("sentiment",)

    def signals(self, view: View) -> pl.DataFrame:
        """With the crowd of later."""
        later = view.candles["sentiment"].shift(-3).cast(pl.Float64).to_numpy()
        return self.told(view, np.nan_to_num(later - 50.0))


class LabelledLeft(Sound):
    """Makes five-minute candles itself, which carry the time of their beginning, and joins them by that."""

    def signals(self, view: View) -> pl.DataFrame:
        """Up where the five minutes end higher."""
        fives = view.candles.group_by_dynamic("at", every="5m", label="left").agg(end=pl.last("close"))
        joined = view.candles.join_asof(fives, on="at")
        return self.told(view, _of(joined["end"]) - view.floats("close"))


def _of(column: pl.Series) -> Floats:
    return column.to_numpy()


LEAKY: tuple[tuple[type[Sound], tuple[str, ...]], ...] = (
    (NextClose, ("prices",)),
    (CentredMean, ("prices",)),
    (WholeScore, ("prices",)),
    (FormingLonger, ("prices of longer candles",)),
    (FilledBackwards, ("prices",)),
    (WholeRank, ("prices",)),
    (PaidLater, ("payouts",)),
    (FittedToAll, ("prices",)),
    (CrowdLater, ("sentiment",)),
    (LabelledLeft, ("prices",)),
)
"""Each with what it sees of the future."""
