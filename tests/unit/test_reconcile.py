"""The broker's lists: what they prove of an order in doubt, and what they do not."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from qfluxd.model import ClosedDeals, Deal, OpenDeals
from qfluxd.trading.reconcile import Doubt, Found, Lists, fit, pair, reconcile

NOW = 1_763_769_600_000
LEAD = 750
"""The broker's clock minus this machine's."""
DOUBT = Doubt("o1", "X", "call", Decimal(10), 60_000, "demo", NOW, NOW, NOW - LEAD, False)
DEAL = Deal("d1", "X", "call", Decimal(10), 92, NOW + 200, NOW + 60_050, 1.0, "demo")
OLD = msgspec.structs.replace(DEAL, id="old", opened=NOW - 90_000, closes=NOW - 30_000, profit=Decimal(0))


def doubt(**fields: Any) -> Doubt:
    """The doubt with other fields."""
    return msgspec.structs.replace(DOUBT, **fields)


def deal(**fields: Any) -> Deal:
    """The deal with other fields."""
    return msgspec.structs.replace(DEAL, **fields)


def lists(
    told: int = 10_000, *, open_deals: tuple[Deal, ...] = (), closed_deals: tuple[Deal, ...] = (), **fields: Any
) -> Lists:
    """Both lists, told so many milliseconds after the click."""
    at = NOW - LEAD + told
    both = Lists("demo", OpenDeals(open_deals), at, ClosedDeals(closed_deals), at, LEAD)
    return msgspec.structs.replace(both, **fields)


def verdict(given: Lists, order: Doubt = DOUBT) -> Any:
    """What lists say of one order."""
    deals = (*given.open.deals, *given.closed.deals)
    return reconcile([order], given, [each for each in deals if each.id != "old"])[order.trade]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "exact"),
        ({"stake": Decimal(110)}, "differs"),
        ({"closes": NOW + 30_000}, "differs"),
        ({"closes": NOW + 59_200}, "exact"),
        ({"closes": NOW + 58_700}, "differs"),
        ({"asset": "Y"}, "no"),
        ({"side": "put"}, "no"),
        ({"account": "real"}, "no"),
        ({"opened": NOW - 3_001}, "no"),
        ({"opened": NOW + 40_000, "closes": NOW + 100_000}, "exact"),
        ({"opened": NOW + 70_000, "closes": NOW + 130_000}, "no"),
        ({"opened": NOW + 40_000, "closes": NOW + 100_000, "stake": Decimal(3)}, "no"),
    ],
)
def test_a_deal_fits_by_fields_and_time(fields: dict[str, Any], expected: str) -> None:
    """The same asset, side and account after the click; another stake or length only right after it."""
    assert fit(DOUBT, deal(**fields)) == expected


def test_an_order_seen_leaving_fits_nothing_but_itself() -> None:
    """Where the frame was seen, a deal with another stake is somebody else's."""
    assert fit(doubt(seen=True), DEAL) == "exact"
    assert fit(doubt(seen=True), deal(stake=Decimal(3))) == "no"


def test_an_order_that_named_the_moment_of_its_end_may_be_off_by_more_and_is_never_called_absent() -> None:
    """Its length was reckoned from that moment; what no list has may still be there under another length."""
    by_clock = doubt(seen=True, off=2_000, clouded=True)
    assert fit(by_clock, deal(closes=NOW + 58_700)) == "exact"
    assert fit(by_clock, deal(closes=NOW + 57_700)) == "no"
    assert verdict(lists(10_000), by_clock) == "unclear"


def test_a_deal_in_either_list_is_found() -> None:
    """Open or closed, the order was placed."""
    assert verdict(lists(open_deals=(DEAL,))) == Found(DEAL)
    closed = deal(profit=Decimal(-10))
    assert verdict(lists(70_000, closed_deals=(closed,))) == Found(closed)


def test_an_order_whose_deal_would_still_be_open_is_absent_when_no_list_has_it() -> None:
    """The open deals are all there are, so one that is missing was never opened."""
    assert verdict(lists(closed_deals=(OLD,) * 20)) == "absent"


def test_lists_told_too_soon_prove_nothing() -> None:
    """Within five seconds of the last sign of an order it may still be on its way."""
    assert verdict(lists(4_999)) == "early"
    assert verdict(lists(5_000)) == "absent"
    late = doubt(last=NOW + 8_000, last_at=NOW - LEAD + 8_000)
    assert verdict(lists(12_000), late) == "early"


def test_lists_of_the_other_account_prove_nothing() -> None:
    """An order clicked on demo is not looked for among real deals."""
    assert verdict(lists(account="real")) == "early"


def test_after_its_end_only_closed_deals_that_reach_back_prove_that_there_was_none() -> None:
    """Twenty deals that all closed after the click may have pushed it out; a shorter or older list has not."""
    newer = tuple(deal(id=f"n{n}", side="put", opened=NOW + 61_000 + n, closes=NOW + 66_000 + n) for n in range(20))
    told = lists(100_000, closed_deals=newer)
    assert reconcile([DOUBT], told, [])["o1"] == "unclear"
    assert reconcile([DOUBT], lists(100_000, closed_deals=newer[:19]), [])["o1"] == "absent"
    assert reconcile([DOUBT], lists(100_000, closed_deals=(*newer[:19], OLD)), [])["o1"] == "absent"


def test_a_list_that_could_not_be_read_whole_proves_no_absence() -> None:
    """The row that made no sense may be the order's."""
    assert verdict(lists(open=OpenDeals((), whole=False))) == "unclear"
    assert verdict(lists(100_000, closed=ClosedDeals((), whole=False))) == "unclear"


def test_a_deal_that_may_close_between_the_two_lists_is_not_called_absent() -> None:
    """Closed deals told before the open ones leave a gap, until the deal must have closed before both."""
    gap = lists(61_000, closed_at=NOW - LEAD + 59_000)
    assert verdict(gap) == "early"
    assert verdict(lists(124_000, closed_at=NOW - LEAD + 123_500)) == "absent"


def test_a_strange_deal_right_after_the_click_leaves_it_unclear() -> None:
    """Something was opened just then; nobody can say that it was not this click."""
    assert verdict(lists(open_deals=(deal(asset="Y"),))) == "unclear"
    assert verdict(lists(open_deals=(deal(asset="Y", opened=NOW + 9_000, closes=NOW + 70_000),))) == "absent"


def test_the_clock_that_makes_the_lists_later_is_believed() -> None:
    """A clock that was set back does not make a deal that has closed look as if it should be open."""
    full = tuple(deal(id=f"n{n}", side="put", opened=NOW + 61_000, closes=NOW + 66_000) for n in range(20))
    set_back = lists(50_000, closed=ClosedDeals(full), lead=LEAD + 30_000)
    assert reconcile([DOUBT], set_back, [])["o1"] == "unclear"


def test_two_orders_alike_never_share_a_deal() -> None:
    """Of two orders alike and one deal, one has it and the other cannot be told."""
    twin = doubt(trade="o2", first=NOW + 10_000, last=NOW + 10_000, last_at=NOW - LEAD + 10_000)
    late = deal(id="d2", opened=NOW + 10_300, closes=NOW + 70_300)
    found = reconcile([DOUBT, twin], lists(20_000, open_deals=(late,)), [late])
    assert found == {"o1": "unclear", "o2": Found(late)}
    both = reconcile([DOUBT, twin], lists(20_000, open_deals=(DEAL, late)), [DEAL, late])
    assert both == {"o1": Found(DEAL), "o2": Found(late)}


def test_as_many_orders_as_can_be_get_a_deal() -> None:
    """The nearest order takes a deal only as long as no other deal is left without one for it."""
    twin = doubt(trade="o2", first=NOW + 10_000, last=NOW + 10_000)
    first, second = deal(id="a", opened=NOW + 15_000), deal(id="b", opened=NOW + 65_000)
    first, second = (msgspec.structs.replace(each, closes=each.opened + 60_000) for each in (first, second))
    assert pair([DOUBT, twin], [first, second]) == {"o1": first, "o2": second}


def test_a_deal_in_every_field_comes_before_one_that_differs() -> None:
    """An order does not take a deal with another stake while its own is there."""
    odd = deal(id="odd", stake=Decimal(3), opened=NOW + 100)
    assert pair([DOUBT], [odd, DEAL]) == {"o1": DEAL}
    assert pair([DOUBT], [odd]) == {"o1": odd}
