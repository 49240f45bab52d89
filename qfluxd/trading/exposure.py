"""How much is at stake on an account, counted so that whatever is in doubt counts as lost."""

from collections import Counter, deque
from collections.abc import Callable, Iterable
from decimal import Decimal

from qfluxd.model import DAY, MINUTE, SECOND, Account, Deal, Millis
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
    """Which orders were let through in the last minute, by a clock that nobody sets."""

    def __init__(self, timer: Callable[[], float]) -> None:
        """`timer` counts seconds and never goes back."""
        self._timer = timer
        self._times: deque[tuple[float, str]] = deque()

    def add(self, order: str, since: Millis = 0) -> None:
        """An order was let through `since` milliseconds ago; what is said to be in the future is now."""
        self._times.append((self._timer() - max(0, since) / SECOND, order))

    def count(self, besides: str) -> int:
        """How many but this one."""
        while self._times and (self._timer() - self._times[0][0]) * SECOND >= MINUTE:
            self._times.popleft()
        return sum(order != besides for _, order in self._times)


def exposure(
    entries: Iterable[Entry], account: Account | None, now: Millis, lost: Decimal, pace: int, loose: Iterable[Deal] = ()
) -> Exposure:
    """What `risk.Exposure` says, at `now` by the broker's clock; trades of no known account count for each.

    `loose` are deals that may be an order's in doubt or opened by hand: they count beside that order.
    """
    counts: Counter[str] = Counter()
    at_risk = Decimal(0)
    staked = [(_state(entry, now), _stake(entry)) for entry in entries if not entry.over and _concerns(entry, account)]
    staked += [_loose(deal, now) for deal in loose if account in (None, deal.account)]
    for state, stake in staked:
        counts[state] += 1
        at_risk += stake if state == "open" else 0
        lost += stake if state == "lost" else 0
    return Exposure(counts["open"], at_risk, lost, pace)


def _concerns(entry: Entry, account: Account | None) -> bool:
    return account is None or entry.step.account in (None, account)


def _state(entry: Entry, now: Millis) -> str:
    return "open" if entry.step.stage != "unknown" else _fate(latest_close(entry), now)


def _fate(closes: Millis, now: Millis) -> str:
    """What a deal of which nobody tells the end counts as."""
    if now < closes + _GRACE:
        return "open"
    return "lost" if closes // DAY == now // DAY else "past"


def _loose(deal: Deal, now: Millis) -> tuple[str, Decimal]:
    if deal.profit is None:
        return _fate(deal.closes, now), deal.stake
    return "lost" if deal.closes // DAY == now // DAY else "past", max(Decimal(0), -deal.profit)


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
