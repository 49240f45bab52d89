"""The practice broker's trading desk without its sockets: orders, time and restarts by hand."""

from decimal import Decimal
from pathlib import Path

from qfluxd.model import Account, Millis
from qfluxd.practice.account import PracticeAccount, newcomer
from qfluxd.practice.assets import Catalogue, known_listings
from qfluxd.practice.clock import MarketClock
from qfluxd.practice.dealing import Dealing
from qfluxd.practice.deals import PracticeDeal
from qfluxd.practice.ledger import PriceAt
from qfluxd.practice.memory import Memory, recall
from qfluxd.practice.orderlog import ORDERS, OrderLog
from qfluxd.practice.requests import understand
from qfluxd.practice.rules import Rules
from tests.support.practice_orders import order

CATALOGUE = Catalogue(known_listings(), seed=1)
START: Millis = 1_793_613_601_234 + 7_200_000
"""A Monday on the broker's clock."""


class Desk:
    """A desk at a moment of its own; `prices` is asked for every price."""

    def __init__(self, prices: PriceAt, file: Path | None = None, balance: Decimal = Decimal(1000)) -> None:
        self.now = START
        self.market = "one"
        self._prices = prices
        self._file = file
        self._balance = balance
        self.open()

    def open(self) -> None:
        """Start, from the file if there is one."""
        snapshot = recall(self._file)
        new = newcomer(self._balance, Decimal(250), "EURUSD_otc", ["EURUSD_otc"])
        memory = Memory(self._file, self.market, MarketClock(self.now))
        self.account = PracticeAccount(snapshot.account if snapshot else new, memory)
        orders = OrderLog(None if self._file is None else self._file.with_name(ORDERS))
        self.dealing = Dealing(self.account, CATALOGUE, self._prices, Rules(), orders)
        self.dealing.take_up(self.now, same_market=snapshot is None or snapshot.market == self.market)

    def send(self, account: Account = "demo", **other: object) -> PracticeDeal | str:
        """An order as the page sends it; the deal, or why there is none."""
        return self.dealing.receive(understand("openOrder", (order(**other),)), account, self.now)
