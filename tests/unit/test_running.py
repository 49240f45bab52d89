"""One plan as it runs: awake or not, how it says why, and what it remembers."""

import msgspec
import pytest

from qfluxd.model import PlanSwitched
from qfluxd.plans.looking import Look
from qfluxd.plans.running import Running
from tests.support.stand import BEGIN, Tell, plan
from tests.unit.test_fates import SIGNAL

FOLDED = (5_000, 15_000)


def running(**changes: object) -> Running:
    """A plan that runs."""
    return Running(plan(**changes), 2_000, FOLDED)  # type: ignore[arg-type]  # the test names its options


def look(took: int = 0, rows: int = 1) -> Look:
    """A look that took so many microseconds."""
    return Look(BEGIN, rows, warm=True, side=1, took_us=took)


def test_three_looks_in_a_row_must_be_slow() -> None:
    """One that is quick enough begins the count anew, whichever assets they were of."""
    it = running()
    answers = [it.looked(asset, look(took), 50) for asset, took in zip("abcdefg", (60, 60, 50, 60, 60, 60, 60))]  # noqa: B905
    assert [answer is None for answer in answers] == [True, True, True, True, True, False, False]
    assert answers[5] == "its last 3 looks took more than 0.05 ms each"


def test_a_replay_does_not_look_at_the_clock() -> None:
    """Without a budget nothing is too slow, and no time is told."""
    it = running()
    assert {it.looked("a", look(10**9), None) for _ in range(5)} == {None}
    assert it.state().took_us is None


def test_only_a_person_wakes_a_plan_that_was_benched() -> None:
    """A switch of a person does, and it counts slow looks from nothing."""
    it = running()
    it.switch(it.benched("too slow", BEGIN))
    assert not it.awake
    assert (it.state().phase, it.state().detail) == ("benched", "too slow; strategy/enable tries again")
    for _ in range(2):
        it.looked("a", look(60), 50)
    it.switch(PlanSwitched("a", True, "live", "command", "", BEGIN))
    assert it.awake
    assert it.mode == "live"
    assert [it.looked("a", look(60), 50) for _ in range(2)] == [None, None]


@pytest.mark.parametrize(("by", "wakes"), [("command", True), ("file", True), ("compare", False)])
def test_what_switches_a_plan_that_was_benched_need_not_wake_it(by: str, wakes: bool) -> None:
    """A person does, by command or by the file; a comparison puts it into another mode, and it stays benched."""
    it = running(mode="live")
    it.switch(it.benched("raised", BEGIN))
    it.switch(PlanSwitched("a", True, "shadow", by, "", BEGIN))
    assert (it.awake, it.state().mode, it.state().phase == "benched") == (wakes, "shadow", not wakes)


def test_a_look_at_an_asset_that_is_cold_is_no_quick_one() -> None:
    """Nothing was asked there: it neither counts nor begins the count anew, and tells no time."""
    it = running()
    cold = Look(BEGIN, 1, warm=False)
    assert [it.looked(asset, look(60) if asset == "a" else cold, 50) is None for asset in "ababa"] == [True] * 4 + [
        False
    ]
    assert it.state().took_us == 60


def test_one_that_cannot_run_as_it_is_is_woken_by_nobody() -> None:
    """What it needs is not there before a restart; nobody is told to try again."""
    it = running(timeframe=60_000)
    it.switch(PlanSwitched("a", True, "live", "command", "", BEGIN))
    assert (it.awake, it.state().phase) == (False, "benched")
    assert it.state().detail == "no 1m candles are folded before the daemon is started again"


def test_one_that_is_off_says_why() -> None:
    """As whoever turned it off said."""
    it = running()
    it.switch(PlanSwitched("a", False, "signal", "command", "news at noon", BEGIN))
    assert it.state().detail == "news at noon; strategy/enable turns it on"


def test_off_and_benched_are_two_things() -> None:
    """One that is turned off is off, also where it had failed before."""
    it = running()
    it.switch(it.benched("raised", BEGIN))
    it.switch(PlanSwitched("a", False, "signal", "command", "", BEGIN))
    assert (it.awake, it.state().phase) == (False, "off")


def test_it_warms_asset_by_asset() -> None:
    """It runs as soon as one of them is warm; until then the state says what is missing."""
    it = running(strategy=Tell(needs=3))
    it.looked("A", look(rows=1), None)
    assert it.state().detail == "needs 3 closed candles; of A there are 1"
    it.looked("B", look(rows=2), None)
    assert it.state().detail == "needs 3 closed candles, which none of 2 assets has yet"
    it.looked("B", look(rows=3), None)
    assert (it.state().phase, it.state().detail) == ("running", "")


def test_a_signal_is_new_once() -> None:
    """By its id, also for the plan that comes after it under the same name."""
    it, after = running(), running()
    other = msgspec.structs.replace(SIGNAL, id="a/x/2")
    assert [it.is_new(signal) for signal in (SIGNAL, other, SIGNAL)] == [True, True, False]
    after.inherit(it)
    assert not after.is_new(other)


def test_what_it_has_said_is_remembered_within_bounds() -> None:
    """The oldest of ten thousand is forgotten for the next."""
    it = running()
    for number in range(10_001):
        assert it.is_new(msgspec.structs.replace(SIGNAL, id=str(number)))
    assert not it.is_new(msgspec.structs.replace(SIGNAL, id="1"))
    assert it.is_new(msgspec.structs.replace(SIGNAL, id="0"))
