"""A recorded page load, played again: what the three sockets received, in order and in time."""

import asyncio
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple

import structlog

from qfluxd.errors import DataError
from qfluxd.market.capture import read_capture
from qfluxd.model import Frame
from qfluxd.practice.account import PracticeAccount
from qfluxd.practice.lines import Line

type Role = Literal["market", "events", "chat"]

_SIGNS: dict[Role, tuple[bytes, ...]] = {
    "events": (b'["auth/success"', b'["counters/'),
    "chat": (b'["user_ready"', b'["chat_'),
    "market": (b'451-["',),
}
_NO_TRADING = "a recording is played here: nothing can be traded on it"
_OPENS: dict[Role, str] = {"market": "auth", "events": "auth", "chat": "user_init"}

log = structlog.get_logger()


class Step(NamedTuple):
    """A message, and how many seconds after the recording began it came."""

    after: float
    frame: str | bytes


type Script = dict[Role, list[Step]]


def read_recording(path: Path) -> Script:
    """The messages of a capture file for each of the three sockets; only what the page received.

    Engine.IO's own talk is left out, because a new connection has its own; so is the header of a binary
    event without a body, because no client could go on after it.

    Raises:
        DataError: the file is not a capture, or holds nothing of a market.
    """
    frames = [frame for frame in read_capture(path) if not frame.sent and not frame.closed]
    roles = _roles(frames)
    script: Script = {"market": [], "events": [], "chat": []}
    for frame in _whole(frame for frame in frames if not _engine(frame)):
        if frame.conn in roles:
            after = max(0, frame.at - frames[0].at) / 1000
            script[roles[frame.conn]].append(Step(after, frame.data.decode() if frame.text else frame.data))
    if not script["market"]:
        raise DataError(f"{path}: no connection in it carries a market; is it a capture of a trading page?")
    log.info("capture read", file=path.name, **{role: len(steps) for role, steps in script.items()})
    return script


def is_capture(path: Path) -> bool:
    """Whether a file begins with a recorded frame."""
    try:
        return next(read_capture(path), None) is not None
    except DataError:
        return False


class ReplaySocket:
    """Plays one socket's part of a recording to whoever opens it, from the beginning, each time."""

    def __init__(self, role: Role, script: Script, account: PracticeAccount, speed: float) -> None:
        interval, patience = (45, 5) if role == "chat" else (25, 20)
        self.line = Line(self._hear, self._leave, interval=interval, patience=patience)
        self.admits = True
        self._role = role
        self._steps = script[role]
        self._account = account
        self._speed = speed
        self._audience: asyncio.Queue[str] = asyncio.Queue()
        self._refusals: dict[str, list[dict[str, Any]]] = {}
        self._between: set[str] = set()

    async def play(self) -> None:
        """Play to every page that comes, until cancelled."""
        async with asyncio.TaskGroup() as plays:
            while True:
                sid = await self._audience.get()
                plays.create_task(self._play(sid), name=f"replay {self._role}")

    async def _hear(self, event: str, sid: str, *data: object) -> None:
        if event == "openOrder" and sid in self._refusals:
            self._refusals[sid].append(_refusal(data[0] if data else None))
            await self._refuse(sid)
        if event != _OPENS[self._role]:
            return
        if self._role == "market" and not (self.admits and self._account.account_of(data[0] if data else None)):
            await self.line.turn_away(sid)
            return
        self._refusals.setdefault(sid, [])
        self._audience.put_nowait(sid)

    async def _refuse(self, sid: str) -> None:
        """Tell the refusals that wait, but never between a header of the recording and its body."""
        while sid not in self._between and self._refusals.get(sid):
            await self.line.tell(sid, "failopenOrder", self._refusals[sid].pop(0))

    def _leave(self, sid: str, *_reason: object) -> None:
        self._refusals.pop(sid, None)
        self._between.discard(sid)

    async def _play(self, sid: str) -> None:
        loop = asyncio.get_running_loop()
        start = loop.time()
        for step in self._steps:
            await asyncio.sleep(max(0.0, start + step.after / self._speed - loop.time()))
            if sid not in self.line.sids:
                return
            if isinstance(step.frame, str) and step.frame.startswith("45"):
                self._between.add(sid)
            else:
                self._between.discard(sid)
            await self.line.send_raw(sid, step.frame)
            await self._refuse(sid)
        log.info("recording played", socket=self._role, frames=len(self._steps))


def _refusal(order: object) -> dict[str, Any]:
    told = order if isinstance(order, dict) else {}
    return {"error": _NO_TRADING, "amount": told.get("amount", 0), "asset": told.get("asset", "")}


def _engine(frame: Frame) -> bool:
    """Whether a message is Engine.IO's or Socket.IO's own: opening, pings, connecting, leaving."""
    return frame.text and (frame.data[:1] != b"4" or frame.data[:2] in (b"40", b"41", b"44"))


def _roles(frames: Iterable[Frame]) -> dict[str, Role]:
    """What each connection is, by what it carries: never by its address, which was not recorded."""
    roles: dict[str, Role] = {}
    for frame in frames:
        for role, signs in _SIGNS.items():
            if frame.text and frame.conn not in roles and any(sign in frame.data for sign in signs):
                roles[frame.conn] = role
    return roles


def _whole(frames: Iterable[Frame]) -> Iterator[Frame]:
    """Only headers that their body follows on the same connection, and only such bodies.

    Connections that are played into one socket must not come between a header and its body, so both are
    given out together, at the place of the body.
    """
    waiting: dict[str, Frame] = {}
    for frame in frames:
        header = waiting.pop(frame.conn, None)
        if not frame.text:
            if header is not None:
                yield header
                yield frame
        elif frame.data.startswith(b"45"):
            waiting[frame.conn] = frame
        else:
            yield frame
