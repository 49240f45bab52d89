"""All trades of which something may still become, each step of them written before it is told."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Final

import msgspec

from qfluxd.hours import Calendar
from qfluxd.model import DAY, MINUTE, Alert, Deal, Millis, OpenTrades, Refusal, Stage, Trade, TradingSwitch
from qfluxd.ports import Passing
from qfluxd.trading.entries import EDGES, Entry, entry_of
from qfluxd.trading.exposure import held_by, held_loose
from qfluxd.trading.journal import Journal
from qfluxd.trading.ledger import Held, Ledger
from qfluxd.trading.pace import Passed
from qfluxd.trading.pen import Pen
from qfluxd.trading.records import Opening, Record, Step, foreign_opening
from qfluxd.trading.returns import Closing

type Say = Callable[[Trade | OpenTrades | TradingSwitch | Alert], None]

_REMEMBERED: Millis = 2 * DAY
"""For so long an order of which nobody ever learned is told among the open ones."""
_TAIL: Final = 200
"""Trades that are over and still in memory, for answers that come late or twice."""
_MOST_WAITING: Final = 1_000
"""Writes that may wait for the disk before deals opened by hand are left out."""


class Trades:
    """The trades in memory, the journal behind them and the ears before them.

    The promise: memory, journal and what was said never differ by more than the step that is being taken, save while
    the disk takes nothing; only steps that `EDGES` allows are taken.
    """

    def __init__(
        self, journal: Journal, say: Say, passing: Passing, timer: Callable[[], float], calendar: Calendar
    ) -> None:
        """`timer` counts seconds and never goes back; `calendar` says when days begin."""
        self.journal = journal
        self.pen = Pen(journal, say)
        self.ledger = Ledger(calendar, timer)
        self.lead: Millis = 0
        """The broker's clock minus this machine's, as it was last known."""
        self.watchers: list[Callable[[Trade], None]] = []
        self._say = say
        self._passing = passing
        self._began = journal.began()
        self._entries: dict[str, Entry] = {}
        self._pending: dict[str, Entry] = {}
        self._by_deal: dict[str, Entry] = {}
        self._over: deque[str] = deque()
        self._loose: dict[str, Deal] = {}
        self._is_told = False

    def load(self, at: Millis) -> None:
        """Take up what the journal holds; also what was refused of late, since that may be said twice."""
        self.ledger.resume(self.journal.resumed())
        for closing, lately in self.journal.closings():
            self.ledger.settle(closing, lately=lately)
        for then, passed in self.journal.let_through():
            self.ledger.let_through(passed, since=at - then)
        for past in self.journal.unfinished(refused_since=at - 2 * MINUTE):
            entry = entry_of(past)
            self._keep(entry)
            if entry.over:
                self._over.append(entry.opening.id)

    # -------------------------------------------------------------------------------------------------- looking

    def __iter__(self) -> Iterator[Entry]:
        """All in memory, oldest first; they may change meanwhile."""
        return iter(tuple(self._entries.values()))

    @property
    def pending(self) -> tuple[Entry, ...]:
        """Those that are not over, oldest first: all that time alone can change."""
        return tuple(self._pending.values())

    def get(self, ident: str) -> Entry | None:
        """The one with this id, None where it is not in memory."""
        return self._entries.get(ident)

    def asked(self, request: str) -> Trade | None:
        """What this request, by its id in canonical JSON, asked for. Raises as `Reader` does."""
        mine = (entry.trade for entry in self._entries.values() if entry.opening.request == request)
        return next(mine, None) or self.journal.asked(request)

    def owner(self, deal: str) -> Entry | None:
        """The trade in memory that has this deal."""
        return self._by_deal.get(deal)

    def fresh(self, deals: Iterable[Deal]) -> list[Deal]:
        """Those deals that belong to no trade, each once. Raises as `Reader` does."""
        unknown = {deal.id: deal for deal in deals if deal.id not in self._by_deal}
        return [deal for deal in unknown.values() if self.journal.of_deal(deal.id) is None]

    @property
    def loose(self) -> list[Deal]:
        """Deals that may be an order's or were opened by hand; until that is known they count as both."""
        return list(self._loose.values())

    def held(self, besides: str = "") -> Iterator[Held]:
        """Every stake that is out, beside one order."""
        yield from (held_by(entry) for ident, entry in self._pending.items() if ident != besides)
        yield from map(held_loose, self._loose.values())

    # ----------------------------------------------------------------------------------------------- taking steps

    def open(self, opening: Opening) -> Refusal | None:
        """A new order, written before it counts; None where it is."""
        at = opening.received
        step = Step(opening.id, "received", "received", "", at, at + self.lead)
        refusal = self._must(step, opening)
        if refusal is None:
            self._keep(Entry(opening, step))
            self._told(self._entries[opening.id])
        return refusal

    def must(self, entry: Entry, at: Millis, stage: Stage, **changes: object) -> Refusal | None:
        """A step towards an act, written before the act; where it cannot be, it is not taken."""
        step = self._next(entry, at, stage, stage, "", changes)
        refusal = self._must(step)
        if refusal is None:
            self._take(entry, step)
        return refusal

    def advance(self, entry: Entry, at: Millis, stage: Stage, code: str, detail: str, **changes: object) -> None:
        """A step that has happened by itself."""
        step = self._next(entry, at, stage, code, detail, changes)
        self._passing(f"{stage}.before")
        self.pen.write(at, step)
        self._passing(f"{stage}.after")
        self._take(entry, step)

    def let_through(self, entry: Entry, at: Millis) -> None:
        """It counts for the limits on how many are let through from now on, whatever becomes of it."""
        it = entry.opening
        self.ledger.let_through(Passed(it.id, it.asset, it.plan, it.candle, at + self.lead))

    def note(self, entry: Entry, at: Millis, artifacts: str) -> None:
        """Where a trade's pictures lie; that is no step of it."""
        entry.step = msgspec.structs.replace(entry.step, artifacts=artifacts, at=at, now=at + self.lead)
        self.pen.write(at, entry.step)
        self._is_told = False

    def add_foreign(self, deals: Iterable[Deal], at: Millis) -> None:
        """Deals that were opened by hand, all in one write; from before the journal they are none of its business."""
        fresh = self._since_began(deals)
        if not fresh or self.pen.waiting > _MOST_WAITING:
            return
        records: list[Record] = []
        for deal in fresh:
            opening = foreign_opening(deal, at)
            opened = msgspec.structs.replace(deal, profit=None, close_price=None)
            step = Step(opening.id, "accepted", "by_hand", "", at, at + self.lead, account=deal.account, deal=opened)
            records += [opening, step]
            self._keep(Entry(opening, step))
        self.pen.write(at, *records)
        for deal in fresh:
            self._told(self._by_deal[deal.id])

    def withhold(self, deals: Iterable[Deal]) -> None:
        """Deals that belong to no trade yet."""
        self._loose |= {deal.id: deal for deal in self._since_began(deals)}

    def _since_began(self, deals: Iterable[Deal]) -> list[Deal]:
        new = {deal.id: deal for deal in deals if deal.opened >= self._began and deal.id not in self._by_deal}
        return list(new.values())

    def forget(self, at: Millis) -> None:
        """Let go of what is over, but for the newest, and of what nobody will ever learn."""
        if self.pen.waiting:
            return  # memory is all there is of it
        old = [e.opening.id for e in self if e.step.stage == "unknown" and at - e.step.at > _REMEMBERED]
        while len(self._over) > _TAIL:
            old.append(self._over.popleft())
        for ident in old:
            entry = self._entries.pop(ident)
            if self._pending.pop(ident, None) is not None:
                self.ledger.lose(held_by(entry))
            self._is_told = self._is_told and entry.over
            if entry.deal is not None:
                self._by_deal.pop(entry.deal.id, None)

    # -------------------------------------------------------------------------------------------------- telling

    def tell(self) -> None:
        """Say which trades are not over, where that has changed."""
        if not self._is_told:
            self._is_told = True
            self._say(OpenTrades(tuple(entry.trade for entry in self if not entry.over)))

    def alert(self, code: str, detail: str, at: Millis) -> None:
        """Tell a person."""
        self._say(Alert(code, detail, at))

    # -------------------------------------------------------------------------------------------------- inside

    def _must(self, step: Step, *others: Record) -> Refusal | None:
        self._passing(f"{step.stage}.before")
        refusal = self.pen.must(step.at, *others, step)
        self._passing(f"{step.stage}.after")
        return refusal

    def _next(self, entry: Entry, at: Millis, stage: Stage, code: str, detail: str, changes: dict[str, object]) -> Step:
        before = entry.step
        if stage not in EDGES[before.stage]:
            raise AssertionError(f"{before.trade} cannot go from {before.stage} to {stage}")
        now = at + self.lead
        return msgspec.structs.replace(before, stage=stage, code=code, detail=detail, at=at, now=now, **changes)

    def _take(self, entry: Entry, step: Step) -> None:
        if entry.over:
            self._over.remove(entry.opening.id)  # mended
        entry.step = step
        self._keep(entry)
        if step.stage == "settled" and (deal := step.deal) is not None:
            profit = deal.profit or Decimal(0)
            self.ledger.settle(Closing(deal.account, deal.asset, entry.opening.plan, profit, deal.closes))
        if entry.over:
            self._over.append(entry.opening.id)
        self._told(entry)

    def _keep(self, entry: Entry) -> None:
        self._entries[entry.opening.id] = entry
        if entry.over:
            self._pending.pop(entry.opening.id, None)
        else:
            self._pending[entry.opening.id] = entry
        if entry.deal is not None:
            self._by_deal[entry.deal.id] = entry
            self._loose.pop(entry.deal.id, None)

    def _told(self, entry: Entry) -> None:
        self._is_told = False
        trade = entry.trade
        self._say(trade)
        for watcher in self.watchers:
            watcher(trade)
