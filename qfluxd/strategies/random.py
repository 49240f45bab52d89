"""Chance, as the control that every claim must beat."""

import hashlib
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field

from qfluxd.strategies.rule import Rule
from qfluxd.strategy import View

_TO_UNIT: Final = 2.0**-53


class Random(Rule):
    """Tosses a coin: on a share `rate` of the candles it says call or put, each as likely.

    Source: the generator is SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators",
    OOPSLA, 2014) of the candle's opening time, the asset, the timeframe and `seed`; so it says the same on every
    machine, in every replay, and wherever the candles are cut. Chance as the control: Halbert White, "A Reality Check
    for Data Snooping", Econometrica, 2000.

    What it can do: show what luck alone brings with your stakes, payouts and limits. At a payout of 92 % it loses 4 %
    of what it stakes in the long run, and any rule that does not beat several seeds of it has shown nothing. What
    it cannot: earn.

    Confidence is always one half.
    """

    rate: float = Field(default=0.1, ge=0, le=1, description="the share of candles on which it speaks")
    seed: int = Field(default=0, ge=0, le=2**31 - 1, description="another seed is another coin")

    @property
    def warmup(self) -> int:
        """One candle: it looks at none before."""
        return 1

    def signals(self, view: View) -> pl.DataFrame:
        """Reason: the number drawn, 0 to 1; it speaks where that is below `rate`."""
        drawn = _splitmix(view.times.view(np.uint64) + self._stream(view))
        number = np.multiply(
            drawn >> np.uint64(11), _TO_UNIT, dtype=np.float64
        )  # its upper 53 bits; a lower one is the coin
        speaks, heads = number < self.rate, (drawn & np.uint64(1)).astype(np.bool_)
        return self.say(view, call=speaks & heads, put=speaks & ~heads, confidence=0.5, drawn=number)

    def _stream(self, view: View) -> np.uint64:
        """Where the numbers of this asset, timeframe and seed begin. Not `hash`, which differs from run to run."""
        text = f"{self.seed} {view.series.timeframe} {view.series.asset}"
        return np.uint64(int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big"))


def _splitmix(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The output function of SplitMix64; arithmetic wraps at 64 bits, as it is meant to."""
    mixed = state * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
