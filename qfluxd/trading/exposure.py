"""What counts of a trade, of a deal that may be anybody's, and of a deal on paper: whatever is in doubt, in full."""

from decimal import Decimal

from qfluxd.model import Deal, Millis
from qfluxd.trading.entries import Entry
from qfluxd.trading.ledger import Held, Ledger
from qfluxd.trading.pace import Passed
from qfluxd.trading.reconcile import LATEST
from qfluxd.trading.returns import Closing
from qfluxd.trading.shadow import ShadowDeal


def held_by(entry: Entry) -> Held:
    """The stake of a trade that is not over; one of no known account counts for each."""
    return Held(
        account=entry.step.account,
        asset=entry.opening.asset,
        plan=entry.opening.plan,
        stake=_stake(entry),
        closes=latest_close(entry),
        kind="doubt" if entry.step.stage == "unknown" else "open",
        on_its_way=entry.deal is None,
    )


def held_loose(deal: Deal) -> Held:
    """The stake of a deal that may be an order's in doubt or was opened by hand: it counts beside that order."""
    if deal.profit is None:
        return Held(deal.account, deal.asset, None, deal.stake, deal.closes, "doubt")
    return Held(deal.account, deal.asset, None, max(Decimal(0), -deal.profit), deal.closes, "over")


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


def follow(ledger: Ledger, deal: ShadowDeal) -> None:
    """A deal on paper has come further: the ledger of all such deals takes it as that of the account takes a trade.

    Deals may be taken up at any step, such as those that a journal tells of; the ledger is best told before them when
    trading was last resumed, and has no timer. One of which nobody knows how it ended was lost in full; a win of which
    nobody knows what it would have paid earned nothing.
    """
    ledger.let_through(Passed(deal.id, deal.asset, deal.plan, deal.candle, deal.signalled))
    if not deal.is_over:
        closes = deal.signalled + deal.expiry if deal.closes is None else deal.closes
        ledger.hold(deal.id, Held(None, deal.asset, deal.plan, deal.stake, closes))
        return
    ledger.release(deal.id)
    if deal.outcome != "not_filled":
        lost = deal.outcome in ("lost", "unknown")
        came_to = deal.profit if deal.profit is not None else -deal.stake if lost else Decimal(0)
        closing = Closing(None, deal.asset, deal.plan, came_to, deal.closes or deal.at)
        ledger.settle(closing, lately=deal.at >= ledger.resumed)
