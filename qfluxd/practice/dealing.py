"""The practice broker's trading desk: orders in, deals out, settled when their time has come."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from qfluxd.model import Account, Millis
from qfluxd.practice.account import PracticeAccount
from qfluxd.practice.assets import Catalogue
from qfluxd.practice.clock import AHEAD
from qfluxd.practice.deals import PracticeDeal, new_id, number, row
from qfluxd.practice.ledger import PriceAt
from qfluxd.practice.market import plain
from qfluxd.practice.orderlog import OrderLog, OrderSeen
from qfluxd.practice.requests import OpenOrder
from qfluxd.practice.rules import Rules, closing
from qfluxd.trading.settlement import cents

_UNREADABLE = "the order cannot be read"


class Dealing:
    """Takes orders and settles deals; it never waits and sends nothing.

    An order that comes twice opens two deals, whatever its request id, as on the platform.
    """

    def __init__(
        self, account: PracticeAccount, catalogue: Catalogue, price_at: PriceAt, rules: Rules, log: OrderLog
    ) -> None:
        self.log = log
        self._account = account
        self._ledger = account.ledger
        self._catalogue = catalogue
        self._price_at = price_at
        self._rules = rules

    def receive(self, order: OpenOrder, account: Account, now: Millis) -> PracticeDeal | str:
        """Open a deal at the price in force, or say in a sentence why not."""
        objection = self._rules.objection(order, account, self._ledger, self._catalogue, now)
        price = None if objection else self._price(order.asset, now)
        if objection is None and price is not None:
            deal = self._deal(order, account, price, now)
            self._note(order, account, now, deal=deal.id)
            self._ledger.open(deal)
            self._account.keep()
            return deal
        refused = objection or "there is no price of this asset yet"
        self._note(order, account, now, refused=refused)
        return refused

    def lose(self, order: OpenOrder, account: Account, now: Millis) -> None:
        """Put an order on record that is to count as never having come."""
        self._note(order, account, now, refused="lost")

    def misread(self, body: object, account: Account, now: Millis) -> dict[str, Any]:
        """Put on record what was no order; the refusal of it as the platform writes one."""
        told = body if isinstance(body, dict) else {}
        request = told.get("requestId")
        self.log.add(
            OrderSeen(
                at=now - AHEAD,
                request=request if isinstance(request, int | str) else None,
                account=account,
                asset=None,
                side=None,
                stake=None,
                expiry=None,
                refused=_UNREADABLE,
            )
        )
        return {"error": _UNREADABLE, "amount": 0, "asset": str(told.get("asset", ""))[:40]}

    def settle(self, now: Millis) -> list[list[PracticeDeal]]:
        """Settle what has expired; one list for each account and moment."""
        settled = self._ledger.settle(now, self._price)
        if settled:
            self._account.keep()
        return settled

    def settle_early(self, now: Millis) -> list[list[PracticeDeal]]:
        """Let every open deal expire at this moment."""
        self._ledger.cut_short(now)
        return self.settle(now)

    def take_up(self, now: Millis, same_market: bool) -> None:
        """Begin where the account was left: settle what has expired since, refund what is about another market."""
        if not same_market:
            self._ledger.refund(now)
        self._ledger.settle(now, self._price)
        self._account.keep()

    # ------------------------------------------------------------------------------ as the platform writes it

    def opening(self, order: OpenOrder, deal: PracticeDeal) -> dict[str, Any]:
        """`successopenOrder`: the deal, with the page's own id of the order."""
        return row(deal, self._account.uid) | {"requestId": order.request_id}

    def refusal(self, order: OpenOrder, reason: str) -> dict[str, Any]:
        """`failopenOrder`."""
        return {"error": reason, "amount": plain(float(order.amount)), "asset": order.asset}

    def settlement(self, deals: Sequence[PracticeDeal]) -> dict[str, Any]:
        """`successcloseOrder`: the deals that expired together, and their profits in one sum."""
        profit = sum((deal.profit or Decimal(0) for deal in deals), Decimal(0))
        return {"profit": number(profit), "deals": [row(deal, self._account.uid) for deal in deals]}

    def open_rows(self, account: Account) -> list[dict[str, Any]]:
        """`updateOpenedDeals`, newest first."""
        return [row(deal, self._account.uid) for deal in self._ledger.opened(account)]

    def closed_rows(self, account: Account) -> list[dict[str, Any]]:
        """`updateClosedDeals`: the latest twenty, newest first."""
        return [row(deal, self._account.uid) for deal in self._ledger.closed(account)]

    # -------------------------------------------------------------------------------------------------- inside

    def _price(self, asset: str, at: Millis) -> float | None:
        return self._price_at(asset, at) if asset in self._catalogue else None

    def _deal(self, order: OpenOrder, account: Account, price: float, now: Millis) -> PracticeDeal:
        return PracticeDeal(
            id=new_id(),
            account=account,
            asset=order.asset,
            side=order.action,
            stake=cents(order.amount),
            payout=self._catalogue.payout(order.asset, now),
            opened=now,
            closes=closing(order, now),
            open_price=price,
        )

    def _note(
        self, order: OpenOrder, account: Account, now: Millis, *, deal: str | None = None, refused: str | None = None
    ) -> None:
        seen = OrderSeen(
            at=now - AHEAD,
            request=order.request_id,
            account=account,
            asset=order.asset,
            side=order.action,
            stake=order.amount,
            expiry=closing(order, now) - now // 1000 * 1000,
            deal=deal,
            refused=refused,
        )
        self.log.add(seen)
