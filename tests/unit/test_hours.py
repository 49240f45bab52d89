"""Days, weeks and hours by the clock on the wall: also where clocks are set, and where days begin at another time."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qfluxd.hours import Calendar, in_session, parse_clock, parse_days, parse_hours, parse_zone, week
from qfluxd.model import DAY, HOUR, MINUTE

BERLIN, NEW_YORK, LORD_HOWE, APIA = map(
    parse_zone, ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia")
)
ZONES = [parse_zone("UTC"), BERLIN, NEW_YORK, LORD_HOWE, APIA]


def at(text: str) -> int:
    """A moment in UTC."""
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def ordinal(text: str) -> int:
    """A day, as it is counted."""
    return date.fromisoformat(text).toordinal()


def test_a_day_is_that_of_utc_where_nothing_else_is_said() -> None:
    """From midnight up to, not including, the next."""
    calendar = Calendar()
    for moment, day in (("2025-11-22T00:00:00", "2025-11-22"), ("2025-11-22T23:59:59.999", "2025-11-22")):
        assert calendar.day(at(moment)) == ordinal(day)
    assert calendar.begins(ordinal("2025-11-22")) == at("2025-11-22T00:00")


def test_a_day_may_begin_at_another_hour_and_in_another_zone() -> None:
    """At 17:00 in New York the day of the exchanges ends, and the next day begins under its own date."""
    calendar = Calendar(NEW_YORK, parse_clock("17:00"))
    assert calendar.day(at("2025-11-21T21:59:59.999")) == ordinal("2025-11-20")
    assert calendar.day(at("2025-11-21T22:00")) == ordinal("2025-11-21")


def test_days_are_as_long_as_clocks_make_them() -> None:
    """23 hours when clocks are set forward, 25 when back, and 23.5 where they are set by half an hour."""
    lengths = {
        (zone.key, day): Calendar(zone).begins(ordinal(day) + 1) - Calendar(zone).begins(ordinal(day))
        for zone, day in (
            (BERLIN, "2025-03-30"),
            (BERLIN, "2025-10-26"),
            (LORD_HOWE, "2025-10-05"),
            (BERLIN, "2025-06-01"),
        )
    }
    assert list(lengths.values()) == [23 * HOUR, 25 * HOUR, 23 * HOUR + HOUR // 2, DAY]


def test_a_beginning_that_the_clock_shows_twice_begins_a_day_once() -> None:
    """02:30 comes twice in the night in which clocks are set back: the day begins at the first, and only there."""
    calendar = Calendar(BERLIN, parse_clock("02:30"))
    before = at("2025-10-26T00:30") - 1
    assert calendar.day(before) == ordinal("2025-10-25")
    for later in range(0, 3 * HOUR, MINUTE):
        assert calendar.day(before + 1 + later) == ordinal("2025-10-26")


def test_a_beginning_that_the_clock_leaves_out_is_as_much_later_as_it_jumps() -> None:
    """There is no 02:30 in the night in which clocks are set forward: the day begins at 03:30."""
    calendar = Calendar(BERLIN, parse_clock("02:30"))
    assert calendar.begins(ordinal("2025-03-30")) == at("2025-03-30T01:30")
    assert calendar.day(at("2025-03-30T01:30") - 1) == ordinal("2025-03-29")


@given(
    zone=st.sampled_from(ZONES),
    starts=st.integers(0, 1439),
    moment=st.one_of(
        st.integers(at("2011-01-01"), at("2026-12-31")),
        st.integers(-4 * HOUR, 4 * HOUR).map(lambda off: at("2025-10-26T01:00") + off),
        st.integers(-4 * HOUR, 4 * HOUR).map(lambda off: at("2025-03-30T01:00") + off),
        st.integers(-2 * DAY, 2 * DAY).map(lambda off: at("2011-12-30T10:00") + off),
    ),
)
def test_days_follow_one_another_without_gap_or_overlap(zone: object, starts: int, moment: int) -> None:
    """Every moment is in the one day whose beginning is the last before it, whatever the zone does to its clocks.

    Samoa once left out a whole day; that day has no moments, and the others still follow one another.
    """
    calendar = Calendar(zone, starts)  # type: ignore[arg-type]
    day = calendar.day(moment)
    assert calendar.begins(day) <= moment < calendar.begins(day + 1)


def test_a_week_begins_on_monday() -> None:
    """The seven days from Monday on are one week."""
    monday = ordinal("2025-11-17")
    assert {week(monday + day) for day in range(7)} == {monday}
    assert week(monday + 7) == monday + 7


@pytest.mark.parametrize(
    ("hours", "days", "inside", "outside"),
    [
        (None, None, ["2025-11-22T03:00"], []),
        (
            "08:00-20:00",
            None,
            ["2025-11-22T08:00", "2025-11-22T19:59:59.999"],
            ["2025-11-22T07:59:59.999", "2025-11-22T20:00"],
        ),
        ("00:00-24:00", "sat", ["2025-11-22T00:00", "2025-11-22T23:59"], ["2025-11-21T23:59", "2025-11-23T00:00"]),
        ("08:00-09:00, 14:00-15:00", None, ["2025-11-22T08:30", "2025-11-22T14:30"], ["2025-11-22T12:00"]),
        (
            "22:00-02:00",
            "fri",
            ["2025-11-21T22:00", "2025-11-22T01:59"],
            ["2025-11-21T01:59", "2025-11-22T02:00", "2025-11-22T22:00"],
        ),
        (None, "mon-fri", ["2025-11-21T12:00"], ["2025-11-22T12:00", "2025-11-23T12:00"]),
        (
            None,
            "fri-mon, wed",
            ["2025-11-22T12:00", "2025-11-24T12:00", "2025-11-26T12:00"],
            ["2025-11-25T12:00", "2025-11-27T12:00"],
        ),
    ],
)
def test_a_session_is_its_hours_on_its_days(
    hours: str | None, days: str | None, inside: list[str], outside: list[str]
) -> None:
    """From its first minute up to, not including, its end; over midnight it belongs to the day on which it begins."""
    utc = parse_zone("UTC")
    assert all(in_session(at(moment), utc, hours, days) for moment in inside)
    assert not any(in_session(at(moment), utc, hours, days) for moment in outside)


def test_a_session_follows_the_clock_of_its_place() -> None:
    """08:00 in Berlin is 07:00 UTC in winter and 06:00 in summer; an hour that comes twice is in session twice."""
    assert in_session(at("2025-01-15T07:00"), BERLIN, "08:00-09:00", None)
    assert in_session(at("2025-07-15T06:00"), BERLIN, "08:00-09:00", None)
    assert not in_session(at("2025-07-15T07:00"), BERLIN, "08:00-09:00", None)
    assert in_session(at("2025-10-26T00:15"), BERLIN, "02:00-02:30", None)
    assert in_session(at("2025-10-26T01:15"), BERLIN, "02:00-02:30", None)


@pytest.mark.parametrize(
    "text", ["8:00-9:00", "08:00", "08:00-08:00", "24:00-02:00", "25:00-26:00", "08:00-24:01", "", "08:60-09:00"]
)
def test_hours_that_are_none_are_told(text: str) -> None:
    """With what to write instead."""
    with pytest.raises(ValueError, match="such as 08:00"):
        parse_hours(text)


@pytest.mark.parametrize("text", ["monday", "", "mon-", "mon-fry", "mon;tue"])
def test_days_that_are_none_are_told(text: str) -> None:
    """With what to write instead."""
    with pytest.raises(ValueError, match="such as mon-fri"):
        parse_days(text)


@pytest.mark.parametrize("name", ["Mars", "", "../etc/passwd", "Europe/", "utc+2"])
def test_a_zone_that_is_none_is_told(name: str) -> None:
    """With what to write instead."""
    with pytest.raises(ValueError, match="no time zone"):
        parse_zone(name)
