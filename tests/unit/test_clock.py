"""The broker's clock as ticks show it."""

import pytest

from qfluxd.market.clock import Clock
from qfluxd.model import HOUR, MINUTE, SECOND, Millis

NOON = 20_000 * 24 * HOUR


def hear(
    clock: Clock, start: Millis, seconds: int, ahead: Millis, delays: tuple[Millis, ...] = (40, 300, 90)
) -> Millis:
    """Two ticks a second from a broker `ahead` of this machine; returns this machine's clock at the end."""
    host = start
    for number in range(seconds * 2):
        clock.hear(host + ahead - delays[number % len(delays)], host)
        host += 500
    return host


def test_before_the_first_tick_it_is_this_machines_clock() -> None:
    """Nothing is known yet, and nothing is made up."""
    clock = Clock()
    assert clock.now(NOON) == NOON
    assert clock.offset_ms is None
    assert clock.mismatch() is None


def test_the_least_delayed_tick_decides() -> None:
    """The offset is the difference of the clocks less the shortest delay, whatever the others took."""
    clock = Clock()
    host = hear(clock, NOON, 60, ahead=250)
    assert clock.offset_ms == 210
    assert clock.now(host) == host + 210


def test_now_is_never_before_a_tick_that_was_heard() -> None:
    """At the moment a live tick is read the clock has reached its stamp, unless ticks are in doubt."""
    clock = Clock()
    for number, delay in enumerate((300, 40, 90, 10, 700)):
        host = NOON + number * 500
        clock.hear(host - delay, host)
        assert clock.now(host) >= host - delay


def test_now_never_steps_back() -> None:
    """When the estimate falls, because its best tick is five minutes old, time stands still instead."""
    clock = Clock()
    host = hear(clock, NOON, 1, ahead=900, delays=(0,))
    before = clock.now(host)
    times = [before]
    for _ in range(400):
        host += SECOND
        clock.hear(host, host)
        times.append(clock.now(host))
    assert clock.offset_ms == 0
    assert times == sorted(times)
    assert times[-1] == host


def test_the_window_is_five_minutes() -> None:
    """A short delay counts for five minutes and no longer than that and a bucket."""
    clock = Clock()
    clock.hear(NOON + 50, NOON)
    host = hear(clock, NOON + 500, 5 * 60 - 16, ahead=0, delays=(0,))
    assert clock.offset_ms == 50
    hear(clock, host, 32, ahead=0, delays=(0,))
    assert clock.offset_ms == 0


def test_a_late_tick_changes_nothing() -> None:
    """One tick that is minutes old neither moves the clock back nor stops it for longer than it takes to hear on."""
    clock = Clock()
    host = hear(clock, NOON, 30, ahead=0)
    before = clock.now(host)
    clock.hear(host - 10 * MINUTE, host)
    assert clock.now(host + 200) == before
    clock.hear(host + 500 - 90, host + 500)
    assert clock.now(host + 500) == host + 500 - 40


def test_a_late_first_tick_is_forgotten_at_once() -> None:
    """A stale quote first, as after a reconnect, is corrected by the first fresh one."""
    clock = Clock()
    clock.hear(NOON - HOUR, NOON)
    clock.hear(NOON + 400, NOON + 500)
    assert clock.offset_ms == -100
    hear(clock, NOON + SECOND, 60, ahead=0)
    assert clock.mismatch() is None


@pytest.mark.parametrize("hours", [1.0, -1.0, 2.0, 0.5, -5.5])
def test_a_wrong_server_offset_is_noticed(hours: float) -> None:
    """Stamps that differ by whole half hours say by how much the configured offset is wrong."""
    clock = Clock()
    hear(clock, NOON, 60, ahead=round(hours * HOUR) + 1_200)
    assert clock.mismatch() == round(hours * 3600)


@pytest.mark.parametrize("ahead", [0, 5 * MINUTE, -12 * MINUTE, 20 * MINUTE, 50 * MINUTE])
def test_a_wrong_clock_is_not_taken_for_a_time_zone(ahead: Millis) -> None:
    """A difference that is no half hour is this machine's clock, not the server's zone."""
    clock = Clock()
    hear(clock, NOON, 60, ahead=ahead)
    assert clock.mismatch() is None


def test_a_few_stale_ticks_are_no_evidence() -> None:
    """The last quotes of closed markets, hours old and read at once, suggest nothing."""
    clock = Clock()
    for number in range(50):
        clock.hear(NOON - 2 * HOUR, NOON + number)
    assert clock.mismatch() is None
    clock.hear(NOON + 20 * SECOND, NOON + 20 * SECOND)
    assert clock.mismatch() is None


def test_this_machines_clock_set_back_is_made_up_for_at_once() -> None:
    """An hour back on this machine: the first tick restores the broker's time, which did not step back."""
    clock = Clock()
    host = hear(clock, NOON, 60, ahead=0)
    before = clock.now(host)
    assert clock.now(host - HOUR) == before
    clock.hear(host + 500 - 40, host + 500 - HOUR)
    assert clock.now(host + 500 - HOUR) == before + 500
    assert clock.mismatch() is None


def test_this_machines_clock_set_forward_is_made_up_for_in_seconds() -> None:
    """An hour forward: time stands still while it is in doubt, and then it is the broker's again."""
    clock = Clock()
    host = hear(clock, NOON, 60, ahead=0)
    before = clock.now(host)
    clock.hear(host + 500 - 40, host + 500 + HOUR)
    assert clock.now(host + 500 + HOUR) == before
    true = hear(clock, host + SECOND + HOUR, 10, ahead=-HOUR) - HOUR
    assert clock.now(true + HOUR) == true - 40
    assert clock.offset_ms == -HOUR - 40


def test_a_forward_step_that_nobody_heard_is_taken_back() -> None:
    """Where the clock was asked before a tick could tell, it steps back once, and only for that."""
    clock = Clock()
    host = hear(clock, NOON, 60, ahead=0)
    assert clock.now(host + HOUR) == host + HOUR - 40
    true = hear(clock, host + HOUR, 10, ahead=-HOUR) - HOUR
    assert clock.now(true + HOUR) == true - 40


def test_a_backlog_does_not_set_the_clock() -> None:
    """Ticks of twenty seconds read at once, as after a frozen browser, leave the clock as it was."""
    clock = Clock()
    host = hear(clock, NOON, 60, ahead=0)
    for number in range(40):
        clock.hear(host + number * 500, host + 20 * SECOND + number)
    assert clock.offset_ms == -40
    hear(clock, host + 21 * SECOND, 10, ahead=0)
    assert clock.offset_ms == -40


def test_stale_ticks_of_all_ages_do_not_set_the_clock() -> None:
    """Late ticks that do not agree with each other say nothing, however long they come alone."""
    clock = Clock()
    host = hear(clock, NOON, 60, ahead=0)
    for number in range(40):
        clock.hear(host - (number * 37 % 11 + 2) * MINUTE, host + number * 500)
    assert clock.offset_ms == -40


def test_a_line_that_became_slow_is_followed_without_stepping_back() -> None:
    """Ticks that are two seconds later from now on become the measure after seconds, not after five minutes."""
    clock = Clock()
    host = hear(clock, NOON, 60, ahead=0, delays=(40,))
    times = []
    for _ in range(40):
        clock.hear(host - 2_000, host)
        times.append(clock.now(host))
        host += 500
    assert times == sorted(times)
    assert clock.offset_ms == -2_000
    assert times[-1] == host - 500 - 2_000


def test_looking_from_outside_moves_nothing() -> None:
    """Who asks for the time, also for one that has not come, does not keep it from being told as before."""
    looked, left_alone = Clock(), Clock()
    host = hear(looked, NOON, 30, ahead=250)
    hear(left_alone, NOON, 30, ahead=250)
    assert looked.shown(host + HOUR) == host + HOUR + 210
    assert looked.now(host + 100) == left_alone.now(host + 100) == host + 310


def test_the_latest_time_is_told_also_while_ticks_are_in_doubt() -> None:
    """Ticks that are five seconds late hold the clock up; what it may show already is what lateness is held against."""
    clock = Clock()
    assert clock.latest(NOON) == NOON
    host = hear(clock, NOON, 30, ahead=250)
    before = clock.now(host)
    clock.hear(host - 5_000, host + 5_000)
    assert clock.now(host + 5_000) == before
    assert clock.latest(host + 5_000) == host + 5_210
