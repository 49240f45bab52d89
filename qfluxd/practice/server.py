"""The practice broker: a market, three sockets and a trading page on this machine, for trying things out."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import socketio  # type: ignore[import-untyped]  # python-socketio comes without type information
import structlog

from qfluxd.practice.account import PracticeAccount, newcomer, returning
from qfluxd.practice.assets import PAYOUTS_TOLD
from qfluxd.practice.broker import PracticeBroker
from qfluxd.practice.clock import MarketClock
from qfluxd.practice.crowd import BEAT, FEELING_KEPT
from qfluxd.practice.dealing import Dealing
from qfluxd.practice.feeds import Feed, open_feed, streamed
from qfluxd.practice.lines import Line
from qfluxd.practice.market import Market
from qfluxd.practice.marketsocket import MarketSocket
from qfluxd.practice.memory import Memory, Remembered, Snapshot, recall
from qfluxd.practice.options import PracticeOptions
from qfluxd.practice.orderlog import ORDERS, OrderLog
from qfluxd.practice.pages import Pages
from qfluxd.practice.recording import ReplaySocket, Role, Script, is_capture, read_recording
from qfluxd.practice.sidesockets import ChatSocket, EventsSocket
from qfluxd.practice.springs import Springs
from qfluxd.practice.web import web_server

__all__ = ["PracticeBroker", "PracticeOptions", "run_practice", "serve"]

log = structlog.get_logger()

_PATHS: dict[Role, str] = {"market": "socket.io", "events": "events/socket.io", "chat": "chat/socket.io"}
_LONGEST_NAP = 0.02  # seconds; a page that has just asked for a symbol waits no longer than this for its ticks


@asynccontextmanager
async def serve(options: PracticeOptions | None = None) -> AsyncIterator[PracticeBroker]:
    """Run a practice broker on loopback while the block runs.

    Raises:
        DataError: the feed file is not one.
        Unavailable: the port is taken.
    """
    options = options or PracticeOptions()
    file = None if options.feed == "synthetic" else Path(options.feed)
    if file is not None and is_capture(file):
        running = _replaying(options, read_recording(file))
    else:
        running = _trading(options, file)
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
async def _trading(options: PracticeOptions, file: Path | None) -> AsyncIterator[PracticeBroker]:
    """A market of its own: made up, or out of a file of ticks."""
    feed, snapshot = open_feed(options, file), recall(options.state)
    clock = _clock(feed, snapshot, options.speed)
    account = PracticeAccount(_person(options, feed, snapshot), Memory(options.state, feed.name, clock))
    market = Market(feed.prices, clock.now() if file is None else clock.start, options.seed)
    springs = Springs(options.traps)
    orders = OrderLog(None if options.state is None else options.state.with_name(ORDERS))
    dealing = Dealing(account, feed.catalogue, market.price_at, options.rules, orders)
    dealing.take_up(clock.now(), same_market=snapshot is None or snapshot.market == feed.name)
    streams = streamed(options.streams, feed.catalogue, clock.now())
    socket = MarketSocket(account, feed.catalogue, market, clock, options.seed, dealing, springs, streams)
    pages = Pages(account, clock, springs, options.logged_in)
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
        try:
            yield PracticeBroker(web, port, pages, account, socket)
        finally:
            account.keep()
        for task in running:
            task.cancel()


@asynccontextmanager
async def _replaying(options: PracticeOptions, script: Script) -> AsyncIterator[PracticeBroker]:
    """Somebody's recorded page load, again for everyone who comes."""
    clock = MarketClock(options.start, options.speed)
    start = newcomer(options.balance, options.real_balance, options.asset, ())
    account = PracticeAccount(start, Memory(None, "recording", clock))
    pages = Pages(account, clock, Springs(options.traps), options.logged_in)
    sockets = {role: ReplaySocket(role, script, account, options.speed) for role in _PATHS}
    lines = {role: socket.line for role, socket in sockets.items()}
    async with web_server(_application(lines, pages), options.port) as (web, port), asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(socket.play(), name=f"replay {role}") for role, socket in sockets.items()]
        yield PracticeBroker(web, port, pages, account, sockets["market"])
        for task in running:
            task.cancel()


def _clock(feed: Feed, snapshot: Snapshot | None, speed: float) -> MarketClock:
    """The market's clock; in the market that an account was left in it never goes back."""
    clock = MarketClock(feed.start, speed)
    if snapshot is None or snapshot.market != feed.name or snapshot.at <= clock.start:
        return clock
    return MarketClock(snapshot.at, speed)


def _person(options: PracticeOptions, feed: Feed, snapshot: Snapshot | None) -> Remembered:
    """Who is remembered, or a newcomer; in either case with favourites and a chart that this market has."""
    offered = feed.catalogue
    favourites = [symbol for symbol in options.favourites if symbol in offered] or list(offered.symbols[:15])
    asset = options.asset if options.asset in offered else offered.symbols[0]
    new = newcomer(options.balance, options.real_balance, asset, favourites)
    return new if snapshot is None else returning(snapshot.account, new, offered)


def _application(lines: dict[Role, Line], pages: Pages) -> Any:
    """Three Socket.IO endpoints in front of the pages; they differ by path, the platform's by host."""
    app: Any = pages
    for role, path in _PATHS.items():
        app = socketio.ASGIApp(lines[role].server, app, socketio_path=path)
    return app


async def _stream(socket: MarketSocket, market: Market, clock: MarketClock) -> None:
    """Tell every tick when its time has come."""
    while True:
        for quote in market.due(clock.now()):
            await socket.tell_tick(quote)
        await socket.settle(market.told)
        due = market.next_due
        await asyncio.sleep(_LONGEST_NAP if due is None else min(_LONGEST_NAP, clock.seconds_until(due)))


async def _beat(socket: MarketSocket, clock: MarketClock) -> None:
    """What comes on the marks of the broker's clock: signals, the crowd's feelings, moved payouts."""
    mark = clock.now() // BEAT * BEAT
    while True:
        before, mark = mark, max(mark + BEAT, clock.now() // BEAT * BEAT)
        await asyncio.sleep(clock.seconds_until(mark))
        await socket.tell_signals(mark)
        if mark % FEELING_KEPT == 0:
            await socket.tell_feelings(mark)
        if mark // PAYOUTS_TOLD != before // PAYOUTS_TOLD:
            await socket.tell_assets()
