"""A fraction of the stake that makes a balance grow fastest, less where the edge is not well known."""

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from qfluxd.model import Refusal
from qfluxd.trading.staking.plain import cents
from qfluxd.trading.staking.policy import Need, Number, Policy, StakeState
from qfluxd.trading.staking.ruin import Floats, Odds, share_ruin


class Kelly(Policy):
    """A fraction of Kelly's stake, from a stated edge that is shrunk towards break-even.

    With p the probability of winning a decisive trade and b the payout, a balance grows fastest where f* of it is
    staked, f* = (p (1 + b) - 1) / b (Kelly 1956); ties do not matter to f*. Where p was estimated, that is too much on
    average, so f* is multiplied by k = (p - p0)² / ((p - p0)² + p (1 - p) / n), with p0 break-even and n the trades
    behind p (Baker and McHale 2013, their approximation). It is the same as moving p towards p0 by 1 - k of the way.
    """

    policy: Literal["kelly"] = "kelly"
    edge: Annotated[Number, Field(gt=0, lt=1)] | Literal["signal"] = Field(
        description='probability of winning a decisive trade, such as 0.57, or "signal" for what the strategy states'
    )
    fraction: Annotated[Number, Field(gt=0, le=1)] = Field(
        default=Decimal("0.25"), description="of Kelly's stake; a quarter grows nearly half as fast, far more calmly"
    )
    shrink: Annotated[Number, Field(ge=0, lt=1)] | None = Field(
        default=None, description="how far the edge is moved towards break-even: 0 not at all, 0.5 half of the way"
    )
    trades: int | None = Field(
        default=None, ge=1, description="decisive trades that the edge was measured on; instead of shrink"
    )
    max_percent: Annotated[Number, Field(gt=0, le=100)] = Field(
        default=Decimal(5), description="of the balance, the most that is staked"
    )

    @property
    def needs(self) -> frozenset[Need]:
        """The balance and the payout; the probability where its edge is the signal's."""
        stated: frozenset[Need] = frozenset({"probability"}) if self.edge == "signal" else frozenset()
        return stated | {"balance", "payout"}

    @model_validator(mode="after")
    def _shrunk_one_way(self) -> Self:
        if (self.shrink is None) == (self.trades is None):
            raise ValueError("say either trades, on how many decisive trades the edge was measured, or shrink")
        return self

    def share(self, payout: int, probability: Decimal) -> Decimal:
        """The share of the balance that is staked, at a probability of winning; 0 or less where there is no edge."""
        odds = Decimal(payout) / 100
        full = (probability * (1 + odds) - 1) / odds
        return min(full * self._kept(probability, 1 / (1 + odds)) * self.fraction, self.max_percent / 100)

    def _kept(self, probability: Decimal, level: Decimal) -> Decimal:
        if self.trades is None:
            return 1 - (self.shrink or Decimal(0))
        margin = (probability - level) ** 2
        return margin / (margin + probability * (1 - probability) / self.trades)

    def _amount(self, state: StakeState) -> Decimal | Refusal:
        assert state.balance is not None
        assert state.payout is not None
        probability = self.edge
        if probability == "signal":
            if state.probability is None:
                return Refusal("probability_unknown", "the strategy states no probability; give kelly an edge")
            probability = Decimal(str(state.probability))
        share = self.share(state.payout, probability) if state.payout > 0 else Decimal(0)
        if share <= 0:
            level = 100 / (100 + Decimal(state.payout))
            return Refusal(
                "no_edge",
                f"winning {100 * probability:.1f} % of trades is no edge at a payout of {state.payout} %; "
                f"it takes more than {100 * level:.1f} %",
            )
        return state.balance * share

    def _ruin(self, bank: Decimal, odds: Odds, smallest: Decimal, floor: Decimal) -> tuple[float, bool]:
        share = float(self._most_share(round(odds.payout * 100)))
        if share <= 0:
            return 0.0, True

        def stake_of(banks: Floats) -> Floats:
            return cents(banks * share)

        return share_ruin(stake_of, float(bank), odds, float(smallest), float(floor)), False

    def _most_share(self, payout: int) -> Decimal:
        """What it stakes at this payout; the most it may where the edge is the signal's."""
        return self.max_percent / 100 if self.edge == "signal" else self.share(payout, self.edge)

    def _summary(self, payout: int, rate: float) -> str:
        share = 100 * self._most_share(payout)
        if share <= 0:
            return f"kelly stakes nothing at a payout of {payout} %"
        what = f"{self.fraction:f} of Kelly's stake"
        if self.edge == "signal":
            return f"{what} by the probability that the strategy states, at most {share:.1f} % of the balance"
        return f"{what} by a stated edge of {100 * self.edge:.1f} %, which is {share:.2f} % of the balance"
