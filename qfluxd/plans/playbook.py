"""The plans at work: what is due is looked at, what a strategy wants is judged, and what became of it is told."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

import msgspec
import structlog

from qfluxd.model import (
    Alert,
    Candle,
    Fact,
    Millis,
    Order,
    Outcome,
    PlanState,
    PlanSwitched,
    Quality,
    Refusal,
    Series,
    Signal,
    Trade,
    Verdict,
)
from qfluxd.plans.fates import Fates
from qfluxd.plans.fingerprint import Fingerprint
from qfluxd.plans.looking import Look, Looking, Market, worded
from qfluxd.plans.plan import Plan
from qfluxd.plans.running import Running
from qfluxd.plans.turns import Turns
from qfluxd.strategy import CALL, NOTHING, Strategy, live_refusal
from qfluxd.trading.records import canonical
from qfluxd.trading.risk import Intent
from qfluxd.trading.shadow import ShadowDeal
from qfluxd.trading.staking import Result, StakeState

log = structlog.get_logger()

_NEVER: Final[Millis] = 1 << 62
_RESULTS: Final[dict[str, Result]] = {"won": "won", "lost": "lost", "tie": "tie"}

type Act = Callable[[Order, Intent, Signal, Millis], Refusal | None]
"""Takes an order further, or says why not; the time is this machine's. It never waits."""


class Rules(msgspec.Struct, frozen=True):
    """What holds for every plan: microseconds for one look (None: as long as it takes), milliseconds after which a run
    is too late to be made, milliseconds for which an order on its way is still wanted, and milliseconds after its end
    at which the clock closes a candle.
    """

    budget_us: int | None = 50_000
    late_after: Millis = 2_000
    good_for: Millis = 5_000
    grace: Millis = 500


def nobody(_order: Order, _intent: Intent, _signal: Signal, _at: Millis) -> Refusal:
    """An `Act` where nothing can be traded."""
    return Refusal("no_page", "this driver places no trades")


class Playbook:
    """All plans of one desk.

    The promise: what is looked at, in which order, and what is decided depends only on what the desk was told and when.
    A plan that raises or takes too long is benched and told of; the others go on. A signal is judged once, and nothing
    is looked at any more after `end`.
    """

    def __init__(
        self,
        market: Market,
        say: Callable[[Fact], None],
        balance: Callable[[], Decimal | None],
        keep: int,
        rules: Rules,
    ) -> None:
        """`balance` is of the account in front; `keep` candles are remembered per series."""
        self._market = market
        self._say = say
        self._balance = balance
        self._rules = rules
        self._looking = Looking(market, keep)
        self._running: dict[str, Running] = {}
        self._closed: list[Candle] = []
        self.due: Millis = 0
        """Before the broker's clock shows this, `run` has nothing to do."""
        self._newest: dict[Series, tuple[Millis, Quality]] = {}
        self._watched: dict[Series, tuple[bool, bool]] = {}
        """Of each series: whether a plan is due at its candles, and whether one that looks at them wants marks."""
        self._fates = Fates(say)
        self.turns = Turns()
        self._told: dict[str, PlanState] = {}
        self.fingerprint = Fingerprint()
        self.live: Act = nobody
        self.shadow: Act = nobody
        self.on_benched: Callable[[PlanSwitched], None] = lambda switch: None
        """Told when a plan is benched."""
        self.on_slow: Callable[[PlanSwitched], None] = self.bench
        """Told when a plan is to be benched for the time that it takes. That is no business of the market's, so what is
        decided must not rest on it before a recording can tell of it: whoever records has it benched from outside.
        """
        self._is_over = False

    # -------------------------------------------------------------------------------------------------- which plans

    def replace(self, plans: Iterable[Plan], switches: Sequence[PlanSwitched] = ()) -> list[str]:
        """Run these plans from now on; those that are as they were go on undisturbed. Gives the names of the others.

        `switches` are what a person switched by command before, newest last; they hold for plans that are new here.
        """
        switched = {switch.name: switch for switch in switches}
        before, self._running = self._running, {}
        changed = []
        for plan in plans:
            was = before.pop(plan.name, None)
            if was is not None and was.plan == plan:
                self._running[plan.name] = was
                continue
            changed.append(plan.name)
            self._running[plan.name] = self._begun(plan, was, switched.get(plan.name))
        self.due = 0
        self._watched.clear()
        for name, running in before.items():
            self._told.pop(name, None)
            self._say(msgspec.structs.replace(running.state(), enabled=False, phase="gone", detail="removed"))
        for running in self._running.values():
            self._tell(running)
        return changed + list(before)

    def _begun(self, plan: Plan, was: Running | None, switch: PlanSwitched | None) -> Running:
        running = Running(plan, self._rules.late_after, self._market.timeframes)
        if was is not None:
            running.inherit(was)
        if switch is not None:
            running.switch(switch)
        return running

    def switch(self, switch: PlanSwitched) -> PlanState | Refusal:
        """Turn a plan on or off or into another mode, or bench it."""
        running = self._running.get(switch.name)
        if running is None:
            return Refusal("strategy_unknown", f"no strategy is called {switch.name}; strategy/list names all")
        running.switch(switch)
        self._tell(running)
        return running.state()

    def restore(self, trades: Iterable[Trade], deals: Iterable[ShadowDeal]) -> None:
        """What the plans' trades came to before this start, oldest first."""
        for trade in trades:
            self._add_result(trade)
        for deal in deals:
            self._add_shadow_result(deal)

    @property
    def states(self) -> list[PlanState]:
        """How each plan is doing, in the order of the configuration."""
        return [running.state() for running in self._running.values()]

    def plan(self, name: str) -> Plan | None:
        """The plan with this name."""
        running = self._running.get(name)
        return None if running is None else running.plan

    def trades(self, name: str) -> bool:
        """Whether the plan with this name may trade live now: it is there, on, not benched, and in that mode."""
        running = self._running.get(name)
        return running is not None and running.awake and running.mode == "live"

    def look(self, strategy: Strategy, series: Series) -> Look | None:
        """What a strategy says of an asset now, on demand; None where no candle has closed. Raises as it does."""
        return self._looking.look(strategy, series)

    # -------------------------------------------------------------------------------------------------- what is due

    def on_closed(self, candle: Candle) -> None:
        """A candle has closed as time passed; plans look at it in `run`, when all that close with it have."""
        series = candle.series
        due, marked = self._watched.get(series) or self._watch(series)
        self._looking.on_closed(series, candle.at, marked=marked)
        self._newest[series] = candle.at, candle.quality
        if due and not self._is_over:
            self._closed.append(candle)
            self.due = 0

    def on_past(self, told: Iterable[Candle] = ()) -> None:
        """The past has been told anew, with these candles, oldest first within a series; no plan is due by it."""
        self._looking.forget()
        for candle in told:
            newest = self._newest.get(candle.series)
            if newest is None or newest[0] <= candle.at:
                self._newest[candle.series] = candle.at, candle.quality

    def run(self, at: Millis, now: Millis, latest: Millis | None = None) -> None:
        """Look at all that is due: `at` by this machine's clock, `now` by the broker's.

        `latest` is what the broker's may show already where its newest ticks are late; `now` where None.
        """
        if now < self.due or self._is_over:
            return
        closed, self._closed = self._closed, []
        self.due = _NEVER
        real = now if latest is None else max(now, latest)
        for running in self._running.values():
            if running.plan.schedule.on_candle:
                due = self._due_by_candle(running, closed, real)
            else:
                due = self._due_by_time(running, now)
                self.due = min(self.due, running.due.next or _NEVER)
            for series in due:
                if running.awake:
                    self._visit(running, series, at, now)

    def end(self) -> None:
        """Look at nothing any more; what becomes of trades is still heard."""
        self._is_over = True

    def _due_by_candle(self, running: Running, closed: Iterable[Candle], now: Millis) -> list[Series]:
        """After a silence several candles of an asset close at once: it is looked at once, at the newest, if at all."""
        newest = {candle.series: candle for candle in closed if self._is_of(running, candle.series)}
        late_after = self._rules.grace + self._rules.late_after
        due = [each for each, candle in newest.items() if now <= candle.at + each.timeframe + late_after]
        if running.awake and len(due) < len(newest):
            running.skip(len(newest) - len(due))
            self._tell(running)
        return due

    def _due_by_time(self, running: Running, now: Millis) -> list[Series]:
        skipped = running.due.skipped
        moment = running.due.take(now)
        if running.due.skipped != skipped:
            self._tell(running)
        if moment is None:
            return []
        own = [series for series in self._newest if self._is_of(running, series)]
        fresh = [series for series in own if not self._is_old(series, now)]
        if running.awake and own and not fresh:
            running.skip(1)
            self._tell(running)
        return fresh

    def _is_of(self, running: Running, series: Series) -> bool:
        return series.timeframe == running.plan.timeframe and running.plan.trades(series.asset)

    def _watch(self, series: Series) -> tuple[bool, bool]:
        """What the plans that look at a series, as their own or as a longer one, need of it; the same for all time."""
        due = marked = False
        for running in self._running.values():
            lengths = (running.plan.timeframe, *running.needs.timeframes)
            if series.timeframe in lengths and running.plan.trades(series.asset):
                due = due or (running.plan.schedule.on_candle and series.timeframe == running.plan.timeframe)
                marked = marked or bool(running.needs.wants)
        self._watched[series] = due, marked
        return due, marked

    def _is_old(self, series: Series, now: Millis) -> bool:
        """Whether another candle should have closed since: the asset is silent, and its newest says nothing of now."""
        return now >= self._newest[series][0] + 2 * series.timeframe + self._rules.grace + self._rules.late_after

    # -------------------------------------------------------------------------------------------------- one look

    def _visit(self, running: Running, series: Series, at: Millis, now: Millis) -> None:
        if running.plan.schedule.allows(now, series.asset) is not None:
            return
        try:
            look = self._looking.look(running.plan.strategy, series)
        except BaseException as problem:  # whatever a strategy does the others go on, also where it ends the program
            if isinstance(problem, KeyboardInterrupt):
                raise
            switch = running.benched(worded(problem), at)
            self.on_benched(switch)
            self.bench(switch)
            return
        if look is None:
            return
        reason = running.looked(series.asset, look, self._rules.budget_us)
        if look.warm and look.side != NOTHING:
            self._speak(running, self._signal(running, series, look, now), at)
        elif not look.warm or running.plan.name not in self._told or self._told[running.plan.name].phase == "warming":
            self._tell(running)
        if reason is not None:
            self.on_slow(running.benched(reason, at))

    def _speak(self, running: Running, signal: Signal, at: Millis) -> None:
        """A signal is judged and told; one that was said before is not said again, though its candle came twice."""
        if not running.is_new(signal):
            return
        verdict = self._judged(running, signal, at)
        running.judged(verdict)
        self.fingerprint.add(verdict)
        self._say(verdict)
        self._tell(running)

    def bench(self, switch: PlanSwitched) -> None:
        """A plan has failed: it looks at nothing until a person turns it on again, who is told."""
        running = self._running.get(switch.name)
        if running is None or not running.awake:
            return
        log.error("strategy benched", strategy=switch.name, reason=switch.reason)
        self.switch(switch)
        detail = f"{switch.name}: {switch.reason}; strategy/enable tries again"
        self._say(Alert("strategy_benched", detail, switch.at))

    def _signal(self, running: Running, series: Series, look: Look, now: Millis) -> Signal:
        plan = running.plan
        asset = self._market.asset(series.asset)
        moment = look.candle if plan.schedule.on_candle else now
        return Signal(
            id=f"{plan.name}/{series.asset}/{moment}",
            plan=plan.name,
            strategy=plan.use,
            series=series,
            candle=look.candle,
            at=now,
            side="call" if look.side == CALL else "put",
            confidence=look.confidence,
            expiry=look.expiry,
            mode=running.mode,
            payout=None if asset is None else asset.payout,
            probability=look.probability,
            reasons=look.reasons,
        )

    # -------------------------------------------------------------------------------------------------- judging

    def _judged(self, running: Running, signal: Signal, at: Millis) -> Verdict:
        if running.mode == "signal":
            return Verdict(signal, "told", "told", "", signal.at)
        if (waits := self.turns.refusal(signal)) is not None:
            return Verdict(signal, "refused", waits.code, waits.detail, signal.at)
        if running.mode == "live" and (untried := live_refusal(running.plan.strategy, signal.series.asset)) is not None:
            return Verdict(signal, "refused", untried.code, untried.detail, signal.at)
        known = StakeState(self._balance(), signal.payout, signal.confidence, running.results, signal.probability)
        stake = running.plan.staking.stake(known)
        if isinstance(stake, Refusal):
            return Verdict(signal, "refused", stake.code, stake.detail, signal.at)
        order = self._order(signal, stake, at)
        is_live = running.mode == "live"
        refusal = (self.live if is_live else self.shadow)(order, self._intent(running, signal), signal, at)
        if refusal is not None:
            return Verdict(signal, "refused", refusal.code, refusal.detail, signal.at, stake)
        outcome: Outcome = "ordered" if is_live else "shadow"
        verdict = Verdict(signal, outcome, "let_through", "", signal.at, stake, order.id)
        self._fates.add(verdict)
        return verdict

    def _order(self, signal: Signal, stake: Decimal, at: Millis) -> Order:
        return Order(
            id=_order_id(signal),
            request=canonical(signal.id),
            asset=signal.series.asset,
            side=signal.side,
            stake=stake,
            expiry=signal.expiry,
            received=at,
            expires_at=at + self._rules.good_for,
            plan=signal.plan,
        )

    def _intent(self, running: Running, signal: Signal) -> Intent:
        return Intent(
            plan=signal.plan,
            limits=running.plan.limits,
            confidence=signal.confidence,
            probability=signal.probability,
            candle=signal.candle,
            quality=self._quality(signal),
            payout=signal.payout,
        )

    def _quality(self, signal: Signal) -> Quality | None:
        """That of the very candle that a signal rests on."""
        at, quality = self._newest[signal.series]
        return quality if at == signal.candle else None

    # -------------------------------------------------------------------------------------------------- afterwards

    def on_trade(self, trade: Trade) -> None:
        """An order of the journal has come further."""
        self._add_result(trade)
        self._fates.on_trade(trade)

    def on_shadow(self, deal: ShadowDeal) -> None:
        """A shadow deal has come further."""
        self._add_shadow_result(deal)
        self._fates.on_shadow(deal)

    def _add_result(self, trade: Trade) -> None:
        running = None if trade.plan is None else self._running.get(trade.plan)
        if running is not None and trade.stage == "settled" and (result := _RESULTS.get(trade.code)) is not None:
            running.add_results("live", (result,))

    def _add_shadow_result(self, deal: ShadowDeal) -> None:
        running = self._running.get(deal.plan)
        if running is not None and (result := _RESULTS.get(deal.outcome)) is not None:
            running.add_results("shadow", (result,))

    def _tell(self, running: Running) -> None:
        state = running.state()
        if self._told.get(state.name) != state:
            self._told[state.name] = state
            self._say(state)


def _order_id(signal: Signal) -> str:
    """An order's own id, the same for the same signal in every run: sorts by time, fit for the name of a folder."""
    moment = datetime.fromtimestamp(signal.at / 1000, UTC)
    return f"{moment:%Y%m%dT%H%M%S}{signal.at % 1000:03}Z-{hashlib.sha256(signal.id.encode()).hexdigest()[:8]}"
