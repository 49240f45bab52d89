"""A small web of its own for tests: pages, sockets that say what they are told to, and an ear that remembers."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any, Self

import pytest
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from qfluxd.chrome.cdp import Connection
from qfluxd.chrome.endpoint import find_browser
from qfluxd.chrome.find import find_chrome
from qfluxd.chrome.launch import Chrome, launched
from qfluxd.chrome.pages import PageEvent
from qfluxd.chrome.tap import Tap, open_tap
from qfluxd.errors import Unavailable
from qfluxd.model import Frame
from qfluxd.settings import ChromeSettings


class Lab:
    """A web and WebSocket server on one loopback port, in a thread of its own, so that no test can stop it.

    A socket echoes what it gets; ``ws(path)`` of a page opens it at that path, and `send` speaks through it.
    """

    def __init__(self) -> None:
        self.pages: dict[str, str] = {}
        self.port = 0
        self._loop: asyncio.AbstractEventLoop
        self._open: dict[str, ServerConnection] = {}
        self._changed: asyncio.Condition
        self._up = threading.Event()
        self._done: asyncio.Event
        self._thread = threading.Thread(target=asyncio.run, args=(self._serve(),), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._up.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._done.set)
        self._thread.join(10)

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        """The address of a page."""
        return f"http://{host}:{self.port}{path}"

    def page(self, path: str, script: str, *, html: str = "") -> str:
        """Publish a page that runs `script`, in which ``ws(path)`` opens a socket; returns its address."""
        helper = f"const ws = path => new WebSocket('ws://127.0.0.1:{self.port}' + path);"
        self.pages[path] = f"<!doctype html><title>lab</title>{html}<script>{helper}{script}</script>"
        return self.url(path)

    def script(self, path: str, script: str) -> None:
        """Publish a worker's script."""
        helper = f"const ws = path => new WebSocket('ws://127.0.0.1:{self.port}' + path);"
        self.pages[path] = helper + script

    async def send(self, path: str, *messages: str | bytes) -> None:
        """Speak through the socket that is open at `path`, once it is."""
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._send(path, messages), self._loop))

    def stream(self, path: str, count: int, every: float, make: Callable[[int], str | bytes]) -> None:
        """Start to send `count` messages, one each `every` seconds, without waiting for them."""
        asyncio.run_coroutine_threadsafe(self._stream(path, count, every, make), self._loop)

    async def hang_up(self, path: str) -> None:
        """Close the socket at `path` from the server's side."""
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._close(path), self._loop))

    async def _serve(self) -> None:
        self._loop, self._changed, self._done = asyncio.get_running_loop(), asyncio.Condition(), asyncio.Event()
        server: Server
        async with serve(
            self._talk, "127.0.0.1", 0, process_request=self._answer, max_size=None, ping_interval=None
        ) as server:
            self.port = next(iter(server.sockets)).getsockname()[1]
            self._up.set()
            await self._done.wait()

    def _answer(self, connection: ServerConnection, request: Request) -> Response | None:
        if "Upgrade" in request.headers:
            return None
        path = request.path.split("?")[0]
        body = self.pages.get(path, "").encode()
        kind = "text/javascript" if path.endswith(".js") else "text/html; charset=utf-8"
        headers = Headers({"Content-Type": kind, "Content-Length": str(len(body)), "Connection": "close"})
        return Response(HTTPStatus.OK, "OK", headers, body)

    async def _talk(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        async with self._changed:
            self._open[connection.request.path] = connection
            self._changed.notify_all()
        try:
            async for message in connection:
                await connection.send(message)
        except ConnectionClosed:
            pass
        finally:
            if self._open.get(connection.request.path) is connection:
                del self._open[connection.request.path]

    async def _at(self, path: str) -> ServerConnection:
        async with asyncio.timeout(15), self._changed:
            await self._changed.wait_for(lambda: path in self._open)
            return self._open[path]

    async def _send(self, path: str, messages: tuple[str | bytes, ...]) -> None:
        connection = await self._at(path)
        for message in messages:
            await connection.send(message)

    async def _stream(self, path: str, count: int, every: float, make: Callable[[int], str | bytes]) -> None:
        start = self._loop.time()
        for number in range(count):
            connection = await self._at(path)
            await asyncio.sleep(max(0.0, start + number * every - self._loop.time()))
            with suppress(ConnectionClosed):
                await connection.send(make(number))

    async def _close(self, path: str) -> None:
        connection = await self._at(path)
        await connection.close()


class Ear:
    """Remembers all that a tap says, and lets a test wait for it."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.events: list[PageEvent] = []
        self.order: list[Frame | PageEvent] = []
        self._news = asyncio.Event()

    def see(self, frame: Frame) -> None:
        """Remember a frame."""
        self.frames.append(frame)
        self.order.append(frame)
        self._news.set()

    def tell(self, event: PageEvent) -> None:
        """Remember an event."""
        self.events.append(event)
        self.order.append(event)
        self._news.set()

    def said(self, data: str | bytes, *, sent: bool | None = None) -> list[Frame]:
        """The frames with exactly this payload."""
        body = data.encode() if isinstance(data, str) else data
        return [frame for frame in self.frames if frame.data == body and sent in (None, frame.sent)]

    def told[E](self, kind: type[E]) -> list[E]:
        """The events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    async def until(self, happened: Callable[[], object], seconds: float = 15.0) -> None:
        """Wait until something is so; looks again at every frame and event."""
        try:
            async with asyncio.timeout(seconds):
                while not happened():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            pytest.fail(f"not within {seconds} s; heard {len(self.frames)} frames and {self.events[-10:]}")

    async def frame(self, data: str | bytes, *, sent: bool | None = None, seconds: float = 15.0) -> Frame:
        """Wait for a frame with this payload."""
        await self.until(lambda: self.said(data, sent=sent), seconds)
        return self.said(data, sent=sent)[-1]

    async def event[E](self, kind: type[E], count: int = 1, seconds: float = 15.0) -> E:
        """Wait until that many events of a kind were told; returns the latest."""
        await self.until(lambda: len(self.told(kind)) >= count, seconds)
        return self.told(kind)[-1]


@asynccontextmanager
async def browser(folder: Path, url: str | None = None, *, port: int = 0) -> AsyncIterator[Chrome]:
    """A headless Chrome on a free port; skips the test where none is installed."""
    settings = ChromeSettings(endpoint=f"http://127.0.0.1:{port}", headless=True)
    try:
        find_chrome(settings)
    except Unavailable as error:
        pytest.skip(str(error))
    async with launched(settings, folder, url) as chrome:
        yield chrome


@asynccontextmanager
async def tapping(
    endpoint: str, *pages: str, ear: Ear | None = None, words: tuple[bytes, ...] = ()
) -> AsyncIterator[tuple[Tap, Ear]]:
    """A tap that runs for as long as the block does, and its ear."""
    ear = ear or Ear()
    async with open_tap(endpoint, pages, see=ear.see, tell=ear.tell, words=words) as tap:
        run = asyncio.get_running_loop().create_task(tap.run())
        try:
            yield tap, ear
        finally:
            run.cancel()
            await asyncio.gather(run, return_exceptions=True)


@asynccontextmanager
async def hand(endpoint: str) -> AsyncIterator[Connection]:
    """A line to Chrome of the test's own, to do what a person would."""
    line = Connection(lambda _: False, lambda *_: None, lambda: None)
    await line.open((await find_browser(endpoint)).line)
    try:
        yield line
    finally:
        line.end()


async def in_tab(line: Connection, target: str, method: str, **params: object) -> dict[str, Any]:
    """Do something in a tab, through a session of its own."""
    session = (await line.call("Target.attachToTarget", {"targetId": target, "flatten": True}))["sessionId"]
    try:
        return await line.call(method, params, session)
    finally:
        line.post("Target.detachFromTarget", {"sessionId": session})
