"""The practice broker: a market, three sockets and a trading page on this machine, for trying things out."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import socketio  # type: ignore[import-untyped]  # python-socketio comes without type information
import structlog

from qfluxd.errors import DataError
from qfluxd.model import Millis
from qfluxd.practice.account import PracticeAccount
from qfluxd.practice.assets import Catalogue, known_listings
from qfluxd.practice.broker import PracticeBroker
from qfluxd.practice.clock import AHEAD, MarketClock
from qfluxd.practice.crowd import BEAT, FEELING_KEPT
from qfluxd.practice.lines import Line
from qfluxd.practice.market import Market
from qfluxd.practice.marketsocket import MarketSocket
from qfluxd.practice.options import PracticeOptions
from qfluxd.practice.pages import Pages
from qfluxd.practice.recording import ReplaySocket, Role, Script, is_capture, read_recording
from qfluxd.practice.sidesockets import ChatSocket, EventsSocket
from qfluxd.practice.synthetic import SyntheticPrices
from qfluxd.practice.tickfile import read_ticks
from qfluxd.practice.web import web_server

__all__ = ["PracticeBroker", "PracticeOptions", "run_practice", "serve"]

log = structlog.get_logger()

_PATHS: dict[Role, str] = {"market": "socket.io", "events": "events/socket.io", "chat": "chat/socket.io"}
_PAYOUTS_TOLD: Millis = 30_000
_LONGEST_NAP = 0.02  # seconds; a page that has just asked for a symbol waits no longer than this for its ticks


@asynccontextmanager
async def serve(options: PracticeOptions | None = None) -> AsyncIterator[PracticeBroker]:
    """Run a practice broker on loopback while the block runs.

    Raises:
        DataError: the feed file is not one.
        Unavailable: the port is taken.
    """
    options = options or PracticeOptions()
    feed = None if options.feed == "synthetic" else Path(options.feed)
    if feed is not None and is_capture(feed):
        running = _replaying(options, read_recording(feed))
    else:
        running = _trading(options, feed)
    try:
        async with running as practice:
            log.info("practice broker open", url=practice.url, feed=str(options.feed))
            yield practice
    except BaseExceptionGroup as group:
        # The task groups below wrap whatever the caller's block raises; the caller should see its own error.
        error = _lone(group)
        if error is None:
            raise
        raise error from error.__cause__


async def run_practice(options: PracticeOptions) -> None:
    """Run a practice broker until cancelled."""
    async with serve(options):
        await asyncio.Event().wait()


def _lone(error: BaseException) -> BaseException | None:
    """The one error inside nested groups; None if there are several."""
    while isinstance(error, BaseExceptionGroup):
        if len(error.exceptions) != 1:
            return None
        error = error.exceptions[0]
    return error


@asynccontextmanager
async def _trading(options: PracticeOptions, feed: Path | None) -> AsyncIterator[PracticeBroker]:
    """A market of its own: made up, or out of a file of ticks."""
    start = None if options.start is None else options.start + AHEAD
    if feed is None:
        catalogue = Catalogue(known_listings(), options.seed)
        prices: Any = SyntheticPrices(catalogue, options.seed, options.rate)
    else:
        prices = read_ticks(feed)
        catalogue = Catalogue(prices.listings, options.seed)
        start = prices.first - 1 if start is None else start
    clock = MarketClock(start, options.speed)
    favourites = [symbol for symbol in options.favourites if symbol in catalogue] or list(catalogue.symbols[:15])
    asset = options.asset if options.asset in catalogue else catalogue.symbols[0]
    account = PracticeAccount(options.balance, options.real_balance, asset, favourites)
    market = Market(prices, clock.now() if feed is None else clock.start, options.seed)
    streams = _streams(options.streams, catalogue, clock)
    socket = MarketSocket(account, catalogue, market, clock, options.seed, streams)
    pages = Pages(account, clock, options.logged_in)
    lines: dict[Role, Line] = {
        "market": socket.line,
        "events": EventsSocket(account).line,
        "chat": ChatSocket(account).line,
    }
    async with web_server(_application(lines, pages), options.port) as (web, port), asyncio.TaskGroup() as tasks:
        running = [
            tasks.create_task(_stream(socket, market, clock), name="practice ticks"),
            tasks.create_task(_beat(socket, clock), name="practice beat"),
        ]
        yield PracticeBroker(web, port, pages, account, socket)
        for task in running:
            task.cancel()


@asynccontextmanager
async def _replaying(options: PracticeOptions, script: Script) -> AsyncIterator[PracticeBroker]:
    """Somebody's recorded page load, again for everyone who comes."""
    clock = MarketClock(options.start, options.speed)
    account = PracticeAccount(options.balance, options.real_balance, options.asset, ())
    pages = Pages(account, clock, options.logged_in)
    sockets = {role: ReplaySocket(role, script, account, options.speed) for role in _PATHS}
    lines = {role: socket.line for role, socket in sockets.items()}
    async with web_server(_application(lines, pages), options.port) as (web, port), asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(socket.play(), name=f"replay {role}") for role, socket in sockets.items()]
        yield PracticeBroker(web, port, pages, account, sockets["market"])
        for task in running:
            task.cancel()


def _application(lines: dict[Role, Line], pages: Pages) -> Any:
    """Three Socket.IO endpoints in front of the pages; they differ by path, the platform's by host."""
    app: Any = pages
    for role, path in _PATHS.items():
        app = socketio.ASGIApp(lines[role].server, app, socketio_path=path)
    return app


def _streams(wanted: int | tuple[str, ...] | None, catalogue: Catalogue, clock: MarketClock) -> tuple[str, ...] | None:
    if isinstance(wanted, int):
        now = clock.now()
        return tuple(symbol for symbol in catalogue.symbols if catalogue.is_open(symbol, now))[:wanted]
    if wanted is not None and (unknown := [symbol for symbol in wanted if symbol not in catalogue]):
        raise DataError(f"there is no asset {unknown[0]} to stream")
    return wanted


async def _stream(socket: MarketSocket, market: Market, clock: MarketClock) -> None:
    """Tell every tick when its time has come."""
    while True:
        for quote in market.due(clock.now()):
            await socket.tell_tick(quote)
        due = market.next_due
        await asyncio.sleep(_LONGEST_NAP if due is None else min(_LONGEST_NAP, clock.seconds_until(due)))


async def _beat(socket: MarketSocket, clock: MarketClock) -> None:
    """What comes on the marks of the broker's clock: signals, the crowd's feelings, moved payouts."""
    mark = clock.now() // BEAT * BEAT
    while True:
        mark = max(mark + BEAT, clock.now() // BEAT * BEAT)
        await asyncio.sleep(clock.seconds_until(mark))
        await socket.tell_signals(mark)
        if mark % FEELING_KEPT == 0:
            await socket.tell_feelings(mark)
        if mark % _PAYOUTS_TOLD == 0:
            await socket.tell_assets()
