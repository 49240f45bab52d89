"""When the practice broker takes an order, and what it says when it does not."""

from decimal import Decimal

import msgspec

from qfluxd.model import Account, Millis
from qfluxd.practice.assets import Catalogue
from qfluxd.practice.ledger import Ledger
from qfluxd.practice.requests import OpenOrder
from qfluxd.trading import settlement

_LONGEST: Millis = 43_200_000
_STEP: Millis = 60_000


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What an order may be; stakes in the account's currency, `most_open` deals at a time on each account."""

    min_stake: Decimal = Decimal(1)
    max_stake: Decimal = Decimal(50_000)
    most_open: int = 10

    def objection(
        self, order: OpenOrder, account: Account, ledger: Ledger, catalogue: Catalogue, now: Millis
    ) -> str | None:
        """Why this order is not taken, in a sentence; None where nothing speaks against it."""
        if order.account != account:
            return "the order is for the other account"
        if order.asset not in catalogue:
            return "there is no such asset"
        if not catalogue.is_open(order.asset, now):
            return "trading is closed for this asset now"
        return _about_expiry(order, catalogue, now) or self._about_money(order.amount, account, ledger)

    def _about_money(self, stake: Decimal, account: Account, ledger: Ledger) -> str | None:
        if not self.min_stake <= stake:
            return f"the minimum amount is ${self.min_stake:,}"
        if stake > self.max_stake:
            return f"the maximum amount is ${self.max_stake:,}"
        if ledger.count(account) >= self.most_open:
            return f"at most {self.most_open} trades can be open"
        if stake > ledger.balances[account]:
            return "there is not enough money on the account"
        return None


def closing(order: OpenOrder, now: Millis) -> Millis:
    """When a deal opened now by this order expires: a stamp in clock mode, else whole seconds after this second."""
    return order.time * 1000 if _clocked(order) else settlement.closing(now, order.time * 1000)


def _about_expiry(order: OpenOrder, catalogue: Catalogue, now: Millis) -> str | None:
    if _clocked(order):
        least, most = catalogue.clock_expiries(order.asset)
        most += _STEP
        length = order.time * 1000 - now
    else:
        least, most, length = catalogue.shortest(order.asset), _LONGEST, order.time * 1000
    return None if least <= length <= most else "this expiration is not offered for this asset"


def _clocked(order: OpenOrder) -> bool:
    """Whether the order names the moment it closes and not its length."""
    return order.time > 10 * _LONGEST // 1000
