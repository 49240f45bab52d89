"""Whatever happens and whatever dies when: a request acts at most once, and nothing that was placed is lost."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from qfluxd.api.commands import Later, Request, TradeOpen
from qfluxd.errors import Disconnected
from qfluxd.model import Order, Trade
from qfluxd.trading.entries import EDGES
from qfluxd.trading.journal import Journal
from tests.support.floor import Died, Fate, Floor, request, turn

MAX_OPEN, MAX_STAKE, MAX_DAILY_LOSS = 2, Decimal(10), Decimal(18)
MEMORY = Path("/dev/shm")

SPOILT = st.builds(
    Fate,
    clicks=st.sampled_from([(True,), (True,), (True,), (None,), (False, True), (False, False)]),
    blocked=st.sampled_from([0, 0, 0, 8_000, 31_000]),
    sends=st.sampled_from([True] * 5 + [False]),
    shown=st.sampled_from([True] * 3 + [False]),
    read=st.sampled_from([True] * 4 + [False]),
    travels=st.sampled_from([0, 0, 4_000]),
    taken=st.sampled_from([True] * 5 + [False]),
    refused=st.sampled_from([False] * 5 + [True]),
    told=st.sampled_from([1, 1, 2, 0]),
    late=st.sampled_from([0, 0, 4_000, 15_000]),
    sighting=st.sampled_from([{}, {}, {}, {}, {"stake": Decimal(110)}]),
    after_click=st.sampled_from([None, None, None, Disconnected("the tab is gone")]),
)
ONE_FAULT: list[dict[str, Any]] = [
    {},
    {"told": 0},
    {"told": 2},
    {"late": 15_000},
    {"blocked": 31_000},
    {"travels": 4_000, "told": 0},
    {"sends": False},
    {"taken": False},
    {"refused": True},
    {"refused": True, "told": 2},
    {"refused": True, "late": 4_000},
    {"read": False},
    {"read": False, "told": 0},
    {"shown": False},
    {"shown": False, "told": 0},
    {"after_click": Disconnected("the tab is gone")},
    {"clicks": (False, True)},
]
BY_HAND = st.builds(
    Fate,
    shown=st.sampled_from([True] * 4 + [False]),
    read=st.sampled_from([True] * 4 + [False]),
    taken=st.booleans(),
    refused=st.booleans(),
    told=st.integers(0, 2),
    late=st.sampled_from([0, 0, 4_000]),
)
PERIOD = 12
"""So many ids later the same trade is asked for."""
FATES = st.one_of(st.sampled_from(ONE_FAULT).map(lambda fault: Fate(**fault)), SPOILT)


def wanted(ident: int) -> Request:
    """What is asked for under an id."""
    return request(
        ident,
        asset=("EURUSD_otc", "GBPUSD_otc")[ident % 2],
        side=("call", "put")[ident // 2 % 2],
        stake=Decimal(11) if ident == 5 else Decimal(4),
        expiry=("5s", "1m")[ident // 3 % 2],
    )


class Trading(RuleBasedStateMachine):
    """One broker and one page; daemons that come and go; askers who repeat themselves; a person who trades too."""

    @initialize()
    def open_floor(self) -> None:
        """An empty journal and a first daemon."""
        self.folder = tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None)
        limits = {"max_open": MAX_OPEN, "max_stake": MAX_STAKE, "max_daily_loss": MAX_DAILY_LOSS}
        self.floor = Floor(Path(self.folder.name), **limits)
        self.floor.passing = self.on_point
        self.runner = asyncio.Runner()
        self.fuse: int | None = None
        self.dead = True
        self.work: asyncio.Task[Any] | None = None
        self.waiting: list[asyncio.Future[Any]] = []
        self.asked = 0
        self.landed: Counter[str] = Counter()
        land = self.floor.hands._land

        def counting(order: Order) -> None:
            self.landed[order.request] += 1
            land(order)

        self.floor.hands._land = counting  # type: ignore[method-assign]  # the model's own finger, counted
        self.live()

    def on_point(self, _point: str) -> None:
        """A point is passed; when the fuse has burnt down, the process is killed there."""
        if self.dead:
            raise Died
        if self.fuse is not None:
            self.fuse -= 1
            if self.fuse < 0:
                self.dead = True
                raise Died

    # -------------------------------------------------------------------------------------------- a daemon's life

    def live(self) -> None:
        """A daemon starts; it may die while it does."""

        async def start() -> None:
            self.dead = False
            self.floor.start()
            self.work = asyncio.get_running_loop().create_task(self.floor.trading.run())
            await turn()

        self.do(start)

    def do(self, act: Callable[[], Awaitable[Any]]) -> None:
        """Let something happen, and let the daemon go on with it; what dies is buried."""

        async def whole() -> None:
            await act()
            await self.floor.turn()

        with suppress(Died):
            self.runner.run(whole())
        if self.dead and self.floor.journal is not None:
            self.bury()

    def bury(self) -> None:
        """Nothing of a killed process goes on."""
        self.dead, self.fuse = True, None
        self.floor.die()

        async def rest() -> None:
            tasks = {*self.waiting, *asyncio.all_tasks(), *([self.work] if self.work else [])} - {
                asyncio.current_task()
            }
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        with suppress(Died):
            self.runner.run(rest())
        self.waiting.clear()

    # ------------------------------------------------------------------------------------------- what may happen

    @precondition(lambda self: not self.dead)
    @rule()
    def kill(self) -> None:
        """The daemon is killed between two things it does."""
        self.bury()

    @precondition(lambda self: not self.dead and self.fuse is None)
    @rule(points=st.integers(0, 40))
    def light_fuse(self, points: int) -> None:
        """The daemon will be killed when it has passed so many points more."""
        self.fuse = points

    @rule(fate=FATES)
    def ask(self, fate: Fate) -> None:
        """Somebody asks for a trade."""
        self.ask_as(self.asked + 1, fate)

    @rule(fate=FATES)
    def ask_and_see(self, fate: Fate) -> None:
        """Somebody asks for a trade and waits for what comes."""
        self.ask_as(self.asked + 1, fate)
        self.act(lambda: self.floor.wait(12_000))

    @rule(fate=FATES)
    def ask_and_reload(self, fate: Fate) -> None:
        """Somebody asks for a trade, and the page is loaded anew right after the click."""
        self.ask_as(self.asked + 1, fate)
        self.log_in()

    @rule(fate=FATES)
    def ask_and_wait_long(self, fate: Fate) -> None:
        """Somebody asks for a trade, and so much time passes that it is over, one way or another."""
        self.ask_as(self.asked + 1, fate)
        self.act(lambda: self.floor.wait(90_000))
        self.settle(Decimal(-1), told=True)

    @precondition(lambda self: self.asked)
    @rule(back=st.integers(0, 2))
    def ask_again(self, back: int) -> None:
        """Somebody asks for the same again."""
        self.ask_as(max(1, self.asked - back), Fate())

    def ask_as(self, ident: int, fate: Fate) -> None:
        """Ask with this id; what is asked for depends on it alone.

        A daemon that is dead is started before; it may die while it starts.
        """
        if self.dead:
            self.live()
        if self.dead:
            return
        self.asked = max(self.asked, ident)
        self.floor.hands.fate = fate

        async def asking() -> None:
            outcome = await self.floor.trading.open(wanted(ident))
            if isinstance(outcome, Later):
                self.waiting.append(asyncio.ensure_future(outcome.outcome))

        self.do(asking)

    @rule(side=st.sampled_from(["call", "put"]), fate=BY_HAND)
    def trade_by_hand(self, side: Any, fate: Fate) -> None:
        """A person trades on the same page, with a stake of their own."""
        self.act(lambda: self.floor.send("EURUSD_otc", side, Decimal(1), 60_000, fate))

    @precondition(lambda self: self.asked)
    @rule(fate=BY_HAND)
    def trade_alike_by_hand(self, fate: Fate) -> None:
        """A person orders on the page just what was asked for last."""
        wish = wanted(self.asked).command
        assert isinstance(wish, TradeOpen)
        self.act(lambda: self.floor.send(wish.asset, wish.side, wish.stake, wish.length, fate))

    @rule(fate=FATES)
    def ask_for_the_same_anew(self, fate: Fate) -> None:
        """Somebody asks for the last trade under a new id."""
        self.ask_as(self.asked + PERIOD, fate)

    @rule(back=st.integers(0, 2))
    def repeat_answer(self, back: int) -> None:
        """The broker says once more what it said of an order a moment ago."""
        self.act(lambda: self.floor.repeat(back, within=40_000))

    @rule(fate=FATES)
    def try_a_refused_trade_again(self, fate: Fate) -> None:
        """A trade is turned down, is tried again at once, and the first answer comes once more."""
        self.act(lambda: self.floor.wait(61_000))
        self.ask_as(self.asked + 1, Fate(refused=True))
        self.ask_as(self.asked + PERIOD, fate)
        self.repeat_answer(0)
        self.act(lambda: self.floor.wait(20_000))

    @rule(fate=FATES, back=st.integers(0, 1))
    def be_told_again_after_a_restart(self, fate: Fate, back: int) -> None:
        """Of two trades alike one is over and the other is not, when the next daemon is told an answer once more."""
        self.ask_as(self.asked + 1, Fate())
        self.ask_as(self.asked + PERIOD, fate)
        self.act(lambda: self.floor.wait(6_000))
        self.settle(Decimal(-1), told=True)
        if not self.dead:
            self.bury()
        self.live()
        self.repeat_answer(back)

    @rule(rows=st.integers(0, 3))
    def double_rows(self, rows: int) -> None:
        """From now on some rows of its lists stand there twice."""
        self.act(lambda: setattr(self.floor.broker, "doubled", rows))

    @rule(seconds=st.sampled_from([1, 3, 6, 12, 61]), quiet=st.booleans())
    def wait(self, seconds: int, quiet: bool) -> None:
        """Time passes, with market data or without."""
        self.act(lambda: self.floor.wait(seconds * 1_000, quiet=quiet))

    @rule()
    def cut(self) -> None:
        """The line drops what is on it."""
        self.act(self.floor.cut if not self.dead else self.floor.line.clear)

    @rule()
    def log_in(self) -> None:
        """The page is loaded anew, and told both lists."""
        self.act(self.floor.log_in)

    @rule(share=st.sampled_from([Decimal(-1), Decimal("0.92"), Decimal(0)]), told=st.booleans())
    def settle(self, share: Decimal, told: bool) -> None:
        """What has ended is settled; whether anybody is told or not. A person's deals come to nothing."""

        def settling() -> None:
            before = len(self.floor.line)
            self.floor.settle(share, by_hand=Decimal(0))
            if not told and len(self.floor.line) > before:
                self.floor.line.pop()

        self.act(settling)

    @precondition(lambda self: not self.dead)
    @rule(turned=st.sampled_from(["kill", "pause", "resume", "resume", "resume"]))
    def turn_switch(self, turned: str) -> None:
        """A person stops trading, or lets it go on."""
        self.act(lambda: getattr(self.floor.trading, turned)("reason"))

    def act(self, happens: Callable[[], Any]) -> None:
        """Something happens that nobody waits for."""

        async def acting() -> None:
            happens()

        self.do(acting)

    # ------------------------------------------------------------------------------------------- what must hold

    @invariant()
    def no_request_acts_twice(self) -> None:
        """One request, at most one click that lands, and at most one deal."""
        assert max(self.landed.values(), default=0) <= 1
        asked_by = Counter(by for by in self.floor.broker.asked_by.values() if by is not None)
        assert max(asked_by.values(), default=0) <= 1

    @invariant()
    def limits_hold(self) -> None:
        """Never more open, never a larger stake, never more to lose in a day than is allowed."""
        broker = self.floor.broker
        ours = [deal for deal in broker.deals if broker.asked_by[deal.id] is not None]
        assert sum(deal.closes > self.floor.at + 750 for deal in ours) <= MAX_OPEN
        assert all(deal.stake <= MAX_STAKE for deal in ours)
        came = sum((deal.profit or Decimal(0) for deal in broker.closed), Decimal(0))
        at_risk = sum((deal.stake for deal in broker.open if broker.asked_by[deal.id] is not None), Decimal(0))
        assert at_risk - came <= MAX_DAILY_LOSS

    @invariant()
    def the_journal_tells_no_lies(self) -> None:
        """Stages go along allowed edges; refused is what was never placed; no deal has two trades."""
        for journal in self.journals():
            trades = journal.trades(1_000)
            deals = [trade.deal.id for trade in trades if trade.deal is not None]
            assert len(deals) == len(set(deals))
            for trade in trades:
                self.check(journal, trade)

    def check(self, journal: Journal, trade: Trade) -> None:
        """One trade against what really happened."""
        steps = journal.steps(trade.id)
        for before, after in pairwise(steps):
            noted = before.stage == after.stage and before.artifacts != after.artifacts
            assert noted or after.stage in EDGES[before.stage]
        if trade.stage == "refused":
            assert trade.request not in self.floor.broker.asked_by.values()
        if trade.stage in ("accepted", "settled") and "differs" not in {step.code for step in steps}:
            assert trade.deal is not None
            assert (trade.asset, trade.side, trade.stake) == (trade.deal.asset, trade.deal.side, trade.deal.stake)

    def journals(self) -> list[Journal]:
        """The journal of the living daemon."""
        return [] if self.dead or self.floor.journal is None else [self.floor.journal]

    def teardown(self) -> None:
        """In the end all is calm, lists are told, and the journal knows every deal and no open question but unknown."""
        if not hasattr(self, "runner"):
            return
        try:
            self.calm()
        finally:
            if not self.dead:
                self.bury()
            self.runner.close()
            self.folder.cleanup()

    def calm(self) -> None:
        """A last daemon is told everything."""
        if not self.dead:
            self.bury()
        self.live()
        self.act(lambda: self.floor.wait(70_000))
        self.act(lambda: self.floor.settle(Decimal(-1), by_hand=Decimal(0)))
        self.act(lambda: self.floor.wait(6_000))
        self.act(self.floor.log_in)
        assert not self.dead
        self.the_journal_tells_no_lies()
        assert self.floor.journal is not None
        trades = {trade.id: trade for trade in self.floor.journal.trades(1_000)}
        assert {trade.stage for trade in trades.values()} <= {"accepted", "settled", "refused", "unknown"}
        known = {trade.deal.id for trade in trades.values() if trade.deal is not None}
        told = {deal.id for deal in self.floor.broker.closed[-20:]}
        assert told <= known
        asked = {by for by in self.floor.broker.asked_by.values() if by is not None}
        assert asked <= {trade.request for trade in trades.values()}


TestOrders = Trading.TestCase
TestOrders.settings = settings(
    max_examples=100,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
