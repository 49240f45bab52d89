"""Stakes that climb after losses, and stakes that climb after wins; both end after some steps."""

from decimal import Decimal
from itertools import takewhile
from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import Field, model_validator

from qfluxd.trading.staking.policy import MOST, Money, Need, Number, Policy, Result, StakeState, rounded_down, shown
from qfluxd.trading.staking.ruin import Odds, Rung, ladder_ruin

_SHOWN: Final = 6
"""Stakes that a sentence shows at most."""


class _Ladder(Policy):
    """What both have in common: a ladder of stakes, climbed by so many results of the kind `climbs` in a row."""

    climbs: ClassVar[Result]

    base: Money = Field(description="the first stake, such as 1")
    factor: Annotated[Number, Field(gt=1, le=10)] = Field(
        default=Decimal(2), description="each stake is so many times the one before"
    )
    max_steps: int = Field(ge=1, le=20, description="stakes in a series, the first among them; then it starts over")
    max: Money | None = Field(default=None, description="the largest stake")

    @property
    def needs(self) -> frozenset[Need]:
        """What its trades came to."""
        return frozenset({"results"})

    @model_validator(mode="after")
    def _payable(self) -> Self:
        last = self.base * self.factor ** (self.max_steps - 1)
        if self.max is None and last > MOST:
            raise ValueError(f"the last of {self.max_steps} steps would stake {last:,.0f}; take fewer, or set max")
        return self

    @property
    def stakes(self) -> tuple[Decimal, ...]:
        """The ladder, as it is staked."""
        climbing = (self.base * self.factor**step for step in range(self.max_steps))
        return tuple(rounded_down(each if self.max is None else min(each, self.max), 2) for each in climbing)

    def _amount(self, state: StakeState) -> Decimal:
        decisive = (result for result in reversed(state.results) if result != "tie")
        run = sum(1 for _ in takewhile(lambda result: result == self.climbs, decisive))
        amount = self.base * self.factor ** (run % self.max_steps)
        return amount if self.max is None else min(amount, self.max)

    def _ruin(self, bank: Decimal, odds: Odds, smallest: Decimal, floor: Decimal) -> tuple[float, bool]:
        return ladder_ruin(self._rungs(), bank, odds, floor)

    def _rungs(self) -> list[Rung]:
        climbing = [(stake, (step + 1) % self.max_steps) for step, stake in enumerate(self.stakes)]
        if self.climbs == "lost":
            return [Rung(stake, 0, above) for stake, above in climbing]
        return [Rung(stake, above, 0) for stake, above in climbing]

    def _shown(self) -> str:
        stakes = [shown(stake) for stake in self.stakes]
        return ", ".join(stakes if len(stakes) <= _SHOWN else [*stakes[: _SHOWN - 1], "…", stakes[-1]])


class Martingale(_Ladder):
    """Stakes more after each loss until a win makes up for them, or the steps are used up and all of them are lost."""

    climbs: ClassVar[Result] = "lost"

    policy: Literal["martingale"] = "martingale"

    def _summary(self, payout: int, rate: float) -> str:
        often = trades_until_run(self.max_steps, 1 - rate)
        return (
            f"martingale {self._shown()} ({self.max_steps} steps): loses {shown(sum(self.stakes, Decimal(0)))} at once "
            f"every {often:,.0f} trades on average"
        )


class AntiMartingale(_Ladder):
    """Stakes more after each win, until a loss or the last step, so that only a streak of wins pays."""

    climbs: ClassVar[Result] = "won"

    policy: Literal["anti_martingale"] = "anti_martingale"

    def _summary(self, payout: int, rate: float) -> str:
        often = trades_until_run(self.max_steps, rate)
        whole = sum(self.stakes, Decimal(0)) * payout / 100
        return (
            f"anti-martingale {self._shown()} ({self.max_steps} steps): a whole series wins {shown(whole)} and comes "
            f"every {often:,.0f} trades on average"
        )


def trades_until_run(length: int, probability: float) -> float:
    """The mean number of trades until so many of one kind come in a row.

    With q their probability, (1 - q^n) / ((1 - q) q^n) (Feller 1968, XIII.7).
    """
    if probability <= 0:
        return float("inf")
    whole = probability**length
    return float(length) if probability >= 1 else (1 - whole) / ((1 - probability) * whole)
