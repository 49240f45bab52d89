"""The daemon's pulse."""

import asyncio
import os
import time

from qfluxd.observability.vitals import Availability, LoopLag, memory_mb


def test_memory_of_this_process_is_plausible() -> None:
    """An interpreter with libraries takes between 5 MB and 5 GB."""
    own = memory_mb()
    assert own is not None
    assert 5 < own < 5_000
    both = memory_mb([os.getpid(), "self"])
    assert both is not None
    assert both > own


def test_memory_of_nobody_is_unknown() -> None:
    """A process that is gone has no memory, and that is not zero."""
    assert memory_mb([2**22 + 1]) is None


async def test_a_blocked_loop_shows_as_lag() -> None:
    """A callback that holds the loop is seen in the percentile."""
    lag = LoopLag()
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(lag.run())
        await asyncio.sleep(0.2)
        time.sleep(0.2)  # noqa: ASYNC251 - blocking the loop is what is measured
        await asyncio.sleep(0.1)
        task.cancel()
    assert lag.p99_ms() > 50


def test_the_share_of_good_time() -> None:
    """Half of the last hour good is 0.5."""
    availability = Availability(0)
    availability.on_state(True, 1_800_000)
    assert availability.share(3_600_000, 3_600_000) == 0.5


def test_a_young_daemon_is_measured_over_its_life() -> None:
    """Ten seconds after the start the last hour is ten seconds long."""
    availability = Availability(1_000_000)
    availability.on_state(True, 1_005_000)
    availability.on_state(False, 1_010_000)
    assert availability.share(3_600_000, 1_010_000) == 0.5
    assert Availability(5).share(10, 5) is None


def test_repeating_a_state_changes_nothing() -> None:
    """Only the change counts."""
    availability = Availability(0)
    for at in (0, 10, 20):
        availability.on_state(True, at)
    for at in (30, 40):
        availability.on_state(False, at)
    assert availability.share(100, 60) == 0.5
