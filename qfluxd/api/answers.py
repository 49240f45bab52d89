"""Answers requests from whatever line they come: every one is answered, whatever becomes of it."""

import asyncio
import sys
from collections import Counter
from collections.abc import Callable
from time import monotonic, time
from typing import Any

from qfluxd.api.commands import Command, Help, Later, Perform, Result, described
from qfluxd.api.requests import Fault, Request, parse
from qfluxd.errors import ConfigError, DataError, Disconnected, LoginRequired, QfluxdError, Unavailable
from qfluxd.model import Millis, Refusal

type Tell = Callable[[Result], None]

MOST_AT_A_TIME = 256
"""Requests being performed at a time, of all commands together."""

_CODES: dict[type[QfluxdError], str] = {
    ConfigError: "bad_config",
    DataError: "bad_data",
    Disconnected: "disconnected",
    LoginRequired: "login_required",
    Unavailable: "unavailable",
}


def host_now() -> Millis:
    """This machine's time."""
    return round(time() * 1000)


class Answers:
    """Checks what is asked, has it performed, and tells the result: one, or two for long work.

    A slow command holds up neither another one nor its like: each request waits on its own, and each command has
    its bounds (`Command.per_second`, `burst`, `parallel`), past which it is answered ``rate_limited`` or ``busy``.
    """

    def __init__(
        self, perform: Perform, *, now: Callable[[], Millis] = host_now, timer: Callable[[], float] = monotonic
    ) -> None:
        self._perform = perform
        self._now = now
        self._timer = timer
        self._buckets: dict[str, Bucket] = {}
        self._running: Counter[str] = Counter()

    async def answer(self, name: str, payload: bytes, tell: Tell, *, retained: bool = False) -> None:
        """Answer one request. Errors that are not `QfluxdError` are answered ``internal`` and raised."""
        began = self._timer()
        request = parse(name, payload, self._now(), retained=retained)
        say = Say(tell, request.id, lambda: (self._now(), round((self._timer() - began) * 1000, 3)))
        if isinstance(request, Fault):
            say(self._limit("", Command.per_second, Command.burst) or request)
            return
        if refused := self._bounds(request.command):
            say(refused)
        elif request.dry_run:
            say({"dry_run": True, "command": request.command.name, "arguments": request.command})
        else:
            await self._work(request, say)

    async def _work(self, request: Request, say: "Say") -> None:
        name = request.command.name
        self._running[name] += 1
        told = False
        try:
            say(await self._outcome(request.command, say))
            told = True
        finally:
            self._running[name] -= 1
            if not told:
                say(_ended(sys.exception()))

    async def _outcome(self, command: Command, say: "Say") -> Any:
        if isinstance(command, Help):
            return described()
        try:
            outcome = await self._perform(command)
            if isinstance(outcome, Later):
                say(outcome.data, accepted=True)
                outcome = await outcome.outcome
        except QfluxdError as error:
            return Refusal(_CODES.get(type(error), "failed"), str(error))
        return outcome

    def _bounds(self, command: Command) -> Refusal | None:
        if self._running[command.name] >= command.parallel or self._running.total() >= MOST_AT_A_TIME:
            return Refusal("busy", f"{self._running[command.name]} of {command.name} are being performed; ask later")
        return self._limit(command.name, command.per_second, command.burst)

    def _limit(self, name: str, per_second: float, burst: int) -> Refusal | None:
        bucket = self._buckets.get(name)
        if bucket is None:
            bucket = self._buckets[name] = Bucket(per_second, burst, self._timer())
        if bucket.take(self._timer()):
            return None
        return Refusal("rate_limited", f"more than {per_second:g} a second after a burst of {burst}; ask later")


class Say:
    """Words one request's outcomes as results."""

    def __init__(self, tell: Tell, ident: str | int | None, times: Callable[[], tuple[Millis, float]]) -> None:
        self._tell = tell
        self._id = ident
        self._times = times

    def __call__(self, outcome: Any, *, accepted: bool = False) -> None:
        """Tell an outcome: a fault, a refusal, or data."""
        at, took = self._times()
        data = {} if outcome is None else outcome
        match outcome:
            case Fault():
                result = Result(outcome.id, outcome.status, outcome.code, outcome.error, {}, True, at, took)
            case Refusal():
                result = Result(self._id, "error", outcome.code, outcome.detail, {}, True, at, took)
            case _ if accepted:
                result = Result(self._id, "accepted", "accepted", None, data, False, at, took)
            case _:
                result = Result(self._id, "ok", "ok", None, data, True, at, took)
        self._tell(result)


class Bucket:
    """Lets so many through a second, and a burst of more after a rest."""

    def __init__(self, per_second: float, burst: int, now: float) -> None:
        self._per_second = per_second
        self._burst = burst
        self._left = float(burst)
        self._at = now

    def take(self, now: float) -> bool:
        """Whether one more may pass now."""
        self._left = min(self._burst, self._left + (now - self._at) * self._per_second)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


def _ended(error: BaseException | None) -> Refusal:
    if isinstance(error, asyncio.CancelledError):
        return Refusal("stopping", "the daemon stopped before this was done; what was begun may have been done")
    return Refusal("internal", "the daemon failed at this; its log says why")
