"""Trades as they are kept in memory while something may still become of them."""

from collections.abc import Iterable
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
    "refused": frozenset(),
    "settled": frozenset(),
}
"""Where a trade may go from each stage. ``clicking`` goes back to ``intended`` where the click provably hit nothing."""

IN_DOUBT: Final[frozenset[Stage]] = frozenset({"clicking", "clicked", "unknown"})
_LENGTH_OFF: Millis = 2 * SECOND
"""An order that names the moment of its end has another length by the time it is read."""

OVER: Final[frozenset[Stage]] = frozenset({"refused", "settled"})


@dataclass(slots=True)
class Entry:
    """One trade in memory: what the journal knows, and what was heard of it since.

    `first` is the broker's clock at the first click, `last` at the last sign of the order (a click, or its frame
    leaving the page) and `last_at` this machine's then. `unbroken` is up to when every frame since the last click was
    surely heard, None where some may have been missed.
    """

    opening: Opening
    step: Step
    first: Millis = 0
    last: Millis = 0
    last_at: Millis = 0
    unbroken: Millis | None = None
    sent: OrderSent | None = None

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

    def on_click(self, at: Millis, now: Millis) -> None:
        """A click is about to be made."""
        self.first = self.first or now
        self.last, self.last_at, self.unbroken = now, at, at
        self.sent = None

    def on_sent(self, at: Millis, now: Millis, sent: OrderSent) -> None:
        """Its frame was seen leaving the page."""
        self.sent, self.last, self.last_at = sent, now, at

    def doubt(self) -> Doubt:
        """What to look for among the broker's deals; what left the page other than intended may have been another's."""
        it, left = self.opening, self.left
        account = self.sent.account if left and self.sent is not None else self.step.account
        times = (self.first, self.last, self.last_at)
        return Doubt(it.id, it.asset, it.side, it.stake, it.expiry, account, *times, left)


def is_as_intended(opening: Opening, sent: OrderSent) -> bool:
    """Whether an order that left the page is the one that was to leave it."""
    same = (opening.asset, opening.side, opening.stake) == (sent.asset, sent.side, sent.stake)
    return same and abs(opening.expiry - sent.expiry) <= _LENGTH_OFF


def entry_of(past: Past) -> Entry:
    """A trade as a restart finds it; what was heard in between is missing."""
    entry = Entry(past.opening, past.steps[-1])
    for step in past.steps:
        if step.stage == "clicking":
            entry.on_click(step.at, step.now)
        elif step.stage == "clicked":
            entry.last, entry.last_at = step.now, step.at
    entry.unbroken = None
    return entry


def doubts(entries: Iterable[Entry]) -> list[Doubt]:
    """All of which nobody knows whether they were placed."""
    return [entry.doubt() for entry in entries if entry.doubtful]
