"""A browser's debugging port that does only what a test tells it to."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

TAB = "TAB1"
PAGE_SESSION = "ABCDEF0123456789"


class FakeChrome:
    """Answers commands, holds one tab, and says what `emit` is given; `heard` are all commands it got.

    Commands named in `mute` are never answered.
    """

    def __init__(self, tab_url: str) -> None:
        self.endpoint = ""
        self.tab_url = tab_url
        self.heard: list[dict[str, Any]] = []
        self.mute: set[str] = set()
        self.line: ServerConnection | None = None
        self._news = asyncio.Event()

    async def emit(self, method: str, params: Any = None, session: str = "") -> None:
        """Send an event."""
        event = {"method": method, "params": params or {}}
        await self.raw(json.dumps(event | ({"sessionId": session} if session else {}), separators=(",", ":")))

    async def frame(
        self, payload: str, *, opcode: int = 1, way: str = "Received", number: str = "9.1", session: str = PAGE_SESSION
    ) -> None:
        """Send a WebSocket frame event."""
        response = {"opcode": opcode, "mask": False, "payloadData": payload}
        params = {"requestId": number, "timestamp": 1.5, "response": response}
        await self.emit(f"Network.webSocketFrame{way}", params, session)

    async def raw(self, *parts: str) -> None:
        """Send a message, in as many WebSocket fragments as there are parts."""
        assert self.line is not None
        await self.line.send(parts[0] if len(parts) == 1 else list(parts))

    async def wait_heard(self, method: str, count: int = 1) -> dict[str, Any]:
        """Wait until a command has come that often; returns the latest."""
        async with asyncio.timeout(10):
            while len(self.of(method)) < count:
                self._news.clear()
                await self._news.wait()
        return self.of(method)[-1]

    def of(self, method: str) -> list[dict[str, Any]]:
        """The commands of that name so far."""
        return [command for command in self.heard if command["method"] == method]

    async def answer(self, connection: ServerConnection) -> None:
        """Serve one debugging line."""
        self.line = connection
        with suppress(ConnectionClosed):
            async for message in connection:
                command = json.loads(message)
                self.heard.append(command)
                self._news.set()
                if command["method"] not in self.mute:
                    await self._do(command)

    async def _do(self, command: dict[str, Any]) -> None:
        info = {"targetId": TAB, "type": "page", "url": self.tab_url, "title": "", "attached": False}
        result: dict[str, Any] = {}
        match command["method"]:
            case "Target.setDiscoverTargets":
                await self.emit("Target.targetCreated", {"targetInfo": info})
            case "Target.attachToTarget":
                await self.emit("Target.attachedToTarget", {"sessionId": PAGE_SESSION, "targetInfo": info})
                result = {"sessionId": PAGE_SESSION}
            case "Page.getFrameTree":
                result = {"frameTree": {"frame": {"id": TAB, "url": self.tab_url}}}
            case "No.such":
                await self.raw(json.dumps({"id": command["id"], "error": {"code": -32601, "message": "wasn't found"}}))
                return
        await self.raw(json.dumps({"id": command["id"], "result": result}))


@asynccontextmanager
async def fake_chrome(tab_url: str = "https://pocketoption.com/en/cabinet/") -> AsyncIterator[FakeChrome]:
    """A running `FakeChrome` on a free port."""
    chrome = FakeChrome(tab_url)

    def describe(connection: ServerConnection, request: Request) -> Response | None:
        if request.path != "/json/version":
            return None
        body = json.dumps({"Browser": "Chrome/156", "webSocketDebuggerUrl": "ws://x/devtools/browser/1"}).encode()
        return Response(HTTPStatus.OK, "OK", Headers({"Content-Length": str(len(body))}), body)

    async with serve(chrome.answer, "127.0.0.1", 0, process_request=describe, max_size=None) as server:
        chrome.endpoint = f"http://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
        yield chrome
