"""Who answers at a debugging address is found out before anything is done with it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from qfluxd.chrome.endpoint import Browser, find_browser
from qfluxd.errors import Disconnected


@asynccontextmanager
async def answering(answer: bytes | None) -> AsyncIterator[str]:
    """A port that gives this answer to any request; None: it takes the request and says nothing."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if answer is None:
            await reader.read()
        else:
            writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def ok(body: bytes) -> bytes:
    """A good HTTP answer."""
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


async def test_a_chrome_is_recognised() -> None:
    """Its name is what it says; its line is at the address that we asked, whatever it believes of itself."""
    body = b'{"Browser":"Chrome/156.0","webSocketDebuggerUrl":"ws://elsewhere:1/devtools/browser/ab-1","V8":"x"}'
    async with answering(ok(body)) as endpoint:
        line = endpoint.replace("http", "ws") + "/devtools/browser/ab-1"
        assert await find_browser(endpoint) == Browser("Chrome/156.0", line)


async def test_nothing_there_is_said() -> None:
    """A closed port is a state to wait in, and says so."""
    async with answering(b"") as endpoint:
        pass
    with pytest.raises(Disconnected, match="nothing listens"):
        await find_browser(endpoint)


@pytest.mark.parametrize(
    "answer",
    [
        ok(b"<html>a router</html>"),
        ok(b'{"Browser":"Chrome/156.0"}'),
        ok(b"[]"),
        ok(b'{"Browser":"\xff","webSocketDebuggerUrl":"ws://x/y"}'),
        ok(b'{"Browser":"x","webSocketDebuggerUrl":"ws://[::/y"}'),
        ok(b'{"Browser":"x","webSocketDebuggerUrl":"y"}'),
        ok(b'{"Browser":' + b"[" * 60_000),
        ok(b'{"x":' + b"[" * 60_000),
        b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5_000 + b"\r\n\r\n{}",
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}",
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n{}",
        b"x" * 70_000,
    ],
)
async def test_another_program_is_not_taken_for_chrome(answer: bytes) -> None:
    """Whatever answers there that is no Chrome is turned down, in words."""
    async with answering(answer) as endpoint:
        with pytest.raises(Disconnected, match=r"something else than Chrome|no Chrome"):
            await find_browser(endpoint)


async def test_a_frozen_chrome_is_noticed() -> None:
    """A port that takes the question and never answers does not hold us up."""
    async with answering(None) as endpoint:
        with pytest.raises(Disconnected, match="does not answer"):
            await find_browser(endpoint, seconds=0.1)


async def test_a_line_that_breaks_is_no_chrome() -> None:
    """An answer that stops in the middle is not waited for."""
    async with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{") as endpoint:
        with pytest.raises(Disconnected, match="no Chrome"):
            await find_browser(endpoint)
