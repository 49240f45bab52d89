"""Orders of which nobody knows whether they were placed, held against the broker's own lists of deals."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Literal

import msgspec

from qfluxd.model import SECOND, Account, ClosedDeals, Deal, Millis, OpenDeals, Side

SKEW: Millis = 3 * SECOND
"""By how much our reading of the broker's clock may be off."""
LATEST: Millis = 60 * SECOND
"""After a click an order leaves the page within this time or never: the slowest page known stood for 31 s."""
ON_ITS_WAY: Millis = 5 * SECOND
"""Lists told sooner than this after the last sign of an order may have been written before it arrived."""
ALL_CLOSED = 20
"""A list of closed deals shorter than this holds all there ever were."""
_NEAR: Millis = 5 * SECOND
"""What was opened so soon after a click may have come of it, even with another stake or length."""

type Fit = Literal["no", "differs", "exact"]


class Doubt(msgspec.Struct, frozen=True):
    """An order whose click is out. `first` is when it was first clicked, by the broker's clock; `last` its last sign.

    `last_at` is the same by this machine's clock. The fields are those seen leaving the page (`seen`), else those
    intended. A deal's length may be `off` by so much: the broker rounds moments, so one of a minute lasts 59.8 s. Where
    it is `clouded`, no list proves that it was not placed.
    """

    trade: str
    asset: str
    side: Side
    stake: Decimal
    expiry: Millis
    account: Account | None
    first: Millis
    last: Millis
    last_at: Millis
    seen: bool
    off: Millis = SECOND
    clouded: bool = False


class Lists(msgspec.Struct, frozen=True):
    """Both lists of one login, and when each was told by this machine's clock; `lead` is the broker's minus it."""

    account: Account
    open: OpenDeals
    open_at: Millis
    closed: ClosedDeals
    closed_at: Millis
    lead: Millis


class Found(msgspec.Struct, frozen=True):
    """The order was placed: this is its deal."""

    deal: Deal


type Verdict = Found | Literal["absent", "unclear", "early"]
"""``absent``: provably not placed. ``unclear``: neither these lists nor later ones can tell. ``early``: ask again."""


def fit(doubt: Doubt, deal: Deal) -> Fit:
    """Whether a deal can be what became of an order: same asset, side and account, at that time."""
    if (doubt.asset, doubt.side) != (deal.asset, deal.side) or doubt.account not in (None, deal.account):
        return "no"
    if not doubt.first - SKEW <= deal.opened <= doubt.last + LATEST + SKEW:
        return "no"
    if doubt.stake == deal.stake and abs(deal.closes - deal.opened - doubt.expiry) <= doubt.off:
        return "exact"
    return "differs" if not doubt.seen and deal.opened <= doubt.last + _NEAR else "no"


def pair(doubts: Iterable[Doubt], deals: Iterable[Deal]) -> dict[str, Deal]:
    """Which order became which deal: as many as can be, no deal twice, and of equals the nearest click before it."""
    doubts, deals = list(doubts), sorted(deals, key=lambda deal: deal.opened)
    pairs: dict[str, Deal] = {}
    for wanted in ("exact", "differs"):
        left = [doubt for doubt in doubts if doubt.trade not in pairs]
        taken = {deal.id for deal in pairs.values()}
        fits = {
            deal.id: sorted((doubt for doubt in left if fit(doubt, deal) == wanted), key=lambda doubt: -doubt.first)
            for deal in deals
            if deal.id not in taken
        }
        pairs |= _matched(fits, {deal.id: deal for deal in deals})
    return pairs


def _matched(fits: Mapping[str, Sequence[Doubt]], deals: Mapping[str, Deal]) -> dict[str, Deal]:
    """A largest matching, by augmenting paths: a deal may push another to that one's next best order."""
    owner: dict[str, str] = {}

    def place(deal: str, tried: set[str]) -> bool:
        for doubt in fits[deal]:
            if doubt.trade not in tried:
                tried.add(doubt.trade)
                if doubt.trade not in owner or place(owner[doubt.trade], tried):
                    owner[doubt.trade] = deal
                    return True
        return False

    for deal in fits:
        place(deal, set())
    return {trade: deals[deal] for trade, deal in owner.items()}


def reconcile(
    doubts: Sequence[Doubt], lists: Lists, unclaimed: Iterable[Deal], given: Iterable[Deal] = ()
) -> dict[str, Verdict]:
    """What the lists say of each order.

    `unclaimed` are the deals in them that belong to no trade, `given` those that were given to an order because they
    fit, though they may have fitted another as well.
    """
    deals = list(unclaimed)
    pairs = pair(doubts, deals)
    paired = [*pairs.values(), *given]
    strange = [deal for deal in deals if deal not in paired]
    verdicts: dict[str, Verdict] = {}
    for doubt in doubts:
        found = pairs.get(doubt.trade)
        alike = any(fit(doubt, deal) == "exact" for deal in paired) or any(is_near(doubt, deal) for deal in strange)
        clouded = doubt.clouded or alike
        verdicts[doubt.trade] = _missing(doubt, lists, clouded) if found is None else Found(found)
    return verdicts


def is_near(doubt: Doubt, deal: Deal) -> bool:
    """Whether a deal that is nobody's was opened right after the click: then nobody can say that nothing was."""
    return deal.account == doubt.account and doubt.first - SKEW <= deal.opened <= doubt.last + _NEAR


def _missing(doubt: Doubt, lists: Lists, clouded: bool) -> Verdict:
    """What it means that no deal is this order's; `clouded` where one may be all the same."""
    if doubt.account != lists.account or min(lists.open_at, lists.closed_at) - doubt.last_at < ON_ITS_WAY:
        return "early"
    if clouded or not lists.open.whole:
        return "unclear"
    if _told(doubt, lists, lists.open_at) < doubt.first + doubt.expiry - SKEW:
        return "absent"  # it would still be open, and is not
    if not _reaches(doubt, lists.closed):
        return "unclear"
    surely_closed = _told(doubt, lists, lists.closed_at, surely=True) > doubt.last + LATEST + doubt.expiry + SKEW
    return "absent" if lists.open_at <= lists.closed_at or surely_closed else "early"


def _told(doubt: Doubt, lists: Lists, at: Millis, *, surely: bool = False) -> Millis:
    """The broker's time of a list: the latest that it may have been, or with `surely` the earliest.

    One reckoning is by the clock of the broker as it is known now, the other by the time that has passed here.
    """
    both = at + lists.lead, doubt.last + at - doubt.last_at
    return min(both) if surely else max(both)


def _reaches(doubt: Doubt, closed: ClosedDeals) -> bool:
    """Whether the closed deals reach back to before the order was clicked."""
    if not closed.whole:
        return False
    return len(closed.deals) < ALL_CLOSED or min(deal.closes for deal in closed.deals) < doubt.first - SKEW
