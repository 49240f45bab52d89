"""Cron lines: the moments that they name on a wall clock."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from apscheduler.triggers.cron import CronTrigger

from qfluxd.model import DAY, Millis

_DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_DAY_ITEM: Final = re.compile(r"(?:\*|([0-7])(?:-([0-7]))?)(?:/([1-7]))?")
_SOME_YEAR: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""Cron lines name no years, so one that ever comes is due within some years of any moment."""
_PROBE: Millis = 7 * DAY
"""No place changes its clocks and changes them back in less than this."""
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def cron_trigger(line: str) -> Any:
    """The moments of a cron line in UTC, as APScheduler's trigger: five fields, or six with the seconds first.

    Days of the week are as in cron: names, or 0 to 7 with Sunday as 0 and 7.

    Raises:
        ValueError: why it is none, as part of a sentence.
    """
    fields = line.split()
    if len(fields) not in (5, 6):
        raise ValueError("a cron line has five fields, or six with seconds first")
    second, minute, hour, day, month, weekday = fields if len(fields) == 6 else ("0", *fields)
    if day != "*" and weekday != "*":
        raise ValueError("it names days of the month and of the week; name one of them")
    trigger = CronTrigger(
        second=second,
        minute=minute,
        hour=hour,
        day=day,
        month=month,
        day_of_week=_weekdays(weekday.lower()),
        timezone=UTC,
    )
    if trigger.get_next_fire_time(None, _SOME_YEAR) is None:
        raise ValueError("it names a day that never comes")
    return trigger


@dataclass(frozen=True, slots=True)
class Cron:
    """A cron line on the wall clock of a place.

    The promise: every moment shows the fields of the line on that clock. When clocks go forward, what is named in the
    missing hour is not due that day. When they go back, an hour that the line names is due the first time only, and
    lines for every hour (``*``) are due in both.
    """

    line: str
    zone: Any
    trigger: Any = field(compare=False, repr=False)

    def next_after(self, now: Millis) -> Millis | None:
        """The first moment that is later than `now`."""
        every_hour = self.line.split()[-4] == "*"
        found = self._matching(now)
        while not (found is None or every_hour) and self._local(found).fold:
            found = self._matching(found)
        return found

    def _matching(self, now: Millis) -> Millis | None:
        """The first moment later than `now` whose wall clock fits: searched in stretches of one offset from UTC.

        The library's own arithmetic with zones never leaves the hour that comes twice, so it is only asked in UTC.
        """
        while True:
            offset = self._offset(now + 1)
            wall = self.trigger.get_next_fire_time(None, EPOCH + timedelta(milliseconds=now + offset + 1))
            if wall is None:
                return None
            found = millis(wall) - offset
            change = self._change(now + 1, found)
            if change is None:
                return found
            now = change - 1

    def _change(self, start: Millis, end: Millis) -> Millis | None:
        """The first moment after `start`, up to `end`, whose offset is another one."""
        offset = self._offset(start)
        while start < end:
            probe = min(start + _PROBE, end)
            if self._offset(probe) != offset:
                return self._bisected(start, probe, offset)
            start = probe
        return None

    def _bisected(self, before: Millis, after: Millis, offset: Millis) -> Millis:
        while after - before > 1:
            middle = (before + after) // 2
            if self._offset(middle) == offset:
                before = middle
            else:
                after = middle
        return after

    def _local(self, at: Millis) -> datetime:
        return datetime.fromtimestamp(at // 1000, self.zone)

    def _offset(self, at: Millis) -> Millis:
        offset = self._local(at).utcoffset()
        return 0 if offset is None else offset // timedelta(milliseconds=1)


def millis(moment: datetime) -> Millis:
    """A moment with a zone as milliseconds."""
    return (moment - EPOCH) // timedelta(milliseconds=1)


def _weekdays(field: str) -> str:
    """A cron line's days of the week by their names: the library counts them from Monday."""
    return ",".join(",".join(_named(item)) for item in field.split(","))


def _named(item: str) -> Iterator[str]:
    match = _DAY_ITEM.fullmatch(item)
    if match is None or item == "*":
        yield item
        return
    first, last, step = match.groups()
    start = int(first or 0)
    end = int(last or (first if first and not step else 6))
    for day in range(start, end + 1 if end >= start else end + 8, int(step or 1)):
        yield _DAYS[day % 7]
