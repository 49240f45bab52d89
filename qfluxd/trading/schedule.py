"""When a plan looks at the market: at each candle, every so often, at a time; and when it keeps quiet."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import Any, Final, Protocol

from pydantic import Field

from qfluxd.hours import parse_zone
from qfluxd.model import Millis, Refusal, parse_timeframe
from qfluxd.settings import Table
from qfluxd.trading.cron import Cron, cron_trigger
from qfluxd.trading.news import Quiet, moment_of, quiet_around, read_news
from qfluxd.trading.tables import read_table
from qfluxd.trading.week import Week, week_of

_CLOCK: Final = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]))?")
_NOTHING: Final = re.compile(r"0+[smhd]?")
_COUNTED: Final = 1_000
"""So many moments that have gone by at once are counted; a machine that slept for days need not be told more."""


class Rhythm(Protocol):
    """The moments at which something is due: a function of time alone."""

    def next_after(self, now: Millis) -> Millis | None:
        """The first moment that is later than `now`, None where there is no more."""


@dataclass(frozen=True, slots=True)
class Every:
    """Every `step` milliseconds since 1970, so that a restart changes nothing about it."""

    step: Millis

    def next_after(self, now: Millis) -> Millis | None:
        """The next whole number of steps."""
        return (now // self.step + 1) * self.step


@dataclass(frozen=True, slots=True)
class Once:
    """One moment."""

    at: Millis

    def next_after(self, now: Millis) -> Millis | None:
        """It, until it has come."""
        return self.at if now < self.at else None


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a plan looks at the market.

    The promise: every answer depends on the time that is given and on nothing else. Without a rhythm it looks at every
    candle that closes.
    """

    text: str
    rhythm: Rhythm | None = None
    week: Week | None = None
    quiet: Quiet | None = None

    @property
    def on_candle(self) -> bool:
        """Whether it is due when a candle closes, and not by time."""
        return self.rhythm is None

    def next_after(self, now: Millis) -> Millis | None:
        """The first moment later than `now` at which it is due by time; None where it is over, or goes by candles.

        Hours and quiet windows do not count here: `allows` says them, with a reason.
        """
        return None if self.rhythm is None else self.rhythm.next_after(now)

    def allows(self, at: Millis, asset: str | None = None) -> Refusal | None:
        """None where a plan may act; else ``outside_hours`` or ``quiet_window``. Without an asset all news count."""
        if self.week is not None and (refusal := self.week.allows(at)) is not None:
            return refusal
        return None if self.quiet is None else self.quiet.allows(at, asset)


class Due:
    """What is due of one schedule, as time goes on.

    The promise: no moment is run twice, whatever the clock does, and none later than `late_after`. A call gives at most
    one run: of several moments that have gone by the newest, the others are counted in `skipped`. The first call only
    tells it what time it is. After time has gone back it waits until it is as late as it was.
    """

    def __init__(self, schedule: Schedule, late_after: Millis) -> None:
        self.schedule = schedule
        self.late_after = late_after
        self.skipped = 0
        """Moments that were not run, at most a thousand of each pause."""
        self.next: Millis | None = None
        """When it is due next; None before the first call, and where that is never."""
        self._began = False

    def take(self, now: Millis) -> Millis | None:
        """The moment that is to be run at `now`, None where there is none."""
        if not self._began:
            self._began, self.next = True, self.schedule.next_after(now)
        run, passed = None, 0
        while self.next is not None and self.next <= now:
            run, passed = self.next, passed + 1
            self.next = self.schedule.next_after(run if passed < _COUNTED else max(run, now - self.late_after - 1))
        if run is not None and now - run > self.late_after:
            run = None
        self.skipped += passed - (run is not None)
        return run


class _Spec(Table):
    """A schedule as a table."""

    when: str = Field(default="candle", description='"candle", "every 30s", "at 09:30" or a cron line')
    hours: str | None = Field(default=None, description='active hours: "08:00-17:00"')
    days: str | None = Field(default=None, description='active days: "mon-fri"')
    timezone: str = Field(default="UTC", description='the place of all these times: "Europe/Berlin"')
    quiet: Path | None = Field(default=None, description="a file of news times")
    quiet_before: str | None = Field(default=None, description='quiet before news: "5m"')
    quiet_after: str | None = Field(default=None, description='quiet after news: "10m"')


def parse_schedule(spec: str | Mapping[str, Any] | Schedule, folder: Path = Path()) -> Schedule:
    """A schedule as it stands in a configuration: text, or a table of `when` and of what keeps it quiet.

    A news file is read here and never again; a relative path is below `folder`.

    Raises:
        ValueError: it makes no sense, in a sentence with the remedy.
    """
    if isinstance(spec, Schedule):
        return spec
    if not isinstance(spec, str | Mapping):
        raise ValueError("write text such as 'candle', or a table with when")  # noqa: TRY004 - pydantic tells it
    table = read_table(_Spec, {"when": spec} if isinstance(spec, str) else spec)
    zone = parse_zone(table.timezone)
    always = table.hours is None and table.days is None
    week = None if always else week_of(table.hours, table.days, zone)
    return Schedule(table.when, _rhythm(table.when.strip(), zone), week, _quiet(table, folder, zone))


def _rhythm(when: str, zone: tzinfo) -> Rhythm | None:
    word, _, rest = when.partition(" ")
    rest = rest.strip()
    try:
        match word.lower():
            case "candle" if not rest:
                return None
            case "every":
                return Every(parse_timeframe(rest))
            case "at":
                return _at(rest, zone)
        return Cron(when, zone, cron_trigger(when))
    except ValueError as problem:
        raise ValueError(
            f"{when!r} is no schedule ({problem}); write 'candle', 'every 30s', 'at 09:30', 'at 2026-12-01T09:30:00', "
            "or a cron line such as '*/5 8-17 * * mon-fri'"
        ) from None


def _at(text: str, zone: tzinfo) -> Rhythm:
    clock = _CLOCK.fullmatch(text)
    if clock is None:
        return Once(moment_of(text, zone))
    line = f"{int(clock[3] or 0)} {int(clock[2])} {int(clock[1])} * * *"
    return Cron(line, zone, cron_trigger(line))


def _quiet(table: _Spec, folder: Path, zone: tzinfo) -> Quiet | None:
    if table.quiet is None:
        if table.quiet_before is not None or table.quiet_after is not None:
            raise ValueError("quiet_before and quiet_after need quiet, the file of news times")
        return None
    news = read_news(folder / table.quiet.expanduser(), zone)
    return quiet_around(news, _length(table.quiet_before or "5m"), _length(table.quiet_after or "10m"))


def _length(text: str) -> Millis:
    return 0 if _NOTHING.fullmatch(text) else parse_timeframe(text)


CANDLE: Final = Schedule("candle")
"""At every candle that closes."""
