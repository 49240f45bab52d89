"""Strategies that look ahead, each by a mistake that is made often, to prove that audits find and name it."""

from pathlib import Path

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

HASHES = '''
from qfluxd.strategies.rule import Rule


class Hashes(Rule):
    """Goes by the order of a set."""

    @property
    def warmup(self):
        return 1

    def signals(self, view):
        up = hash("up") % 2 == 0
        rises = view.floats("close") > view.floats("open")
        return self.say(view, call=rises == up, put=rises != up, confidence=(hash("sure") % 1000) / 1000)
'''
"""A file with a strategy that is another one in each interpreter."""

KEPT = '''
"""A leak by way of what a module keeps."""

import numpy as np

from qfluxd.strategies.rule import Rule

_KEPT = {}


class Kept(Rule):
    """Learns at its first look, from candles that later looks find in their future."""

    @property
    def warmup(self):
        return 2

    def signals(self, view):
        close = view.floats("close")
        level = np.round(close / 2e-5).astype(np.int64)
        if "it" not in _KEPT:
            _KEPT["it"] = LEARNT
        return self.say(view, **SAID, confidence=0.5)


def after(level, close):
    """What came after each level, all in all."""
    table = {}
    for one, move in zip(level[:-1].tolist(), np.diff(close).tolist()):
        table[one] = table.get(one, 0.0) + move
    return table


def looked_up(level):
    said = np.array([_KEPT["it"].get(one, 0.0) for one in level.tolist()])
    return {"call": said > 0, "put": said < 0}


def scaled(close):
    mean, spread = _KEPT["it"]
    return {"call": close < mean - spread, "put": close > mean + spread}
'''
"""A file, so that it is a module of its own wherever it is loaded."""

KEEPING = {
    "a table of all candles": ("after(level, close)", "looked_up(level)"),
    "a table of the first candles": ("after(level[:300], close[:300])", "looked_up(level)"),
    "a table of the last candles": ("after(level[-300:], close[-300:])", "looked_up(level)"),
    "a scale": ("(close.mean(), close.std())", "scaled(close)"),
}
"""What it learns, and what it says by that."""


def kept(folder: Path, what: str) -> Path:
    """A file with the strategy that keeps this."""
    learnt, said = KEEPING[what]
    file = folder / "kept.py"
    file.write_text(KEPT.replace("LEARNT", learnt).replace("SAID", said), encoding="utf-8")
    return file
