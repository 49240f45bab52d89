"""Comparisons of strategies in a running daemon: begun, fed, judged, ended, and whoever won promoted."""

from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec
import structlog

from qfluxd.acts import Acts
from qfluxd.api import wire
from qfluxd.api.payloads import ComparisonPayload
from qfluxd.comparing.following import Following
from qfluxd.comparing.switching import after, promoting
from qfluxd.comparing.winning import Winner
from qfluxd.desk import Desk
from qfluxd.errors import DataError, Unavailable
from qfluxd.model import DAY, MINUTE, Compared, Fact, Millis, PlanState, PlanSwitched, Refusal, Trade, Verdict
from qfluxd.plans.turns import moment_of
from qfluxd.research.compare import gate as gates
from qfluxd.research.compare.comparison import Comparison, Ending
from qfluxd.research.compare.history import (
    Case,
    Promotion,
    again,
    begun,
    cases,
    earlier,
    ended,
    promoted,
    read_seen,
    seen,
    tried,
)
from qfluxd.research.compare.report import report
from qfluxd.research.compare.setting import Setting
from qfluxd.research.compare.shown import shown
from qfluxd.settings import CompareSettings
from qfluxd.trading.journal import Journal
from qfluxd.trading.orders import Orders
from qfluxd.trading.shadow import ShadowDeal

log = structlog.get_logger()

_TOLD: Final = 20
"""Comparisons that are over and still told of, the newest."""
_FIRST_VERDICTS: Final = ("told", "refused", "shadow", "ordered")


class Comparing:
    """All comparisons of one daemon.

    The promise: what a comparison says follows from the journal, so a restart or a kill loses nothing and counts
    nothing twice. A plan is put into mode live by a person's command or by the rule of the file, and by nothing else;
    when live arms are compared no more, only the first goes on trading live.
    """

    def __init__(
        self,
        desk: Desk,
        orders: Orders,
        journal: Journal,
        acts: Acts,
        settings: CompareSettings,
        put: Callable[[wire.Message], None],
        now: Callable[[], Millis],
        late: Millis,
    ) -> None:
        """`now` is this machine's clock; `put` takes what is to be told.

        No plan says anything more than `late` milliseconds after it was due.
        """
        self.settings = settings
        self._desk = desk
        self._orders = orders
        self._journal = journal
        self._acts = acts
        self._put = put
        self._now = now
        self.late = late
        self.cases: dict[str, Case] = {}
        self.running: dict[str, Following] = {}
        self.arms: dict[str, Following] = {}
        self._winners: dict[str, Winner] = {}
        """Of comparisons that are over, by their names: whoever may still be promoted."""

    # ----------------------------------------------------------------------------------------------- after a restart

    def resume(self) -> None:
        """Take up the comparisons that were running, before anything is heard."""
        self.cases = cases(self._journal.comparisons())
        for case in self.cases.values():
            if case.ended is None:
                self._enter(case.setting)
                self._acts.resume_comparison(self._note(case.setting, running=True))

    def restore(self, deals: Iterable[ShadowDeal]) -> None:
        """Take what was traded in them so far, of which these are the deals on paper; then tell of all."""
        for running in self.running.values():
            setting = running.setting
            for word in map(read_seen, self._journal.seen(setting.name)):
                running.comparison.see(word.asset, word.moment)
            for arm in setting.names:
                for trade in self._journal.trades_of(arm, setting.since - DAY):
                    running.on_trade(trade)
        for name in self.newest():
            self._follow_on(self.cases[name])
        for deal in deals:
            self.on_deal(deal)
        self.reconfigure(self.settings)
        for running in self.running.values():
            running.judge(self._desk.now(self._now()))
        for name in self.newest():
            self._tell(name)

    def reconfigure(self, settings: CompareSettings) -> None:
        """The configuration was read: an arm that is not what it was ends its comparison."""
        self.settings = settings
        states = self.states()
        for running in self.running.values():
            for arm in running.setting.arms:
                if (state := states.get(arm.name)) is not None:
                    running.heed(state)
                running.check(arm, self._desk.plans.plan(arm.name))

    # ------------------------------------------------------------------------------------------------------- hearing

    def on_fact(self, fact: Fact) -> None:
        """Hear what the desk says of arms."""
        if type(fact) is Verdict:
            self._on_verdict(fact)
        elif type(fact) is Trade:
            self._on_trade(fact)
        elif type(fact) is PlanState and (running := self.arms.get(fact.name)) is not None:
            running.heed(fact)

    def _on_trade(self, trade: Trade) -> None:
        if trade.plan is not None and (running := self.arms.get(trade.plan)) is not None:
            running.on_trade(trade)
        for winner in self._winners.values():
            winner.on_trade(trade)

    def _on_verdict(self, verdict: Verdict) -> None:
        signal = verdict.signal
        running = self.arms.get(signal.plan)
        if running is not None and verdict.outcome in _FIRST_VERDICTS and running.on_signal(signal):
            at, moment = self._now(), moment_of(signal)
            self._orders.keep(seen(running.setting.name, signal.series.asset, moment, at), at)

    def on_deal(self, deal: ShadowDeal) -> None:
        """A deal on paper has come further, now or before this start."""
        if (running := self.arms.get(deal.plan)) is not None:
            running.on_deal(deal)
        for winner in self._winners.values():
            winner.on_deal(deal)

    # ------------------------------------------------------------------------------------------------------- judging

    def look(self) -> None:
        """Judge what is past, tell what is new, end what is over; to be called about once a second."""
        at = self._now()
        for running in list(self.running.values()):
            if running.judge(self._desk.now(at)) is not None:
                self._try_to_end(running, at)
            elif running.is_news:
                running.is_news = False
                self._tell(running.setting.name)
        for name, winner in list(self._winners.items()):
            if winner.is_news:
                winner.is_news = False
                self._look_at_winner(name, at)

    def _look_at_winner(self, name: str, at: Millis) -> None:
        """A winner has traded on: it may have come to beat break-even, which is where the file's rule may hold."""
        promotion = self._unasked(self.cases[name], at)
        if promotion is None or self.promote(name, promotion) is not None:
            self._tell(name)

    def _try_to_end(self, running: Following, at: Millis) -> None:
        if at >= running.again_at and self._orders.trouble is None and self._end(running) is not None:
            running.again_at = at + MINUTE

    def _end(self, running: Following) -> Refusal | None:
        """Write down what it came to, with all that follows from it, in one; then do it."""
        setting, at, last = running.setting, self._now(), report(running.comparison)
        case = msgspec.structs.replace(self.cases[setting.name], ended=last)
        promotion = self._unasked(case, at)
        states = self.states()
        switches = after(setting, last, states, at) if promotion is None else promoting(setting, promotion, states)
        steps = [ended(setting.name, last, at)]
        if promotion is not None:
            steps.append(promoted(setting.name, promotion))
        refusal = self._orders.keep_first(at, *steps, *switches)
        if refusal is not None:
            return refusal
        self._leave(msgspec.structs.replace(case, promotion=promotion), running.comparison)
        self._turn(switches)
        self._acts.compare(self._note(setting, running=False))
        log.info("comparison ended", comparison=setting.name, said=last.sentence)
        self._tell(setting.name, "ended")
        if promotion is not None:
            self._tell(setting.name, "promoted")
        return None

    def _unasked(self, case: Case, at: Millis) -> Promotion | None:
        """The promotion that the rule of the file makes without asking, if it does."""
        if case.winner is None or self._left(case, at) or self.gate(case):
            return None
        return Promotion(case.winner, "file", "[compare] promote is live, and it has won", at)

    def _left(self, case: Case, at: Millis) -> str:
        """Why the rule of the file leaves the winner to a person; nothing where it does not."""
        past = [each.promotion for each in self.cases.values() if each.promotion is not None]
        winner, setting, known = case.winner or "", case.setting, self.cases.values()
        try:
            last = self._journal.plan_switches().get(winner)
        except (Unavailable, DataError) as problem:
            return f"nobody knows whether it was switched since: {problem}"
        return gates.unasked(
            winner,
            setting.rule,
            self.settings,
            past,
            at,
            before=tried(known, setting, winner),
            again=again(known, setting, winner),
            moved=gates.moved(case, self.states().get(winner), last),
        )

    # ------------------------------------------------------------------------------------------------------ commands

    def begin(self, setting: Setting) -> Refusal | None:
        """Begin a comparison on these terms, once they are written down."""
        at = self._now()
        if (refusal := self._orders.keep_first(at, begun(setting, at))) is not None:
            return refusal
        self.cases[setting.name] = Case(setting, begun=at)
        self._enter(setting)
        self._acts.compare(self._note(setting, running=True))
        log.info("comparison begun", comparison=setting.name, arms=setting.names, seed=setting.seed)
        self._tell(setting.name, "begun")
        return None

    def stop(self, name: str, reason: str) -> Refusal | None:
        """End one that runs before it is sure of anything."""
        running = self.running[name]
        before = running.comparison.ending
        running.comparison.ending = before or Ending("stopped", None, reason, self._desk.now(self._now()))
        if (refusal := self._end(running)) is not None:
            running.comparison.ending = before
        return refusal

    def promote(self, name: str, promotion: Promotion) -> Refusal | None:
        """Write it down with what follows from it, in one; then do it."""
        case = self.cases[name]
        switches = promoting(case.setting, promotion, self.states())
        refusal = self._orders.keep_first(promotion.at, promoted(name, promotion), *switches)
        if refusal is not None:
            return refusal
        self.cases[name] = msgspec.structs.replace(case, promotion=promotion)
        self._winners.pop(name, None)
        self._turn(switches)
        log.info("strategy promoted", comparison=name, strategy=promotion.arm, reason=promotion.reason)
        self._tell(name, "promoted")
        return None

    def _turn(self, switches: Iterable[PlanSwitched]) -> None:
        """The journal has them already."""
        for switch in switches:
            self._acts.switch(switch, written=True)

    def gate(self, case: Case) -> Refusal | None:
        winner = case.winner or ""
        followed = self._winners.get(case.setting.name)
        last = None if case.ended is None else case.ended.worth
        worth = last if followed is None else followed.summary
        return gates.gate(case, worth, self._desk.plans.plan(winner), self.states().get(winner))

    # ------------------------------------------------------------------------------------------------------- inside

    def _enter(self, setting: Setting) -> None:
        running = self.running[setting.name] = Following(Comparison(setting))
        self.arms |= dict.fromkeys(setting.names, running)

    def _leave(self, case: Case, comparison: Comparison) -> None:
        del self.running[case.setting.name]
        for name in case.setting.names:
            del self.arms[name]
        self.cases[case.setting.name] = case
        self._follow_on(case, comparison)

    def _follow_on(self, case: Case, comparison: Comparison | None = None) -> None:
        """Whoever has won and is not promoted may still come to beat break-even."""
        if case.winner is None or case.promotion is not None:
            return
        winner = self._winners[case.setting.name] = Winner(case, comparison)
        if comparison is None:
            for trade in self._journal.trades_of(winner.name, case.setting.since - DAY):
                winner.on_trade(trade)

    def _note(self, setting: Setting, *, running: bool) -> Compared:
        slot = setting.slot if setting.kind == "slots" else 0
        return Compared(setting.name, setting.names, slot, setting.seed, setting.since, running, self._now())

    def newest(self) -> list[str]:
        """Those that are over and still told of, oldest first."""
        return [name for name, case in self.cases.items() if case.ended is not None][-_TOLD:]

    def states(self) -> dict[str, PlanState]:
        return {state.name: state for state in self._desk.plans.states}

    def _tell(self, name: str, what: Any = None) -> None:
        payload = self.payload(name)
        self._put(wire.comparison(payload))
        if what is not None:
            self._put(wire.comparison_event(what, payload))

    def payload(self, name: str) -> ComparisonPayload:
        case = self.cases[name]
        last = case.ended or report(self.running[name].comparison)
        refusal = self.gate(case)
        left = self._left(case, self._now()) if refusal is None and self.settings.promote == "live" else ""
        return shown(case, last, earlier(self.cases.values(), case.setting), refusal, left)
