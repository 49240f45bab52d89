"""A broker on paper: takes orders, opens deals at the prices that are heard, settles them, and keeps the money."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from qfluxd.drivers.paper.chance import Chance
from qfluxd.drivers.paper.kept import Kept, keep
from qfluxd.drivers.paper.settings import Config
from qfluxd.drivers.paper.ways import Way, Ways
from qfluxd.model import (
    Account,
    Asset,
    Assets,
    Balance,
    ClosedDeals,
    Deal,
    DealOpened,
    DealsSettled,
    Millis,
    OpenDeals,
    Order,
    OrderRefused,
    OrderSent,
    Tick,
)
from qfluxd.trading.settlement import Course, compare, profit

ACCOUNT: Final[Account] = "demo"
"""A paper account is play money, and so it is called what the broker's own play money is called."""

_LISTED: Final = 20
"""Closed deals that a list holds, as the broker's does."""
_BY_CHANCE: Final = "the order was not accepted"
_REASONS: Final = {
    "quiet": "its asset was silent when it ended",
    "feed_lost": "nothing was heard when it ended",
    "restarted": "the daemon was away when it ended",
}


class Advice(msgspec.Struct, frozen=True):
    """Something that a person should know; `code` is a stable word, `detail` a sentence."""

    code: str
    detail: str


type Word = Balance | DealOpened | DealsSettled | OrderRefused | Advice
"""What the paper broker says of itself."""


class PaperAccount:
    """One account and its deals.

    The promise: what it says rests on orders, ticks, times and lists of assets alone, in the order in which they came.
    Its balance is what it began with, plus the profit of every settled deal, less the stakes of the open ones; the
    stake of a deal of which nobody can tell the end goes back. All that is on the disk before it is said.
    """

    def __init__(self, config: Config, kept: Kept | None = None, file: Path | None = None) -> None:
        """`kept` is the account as it was left, None for a new one; without `file` nothing is written."""
        before = kept or Kept(on=config.on, currency=config.currency, balance=config.balance)
        self._config = config
        self._file = file
        self._quiet_after = round(config.quiet_after * 1000)
        self._balance = before.balance
        self._currency = before.currency
        self._orders = before.orders
        self._closed = before.closed
        self._listed: dict[str, Asset] = {}
        self._ways = Ways()
        self._advice: list[Word] = []
        self._is_written = True
        for deal in before.open:
            if before.on == config.on:
                course = Course.resumed(deal.opened, deal.closes, deal.open_price, self._quiet_after)
                self._ways.add(Way(deal.asset, course, deal=deal))
            else:
                self._give_back(deal, f"it was opened on the prices of {before.on}")

    # ------------------------------------------------------------------------------------------------ what there is

    @property
    def balance(self) -> Balance:
        """What it holds beside the stakes of its open deals."""
        return Balance(self._balance, ACCOUNT, self._currency)

    def lists(self) -> tuple[OpenDeals, Balance, ClosedDeals]:
        """All that the broker tells after a login, in its order."""
        return OpenDeals(tuple(self._ways.deals())), self.balance, ClosedDeals(self._closed)

    def listed(self, symbol: str) -> Asset | None:
        """What the market says of an asset."""
        return self._listed.get(symbol)

    @property
    def is_awaited(self) -> bool:
        """Whether an order is on its way that has not been answered."""
        return any(way.deal is None for way in self._ways)

    # ------------------------------------------------------------------------------------------------ what happens

    def place(self, order: Order, clicked: Millis) -> OrderSent:
        """Send an order at `clicked`, by the broker's clock; it is answered when it has come there."""
        self._orders += 1
        delay, refused = Chance(self._config, self._orders).draw()
        course = Course(clicked + delay, order.expiry, self._quiet_after)
        self._ways.add(Way(order.asset, course, order, refused))
        return OrderSent(order.asset, order.side, order.stake, order.expiry, ACCOUNT, order.id)

    def on_assets(self, listed: Assets) -> None:
        """The market tells its assets: what can be traded, and what it pays."""
        self._listed = {asset.symbol: asset for asset in listed.assets}

    def on_tick(self, tick: Tick) -> Sequence[Word]:
        """Take a tick; what the broker says to that."""
        return self._follow([way for way in self._ways.of(tick.asset) if way.course.hear(tick.at, tick.price)])

    def on_time(self, now: Millis) -> Sequence[Word]:
        """Let the broker's time pass; what the broker says to that."""
        return self._follow([way for way in self._ways if way.course.pass_time(now)])

    def lose_feed(self) -> Sequence[Word]:
        """Nothing is heard until the next tick: orders on their way find no price."""
        return self._follow([way for way in self._ways if way.course.lose()])

    # ------------------------------------------------------------------------------------------------------ inside

    def _follow(self, changed: list[Way]) -> Sequence[Word]:
        """What comes of ways that have come further, written down before it is said."""
        words: list[Word] = []
        settled: list[Deal] = []
        before = self._balance
        for way in changed:
            match way.course.fate:
                case "open":
                    words.append(self._answer(way))
                case "closed":
                    settled.append(self._settle(way))
                case "unknown":
                    self._lose(way)
                case _:
                    words.append(self._turn_down(way, "there is no price of this asset"))
        if settled:
            words.append(DealsSettled(tuple(settled)))
        if self._balance != before:
            words.append(self.balance)
        if changed:
            self._write()
        if self._advice:
            words += self._advice
            self._advice = []
        return words

    def _answer(self, way: Way) -> DealOpened | OrderRefused:
        """An order has come to the broker."""
        order, course = way.order, way.course
        assert order is not None
        asset = self._listed.get(order.asset)
        if asset is None:
            return self._turn_down(way, "there is no such asset")
        if objection := self._objection(order, asset) or (_BY_CHANCE if way.refused else None):
            return self._turn_down(way, objection)
        way.deal = Deal(
            id=f"paper-{order.id}",
            asset=order.asset,
            side=order.side,
            stake=order.stake,
            payout=asset.payout,
            opened=course.opened,
            closes=course.closes,
            open_price=course.price,
            account=ACCOUNT,
            currency=self._currency,
        )
        self._balance -= order.stake
        return DealOpened(way.deal, order.id)

    def _objection(self, order: Order, asset: Asset) -> str | None:
        """Why the order is not taken, in a sentence; None where nothing speaks against it."""
        if not asset.open:
            return "trading is closed for this asset now"
        if order.expiry < asset.min_expiry:
            return "this expiration is not offered for this asset"
        if len(self._ways.deals()) >= self._config.max_open:
            return f"at most {self._config.max_open} trades can be open"
        return "there is not enough money on the account" if order.stake > self._balance else None

    def _turn_down(self, way: Way, error: str) -> OrderRefused:
        self._ways.remove(way)
        assert way.order is not None
        return OrderRefused(error, way.asset, way.order.stake)

    def _settle(self, way: Way) -> Deal:
        deal, price = way.deal, way.course.close_price
        assert deal is not None
        assert price is not None
        self._ways.remove(way)
        asset = self._listed.get(deal.asset)
        result = compare(deal.side, deal.open_price, price, None if asset is None else asset.digits)
        earned = profit(result, deal.stake, deal.payout)
        self._balance += deal.stake + earned
        closed = msgspec.structs.replace(deal, close_price=price, profit=earned)
        self._closed = (closed, *self._closed)[:_LISTED]
        return closed

    def _lose(self, way: Way) -> None:
        assert way.deal is not None
        self._ways.remove(way)
        self._give_back(way.deal, _REASONS[way.course.why])

    def _give_back(self, deal: Deal, why: str) -> None:
        """Nobody can tell how the deal ended: it is neither won nor lost."""
        self._balance += deal.stake
        self._advice.append(Advice("paper_unknown", f"{deal.id}: {why}; its stake of {deal.stake} was given back"))

    def _write(self) -> None:
        """Put it on the disk; trouble with that is told when it begins."""
        if self._file is None:
            return
        now = Kept(
            on=self._config.on,
            currency=self._currency,
            balance=self._balance,
            orders=self._orders,
            open=tuple(self._ways.deals()),
            closed=self._closed,
        )
        try:
            keep(self._file, now)
        except OSError as error:
            if self._is_written:
                what = f"{self._file} cannot be written ({error.strerror}): a restart forgets what happens from now on"
                self._advice.append(Advice("paper_unwritten", what))
            self._is_written = False
        else:
            self._is_written = True
