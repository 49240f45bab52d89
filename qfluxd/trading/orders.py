"""Every order from its receipt to its result: the journal knows each step before it is taken."""

from collections.abc import Callable
from time import monotonic, time_ns
from typing import Final, get_args

from qfluxd.model import Account, Event, Millis, Order, PlanSwitched, Refusal, Stage, Trade, TradingState, TradingSwitch
from qfluxd.ports import Passing, pass_on
from qfluxd.settings import RiskSettings
from qfluxd.trading.entries import EDGES
from qfluxd.trading.hearing import Hearing
from qfluxd.trading.journal import Journal
from qfluxd.trading.records import ComparisonStep, Told, opening_of
from qfluxd.trading.risk import Exposures
from qfluxd.trading.shadow import ShadowDeal
from qfluxd.trading.trades import Say, Trades
from qfluxd.trading.waiting import age, hear_silence, is_helped

STAGES: Final[tuple[Stage, ...]] = get_args(Stage.__value__)
POINTS: Final = tuple(f"{what}.{when}" for what in (*STAGES, "answer") for when in ("before", "after"))
"""What an order passes in here: right before and right after each of its steps is written to the journal."""


class Orders:
    """The orders of one page, and the deals opened by hand beside them.

    The promise: one request acts at most once, whatever dies when. Nothing is clicked before the journal says so, an
    order whose click may be out is never clicked again, and it is called refused only where it was provably not placed;
    should the broker's own answer prove that wrong, the journal is mended and a person is told. Nothing in here waits.
    Nothing that hears or lets time pass raises, whatever the broker says and however often: what goes against the
    journal is told and left out.
    """

    def __init__(
        self,
        journal: Journal,
        settings: RiskSettings,
        say: Say,
        passing: Passing = pass_on,
        *,
        now: Callable[[], Millis] = lambda: time_ns() // 1_000_000,
        timer: Callable[[], float] = monotonic,
    ) -> None:
        """Call `begin` once before anything else.

        `now` is this machine's clock; `timer` counts seconds and never goes back.
        """
        self._journal = journal
        self._say = say
        self._passing = passing
        self._now = now
        self._trades = Trades(journal, say, passing, timer, settings.calendar)
        self._hearing = Hearing(self._trades)
        self._switch = journal.switch()
        self.watchers = self._trades.watchers
        """Each is told every trade that changes, after everybody else."""
        self.reconfigure(settings)

    def reconfigure(self, settings: RiskSettings) -> None:
        """Apply what can change while running."""
        self._hearing.answer_within = self._answer_within = round(settings.answer_within * 1000)
        self._max_drawdown = settings.max_drawdown
        self._trades.ledger.reconfigure(settings.calendar)

    def begin(self, at: Millis) -> None:
        """Take up what the last daemon left: what was not clicked is refused, what may have been is in doubt."""
        self._trades.load(at)
        self._hearing.miss()
        for entry in self._trades:
            if entry.step.stage in ("received", "intended"):
                self._trades.advance(entry, at, "refused", "restarted", "the daemon ended before it was clicked")
            elif entry.step.stage in ("clicking", "clicked"):
                self._trades.advance(entry, at, "unknown", "restarted", "the daemon ended while its click was out")
        self._trades.forget(at)
        self._say(self._switch)
        self._kill_at_drawdown(at)
        self._trades.tell()

    # -------------------------------------------------------------------------------------------- an order's way

    def receive(self, order: Order, candle: Millis | None = None) -> Refusal | None:
        """Write down that an order was asked for; nobody may have asked for it before (`asked`).

        `candle` is the opening time of the candle that a plan's signal rests on.
        """
        refusal = self._trades.open(opening_of(order, candle))
        self._trades.tell()
        return refusal

    def intend(self, ident: str, at: Millis) -> Refusal | None:
        """Let an order through: from here on the page may be set for it, and it counts for the rate."""
        entry = self._trades.get(ident)
        assert entry is not None
        refusal = self._trades.must(entry, at, "intended")
        if refusal is None:
            self._trades.let_through(entry, at)
        self._trades.tell()
        return refusal

    def clicking(self, ident: str, at: Millis, account: Account | None, attempt: int) -> Refusal | None:
        """A click is about to be made. Only where this gives None it may be; then the journal has it."""
        entry = self._trades.get(ident)
        if entry is None or entry.step.stage != "intended":
            return Refusal("busy", "a click for this order may be out already, or it is over")
        refusal = self._trades.must(entry, at, "clicking", attempt=attempt, account=account)
        if refusal is None:
            entry.on_click(at, at + self._trades.lead)
        self._trades.tell()
        return refusal

    def clicked(self, ident: str, at: Millis, attempt: int, landed: bool | None) -> None:
        """The click was made; where it provably reached no button and no order was seen, another may be tried."""
        entry = self._trades.get(ident)
        if entry is None:
            return
        entry.at_work = False
        if not entry.doubtful:
            return  # the answer was faster
        if landed is not False:
            entry.on_worked(at, at + self._trades.lead)
        missed = landed is False and entry.sent is None
        if entry.step.stage == "clicking" and missed:
            self._trades.advance(entry, at, "intended", "missed", "the click reached no button", attempt=attempt)
        elif entry.step.stage == "clicking":
            code = "unclear" if landed is None and entry.sent is None else "landed"
            self._trades.advance(entry, at, "clicked", code, "", attempt=attempt)
        elif missed:
            self._trades.advance(entry, at, "refused", "not_sent", "the click reached no button")
        self._trades.tell()

    def worked(self, ident: str, at: Millis) -> None:
        """The page is not worked for this order any more, whether anybody could say what became of its click or not."""
        entry = self._trades.get(ident)
        if entry is not None and entry.at_work:
            entry.on_worked(at, at + self._trades.lead)

    def refuse(self, ident: str, refusal: Refusal, at: Millis) -> None:
        """Give an order up, for good; one whose click may be out stays in doubt instead."""
        entry = self._trades.get(ident)
        if entry is not None and "refused" in EDGES[entry.step.stage] and not entry.doubtful:
            self._trades.advance(entry, at, "refused", refusal.code, refusal.detail)
        self._trades.tell()

    def attach(self, ident: str, artifacts: str, at: Millis) -> None:
        """Note where an order's pictures and diagnostics lie, below the state folder."""
        entry = self._trades.get(ident)
        if entry is not None and entry.step.artifacts != artifacts:
            self._trades.note(entry, at, artifacts)
        self._trades.tell()

    def answered(self, told: Told) -> None:
        """Keep what an asker was told for good."""
        self._passing("answer.before")
        self._trades.pen.write(told.at, told)
        self._passing("answer.after")

    def keep(self, record: PlanSwitched | ShadowDeal | ComparisonStep, at: Millis) -> None:
        """Keep what has happened beside the orders themselves, late rather than never."""
        self._trades.pen.write(at, record)

    @property
    def unwritten(self) -> tuple[PlanSwitched, ...]:
        """Plans that were switched while the disk took nothing, oldest first: the journal does not know of it yet."""
        return tuple(record for record in self._trades.pen.unwritten if isinstance(record, PlanSwitched))

    def keep_first(self, at: Millis, *records: PlanSwitched | ComparisonStep) -> Refusal | None:
        """Keep what is about to be done, all of it or none; where that fails it must not be done."""
        return self._trades.pen.must(at, *records)

    # --------------------------------------------------------------------------------------------------- hearing

    def hear(self, at: Millis, now: Millis, event: Event) -> None:
        """Take one event, read at `at` by this machine's clock while the broker's showed `now`."""
        self._trades.lead = now - at
        self._hearing.hear(at, event)
        self._kill_at_drawdown(at)
        self._trades.tell()

    def beat(self, at: Millis, now: Millis, *, heard: bool) -> None:
        """Nothing was heard up to `at`; `heard` where everything surely would have been."""
        self._trades.lead = now - at
        hear_silence(self._trades, at, self._now(), sure=heard)
        self.pass_time(at)

    def pass_time(self, at: Millis) -> None:
        """Let time pass without a word on whether anything could have been heard."""
        self._trades.pen.retry(at)
        self._hearing.pass_time(at)
        for entry in self._trades.pending:
            age(self._trades, entry, at, self._answer_within)
        self._trades.forget(at)
        self._kill_at_drawdown(at)
        self._trades.tell()

    def on_line_cut(self) -> None:
        """The line to the market ended, all that came on it was heard: silence proves nothing of clicks before it."""
        self._hearing.cut()

    def on_feed_lost(self) -> None:
        """Frames were missed: silence proves nothing, and an order of anybody's may have left unseen."""
        self._hearing.miss()

    def on_order_unclear(self) -> None:
        """The page was seen asking for a deal that nobody could read: it may be any order, as if frames were missed."""
        self._hearing.miss()

    def helped(self, at: Millis) -> frozenset[str]:
        """The trades of which the broker's lists of deals, told once more, could tell more."""
        return frozenset(entry.opening.id for entry in self._trades if is_helped(entry, at, self._trades.lead))

    # ------------------------------------------------------------------------------------------------- answering

    @property
    def switch(self) -> TradingSwitch:
        """Whether orders are let through."""
        return self._switch

    def turn(self, state: TradingState, reason: str, at: Millis) -> Refusal | None:
        """Turn the switch: to go on only once that is written; to stop at once, and to tell where it is not written.

        To go on with a reason begins to count drawdowns anew; a switch that somebody turns off and on does not.
        """
        switch = TradingSwitch(state, reason, at)
        if state == "active" and (refusal := self._trades.pen.must(at, switch)) is not None:
            return refusal
        self._switch = switch
        self._say(switch)
        if state == "active":
            if reason:
                self._trades.ledger.resume(at + self._trades.lead)
            return None
        pen = self._trades.pen
        pen.write(at, switch)
        if pen.trouble is None:
            return None
        return Refusal("journal_failed", f"trading is {state}, but not yet across a restart: {pen.trouble}")

    def _kill_at_drawdown(self, at: Millis) -> None:
        """Where an account has fallen as far as it may, nothing more is let through until a person resumes trading."""
        if self._max_drawdown is None or self._switch.state == "killed":
            return
        fallen = self._trades.ledger.fallen(at + self._trades.lead, self._trades.held())
        if fallen >= self._max_drawdown:
            since = "since trading was last resumed with a reason"
            reason = f"drawdown of {fallen} {since}, [risk] max_drawdown is {self._max_drawdown}"
            self.turn("killed", reason, at)
            self._trades.alert("drawdown", f"trading is killed: {reason}", at)

    @property
    def trouble(self) -> str | None:
        """Why the journal cannot be written, None where nothing is known to wait."""
        return self._trades.pen.trouble

    def exposures(
        self, at: Millis, account: Account | None, order: Order | None = None, candle: Millis | None = None
    ) -> Exposures:
        """What is at stake on an account, on the order's asset and by its plan, beside that order itself.

        `candle` is the opening time of the candle that the plan's signal rests on.
        """
        asset, plan, ident = ("", None, "") if order is None else (order.asset, order.plan, order.id)
        now, held = at + self._trades.lead, self._trades.held(ident)
        return self._trades.ledger.exposures(
            now, account, asset=asset, plan=plan, candle=candle, besides=ident, held=held
        )

    def asked(self, request: str) -> Trade | None:
        """What this request, by its id in canonical JSON, asked for. Raises `DataError` or `Unavailable`."""
        return self._trades.asked(request)

    def told(self, request: str) -> Told | None:
        """What was answered to this request. Raises as `asked`."""
        return self._journal.told(request)

    def trade(self, ident: str) -> Trade | None:
        """A trade by its id or its deal's. Raises as `asked`."""
        entry = self._trades.get(ident) or self._trades.owner(ident)
        return entry.trade if entry is not None else self._journal.trade(ident) or self._journal.of_deal(ident)

    def trades(self, count: int) -> list[Trade]:
        """The newest trades, newest first. Raises as `asked`."""
        return [self.trade(trade.id) or trade for trade in self._journal.trades(count)]
