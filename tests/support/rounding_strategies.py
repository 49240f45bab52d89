"""Strategies of which a last digit hangs on how many candles they are shown, and that know nothing of later ones."""

import numpy as np
import polars as pl
from pydantic import Field

from qfluxd.strategy import Floats, View
from tests.support.bad_strategies import Sound


class SinglePrecision(Sound):
    """Adds up in single precision, in an order that hangs on how much is computed at once, as a network does."""

    @property
    def warmup(self) -> int:
        """The moves that it adds up, and the close before them."""
        return 25

    def signals(self, view: View) -> pl.DataFrame:
        """Over or under a half by more than enough."""
        sure = _added(view)
        return self.say(view, call=sure > 0.51, put=sure < 0.49, confidence=np.abs(sure - 0.5), probability=sure)


class OnTheEdge(Sound):
    """Compares what may be equal, to the last digit: where nothing moved a rounding decides."""

    every: int = Field(default=2, ge=2, description="of so many lengths of a view one is rounded otherwise")

    def signals(self, view: View) -> pl.DataFrame:
        """Up or down since `period` candles ago."""
        moves = self.moves(view) + (1e-15 if view.height % self.every == 0 else -1e-15)
        return self.told(view, moves, moved=moves)


def _added(view: View) -> Floats:
    close = view.floats("close")
    moves = np.diff(np.log(close), prepend=np.log(close[0])) * 5e3
    parts = np.zeros((24, close.size), np.float32)
    for ago in range(min(24, close.size)):
        parts[ago, ago:] = moves[: close.size - ago] / (1 + ago)
    total = np.zeros(close.size, np.float32)
    for ago in np.roll(np.arange(24), view.height % 7).tolist():
        total += parts[ago]
    return np.asarray(1 / (1 + np.exp(-total.astype(np.float64))))
