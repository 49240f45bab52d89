"""Which of our orders a frame is about: one seen leaving the page, an answer to it, or somebody else's."""

from collections import deque
from collections.abc import Iterable

from qfluxd.model import Deal, DealOpened, Millis, OrderRefused, OrderSent
from qfluxd.trading.entries import Entry, is_as_intended
from qfluxd.trading.reconcile import LATEST, SKEW, pair
from qfluxd.trading.records import Opening

_MOST_STRANGERS = 50


def sent_by(entries: Iterable[Entry], sent: OrderSent, at: Millis, answer_within: Millis) -> Entry | None:
    """The order that is seen leaving, None where a person's hand sent it.

    It is the first after a click that is as intended; while a click is out and nothing was seen of it, whatever leaves
    the page is taken for it.
    """
    out = [entry for entry in entries if entry.doubtful and at - entry.last_at <= LATEST]
    unseen = [entry for entry in out if not entry.left]
    for entry in sorted(unseen, key=lambda entry: entry.last_at):
        if is_as_intended(entry.opening, sent) and entry.step.account in (None, sent.account):
            return entry
    waiting = (entry for entry in unseen if entry.sent is None and entry.step.stage != "unknown")
    return next((entry for entry in waiting if at - entry.last_at <= answer_within), None)


def opened_for(entries: Iterable[Entry], strangers: "Strangers", opened: DealOpened) -> Entry | None:
    """The order that the broker has just taken: by the page's own id for it, else by its fields and its time."""
    doubtful = [entry for entry in entries if entry.doubtful]
    deal, request = opened.deal, opened.request
    if request is not None:
        named = [entry for entry in doubtful if entry.sent is not None and entry.sent.request == request]
        for entry in sorted(named, key=lambda entry: -entry.last_at):  # a page may use the same number twice
            if _is_answered(entry, deal):
                return entry
        if strangers.sent(request):
            return None
        doubtful = [entry for entry in doubtful if not entry.left or (entry.sent and entry.sent.request is None)]
    pairs = pair((entry.doubt() for entry in doubtful), [deal])
    return next((entry for entry in doubtful if entry.opening.id in pairs), None)


def _is_answered(entry: Entry, deal: Deal) -> bool:
    """Whether a deal can be what was seen leaving the page."""
    sent = entry.sent
    return sent is not None and (sent.asset, sent.side) == (deal.asset, deal.side) and deal.opened >= entry.first - SKEW


def refused_for(entries: Iterable[Entry], strangers: "Strangers", event: OrderRefused, at: Millis) -> Entry | None:
    """The order that the broker turned down; None where it may be another's, for a refusal names no order.

    One that left the page other than it was meant to may have been another's too.
    """
    mine = [
        entry
        for entry in entries
        if entry.doubtful and at - entry.last_at <= LATEST and _is_about(event, entry.sent or entry.opening)
    ]
    others = strangers.turned_down(event, at)
    if len(mine) != 1 or others:
        return None
    return mine[0] if mine[0].sent is None or mine[0].left else None


def _is_about(event: OrderRefused, order: OrderSent | Opening) -> bool:
    return event.asset in (None, order.asset) and event.stake in (None, order.stake)


class Strangers:
    """Orders that were seen leaving the page and are none of ours, until they are answered or a minute old."""

    def __init__(self) -> None:
        self._sent: deque[tuple[Millis, OrderSent]] = deque(maxlen=_MOST_STRANGERS)

    def add(self, at: Millis, sent: OrderSent) -> None:
        """One more has left."""
        self._sent.append((at, sent))

    def sent(self, request: str) -> bool:
        """Whether one of them has this id of the page's."""
        return any(sent.request == request for _, sent in self._sent)

    def answered(self, opened: DealOpened) -> None:
        """One was taken."""
        deal = opened.deal
        for item in self._sent:
            same = (item[1].asset, item[1].side, item[1].stake) == (deal.asset, deal.side, deal.stake)
            if same if opened.request is None else item[1].request == opened.request:
                self._sent.remove(item)
                return

    def turned_down(self, event: OrderRefused, at: Millis) -> bool:
        """Whether a refusal may be about one of them; that one does not wait any more."""
        for item in self._sent:
            if at - item[0] <= LATEST and _is_about(event, item[1]):
                self._sent.remove(item)
                return True
        return False
