"""A trading floor without a browser: a model broker, hands that click into it, and the desk that hears it."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import msgspec

from qfluxd.acts import Acts
from qfluxd.api.commands import Later, Request, TradeOpen
from qfluxd.desk import Desk
from qfluxd.guards import Guards
from qfluxd.model import (
    Account,
    Asset,
    Assets,
    Balance,
    ClosedDeals,
    Deal,
    DealOpened,
    DealsSettled,
    Event,
    Fact,
    LoggedIn,
    Millis,
    Note,
    OpenDeals,
    Order,
    OrderRefused,
    OrderSent,
    Placed,
    Refusal,
    Side,
    Sighting,
    Situation,
    Tick,
)
from qfluxd.ports import Driver, Passing, Permit, pass_on
from qfluxd.session import Trading
from qfluxd.settings import MarketSettings, RiskSettings
from qfluxd.trading.journal import Journal
from qfluxd.trading.orders import Orders
from tests.support.handy import HandyHands

START: Millis = 1_763_769_600_000
AHEAD: Millis = 750
"""The broker's clock is so far ahead of this machine's."""
ASSET = Asset("EURUSD_otc", "EUR/USD OTC", "currency", 5, 92, True, True, (5_000, 60_000), 5_000)
OTHER = msgspec.structs.replace(ASSET, symbol="GBPUSD_otc", label="GBP/USD OTC")
CLOSED = msgspec.structs.replace(ASSET, symbol="AEDCNY_otc", label="AED/CNY OTC", open=False)


class Died(BaseException):
    """The process is no more."""


@dataclass(slots=True)
class Fate:
    """What becomes of the next click.

    `clicks` are what the driver says of each click until one lands. The page may stand still (`blocked` ms) before the
    order leaves it, or never send it; an order that is not `shown` leaves unseen, since frames were lost just then, and
    one that is not `read` is seen to be an order and no more. It travels (`travels` ms), and may not be `taken`: lost,
    or `refused`. It is answered `told` times, `late` ms after.
    """

    clicks: Iterable[bool | None] = (True,)
    blocked: Millis = 0
    sends: bool = True
    shown: bool = True
    read: bool = True
    travels: Millis = 0
    taken: bool = True
    refused: bool = False
    told: int = 1
    late: Millis = 0
    stake: Decimal | None = None
    sighting: dict[str, object] = field(default_factory=dict)
    after_click: Exception | None = None


def request(
    ident: str | int | None = "r1", *, dry_run: bool = False, expires_at: Millis | None = None, **changes: Any
) -> Request:
    """A request to trade: a call on EURUSD_otc, 10 for a minute, where nothing else is said."""
    wanted = {"asset": "EURUSD_otc", "side": "call", "stake": Decimal(10), "expiry": "1m", **changes}
    return Request(ident, expires_at, dry_run, TradeOpen(**wanted))


async def turn() -> None:
    """Let every task that can go on do so."""
    for _ in range(12):
        await asyncio.sleep(0)


async def _whole(outcome: Awaitable[Any]) -> Any:
    return await outcome


class ModelBroker:
    """The broker's side: takes orders, opens deals, settles them, tells its lists. Its clock is `AHEAD`."""

    def __init__(self) -> None:
        self.account: Account = "demo"
        self.deals: list[Deal] = []
        self.closed: list[Deal] = []
        self.asked_by: dict[str, str | None] = {}
        self.balance = Decimal(10_000)
        self.doubled = 0
        """So many rows stand twice in whatever tells of several deals."""

    def take(self, at: Millis, asset: str, side: Side, stake: Decimal, expiry: Millis, by: str | None = None) -> Deal:
        """Open a deal at `at` by this machine's clock, for a request (`by`) or a person."""
        opened = at + AHEAD
        number = len(self.deals) + 1
        deal = Deal(f"d{number}", asset, side, stake, 92, opened, opened + expiry - 150, 1.1, self.account, "USD")
        self.deals.append(deal)
        self.asked_by[deal.id] = by
        self.balance -= stake
        return deal

    @property
    def open(self) -> list[Deal]:
        """Deals that are not settled."""
        closed = {deal.id for deal in self.closed}
        return [deal for deal in self.deals if deal.id not in closed]

    def settle(self, at: Millis, share: Decimal, by_hand: Decimal) -> tuple[Deal, ...]:
        """Settle what has ended by now, each for its share of the stake."""
        settled = []
        for deal in self.open:
            if deal.closes <= at + AHEAD:
                profit = deal.stake * (by_hand if self.asked_by[deal.id] is None else share)
                settled.append(msgspec.structs.replace(deal, profit=profit, close_price=1.2))
                self.balance += deal.stake + profit
        self.closed += settled
        return (*settled, *settled[: self.doubled])

    def lists(self) -> tuple[OpenDeals, ClosedDeals]:
        """Both lists as the page is told them: all open ones, the newest twenty closed ones, rows doubled at times."""
        closed = tuple(reversed(self.closed[-20:]))
        return OpenDeals((*self.open, *self.open[: self.doubled])), ClosedDeals((*closed, *closed[: self.doubled]))


class ModelHands(HandyHands):
    """Hands that click into the model broker as `fate` says; what the page would hear goes onto `line`."""

    def __init__(self, floor: "Floor") -> None:
        super().__init__()
        self.floor = floor
        self.fate = Fate()
        self.shown: Order | None = None
        self.gate: asyncio.Event | None = None
        """Where set, work on the page begins only when it is."""
        self.relisted = asyncio.Event()

    async def place(self, order: Order, permit: Permit) -> Placed:
        """Set the panel, ask, click."""
        self.shown = order
        if self.gate is not None:
            await self.gate.wait()
        return self.click(order, permit)

    def click(self, order: Order, permit: Permit) -> Placed:
        """Ask and click until a click lands, as the fate says."""
        fate, attempt = self.fate, 0
        for attempt, landed in enumerate(fate.clicks, 1):
            refusal = permit.ask(self.sighting(order), attempt)
            if refusal is not None:
                return Placed(attempt - 1, False, refusal, None, {})
            self.floor.passing("click.before")
            if landed is not False:
                self._land(order)
            self.floor.passing("click.after")
            if fate.after_click is not None:
                raise fate.after_click
            permit.clicked(attempt, landed)
            if landed is not False:
                return Placed(attempt, landed, None, f"trades/{order.id}", {})
        return Placed(attempt, False, Refusal("not_placed", "the button takes no click"), f"trades/{order.id}", {})

    def sighting(self, order: Order) -> Sighting:
        """The page as it was set, and as the fate has it."""
        account = self.floor.broker.account
        seen = Sighting(order.asset, order.expiry, order.stake, 92, account, account, True)
        return msgspec.structs.replace(seen, **self.fate.sighting)

    def _land(self, order: Order) -> None:
        fate = self.fate
        if fate.sends:
            stake = fate.stake or order.stake
            self.floor.send(order.asset, order.side, stake, order.expiry, fate, by=order.request)

    async def relist(self) -> bool:
        """The page is loaded anew."""
        self.floor.log_in()
        self.relisted.set()
        return True

    async def reload(self) -> Account | None:
        """The page is loaded anew."""
        self.floor.log_in()
        return self.floor.broker.account


class Floor:
    """One broker and page for all time, and daemon after daemon that works them on the same journal."""

    def __init__(self, folder: Path, **risk: object) -> None:
        self.folder = folder
        self.at = START
        self.broker = ModelBroker()
        self.line: deque[tuple[Millis, Event]] = deque()
        """What the page is told and tells, by the time it happens; whoever listens then, hears it."""
        self.coming: list[tuple[Millis, bool, Callable[[], None]]] = []
        """When what happens to orders on their way, and whether on the page, which forgets it when loaded anew."""
        self.said: list[Fact] = []
        self.noted: list[Note] = []
        """What a recording would be told."""
        self.risk = RiskSettings.model_validate(
            {"max_open": 5, "orders_per_minute": 100, "max_daily_loss": 1000, **risk}
        )
        self.passing: Passing = pass_on
        self.hands = ModelHands(self)
        self.requests = 0
        self.free: Millis = 0
        """When the page has sent all that it is to send: it sends one thing after the other."""
        self.answers: list[tuple[Millis, Event]] = []
        """Every answer to an order, and when it was told first."""
        self.journal: Journal | None = None
        self._run = (START, 0)

    # ------------------------------------------------------------------------------------------------ asking

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Floor"]:
        """A daemon that carries out orders, for as long as the block lasts."""
        self.start()
        async with asyncio.TaskGroup() as group:
            work = group.create_task(self.trading.run(), name="trading")
            await turn()
            try:
                yield self
            finally:
                work.cancel()
        self.die()

    async def ask(self, request: Request) -> Any:
        """Ask, let the loop turn, let everything due be heard: the outcome, or the task that waits for it."""
        outcome = await self.trading.open(request)
        if not isinstance(outcome, Later):
            return outcome
        waiting = asyncio.ensure_future(_whole(outcome.outcome))
        await self.turn()
        return waiting.result() if waiting.done() else waiting

    async def turn(self) -> None:
        """Let tasks go on, deliver what is due, and let tasks go on with that."""
        await turn()
        self.deliver()
        await turn()

    # ------------------------------------------------------------------------------------------------ the daemon

    def start(self) -> None:
        """A daemon starts: it takes up the journal, finds the page, and hears the market."""
        self.journal = Journal(self.folder, self.at)
        self.orders = Orders(
            self.journal,
            self.risk,
            self.said.append,
            lambda point: self.passing(point),
            now=lambda: self.at,
            timer=self.seconds,
        )
        market = MarketSettings.model_validate({"timeframes": ["1m"]})
        self.desk = Desk(market, self.said.append, orders=self.orders)
        driver = cast(Driver, self)
        guards = Guards(self.desk, self.orders, self.account, self.risk)
        acts = Acts(self.desk, self.orders, guards, lambda: self.at, self.noted.append)
        self.trading = Trading(self.orders, driver, guards, acts, lambda: self.at)
        self.orders.begin(self.at)
        self.hear(Situation("connected", "market data"), Assets((ASSET, OTHER, CLOSED)))
        self.hear(Balance(self.broker.balance, self.broker.account))
        self.tick()

    def seconds(self) -> float:
        """A clock that nobody sets: it goes on while this machine's does, and never back."""
        self._run = (self.at, self._run[1] + max(0, self.at - self._run[0]))
        return self._run[1] / 1000

    @property
    def account(self) -> Account | None:
        """The account that the driver wants in front."""
        return "demo"

    def die(self) -> None:
        """The process is gone; what it had not written is lost."""
        if self.journal is not None:
            self.journal.close()
        self.journal = None

    # -------------------------------------------------------------------------------------------------- the line

    def send(
        self, asset: str, side: Side, stake: Decimal, expiry: Millis, fate: Fate | None = None, by: str | None = None
    ) -> None:
        """An order is clicked, by us for a request (`by`) or by hand, and meets its fate."""
        fate = fate or Fate()
        self.requests += 1
        sent = OrderSent(asset, side, stake, expiry, self.broker.account, str(self.requests))

        def leave() -> None:
            if fate.shown and fate.read:
                self.line.append((self.at, sent))
            elif self.journal is not None and fate.shown:
                self.desk.on_order_unclear(self.at)
            elif self.journal is not None:
                self.desk.on_feed_lost()
            self.later(fate.travels, False, arrive)

        def arrive() -> None:
            answer: Event | None = None
            if fate.refused:
                answer = OrderRefused("too late", asset, stake)
            elif fate.taken:
                answer = DealOpened(self.broker.take(self.at, asset, side, stake, expiry, by), sent.request)
            if answer is not None:
                for _ in range(fate.told):
                    self.answer(self.at + fate.late, answer)

        self.free = max(self.at + fate.blocked, self.free)
        self.later(self.free - self.at, True, leave)

    def answer(self, at: Millis, answer: Event) -> None:
        """An order is answered at this time."""
        self.line.append((at, answer))
        self.answers.append((at, answer))

    def repeat(self, back: int, within: Millis) -> None:
        """One of the newest answers comes once more, if its order is not older than so."""
        told = [answer for at, answer in self.answers if 0 <= self.at - at <= within]
        if len(told) > back:
            self.line.append((self.at, told[-1 - back]))

    def later(self, wait: Millis, on_page: bool, act: Callable[[], None]) -> None:
        """Have something happen on the page or at the broker after a while, at once where that is 0."""
        if wait:
            self.coming.append((self.at + wait, on_page, act))
        else:
            act()

    def log_in(self) -> None:
        """The page is loaded anew: what it had not sent is gone, its line begins anew, and it is told everything."""
        self.coming = [item for item in self.coming if not item[1]]
        self.free = self.at
        told_open, told_closed = self.broker.lists()
        balance = Balance(self.broker.balance, self.broker.account)
        for event in (LoggedIn("s"), told_open, balance, told_closed):
            self.line.append((self.at, event))

    def cut(self) -> None:
        """What is on the line reaches nobody, and the desk learns that it missed something."""
        self.line.clear()
        self.desk.on_feed_lost()

    def deliver(self) -> None:
        """What is due happens, and the desk hears what is due on the line; where there is no daemon, nobody does."""
        for item in sorted((item for item in self.coming if item[0] <= self.at), key=lambda item: item[0]):
            self.coming.remove(item)
            item[2]()
        due = [item for item in self.line if item[0] <= self.at]
        self.line = deque(item for item in self.line if item[0] > self.at)
        for _, event in sorted(due, key=lambda item: item[0]):
            if self.journal is not None:
                self.hear(event)

    # ---------------------------------------------------------------------------------------------------- hearing

    def hear(self, *events: Event) -> None:
        """The desk hears these now."""
        for event in events:
            self.desk.hear(self.at, event)

    def tick(self) -> None:
        """A quote comes, so that data is fresh."""
        self.hear(Tick("EURUSD_otc", self.at + AHEAD, 1.1))

    def wait(self, length: Millis, *, quiet: bool = False) -> None:
        """Time passes in steps of a second, with market data unless `quiet`, and everything due is heard."""
        end = self.at + length
        while self.at < end:
            self.at = min(end, self.at + 1_000)
            if not quiet and self.journal is not None:
                self.tick()
            self.deliver()
            if self.journal is not None:
                self.desk.beat(self.at)

    def settle(self, share: Decimal = Decimal(-1), by_hand: Decimal | None = None) -> tuple[Deal, ...]:
        """The broker settles what has ended and says so; deals opened by hand come to another share of their stake."""
        settled = self.broker.settle(self.at, share, share if by_hand is None else by_hand)
        if settled:
            self.line.append((self.at, DealsSettled(settled)))
        return settled
