"""Feels whether Chrome and the trading pages still answer: a frozen one says nothing by itself."""

import asyncio
from functools import partial
from time import time_ns
from typing import Final, Never

import msgspec

from qfluxd.chrome.cdp import Connection
from qfluxd.chrome.held import Page
from qfluxd.chrome.pages import FramesLost, Tell
from qfluxd.chrome.targets import Targets
from qfluxd.errors import Disconnected

BROWSER_BEAT: Final = 1.0
BROWSER_PATIENCE: Final = 2.0
PAGE_BEAT: Final = 5.0
# How much later than due we may wake before the delay is our own, and silence proves nothing.
_OWN_DELAY: Final = 1.0
# Time to read what came while our own loop was kept from reading.
_CATCH_UP: Final = 0.25
# Chrome keeps 256 MB for a slow reader and drops what comes after without a word; near that, frames may be missing.
CHROME_HOLDS: Final = 240 * 1024 * 1024


async def feel_browser(line: Connection, tell: Tell) -> Never:
    """Ask Chrome for a sign of life every second.

    After a stop of our own, the answer arrives behind all that Chrome kept for us: so much that its room was full
    means that frames may be missing, and that is told.

    Raises:
        Disconnected: nothing at all came for `BROWSER_PATIENCE`, or the line ended.
    """
    loop = asyncio.get_running_loop()
    while True:
        due, heard, since = loop.time() + BROWSER_BEAT, line.heard_bytes, time_ns() // 1_000_000
        await asyncio.sleep(BROWSER_BEAT)
        late = loop.time() - due > _OWN_DELAY
        await _answered(line, line.ask("Browser.getVersion"))
        if late and line.heard_bytes - heard > CHROME_HOLDS:
            tell(FramesLost(None, since, time_ns() // 1_000_000))


async def _answered(line: Connection, answer: asyncio.Future[msgspec.Raw]) -> None:
    heard = line.heard
    while not answer.done():
        await asyncio.wait({answer}, timeout=BROWSER_PATIENCE)
        if not answer.done():
            await asyncio.sleep(_CATCH_UP)
            if line.heard == heard:
                raise Disconnected("Chrome does not answer: it is frozen or overloaded")
            heard = line.heard
    answer.result()


async def feel_pages(line: Connection, targets: Targets) -> Never:
    """Ask every page for a sign of life every five seconds; one that owes an answer for that long hangs."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + PAGE_BEAT
        await asyncio.sleep(PAGE_BEAT)
        if loop.time() - due < _OWN_DELAY:
            for page in list(targets.pages.values()):
                _feel(line, page)


def _feel(line: Connection, page: Page) -> None:
    if page.paused:
        return
    if page.pulse is not None and not page.pulse.done():
        page.hang("it does not answer: busy or frozen")
        return
    page.pulse = line.ask("Runtime.getIsolateId", session=page.session.id)
    page.pulse.add_done_callback(partial(_recover, page))


def _recover(page: Page, answer: asyncio.Future[msgspec.Raw]) -> None:
    if not answer.cancelled() and answer.exception() is None:
        page.recover()
