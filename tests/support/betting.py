"""Orders of plans and of commands without page or desk: a broker that takes them, and all that really happened."""

from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Literal

import msgspec

from qfluxd.model import (
    MINUTE,
    SECOND,
    Asset,
    Balance,
    ClosedDeals,
    Deal,
    DealOpened,
    DealsSettled,
    Event,
    Fact,
    LoggedIn,
    Millis,
    OpenDeals,
    Order,
    OrderRefused,
    OrderSent,
    Refusal,
    Session,
    Sighting,
    Trade,
    TradingState,
)
from qfluxd.settings import Limits, RiskSettings
from qfluxd.trading import risk
from qfluxd.trading.journal import Journal
from qfluxd.trading.orders import Orders
from qfluxd.trading.risk import Intent, Picture

type Fate = Literal["told", "late", "lost", "unsent", "refused", "missed"]
"""What becomes of a click: the deal is told at once, later, or never; nothing leaves the page; the broker refuses; the
click reaches no button."""

ASSETS = ("EURUSD_otc", "GBPUSD_otc", "#AAPL_otc")
PLANS = ("slow", "fast")
EXPIRY: Millis = MINUTE
PAYOUT = 92


@dataclass(slots=True)
class Bet:
    """An order or a deal by hand, as it really went. Times are the broker's, and right.

    `let_through` is when it passed the guards first, `out` whether its deal may exist or does, `deal` that deal,
    `settled` whether the broker has settled it, `told` when in the order of all that was told its result was.
    """

    asset: str
    plan: str | None
    candle: Millis | None
    stake: Decimal
    let_through: Millis | None = None
    out: bool = False
    deal: Deal | None = None
    settled: bool = False
    told: int | None = None

    @property
    def profit(self) -> Decimal:
        """What it came to; 0 before it is settled."""
        return Decimal(0) if self.deal is None or self.deal.profit is None else self.deal.profit

    @property
    def closes(self) -> Millis:
        """When its deal closes."""
        assert self.deal is not None
        return self.deal.closes


@dataclass
class Shop:
    """One account, its broker, and daemon after daemon on the same journal.

    `now` is the true time by the broker's clock; this machine's differs by `skew`, and a timer runs that nobody sets.
    """

    folder: Path
    risk: RiskSettings
    limits: Limits
    now: Millis
    skew: Millis = -750
    bets: dict[str, Bet] = field(default_factory=dict)
    answers: list[Event] = field(default_factory=list)
    ready: bool = False
    """Whether a tick was heard since the start, and since this machine's clock was set: else data is stale."""
    said: list[Fact] = field(default_factory=list)
    begun: Millis = 0
    count: int = 0
    results: int = 0
    resumed: int = 0
    """So many results had been told when trading was last resumed."""
    clean: bool = True
    """Whether everything that happened was told at once and for certain, and no clock was set."""

    def __post_init__(self) -> None:
        self.begun = self.now
        self.start()

    # ---------------------------------------------------------------------------------------------- the daemon

    @property
    def at(self) -> Millis:
        """This machine's clock."""
        return self.now + self.skew

    def start(self) -> None:
        """A daemon takes up the journal; it knows nothing of the broker's clock yet."""
        self.journal = Journal(self.folder, self.at)
        self.orders = Orders(
            self.journal,
            self.risk,
            self.said.append,
            now=lambda: self.at,
            timer=lambda: (self.now - self.begun) / SECOND,
        )
        self.orders.watchers.append(self.on_trade)
        self.orders.begin(self.at)
        self.ready = False

    def stop(self) -> None:
        """It is gone."""
        self.journal.close()

    def hear(self, *events: Event) -> None:
        """It hears these."""
        for event in events:
            self.orders.hear(self.at, self.now, event)

    def beat(self) -> None:
        """It lets time pass."""
        self.ready = True
        self.orders.beat(self.at, self.now, heard=True)

    def wait(self, length: Millis) -> None:
        """Time passes: second by second where it is short."""
        end, step = self.now + length, SECOND if length <= 2 * MINUTE else length
        while self.now < end:
            self.now = min(end, self.now + step)
            self.beat()
        overdue = (
            bet.deal is not None and not bet.settled and bet.closes + 9 * MINUTE < end for bet in self.bets.values()
        )
        self.clean = self.clean and not any(overdue)

    def set_clock(self, by: Millis) -> None:
        """Somebody sets this machine's clock."""
        self.skew += by
        self.ready = self.clean = False

    def turn(self, state: TradingState) -> None:
        """A person turns the switch."""
        assert self.orders.turn(state, "because", self.at) is None
        if state == "active":
            self.resumed = self.results

    # --------------------------------------------------------------------------------------------- an order's way

    def wish(self, plan: str | None, asset: str, stake: int, candle: Millis | None) -> tuple[Order, Intent | None]:
        """An order that a plan or a command asks for."""
        self.count += 1
        ident = f"o{self.count}"
        order = Order(ident, f'"{ident}"', asset, "call", Decimal(stake), EXPIRY, self.at, plan=plan)
        self.bets[ident] = Bet(asset, plan, candle, order.stake)
        intent = None
        if plan is not None:
            intent = Intent(plan, self.limits, 0.7, None, candle, None if candle is None else "whole", PAYOUT)
        return order, intent

    def picture(self, order: Order, intent: Intent | None) -> Picture:
        """All that is known now."""
        session = Session(
            "ready" if self.ready else "stale", "", True, "demo", order.asset, MINUTE, self.now - self.at, self.at
        )
        asset = Asset(order.asset, order.asset, "currency", 5, PAYOUT, True, True, (EXPIRY,), EXPIRY)
        candle = None if intent is None else intent.candle
        exposure = self.orders.exposures(self.at, "demo", order, candle)
        return Picture(
            self.at, session, "demo", self.orders.switch, asset, exposure, self.orders.trouble, Decimal(10**6), intent
        )

    def ask(self, order: Order, intent: Intent | None) -> Refusal | None:
        """It is received and judged; None where it was let through."""
        assert self.orders.receive(order, None if intent is None else intent.candle) is None
        refusal = risk.before(order, self.picture(order, intent), self.risk) or self.orders.intend(order.id, self.at)
        if refusal is None:
            self.bets[order.id].let_through = self.now
        else:
            self.orders.refuse(order.id, refusal, self.at)
        return refusal

    def click(self, order: Order, intent: Intent | None, fate: Fate) -> Refusal | None:
        """It is judged once more and clicked, and meets its fate."""
        sighting = Sighting(order.asset, order.expiry, order.stake, PAYOUT, "demo", "demo", True)
        refusal = risk.at_click(order, sighting, self.picture(order, intent), self.risk)
        refusal = refusal or self.orders.clicking(order.id, self.at, "demo", 1)
        if refusal is not None:
            self.orders.refuse(order.id, refusal, self.at)
            return refusal
        bet = self.bets[order.id]
        bet.out = fate in ("told", "late", "lost")
        self.clean = self.clean and fate in ("told", "missed")
        self._meet(order, bet, fate)
        return None

    def _meet(self, order: Order, bet: Bet, fate: Fate) -> None:
        sent = OrderSent(order.asset, order.side, order.stake, order.expiry, "demo", order.id)
        if bet.out:
            bet.deal = self.open(order.id, order.asset, order.stake)
        if fate != "missed":
            self.orders.clicked(order.id, self.at, 1, True)
        match fate:
            case "told":
                self.hear(sent, DealOpened(self._deal(bet), order.id))
            case "late":
                self.hear(sent)
                self.answers.append(DealOpened(self._deal(bet), order.id))
            case "lost":
                self.hear(sent)
            case "refused":
                self.hear(sent, OrderRefused("too late", order.asset, order.stake))
            case "missed":
                self.orders.clicked(order.id, self.at, 1, False)
                self.orders.refuse(order.id, Refusal("covered", "something lies over it"), self.at)
            case "unsent":
                pass

    # ------------------------------------------------------------------------------------------------ the broker

    def _deal(self, bet: Bet) -> Deal:
        assert bet.deal is not None
        return bet.deal

    def open(self, name: str, asset: str, stake: Decimal) -> Deal:
        """The broker opens a deal."""
        closes = self.now + EXPIRY - 150
        return Deal(f"d-{name}", asset, "call", stake, PAYOUT, self.now, closes, 1.1, "demo", "USD")

    def trade_by_hand(self, asset: str, stake: int) -> None:
        """A person trades on the page, and that is told."""
        self.count += 1
        bet = self.bets[f"hand{self.count}"] = Bet(asset, None, None, Decimal(stake), out=True)
        bet.deal = self.open(f"hand{self.count}", asset, bet.stake)
        self.hear(DealOpened(bet.deal, None))

    def settle(self, share: Decimal, told: bool) -> None:
        """All that has ended is settled for this share of the stake; whether anybody is told or not."""
        ended = [bet for bet in self.bets.values() if bet.deal and not bet.settled and bet.closes <= self.now]
        for bet in ended:
            bet.settled = True
            bet.deal = msgspec.structs.replace(self._deal(bet), profit=bet.stake * share, close_price=1.2)
        if told and ended:
            self.hear(DealsSettled(tuple(self._deal(bet) for bet in ended)))
        self.clean = self.clean and (told or not ended)

    def answer(self) -> None:
        """The answers that were late come."""
        self.hear(*self.answers)
        self.answers.clear()

    def log_in(self) -> None:
        """The page is loaded anew, and told both lists."""
        dealt = [bet for bet in self.bets.values() if bet.deal is not None]
        open_deals = OpenDeals(tuple(self._deal(bet) for bet in dealt if not bet.settled))
        closed = [self._deal(bet) for bet in dealt if bet.settled]
        told = ClosedDeals(tuple(reversed(closed[-20:])))
        self.hear(LoggedIn("s"), open_deals, Balance(Decimal(10**6), "demo"), told)

    def on_trade(self, trade: Trade) -> None:
        """A trade has come further; its result may be known by now."""
        if trade.stage == "settled" and trade.deal is not None:
            self.results += 1
            self.bets[trade.deal.id.removeprefix("d-")].told = self.results
