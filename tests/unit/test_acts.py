"""The one door through which orders and plans are acted on: time first, then a note, then the act."""

import asyncio
import dataclasses
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import msgspec
import polars as pl
import pytest

from qfluxd.beats import Beats
from qfluxd.model import (
    DAY,
    Account,
    Candle,
    Leaving,
    Millis,
    Note,
    Order,
    OrderAsked,
    OrderClicked,
    OrderClicking,
    OrderGivenUp,
    OrderWorked,
    PlanSwitched,
    Refusal,
    Switched,
    Tick,
    Verdict,
)
from qfluxd.permit import OrderPermit
from qfluxd.settings import Limits
from qfluxd.strategy import View
from qfluxd.trading.journal import read_journal
from tests.support.deskside import Deskside
from tests.support.floor import Floor, turn
from tests.support.stand import ASSET, BEGIN, DELAY, Tell, plan

LIVE = plan(mode="live")


@pytest.fixture
def side(tmp_path: Path) -> Iterator[Deskside]:
    """A desk with one live plan, whose first candle is about to close."""
    side = Deskside(tmp_path, LIVE).connect().run(9_000)
    yield side
    side.close()


def ordered(side: Deskside) -> Order:
    """Let the candle close, so that an order is on its way."""
    side.run(10_600)
    order = side.order()
    assert side.trades[0].stage == "intended"
    return order


def asked(side: Deskside, ident: str = "c1", stake: int = 1) -> Order:
    """An order by command."""
    return Order(ident, f'"{ident}"', ASSET, "call", Decimal(stake), 60_000, side.at)


def test_a_plans_order_is_in_the_journal_before_anybody_works_for_it(side: Deskside) -> None:
    """With its plan, its candle and the request that is its signal; it needs no note, for it follows from the feed."""
    order = ordered(side)
    assert (order.plan, order.request) == ("a", f'"a/{ASSET}/{BEGIN + 5_000}"')
    assert [step.stage for step in side.journal.steps(order.id)] == ["received", "intended"]
    assert side.noted == []
    assert side.orders.exposures(side.at, "demo").account.open == 1


def test_an_order_of_a_plan_is_refused_by_the_guards(tmp_path: Path) -> None:
    """The verdict has the code; nothing is written down of it, and no intent is kept."""
    side = Deskside(tmp_path, LIVE, max_stake=Decimal("0.5")).connect().run(10_600)
    assert {verdict.code for verdict in side.verdicts} == {"stake_too_high"}
    assert (side.trades, side.guards.intents) == ([], {})
    side.close()


@pytest.mark.parametrize(("once", "code"), [(True, "candle_taken"), (False, "journal_failed")])
def test_the_same_signal_is_not_placed_twice(tmp_path: Path, once: bool, code: str) -> None:
    """Whoever were to say it again: the candle is taken, and the journal takes a request once."""
    side = Deskside(tmp_path, LIVE, one_per_candle=once).connect()
    order = ordered(side)
    intent, signal = side.guards.intents[order.id], side.verdicts[-1].signal
    again = side.acts.follow(msgspec.structs.replace(order, id="other"), intent, signal, side.at)
    assert again is not None
    assert again.code == code
    assert len(side.trades) == 1
    side.close()


def test_time_comes_first(side: Deskside) -> None:
    """A candle that was due before a command is closed and judged before it, as a replay would."""
    side.at = BEGIN + 10_640
    side.acts.turn("paused", "lunch")
    kinds = [type(fact).__name__ for fact in side.said[-6:]]
    closed = [fact for fact in side.said if isinstance(fact, Candle) and fact.at == BEGIN + 5_000]
    assert len(closed) == 1
    assert kinds[-1] == "TradingSwitch"
    assert [verdict.outcome for verdict in side.verdicts][-1] == "ordered"


def test_each_act_is_noted_with_the_moment_to_which_time_has_come(side: Deskside) -> None:
    """In the order in which they are done."""
    order = ordered(side)
    side.at += 30
    assert side.acts.clicking(order.id, "demo", 1) is None
    side.acts.clicked(order.id, 1, True)
    side.acts.worked(order.id)
    side.acts.give_up(order.id, Refusal("late", "no matter"))
    side.acts.ask(other := asked(side))
    side.acts.turn("killed", "enough")
    side.switch("a", enabled=False)
    at = side.at
    assert side.noted == [
        OrderClicking(order.id, at, "demo", 1),
        OrderClicked(order.id, at, 1, True),
        OrderWorked(order.id, at),
        OrderGivenUp(order.id, at, "late", "no matter"),
        OrderAsked(other),
        Switched("killed", "enough", at),
        PlanSwitched("a", False, "live", "command", "test", at),
    ]
    assert side.trades[0].stage == "clicked"
    assert side.trades[1].code == "rate_limited" or side.trades[1].stage == "intended"


def test_a_click_that_may_not_be_made_is_not_noted(side: Deskside) -> None:
    """Nobody clicks, so nothing has happened."""
    order = ordered(side)
    assert side.acts.clicking(order.id, "demo", 1) is None
    refused = side.acts.clicking(order.id, "demo", 2)
    assert refused is not None
    assert refused.code == "busy"
    assert len(side.noted) == 1


@pytest.mark.parametrize("stop", ["off", "shadow", "gone", "benched", "paused", "killed", "leaving", "expired"])
def test_an_order_that_nobody_wants_any_more_is_not_clicked(side: Deskside, stop: str) -> None:
    """What is true at the click counts, not what was true at the signal."""
    order = ordered(side)
    codes = {"off": "strategy_off", "shadow": "strategy_off", "gone": "strategy_unknown", "benched": "strategy_off"}
    codes["leaving"] = "stopping"
    assert side.guards.at_click(order, side.sighting(order), side.at) is None
    match stop:
        case "off":
            side.switch("a", enabled=False)
        case "shadow":
            side.switch("a", mode="shadow")
        case "gone":
            side.desk.plans.replace([])
        case "benched":
            side.acts.bench(PlanSwitched("a", True, "live", "bench", "slow", side.at))
        case "paused" | "killed":
            side.acts.turn(stop, "")
        case "leaving":
            side.acts.leave()
        case "expired":
            side.run(16_000)
    refused = side.guards.at_click(order, side.sighting(order), side.at)
    assert refused is not None
    assert refused.code == codes.get(stop, stop)
    assert side.guards.before(order, side.at) == refused


@pytest.mark.parametrize(
    ("limits", "code"), [({"max_stake": 1}, "stake_too_high"), ({"hours": "05:00-06:00"}, "outside_hours")]
)
def test_a_plans_own_limits_hold_as_they_are_at_the_click(tmp_path: Path, limits: dict[str, object], code: str) -> None:
    """An order that is on its way when they are tightened is stopped by them."""
    bold = plan(mode="live", stake={"policy": "fixed", "amount": 5})
    side = Deskside(tmp_path, bold).connect().run(9_000)
    order = ordered(side)
    assert side.guards.at_click(order, side.sighting(order), side.at) is None
    tight = dataclasses.replace(bold, spec="tight", limits=Limits.model_validate(limits))
    side.desk.plans.replace([tight])
    refused = side.guards.at_click(order, side.sighting(order), side.at)
    assert refused is not None
    assert refused.code == code
    side.close()


def test_a_plan_that_is_benched_as_time_comes_up_to_its_click_is_not_clicked(tmp_path: Path) -> None:
    """The guards are asked again behind it: what closes in that very moment may be the plan's end."""
    tell = Tell()
    side = Deskside(tmp_path, plan("a", tell, mode="live")).connect().run(9_000)
    order = msgspec.structs.replace(ordered(side), expires_at=None)

    def raises(_view: View) -> pl.DataFrame:
        raise RuntimeError("out of ideas")

    tell.does(raises)
    side.run(14_800)
    side.at += 1_300
    permit = OrderPermit(side.guards, side.acts, order, lambda: side.at)
    refused = permit.ask(side.sighting(order), 1)
    assert refused is not None
    assert refused.code == "strategy_off"
    assert side.trades[0].stage == "intended"
    side.close()


@pytest.mark.parametrize("lag", [9_000, 60_000])
def test_no_order_goes_where_the_market_is_seen_late(tmp_path: Path, lag: Millis) -> None:
    """A line that has become slow looks like a broker's clock that is behind: the order is refused in either case."""
    side = Deskside(tmp_path, LIVE, orders_per_minute=600).connect().run(20_000)
    before = len(side.trades)
    assert before
    side.at += lag
    for at in range(20_000, 60_000, 500):
        for beat in range((side.at // 100 + 1) * 100, BEGIN + at + lag + DELAY, 100):
            side.desk.beat(beat)
        side.at = BEGIN + at + lag + DELAY
        side.hear(Tick(ASSET, BEGIN + at, 1.1))
    assert {verdict.code for verdict in side.verdicts[-3:]} == {"clock_off"}
    assert len(side.trades) == before
    side.close()


def test_no_order_goes_by_a_tick_from_the_future(tmp_path: Path) -> None:
    """One that is stamped a day ahead would begin a new day, and with it the limits of the day anew."""
    side = Deskside(tmp_path, LIVE).connect().run(9_000)
    order = ordered(side)
    side.hear(Tick(ASSET, side.at + DAY, 1.1))
    refused = side.guards.at_click(order, side.sighting(order), side.at)
    assert refused is not None
    assert refused.code == "clock_off"
    side.close()


def test_an_order_by_command_does_not_mind_plans(side: Deskside) -> None:
    """Nobody's being off stops it."""
    side.switch("a", enabled=False)
    order = asked(side)
    assert side.acts.ask(order) is None
    assert side.guards.at_click(order, side.sighting(order), side.at) is None


def test_an_intent_is_kept_for_as_long_as_an_order_is_on_its_way(side: Deskside) -> None:
    """Whether the page was worked for it or not, it ends when no hand works for it any more."""
    order = ordered(side)
    assert set(side.guards.intents) == {order.id}
    side.acts.give_up(order.id, Refusal("expired", "too late"))
    assert side.guards.intents == {}


def test_a_person_who_resumes_is_told_of_by_the_brokers_clock(side: Deskside) -> None:
    """Only where trading is active again, and for a reason."""
    side.acts.turn("paused", "")
    side.acts.turn("active", "")
    assert side.resumed == []
    side.acts.turn("paused", "")
    side.acts.turn("active", "looked at it")
    assert side.resumed == [side.desk.now(side.at)]


def test_a_switch_is_kept_across_restarts_and_a_bench_is_not(side: Deskside, tmp_path: Path) -> None:
    """What a person wants holds; what failed is tried again by the next daemon."""
    side.switch("a", mode="shadow")
    side.acts.bench(PlanSwitched("a", True, "shadow", "bench", "too slow", 0))
    assert side.desk.plans.states[0].phase == "benched"
    with read_journal(tmp_path) as journal:
        assert {name: (it.mode, it.by) for name, it in journal.plan_switches().items()} == {"a": ("shadow", "command")}
    assert [type(note) for note in side.noted] == [PlanSwitched, PlanSwitched]
    assert {note.at for note in side.noted if isinstance(note, PlanSwitched)} == {side.at}


def test_who_is_not_there_cannot_be_switched(side: Deskside) -> None:
    """And nothing is kept of it."""
    refused = side.switch("ghost")
    assert isinstance(refused, Refusal)
    assert side.journal.plan_switches() == {}


def test_a_daemon_that_leaves_decides_nothing_more(side: Deskside) -> None:
    """Time has come up to that moment, it is noted, and after it no plan looks and no order is taken."""
    side.at = BEGIN + 10_640
    side.acts.leave()
    assert side.noted == [Leaving(side.at)]
    assert side.verdicts[-1].signal.candle == BEGIN + 5_000
    before = side.desk.plans.fingerprint.decisions
    side.run(21_000)
    assert side.desk.plans.fingerprint.decisions == before
    refused = side.acts.ask(asked(side))
    assert refused is not None
    assert refused.code == "stopping"


def test_a_recording_of_acts_does_the_same_again(tmp_path: Path) -> None:
    """The same feed and the notes where they were bring the same decisions, stages, switches and intents."""
    account: Account = "demo"

    def session(side: Deskside, notes: list[Note] | None) -> tuple[object, ...]:
        """With `notes` they are told instead of done."""

        def do(act: str) -> None:
            if notes is not None:
                side.desk.hear_note(side.at, notes.pop(0))
                return
            ident = side.trades[0].id if side.trades else ""
            match act:
                case "click":
                    side.acts.clicking(ident, account, 1)
                case "clicked":
                    side.acts.clicked(ident, 1, True)
                case "worked":
                    side.acts.worked(ident)
                case "ask":
                    side.acts.ask(asked(side, stake=2))
                case "give up":
                    side.acts.give_up("c1", Refusal("control_stuck", "stuck"))
                case "pause" | "resume":
                    side.acts.turn("paused" if act == "pause" else "active", act)
                case "off" | "on":
                    side.switch("b", enabled=act == "on", mode="signal")
                case "slow":
                    side.acts.bench(PlanSwitched("b", True, "signal", "bench", "slow", side.at))
                case "leave":
                    side.acts.leave()

        side.connect().run(10_600)
        for number, act in enumerate(
            "click clicked worked ask give-up pause off resume on slow on leave".replace("give-up", "give#up").split()
        ):
            side.at += 37
            do(act.replace("#", " "))
            side.run(13_000 + 2_300 * number)
        states = [(state.name, state.phase, state.signals, state.refused) for state in side.desk.plans.states]
        trades = [(trade.id, trade.stage, trade.code, trade.changed) for trade in side.trades]
        return str(side.desk.plans.fingerprint), states, trades, side.orders.switch, sorted(side.guards.intents)

    plans = (plan(mode="live", timeframe=5_000), plan("b", Tell(side=-1)))
    folders = [tmp_path / "live", tmp_path / "replay"]
    for folder in folders:
        folder.mkdir()
    live, replay = (Deskside(folder, *plans, orders_per_minute=3) for folder in folders)
    done = session(live, None)
    assert len(live.noted) == 12
    assert session(replay, list(live.noted)) == done
    codes = {verdict.code for verdict in live.verdicts}
    assert {"let_through", "paused", "rate_limited"} <= codes
    for side in (live, replay):
        side.close()


@pytest.mark.parametrize("stopped", [False, True])
async def test_a_plans_order_goes_through_the_page_unless_it_is_turned_off_meanwhile(
    tmp_path: Path, stopped: bool
) -> None:
    """One deal for one candle; none where its plan was turned off while the page was being set."""
    floor = Floor(tmp_path)
    async with floor.running():
        floor.desk.plans.live = floor.trading.follow
        floor.desk.plans.replace([plan(mode="live", timeframe=60_000, assets=(ASSET,))])
        floor.hands.gate = asyncio.Event()
        while not floor.orders.trades(1):
            floor.wait(1_000)
        await turn()
        if stopped:
            floor.desk.plans.switch(PlanSwitched("a", False, "live", "command", "", floor.at))
        floor.hands.gate.set()
        await floor.turn()
        [trade] = floor.orders.trades(5)
    assert trade.plan == "a"
    assert (trade.stage, len(floor.broker.deals)) == (("refused", 0) if stopped else ("accepted", 1))
    outcomes = [fact.outcome for fact in floor.said if isinstance(fact, Verdict) and fact.trade == trade.id]
    assert outcomes == ["ordered", "refused" if stopped else "accepted"]
    assert (trade.code == "strategy_off") == stopped


@pytest.mark.parametrize("stood", [900, 1_700, 8_000, 59_000])
def test_an_act_after_a_standstill_comes_after_the_beats_that_were_missed(tmp_path: Path, stood: Millis) -> None:
    """A recording is told them first, whatever was done first: both close the same candles at the same moments."""
    sides: list[Deskside] = []
    for name in ("live", "replay"):
        (tmp_path / name).mkdir()
        side = Deskside(tmp_path / name, plan("timed", schedule="every 1s"), plan()).connect().run(9_100)
        beats = Beats(side.desk)
        beats.up_to(side.at)
        side.at += stood
        if name == "live":
            side.acts.turn("paused", "lunch")
            beats.up_to(side.at + 200)
        else:
            beats.up_to(side.at)
            side.desk.hear_note(side.at, sides[0].noted[0])
            beats.up_to(side.at + 200)
        sides.append(side)
    live, replay = sides
    assert live.verdicts == replay.verdicts
    assert len({verdict.signal.at for verdict in live.verdicts}) > 5
    assert str(live.desk.plans.fingerprint) == str(replay.desk.plans.fingerprint)
    assert live.desk.at == replay.desk.at
    for side in sides:
        side.close()


def test_a_clock_that_is_set_back_goes_on_from_there(tmp_path: Path) -> None:
    """Also right after an act: beats before it are not taken for some that have passed."""
    side = Deskside(tmp_path).connect().run(9_100)
    beats = Beats(side.desk)
    beats.up_to(side.at)
    side.at += 1_700
    side.acts.turn("paused", "")
    beats.up_to(side.at)
    before = side.desk.beats
    beats.up_to(side.at - 30_000)
    beats.up_to(side.at - 29_800)
    assert side.desk.beats == before + 3
    side.close()
