"""How many trades it takes to see an edge that is there, and how often it is seen by then."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np

from qfluxd.evidence import DOUBT, FRACTIONS
from qfluxd.evidence.beta import beta_cdf
from qfluxd.research.statistics.wealth import Times
from qfluxd.strategy import Floats

_AT_ONCE: Final = 1_000_000
"""Trades simulated at once, so that memory stays small."""


def wins_needed(decisive: int, break_even: float, confidence: float = 0.95) -> int:
    """The fewest wins of so many decisive trades with which the low end of Wilson's interval is above break-even.

    By the score test that the interval inverts (Wilson 1927): more than n p0 + z sqrt(n p0 (1 - p0)). It may be more
    than there are trades.
    """
    spread = math.sqrt(decisive * break_even * (1 - break_even))
    return math.floor(decisive * break_even + _z((1 + confidence) / 2) * spread) + 1


def wilson_power(decisive: int, rate: float, break_even: float, confidence: float = 0.95) -> float:
    """How likely it is that Wilson's interval is above break-even after exactly so many decisive trades of this rate.

    Exact, by the binomial distribution: P(X >= k) = I_rate(k, n - k + 1), with the k of `wins_needed`.
    """
    wins = wins_needed(decisive, break_even, confidence)
    return beta_cdf(wins, decisive - wins + 1, rate) if wins <= decisive else 0.0


def trades_for_power(rate: float, break_even: float, power: float = 0.8, confidence: float = 0.95) -> int | None:
    """The decisive trades after which Wilson's interval is above break-even with this probability; None where never.

    n = ((z sqrt(p0 q0) + z' sqrt(p1 q1)) / (p1 - p0))², by the normal distribution (Fleiss, Levin and Paik 2003,
    section 2.5). With a power of a half it is `qfluxd.evidence.trades_needed`.
    """
    if rate <= break_even:
        return None
    known, true = math.sqrt(break_even * (1 - break_even)), math.sqrt(rate * (1 - rate))
    whole = _z((1 + confidence) / 2) * known + _z(power) * true
    return math.floor((whole / (rate - break_even)) ** 2) + 1 if whole > 0 else 1


# ------------------------------------------------------------------------------------------------- by simulation


@dataclass(frozen=True, slots=True)
class Detection:
    """After how many trades, ties included, simulated bettors claimed an edge; `first` is ascending, of those who did.

    `paths` is how many there were, `trades` how long each was watched.
    """

    first: Times
    paths: int
    trades: int

    def share(self, trades: int) -> float:
        """The share of them who had claimed an edge by so many trades, at most those that were watched."""
        return float(np.searchsorted(self.first, trades, side="right") / self.paths)

    @property
    def median(self) -> int | None:
        """By so many trades half of them had; None where fewer than half ever did."""
        half = (self.paths + 1) // 2
        return int(self.first[half - 1]) if self.first.size >= half else None

    def error(self, trades: int) -> float:
        """The standard error of `share`, for it is simulated."""
        share = self.share(trades)
        return math.sqrt(share * (1 - share) / self.paths)


def betting_power(
    rate: float | None,
    payouts: Sequence[int],
    ties: float = 0.0,
    trades: int = 2_000,
    paths: int = 4_000,
    seed: int = 0,
    doubt: float = DOUBT,
) -> Detection:
    """When the evidence of an edge (`qfluxd.evidence.Wealth`) reaches 1 / doubt, with a look after every trade.

    Simulated: each trade has one of the payouts (percent) by chance, ends in a tie with probability `ties`, and is else
    won with probability `rate`; without a rate just as often as its payout asks for, so that there is no edge, and the
    share that claims one is that of false alarms. The same seed gives the same.

    Raises:
        ValueError: no payout, or a probability that is none.
    """
    if not payouts or min(payouts) <= 0 or not 0 <= ties < 1 or not 0 <= (rate or 0) <= 1:
        raise ValueError("a simulation needs payouts above 0, a rate from 0 to 1, and a share of ties below 1")
    chance = np.random.default_rng(seed)
    rows = max(1, _AT_ONCE // trades)
    firsts = [
        _first(_units(chance, (min(rows, paths - done), trades), rate, payouts, ties), 1 / doubt)
        for done in range(0, paths, rows)
    ]
    first = np.concatenate(firsts)
    return Detection(np.sort(first[first > 0]), paths, trades)


def _units(
    chance: np.random.Generator, shape: tuple[int, int], rate: float | None, payouts: Sequence[int], ties: float
) -> Floats:
    payout = np.array(payouts)[chance.integers(0, len(payouts), shape)] / 100
    won = chance.random(shape) < (1 / (1 + payout) if rate is None else rate)
    return np.asarray(np.where(chance.random(shape) < ties, 0.0, np.where(won, payout, -1.0)))


def _first(units: Floats, level: float) -> Times:
    """The number of the trade with which each row reaches the level; 0 where it never does."""
    wealth = np.zeros_like(units)
    with np.errstate(over="ignore"):  # who is infinitely rich has claimed an edge long before
        for fraction in FRACTIONS:
            wealth += np.cumprod(1 + fraction * units, axis=1)
    reached = wealth >= level * len(FRACTIONS)
    return np.where(reached.any(axis=1), reached.argmax(axis=1) + 1, 0)


def _z(share: float) -> float:
    return NormalDist().inv_cdf(share)
