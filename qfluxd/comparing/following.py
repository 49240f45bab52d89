"""What the arms of one running comparison do, as it is heard on the desk or read from the journal."""

from dataclasses import dataclass, field

from qfluxd.evidence import PATIENCE
from qfluxd.model import Millis, PlanState, Signal, Trade
from qfluxd.plans.plan import Plan
from qfluxd.plans.turns import moment_of
from qfluxd.research.compare.comparison import Comparison, Ending
from qfluxd.research.compare.gate import AWAKE
from qfluxd.research.compare.setting import Arm, Setting, spec_of
from qfluxd.research.compare.taken import lost_track, moment_of_deal, moment_of_trade, of_deal, of_trade
from qfluxd.trading.shadow import ShadowDeal


@dataclass(slots=True)
class Following:
    """A comparison that goes on, and what is on its way in it.

    The promise: it may be told the same twice, and in any order; on paper it heeds deals on paper alone, and live the
    page's alone.
    """

    comparison: Comparison
    breach: str = ""
    """Why it cannot go on, in a sentence."""
    is_news: bool = True
    """Whether something has come since it was last told of."""
    again_at: Millis = 0
    """Before this its end is not written once more, after the disk did not take it."""
    live: dict[str, tuple[str, Trade, Millis]] = field(default_factory=dict)
    """Trades through the page that are not over, with their arm and when they were due."""

    @property
    def setting(self) -> Setting:
        """Its terms."""
        return self.comparison.setting

    def _arm(self, name: str | None) -> Arm | None:
        return next((arm for arm in self.setting.arms if arm.name == name), None)

    def on_signal(self, signal: Signal) -> bool:
        """An arm said something; whether that must be written down: by turns, the first word in each slot."""
        is_first = self.setting.kind == "slots" and self.comparison.see(signal.series.asset, moment_of(signal))
        self.is_news = self.is_news or is_first
        return is_first

    def on_deal(self, deal: ShadowDeal) -> None:
        """A deal on paper has come further."""
        arm = self._arm(deal.plan)
        if arm is None or self.setting.mode != "shadow":
            return
        moment = moment_of_deal(deal, arm, self.setting.late)
        if moment is None:
            return
        if not deal.is_over:
            self.comparison.begin(arm.name, deal.id, moment)
        elif deal.outcome == "not_filled":
            self.comparison.drop(deal.id)
        else:
            self.comparison.take(arm.name, of_deal(deal, moment))
        self.is_news = True

    def on_trade(self, trade: Trade) -> None:
        """A trade through the page has come further."""
        arm = self._arm(trade.plan)
        if arm is None or self.setting.mode != "live" or (moment := moment_of_trade(trade, arm)) is None:
            return
        self.is_news = True
        if not trade.over:
            self.comparison.begin(arm.name, trade.id, moment)
            self.live[trade.id] = arm.name, trade, moment
            return
        self.live.pop(trade.id, None)
        if (taken := of_trade(trade, moment)) is None:
            self.comparison.drop(trade.id)
        else:
            self.comparison.take(arm.name, taken)

    def heed(self, state: PlanState) -> None:
        """How an arm is doing; one that does not run as it was agreed ends the comparison."""
        if state.phase not in AWAKE:
            self.breach = f"{state.name} is {state.phase}: {state.detail}"
        elif state.mode != self.setting.mode:
            self.breach = f"{state.name} was put from mode {self.setting.mode} into {state.mode}"

    def check(self, arm: Arm, plan: Plan | None) -> None:
        """What the configuration says of an arm."""
        if plan is None:
            self.breach = f"{arm.name} was taken out of the configuration"
        elif spec_of(plan) != arm.spec:
            self.breach = f"{arm.name} was changed: its table, or a file that it names"

    def judge(self, now: Millis) -> Ending | None:
        """What it has come to by the broker's clock, None while it goes on."""
        for ident, (arm, trade, moment) in list(self.live.items()):
            if moment + self.setting.late + trade.expiry + PATIENCE <= now:  # nobody learns any more what it came to
                del self.live[ident]
                self.comparison.take(arm, lost_track(trade, moment))
        ending = self.comparison.walk(now)
        if ending is None and self.breach:
            ending = self.comparison.ending = Ending("void", None, self.breach, now)
        return ending
