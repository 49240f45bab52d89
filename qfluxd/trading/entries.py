"""Trades as they are kept in memory while something may still become of them."""

from dataclasses import dataclass
from typing import Final

from qfluxd.model import SECOND, Deal, Millis, OrderSent, Stage, Trade
from qfluxd.trading.reconcile import Doubt
from qfluxd.trading.records import Opening, Past, Step, trade_of

EDGES: Final[dict[Stage, frozenset[Stage]]] = {
    "received": frozenset({"intended", "refused"}),
    "intended": frozenset({"clicking", "refused"}),
    "clicking": frozenset({"intended", "clicked", "accepted", "refused", "unknown"}),
    "clicked": frozenset({"accepted", "refused", "unknown"}),
    "unknown": frozenset({"accepted", "refused", "settled", "unknown"}),
    "accepted": frozenset({"settled", "unknown"}),
    "refused": frozenset({"accepted"}),
    "settled": frozenset(),
}
"""Where a trade may go from each stage.

``clicking`` goes back to ``intended`` where the click provably hit nothing. ``refused`` is mended by one thing alone,
the broker's answer to this very order (`Entry.mendable`).
"""

MENDABLE: Final = frozenset({"broker_refused", "not_sent", "not_placed"})
"""What an order whose click was out is called refused for; the broker's word on it would prove that wrong."""

IN_DOUBT: Final[frozenset[Stage]] = frozenset({"clicking", "clicked", "unknown"})
_BY_CLOCK_OFF: Millis = 2 * SECOND
"""An order that names the moment of its end has another length by the time it is read."""

OVER: Final[frozenset[Stage]] = frozenset({"refused", "settled"})


@dataclass(slots=True)
class Entry:
    """One trade in memory: what the journal knows, and what was heard of it since.

    `first` is the broker's clock at the first click, `last` at the last sign of the order (a click, or its frame
    leaving the page) and `last_at` this machine's then. `unbroken` is up to when every frame since the last click was
    surely heard, None where some may have been missed. `at_work` is whether the page is still being worked for it, so
    that an order may leave even now. `clouded` is whether what left the page for it may have been another's, `named`
    whether its deal is its own for certain, by the number of its frame; any other may be that of an order like it.
    """

    opening: Opening
    step: Step
    first: Millis = 0
    last: Millis = 0
    last_at: Millis = 0
    unbroken: Millis | None = None
    sent: OrderSent | None = None
    at_work: bool = False
    clouded: bool = False
    named: bool = False

    @property
    def trade(self) -> Trade:
        """As it stands now."""
        return trade_of(self.opening, self.step)

    @property
    def deal(self) -> Deal | None:
        """The broker's deal, once it is known."""
        return self.step.deal

    @property
    def doubtful(self) -> bool:
        """Whether it may have been placed, and no deal of it is known."""
        return self.step.stage in IN_DOUBT and self.step.deal is None

    @property
    def left(self) -> bool:
        """Whether an order that is just what was intended was seen leaving the page."""
        return self.sent is not None and is_as_intended(self.opening, self.sent)

    @property
    def over(self) -> bool:
        """Whether nothing more is expected of it."""
        return self.step.stage in OVER

    @property
    def mendable(self) -> bool:
        """Whether it is called refused though its click was out."""
        return self.step.stage == "refused" and self.step.code in MENDABLE and self.first > 0

    def on_click(self, at: Millis, now: Millis) -> None:
        """A click is about to be made."""
        self.first = self.first or now
        self.last, self.last_at, self.unbroken = now, at, at
        self.sent, self.at_work = None, True

    def on_worked(self, at: Millis, now: Millis) -> None:
        """The page is done with its click; only from here on does silence say anything."""
        self.last, self.last_at, self.at_work = now, at, False

    def on_sent(self, at: Millis, now: Millis, sent: OrderSent) -> None:
        """Its frame was seen leaving the page; where there was or may have been another, nobody knows which is its."""
        self.clouded = self.clouded or self.sent is not None or self.unbroken is None or _is_by_clock(sent)
        self.sent, self.last, self.last_at = sent, now, at

    def is_named(self, request: str | None) -> bool:
        """Whether an answer with this number is about the one frame that can have left for it."""
        certain = self.left and not self.clouded
        return certain and self.sent is not None and request is not None and self.sent.request == request

    def doubt(self) -> Doubt:
        """What to look for among the broker's deals; what left the page other than intended may have been another's."""
        it, left = self.opening, self.left
        account = self.sent.account if left and self.sent is not None else self.step.account
        times = (self.first, self.last, self.last_at)
        by_clock = self.sent is not None and left and _is_by_clock(self.sent)
        off = _BY_CLOCK_OFF if by_clock else SECOND
        return Doubt(it.id, it.asset, it.side, it.stake, it.expiry, account, *times, left, off, self.clouded)


def is_as_intended(opening: Opening, sent: OrderSent) -> bool:
    """Whether an order that left the page is the one that was to leave it."""
    same = (opening.asset, opening.side, opening.stake) == (sent.asset, sent.side, sent.stake)
    return same and abs(opening.expiry - sent.expiry) <= (_BY_CLOCK_OFF if _is_by_clock(sent) else 0)


def _is_by_clock(sent: OrderSent) -> bool:
    """Whether an order named the moment of its end: a length that it names itself is in whole seconds."""
    return sent.expiry % SECOND != 0


def entry_of(past: Past) -> Entry:
    """A trade as a restart finds it; what was heard in between is missing."""
    entry = Entry(past.opening, past.steps[-1])
    for step in past.steps:
        if step.stage == "clicking":
            entry.on_click(step.at, step.now)
        elif step.stage == "clicked":
            entry.last, entry.last_at = step.now, step.at
    entry.unbroken, entry.at_work = None, False
    return entry
