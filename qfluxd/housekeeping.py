"""Does what is due by the clock: pictures, tidying up, scans."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import time_ns
from typing import Any, Final, Never

import structlog
from apscheduler.events import (
    EVENT_JOB_ERROR,
    EVENT_JOB_EXECUTED,
    EVENT_JOB_MAX_INSTANCES,
    EVENT_JOB_MISSED,
    JobExecutionEvent,
)
from apscheduler.executors.base import BaseExecutor
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.interval import IntervalTrigger

from qfluxd.errors import QfluxdError
from qfluxd.model import Millis, parse_timeframe
from qfluxd.trading.cron import cron_trigger

log = structlog.get_logger()

LATE_SECONDS: Final = 60
"""How late a job may start; later than that (the machine slept) it is left out, and told."""

# What the scheduler says of itself is said by alerts, in words of ours.
_LOGGER: Final = logging.getLogger("qfluxd.scheduler")
_LOGGER.setLevel(logging.ERROR)

type Work = Callable[[], Awaitable[None]]
type Tell = Callable[[str, str, Millis], None]
"""Tells a person something: a stable word, a sentence, and this machine's clock."""


@dataclass(frozen=True, slots=True)
class Chore:
    """Something to do again and again. `schedule` is as `parse_schedule` reads it; `name` is unique."""

    name: str
    schedule: str
    work: Work


def parse_schedule(text: str) -> BaseTrigger:
    """When something is due: every so often (``15m``, from now on), or by a cron line of five fields in UTC.

    Days of the week are as in cron: names, or 0 to 7 with Sunday as 0 and 7.

    Raises:
        ValueError: neither, or a moment that never comes.
    """
    try:
        return _trigger(text)
    except ValueError as problem:
        raise ValueError(
            f"{text!r} is no schedule ({problem}); write an interval such as 15m, or a cron line such as "
            "'0 8-17 * * mon-fri'"
        ) from None


def _trigger(text: str) -> BaseTrigger:
    fields = text.split()
    if len(fields) == 1:
        return IntervalTrigger(seconds=_seconds(text), timezone=UTC)
    if len(fields) != 5:
        raise ValueError("a cron line has five fields")
    return cron_trigger(text)


def _seconds(text: str) -> int:
    try:
        return parse_timeframe(text) // 1000
    except ValueError:
        raise ValueError("an interval goes from 1s to 1d") from None


class Housekeeping:
    """Does each chore when it is due, one at a time of the same name.

    The promise: a chore that fails or is left out is told (`job_failed`, `job_missed`) and is done again when it is
    due next; when `run` ends, nothing of it goes on.
    """

    def __init__(self, chores: Sequence[Chore], alert: Tell, *, late_seconds: int = LATE_SECONDS) -> None:
        """Raises ValueError where a schedule makes no sense."""
        self._chores = [(chore, parse_schedule(chore.schedule)) for chore in chores]
        self._alert = alert
        self._late_seconds = late_seconds

    async def run(self) -> Never:
        """Do what is due, until cancelled."""
        async with asyncio.TaskGroup() as group:
            scheduler = AsyncIOScheduler(
                timezone=UTC,
                logger=_LOGGER,
                executors={"default": _Tasks(group)},
                job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": self._late_seconds},
            )
            for chore, due in self._chores:
                scheduler.add_job(chore.work, due, id=chore.name)
            scheduler.add_listener(self._hear, EVENT_JOB_MISSED | EVENT_JOB_ERROR | EVENT_JOB_MAX_INSTANCES)
            scheduler.start()
            try:
                await asyncio.Event().wait()
            finally:
                scheduler.shutdown(wait=False)
                await asyncio.sleep(0)  # it stops in the loop's next turn
        raise AssertionError("an event that nobody sets")

    def _hear(self, event: Any) -> None:
        if event.code == EVENT_JOB_ERROR:
            code, detail = "job_failed", f"the job {event.job_id} failed: {event.exception}"
        elif event.code == EVENT_JOB_MISSED:
            code, detail = "job_missed", f"the job {event.job_id} was due at {event.scheduled_run_time:%H:%M:%S} UTC"
        else:
            code, detail = "job_missed", f"the job {event.job_id} is due while the one before it still goes on"
        log.warning("job not done", job=event.job_id, code=code, detail=detail)
        self._alert(code, detail, time_ns() // 1_000_000)


class _Tasks(BaseExecutor):  # type: ignore[misc]  # the library has no types
    """Does jobs as tasks of a group, which waits for them and stops when one has a bug."""

    def __init__(self, group: asyncio.TaskGroup) -> None:
        super().__init__()
        self._group = group

    def _do_submit_job(self, job: Any, run_times: list[datetime]) -> None:
        self._group.create_task(self._do(job, run_times[-1]), name=f"job {job.id}")

    async def _do(self, job: Any, due: datetime) -> None:
        code, fault = EVENT_JOB_EXECUTED, None
        if datetime.now(UTC) - due > timedelta(seconds=job.misfire_grace_time):
            code = EVENT_JOB_MISSED
        else:
            try:
                await job.func()
            except QfluxdError as error:
                code, fault = EVENT_JOB_ERROR, error
        self._run_job_success(job.id, [JobExecutionEvent(code, job.id, "default", due, exception=fault)])
