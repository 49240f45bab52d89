"""What is due by the clock is done, what is not done is told, and nothing goes on after the end."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from qfluxd.errors import Unavailable
from qfluxd.housekeeping import Chore, Housekeeping, parse_schedule
from qfluxd.model import Millis

SUNDAY = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)


def due(text: str, count: int = 1) -> list[datetime]:
    """The first moments after that Sunday morning at which a schedule is due."""
    trigger, moments, now = parse_schedule(text), list[datetime](), SUNDAY
    while len(moments) < count:
        now = trigger.get_next_fire_time(moments[-1] if moments else None, now)
        moments.append(now)
        now += timedelta(milliseconds=1)
    return moments


class Told:
    """Remembers alerts, and lets a test wait for one."""

    def __init__(self) -> None:
        self.alerts: list[tuple[str, str]] = []
        self._news = asyncio.Event()

    def __call__(self, code: str, detail: str, at: Millis) -> None:
        assert abs(at - time.time() * 1000) < 5000
        self.alerts.append((code, detail))
        self._news.set()

    async def wait(self, code: str) -> str:
        """The sentence of the first alert with that code."""
        async with asyncio.timeout(10):
            while not (found := [detail for known, detail in self.alerts if known == code]):
                self._news.clear()
                await self._news.wait()
        return found[0]


@asynccontextmanager
async def keeping(housekeeping: Housekeeping) -> AsyncIterator[None]:
    """Let it run while the block does; afterwards no task but the test's own is left."""
    before = asyncio.all_tasks()
    run = asyncio.get_running_loop().create_task(housekeeping.run())
    yield
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert asyncio.all_tasks() == before


def test_an_interval_counts_from_now() -> None:
    """Whole seconds, minutes, hours, up to a day."""
    for text, seconds in (("10s", 10), ("15m", 900), ("2h", 7200), ("1d", 86_400)):
        trigger = parse_schedule(text)
        first = trigger.get_next_fire_time(None, datetime.now(UTC))
        assert trigger.get_next_fire_time(first, first) - first == timedelta(seconds=seconds)


def test_a_cron_line_is_in_utc() -> None:
    """Half past every hour from 8 to 12."""
    hours = [(moment.day, moment.hour, moment.minute) for moment in due("30 8-12 * * *", 4)]
    assert hours == [(22, 10, 30), (22, 11, 30), (22, 12, 30), (23, 8, 30)]
    assert due("0 0 1 1 *")[0].isoformat() == "2027-01-01T00:00:00+00:00"


@pytest.mark.parametrize(
    ("field", "days"),
    [
        ("*", "Mon Tue Wed Thu Fri Sat Sun"),
        ("mon-fri", "Mon Tue Wed Thu Fri"),
        ("1-5", "Mon Tue Wed Thu Fri"),
        ("0", "Sun"),
        ("7", "Sun"),
        ("5-7", "Fri Sat Sun"),
        ("6-1", "Mon Sat Sun"),
        ("*/2", "Tue Thu Sat Sun"),
        ("1-5/2", "Mon Wed Fri"),
        ("1,SUN", "Mon Sun"),
    ],
)
def test_days_of_the_week_are_those_of_cron(field: str, days: str) -> None:
    """Sunday is 0 and 7, whatever the library thinks."""
    moments = due(f"0 12 * * {field}", 7)
    named = {f"{moment:%a}" for moment in moments if moment < SUNDAY + timedelta(days=7)}
    assert named == set(days.split())


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "five fields"),
        ("soon", "from 1s to 1d"),
        ("2d", "from 1s to 1d"),
        ("0s", "from 1s to 1d"),
        ("* * * *", "five fields"),
        ("* * * * * *", "five fields"),
        ("61 * * * *", "61"),
        ("* * * * 8", "8"),
        ("* * * * someday", "someday"),
        ("0 0 31 2 *", "never comes"),
        ("0 0 1 * 1", "name one of them"),
    ],
)
def test_a_schedule_that_makes_no_sense_is_refused_in_words(text: str, why: str) -> None:
    """The mistake is named with the text it is in."""
    with pytest.raises(ValueError, match=why) as refused:
        parse_schedule(text)
    assert repr(text) in str(refused.value)


def test_a_bad_schedule_is_refused_at_the_start() -> None:
    """Not when it would have been due."""
    with pytest.raises(ValueError, match="soon"):
        Housekeeping([Chore("tidy", "soon", asyncio.Event().wait)], Told())  # type: ignore[arg-type]  # never awaited


async def test_a_chore_is_done_again_and_again_also_after_it_failed() -> None:
    """Each failure is told with its reason, and others go on."""
    told, done = Told(), asyncio.Semaphore(0)
    failures = 0

    async def fail() -> None:
        nonlocal failures
        failures += 1
        raise Unavailable("the disk is full")

    async def succeed() -> None:
        done.release()

    async with asyncio.timeout(10), keeping(Housekeeping([Chore("a", "1s", fail), Chore("b", "1s", succeed)], told)):
        await done.acquire()
        await done.acquire()
        assert await told.wait("job_failed") == "the job a failed: the disk is full"
    assert failures >= 1
    assert {code for code, _ in told.alerts} == {"job_failed"}


async def test_a_chore_that_still_goes_on_is_not_begun_again() -> None:
    """That is told; at the end it is stopped, whatever it was doing."""
    told, began, stopped = Told(), 0, asyncio.Event()

    async def linger() -> None:
        nonlocal began
        began += 1
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    async with keeping(Housekeeping([Chore("scan", "1s", linger)], told)):
        assert await told.wait("job_missed") == "the job scan is due while the one before it still goes on"
        assert began == 1
    assert stopped.is_set()


async def test_what_is_far_too_late_is_left_out() -> None:
    """The machine stood still when a chore was due: it is told, with the time, and not done."""
    told, done = Told(), asyncio.Event()

    async def work() -> None:
        done.set()

    async with keeping(Housekeeping([Chore("tidy", "3s", work)], told, late_seconds=1)):
        await asyncio.sleep(0)  # it starts
        time.sleep(4.5)  # noqa: ASYNC251 - standing still is the point
        assert (await told.wait("job_missed")).startswith("the job tidy was due at ")
        assert not done.is_set()


async def test_a_bug_in_a_chore_comes_out() -> None:
    """What is no error of ours is not swallowed by a schedule."""

    async def bug() -> None:
        raise ZeroDivisionError

    with pytest.raises(ExceptionGroup) as raised:
        await Housekeeping([Chore("a", "1s", bug)], Told()).run()
    assert raised.group_contains(ZeroDivisionError)
