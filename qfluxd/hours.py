"""Days, weeks and hours as the clock on the wall shows them: what limits by the day and trading sessions rest on."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from qfluxd.model import Millis

UTC: Final = ZoneInfo("UTC")
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CLOCK = re.compile(r"([01][0-9]|2[0-4]):([0-5][0-9])")
DAY_LONG: Final = 24 * 60
"""Minutes of a day; also the end of its last one."""

type Span = tuple[int, int]
"""From one minute of the day up to, not including, another; where the second is the smaller it is on the next day."""


def parse_zone(name: str) -> ZoneInfo:
    """A time zone by its name in the tz database; raises `ValueError`."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name!r} is no time zone; write a name such as UTC or Europe/Berlin") from None


def parse_clock(text: str) -> int:
    """The minute of the day that ``HH:MM`` names, 0 to 1440 (24:00); raises `ValueError`."""
    match = _CLOCK.fullmatch(text.strip())
    minute = int(match[1]) * 60 + int(match[2]) if match else DAY_LONG + 1
    if minute > DAY_LONG:
        raise ValueError(f"{text.strip()!r} is no time of day; write hours and minutes, such as 08:00")
    return minute


@lru_cache
def parse_hours(text: str) -> tuple[Span, ...]:
    """The spans of ``08:00-12:00, 22:00-06:00``; raises `ValueError`."""
    spans = []
    for part in text.split(","):
        start, dash, end = part.partition("-")
        span = (parse_clock(start), parse_clock(end)) if dash else (0, 0)
        if span[0] == span[1] or span[0] == DAY_LONG:
            raise ValueError(f"{part.strip()!r} names no hours; write from-to, such as 08:00-20:00")
        spans.append(span)
    return tuple(spans)


@lru_cache
def parse_days(text: str) -> frozenset[int]:
    """The weekdays, Monday being 0, of ``mon-fri`` or ``mon, wed, sat-sun``; raises `ValueError`."""
    found: set[int] = set()
    for part in text.lower().split(","):
        first, dash, last = (word.strip() for word in part.partition("-"))
        if first not in DAYS or (dash and last not in DAYS):
            raise ValueError(f"{part.strip()!r} names no days; write {', '.join(DAYS)} or a range such as mon-fri")
        start, end = DAYS.index(first), DAYS.index(last or first)
        found |= {day % 7 for day in range(start, end + 1 if start <= end else end + 8)}
    return frozenset(found)


def in_session(at: Millis, zone: ZoneInfo, hours: str | None, days: str | None) -> bool:
    """Whether the wall clock of `zone` is within these hours of these days at `at` (ms UTC); None is every one.

    A span over midnight belongs to the day on which it begins.
    """
    wall = datetime.fromtimestamp(at / 1000, zone)
    minute, today = wall.hour * 60 + wall.minute, wall.weekday()
    allowed = parse_days(days) if days is not None else frozenset(range(7))
    for start, end in parse_hours(hours) if hours is not None else ((0, DAY_LONG),):
        if start <= minute < (end if start < end else DAY_LONG) and today in allowed:
            return True
        if end < start and minute < end and (today - 1) % 7 in allowed:
            return True
    return False


@dataclass(frozen=True, slots=True)
class Calendar:
    """Which day and week a moment belongs to, where days begin at `starts` (minute of the day) by the clock of `zone`.

    The promise: days follow one another without gap or overlap, also where clocks are set. A day begins when the clock
    first shows its beginning; where clocks jump over that, as much later as they jump.
    """

    zone: ZoneInfo = UTC
    starts: int = 0

    def day(self, at: Millis) -> int:
        """The day of `at` (ms UTC), counted like `datetime.date.toordinal`."""
        day = datetime.fromtimestamp(at / 1000, self.zone).toordinal()
        while at < _begins(self.zone, self.starts, day):
            day -= 1
        while at >= _begins(self.zone, self.starts, day + 1):
            day += 1
        return day

    def begins(self, day: int) -> Millis:
        """When a day begins (ms UTC)."""
        return _begins(self.zone, self.starts, day)


def week(day: int) -> int:
    """The Monday of the week that a day is in; both counted like `datetime.date.toordinal`."""
    return day - date.fromordinal(day).weekday()


@lru_cache(4096)
def _begins(zone: ZoneInfo, starts: int, day: int) -> Millis:
    wall = datetime.combine(date.fromordinal(day), time(), zone) + timedelta(minutes=starts)
    return round(wall.timestamp() * 1000)
