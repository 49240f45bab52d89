"""The guards at work: what an order is asked, with all that is known at that very moment."""

from dataclasses import dataclass, field
from typing import Final

import msgspec

from qfluxd.desk import Desk
from qfluxd.model import Account, Millis, Order, Refusal, Sighting
from qfluxd.settings import RiskSettings
from qfluxd.trading import risk
from qfluxd.trading.orders import Orders
from qfluxd.trading.risk import Intent

LEAVING: Final = Refusal("stopping", "the daemon is stopping and takes no new orders")


@dataclass(slots=True)
class Guards:
    """Asks `qfluxd.trading.risk` with all that is known at that very moment.

    The promise: no answer rests on what was true at the last beat. `leaving` lets nothing more through, nor does a
    `rival`, a sentence about another daemon that would do the same. `expected` is the account that must be in front,
    None where every account is play money.
    """

    desk: Desk
    orders: Orders
    expected: Account | None
    settings: RiskSettings
    leaving: bool = False
    rival: str = ""
    intents: dict[str, Intent] = field(default_factory=dict)
    """Why a plan wants an order, by the order's id, for as long as it is on its way."""

    def before(self, order: Order, at: Millis) -> Refusal | None:
        """Whether the page may be worked for an order; `at` is this machine's clock."""
        return self._unwanted(order) or risk.before(order, self._picture(order, at), self.settings)

    def at_click(self, order: Order, sighting: Sighting, at: Millis) -> Refusal | None:
        """Whether it may be clicked, or gone on with, where the page shows this."""
        return self._unwanted(order) or risk.at_click(order, sighting, self._picture(order, at), self.settings)

    def _unwanted(self, order: Order) -> Refusal | None:
        """Nobody wants an order of a plan any more that was turned off, benched or taken off live trading meanwhile."""
        if self.leaving:
            return LEAVING
        if self.rival:
            return Refusal("name_taken", self.rival)
        plans, name = self.desk.plans, order.plan
        if name is None or plans.trades(name):
            return None
        if plans.plan(name) is None:
            return Refusal("strategy_unknown", f"strategy {name} was taken out of the configuration meanwhile")
        return Refusal("strategy_off", f"strategy {name} was turned off, benched or taken off live trading meanwhile")

    def _picture(self, order: Order, at: Millis) -> risk.Picture:
        session, account = self.desk.session_at(at), self.desk.account
        intent = self._intent(order)
        candle = None if intent is None else intent.candle
        exposure = self.orders.exposures(at, session.account, order, candle)
        return risk.Picture(
            at=at,
            session=session,
            expected=self.expected,
            switch=self.orders.switch,
            asset=self.desk.asset(order.asset),
            exposure=exposure,
            journal=self.orders.trouble,
            balance=None if account is None else account.balance,
            intent=intent,
        )

    def _intent(self, order: Order) -> Intent | None:
        """Why a plan wants it, with the limits that the plan has now: a reload may have tightened them meanwhile."""
        intent = self.intents.get(order.id)
        plan = None if intent is None else self.desk.plans.plan(intent.plan)
        return intent if intent is None or plan is None else msgspec.structs.replace(intent, limits=plan.limits)
