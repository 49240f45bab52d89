"""Which of our orders a frame is about: one seen leaving the page, an answer to it, or somebody else's."""

from collections import deque
from collections.abc import Iterable

from qfluxd.model import Deal, DealOpened, Millis, OrderRefused, OrderSent
from qfluxd.trading.entries import Entry, is_as_intended
from qfluxd.trading.reconcile import LATEST, SKEW, pair
from qfluxd.trading.records import Opening

_MOST_STRANGERS = 500


def sent_by(entries: Iterable[Entry], sent: OrderSent, at: Millis, answer_within: Millis) -> Entry | None:
    """The order that is seen leaving, None where a person's hand sent it.

    It is the first after a click that is as intended; an order whose click is out comes before one long in doubt, for a
    frame follows its click. While a click is out and nothing was seen of it, whatever leaves the page is taken for it.
    """
    out = [entry for entry in entries if entry.doubtful and (entry.at_work or at - entry.last_at <= LATEST)]
    unseen = [entry for entry in out if not entry.left]
    for entry in sorted(unseen, key=lambda entry: (entry.step.stage == "unknown", entry.last_at)):
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
        doubtful = [entry for entry in doubtful if not entry.left or entry.clouded or _is_unnumbered(entry)]
    pairs = pair((entry.doubt() for entry in doubtful), [deal])
    return next((entry for entry in doubtful if entry.opening.id in pairs), None)


def _is_unnumbered(entry: Entry) -> bool:
    return entry.sent is not None and entry.sent.request is None


def mended_by(entries: Iterable[Entry], strangers: "Strangers", opened: DealOpened) -> Entry | None:
    """The order that was called refused although the broker took it: the answer names its own frame."""
    deal, request = opened.deal, opened.request
    named = [
        entry
        for entry in entries
        if request is not None and entry.mendable and entry.left and entry.sent and entry.sent.request == request
    ]
    for entry in sorted(named, key=lambda entry: -entry.last_at):
        in_time = deal.opened <= entry.last + LATEST + SKEW
        if in_time and deal.stake == entry.opening.stake and _is_answered(entry, deal):
            return None if strangers.sent(request or "", since=entry.last_at) else entry
    return None


def _is_answered(entry: Entry, deal: Deal) -> bool:
    """Whether a deal can be what was seen leaving the page."""
    sent = entry.sent
    return sent is not None and (sent.asset, sent.side) == (deal.asset, deal.side) and deal.opened >= entry.first - SKEW


def refused_for(entries: Iterable[Entry], strangers: "Strangers", event: OrderRefused, at: Millis) -> Entry | None:
    """The order that the broker turned down; None where it may be another's, for a refusal names no order.

    It is this one's only where its own frame was seen leaving, for certain and as it was meant to be, and no other like
    it can have left in the last minute but what the broker took for certain: a refusal may come late, or twice.
    """
    out = [entry for entry in entries if entry.first and at - _newest(entry) <= LATEST]
    alike = [entry for entry in out if not entry.named and _is_about(event, entry.sent or entry.opening)]
    others = strangers.turned_down(event, at)
    if len(alike) != 1 or others:
        return None
    mine = alike[0]
    sure = mine.left and not mine.clouded
    return mine if mine.doubtful and sure and at - mine.last_at <= LATEST else None


def _newest(entry: Entry) -> Millis:
    """The last word on it."""
    return max(entry.last_at, entry.step.at)


def _is_about(event: OrderRefused, order: OrderSent | Opening) -> bool:
    return event.asset in (None, order.asset) and event.stake in (None, order.stake)


class Strangers:
    """Orders that were seen leaving the page and are none of ours, for a minute after the last word on them.

    One that was turned down stays, since that may be said twice; and where frames were missed there may be any.
    """

    def __init__(self) -> None:
        self._sent: deque[tuple[Millis, OrderSent]] = deque(maxlen=_MOST_STRANGERS)
        self._missed = False
        self._blind: Millis | None = None

    def miss(self) -> None:
        """Frames were missed: orders may have left unseen up to the next moment that is known."""
        self._missed = True

    def pass_time(self, at: Millis) -> None:
        """It is `at`."""
        if self._missed or (self._blind is not None and self._blind > at):  # the clock may have been set back
            self._missed, self._blind = False, at

    def add(self, at: Millis, sent: OrderSent) -> None:
        """One more has left."""
        if len(self._sent) == _MOST_STRANGERS:
            self._blind = at
        self._sent.append((at, sent))

    def sent(self, request: str, since: Millis = 0) -> bool:
        """Whether one of them has this id of the page's, and left at `since` or later."""
        return any(sent.request == request and at >= since for at, sent in self._sent)

    def answered(self, opened: DealOpened) -> None:
        """One was taken."""
        deal = opened.deal
        for item in self._sent:
            same = (item[1].asset, item[1].side, item[1].stake) == (deal.asset, deal.side, deal.stake)
            if same if opened.request is None else item[1].request == opened.request:
                self._sent.remove(item)
                return

    def turned_down(self, event: OrderRefused, at: Millis) -> bool:
        """Whether a refusal may be about one of them, or about one that was never seen."""
        alike = [item for item in self._sent if at - item[0] <= LATEST and _is_about(event, item[1])]
        for item in alike:
            self._sent.remove(item)
            self._sent.append((at, item[1]))
        return bool(alike) or (self._blind is not None and at - self._blind <= LATEST)
