"""The practice broker's port: one HTTP server on this machine only, inside the caller's event loop."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from typing import Any

import uvicorn

from qfluxd.errors import Unavailable

HOST = "127.0.0.1"


class WebServer(uvicorn.Server):
    """Uvicorn as a guest: it leaves signals to whoever owns the event loop, and says when it answers."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.answering = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to accept connections."""
        await super().startup(sockets)
        self.answering.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Install nothing."""
        yield

    def cut(self) -> None:
        """Drop every WebSocket at once, as a network that fails does."""
        for connection in list(self.server_state.connections):
            transport = getattr(connection, "transport", None)
            if transport is not None and "WebSocket" in type(connection).__name__:
                transport.abort()


@asynccontextmanager
async def web_server(app: Any, port: int) -> AsyncIterator[tuple[WebServer, int]]:
    """Serve an ASGI application on loopback while the block runs; 0 takes any free port.

    Raises:
        Unavailable: the port is taken.
    """
    listener = _listen(port)
    config = uvicorn.Config(
        app,
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        ws_ping_interval=None,
        ws_max_size=1_000_000,
        lifespan="off",
        log_config=None,
        log_level="error",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    server = WebServer(config)
    with closing(listener):
        async with asyncio.TaskGroup() as tasks:
            serving = tasks.create_task(server.serve(sockets=[listener]), name="practice web server")
            try:
                await server.answering.wait()
                yield server, listener.getsockname()[1]
            finally:
                server.should_exit = True
                server.cut()
                # Also when the block failed: the group would cancel the server in the middle of its connections.
                await asyncio.wait([serving])


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        raise Unavailable(f"port {port} on {HOST} cannot be used ({error.strerror}); give another one") from error
    listener.setblocking(False)
    return listener
