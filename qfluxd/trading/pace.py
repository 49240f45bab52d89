"""How many orders were let through of late, and on which candles."""

from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import msgspec

from qfluxd.model import DAY, HOUR, MINUTE, SECOND, Millis

type Scope = tuple[str, str]
"""A part of trading: everything (`ALL`), an asset (``("asset", symbol)``) or a plan (``("plan", name)``)."""

ALL: Final[Scope] = ("", "")
_KEPT: Final[Millis] = 2 * DAY
_NEVER: Final[Millis] = -(2**63)


class Passed(msgspec.Struct, frozen=True, gc=False):
    """An order that was let through, when the broker's clock showed `now`; `plan` and `candle` as in `Intent`."""

    order: str
    asset: str
    plan: str | None
    candle: Millis | None
    now: Millis


def scopes_of(asset: str, plan: str | None) -> tuple[Scope, ...]:
    """All parts of trading that something on this asset, by this plan, belongs to."""
    common: tuple[Scope, ...] = (ALL, ("asset", asset))
    return common if plan is None else (*common, ("plan", plan))


@dataclass(slots=True)
class _Times:
    """Moments by a clock that nobody sets, and by the broker's; each ascending."""

    run: list[Millis] = field(default_factory=list)
    now: list[Millis] = field(default_factory=list)


class Pace:
    """The orders let through in the last two days.

    The promise: a minute and an hour are counted by a clock that nobody sets and by the broker's, and the larger count
    holds; so setting this machine's clock, also between two runs of the program, makes no room for more.
    """

    def __init__(self, timer: Callable[[], float] | None = None) -> None:
        """`timer` counts seconds and never goes back; without one the broker's clock alone counts."""
        self._timer = timer
        self._log: deque[tuple[Millis, Passed]] = deque()
        self._run: dict[str, Millis] = {}
        self._now: dict[str, Millis] = {}
        self._times: dict[Scope, _Times] = {}
        self._candles: dict[tuple[str, str, Millis], list[str]] = {}

    def add(self, passed: Passed, since: Millis = 0) -> None:
        """An order was let through `since` milliseconds ago, in the future meaning now; each counts once."""
        if passed.order in self._run:
            return
        run = self._running(passed.now) - max(0, since)
        self._log.append((run, passed))
        self._run[passed.order], self._now[passed.order] = run, passed.now
        for scope in scopes_of(passed.asset, passed.plan):
            times = self._times.setdefault(scope, _Times())
            insort(times.run, run)
            insort(times.now, passed.now)
        if passed.plan is not None and passed.candle is not None:
            self._candles.setdefault((passed.plan, passed.asset, passed.candle), []).append(passed.order)
        while self._log[0][0] < run - _KEPT:
            self._forget(*self._log.popleft())

    def count(self, scope: Scope, now: Millis, today: Millis, besides: str) -> tuple[int, int, int]:
        """How many but one in the last minute, in the last hour, and since `today` began by the broker's clock."""
        times = self._times.get(scope)
        if times is None:
            return 0, 0, 0
        own = self._now.get(besides, _NEVER)
        minute, hour = _after(times.now, now - MINUTE, own), _after(times.now, now - HOUR, own)
        day = _after(times.now, today - 1, own)
        if self._timer is None:
            return minute, hour, day
        run, own = self._running(now), self._run.get(besides, _NEVER)
        by_run = _after(times.run, run - MINUTE, own), _after(times.run, run - HOUR, own)
        return max(minute, by_run[0]), max(hour, by_run[1]), day

    def taken(self, plan: str, asset: str, candle: Millis, besides: str) -> bool:
        """Whether another order of this plan was let through on a candle."""
        return any(order != besides for order in self._candles.get((plan, asset, candle), ()))

    def _running(self, now: Millis) -> Millis:
        return now if self._timer is None else round(self._timer() * SECOND)

    def _forget(self, run: Millis, passed: Passed) -> None:
        self._run.pop(passed.order, None)
        self._now.pop(passed.order, None)
        for scope in scopes_of(passed.asset, passed.plan):
            times = self._times[scope]
            del times.run[bisect_left(times.run, run)]
            del times.now[bisect_left(times.now, passed.now)]
            if not times.run:
                del self._times[scope]
        if passed.plan is not None and passed.candle is not None:
            self._candles.pop((passed.plan, passed.asset, passed.candle), None)


def _after(moments: list[Millis], start: Millis, own: Millis) -> int:
    """How many moments are later than `start`, not counting one's own."""
    return len(moments) - bisect_right(moments, start) - (own > start)
