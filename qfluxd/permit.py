"""The guards at work: what an order is asked before the page is touched, before its click and after it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec

from qfluxd.desk import Desk
from qfluxd.errors import DataError, Unavailable
from qfluxd.model import Millis, Order, Refusal, Sighting
from qfluxd.ports import Driver
from qfluxd.settings import RiskSettings
from qfluxd.trading import risk
from qfluxd.trading.orders import Orders

LEAVING: Final = Refusal("stopping", "the daemon is stopping and takes no new orders")


@dataclass(slots=True)
class Guards:
    """Asks `qfluxd.trading.risk` with all that is known at that very moment.

    The promise: no answer rests on what was true at the last beat. `leaving` lets nothing more through.
    """

    desk: Desk
    orders: Orders
    driver: Driver
    settings: RiskSettings
    now: Callable[[], Millis]
    leaving: bool = False

    def before(self, order: Order) -> Refusal | None:
        """Whether the page may be worked for an order."""
        return LEAVING if self.leaving else risk.before(order, self._picture(order), self.settings)

    def at_click(self, order: Order, sighting: Sighting) -> Refusal | None:
        """Whether it may be clicked, or gone on with, where the page shows this."""
        return LEAVING if self.leaving else risk.at_click(order, sighting, self._picture(order), self.settings)

    def _picture(self, order: Order) -> risk.Picture:
        at = self.now()
        session = self.desk.session_at(at)
        return risk.Picture(
            at=at,
            session=session,
            expected=self.driver.account,
            switch=self.orders.switch,
            asset=next((asset for asset in self.desk.assets() if asset.symbol == order.asset), None),
            exposure=self.orders.exposure(at, session.account, order.id),
            journal=self.orders.trouble,
        )


@dataclass(frozen=True, slots=True)
class OrderPermit:
    """The last word before each click of one order (`qfluxd.ports.Permit`)."""

    guards: Guards
    order: Order

    def ask(self, sighting: Sighting, attempt: int) -> Refusal | None:
        """Whether the button may be pressed now; None only once the journal has it."""
        guards, order = self.guards, self.order
        refusal = guards.at_click(order, sighting)
        return refusal or guards.orders.clicking(order.id, guards.now(), sighting.account_label, attempt)

    def still(self, sighting: Sighting) -> Refusal | None:
        """Whether the order whose click is out may be gone on with; its button needs not take another one."""
        seen = msgspec.structs.replace(sighting, available=True)
        return self.guards.at_click(self.order, seen) or self._over()

    def clicked(self, attempt: int, landed: bool | None) -> None:
        """It was pressed."""
        self.guards.orders.clicked(self.order.id, self.guards.now(), attempt, landed)

    def _over(self) -> Refusal | None:
        """Why a click for this order is not expected any more."""
        try:
            trade = self.guards.orders.trade(self.order.id)
        except (DataError, Unavailable) as problem:
            return Refusal("journal_failed", str(problem))
        if trade is not None and trade.stage == "clicking":
            return None
        return Refusal("busy", "nobody waits for this order's click any more")
