"""Evidence that may be looked at after every trade: the wealth of somebody who bets that there is an edge.

Bet a fraction f of a wealth of 1 on every trade: it becomes the product of 1 + f r, where r is +b for a win, -1 for a
loss and 0 for a tie. Where trades have no edge, that is E[r | past] <= 0, the wealth is a non-negative supermartingale,
so the chance that it ever reaches 20 is at most 1 in 20 (Ville 1939), however often one looks and however the payout
changes (testing by betting: Shafer 2021, Waudby-Smith and Ramdas 2024). The mean over several fractions is one too.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import msgspec

FRACTIONS: Final = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3)
"""The wealth is spread over these fractions, so that small edges and large ones show."""
DOUBT: Final = 0.05
"""A claim is made when its evidence reaches 1 / DOUBT; it is wrong at most this often."""
_MOST: Final = 10_000_000
"""More trades than anybody makes."""
_SAFE: Final = 0.9
"""Of its wealth a fraction loses at most this share in one trade."""


class Wealth(msgspec.Struct, frozen=True):
    """What a bettor has made of 1, in each fraction, as logarithms; `peak` is the logarithm of the most it was.

    The promise: if trades have no edge, `value` ever reaches 1 / alpha with a probability of at most alpha. `against`
    makes it the mirror: it bets on every trade's loss, and the promise holds if trades do not lose on average.
    """

    against: bool = False
    logs: tuple[float, ...] = (0.0,) * len(FRACTIONS)
    peak: float = 0.0

    def after(self, result: float, most: float = 1.0) -> "Wealth":
        """The wealth after one more trade that was opened when all before it had ended (`Bets` takes any others).

        `result` is what a unit of stake came to: the payout as a fraction for a win, -1 for a loss, 0 for a tie.
        `most` is the best it could have come to, known before: the payout.
        """
        logs = tuple(map(float.__add__, self.logs, _steps(result, most, self.against)))
        return Wealth(self.against, logs, max(self.peak, mean_log(logs)))

    @property
    def value(self) -> float:
        """The evidence now: what 1 has become."""
        return _bounded(mean_log(self.logs))

    @property
    def best(self) -> float:
        """The most that it ever was, which is what a claim rests on."""
        return _bounded(self.peak)

    @property
    def p_value(self) -> float:
        """A p-value that holds whenever one looks: min(1, 1 / best)."""
        return min(1.0, math.exp(-self.peak))

    def needed(self, rate: float, payout: float, doubt: float = DOUBT) -> int | None:
        """About how many more decisive trades it takes to reach 1 / doubt, at this win rate and payout (a fraction).

        Each fraction is supposed to grow as it does on average. None where that is never, or after millions.
        """
        wanted = -math.log(doubt)
        if self.peak >= wanted:
            return 0
        won, lost = (_steps(result, payout, self.against) for result in (payout, -1.0))
        growth = [rate * up + (1 - rate) * down for up, down in zip(won, lost, strict=True)]

        def tells(trades: int) -> bool:
            return mean_log([log + trades * each for log, each in zip(self.logs, growth, strict=True)]) >= wanted

        if max(growth) <= 0 or not tells(_MOST):
            return None
        return bisect_left(range(_MOST), True, key=tells)  # the sum of exponentials is convex: it crosses once


@lru_cache(maxsize=4096)
def _steps(result: float, most: float, against: bool) -> tuple[float, ...]:
    """By how much each fraction's logarithm grows; there are few payouts, so few of these."""
    if not -1 <= result <= most:
        raise ValueError(f"a unit of stake cannot come to {result} where the most it can come to is {most}")
    if not against:
        return tuple(math.log1p(fraction * result) for fraction in FRACTIONS)
    return tuple(math.log1p(-fraction * result) for fraction in mirrored(most))


def mirrored(most: float) -> tuple[float, ...]:
    """The fractions of who bets on a loss, where a win could come to so much: never more than can be paid."""
    return tuple(min(fraction, _SAFE / most if most > 0 else fraction) for fraction in FRACTIONS)


def mean_log(logs: Sequence[float]) -> float:
    """The logarithm of the mean of what these are the logarithms of, without leaving the range of a float."""
    most = max(logs)
    return most + math.log(math.fsum(math.exp(log - most) for log in logs) / len(logs))


def _bounded(log: float) -> float:
    return math.exp(min(log, 700.0))
