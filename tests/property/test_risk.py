"""Whatever happens in whatever order: nothing more gets out than the limits of account, assets and plans allow."""

import tempfile
from bisect import bisect_right
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from qfluxd.model import DAY, HOUR, MINUTE, SECOND, Millis, Order, TradingState, parse_timeframe
from qfluxd.settings import Limits, RiskSettings
from qfluxd.trading.risk import Intent
from tests.support.betting import ASSETS, PLANS, Bet, Fate, Shop

MEMORY = Path("/dev/shm")
NOTHING = Decimal(0)


def moment(text: str) -> Millis:
    """A moment in UTC."""
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


class Days(NamedTuple):
    """Days that are set so, when to begin, and by when days and weeks begin after that."""

    timezone: str
    day_starts: str
    begin: Millis
    days: list[Millis]
    weeks: list[Millis]


CALENDARS = [
    Days(
        "UTC",
        "00:00",
        moment("2025-11-23T23:56"),
        [moment("2025-11-24") + day * DAY for day in range(30)],
        [moment("2025-11-24") + week * 7 * DAY for week in range(5)],
    ),
    Days(  # clocks are set back from 03:00 to 02:00 in this night: its 02:30 comes twice, and the first begins the day
        "Europe/Berlin",
        "02:30",
        moment("2025-10-26T00:27"),
        [moment("2025-10-26T00:30"), *(moment("2025-10-27T01:30") + day * DAY for day in range(30))],
        [moment("2025-10-27T01:30") + week * 7 * DAY for week in range(5)],
    ),
]

MONEY = (6, 10, 14, 20)
LIMITS: dict[str, Iterable[Any]] = {
    "max_open": (1, 2, 3),
    "max_at_risk": MONEY,
    "max_per_currency": (1, 2),
    "max_daily_loss": MONEY,
    "max_weekly_loss": MONEY,
    "stop_at_daily_profit": (3, 6),
    "stop_at_weekly_profit": (3, 6),
    "max_drawdown": MONEY,
    "loss_streak": (1, 2, 3),
    "cool_down": ("2m", "1h"),
    "orders_per_minute": (1, 2, 4),
    "orders_per_hour": (2, 4, 6),
    "orders_per_day": (3, 6),
    "one_per_candle": (True,),
    "max_stake": (3, 4),
    "min_stake": (2,),
}
NAMES = st.lists(st.sampled_from(list(LIMITS)), max_size=3, unique=True)
FEW = NAMES.flatmap(lambda names: st.fixed_dictionaries({name: st.sampled_from(list(LIMITS[name])) for name in names}))
SHARES = st.sampled_from([Decimal(-1), Decimal(-1), Decimal("0.92"), NOTHING])
LOOSE = {"max_stake": 10, "max_open": 100, "max_daily_loss": 1000, "orders_per_minute": 600, "one_per_candle": False}
"""What [risk] always has, so wide that the limit that was drawn decides."""

STAKES = {"slow": (1, 3), "fast": (2, 4), None: (5,)}
"""No two plans stake the same: a deal that is told late is given to an order of its own plan."""
FATES: st.SearchStrategy[Fate] = st.sampled_from(
    ["told", "told", "told", "told", "late", "lost", "unsent", "refused", "missed"]
)

type Part = tuple[Limits, Callable[[Bet], bool]]


class Betting(RuleBasedStateMachine):
    """One account that two plans, commands and a person trade on, daemon after daemon."""

    @initialize(account=FEW, asset=FEW, plan=FEW, days=st.sampled_from(CALENDARS), tame=st.booleans())
    def open_shop(
        self, account: dict[str, Any], asset: dict[str, Any], plan: dict[str, Any], days: Days, tame: bool
    ) -> None:
        """An empty journal and a first daemon; where it is `tame` nothing is lost and no clock is set."""
        self.folder = tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None)
        zone = {"timezone": days.timezone, "day_starts": days.day_starts}
        risk = RiskSettings.model_validate({**LOOSE, **account, **zone, "asset": asset})
        self.days, self.tame = days, tame
        self.shop = Shop(Path(self.folder.name), risk, Limits(**plan), days.begin)
        self.shop.beat()
        self.waiting: list[tuple[Order, Intent | None]] = []

    # ------------------------------------------------------------------------------------------------ what happens

    @rule(
        plan=st.sampled_from([*PLANS, None]),
        asset=st.sampled_from(ASSETS),
        pick=st.integers(0, 1),
        back=st.integers(0, 1),
        fate=FATES,
        times=st.sampled_from([4, 1, 2, 7]),
    )
    def signal(self, plan: str | None, asset: str, pick: int, back: int, fate: Fate, times: int) -> None:
        """A plan or a command wants the same a few times, and what is let through is clicked at once."""
        for _ in range(times):
            self.want(plan, asset, pick, back)
            self.click(fate)

    @rule(
        plan=st.sampled_from([*PLANS, None]),
        asset=st.sampled_from(ASSETS),
        pick=st.integers(0, 1),
        back=st.integers(0, 1),
    )
    def signal_and_wait(self, plan: str | None, asset: str, pick: int, back: int) -> None:
        """What is let through waits for the page."""
        self.want(plan, asset, pick, back)

    @precondition(lambda self: self.waiting)
    @rule(fate=FATES)
    def page_is_free(self, fate: Fate) -> None:
        """What waited first is clicked."""
        self.click(fate)

    @rule(
        plan=st.sampled_from([*PLANS, None]),
        asset=st.sampled_from(ASSETS),
        shares=st.lists(SHARES, min_size=1, max_size=6),
        told=st.sampled_from([True, True, False]),
    )
    def trade_on(self, plan: str | None, asset: str, shares: list[Decimal], told: bool) -> None:
        """A plan or a command trades time after time, and each trade runs off."""
        for pick, share in enumerate(shares):
            self.want(plan, asset, pick, 0)
            self.click("told")
            self.settle(share, told)

    @rule(share=SHARES, told=st.booleans())
    def settle(self, share: Decimal, told: bool) -> None:
        """What is open runs off and is settled, and somebody is told of it or not."""
        self.shop.wait(61 * SECOND)
        self.shop.settle(share, told or self.tame)

    @rule(
        length=st.sampled_from(
            [SECOND, 30 * SECOND, MINUTE, 2 * MINUTE, 10 * MINUTE, HOUR, 6 * HOUR, DAY, 3 * DAY, 7 * DAY]
        )
    )
    def wait(self, length: Millis) -> None:
        """Time passes, about three weeks in all at the most."""
        if self.shop.now + length < self.days.days[-1] - 7 * DAY:
            self.shop.wait(length)

    @rule(asset=st.sampled_from(ASSETS))
    def trade_by_hand(self, asset: str) -> None:
        """A person trades."""
        self.shop.trade_by_hand(asset, 6)

    @rule()
    def answer(self) -> None:
        """What is late comes."""
        self.shop.answer()

    @rule()
    def log_in(self) -> None:
        """The page is loaded anew."""
        self.shop.log_in()

    @rule(beat=st.sampled_from([True, True, True, False]))
    def restart(self, beat: bool) -> None:
        """The daemon ends, and another begins."""
        self.shop.stop()
        self.waiting.clear()
        self.shop.start()
        if beat:
            self.shop.beat()

    @rule(plan=st.sampled_from([*PLANS, None]), asset=st.sampled_from(ASSETS))
    def resume_and_restart(self, plan: str | None, asset: str) -> None:
        """A person stops trading and resumes it, and the next daemon is asked."""
        self.turn("killed")
        self.turn("active")
        self.restart(beat=True)
        self.signal(plan, asset, 0, 0, "told", 2)

    @precondition(lambda self: not self.tame)
    @rule(plan=st.sampled_from([*PLANS, None]), asset=st.sampled_from(ASSETS))
    def restart_with_another_clock(self, plan: str | None, asset: str) -> None:
        """Orders are let through, the next daemon finds this machine's clock two hours ahead, and is asked for more."""
        self.signal(plan, asset, 0, 0, "told", 7)
        self.set_clock(2 * HOUR, beat=False)
        self.restart(beat=True)
        self.signal(plan, asset, 0, 1, "told", 7)
        self.set_clock(-2 * HOUR, beat=True)

    @precondition(lambda self: not self.tame)
    @rule(by=st.sampled_from([-2 * HOUR, -5 * MINUTE, 5 * MINUTE, 2 * HOUR]), beat=st.booleans())
    def set_clock(self, by: Millis, beat: bool) -> None:
        """This machine's clock is set."""
        self.shop.set_clock(by)
        if beat:
            self.shop.beat()

    @rule(state=st.sampled_from(["paused", "killed", "active", "active", "active"]))
    def turn(self, state: TradingState) -> None:
        """A person stops trading, or resumes it; a kill is not made milder."""
        was = self.shop.orders.switch.state
        if state != was and (state, was) != ("paused", "killed"):
            self.shop.turn(state)

    # ----------------------------------------------------------------------------------------------- and what holds

    def want(self, plan: str | None, asset: str, pick: int, back: int) -> None:
        """Something is wanted: it is let through only within the limits, and where all is known whenever it is."""
        shop, stakes = self.shop, STAKES[plan]
        candle = None if plan is None else (shop.now // MINUTE - 1 - back) * MINUTE
        order, intent = shop.wish(plan, asset, stakes[pick % len(stakes)], candle)
        bet = shop.bets[order.id]
        allowed = all(self.within(part, bet, pending=True) for part in self.parts(bet)) and self.may_trade()
        if shop.ask(order, intent) is None:
            self.waiting.append((order, intent))
            for limits, has in self.parts(bet):
                self.check_pace(limits, [other for other in shop.bets.values() if has(other)])
                assert not (limits.one_per_candle and self.is_taken(bet))
            assert allowed or not shop.clean
        else:
            assert not allowed or not shop.clean

    def click(self, fate: Fate) -> None:
        """The one that waited first is clicked, only within the limits as they are by now."""
        if not self.waiting:
            return
        order, intent = self.waiting.pop(0)
        bet = self.shop.bets[order.id]
        fine = [self.within(part, bet, pending=False) for part in self.parts(bet)]
        if self.shop.click(order, intent, "told" if self.tame else fate) is None:
            assert all(fine)
            assert self.may_trade()

    def may_trade(self) -> bool:
        """Whether the switch and the data let anything through."""
        return self.shop.ready and self.shop.orders.switch.state == "active"

    def parts(self, bet: Bet) -> list[Part]:
        """The parts of trading that a bet belongs to, each with its limits."""
        found: list[Part] = [
            (self.shop.risk, lambda _: True),
            (self.shop.risk.asset, lambda other: other.asset == bet.asset),
        ]
        if bet.plan is not None:
            found.append((self.shop.limits, lambda other: other.plan == bet.plan))
        return found

    def within(self, part: Part, bet: Bet, *, pending: bool) -> bool:
        """Whether a bet is within the limits of one part, by all that really happened or was told, looked at anew.

        With `pending` what was let through and waits for its click counts as out, and so does how many there were.
        """
        limits, has = part
        shop, now = self.shop, self.shop.now
        others = [other for other in shop.bets.values() if has(other) and other is not bet]
        waits = [shop.bets[order.id] for order, _ in self.waiting] if pending else []
        out = [other for other in others if (other.out and not other.settled) or other in waits]
        opened = out if shop.clean else [other for other in out if other.deal is None or other.closes > now]
        at_risk = sum((other.stake for other in opened), NOTHING) + bet.stake
        told = sorted((other for other in others if other.told is not None), key=lambda other: other.told or 0)
        checks = [
            self.most(limits.max_open, len(opened) + 1),
            self.most(limits.max_at_risk, at_risk),
            self.most(limits.max_per_currency, 1 + self.alike(bet, opened)),
            self.most(limits.max_stake, bet.stake),
            limits.min_stake is None or bet.stake >= limits.min_stake,
            self.most(limits.max_drawdown, self.fallen(told)[0] + at_risk),
            limits.max_drawdown is None or self.fallen(told)[1] < limits.max_drawdown,
            self.cooled(limits, told),
        ]
        for most, stop, begins in (
            (limits.max_daily_loss, limits.stop_at_daily_profit, self.days.days),
            (limits.max_weekly_loss, limits.stop_at_weekly_profit, self.days.weeks),
        ):
            today = [other for other in others if other.settled and self.same(begins, other.closes)]
            came_to = sum((other.profit for other in today), NOTHING)
            untold = [other for other in out if other not in opened and self.same(begins, other.closes)]
            lost = max(NOTHING, -came_to) + sum((other.stake for other in untold), NOTHING)
            checks.append(self.most(most, lost + at_risk))
            checks.append(stop is None or not shop.clean or came_to < stop)
        if pending and shop.clean:
            paces = self.paces(others)
            checks += [self.most(most, found + 1) for most, found in zip(self.rates(limits), paces, strict=True)]
            checks.append(not (limits.one_per_candle and self.is_taken(bet)))
        return all(checks)

    def most(self, limit: Decimal | int | None, found: Decimal | int) -> bool:
        """Whether a limit is kept."""
        return limit is None or found <= limit

    def same(self, begins: list[Millis], closes: Millis) -> bool:
        """Whether a deal closed in the day or week that it is now."""
        return bisect_right(begins, closes) == bisect_right(begins, self.shop.now)

    def alike(self, bet: Bet, opened: list[Bet]) -> int:
        """How many of these share the currency that most of them share with a bet: dollars, or the asset itself."""
        if bet.asset.startswith("#"):
            return sum(other.asset == bet.asset for other in opened)
        return sum(not other.asset.startswith("#") for other in opened)

    def fallen(self, told: list[Bet]) -> tuple[Decimal, Decimal]:
        """How far results are below their best since trading was resumed, and how far they ever were."""
        result = best = deepest = NOTHING
        for bet in told:
            if (bet.told or 0) > self.shop.resumed:
                result += bet.profit
                best = max(best, result)
                deepest = max(deepest, best - result)
        return best - result, deepest

    def cooled(self, limits: Limits, told: list[Bet]) -> bool:
        """Whether no streak of losses stops orders."""
        if limits.loss_streak is None:
            return True
        losses: list[Millis] = []
        for bet in told:
            losses = [] if bet.profit > 0 else [*losses, bet.closes] if bet.profit < 0 else losses
        if len(losses) < limits.loss_streak:
            return True
        return self.shop.now >= max(losses) + parse_timeframe(limits.cool_down)

    def rates(self, limits: Limits) -> tuple[int | None, ...]:
        """How many a minute, an hour and a day may see."""
        return limits.orders_per_minute, limits.orders_per_hour, limits.orders_per_day

    def paces(self, bets: list[Bet]) -> tuple[int, int, int]:
        """How many were let through in the last minute and hour, and today."""
        times = [bet.let_through for bet in bets if bet.let_through is not None]
        now = self.shop.now
        minute, hour = (sum(then > now - length for then in times) for length in (MINUTE, HOUR))
        return minute, hour, sum(self.same(self.days.days, then) for then in times)

    def check_pace(self, limits: Limits, bets: list[Bet]) -> None:
        """No minute, hour or day saw more than it may."""
        for most, found in zip(self.rates(limits), self.paces(bets), strict=True):
            assert self.most(most, found)

    def is_taken(self, bet: Bet) -> bool:
        """Whether another order of the same plan was let through on the same candle of the asset."""
        key = (bet.plan, bet.asset, bet.candle)
        others = (other for other in self.shop.bets.values() if other is not bet and other.let_through is not None)
        return bet.candle is not None and any((other.plan, other.asset, other.candle) == key for other in others)

    @invariant()
    def a_drawdown_that_is_reached_kills(self) -> None:
        """Where the account has fallen as far as it may, trading is killed until a person resumes it."""
        if not hasattr(self, "shop") or self.shop.risk.max_drawdown is None:
            return
        told = sorted((bet for bet in self.shop.bets.values() if bet.told), key=lambda bet: bet.told or 0)
        if self.fallen(told)[1] >= self.shop.risk.max_drawdown:
            assert self.shop.orders.switch.state == "killed"

    def teardown(self) -> None:
        """The daemon ends."""
        if hasattr(self, "shop"):
            self.shop.stop()
            self.folder.cleanup()


TestBetting = Betting.TestCase
TestBetting.settings = settings(
    max_examples=100,
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
