"""A page without a browser: one WebSocket to the practice broker, decoded by python-socketio's own packets."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import socketio  # type: ignore[import-untyped]  # python-socketio comes without type information
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from qfluxd.model import Account
from qfluxd.practice.server import PracticeBroker

type Said = tuple[str, Any]


class Page:
    """One Socket.IO connection; keeps every frame and every event it hears, in order."""

    def __init__(self, socket: ClientConnection) -> None:
        self.frames: list[str | bytes] = []
        self.events: list[Said] = []
        self.closed = asyncio.Event()
        self._socket = socket
        self._news = asyncio.Condition()
        self._waiting: Any = None

    async def send(self, event: str, *data: object) -> None:
        """Emit an event as the page does."""
        await self._socket.send("42" + json.dumps([event, *data], separators=(",", ":")))

    async def until(self, done: Callable[[list[Said]], bool]) -> list[Said]:
        """Wait until what was heard fulfils a condition; returns all of it."""
        async with asyncio.timeout(10), self._news:
            await self._news.wait_for(lambda: done(self.events) or self.closed.is_set())
        return self.events

    async def wait(self, event: str, count: int = 1) -> Any:
        """Wait for the nth event of a name; returns its body."""
        await self.until(lambda said: sum(name == event for name, _ in said) >= count)
        return self.all(event)[count - 1]

    def all(self, event: str) -> list[Any]:
        """The bodies of all events of a name so far."""
        return [body for name, body in self.events if name == event]

    def ticks(self, symbol: str) -> list[list[Any]]:
        """The [stamp, price] pairs streamed for a symbol so far."""
        return [row[1:] for rows in self.all("updateStream") for row in rows if row[0] == symbol]

    async def listen(self) -> None:
        """Read until the connection ends."""
        try:
            async for frame in self._socket:
                self.frames.append(frame)
                async with self._news:
                    await self._hear(frame)
                    self._news.notify_all()
        except ConnectionClosed:
            pass
        async with self._news:
            self.closed.set()
            self._news.notify_all()

    async def _hear(self, frame: str | bytes) -> None:
        if isinstance(frame, bytes):
            assert self._waiting is not None, "a binary frame without a header"
            assert self._waiting.add_attachment(frame)
            event, body = self._waiting.data
            self._waiting = None
            self.events.append((event, json.loads(body)))
            return
        assert self._waiting is None, "a frame between a header and its body"
        match frame[:2]:
            case "45":
                self._waiting = socketio.packet.Packet(encoded_packet=frame[1:])
            case "42":
                event, *rest = json.loads(frame[2:])
                self.events.append((event, rest[0] if rest else None))
            case _ if frame[0] == "2":
                await self._socket.send("3")


@asynccontextmanager
async def open_page(practice: PracticeBroker, path: str = "/socket.io/") -> AsyncIterator[Page]:
    """Open one of the practice broker's sockets, up to the Socket.IO connect."""
    address = f"ws://127.0.0.1:{practice.port}{path}?EIO=4&transport=websocket"
    async with connect(address, max_size=None, ping_interval=None) as socket, asyncio.TaskGroup() as tasks:
        page = Page(socket)
        opening = await socket.recv()
        await socket.send("40")
        page.frames.extend([opening, await socket.recv()])
        listening = tasks.create_task(page.listen(), name="page")
        yield page
        listening.cancel()


@asynccontextmanager
async def signed_in(practice: PracticeBroker, account: Account = "demo") -> AsyncIterator[Page]:
    """Open the market socket and authenticate, up to the last event the broker says by itself."""
    async with open_page(practice) as page:
        session = practice.account.sessions[account]
        await page.send("auth", {"session": session, "isDemo": int(account == "demo"), "uid": practice.account.uid})
        await page.wait("successfavorite/change")
        yield page


async def fetch(practice: PracticeBroker, path: str, method: str = "GET") -> tuple[int, dict[str, str], str]:
    """Ask the practice broker's web server for a page; returns status, headers and body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", practice.port)
    writer.write(f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".encode())
    raw = (await reader.read()).decode()
    writer.close()
    await writer.wait_closed()
    head, _, body = raw.partition("\r\n\r\n")
    status, *lines = head.split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return int(status.split()[1]), headers, body
