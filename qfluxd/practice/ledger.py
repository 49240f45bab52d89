"""The money of both accounts, and the deals it is in."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from itertools import groupby

from msgspec.structs import replace

from qfluxd.model import Account, Millis
from qfluxd.practice.deals import PracticeDeal, closed_at, refunded

LISTED = 20
"""How many deals a list on the wire holds."""
_KEPT = 500

type PriceAt = Callable[[str, Millis], float | None]
"""The price of a symbol in force at a moment of the broker's clock; None where nobody can tell."""


class Ledger:
    """Two balances and their deals; demo and real never touch.

    The promise: a balance is always what it began with, plus the profit of every settled deal, less the stakes of the
    open ones.
    """

    def __init__(
        self,
        balances: Mapping[Account, Decimal],
        open_deals: Iterable[PracticeDeal] = (),
        closed: Iterable[PracticeDeal] = (),
    ) -> None:
        self.balances: dict[Account, Decimal] = dict(balances)
        self._open = {deal.id: deal for deal in open_deals}
        self._closed = list(closed)

    @property
    def open_deals(self) -> tuple[PracticeDeal, ...]:
        """Every open deal, oldest first."""
        return tuple(self._open.values())

    @property
    def closed_deals(self) -> tuple[PracticeDeal, ...]:
        """The settled deals that are still known, oldest first."""
        return tuple(self._closed)

    def opened(self, account: Account) -> list[PracticeDeal]:
        """The open deals of one account as they are listed: newest first."""
        return [deal for deal in reversed(self._open.values()) if deal.account == account][:LISTED]

    def closed(self, account: Account) -> list[PracticeDeal]:
        """The latest settled deals of one account as they are listed: newest first."""
        return [deal for deal in reversed(self._closed) if deal.account == account][:LISTED]

    def count(self, account: Account) -> int:
        """How many deals of one account are open."""
        return sum(deal.account == account for deal in self._open.values())

    def open(self, deal: PracticeDeal) -> None:
        """Take the stake and keep the deal; whether there is enough is asked before."""
        self.balances[deal.account] -= deal.stake
        self._open[deal.id] = deal

    def settle(self, now: Millis, price_at: PriceAt) -> list[list[PracticeDeal]]:
        """Settle what has expired, at the price in force at its expiry; those of one account and moment together."""
        due = sorted((deal for deal in self._open.values() if deal.closes <= now), key=_batch)
        return [[self._close(deal, now, price_at) for deal in deals] for _, deals in groupby(due, key=_batch)]

    def _close(self, deal: PracticeDeal, now: Millis, price_at: PriceAt) -> PracticeDeal:
        price = price_at(deal.asset, deal.closes)
        return self._finish(refunded(deal, now) if price is None else closed_at(deal, price, now))

    def _finish(self, deal: PracticeDeal) -> PracticeDeal:
        del self._open[deal.id]
        self._closed = [*self._closed[1 - _KEPT :], deal]
        self.balances[deal.account] += deal.stake + (deal.profit or 0)
        return deal

    def refund(self, now: Millis) -> None:
        """Give every stake back: nobody can tell any more what the open deals are about."""
        for deal in self.open_deals:
            self._finish(refunded(deal, now))

    def cut_short(self, now: Millis) -> None:
        """Let every open deal expire at this moment."""
        for deal in self.open_deals:
            self._open[deal.id] = replace(deal, closes=min(deal.closes, now))


def _batch(deal: PracticeDeal) -> tuple[Millis, Account]:
    return deal.closes, deal.account
