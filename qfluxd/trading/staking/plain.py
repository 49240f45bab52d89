"""A fixed amount, and a percentage of the balance."""

from decimal import Decimal
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from qfluxd.model import Refusal
from qfluxd.trading.staking.policy import Money, Need, Number, Policy, StakeState, shown
from qfluxd.trading.staking.ruin import Floats, Odds, Rung, ladder_ruin, share_ruin


class Fixed(Policy):
    """The same amount each time."""

    policy: Literal["fixed"] = "fixed"
    amount: Money = Field(description="the stake, such as 1")

    def _amount(self, state: StakeState) -> Decimal:
        return self.amount

    def _ruin(self, bank: Decimal, odds: Odds, smallest: Decimal, floor: Decimal) -> tuple[float, bool]:
        return ladder_ruin([Rung(self.amount, 0, 0)], bank, odds, floor)

    def _summary(self, payout: int, rate: float) -> str:
        return f"fixed {shown(self.amount)}"


class Percent(Policy):
    """A percentage of the balance, not under `min` and not over `max`."""

    policy: Literal["percent"] = "percent"
    percent: Annotated[Number, Field(gt=0, le=100)] = Field(description="of the balance, such as 1")
    min: Money | None = Field(default=None, description="the least stake")
    max: Money | None = Field(default=None, description="the largest stake")

    @property
    def needs(self) -> frozenset[Need]:
        """The balance."""
        return frozenset({"balance"})

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min} is above max {self.max}; make it smaller")
        return self

    def _amount(self, state: StakeState) -> Decimal | Refusal:
        assert state.balance is not None
        amount = state.balance * self.percent / 100
        amount = amount if self.min is None else max(amount, self.min)
        return amount if self.max is None else min(amount, self.max)

    def _ruin(self, bank: Decimal, odds: Odds, smallest: Decimal, floor: Decimal) -> tuple[float, bool]:
        least, most = float(self.min or 0), float("inf" if self.max is None else self.max)

        def stake_of(banks: Floats) -> Floats:
            return cents(np.clip(banks * (float(self.percent) / 100), least, most))

        return share_ruin(stake_of, float(bank), odds, float(smallest), float(floor)), False

    def _summary(self, payout: int, rate: float) -> str:
        least = "" if self.min is None else f", at least {shown(self.min)}"
        most = "" if self.max is None else f", at most {shown(self.max)}"
        return f"{self.percent:f} % of the balance{least}{most}"


def cents(stakes: Floats) -> Floats:
    """Stakes rounded down as they are when they are placed."""
    return np.floor(stakes * 100 + 1e-6) / 100
