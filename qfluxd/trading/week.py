"""The hours and days at which a plan is awake, on the wall clock of a place."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from qfluxd.hours import DAY_LONG, DAYS, parse_days, parse_hours
from qfluxd.model import Millis, Refusal

_WEEK: Final = 7 * DAY_LONG


@dataclass(frozen=True, slots=True)
class Week:
    """When a plan is awake in a week; asked at every candle, so each minute is looked up.

    The promise: a span of hours holds its first minute and not its last, and one that reaches over midnight belongs to
    the day on which it begins. `awake` has a byte for each minute of the week, from Monday.
    """

    text: str
    zone: ZoneInfo
    awake: bytes = field(compare=False, repr=False)

    def allows(self, at: Millis) -> Refusal | None:
        """None where the plan is awake."""
        local = datetime.fromtimestamp(at // 1000, self.zone)
        if self.awake[local.weekday() * DAY_LONG + local.hour * 60 + local.minute]:
            return None
        now = f"{DAYS[local.weekday()]} {local:%H:%M}"
        return Refusal("outside_hours", f"it is {now} in {self.zone.key}; the schedule says {self.text}")


def week_of(hours: str | None, days: str | None, zone: ZoneInfo) -> Week:
    """Spans such as ``08:00-12:00,13:00-17:00`` on days such as ``mon-fri`` or ``mon,wed``; None is every one.

    Raises:
        ValueError: one of the two cannot be read.
    """
    awake = bytearray(_WEEK)
    for day in range(7) if days is None else parse_days(days):
        for start, end in ((0, DAY_LONG),) if hours is None else parse_hours(hours):
            for minute in range(start, end if start < end else end + DAY_LONG):
                awake[(day * DAY_LONG + minute) % _WEEK] = 1
    return Week(" ".join(filter(None, (days, hours))), zone, bytes(awake))
