"""Trading by request: one click at most, an answer to every asker, and the switch that stops it."""

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from qfluxd.api.commands import Later, Repeat, Unsure
from qfluxd.beats import BEAT
from qfluxd.errors import Disconnected, PageError
from qfluxd.model import (
    DealOpened,
    LoggedOut,
    OpenTrades,
    Order,
    Placed,
    Refusal,
    Situation,
    Trade,
    TradingSwitch,
)
from qfluxd.ports import Permit
from tests.support.floor import Fate, Floor, request, turn


@pytest.fixture
def floor(tmp_path: Path) -> Floor:
    """A broker, a page and no daemon yet."""
    return Floor(tmp_path)


def stages(floor: Floor) -> list[str]:
    """The stages that were said, in order."""
    return [fact.stage for fact in floor.said if isinstance(fact, Trade)]


async def test_an_order_goes_to_the_page_and_its_asker_learns_the_deal(floor: Floor) -> None:
    """Journalled, clicked once, accepted by the broker's own word, answered with the deal, settled later."""
    async with floor.running():
        told = await floor.ask(request())
        assert told["trade"].stage == "accepted"
        assert told["trade"].deal.id == "d1"
        assert told["trade"].artifacts == f"trades/{told['trade'].id}"
        floor.wait(61_000)
        floor.settle(Decimal("0.92"))
        floor.deliver()
        trade = floor.trading.status("r1")
        assert trade is not None
        assert trade.deal is not None
        assert (trade.stage, trade.code, trade.deal.profit) == ("settled", "won", Decimal("9.20"))
        assert stages(floor) == ["received", "intended", "clicking", "clicked", "accepted", "settled"]
        newest = [fact for fact in floor.said if isinstance(fact, OpenTrades)][-1]
        assert newest.trades == ()


async def test_the_first_answer_of_long_work_names_the_trade(floor: Floor) -> None:
    """What is told at once is the trade as it was let through."""
    async with floor.running():
        outcome = await floor.trading.open(request())
        assert isinstance(outcome, Later)
        assert outcome.data["trade"].stage == "intended"
        await floor.turn()
        assert (await outcome.outcome)["trade"].stage == "accepted"


async def test_a_repeat_is_told_the_stored_answer_and_clicks_nothing(floor: Floor) -> None:
    """The same id gives the same answer as a duplicate, also from the next daemon."""
    async with floor.running():
        first = await floor.ask(request())
        again = await floor.ask(request())
        assert isinstance(again, Repeat)
        assert again.answer["trade"]["deal"]["id"] == first["trade"].deal.id
    async with floor.running():
        stored = floor.trading.stored(request())
        assert isinstance(stored, Repeat)
        assert stored.answer["trade"]["stage"] == "accepted"
        assert stored.answer["trade"]["stake"] == 10
        assert isinstance(await floor.ask(request()), Repeat)
    assert len(floor.broker.deals) == 1


async def test_a_repeat_while_the_order_is_on_its_way_joins_its_outcome(floor: Floor) -> None:
    """Two askers with one id wait for one order; the second is told that it is a repeat."""
    floor.hands.gate = asyncio.Event()
    async with floor.running():
        first = await floor.ask(request())
        second = await floor.ask(request())
        third = floor.trading.stored(request())
        assert isinstance(third, Later)
        floor.hands.gate.set()
        await floor.turn()
        assert (await first)["trade"].stage == "accepted"
        joined = await second
        assert isinstance(joined, Repeat)
        assert joined.answer["trade"].deal.id == "d1"
        assert isinstance(await third.outcome, Repeat)
    assert len(floor.broker.deals) == 1


async def test_the_number_and_its_digits_are_one_id(floor: Floor) -> None:
    """A request with id 1 and one with id "1" are one request, and one deal."""
    async with floor.running():
        await floor.ask(request(1))
        assert isinstance(await floor.ask(request("1")), Repeat)
        found = floor.trading.status("1")
        assert found is not None
        assert found.request == '"1"'
    assert len(floor.broker.deals) == 1


async def test_an_id_is_not_used_for_two_trades(floor: Floor) -> None:
    """The same id with another stake is refused, and clicks nothing."""
    async with floor.running():
        await floor.ask(request())
        other = request(stake=Decimal(2))
        for refusal in (floor.trading.stored(other), await floor.ask(other)):
            assert isinstance(refusal, Refusal)
            assert refusal.code == "id_reused"
    assert len(floor.broker.deals) == 1


async def test_a_refused_order_is_journalled_with_its_code(floor: Floor) -> None:
    """A guard's refusal is the answer, is kept, and is what a repeat is told."""
    async with floor.running():
        refusal = await floor.ask(request(stake=Decimal(11)))
        assert isinstance(refusal, Refusal)
        assert refusal.code == "stake_too_high"
        assert refusal.data["trade"].stage == "refused"
        again = await floor.ask(request(stake=Decimal(11)))
        assert isinstance(again, Repeat)
        assert isinstance(again.answer, Refusal)
        assert again.answer.code == "stake_too_high"


async def test_nothing_is_done_without_an_id_or_a_page(floor: Floor) -> None:
    """An order needs an id and hands; without them nothing is written."""
    async with floor.running():
        assert (await floor.ask(request(None))).code == "id_required"
        hands, floor.hands = floor.hands, None  # type: ignore[assignment]  # a driver without a page
        assert (await floor.ask(request())).code == "no_page"
        floor.hands = hands
        assert floor.trading.trades(5) == []
        assert (await floor.ask(request()))["trade"].stage == "accepted"


async def test_a_dry_run_asks_only_the_guards(floor: Floor) -> None:
    """It is refused as the order would be, and otherwise leaves no trace."""
    async with floor.running():
        assert (await floor.ask(request(dry_run=True)))["dry_run"] is True
        assert (await floor.ask(request(dry_run=True, stake=Decimal(11)))).code == "stake_too_high"
        assert floor.trading.trades(5) == []
    assert floor.broker.deals == []


async def test_orders_go_to_the_page_one_after_the_other(floor: Floor) -> None:
    """The second order waits until the broker has answered the first."""
    floor.hands.fate = Fate(late=3_000)
    async with floor.running():
        first = await floor.ask(request("a"))
        second = await floor.ask(request("b"))
        assert floor.hands.shown is not None
        assert floor.hands.shown.request == '"a"'
        floor.wait(4_000)
        await floor.turn()
        assert (await first)["trade"].stage == "accepted"
        floor.wait(4_000)
        await floor.turn()
        assert (await second)["trade"].stage == "accepted"


async def test_an_order_that_expires_in_the_queue_is_not_clicked(floor: Floor) -> None:
    """Its time is up when its turn comes: refused as expired."""
    floor.hands.fate = Fate(late=3_000)
    async with floor.running():
        await floor.ask(request("a"))
        second = await floor.ask(request("b", expires_at=floor.at + 2_000))
        floor.wait(4_000)
        await floor.turn()
        assert (await second).code == "expired"
    assert len(floor.broker.deals) == 1


async def test_a_broker_that_does_not_answer_leaves_a_doubt(floor: Floor) -> None:
    """After `answer_within` the answer is unknown; when the broker answers after all, a repeat is told the deal."""
    floor.hands.fate = Fate(late=15_000)
    async with floor.running():
        waiting = await floor.ask(request())
        floor.wait(11_000)
        await floor.turn()
        outcome = await waiting
        assert isinstance(outcome, Unsure)
        assert outcome.code == "no_answer"
        floor.wait(5_000)
        again = await floor.ask(request())
        assert isinstance(again, Repeat)
        assert again.answer["trade"].stage == "accepted"


async def test_a_refusal_of_the_broker_is_told_in_its_words(floor: Floor) -> None:
    """failopenOrder answers the asker, and the order is over."""
    floor.hands.fate = Fate(refused=True)
    async with floor.running():
        floor.wait(61_000)  # one that is told right after the start may be about an order from before
        refusal = await floor.ask(request())
        assert (refusal.code, "too late" in refusal.detail) == ("broker_refused", True)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (PageError("control_missing", "no such control", tried=(".a",), artifact="trouble/x"), "control_missing"),
        (Disconnected("the tab is gone"), "page_gone"),
    ],
)
async def test_trouble_with_the_page_before_a_click_refuses_the_order(
    floor: Floor, error: Exception, code: str
) -> None:
    """The page's own code is the refusal's, and the picture of it is named."""

    class Broken:
        async def place(self, *_: object) -> None:
            raise error

    async with floor.running():
        floor.hands = Broken()  # type: ignore[assignment]  # hands of which only placing is asked
        refusal = await floor.ask(request())
        assert refusal.code == code
        if isinstance(error, PageError):
            assert refusal.data["artifact"] == "trouble/x"


async def test_trouble_with_the_page_after_the_click_is_a_doubt_and_no_refusal(floor: Floor) -> None:
    """The click may be out: nobody says that the order was not placed."""
    floor.hands.fate = Fate(after_click=Disconnected("gone"), told=0, shown=False)
    async with floor.running():
        waiting = await floor.ask(request())
        floor.wait(31_000)
        await floor.turn()
        outcome = await waiting
        assert isinstance(outcome, Unsure)
        assert outcome.code == "no_order_seen"


async def test_hands_that_click_nothing_and_say_nothing_are_no_order(floor: Floor) -> None:
    """An order that was worked and never clicked is refused, not waited for."""
    floor.hands.fate = Fate(clicks=())
    async with floor.running():
        assert (await floor.ask(request())).code == "not_placed"


async def test_a_click_that_hit_nothing_is_tried_again_and_one_that_landed_is_not(floor: Floor) -> None:
    """Missed clicks lead back to intended; the third lands and is the last."""
    floor.hands.fate = Fate(clicks=(False, False, True))
    async with floor.running():
        await floor.ask(request())
        assert stages(floor).count("clicking") == 3
        assert stages(floor)[-1] == "accepted"
    assert len(floor.broker.deals) == 1


async def test_kill_stops_the_click_that_comes_next(floor: Floor) -> None:
    """Between two clicks of one order the switch is turned: the next is not made, and the order is refused."""

    def clicks() -> Iterator[bool]:
        yield False
        floor.trading.kill("enough")
        yield True

    floor.hands.fate = Fate(clicks=clicks())
    async with floor.running():
        refusal = await floor.ask(request())
        assert refusal.code == "killed"
    assert floor.broker.deals == []


async def test_kill_and_pause_outlive_the_daemon(floor: Floor) -> None:
    """The switch stands as it was left; from killed only a reason leads back."""
    async with floor.running():
        paused = floor.trading.pause("news")
        assert isinstance(paused, TradingSwitch)
        assert (await floor.ask(request("a"))).code == "paused"
        assert isinstance(floor.trading.kill("losing"), TradingSwitch)
        assert isinstance(floor.trading.pause("calmer"), Refusal)
    async with floor.running():
        assert (floor.trading.switch.state, floor.trading.switch.reason) == ("killed", "losing")
        assert (await floor.ask(request("b"))).code == "killed"
        refused = floor.trading.resume("  ")
        assert isinstance(refused, Refusal)
        assert refused.code == "reason_required"
        resumed = floor.trading.resume("looked at it")
        assert isinstance(resumed, TradingSwitch)
        assert resumed.state == "active"
        assert (await floor.ask(request("c")))["trade"].stage == "accepted"


async def test_stopping_leaves_an_order_whose_click_may_be_out_in_doubt(floor: Floor) -> None:
    """A daemon that is stopped while it waits for the broker refuses nothing; the next one finds the deal."""
    floor.hands.fate = Fate(told=0)
    async with floor.running():
        waiting = await floor.ask(request())
    with pytest.raises(asyncio.CancelledError):
        await waiting
    async with floor.running():
        trade = floor.trading.status("r1")
        assert trade is not None
        assert (trade.stage, trade.code) == ("unknown", "restarted")
        floor.at += 6_000
        floor.log_in()
        floor.deliver()
        found = floor.trading.status("d1")
        assert found is not None
        assert (found.stage, found.request) == ("accepted", '"r1"')


async def test_stopping_before_the_click_refuses_the_order_at_the_next_start(floor: Floor) -> None:
    """What was never clicked is refused, and a repeat is told so."""
    floor.hands.gate = asyncio.Event()
    async with floor.running():
        waiting = await floor.ask(request())
    with pytest.raises(asyncio.CancelledError):
        await waiting
    async with floor.running():
        again = await floor.ask(request())
        assert isinstance(again, Repeat)
        assert again.answer.code == "restarted"
    assert floor.broker.deals == []


async def test_the_page_is_asked_for_its_lists_while_there_is_a_doubt(floor: Floor) -> None:
    """A doubt that lists can end has the page loaded anew, and is ended by them."""
    floor.hands.fate = Fate(told=0)
    async with floor.running():
        waiting = await floor.ask(request())
        floor.wait(11_000)
        await floor.turn()
        assert isinstance(await waiting, Unsure)
        async with asyncio.timeout(5):
            await floor.hands.relisted.wait()
        await turn()
        floor.deliver()
        trade = floor.trading.status("r1")
        assert trade is not None
        assert trade.stage == "accepted"
        assert not floor.orders.helped(floor.at)


async def test_silence_says_nothing_while_the_page_is_still_being_worked(floor: Floor) -> None:
    """A question is answered with yes 65 s after the click: the order is in doubt till then, and accepted after."""
    yes, whole = asyncio.Event(), floor.hands

    class Asked:
        async def place(self, order: Order, permit: Permit) -> Placed:
            assert permit.ask(whole.sighting(order), 1) is None
            await yes.wait()
            whole._land(order)
            floor.deliver()
            permit.clicked(1, True)
            return Placed(1, True, None, None, {})

    async with floor.running():
        floor.hands = Asked()  # type: ignore[assignment]  # hands of which only placing is asked
        waiting = await floor.ask(request())
        floor.hands = whole
        floor.wait(65_000)
        assert stages(floor)[-1] == "unknown"
        yes.set()
        await floor.turn()
        assert (await waiting)["trade"].stage == "accepted"


async def test_silence_counts_from_the_end_of_the_work_where_nobody_said_what_became_of_it(floor: Floor) -> None:
    """The page is gone 65 s after a click was let through: a minute from then on proves that nothing was sent."""
    gone, whole = asyncio.Event(), floor.hands

    class Gone:
        async def place(self, order: Order, permit: Permit) -> Placed:
            assert permit.ask(whole.sighting(order), 1) is None
            await gone.wait()
            raise Disconnected("the tab is gone")

    async with floor.running():
        floor.hands = Gone()  # type: ignore[assignment]  # hands of which only placing is asked
        waiting = await floor.ask(request())
        floor.hands = whole
        floor.wait(65_000)
        gone.set()
        await floor.turn()
        assert isinstance(await waiting, Unsure)
        floor.wait(59_000)
        assert stages(floor)[-1] == "unknown"
        floor.wait(2_000)
        assert stages(floor)[-1] == "refused"


async def test_data_that_became_stale_between_two_beats_lets_no_order_through(floor: Floor) -> None:
    """The program stood still for minutes: before any beat has told so, an order is refused as stale."""
    async with floor.running():
        floor.at += 300_000
        refusal = await floor.ask(request())
        assert refusal.code == "stale"
    assert floor.broker.deals == []


async def test_who_was_told_that_an_order_was_refused_is_told_the_truth_when_asking_again(floor: Floor) -> None:
    """The broker's lists did not have it yet, and it took it after all: a repeat is answered with the deal."""
    floor.hands.fate = Fate(told=0, taken=False)
    async with floor.running():
        waiting = await floor.ask(request())
        floor.wait(11_000)
        await floor.turn()
        assert isinstance(await waiting, Unsure)
        floor.log_in()
        floor.deliver()
        first = await floor.ask(request())
        assert first.answer.code == "not_placed"
        order = floor.trading.status("r1")
        assert order is not None
        late = floor.broker.take(floor.at, order.asset, order.side, order.stake, order.expiry, order.request)
        floor.hear(DealOpened(late, "1"))
        again = await floor.ask(request())
        assert again.answer["trade"].stage == "accepted"


async def test_without_a_session_nothing_is_begun(floor: Floor) -> None:
    """Not ready and stale are two refusals."""
    async with floor.running():
        floor.hear(LoggedOut("ended"), Situation("login_required", "log in"))
        assert (await floor.ask(request("a"))).code == "not_ready"
        floor.hear(Situation("connected", "back"))
        floor.at += BEAT
        floor.desk.beat(floor.at)
        assert (await floor.ask(request("b"))).code == "stale"
