"""Orders: words that come twice or late, frames that nobody could read, and what proves nothing after all."""

from decimal import Decimal

import msgspec
import pytest

from qfluxd.model import ClosedDeals, DealOpened, DealsSettled, OpenDeals, OrderRefused, OrderSent, Trade
from qfluxd.trading.records import Opening, Step, foreign_opening
from tests.support.floor import Floor
from tests.unit.test_orders import alerts, click, deal, floor, lists, now, order, sent, won

__all__ = ["floor"]

REFUSED = OrderRefused("no money", "EURUSD_otc", Decimal(10))


# ------------------------------------------------------------------------------------------------ refusals told twice


@pytest.mark.parametrize("restart", [False, True])
def test_a_refusal_that_comes_twice_does_not_refuse_the_next_order_like_it(floor: Floor, restart: bool) -> None:
    """The trade is tried again, the first refusal arrives once more: its own answer decides, also after a start."""
    click(floor, "o1")
    floor.hear(sent(request="1"), REFUSED)
    assert now(floor, "o1") == ("refused", "broker_refused")
    floor.at += 1_000
    if restart:
        floor.die()
        floor.start()
    click(floor, "o2")
    floor.hear(sent(request="2"), REFUSED)
    assert now(floor, "o2") == ("clicked", "landed")
    floor.hear(DealOpened(deal(floor, "d2"), "2"))
    assert now(floor, "o2") == ("accepted", "accepted")


def test_the_refusal_of_an_order_by_hand_that_comes_twice_does_not_refuse_ours(floor: Floor) -> None:
    """A person's order was turned down, ours is like it: the second copy is nobody's."""
    floor.hear(sent(request="1"), REFUSED)
    click(floor)
    floor.hear(sent(request="2"), REFUSED)
    assert now(floor) == ("clicked", "landed")


def test_a_refusal_a_minute_after_the_last_one_is_ours_again(floor: Floor) -> None:
    """No answer is waited for that long, so it ends the order; and another asset is nobody else's."""
    click(floor, "o1")
    floor.hear(sent(request="1"), REFUSED)
    floor.wait(61_000)
    click(floor, "o2")
    floor.hear(sent(request="2"), REFUSED)
    assert now(floor, "o2") == ("refused", "broker_refused")


@pytest.mark.parametrize("missed", ["start", "lost", "unread"])
def test_a_refusal_after_missed_frames_may_be_about_an_order_nobody_saw(floor: Floor, missed: str) -> None:
    """Somebody's order may have left unseen in the minute before: what is refused may be that one."""
    match missed:
        case "start":
            floor.die()
            floor.start()
        case "lost":
            floor.desk.on_feed_lost()
        case _:
            floor.desk.on_order_unclear(floor.at)
    floor.wait(30_000)
    click(floor)
    floor.hear(sent(), REFUSED)
    assert now(floor) == ("clicked", "landed")


@pytest.mark.parametrize("restart", [False, True])
def test_a_refused_repeat_by_hand_does_not_refuse_an_order_whose_own_frame_was_missed(
    floor: Floor, restart: bool
) -> None:
    """Ours was placed unseen, a person repeats it and is turned down: the lists decide, and they have it."""
    click(floor)
    placed = deal(floor)
    if restart:
        floor.die()
        floor.start()
    else:
        floor.desk.on_feed_lost()
    floor.wait(59_000)
    floor.hear(sent())
    floor.wait(2_000)
    floor.hear(REFUSED)
    assert now(floor)[0] == "unknown"
    floor.wait(6_000)
    lists(floor, placed)
    assert now(floor) == ("accepted", "accepted")


def test_an_order_for_which_two_left_the_page_is_neither_refused_nor_called_absent(floor: Floor) -> None:
    """The amount field made 110 of 10, and a person sent 10: the first was ours, and it was placed."""
    click(floor)
    floor.hear(sent("110", request="1"), sent("10", request="2"), REFUSED)
    assert now(floor) == ("clicked", "landed")
    floor.hear(DealOpened(deal(floor, "d1", stake="110"), "1"))
    floor.wait(11_000)
    lists(floor, deal(floor, "d1", stake="110"))
    assert now(floor) == ("unknown", "lists_cannot_tell")


# ------------------------------------------------------------------------------------------------ a refusal is mended


def test_an_answer_to_an_order_that_was_called_refused_mends_the_journal(floor: Floor) -> None:
    """The lists had no deal of it, then the broker answers its own frame: accepted, with an alert, and settled."""
    click(floor)
    floor.hear(sent())
    floor.wait(16_000)
    lists(floor)
    assert now(floor) == ("refused", "not_placed")
    late = deal(floor)
    floor.hear(DealOpened(late, "77"))
    trade = floor.orders.trade("o1")
    assert isinstance(trade, Trade)
    assert (trade.stage, trade.code, trade.deal) == ("accepted", "accepted", late)
    assert alerts(floor)[-1] == "trade_corrected"
    assert floor.orders.exposures(floor.at, "demo").account.open == 1
    floor.wait(61_000)
    floor.hear(DealsSettled((won(late, "-10"),)))
    assert now(floor) == ("settled", "lost")
    assert floor.journal is not None
    way = [step.stage for step in floor.journal.steps("o1")]
    assert way[-4:] == ["unknown", "refused", "accepted", "settled"]
    assert floor.orders.exposures(floor.at, "demo").account.lost == 10


def test_a_mended_trade_is_taken_up_by_the_next_daemon_and_never_forgotten_while_it_is_open(floor: Floor) -> None:
    """Hundreds of others may end meanwhile."""
    click(floor)
    floor.hear(sent())
    floor.wait(16_000)
    lists(floor)
    late = deal(floor)
    floor.hear(DealOpened(late, "77"))
    for number in range(210):
        opened = msgspec.structs.replace(deal(floor, f"x{number}", side="put"))
        floor.hear(DealOpened(opened), DealsSettled((won(opened),)))
    floor.wait(1_000)
    assert floor.orders._trades.owner("d1") is not None
    floor.die()
    floor.start()
    floor.hear(DealsSettled((won(late),)))
    assert now(floor) == ("settled", "won")


@pytest.mark.parametrize(
    ("request_id", "changes", "later"),
    [
        ("78", {}, None),
        (None, {}, None),
        ("77", {"side": "put"}, None),
        ("77", {"stake": Decimal(11)}, None),
        ("77", {}, 120_000),
        ("77", {}, "again"),
    ],
)
def test_only_the_answer_to_its_own_frame_mends_a_refusal(
    floor: Floor, request_id: str | None, changes: dict[str, object], later: object
) -> None:
    """Another number, another trade, too late, or a number that another order has used since: opened by hand."""
    click(floor)
    floor.hear(sent())
    floor.wait(16_000)
    lists(floor)
    if later == "again":
        floor.wait(50_000)
        floor.hear(sent())
    elif isinstance(later, int):
        floor.wait(later)
    floor.hear(DealOpened(msgspec.structs.replace(deal(floor), **changes), request_id))
    assert now(floor) == ("refused", "not_placed")
    assert now(floor, "d1") == ("accepted", "by_hand")


# --------------------------------------------------------------------------------------------------- nothing raises


@pytest.mark.parametrize("kind", ["settled", "open", "closed"])
@pytest.mark.parametrize("login", [False, True])
def test_a_row_that_stands_twice_in_one_frame_counts_once(floor: Floor, kind: str, login: bool) -> None:
    """Deals by hand, told twice in one breath, are one trade each; a loss is lost once."""
    opened = deal(floor)
    floor.wait(61_000)
    over = won(opened, "-10")
    if login:
        lists(floor, *((opened,) * 2 if kind == "open" else ()), closed=(over,) * 2 if kind != "open" else ())
    else:
        told: dict[str, DealsSettled | OpenDeals | ClosedDeals] = {
            "settled": DealsSettled((over,) * 2),
            "open": OpenDeals((opened,) * 2),
            "closed": ClosedDeals((over,) * 2),
        }
        floor.hear(told[kind])
    assert [trade.id for trade in floor.orders.trades(9)] == ["hand-d1"]
    assert now(floor, "d1") == (("accepted", "by_hand") if kind == "open" else ("settled", "lost"))
    assert floor.orders.exposures(floor.at, "demo").account.lost == (0 if kind == "open" else 10)


def test_an_answer_that_is_repeated_after_a_restart_is_given_to_no_other_order(floor: Floor) -> None:
    """Its trade is over and not in memory any more; one like it is in doubt, and stays so."""
    click(floor, "o1")
    opened = DealOpened(deal(floor), "77")
    floor.hear(sent(), opened)
    floor.at += 100
    click(floor, "o2")
    floor.hear(DealsSettled((won(opened.deal),)))
    floor.die()
    floor.start()
    floor.hear(opened)
    assert now(floor, "o1") == ("settled", "won")
    assert now(floor, "o2") == ("unknown", "restarted")


def test_what_goes_against_the_journal_is_told_and_left_out(floor: Floor) -> None:
    """The database refuses it, a person learns it, and what comes after is written all the same."""
    strange = deal(floor)
    assert floor.journal is not None
    step = Step("hand-d1", "accepted", "by_hand", "", floor.at, floor.at, account="demo", deal=strange)
    floor.journal.add(foreign_opening(strange, floor.at), step)
    floor.orders._trades.pen.write(floor.at, foreign_opening(strange, floor.at))
    assert alerts(floor) == ["journal_contradiction"]
    assert floor.orders.trouble is None
    assert floor.orders.receive(order(floor, "o1")) is None
    again = floor.orders.receive(msgspec.structs.replace(order(floor, "o1"), request='"other"'))
    assert again is not None
    assert again.code == "journal_failed"
    assert floor.journal.trade("o1") is not None


# ------------------------------------------------------------------------------------------------ silence and holes


def test_an_order_that_nobody_could_read_lets_silence_prove_nothing(floor: Floor) -> None:
    """Something like an order left the page: the button took the click, and a minute later it is still in doubt."""
    click(floor, landed=True)
    floor.at += 100
    floor.desk.on_order_unclear(floor.at)
    floor.wait(75_000)
    assert now(floor) == ("unknown", "no_order_seen")
    assert floor.orders.helped(floor.at) == {"o1"}


def test_beats_that_are_made_up_for_after_a_hole_prove_nothing(floor: Floor) -> None:
    """The program stood still for 55 s: hundreds of beats at once are no minute of listening."""
    click(floor, landed=None)
    at, floor.at = floor.at, floor.at + 55_000
    floor.tick()
    for beat in range(at, floor.at, 100):
        floor.desk.beat(beat)
    floor.wait(20_000)
    assert now(floor) == ("unknown", "no_order_seen")


def test_a_beat_of_the_grid_point_before_a_click_changes_nothing(floor: Floor) -> None:
    """Silence is heard from the click on, and proves what it proves."""
    floor.at += 50
    click(floor, landed=None)
    floor.desk.beat(floor.at - 50)
    floor.wait(61_000)
    assert now(floor) == ("refused", "not_sent")


def test_a_clock_that_was_set_back_does_not_make_a_minute_of_silence(floor: Floor) -> None:
    """An hour lies between what was heard and what the clock says: nothing is proved."""
    click(floor, landed=None)
    floor.wait(11_000)
    floor.at -= 3_600_000
    floor.orders.pass_time(floor.at)
    assert now(floor) == ("unknown", "no_order_seen")
    floor.wait(70_000)
    assert now(floor) == ("unknown", "no_order_seen")


# ------------------------------------------------------------------------------------------------ lengths and limits


@pytest.mark.parametrize(
    ("wanted", "left", "own"),
    [
        (3_000, 5_000, False),
        (3_000, 4_000, False),
        (3_000, 3_000, True),
        (60_000, 58_600, True),
        (60_000, 57_600, False),
    ],
)
def test_an_order_of_another_length_is_not_what_was_intended(floor: Floor, wanted: int, left: int, own: bool) -> None:
    """A whole number of seconds must be the same; only one that names the moment of its end may be off, by 2 s."""
    floor.orders.receive(msgspec.structs.replace(order(floor), expiry=wanted))
    floor.orders.intend("o1", floor.at)
    floor.orders.clicking("o1", floor.at, "demo", 1)
    floor.hear(OrderSent("EURUSD_otc", "call", Decimal(10), left, "demo", "77"))
    assert alerts(floor) == ([] if own else ["trade_differs"])


def test_a_deal_that_is_withheld_counts_beside_the_doubt_and_is_by_hand_once_that_is_over(floor: Floor) -> None:
    """Opened right after a click it may be the order's; until that is known both count, then each for itself."""
    click(floor)
    floor.hear(sent())
    ours, theirs = deal(floor, "d1"), deal(floor, "d2", stake="3")
    floor.hear(OpenDeals((theirs,)))
    both = floor.orders.exposures(floor.at, "demo").account
    assert (both.open, both.at_risk) == (2, Decimal(13))
    assert floor.orders.trade("d2") is None
    floor.hear(DealOpened(ours, "77"))
    floor.wait(1_000)
    assert now(floor, "d2") == ("accepted", "by_hand")
    both = floor.orders.exposures(floor.at, "demo").account
    assert (both.open, both.at_risk) == (2, Decimal(13))


def test_the_minute_is_counted_though_the_clock_goes_ahead_and_comes_back(floor: Floor) -> None:
    """Looked at while the clock was an hour ahead, the orders of this minute still count after it is right again."""
    click(floor)
    floor.at += 3_600_000
    timer = floor.seconds()
    floor._run = (floor.at, floor._run[1] - 3_600_000)  # the clock was set, no time has passed
    assert floor.seconds() == timer - 3_600
    assert floor.orders.exposures(floor.at, "demo").account.let_through == 1
    floor.at -= 3_600_000
    assert floor.orders.exposures(floor.at, "demo").account.let_through == 1


def test_the_day_s_loss_is_kept_though_this_machine_s_clock_was_days_behind(floor: Floor) -> None:
    """Lost while our clock was three days behind the broker's, and counted by the next daemon, whose clock is right."""
    lost = won(deal(floor), "-10")
    days = 3 * 86_400_000
    assert floor.journal is not None
    opening = Opening("o1", '"o1"', "EURUSD_otc", "call", Decimal(10), 60_000, floor.at - days)
    floor.journal.add(opening, Step("o1", "settled", "lost", "", floor.at - days, floor.at, 1, "demo", lost))
    floor.die()
    floor.at += 61_000
    floor.start()
    assert floor.orders.exposures(floor.at, "demo").account.lost == 10


def test_a_deal_by_hand_has_its_whole_length(floor: Floor) -> None:
    """The broker counts from the second in which it opened: a minute that began within a second is a minute."""
    strange = msgspec.structs.replace(deal(floor), opened=1_763_769_600_740, closes=1_763_769_660_000)
    assert foreign_opening(strange, floor.at).expiry == 60_000
