"""Our tap beside Playwright's two ways to see frames, on the same kind of page: `python -m tests.bench.tap`.

A server in a process of its own sends pairs as the broker does (a text header and a binary with one tick, stamped when
sent) to a page in a headless Chrome. Each way listens alone, in a fresh process and a fresh Chrome, on uvloop, and does
the same with what it hears: it reads the stamp. CPU is that of the listening Python and its Node child. Delay is from
the server's send to the Python handler. "Most" is the highest of the rates tried that was kept up with: 99 % heard
within half a second of being sent. Ratios within one run are what counts.
"""

import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from base64 import b64decode
from bisect import bisect
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

import picows
import uvloop
from multidict import CIMultiDict

from qfluxd.chrome.launch import launched
from qfluxd.chrome.pages import PageFound
from qfluxd.chrome.tap import open_tap
from qfluxd.model import Frame
from qfluxd.observability import logs
from qfluxd.settings import ChromeSettings

ROUNDS = 3
RATE, SECONDS = 1_000, 4.0
RAMP = (250, 500, 1_000, 1_500, 2_000, 3_000, 4_000, 6_000, 8_000, 10_000, 12_000, 16_000)
RAMP_SECONDS = 2.0
GRACE = 0.5
HEADER = b'451-["updateStream",{"_placeholder":true,"num":0}]'
PAGE = (
    b"<!doctype html><script>const s = new WebSocket('ws://' + location.host + '/s'); s.onmessage = () => 0;</script>"
)
STAMP = slice(15, 34)


def body() -> bytes:
    """One tick; the sender's clock in nanoseconds where its time would be."""
    return b'[["EURUSD_otc",%d,1.16027]]' % time.time_ns()


# -------------------------------------------------------------------------------------------------- the server


class Speaker(picows.WSListener):
    """The page's socket, from the server's side."""

    def __init__(self) -> None:
        self.line: picows.WSTransport | None = None
        self.up = asyncio.Event()

    def on_ws_connected(self, transport: picows.WSTransport) -> None:
        """A page has opened its socket; a page that was reloaded replaces the one before."""
        self.line = transport
        self.up.set()

    async def speak(self, rate: int, seconds: float) -> int:
        """Send that many pairs a second, evenly by the millisecond; returns how many were sent."""
        await self.up.wait()
        line, loop, sent = self.line, asyncio.get_running_loop(), 0
        assert line is not None
        start = loop.time()
        while (passed := loop.time() - start) < seconds and not line.is_disconnected:
            for _ in range(int(passed * rate) - sent):
                line.send(picows.WSMsgType.TEXT, HEADER)
                line.send(picows.WSMsgType.BINARY, body())
                sent += 1
            await asyncio.sleep(0.001)
        return sent


async def serve() -> None:
    """Serve the page, print the port, and speak as each line of standard input says: `rate seconds`."""
    speaker = Speaker()

    def route(request: picows.WSUpgradeRequest) -> Any:
        if request.path == b"/s":
            return speaker
        answer = picows.WSUpgradeResponse()
        answer.version, answer.status, answer.body = b"HTTP/1.1", HTTPStatus.OK, PAGE
        answer.headers = CIMultiDict({"Content-Type": "text/html", "Content-Length": str(len(PAGE))})
        return picows.WSUpgradeResponseWithListener(answer, None)

    server = await picows.ws_create_server(route, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        rate, seconds = line.split()
        print(await speaker.speak(int(rate), float(seconds)), flush=True)


# ---------------------------------------------------------------------------------------------- the listeners


class Count:
    """What was heard since `begin`."""

    def __init__(self) -> None:
        self.delays: list[int] = []

    def hear(self, data: bytes) -> None:
        """Take one binary."""
        self.delays.append(time.time_ns() - int(data[STAMP]))

    def begin(self) -> None:
        """Forget what was heard."""
        self.delays = []


@asynccontextmanager
async def ours(endpoint: str, url: str, count: Count) -> AsyncIterator[None]:
    """The tap."""
    found = asyncio.Event()

    def see(frame: Frame) -> None:
        if not frame.text:
            count.hear(frame.data)

    def tell(event: object) -> None:
        if isinstance(event, PageFound):
            found.set()

    async with open_tap(endpoint, [url + "*"], see=see, tell=tell) as tap, asyncio.TaskGroup() as group:
        run = group.create_task(tap.run())
        await found.wait()
        yield
        run.cancel()


@asynccontextmanager
async def playwright_page(endpoint: str, url: str, count: Count) -> AsyncIterator[None]:
    """Playwright's `page.on("websocket")`; it sees no socket that was open before, so the page is reloaded."""

    def hear(data: bytes | str) -> None:
        if isinstance(data, bytes):
            count.hear(data)

    def opened(socket: Any) -> None:
        socket.on("framereceived", hear)

    async with import_module("playwright.async_api").async_playwright() as play:
        page = (await play.chromium.connect_over_cdp(endpoint)).contexts[0].pages[0]
        page.on("websocket", opened)
        await page.reload()
        yield


@asynccontextmanager
async def playwright_cdp(endpoint: str, url: str, count: Count) -> AsyncIterator[None]:
    """A CDP session of Playwright's, with the same events that ours reads."""

    def hear(event: dict[str, Any]) -> None:
        response = event["response"]
        if response["opcode"] == 2:
            count.hear(b64decode(response["payloadData"]))

    async with import_module("playwright.async_api").async_playwright() as play:
        context = (await play.chromium.connect_over_cdp(endpoint)).contexts[0]
        session = await context.new_cdp_session(context.pages[0])
        session.on("Network.webSocketFrameReceived", hear)
        await session.send("Network.enable")
        yield


WAYS: dict[str, Callable[[str, str, Count], Any]] = {
    "qfluxd": ours,
    "playwright page.on": playwright_page,
    "playwright cdp": playwright_cdp,
}


async def listen(way: str, endpoint: str, url: str) -> None:
    """Listen in one way; on each line of standard input report what was heard and used since the last, as JSON."""
    count = Count()
    async with WAYS[way](endpoint, url, count):
        used = cpu_seconds()
        print("ready", flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            now = cpu_seconds()
            delays = sorted(count.delays)
            in_time = bisect(delays, int(GRACE * 1e9))
            report = {
                "pairs": len(delays),
                "in_time": in_time,
                "cpu": now - used,
                "p50": share(delays, 0.5),
                "p99": share(delays, 0.99),
            }
            count.begin()
            used = cpu_seconds()
            print(json.dumps(report), flush=True)


def share(delays: list[int], part: float) -> float:
    """The delay in milliseconds that this share of all stays under."""
    return delays[int(len(delays) * part)] / 1e6 if delays else float("nan")


def cpu_seconds() -> float:
    """Processor time of this process and of all its children."""
    return sum(map(_cpu_of, _family(os.getpid())))


def _family(pid: int) -> list[int]:
    children: list[int] = []
    with suppress(OSError):
        for tasks in Path(f"/proc/{pid}/task").iterdir():
            children += map(int, (tasks / "children").read_text().split())
    return [pid, *(relative for child in children for relative in _family(child))]


def _cpu_of(pid: int) -> float:
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


# ----------------------------------------------------------------------------------------------------- the bench


class Child:
    """A process of this bench that is spoken with line by line."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, *role: str) -> Self:
        """Start one in that role."""
        pipe = asyncio.subprocess.PIPE
        return cls(
            await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.bench.tap", *role, stdin=pipe, stdout=pipe
            )
        )

    async def hear(self) -> str:
        """Its next line."""
        assert self._process.stdout is not None
        async with asyncio.timeout(60):
            return (await self._process.stdout.readline()).decode().strip()

    async def ask(self, line: str) -> str:
        """Tell it something, and hear what it says."""
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")
        return await self.hear()

    async def stop(self) -> None:
        """End it."""
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()


@asynccontextmanager
async def child(*role: str) -> AsyncIterator[Child]:
    """A child for as long as the block runs."""
    running = await Child.start(*role)
    try:
        yield running
    finally:
        await running.stop()


async def measure(way: str) -> dict[str, float]:
    """One way, alone: CPU per pair, delays, and the most it sustained."""
    with tempfile.TemporaryDirectory() as folder:
        async with child("serve") as server:
            url = f"http://127.0.0.1:{await server.hear()}/"
            settings = ChromeSettings(endpoint="http://127.0.0.1:0", headless=True)
            async with (
                launched(settings, Path(folder), url) as chrome,
                child("listen", way, chrome.endpoint, url) as ear,
            ):
                assert await ear.hear() == "ready"
                await spoken(server, ear, RATE, 1.0)
                steady = await spoken(server, ear, RATE, SECONDS)
                steady["most"] = await ramp(server, ear)
                return steady


async def spoken(server: Child, ear: Child, rate: int, seconds: float) -> dict[str, float]:
    """Have it spoken at that rate, and return what was heard half a second later."""
    sent = int(await server.ask(f"{rate} {seconds}"))
    await asyncio.sleep(GRACE)
    report: dict[str, float] = json.loads(await ear.ask("report"))
    report["kept"] = report["in_time"] / max(sent, 1)
    report["sent"] = sent / seconds
    report["cpu_us"] = report["cpu"] / max(report["pairs"], 1) * 1e6
    return report


async def ramp(server: Child, ear: Child) -> float:
    """The highest rate, in pairs a second as they were sent, that was kept up with; each has two chances."""
    most = 0.0
    for rate in RAMP:
        for _ in range(2):
            report = await spoken(server, ear, rate, RAMP_SECONDS)
            if kept := report["kept"] >= 0.99:
                most = max(most, report["sent"])
                break
        if not kept:
            break
    return most


def show(name: str, rounds: list[dict[str, float]], ours: dict[str, float]) -> dict[str, float]:
    """Print the medians of one way and its ratios to ours."""
    middle = {key: statistics.median(report[key] for report in rounds) for key in ("cpu_us", "p50", "p99", "most")}
    base = ours or middle
    ratios = (middle["cpu_us"] / base["cpu_us"], middle["p99"] / base["p99"], base["most"] / max(middle["most"], 1))
    figures = f"{middle['cpu_us']:9.0f} {middle['p50']:8.2f} {middle['p99']:8.2f} {middle['most']:9.0f}"
    print(f"{name:20}{figures}   {ratios[0]:7.1f} {ratios[1]:8.1f} {ratios[2]:8.1f}", flush=True)
    return middle


async def main() -> None:
    """Print the table."""
    logs.set_up("error")
    names = [name for name in WAYS if name == "qfluxd" or find_spec("playwright")]
    print(", ".join(f"{name} {version(name)}" for name in ("picows", "msgspec", "uvloop")), end="")
    print(f", playwright {version('playwright')}" if len(names) > 1 else ", playwright is not installed")
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for _ in range(ROUNDS):
        for name in names:
            rounds[name].append(await measure(name))
    print(f"at {RATE} pairs/s:     CPU µs/pair  p50 ms   p99 ms  most /s   times ours: CPU, p99; most: ours over it")
    ours = show(names[0], rounds[names[0]], {})
    for name in names[1:]:
        show(name, rounds[name], ours)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve"]:
            uvloop.run(serve())
        case ["listen", way, endpoint, url]:
            uvloop.run(listen(way, endpoint, url))
        case _:
            uvloop.run(main())
