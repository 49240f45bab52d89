"""What may become of a bank if things go on as they went, and if they go as badly as the trades leave open."""

from decimal import Decimal
from typing import Literal

import msgspec

from qfluxd.evidence import Summary, break_even
from qfluxd.trading.staking.policy import CENT, Policy, Ruin

type Case = Literal["measured", "break-even", "low", "high"]


class Prospect(msgspec.Struct, frozen=True):
    """The risk of ruin at one rate: the one that was measured, break-even, or an end of its interval."""

    case: Case
    ruin: Ruin


def prospects(policy: Policy, told: Summary, bank: Decimal, trades: int, smallest: Decimal = CENT) -> list[Prospect]:
    """The risk of ruin in so many decisive trades by a rule for stakes, at each rate that the trades leave open.

    By `Policy.risk_of_ruin`, at the mean payout rounded down. Nothing where no trade was won or lost.

    Raises:
        ValueError: a bank that is not above 0.
    """
    if told.rate is None or told.mean_payout is None:
        return []
    payout = max(1, int(told.mean_payout + 1e-9))
    low, high = told.interval
    rates: dict[Case, float] = {"low": low, "measured": told.rate, "high": high, "break-even": break_even(payout)}
    return [Prospect(case, policy.risk_of_ruin(bank, rate, payout, trades, smallest)) for case, rate in rates.items()]
