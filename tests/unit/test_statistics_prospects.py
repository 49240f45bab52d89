"""What may become of a bank, by the rule for stakes and what the trades leave open."""

from decimal import Decimal

from qfluxd.evidence import break_even
from qfluxd.research.statistics import prospects, summary_of
from qfluxd.trading.staking import Fixed
from tests.support.made_trades import by_chance


def test_the_risk_of_ruin_is_told_for_all_that_is_possible() -> None:
    """It is that of the rule for stakes, at the measured rate, at break-even and at both ends of the interval."""
    policy, told = Fixed(amount=Decimal(10)), summary_of(by_chance(400, 0.56, seed=1))
    found = {each.case: each.ruin for each in prospects(policy, told, Decimal(100), 500)}
    assert list(found) == ["low", "measured", "high", "break-even"]
    assert found["low"].probability > found["measured"].probability > found["high"].probability
    assert told.rate is not None
    assert told.mean_payout is not None
    payout = int(told.mean_payout)
    assert found["measured"] == policy.risk_of_ruin(Decimal(100), told.rate, payout, 500)
    assert found["break-even"].win_probability == break_even(payout)


def test_nothing_is_told_of_nothing() -> None:
    """No trade was won or lost."""
    assert prospects(Fixed(amount=Decimal(10)), summary_of(by_chance(0, 0.5, seed=1)), Decimal(100), 10) == []
