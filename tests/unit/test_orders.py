"""Orders: what each word of the broker, each silence and each restart makes of them."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from qfluxd.model import (
    Account,
    Alert,
    Balance,
    ClosedDeals,
    Deal,
    DealOpened,
    DealsSettled,
    LoggedIn,
    OpenDeals,
    OpenTrades,
    Order,
    OrderRefused,
    OrderSent,
    Refusal,
    Side,
    Situation,
    Trade,
    TradingSwitch,
)
from qfluxd.trading.journal import FILE
from qfluxd.trading.orders import POINTS
from tests.support.floor import AHEAD, Floor


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[Floor]:
    """A daemon whose orders are worked by the tests themselves."""
    floor = Floor(tmp_path)
    floor.start()
    floor.wait(61_000)  # whose orders may have left before the start does not matter any more
    yield floor
    floor.die()


def order(floor: Floor, ident: str = "o1", stake: str = "10") -> Order:
    """A call on EURUSD_otc for a minute, received now."""
    return Order(ident, f'"{ident}"', "EURUSD_otc", "call", Decimal(stake), 60_000, floor.at)


def click(floor: Floor, ident: str = "o1", *, landed: bool | None = True) -> None:
    """An order goes all the way to its click."""
    wanted = order(floor, ident)
    assert floor.orders.receive(wanted) is None
    assert floor.orders.intend(ident, floor.at) is None
    assert floor.orders.clicking(ident, floor.at, "demo", 1) is None
    floor.orders.clicked(ident, floor.at, 1, landed)


def sent(stake: str = "10", asset: str = "EURUSD_otc", request: str | None = "77", side: Side = "call") -> OrderSent:
    """The frame with which the page orders."""
    return OrderSent(asset, side, Decimal(stake), 60_000, "demo", request)


def deal(floor: Floor, ident: str = "d1", stake: str = "10", account: Account = "demo", side: Side = "call") -> Deal:
    """A deal opened now."""
    opened = floor.at + AHEAD
    return Deal(ident, "EURUSD_otc", side, Decimal(stake), 92, opened, opened + 59_800, 1.1, account, "USD")


def won(which: Deal, profit: str = "9.20") -> Deal:
    """The same deal, settled."""
    return msgspec.structs.replace(which, close_price=1.2, profit=Decimal(profit))


def now(floor: Floor, ident: str = "o1") -> tuple[str, str]:
    """Stage and code of a trade."""
    trade = floor.orders.trade(ident)
    assert trade is not None
    return trade.stage, trade.code


def alerts(floor: Floor) -> list[str]:
    """The codes of everything that a person was told."""
    return [fact.code for fact in floor.said if isinstance(fact, Alert)]


# ------------------------------------------------------------------------------------------------------- answers


def test_an_answer_by_the_page_s_own_id_is_ours(floor: Floor) -> None:
    """The order seen leaving has a number; the deal with that number is the order's, with two decoys beside it."""
    click(floor)
    floor.hear(sent(), DealOpened(deal(floor, "by hand"), "78"), DealOpened(deal(floor), "77"))
    trade = floor.orders.trade("o1")
    assert trade is not None
    assert trade.deal is not None
    assert (trade.stage, trade.deal.id) == ("accepted", "d1")


def test_an_answer_without_a_number_is_ours_by_its_fields(floor: Floor) -> None:
    """Asset, side, stake, length and time do where no number is told; another side does not."""
    click(floor)
    floor.hear(DealOpened(deal(floor, "d0", side="put")), DealOpened(deal(floor)))
    assert now(floor) == ("accepted", "accepted")
    assert now(floor, "d0") == ("accepted", "by_hand")


def test_an_answer_that_comes_twice_changes_nothing(floor: Floor) -> None:
    """The second is neither another step nor another trade."""
    click(floor)
    opened = DealOpened(deal(floor), "77")
    floor.hear(sent(), opened, opened)
    assert floor.journal is not None
    assert [step.stage for step in floor.journal.steps("o1")].count("accepted") == 1
    assert len(floor.orders.trades(9)) == 1


def test_a_settlement_that_comes_twice_counts_once(floor: Floor) -> None:
    """The loss is the day's loss once."""
    click(floor)
    floor.hear(sent(), DealOpened(deal(floor), "77"))
    floor.at += 61_000
    settled = DealsSettled((won(deal(floor), "-10"),))
    floor.hear(settled, settled)
    assert now(floor) == ("settled", "lost")
    assert floor.orders.exposures(floor.at, "demo").account.lost == 10


def test_a_late_answer_ends_the_doubt(floor: Floor) -> None:
    """After ten seconds nobody knows; when the deal is told after all, it is known."""
    click(floor)
    floor.hear(sent())
    late = DealOpened(deal(floor), "77")
    floor.wait(9_000)
    assert now(floor) == ("clicked", "landed")
    floor.wait(1_000)
    assert now(floor) == ("unknown", "no_answer")
    assert alerts(floor) == ["trade_unknown"]
    floor.hear(late)
    assert now(floor) == ("accepted", "accepted")


def test_a_settlement_without_an_acceptance_is_both(floor: Floor) -> None:
    """The broker never answered, but settles a deal that fits: accepted and settled."""
    click(floor)
    floor.hear(sent())
    opened = deal(floor)
    floor.wait(61_000)
    floor.hear(DealsSettled((won(opened),)))
    assert floor.journal is not None
    assert [step.stage for step in floor.journal.steps("o1")][-3:] == ["unknown", "accepted", "settled"]


def test_a_deal_other_than_ordered_is_ours_and_said_to_differ(floor: Floor) -> None:
    """The amount field made 110 of 10: accepted as differs, with an alert, at risk with its real stake."""
    click(floor)
    floor.hear(sent("110"), DealOpened(deal(floor, stake="110"), "77"))
    assert now(floor) == ("accepted", "differs")
    assert alerts(floor) == ["trade_differs", "trade_differs"]
    assert floor.orders.exposures(floor.at, "demo").account.at_risk == 110


def test_the_order_as_intended_is_ours_even_after_another_was_taken_for_it(floor: Floor) -> None:
    """A hand was faster than the click: its order was taken for ours until ours left the page."""
    click(floor)
    floor.hear(sent("3", request="1"), sent("10", request="2"))
    floor.hear(DealOpened(deal(floor, "d1", stake="3"), "1"), DealOpened(deal(floor, "d2"), "2"))
    assert now(floor) == ("accepted", "accepted")
    assert now(floor, "d1") == ("accepted", "by_hand")


# ------------------------------------------------------------------------------------------------------ refusals


def test_a_refusal_of_our_order_ends_it(floor: Floor) -> None:
    """The only order on its way, with the same asset and stake: refused in the broker's words."""
    click(floor)
    floor.hear(sent(), OrderRefused("no money", "EURUSD_otc", Decimal(10)))
    assert now(floor) == ("refused", "broker_refused")


def test_a_refusal_that_may_be_another_s_leaves_the_doubt(floor: Floor) -> None:
    """An order by hand, alike and unanswered, may be the one refused; nor is one that differs certain to be ours."""
    click(floor)
    floor.hear(sent(), sent(request="78"), OrderRefused("no money", "EURUSD_otc", Decimal(10)))
    assert now(floor) == ("clicked", "landed")
    floor.hear(DealOpened(deal(floor), "77"))
    assert now(floor) == ("accepted", "accepted")


def test_a_refusal_among_two_of_ours_names_neither(floor: Floor) -> None:
    """Two orders alike are out: a refusal without a number ends neither."""
    click(floor, "o1")
    floor.hear(sent(request="1"))
    click(floor, "o2")
    floor.hear(sent(request="2"), OrderRefused("no money", "EURUSD_otc", Decimal(10)))
    assert now(floor, "o1") == now(floor, "o2") == ("clicked", "landed")


def test_a_refusal_of_an_order_that_differs_may_be_a_person_s(floor: Floor) -> None:
    """What left the page was other than ours; that it was refused proves nothing of ours."""
    click(floor)
    floor.hear(sent("3"), OrderRefused("no money", "EURUSD_otc", Decimal(3)))
    assert now(floor) == ("clicked", "landed")


# --------------------------------------------------------------------------------------------------------- clicks


def test_only_an_order_that_was_let_through_may_be_clicked_and_only_once(floor: Floor) -> None:
    """Before intended, with a click out, and when it is over, every further click is refused."""
    assert floor.orders.receive(order(floor)) is None
    assert isinstance(floor.orders.clicking("o1", floor.at, "demo", 1), Refusal)
    assert floor.orders.intend("o1", floor.at) is None
    assert floor.orders.clicking("o1", floor.at, "demo", 1) is None
    assert isinstance(floor.orders.clicking("o1", floor.at, "demo", 2), Refusal)
    floor.orders.clicked("o1", floor.at, 1, None)
    assert isinstance(floor.orders.clicking("o1", floor.at, "demo", 2), Refusal)
    assert isinstance(floor.orders.clicking("nobody", floor.at, "demo", 1), Refusal)


def test_a_click_that_missed_may_be_tried_again_unless_an_order_was_seen(floor: Floor) -> None:
    """Provably missed leads back to intended; where an order left the page meanwhile, it did not miss."""
    click(floor, landed=False)
    assert now(floor) == ("intended", "missed")
    assert floor.orders.clicking("o1", floor.at, "demo", 2) is None
    floor.hear(sent())
    floor.orders.clicked("o1", floor.at, 2, False)
    assert now(floor) == ("clicked", "landed")


def test_a_refusal_by_the_page_does_not_touch_an_order_whose_click_may_be_out(floor: Floor) -> None:
    """Giving up is for orders that were not clicked."""
    click(floor, landed=None)
    floor.orders.refuse("o1", Refusal("page_gone", "the tab is gone"), floor.at)
    assert now(floor) == ("clicked", "unclear")


def test_a_miss_that_is_told_late_still_ends_the_doubt(floor: Floor) -> None:
    """The page stood still for half a minute before it said that no button was hit."""
    floor.orders.receive(order(floor))
    floor.orders.intend("o1", floor.at)
    floor.orders.clicking("o1", floor.at, "demo", 1)
    floor.wait(30_000)
    assert now(floor) == ("unknown", "no_order_seen")
    floor.orders.clicked("o1", floor.at, 1, False)
    assert now(floor) == ("refused", "not_sent")


# --------------------------------------------------------------------------------------------------------- silence


def test_a_minute_of_silence_that_was_surely_heard_proves_that_nothing_was_sent(floor: Floor) -> None:
    """No order left the page in the minute after the click, and the line was whole: refused, not sent."""
    click(floor, landed=None)
    floor.wait(11_000)
    assert now(floor) == ("unknown", "no_order_seen")
    assert not floor.orders.helped(floor.at)
    floor.wait(48_000)
    assert now(floor)[0] == "unknown"
    floor.wait(2_000)
    assert now(floor) == ("refused", "not_sent")


@pytest.mark.parametrize("broken", ["lost", "stale", "closed", "hole", "login", "balance"])
def test_a_silence_that_was_not_surely_heard_proves_nothing(floor: Floor, broken: str) -> None:
    """Lost frames, no data, a socket that closed, a pause of ours, a new login, a falling balance: still in doubt."""
    click(floor, landed=None)
    match broken:
        case "lost":
            floor.desk.on_feed_lost()
        case "stale":
            floor.wait(12_000, quiet=True)
        case "closed":
            floor.hear(Situation("waiting_page", "closed"), Situation("connected", "open"))
        case "hole":
            floor.at += 6_000
        case "login":
            floor.hear(LoggedIn("s"))
        case _:
            floor.hear(Balance(Decimal(9_990), "demo"))
    floor.wait(80_000)
    assert now(floor) == ("unknown", "no_order_seen")
    assert floor.orders.helped(floor.at)


def test_a_clock_that_was_set_back_only_starts_the_waiting_anew(floor: Floor) -> None:
    """Ten seconds are counted from the new time on."""
    click(floor)
    floor.hear(sent())
    floor.at -= 3_600_000
    floor.wait(9_000)
    assert now(floor)[0] == "clicked"
    floor.wait(2_000)
    assert now(floor) == ("unknown", "no_answer")


# ----------------------------------------------------------------------------------------------------------- lists


def lists(floor: Floor, *open_deals: Deal, closed: tuple[Deal, ...] = (), account: Account = "demo") -> None:
    """A login, and what is told after it."""
    balance = Balance(Decimal(1_000), account)
    floor.hear(LoggedIn("s"), OpenDeals(open_deals), balance, ClosedDeals(closed))


def test_lists_find_an_order_in_doubt(floor: Floor) -> None:
    """Open or closed, its deal is there: accepted, or settled too."""
    click(floor, "o1")
    first = deal(floor, "d1")
    floor.wait(11_000)
    lists(floor, first)
    assert now(floor, "o1") == ("accepted", "accepted")
    click(floor, "o2")
    second = deal(floor, "d2")
    floor.desk.on_feed_lost()
    floor.wait(70_000)
    lists(floor, closed=(won(second), won(first)))
    assert now(floor, "o1") == now(floor, "o2") == ("settled", "won")


def test_lists_without_it_prove_that_it_was_not_placed(floor: Floor) -> None:
    """Told long enough after the click, of the right account, and right after a login."""
    click(floor)
    floor.at += 4_000
    lists(floor)
    assert now(floor)[0] == "clicked"
    floor.wait(8_000)
    assert floor.orders.helped(floor.at) == {"o1"}
    lists(floor, account="real")
    floor.hear(OpenDeals(()), ClosedDeals(()))
    assert now(floor)[0] == "unknown"
    lists(floor)
    assert now(floor) == ("refused", "not_placed")
    assert not floor.orders.helped(floor.at)


def test_lists_that_cannot_tell_leave_it_unknown_for_good(floor: Floor) -> None:
    """Twenty newer deals have pushed it out: unknown, counted, and not asked about again."""
    click(floor)
    floor.wait(90_000, quiet=True)
    newer = tuple(won(deal(floor, f"n{number}", side="put")) for number in range(20))
    floor.at += 61_000
    lists(floor, closed=newer)
    assert now(floor) == ("unknown", "lists_cannot_tell")
    assert not floor.orders.helped(floor.at)
    assert floor.orders.exposures(floor.at, "demo").account.open == 1


def test_two_orders_in_doubt_never_get_one_deal(floor: Floor) -> None:
    """Of two orders alike and one deal, one is accepted and the other stays unknown."""
    click(floor, "o1")
    floor.wait(11_000)
    click(floor, "o2")
    only = deal(floor)
    floor.wait(11_000)
    lists(floor, only)
    assert now(floor, "o2") == ("accepted", "accepted")
    assert now(floor, "o1")[0] == "unknown"
    assert floor.orders.exposures(floor.at, "demo").account.open == 2


def test_a_missed_result_is_found_in_the_list_or_unknown(floor: Floor) -> None:
    """A deal that ended unheard is asked for, settled from the list, and called unknown where no list has it."""
    click(floor, "o1")
    first = deal(floor, "d1")
    floor.hear(sent(), DealOpened(first, "77"))
    floor.wait(60_000)
    click(floor, "o2")
    floor.hear(sent(), DealOpened(deal(floor, "d2"), "77"))
    floor.wait(71_000)
    assert floor.orders.helped(floor.at)
    lists(floor, closed=(won(first),))
    assert now(floor, "o1") == ("settled", "won")
    assert now(floor, "o2") == ("unknown", "result_unknown")
    floor.hear(DealsSettled((won(first),)))
    assert now(floor, "o1") == ("settled", "won")


def test_a_result_nobody_tells_is_unknown_after_ten_minutes_and_settled_when_it_comes(floor: Floor) -> None:
    """Without any lists time decides, and a late word still settles it."""
    click(floor)
    opened = deal(floor)
    floor.hear(sent(), DealOpened(opened, "77"))
    floor.wait(661_000)
    assert now(floor) == ("unknown", "result_unknown")
    floor.hear(DealsSettled((won(opened, "0"),)))
    assert now(floor) == ("settled", "tie")


# --------------------------------------------------------------------------------------------------------- by hand


def test_deals_opened_by_hand_are_journalled_as_foreign(floor: Floor) -> None:
    """They are accepted and settled like others, without a request, and count as open."""
    opened = deal(floor)
    floor.hear(sent(), DealOpened(opened, "77"))
    (trade,) = floor.orders.trades(5)
    assert (trade.foreign, trade.request, trade.stage) == (True, None, "accepted")
    assert floor.orders.exposures(floor.at, "demo").account.open == 1
    floor.at += 61_000
    floor.hear(DealsSettled((won(opened, "-10"),)))
    assert now(floor, "d1") == ("settled", "lost")
    assert floor.orders.exposures(floor.at, "demo").account.lost == 10


def test_deals_from_before_the_journal_are_none_of_its_business(floor: Floor) -> None:
    """The closed deals of yesterday are not taken in; one opened since, and closed while nobody listened, is."""
    floor.at -= 120_000
    old = won(deal(floor, "old"))
    floor.at += 240_000
    new = won(deal(floor, "new"))
    floor.at += 61_000
    lists(floor, closed=(new, old))
    assert [trade.id for trade in floor.orders.trades(5)] == ["hand-new"]
    assert now(floor, "new") == ("settled", "won")


# --------------------------------------------------------------------------------------------------------- restarts


def test_a_restart_refuses_what_was_not_clicked_and_doubts_what_may_have_been(floor: Floor) -> None:
    """received and intended become refused, clicking and clicked unknown; accepted goes on."""
    for number, ident in enumerate(("received", "intended", "clicking", "clicked", "accepted")):
        floor.orders.receive(order(floor, ident))
        if number > 0:
            floor.orders.intend(ident, floor.at)
        if number > 1:
            floor.orders.clicking(ident, floor.at, "demo", 1)
        if number > 2:
            floor.orders.clicked(ident, floor.at, 1, True)
        floor.at += 10
    floor.hear(sent(), DealOpened(deal(floor)))
    floor.die()
    before = len(floor.said)
    floor.start()
    stages = {trade.id: (trade.stage, trade.code) for trade in floor.orders.trades(9)}
    in_doubt = stages.pop("clicking"), stages.pop("clicked"), stages.pop("accepted")
    assert stages == {"received": ("refused", "restarted"), "intended": ("refused", "restarted")}
    assert sorted(stage for stage, _ in in_doubt) == ["accepted", "unknown", "unknown"]
    told = [fact for fact in floor.said[before:] if isinstance(fact, OpenTrades)]
    assert {trade.stage for trade in told[-1].trades} == {"accepted", "unknown"}
    assert any(isinstance(fact, TradingSwitch) for fact in floor.said[before:])


def test_the_minute_and_the_day_survive_a_restart(floor: Floor) -> None:
    """What was let through and lost before counts after."""
    click(floor)
    opened = deal(floor)
    floor.hear(sent(), DealOpened(opened, "77"))
    floor.at += 61_000
    floor.hear(DealsSettled((won(opened, "-10"),)))
    click(floor, "o2")
    floor.die()
    floor.start()
    after = floor.orders.exposures(floor.at, "demo").account
    assert (after.lost, after.let_through, after.open) == (Decimal(10), 1, 1)


def test_every_step_passes_a_point_before_and_after_it_is_written(floor: Floor) -> None:
    """The points are those that are listed, in the order of the way; nothing is written before its first."""
    passed: list[tuple[str, int]] = []
    assert floor.journal is not None
    journal = floor.journal
    floor.passing = lambda point: passed.append((point, len(journal.steps("o1"))))
    click(floor)
    floor.hear(sent(), DealOpened(deal(floor), "77"))
    way = ("received", "intended", "clicking", "clicked", "accepted")
    assert passed == [
        (f"{stage}.{when}", n + (when == "after")) for n, stage in enumerate(way) for when in ("before", "after")
    ]
    assert {point for point, _ in passed} <= set(POINTS)


def test_memory_is_bounded_and_the_journal_is_not(floor: Floor) -> None:
    """Hundreds of trades that are over are still told from the journal, and do not come to life again."""
    for number in range(260):
        opened = deal(floor, f"d{number}")
        floor.hear(DealOpened(opened), DealsSettled((won(opened),)))
    floor.wait(1_000)
    assert now(floor, "d0") == ("settled", "won")
    floor.hear(DealOpened(deal(floor, "d0")))
    assert len(floor.orders.trades(500)) == 260
    assert sum(1 for _ in floor.orders._trades) <= 201


def test_an_order_nobody_ever_learned_of_is_forgotten_after_two_days(floor: Floor) -> None:
    """It leaves the open trades; the journal keeps it as unknown."""
    click(floor)
    floor.wait(11_000)
    floor.at += 2 * 86_400_000
    floor.wait(1_000)
    newest = [fact for fact in floor.said if isinstance(fact, OpenTrades)][-1]
    assert newest.trades == ()
    assert now(floor)[0] == "unknown"


# ------------------------------------------------------------------------------------------------------- full disks


@contextmanager
def full_disk(floor: Floor) -> Iterator[None]:
    """The journal can grow no further."""
    most = (floor.folder / f"{FILE}-wal").stat().st_size
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_nothing_is_done_that_the_journal_cannot_hold(floor: Floor) -> None:
    """With a full disk no order is received, let through or clicked; when there is room again, orders are."""
    floor.orders.receive(order(floor, "o1"))
    floor.orders.receive(order(floor, "o2"))
    floor.orders.intend("o2", floor.at)
    with full_disk(floor):
        for refusal in (
            floor.orders.receive(order(floor, "o3")),
            floor.orders.intend("o1", floor.at),
            floor.orders.clicking("o2", floor.at, "demo", 1),
        ):
            assert isinstance(refusal, Refusal)
            assert refusal.code == "journal_failed"
    assert now(floor, "o1")[0] == "received"
    assert now(floor, "o2")[0] == "intended"
    assert floor.orders.trade("o3") is None
    assert floor.orders.clicking("o2", floor.at, "demo", 1) is None


def test_what_is_heard_while_the_disk_is_full_is_written_when_there_is_room(floor: Floor) -> None:
    """The deal is known at once, new orders are refused, a person is told, and a beat writes it in order."""
    click(floor)
    opened = deal(floor)
    assert floor.journal is not None
    with full_disk(floor):
        floor.hear(sent(), DealOpened(opened, "77"))
        floor.at += 1_000
        floor.hear(DealsSettled((won(opened),)))
        assert now(floor) == ("settled", "won")
        assert floor.orders.trouble is not None
        assert isinstance(floor.orders.receive(order(floor, "o2")), Refusal)
        kept = floor.orders.turn("killed", "disk", floor.at)
        assert kept is not None  # it holds at once, and whoever asked learns that a restart would forget it
        assert (kept.code, floor.orders.switch.state) == ("journal_failed", "killed")
        floor.wait(2_000)
        assert floor.journal.steps("o1")[-1].stage == "clicked"
    floor.wait(2_000)
    assert [step.stage for step in floor.journal.steps("o1")][-2:] == ["accepted", "settled"]
    assert floor.journal.switch().state == "killed"
    assert floor.orders.trouble is None
    assert alerts(floor) == ["journal_failed", "journal_recovered"]
    assert floor.orders.receive(order(floor, "o2")) is None


def test_trading_does_not_go_on_before_that_is_written(floor: Floor) -> None:
    """To stop works without the disk; to resume needs it."""
    floor.orders.turn("paused", "", floor.at)
    with full_disk(floor):
        assert isinstance(floor.orders.turn("active", "", floor.at), Refusal)
    assert floor.orders.switch.state == "paused"
    assert floor.orders.turn("active", "", floor.at) is None


def test_the_facts_come_in_the_order_of_the_steps(floor: Floor) -> None:
    """Each step is a Trade, followed by what is open now."""
    floor.said.clear()
    click(floor)
    said = [
        (fact.stage if isinstance(fact, Trade) else fact.trades[0].stage, type(fact))
        for fact in floor.said
        if isinstance(fact, Trade | OpenTrades)
    ]
    stages = ("received", "intended", "clicking", "clicked")
    assert said == [(stage, kind) for stage in stages for kind in (Trade, OpenTrades)]
