"""The desk's own word on a signal: the same stake policies, the same guards, on the same picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NamedTuple

from qfluxd.market.quality import QUALITIES
from qfluxd.model import Millis, Order, Quality, Refusal, Session, Side, TradingSwitch
from qfluxd.plans.plan import Plan
from qfluxd.research.backtest.offers import UNKNOWN, listed
from qfluxd.research.backtest.settings import Backtest
from qfluxd.research.backtest.terms import refused_by_broker
from qfluxd.trading import risk
from qfluxd.trading.ledger import Ledger
from qfluxd.trading.risk import Intent
from qfluxd.trading.staking import Result, StakeState

_SWITCH: Final = TradingSwitch("active", "nothing is placed on paper", 0)
_READY: Final = Session("ready", "recorded", True, "demo", None, None, 0, 0)
_STALE: Final = Session("stale", "no tick has been heard for too long", True, "demo", None, None, 0, 0)


class Said(NamedTuple):
    """One signal, with what was known as it was given; an unknown payout is `UNKNOWN`."""

    id: str
    plan: int
    asset: str
    side: Side
    expiry: Millis
    candle: Millis
    quality: int
    confidence: float
    probability: float | None
    signalled: Millis
    payout: int
    is_open: int
    stale: bool


@dataclass(frozen=True, slots=True)
class Judge:
    """Decides on signals as the playbook and the shadow trades of a desk do.

    The promise: stakes and refusals come from `Policy.stake` and `risk.before_shadow`, in the same order.
    """

    settings: Backtest
    plans: Sequence[Plan]

    def stake(self, said: Said, ledger: Ledger, balance: Decimal, results: tuple[Result, ...]) -> Decimal | Refusal:
        """What is staked on a signal, or why nothing is."""
        payout = None if said.payout == UNKNOWN else said.payout
        plan = self.plans[said.plan]
        stake = plan.staking.stake(StakeState(balance, payout, said.confidence, results, said.probability))
        if isinstance(stake, Refusal):
            return stake
        return self._refusal(said, stake, ledger, balance) or self._broker(said) or stake

    def _broker(self, said: Said) -> Refusal | None:
        if not self.settings.refuse or not refused_by_broker(said.id, self.settings):
            return None
        return Refusal("order_refused", "the broker turned it down")

    def _refusal(self, said: Said, stake: Decimal, ledger: Ledger, balance: Decimal) -> Refusal | None:
        plan, settings = self.plans[said.plan], self.settings
        payout = None if said.payout == UNKNOWN else said.payout
        quality: Quality = QUALITIES[said.quality]
        order = Order(
            said.id,
            said.id,
            said.asset,
            said.side,
            stake,
            said.expiry,
            said.signalled,
            said.signalled + settings.good_for,
            plan.name,
        )
        picture = risk.Picture(
            at=said.signalled,
            session=_STALE if said.stale else _READY,
            expected=None,
            switch=_SWITCH,
            asset=listed(said.asset, said.payout, said.is_open, settings),
            exposure=ledger.exposures(
                said.signalled, None, asset=said.asset, plan=plan.name, candle=said.candle, besides=said.id
            ),
            journal=None,
            balance=balance,
            intent=Intent(plan.name, plan.limits, said.confidence, said.probability, said.candle, quality, payout),
        )
        return risk.before_shadow(order, picture, settings.risk)
