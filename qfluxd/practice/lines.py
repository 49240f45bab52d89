"""A Socket.IO endpoint of the practice broker, and what all three of them can do."""

from collections.abc import Callable
from typing import Any

import msgspec
import socketio  # type: ignore[import-untyped]  # python-socketio comes without type information

type Hear = Callable[..., Any]


class Line:
    """One endpoint that speaks the platform's Socket.IO: binary events are one header and one body of JSON."""

    def __init__(self, hear: Hear, leave: Hear | None = None, interval: int = 25, patience: int = 20) -> None:
        self.server = socketio.AsyncServer(
            async_mode="asgi",
            ping_interval=interval,
            ping_timeout=patience,
            max_http_buffer_size=1_000_000,
            # One page's messages are answered one after the other, in the order in which they came.
            async_handlers=False,
            monitor_clients=False,
        )
        # A handler for connecting has to exist, or the server lets nobody in.
        self.server.on("connect", _welcome)
        self.server.on("*", hear)
        if leave is not None:
            self.server.on("disconnect", leave)

    async def tell(self, to: str, event: str, body: object) -> None:
        """Send an event as the platform's market socket does: JSON in a binary attachment."""
        await self.server.emit(event, msgspec.json.encode(body), to=to)

    async def say(self, to: str, event: str, *body: object) -> None:
        """Send an event as text."""
        await self.server.emit(event, body, to=to)

    async def turn_away(self, sid: str) -> None:
        """Refuse a session the way the platform does: `NotAuthorized`, then a Socket.IO disconnect."""
        await self.say(sid, "NotAuthorized")
        await self.server.disconnect(sid)

    async def send_raw(self, sid: str, frame: str | bytes) -> None:
        """Send one WebSocket message exactly as given; a text has to be an Engine.IO message, `4` and the rest."""
        if isinstance(frame, str) and not frame.startswith("4"):
            raise ValueError(f"{frame[:40]!r} is not an Engine.IO message: it does not start with 4")
        body = frame[1:] if isinstance(frame, str) else frame
        await self.server.eio.send(self.server.manager.eio_sid_from_sid(sid, "/"), body)

    @property
    def sids(self) -> tuple[str, ...]:
        """The sockets that are connected."""
        return tuple(sid for sid, _ in self.server.manager.get_participants("/", None))


def _welcome(_sid: str, _environ: object) -> None:
    """Let every socket in; what it may hear is decided when it authenticates."""
