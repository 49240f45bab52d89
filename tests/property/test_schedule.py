"""For every schedule and every moment: what is due comes later, fits, and is the same whoever asks."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from qfluxd.model import DAY, HOUR, SECOND, Millis
from qfluxd.trading.schedule import Due, parse_schedule

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "America/Havana")
YEARS = st.integers(1_577_836_800_000, 1_893_456_000_000)
"""Any millisecond of the years 2020 to 2029."""

MINUTES = st.integers(0, 1439)


@st.composite
def fields(draw: st.DrawFn) -> tuple[str, str, str]:
    """Minute, hour and day of the week of a cron line."""
    minute = draw(st.one_of(st.just("*"), st.integers(0, 59).map(str), st.sampled_from(["*/7", "0,30", "10-20"])))
    hour = draw(st.one_of(st.just("*"), st.integers(0, 23).map(str), st.sampled_from(["*/2", "8-17"])))
    return minute, hour, draw(st.sampled_from(["*", "1-5", "sun", "0,3"]))


def fits(local: datetime, field: str, value: int) -> bool:
    """Whether a field of a cron line holds a value, read independently."""
    if field == "*":
        return True
    if field.startswith("*/"):
        return value % int(field[2:]) == 0
    if "-" in field:
        first, last = field.split("-")
        return int(first) <= value <= int(last)
    return value in [0 if part == "sun" else int(part) for part in field.split(",")]


def fits_all(at: Millis, zone: ZoneInfo, line: tuple[str, str, str]) -> bool:
    """Whether the wall clock of a place shows what a line says, and not in the second of two equal hours."""
    local = datetime.fromtimestamp(at / 1000, zone)
    minute, hour, weekday = line
    shown = fits(local, minute, local.minute) and fits(local, hour, local.hour)
    return shown and fits(local, weekday, local.isoweekday() % 7) and not (hour != "*" and local.fold)


@settings(max_examples=300, deadline=None)
@given(YEARS, fields(), st.sampled_from(ZONES))
def test_a_cron_line_is_due_at_exactly_the_minutes_that_fit(now: Millis, line: tuple[str, str, str], name: str) -> None:
    """The next moment fits its line on the wall clock, and no minute before it does (looked at for two days)."""
    zone = ZoneInfo(name)
    schedule = parse_schedule({"when": f"{line[0]} {line[1]} * * {line[2]}", "timezone": name})
    found = schedule.next_after(now)
    assert found is not None
    assert found > now
    assert fits_all(found, zone, line)
    assert datetime.fromtimestamp(found / 1000, zone).second == 0
    first = now // 60_000 * 60_000 + 60_000
    assert not any(fits_all(at, zone, line) for at in range(first, min(found, first + 2 * DAY), 60_000))


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(ZONES[1:]), st.integers(2021, 2029), st.integers(-120, 120), fields())
def test_around_every_change_of_clocks_too(name: str, year: int, minutes: int, line: tuple[str, str, str]) -> None:
    """The same, starting within two hours of the moment at which clocks change."""
    zone = ZoneInfo(name)
    for change in changes(zone, year):
        now = change + minutes * 60_000
        found = parse_schedule({"when": f"{line[0]} {line[1]} * * *", "timezone": name}).next_after(now)
        expected = next(
            at
            for at in range(now // 60_000 * 60_000 + 60_000, now + 8 * DAY, 60_000)
            if fits_all(at, zone, (line[0], line[1], "*"))
        )
        assert found == expected


def changes(zone: ZoneInfo, year: int) -> list[Millis]:
    """The hours of a year in which the offset from UTC changes."""
    start = int(datetime(year, 1, 1, tzinfo=ZoneInfo("UTC")).timestamp() * 1000)
    hours = range(start, start + 365 * DAY, HOUR)
    offsets = [datetime.fromtimestamp(at / 1000, zone).utcoffset() for at in hours]
    return [at for at, offset, before in zip(hours[1:], offsets[1:], offsets, strict=False) if offset != before]


@given(YEARS, st.sampled_from(["every 7s", "every 15m", "at 02:30", "*/20 * * * * *", "30 2 * * *"]), st.integers(1, 6))
@settings(max_examples=100, deadline=None)
def test_the_moments_are_the_same_from_any_start(now: Millis, when: str, parts: int) -> None:
    """Asked from anywhere between two moments, the next is the same: a restart and a replay change nothing."""
    schedule = parse_schedule({"when": when, "timezone": "Europe/Berlin"})
    first = schedule.next_after(now)
    assert first is not None
    second = schedule.next_after(first)
    assert second is not None
    for part in range(parts):
        assert schedule.next_after(first + (second - first) * part // parts) == second
    assert schedule.next_after(first - 1) == first
    assert schedule.next_after(second - 1) == second


@given(
    YEARS,
    st.lists(st.integers(-3 * 60 * SECOND, 3 * 60 * SECOND), max_size=60),
    st.sampled_from(["every 7s", "every 30s", "*/20 * * * * *", "* * * * *"]),
    st.integers(0, 40 * SECOND),
)
@settings(max_examples=150, deadline=None)
def test_whatever_the_clock_does_nothing_is_run_twice_or_late(
    now: Millis, steps: list[int], when: str, late: Millis
) -> None:
    """Forwards and backwards, by seconds and minutes; and each moment up to the latest is run or counted."""
    schedule = parse_schedule(when)
    due, runs = Due(schedule, late_after=late), list[Millis]()
    assert due.take(now) is None
    latest, at = now, now
    for step in steps:
        at += step
        latest = max(latest, at)
        run = due.take(at)
        if run is not None:
            assert 0 <= at - run <= late
            runs.append(run)
    assert runs == sorted(set(runs))
    passed, moment = 0, schedule.next_after(now)
    while moment is not None and moment <= latest:
        passed, moment = passed + 1, schedule.next_after(moment)
    assert len(runs) + due.skipped == passed


@given(
    YEARS, st.sampled_from(ZONES), st.integers(0, 1439), st.integers(0, 1439), st.sets(st.integers(0, 6), min_size=1)
)
@settings(max_examples=200, deadline=None)
def test_hours_and_days_are_those_of_the_wall_clock(
    at: Millis, name: str, start: int, end: int, days: set[int]
) -> None:
    """Against a reading of our own, over midnight too."""
    names = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    if start == end:
        return
    hours = "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in (start, end))
    week = parse_schedule({"hours": hours, "days": ",".join(names[day] for day in days), "timezone": name})
    local = datetime.fromtimestamp(at / 1000, ZoneInfo(name)).replace(tzinfo=None)
    minute = local.hour * 60 + local.minute
    begun = local if start <= minute else local - timedelta(days=1)
    inside = start <= minute < end if start < end else minute >= start or minute < end
    assert (week.allows(at) is None) == (inside and begun.weekday() in days)
