"""How sure a win rate is, what it has to beat, and how many trades it takes to see that it does.

Rates are of *decisive* trades, those won or lost: a tie gives the stake back and says nothing about a rate.
"""

import math
from collections.abc import Iterable
from decimal import Decimal
from statistics import NormalDist
from typing import NamedTuple

from qfluxd.evidence.beta import beta_quantile


class Interval(NamedTuple):
    """Between these two the true rate lies, as far as the data tell."""

    low: float
    high: float


def wilson(won: int, decisive: int, confidence: float = 0.95) -> Interval:
    """The score interval of a win rate (Wilson 1927); 0 to 1 where nothing is known.

    Raises:
        ValueError: not 0 <= won <= decisive, or a confidence that is not between 0 and 1.
    """
    _check(won, decisive, confidence)
    if decisive == 0:
        return Interval(0.0, 1.0)
    square = _z(confidence) ** 2
    rate = won / decisive
    middle = rate + square / (2 * decisive)
    spread = math.sqrt(square * (rate * (1 - rate) + square / (4 * decisive)) / decisive)
    whole = 1 + square / decisive
    low = 0.0 if won == 0 else (middle - spread) / whole
    high = 1.0 if won == decisive else (middle + spread) / whole
    return Interval(low, high)


def clopper_pearson(won: int, decisive: int, confidence: float = 0.95) -> Interval:
    """The exact interval of a win rate (Clopper and Pearson 1934): never too narrow, often too wide.

    Raises as `wilson` does.
    """
    _check(won, decisive, confidence)
    tail = (1 - confidence) / 2
    lost = decisive - won
    low = 0.0 if won == 0 else beta_quantile(won, lost + 1, tail)
    high = 1.0 if lost == 0 else 1 - beta_quantile(lost, won + 1, tail)
    return Interval(low, high)


def break_even(payout: int) -> float:
    """The decisive win rate at which a payout (percent of the stake that a win adds) earns nothing: 1 / (1 + b)."""
    return 100 / (100 + payout)


def mean_break_even(payouts: Iterable[int]) -> float:
    """The mean of the break-evens of some trades: what the share of trades won has to beat where each trade is won
    with just the probability that its own payout asks for.

    Raises:
        ValueError: no trade.
    """
    each = [break_even(payout) for payout in payouts]
    if not each:
        raise ValueError("a break-even needs at least one trade")
    return math.fsum(each) / len(each)


def pooled_break_even(payouts: Iterable[int], stakes: Iterable[Decimal] | None = None) -> float:
    """The one win rate that, held at every payout, earns nothing over these trades: sum(s) / sum(s (1 + b)).

    Without stakes each trade counts the same, and then it is never above `mean_break_even` of the same trades.

    Raises:
        ValueError: no trade, not a stake per payout, or stakes of nothing.
    """
    paid = list(payouts)
    staked = [Decimal(1)] * len(paid) if stakes is None else list(stakes)
    total = sum(staked, Decimal(0))
    if total <= 0:
        raise ValueError("a break-even needs at least one trade with a stake")
    back = sum((stake * (100 + payout) for stake, payout in zip(staked, paid, strict=True)), Decimal(0))
    return float(100 * total / back)


def expected_value(rate: float, payout: int, ties: float = 0.0) -> float:
    """What one unit of stake earns on average: (1 - ties) (rate (1 + b) - 1), with `ties` the share of ties."""
    return (1 - ties) * (rate * (1 + payout / 100) - 1)


def trades_needed(rate: float, break_even: float, confidence: float = 0.95) -> int | None:
    """The decisive trades, all in all, after which the lower end of Wilson's interval is above break-even.

    It supposes that the rate stays as it is, so at the true rate it is right about every other time: double it for
    comfort. The interval is the inverted score test, so that end is above p0 just where
    n (rate - p0)² > z² p0 (1 - p0) (Wilson 1927). None where the rate is not above break-even: then none are enough.
    """
    margin = rate - break_even
    if margin <= 0:
        return None
    return math.floor(_z(confidence) ** 2 * break_even * (1 - break_even) / margin**2) + 1


def _z(confidence: float) -> float:
    return NormalDist().inv_cdf((1 + confidence) / 2)


def _check(won: int, decisive: int, confidence: float) -> None:
    if not 0 <= won <= decisive:
        raise ValueError(f"{won} won of {decisive} decisive trades is impossible")
    if not 0 < confidence < 1:
        raise ValueError(f"a confidence of {confidence} is impossible; it lies between 0 and 1, such as 0.95")
