"""The last word before a click, and what became of it, for one order on its way through the page."""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from qfluxd.acts import Acts
from qfluxd.errors import DataError, Unavailable
from qfluxd.guards import Guards
from qfluxd.model import Millis, Order, Refusal, Sighting


@dataclass(frozen=True, slots=True)
class OrderPermit:
    """The last word before each click of one order (`qfluxd.ports.Permit`)."""

    guards: Guards
    acts: Acts
    order: Order
    now: Callable[[], Millis]

    def ask(self, sighting: Sighting, attempt: int) -> Refusal | None:
        """Whether the button may be pressed now; None only once the journal has it."""

        def refused(at: Millis) -> Refusal | None:
            return self.guards.at_click(self.order, sighting, at)

        return refused(self.now()) or self.acts.clicking(self.order.id, sighting.account_label, attempt, refused)

    def still(self, sighting: Sighting) -> Refusal | None:
        """Whether the order whose click is out may be gone on with; its button needs not take another one."""
        seen = msgspec.structs.replace(sighting, available=True)
        return self.guards.at_click(self.order, seen, self.now()) or self._over()

    def clicked(self, attempt: int, landed: bool | None) -> None:
        """It was pressed."""
        self.acts.clicked(self.order.id, attempt, landed)

    def _over(self) -> Refusal | None:
        """Why a click for this order is not expected any more."""
        try:
            trade = self.guards.orders.trade(self.order.id)
        except (DataError, Unavailable) as problem:
            return Refusal("journal_failed", str(problem))
        if trade is not None and trade.stage == "clicking":
            return None
        return Refusal("busy", "nobody waits for this order's click any more")
