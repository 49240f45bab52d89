"""Answers requests from whatever line they come: every one is answered, whatever becomes of it."""

import asyncio
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from time import monotonic, time
from typing import Any

from qfluxd.api.commands import (
    Command,
    Help,
    Later,
    Perform,
    Repeat,
    Request,
    Result,
    Stored,
    Unsure,
    described,
    nothing_stored,
)
from qfluxd.api.commands.asking import Status
from qfluxd.api.requests import Fault, late, parse
from qfluxd.errors import ConfigError, DataError, Disconnected, LoginRequired, PageError, QfluxdError, Unavailable
from qfluxd.model import Millis, Refusal

type Tell = Callable[[Result], None]
type Work = Callable[[], Awaitable[Any]]

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
    A request whose id has acted before is told what became of it, however late it comes; repeats have the same bounds,
    counted on their own, so that a flood of them keeps no new request out.
    """

    def __init__(
        self,
        perform: Perform,
        *,
        stored: Stored = nothing_stored,
        now: Callable[[], Millis] = host_now,
        timer: Callable[[], float] = monotonic,
    ) -> None:
        self._perform = perform
        self._stored = stored
        self._now = now
        self._timer = timer
        self._buckets: dict[str, Bucket] = {}
        self._running: Counter[str] = Counter()

    async def answer(self, name: str, payload: bytes, tell: Tell, *, retained: bool = False) -> None:
        """Answer one request. Errors that are not `QfluxdError` are answered ``internal`` and raised."""
        began = self._timer()
        request = parse(name, payload, retained=retained)
        say = Say(tell, request.id, lambda: (self._now(), round((self._timer() - began) * 1000, 3)))
        if isinstance(request, Fault):
            say(self._limit("", Command.per_second, Command.burst) or request)
        elif (before := self._before(request)) is not None:
            await self._repeat(request, say, before)
        elif refused := late(request, self._now()) or self._bounds(request.command, request.command.name):
            say(refused)
        elif request.dry_run and not request.command.rehearses:
            say({"dry_run": True, "command": request.command.name, "arguments": request.command})
        else:
            await self._work(request, request.command.name, say, lambda: self._perform(request))

    async def _repeat(self, request: Request, say: "Say", before: Any) -> None:
        """Tell what is known of an id, within the bounds of repeats; turning one down takes nothing from the id."""
        lane = f"repeats of {request.command.name}"
        if refused := self._bounds(request.command, lane):
            say(refused)
        else:
            await self._work(request, lane, say, lambda: _at_once(before))

    def _before(self, request: Request) -> Any | None:
        """The outcome for an id that is known; where that cannot be looked up nothing is done for it."""
        if request.dry_run:
            return None
        try:
            return self._stored(request)
        except QfluxdError as error:
            return Refusal(_CODES.get(type(error), "failed"), str(error))

    async def _work(self, request: Request, lane: str, say: "Say", work: Work) -> None:
        self._running[lane] += 1
        told = False
        try:
            say(await self._outcome(request, say, work))
            told = True
        finally:
            self._running[lane] -= 1
            if not told:
                say(_ended(sys.exception()))

    async def _outcome(self, request: Request, say: "Say", work: Work) -> Any:
        if isinstance(request.command, Help):
            return described()
        try:
            outcome = await work()
            if isinstance(outcome, Later):
                say(outcome.data, accepted=True)
                outcome = await outcome.outcome
        except PageError as error:
            return Refusal(error.code, error.detail, {"tried": error.tried, "artifact": error.artifact})
        except QfluxdError as error:
            return Refusal(_CODES.get(type(error), "failed"), str(error))
        return outcome

    def _bounds(self, command: Command, lane: str) -> Refusal | None:
        if self._running[lane] >= command.parallel or self._running.total() >= MOST_AT_A_TIME:
            return Refusal("busy", f"{self._running[lane]} of {lane} are being performed; ask later")
        return self._limit(lane, command.per_second, command.burst)

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
        """Tell an outcome: a fault, a refusal, what is not sure, what was answered before, or data."""
        at, took = self._times()
        if isinstance(outcome, Fault):
            self._tell(Result(outcome.id, outcome.status, outcome.code, outcome.error, {}, True, at, took))
            return
        status, code, error, data = _worded(outcome)
        if accepted:
            status = code = "accepted"
        self._tell(Result(self._id, status, code, error, {} if data is None else data, not accepted, at, took))


async def _at_once(outcome: Any) -> Any:
    return outcome


def _worded(outcome: Any) -> tuple[Status, str, str | None, Any]:
    """Status, code, sentence and data of an outcome."""
    match outcome:
        case Refusal():
            return "error", outcome.code, outcome.detail, outcome.data
        case Unsure():
            return "unknown", outcome.code, outcome.detail, outcome.data
        case Repeat(Refusal() as refusal):
            said = f"this id was used before, and refused then: {refusal.detail}; to try again take a new id"
            return "duplicate", refusal.code, said, refusal.data
        case Repeat():
            return "duplicate", *_worded(outcome.answer)[1:]
        case _:
            return "ok", "ok", None, outcome


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
