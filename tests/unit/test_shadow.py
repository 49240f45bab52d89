"""The shadow book: what a deal on paper is, at each step of it."""

from decimal import Decimal

import msgspec
import pytest

from qfluxd.model import Asset, Assets, Millis, Tick
from qfluxd.trading.shadow import Shadow, ShadowDeal, ShadowRequest

QUIET: Millis = 5_000
AT: Millis = 1_763_769_600_000
REQUEST = ShadowRequest("d1", "plan", "EURUSD_otc", "call", Decimal(10), 5_000, AT - 60_000, AT, 400, 92, 5)


def book() -> tuple[Shadow, list[ShadowDeal]]:
    """An empty book, and all that it writes down."""
    written: list[ShadowDeal] = []
    return Shadow(QUIET, written.append), written


def tick(after: Millis, price: float = 1.1, asset: str = "EURUSD_otc") -> Tick:
    """A tick so long after `AT`."""
    return Tick(asset, AT + after, price)


def ticks(shadow: Shadow, *prices: float, begin: Millis = 500) -> list[ShadowDeal]:
    """Ticks every half second; all deals that changed."""
    changed = []
    for number, price in enumerate(prices):
        changed += shadow.on_tick(tick(begin + 500 * number, price))
    return changed


def test_a_deal_is_entered_after_its_latency_and_settled_at_its_end() -> None:
    """Each step is a value of its own, written once: pending, open, won."""
    shadow, written = book()
    pending = shadow.open(REQUEST)
    assert (pending.outcome, pending.code, pending.at, pending.opened) == ("pending", "pending", AT, None)
    assert shadow.on_tick(tick(399)) == []
    [opened] = shadow.on_tick(tick(450, 1.10001))
    assert (opened.outcome, opened.opened, opened.open_price, opened.closes) == ("open", AT + 450, 1.10001, AT + 5_000)
    assert shadow.deals == (opened,)
    [won] = ticks(shadow, *[1.1] * 8, 1.10002, 1.10003, 1.0)
    assert (won.outcome, won.code, won.profit) == ("won", "won", Decimal("9.20"))
    assert (won.close_price, won.at, won.is_over) == (1.10003, AT + 5_500, True)
    assert not shadow.deals
    assert written == [pending, opened, won]


@pytest.mark.parametrize(("closed", "outcome", "profit"), [(1.2, "lost", -10), (1.100004, "tie", 0), (1.0, "won", 9.2)])
def test_a_put_comes_out_the_other_way(closed: float, outcome: str, profit: float) -> None:
    """And a difference that the broker's digits do not show is a tie."""
    shadow, _ = book()
    shadow.open(msgspec.structs.replace(REQUEST, side="put"))
    *_, deal = ticks(shadow, *[1.1] * 9, closed, 1.5)
    assert (deal.outcome, deal.profit) == (outcome, Decimal(str(profit)))


def test_the_payout_is_the_one_in_force_at_the_entry() -> None:
    """What the broker tells before the entry counts, what it tells after it does not."""
    shadow, _ = book()
    listed = Asset("EURUSD_otc", "EUR/USD OTC", "currency", 5, 80, True, True, (5_000,), 5_000)
    shadow.open(REQUEST)
    shadow.on_assets(Assets((listed,)))
    shadow.on_tick(tick(500))
    shadow.on_assets(Assets((msgspec.structs.replace(listed, payout=60),)))
    *_, deal = ticks(shadow, *[1.2] * 10, begin=1_000)
    assert (deal.outcome, deal.payout, deal.profit) == ("won", 80, Decimal("8.00"))


def test_an_unknown_payout_leaves_only_the_profit_unknown() -> None:
    """Such a deal comes out like any other; nobody makes up what it would have paid."""
    shadow, _ = book()
    shadow.open(msgspec.structs.replace(REQUEST, payout=None))
    *_, deal = ticks(shadow, 1.1, *[1.2] * 10)
    assert (deal.outcome, deal.code, deal.profit) == ("won", "payout_unknown", None)
    shadow.open(msgspec.structs.replace(REQUEST, id="d2"))
    shadow.on_assets(Assets(()))
    assert [deal.payout for deal in shadow.deals] == [None]


def test_a_silent_asset_is_told_by_time() -> None:
    """A deal without an entry, and one without an end: time tells of both, and other assets go on."""
    shadow, _ = book()
    shadow.open(REQUEST)
    shadow.open(msgspec.structs.replace(REQUEST, id="d2", asset="GBPUSD_otc", latency=0))
    shadow.on_tick(tick(100, asset="GBPUSD_otc"))
    assert shadow.on_time(AT + 7_100) == []
    [first] = shadow.on_time(AT + 7_101)
    assert (first.id, first.outcome, first.code, first.profit) == ("d2", "unknown", "quiet", None)
    assert shadow.on_time(AT + 7_400) == []
    [second] = shadow.on_time(AT + 7_401)
    assert (second.id, second.outcome, second.code, second.at) == ("d1", "not_filled", "quiet", AT + 7_401)
    assert not shadow.deals
    assert shadow.on_time(AT + 30_000) == []


def test_a_lost_feed_ends_what_was_pending() -> None:
    """A deal on its way is not filled; an open one is unknown if its end falls into the hole."""
    shadow, _ = book()
    shadow.open(msgspec.structs.replace(REQUEST, latency=0))
    ticks(shadow, 1.1, 1.1)
    shadow.open(msgspec.structs.replace(REQUEST, id="d2", signalled=AT + 1_000))
    shadow.on_time(AT + 1_050)
    [given_up] = shadow.interrupt(AT + 1_050)
    assert (given_up.id, given_up.outcome, given_up.code, given_up.at) == ("d2", "not_filled", "feed_lost", AT + 1_050)
    [deal] = shadow.on_tick(tick(5_400))
    assert (deal.id, deal.outcome, deal.code) == ("d1", "unknown", "feed_lost")


def test_deals_go_on_after_a_restart() -> None:
    """An open one whose end is still to come is settled, one whose end was missed is unknown, a pending one is over."""
    shadow, written = book()
    shadow.open(REQUEST)
    [opened] = shadow.on_tick(tick(500))
    pending = shadow.open(msgspec.structs.replace(REQUEST, id="d2"))
    past = msgspec.structs.replace(opened, id="d3", closes=AT + 2_000)
    again, rewritten = book()
    [over] = again.restore([opened, pending, past])
    assert (over.id, over.outcome, over.code) == ("d2", "not_filled", "restarted")
    assert rewritten == [over]
    assert [deal.id for deal in again.deals] == ["d1", "d3"]
    changed = ticks(again, *[1.2] * 8, begin=2_500)
    assert [(deal.id, deal.outcome, deal.code) for deal in changed] == [
        ("d3", "unknown", "restarted"),
        ("d1", "won", "won"),
    ]
    assert written == [written[0], opened, pending]


def test_a_restart_keeps_how_prices_are_compared() -> None:
    """The digits of a deal are its own: a tie stays one."""
    shadow, _ = book()
    shadow.open(REQUEST)
    [opened] = shadow.on_tick(tick(500, 1.1))
    again, _ = book()
    again.restore(msgspec.convert(msgspec.to_builtins([opened]), list[ShadowDeal]))
    *_, deal = ticks(again, *[1.100003] * 11)
    assert (deal.outcome, deal.profit) == ("tie", Decimal(0))


def test_what_cannot_be_is_refused() -> None:
    """An id that is in use, a length under a second, a latency before the signal."""
    shadow, written = book()
    shadow.open(REQUEST)
    for wrong in ({}, {"id": "d2", "expiry": 999}, {"id": "d2", "latency": -1}):
        with pytest.raises(ValueError):
            shadow.open(msgspec.structs.replace(REQUEST, **wrong))
    assert len(written) == 1
