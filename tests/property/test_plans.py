"""Whatever the market, the clocks and people do: plans say nothing twice and nothing while off, and it repeats."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qfluxd.model import LoggedIn, Millis, Note, PlanSwitched, Refusal, Verdict
from qfluxd.plans.plan import Plan
from qfluxd.strategy import View
from qfluxd.trading.shadow import ShadowDeal
from tests.support.deskside import Deskside
from tests.support.stand import ASSET, BEGIN, DELAY, OTHER, Stand, Tell, plan

QUIET = structlog.testing.capture_logs
"""Plans are benched by the dozen, which each log says."""
NAMES = ("always", "slow", "timed", "moody")


class Moody(Tell):
    """Raises at one candle of seven."""

    def signals(self, view: View) -> pl.DataFrame:
        """By the newest candle's number alone."""
        number = int(view.times[-1]) // view.series.timeframe
        if number % 7 == 0:
            raise ValueError(f"not candle {number}")
        rows = np.arange(view.height) % 2 == 0
        return self.say(view, call=rows, put=~rows, confidence=0.5)


def plans(mode: Any = "live") -> list[Plan]:
    """One that always speaks, one on longer candles, one that goes by the time, and one that fails now and then."""
    return [
        plan("always", Tell(), mode=mode),
        plan("slow", Tell(side=-1, needs=2, longer=(15_000,)), mode="shadow"),
        plan("timed", Tell(), schedule="every 7s", assets=("EUR*",)),
        plan("moody", Moody(), assets=("GBP*",)),
    ]


lengths = st.sampled_from([0, 1, 400, 500, 1_000, 2_600, 4_999, 5_000, 16_000, 400_000])
stamps = st.sampled_from([0, 0, 0, 0, -700, -6_000, 9_000])
ticks = st.tuples(st.just("tick"), lengths, st.sampled_from([ASSET, OTHER]), st.integers(0, 5), stamps)
steady = st.tuples(st.just("run"), st.integers(1, 40))
others = st.one_of(
    st.tuples(st.just("beat"), lengths),
    st.tuples(st.just("switch"), st.sampled_from(NAMES), st.booleans(), st.sampled_from(["signal", "shadow", "live"])),
    st.tuples(st.just("back"), st.sampled_from([200, 5_000, 60_000])),
    st.tuples(st.sampled_from(["lost", "login", "history", "reload", "refuse"])),
)
steps = st.lists(st.one_of(ticks, steady, steady, others), min_size=3, max_size=25)


class Market:
    """Does steps to a stand. Time is this machine's, and mostly goes on."""

    def __init__(self) -> None:
        self.stand = Stand(*plans())
        self.at: Millis = 0

    def do(self, step: tuple[Any, ...]) -> None:
        """One of the steps."""
        stand = self.stand
        match step:
            case ("tick", wait, asset, price, wrong):
                self.at += wait
                stand.tick(max(0, self.at + wrong), asset, 1.1 + price / 1e4, late=min(self.at, -wrong))
            case ("run", count):
                for number in range(count):
                    self.at += 500
                    stand.tick(self.at, ASSET if number % 3 else OTHER, 1.1 + number % 7 / 1e4)
                    stand.beat(self.at + DELAY + 10)
            case ("beat", wait):
                self.at += wait
                stand.beat(self.at + DELAY)
            case ("switch", name, enabled, mode):
                stand.at = self.at
                stand.switch(name, enabled=enabled, mode=mode)
            case ("back", length):
                self.at = max(0, self.at - length)
            case ("lost",):
                stand.desk.on_feed_lost()
            case ("login",):
                stand.desk.hear(BEGIN + self.at + DELAY, LoggedIn(f"s{self.at}"))
            case ("history",):
                stand.history(ASSET, 30, 5_000, end=self.at // 5_000 * 5_000)
            case ("reload",):
                changed = plan("always", Tell(label=str(self.at)), spec=str(self.at), mode="live")
                stand.desk.plans.replace([changed, *plans()[1:]])
            case ("refuse",):
                stand.refusal = Refusal("paused", "") if stand.refusal is None else None


def new_signals(stand: Stand, since: int) -> Iterator[Verdict]:
    """Signals that were said for the first time since so many facts."""
    known = {fact.signal.id for fact in stand.said[:since] if isinstance(fact, Verdict)}
    for fact in stand.said[since:]:
        if isinstance(fact, Verdict):
            assert fact.signal.id not in known
            known.add(fact.signal.id)
            yield fact


@settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.too_slow])
@given(steps)
def test_nothing_is_said_twice_or_by_a_plan_that_is_off(doings: list[tuple[Any, ...]]) -> None:
    """Whatever ticks, beats, clocks, people and reloads do; an order is never asked for twice.

    The stand tells of no trades, so each verdict is a new signal.
    """
    market = Market()
    stand = market.stand
    for step in doings:
        before = {state.name: state for state in stand.desk.plans.states}
        since = len(stand.said)
        market.do(step)
        after = {state.name: state for state in stand.desk.plans.states}
        for verdict in new_signals(stand, since):
            was = before[verdict.signal.plan]
            assert was.enabled
            assert was.phase in ("running", "warming")
            assert verdict.signal.mode == was.mode
            assert verdict.outcome in {"signal": ("told",), "shadow": ("shadow", "refused")}.get(
                was.mode, ("ordered", "refused")
            )
        assert all(after[name].phase in ("benched", "off") for name, it in before.items() if _stays(it, step))
    requests = [order.request for _, order, _ in stand.orders]
    assert len(requests) == len(set(requests))
    assert all(order.expires_at == order.received + 5_000 for _, order, _ in stand.orders)


def _stays(before: Any, step: tuple[Any, ...]) -> bool:
    """Whether a plan that was not awake cannot have been woken by a step."""
    return before.phase in ("benched", "off") and step[0] not in ("switch", "reload")


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(steps)
def test_the_same_inputs_bring_the_same_decisions(doings: list[tuple[Any, ...]]) -> None:
    """And the same of everything that is said, in the same order."""
    markets = [Market(), Market()]
    for market in markets:
        for step in doings:
            market.do(step)
    one, other = (market.stand for market in markets)
    assert one.fingerprint == other.fingerprint
    assert one.said == other.said
    assert one.fingerprint[0] == len(one.verdicts)


# ------------------------------------------------------------------------------------------------- with a recording

acts = st.one_of(
    st.tuples(st.just("run"), st.integers(1, 60)),
    st.tuples(st.just("run"), st.integers(1, 60)),
    st.tuples(st.just("wait"), st.integers(0, 900)),
    st.tuples(st.sampled_from(["click", "give up", "pause", "resume", "lost", "slow", "leave"])),
    st.tuples(st.just("switch"), st.sampled_from(NAMES), st.booleans(), st.sampled_from(["shadow", "live"])),
)


class Recorded:
    """A desk whose acts are noted, or on which they are told from the notes of another."""

    def __init__(self, folder: Path, notes: list[Note] | None = None) -> None:
        self.side = Deskside(folder, *plans(), max_open=2, orders_per_minute=4, one_per_candle=False).connect()
        self.notes = notes
        self.end: Millis = 500

    def do(self, step: tuple[Any, ...]) -> None:
        """One of the steps; what is not noted follows from the feed."""
        side = self.side
        match step:
            case ("run", count):
                self.end += 500 * count
                side.run(self.end, ASSET, OTHER, price=lambda at: 1.1 + (at // 500 * 7 % 11) / 1e4)
            case ("wait", length):
                side.at += length
            case _ if self.notes is not None:
                for note in self._told(step):
                    side.desk.hear_note(side.at, note)
            case _:
                self._act(step)

    def _told(self, step: tuple[Any, ...]) -> list[Note]:
        """The notes of the act that the other desk did; none where it did none."""
        assert self.notes is not None
        told = []
        while self.notes and _is_of(self.notes[0], step, self.side.at):
            told.append(self.notes.pop(0))
        return told

    def _act(self, step: tuple[Any, ...]) -> None:
        side, acts = self.side, self.side.acts
        on_their_way = [trade.id for trade in side.trades if trade.stage == "intended"]
        match step:
            case ("click",) if on_their_way:
                if acts.clicking(on_their_way[0], "demo", 1) is None:
                    acts.clicked(on_their_way[0], 1, True)
            case ("give up",) if on_their_way:
                acts.give_up(on_their_way[-1], Refusal("control_stuck", "stuck"))
            case ("pause",):
                acts.turn("paused", "lunch")
            case ("resume",):
                acts.turn("active", "")
            case ("lost",):
                side.desk.on_feed_lost()
            case ("slow",):
                acts.bench(PlanSwitched("always", True, "live", "bench", "slow", 0))
            case ("leave",):
                acts.leave()
            case ("switch", name, enabled, mode):
                side.switch(name, enabled=enabled, mode=mode)

    @property
    def outcome(self) -> tuple[Any, ...]:
        """All that came of it."""
        side = self.side
        states = [
            (state.name, state.phase, state.mode, state.signals, state.refused) for state in side.desk.plans.states
        ]
        trades = [(trade.id, trade.stage, trade.code) for trade in side.trades]
        deals: list[ShadowDeal] = side.deals
        return str(side.desk.plans.fingerprint), states, trades, deals, side.verdicts, side.orders.switch.state


def _is_of(note: Note, step: tuple[Any, ...], at: Millis) -> bool:
    """Whether a note was made by this step, at this moment."""
    kinds = {
        "click": ("OrderClicking", "OrderClicked"),
        "give up": ("OrderGivenUp",),
        "pause": ("Switched",),
        "resume": ("Switched",),
        "lost": ("FeedLost",),
        "slow": ("PlanSwitched",),
        "switch": ("PlanSwitched",),
        "leave": ("Leaving",),
    }
    stamp = getattr(note, "at", at)
    return type(note).__name__ in kinds[step[0]] and (stamp == at or step[0] == "lost")


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(acts, min_size=3, max_size=20))
def test_a_recording_of_the_feed_and_of_acts_decides_the_same(doings: list[tuple[Any, ...]]) -> None:
    """Orders, deals on paper, verdicts, switches and the fingerprint."""
    with QUIET(), tempfile.TemporaryDirectory() as live, tempfile.TemporaryDirectory() as replay:
        first = Recorded(Path(live))
        for step in doings:
            first.do(step)
        second = Recorded(Path(replay), list(first.side.noted))
        for step in doings:
            second.do(step)
        try:
            assert second.outcome == first.outcome
        finally:
            first.side.close()
            second.side.close()
