"""How much is at stake on an account, counted so that whatever is in doubt counts as lost."""

from collections import Counter, deque
from collections.abc import Iterable
from decimal import Decimal

from qfluxd.model import DAY, MINUTE, Account, Deal, Millis
from qfluxd.trading.entries import Entry
from qfluxd.trading.reconcile import LATEST
from qfluxd.trading.risk import Exposure

_GRACE: Millis = MINUTE
"""A deal of which nobody knows counts as open for so long after it would have closed."""
_MOST_SUMS = 8


class Results:
    """What the deals of each UTC day came to, per account; keeps the newest few."""

    def __init__(self, deals: Iterable[Deal]) -> None:
        self._sums: dict[tuple[int, Account], Decimal] = {}
        for deal in deals:
            self.add(deal)

    def add(self, deal: Deal) -> None:
        """A deal has been settled; it belongs to the day in which it closed."""
        key = deal.closes // DAY, deal.account
        self._sums[key] = self._sums.get(key, Decimal(0)) + (deal.profit or Decimal(0))
        while len(self._sums) > _MOST_SUMS:
            del self._sums[min(self._sums)]

    def loss(self, account: Account | None, now: Millis) -> Decimal:
        """The day's net loss, at least 0; of all accounts together where it is not known which is meant."""
        today = (total for (day, whose), total in self._sums.items() if day == now // DAY and account in (None, whose))
        return max(Decimal(0), -sum(today, Decimal(0)))


class Pace:
    """Which orders were let through in the last minute, by this machine's clock."""

    def __init__(self, past: Iterable[tuple[Millis, str]]) -> None:
        self._times = deque(past)

    def add(self, at: Millis, order: str) -> None:
        """An order is let through."""
        self._times.append((at, order))

    def count(self, at: Millis, besides: str) -> int:
        """How many within a minute of `at`, on either side: the clock may have been set back."""
        while self._times and at - self._times[0][0] >= MINUTE:
            self._times.popleft()
        return sum(abs(at - then) < MINUTE and order != besides for then, order in self._times)


def exposure(entries: Iterable[Entry], account: Account | None, now: Millis, lost: Decimal, pace: int) -> Exposure:
    """What `risk.Exposure` says, at `now` by the broker's clock; trades of no known account count for each."""
    counts: Counter[str] = Counter()
    at_risk = Decimal(0)
    for entry in entries:
        if entry.over or not _concerns(entry, account):
            continue
        state = _state(entry, now)
        counts[state] += 1
        at_risk += _stake(entry) if state == "open" else 0
        lost += _stake(entry) if state == "lost" else 0
    return Exposure(counts["open"], at_risk, lost, pace)


def _concerns(entry: Entry, account: Account | None) -> bool:
    return account is None or entry.step.account in (None, account)


def _state(entry: Entry, now: Millis) -> str:
    if entry.step.stage != "unknown":
        return "open"
    closed = latest_close(entry)
    if now < closed + _GRACE:
        return "open"
    return "lost" if closed // DAY == now // DAY else "past"


def latest_close(entry: Entry) -> Millis:
    """When its deal is closed at the latest, by the broker's clock."""
    if entry.deal is not None:
        return entry.deal.closes
    return entry.last + LATEST + entry.doubt().expiry


def _stake(entry: Entry) -> Decimal:
    """The most that may have been staked."""
    known = [entry.opening.stake]
    known += [entry.sent.stake] if entry.sent is not None else []
    return entry.deal.stake if entry.deal is not None else max(known)
