"""A desk with plans, a journal and guards, and nobody's page: what is done to orders is done by hand."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from qfluxd.deskside import Deskside as Company
from qfluxd.model import (
    Account,
    Asset,
    Assets,
    Balance,
    Event,
    Fact,
    Millis,
    Note,
    Order,
    PlanSwitched,
    Sighting,
    Situation,
    Tick,
    Trade,
    Verdict,
)
from qfluxd.plans.plan import Plan
from qfluxd.settings import MarketSettings, RiskSettings
from qfluxd.trading.journal import Journal
from qfluxd.trading.shadow import ShadowDeal
from tests.support.stand import ASSET, BEGIN, DELAY, EASY, OTHER

LATENCY: Millis = 400


class Deskside:
    """One daemon's desk. Times are milliseconds after `BEGIN` by the broker's clock; this machine's is `DELAY` more.

    `account` is the one that the driver wants in front.
    """

    account: Account | None = "demo"
    keeps_shadow = False

    def __init__(self, folder: Path, *plans: Plan, timeframes: Sequence[str] = ("5s", "15s"), **risk: object) -> None:
        self.at: Millis = BEGIN
        self.said: list[Fact] = []
        self.noted: list[Note] = []
        self.deals: list[ShadowDeal] = []
        self.resumed: list[Millis] = []
        self.hearers: list[Callable[[Fact], object]] = []
        """Each hears what the desk says, as it says it."""
        settings = RiskSettings.model_validate({"max_open": 100, "max_daily_loss": 10_000, **risk})
        self.journal = Journal(folder, BEGIN, durable=False)
        market = MarketSettings.model_validate({"timeframes": list(timeframes)})
        side = Company(
            market,
            settings,
            EASY,
            self.journal,
            self._say,
            server_offset=0,
            latency=LATENCY,
            account="demo",
            clock=lambda: self.at,
            note=self.noted.append,
            on_shadow=lambda deal: self._on_deal(deal),
            keep_shadow=self.keeps_shadow,
        )
        self.desk, self.orders, self.shadowing = side.desk, side.orders, side.shadowing
        self.guards, self.acts = side.guards, side.acts
        self.acts.on_resumed = self.resumed.append
        self.orders.begin(BEGIN)
        self.desk.plans.replace(plans)

    def _say(self, fact: Fact) -> None:
        self.said.append(fact)
        for hear in self.hearers:
            hear(fact)

    def _on_deal(self, deal: ShadowDeal) -> None:
        self.deals.append(deal)

    # ------------------------------------------------------------------------------------------------ the market

    def connect(self, payout: int = 92) -> "Deskside":
        """The page is there, the demo account in front, two assets listed, and a tick of each has come."""
        assets = [
            Asset(name, name, "currency", 5, payout, True, True, (5_000, 60_000), 5_000) for name in (ASSET, OTHER)
        ]
        self.hear(Situation("connected", "market data"), Assets(tuple(assets)), Balance(Decimal(1_000), "demo"))
        return self.run(500, ASSET, OTHER)

    def hear(self, *events: Event) -> None:
        """The desk hears these now."""
        for event in events:
            self.desk.hear(self.at, event)

    def run(self, until: Millis, *assets: str, price: Any = lambda at: 1.1) -> "Deskside":
        """Ticks twice a second up to a moment, with the beats between them."""
        first = max(0, (self.at - DELAY - BEGIN) // 500 * 500 + 500) if self.at > BEGIN else 0
        for at in range(first, until, 500):
            for beat in range((self.at // 100 + 1) * 100, BEGIN + at + DELAY, 100):
                self.desk.beat(beat)
            self.at = BEGIN + at + DELAY
            for asset in assets or (ASSET,):
                self.hear(Tick(asset, BEGIN + at, price(at)))
        return self

    # ------------------------------------------------------------------------------------------------ what came of it

    def sighting(self, order: Order) -> Sighting:
        """The page as it is when it is set for an order."""
        return Sighting(order.asset, order.expiry, order.stake, 92, "demo", "demo", available=True)

    def switch(self, name: str, *, enabled: bool = True, mode: Any = "live") -> Any:
        """A person turns a plan."""
        return self.acts.switch(PlanSwitched(name, enabled, mode, "command", "test", self.at))

    @property
    def trades(self) -> list[Trade]:
        """The trades of the journal, oldest first."""
        return self.journal.trades(1_000)[::-1]

    @property
    def verdicts(self) -> list[Verdict]:
        """What became of signals, each time it was told."""
        return [fact for fact in self.said if isinstance(fact, Verdict)]

    def order(self, number: int = 0) -> Order:
        """What a plan wants, as the guards know it, by its place in the journal."""
        trade = self.trades[number]
        assert trade.request is not None
        expires = trade.received + EASY.good_for
        return Order(
            trade.id,
            trade.request,
            trade.asset,
            trade.side,
            trade.stake,
            trade.expiry,
            trade.received,
            expires,
            trade.plan,
        )

    def close(self) -> None:
        """The journal is let go of."""
        self.journal.close()
