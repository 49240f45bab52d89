"""Asks a debugging address which browser answers there."""

import asyncio
from urllib.parse import urlsplit

import msgspec

from qfluxd.chrome.protocol import UNREADABLE
from qfluxd.errors import Disconnected

_ANSWER_LIMIT = 65_536


class Browser(msgspec.Struct, frozen=True):
    """The browser behind an address: what it calls itself, and the WebSocket that steers it."""

    name: str
    line: str


class _Version(msgspec.Struct, rename={"name": "Browser", "line": "webSocketDebuggerUrl"}):
    name: str
    line: str


async def find_browser(endpoint: str, seconds: float = 2.0) -> Browser:
    """The Chrome that answers at `endpoint` (``http://host:port``).

    Raises:
        Disconnected: nothing listens there, it does not answer within `seconds`, or it is no Chrome.
    """
    parts = urlsplit(endpoint)
    host, port = parts.hostname or "127.0.0.1", parts.port or 80
    try:
        async with asyncio.timeout(seconds):
            answer = await _get(host, port, parts.netloc)
    except TimeoutError:
        raise Disconnected(f"{endpoint} takes connections but does not answer: Chrome is frozen or busy") from None
    except (OSError, EOFError) as error:
        raise Disconnected(f"no Chrome at {endpoint} ({_why(error)})") from None
    browser = _browser(answer, parts.netloc)
    if browser is None:
        raise Disconnected(f"something else than Chrome answers at {endpoint}")
    return browser


def _browser(answer: bytes, netloc: str) -> Browser | None:
    try:
        version = msgspec.json.decode(answer, type=_Version)
        # Chrome builds that address from our Host header; only its path is news.
        path = urlsplit(version.line).path
    except (*UNREADABLE, ValueError):
        return None
    return Browser(version.name, f"ws://{netloc}{path}") if path.startswith("/") else None


async def _get(host: str, port: int, netloc: str) -> bytes:
    reader, writer = await asyncio.open_connection(host, port, limit=_ANSWER_LIMIT)
    try:
        writer.write(f"GET /json/version HTTP/1.1\r\nHost: {netloc}\r\nConnection: close\r\n\r\n".encode())
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            return b""
        return await reader.readexactly(_length(head))
    finally:
        writer.close()


def _length(head: bytes) -> int:
    if head.split(b" ", 2)[1:2] != [b"200"]:
        return 0
    for row in head.lower().split(b"\r\n"):
        name, _, value = row.partition(b":")
        if name == b"content-length" and (text := value.strip()[:9]).isdigit():
            return min(int(text), _ANSWER_LIMIT)
    return 0


def _why(error: OSError | EOFError) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens there"
    return (getattr(error, "strerror", None) or type(error).__name__).lower()
