"""The desk and what stands beside it: the orders, their guards, the one door for what is done, and deals on paper."""

from collections.abc import Callable

from qfluxd.acts import Acts
from qfluxd.desk import Desk, Say
from qfluxd.guards import Guards
from qfluxd.model import Account, Millis, Note
from qfluxd.plans.playbook import Rules
from qfluxd.ports import Passing, pass_on
from qfluxd.settings import MarketSettings, RiskSettings
from qfluxd.shadowing import Shadowing
from qfluxd.trading.journal import Journal
from qfluxd.trading.orders import Orders
from qfluxd.trading.shadow import ShadowDeal


class Deskside:
    """One desk with its company.

    The promise: live, in a replay and in a test they hear of each other in the same way, and so decide the same.
    """

    def __init__(
        self,
        market: MarketSettings,
        limits: RiskSettings,
        rules: Rules,
        journal: Journal,
        say: Say,
        *,
        server_offset: int,
        latency: Millis,
        account: Account | None,
        clock: Callable[[], Millis] | None = None,
        passing: Passing = pass_on,
        note: Callable[[Note], None] = lambda note: None,
        on_shadow: Callable[[ShadowDeal], None] = lambda deal: None,
        keep_shadow: bool = True,
    ) -> None:
        """Call `orders.begin` before anything is heard.

        `clock` is this machine's, by default the desk's own newest moment; `latency` (ms) lies between a signal and the
        entry of a deal on paper, `account` is the one that should be in front. `note` keeps what is not in the frames,
        `on_shadow` hears of each step of a deal on paper; with `keep_shadow` the journal has it before.
        """
        now = clock or (lambda: self.desk.at)

        def follow(deal: ShadowDeal) -> None:
            if keep_shadow:
                self.orders.keep(deal, now())
            self.shadowing.on_deal(deal)
            on_shadow(deal)

        # By the desk's clock the orders of a minute are counted, as a replay counts them.
        self.orders = Orders(journal, limits, say, passing, now=now, timer=lambda: (self.desk.at or now()) / 1000)
        self.desk = Desk(market, say, server_offset=server_offset, orders=self.orders, rules=rules, keep_shadow=follow)
        self.shadowing = Shadowing(self.desk, limits, latency)
        self.guards = Guards(self.desk, self.orders, account, limits)
        self.acts = Acts(self.desk, self.orders, self.guards, now, note)
        self.acts.on_resumed = self.shadowing.resume
        self.acts.on_compared = self.shadowing.compare
        self.desk.repeat = self.acts.repeat
        self.desk.note = note
        self.desk.plans.live = self.acts.follow
        self.desk.plans.shadow = self.shadowing.open

    def limit(self, limits: RiskSettings) -> None:
        """Apply limits that have changed."""
        self.guards.settings = limits
        self.orders.reconfigure(limits)
        self.shadowing.reconfigure(limits)
