"""What comes through to one tab, and what does not, against a debugging port that remembers all it is asked."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from qfluxd.chrome.keyhole import Keyhole, open_keyhole
from qfluxd.errors import Disconnected
from tests.support.fake_chrome import PAGE_SESSION, TAB, FakeChrome, fake_chrome


class Watcher:
    """Looks through a keyhole as Playwright would."""

    def __init__(self, line: ClientConnection) -> None:
        self.line = line
        self._last = 0

    async def ask(self, method: str, session: str = "", **params: object) -> dict[str, Any]:
        """Send a command and return its answer; events that come before it are passed over."""
        self._last += 1
        command = {"id": self._last, "method": method, "params": params} | ({"sessionId": session} if session else {})
        await self.line.send(json.dumps(command))
        while True:
            message: dict[str, Any] = json.loads(await self.line.recv())
            if message.get("id") == self._last:
                return message


@asynccontextmanager
async def watching() -> AsyncIterator[tuple[FakeChrome, Keyhole, Watcher]]:
    """A keyhole to the one tab of a fake Chrome, and who looks through it."""
    async with fake_chrome() as chrome, open_keyhole(chrome.endpoint, TAB) as keyhole:
        async with connect(keyhole.address) as line:
            yield chrome, keyhole, Watcher(line)


async def test_only_the_one_tab_is_attached_to() -> None:
    """Who asks for all tabs gets ours, and nobody else's name is passed on."""
    async with watching() as (chrome, _, watcher):
        answer = await watcher.ask("Target.setAutoAttach", autoAttach=True, waitForDebuggerOnStart=True, flatten=True)
        assert answer["result"] == {"sessionId": PAGE_SESSION}
        assert [command["params"] for command in chrome.of("Target.attachToTarget")] == [
            {"targetId": TAB, "flatten": True}
        ]
        for method in ("Target.attachToTarget", "Target.getTargetInfo", "Target.detachFromTarget"):
            assert "error" in await watcher.ask(method, targetId="ANOTHER")
            assert "error" not in await watcher.ask(method, targetId=TAB)
        assert not chrome.of("Target.setAutoAttach")
        assert "ANOTHER" not in repr(chrome.heard)


@pytest.mark.parametrize(
    "method",
    [
        "Browser.close",
        "Browser.setDownloadBehavior",
        "Target.closeTarget",
        "Target.createTarget",
        "Target.setDiscoverTargets",
        "Storage.clearCookies",
        "Page.close",
        "Page.crash",
        "Page.handleJavaScriptDialog",
    ],
)
async def test_what_is_not_about_working_the_page_is_refused(method: str) -> None:
    """It is answered with an error, in its session, and Chrome never hears of it."""
    async with watching() as (chrome, _, watcher):
        answer = await watcher.ask(method, PAGE_SESSION)
        assert answer["error"]["message"] == f"{method} does not pass here"
        assert answer["sessionId"] == PAGE_SESSION
        assert not chrome.heard


@pytest.mark.parametrize("method", ["Network.enable", "Log.enable", "Runtime.enable", "Target.setAutoAttach"])
async def test_what_would_cost_the_page_is_answered_and_not_done(method: str) -> None:
    """Playwright believes that it was done."""
    async with watching() as (chrome, _, watcher):
        assert (await watcher.ask(method, PAGE_SESSION))["result"] == {}
        assert not chrome.heard


async def test_all_else_passes_both_ways_as_it_is() -> None:
    """A command, its answer, and events; but a dialog is for the person before the page."""
    async with watching() as (chrome, _, watcher):
        assert (await watcher.ask("Page.enable", PAGE_SESSION))["result"] == {}
        assert chrome.heard == [{"id": 1, "method": "Page.enable", "params": {}, "sessionId": PAGE_SESSION}]
        await chrome.emit("Page.javascriptDialogOpening", {"type": "confirm"}, PAGE_SESSION)
        await chrome.emit("Page.frameNavigated", {"frame": {}}, PAGE_SESSION)
        assert json.loads(await watcher.line.recv())["method"] == "Page.frameNavigated"


async def test_only_who_was_told_the_way_may_look() -> None:
    """Another path is not found, and neither is the right one for a second comer."""
    async with watching() as (_, keyhole, watcher):
        for address in (keyhole.address.rpartition("/")[0] + "/devtools/browser/1", keyhole.address):
            with pytest.raises(InvalidStatus):
                await connect(address)
        assert "result" in await watcher.ask("Browser.getVersion")


async def test_chrome_going_is_passed_on() -> None:
    """When Chrome hangs up, the line to Playwright ends too."""
    async with watching() as (chrome, keyhole, watcher):
        await watcher.ask("Browser.getVersion")
        assert chrome.line is not None
        await chrome.line.close()
        with pytest.raises(ConnectionClosed):
            await watcher.line.recv()
        assert keyhole.ended


async def test_playwright_going_is_passed_on() -> None:
    """When Playwright dies, or talks nonsense, Chrome is hung up on, so that nothing of it stays in the tab."""
    for last_words in (None, "}{", '{"id":1,"method":"Target.attachToTarget","params":{"targetId":7}}'):
        async with watching() as (chrome, keyhole, watcher):
            await watcher.ask("Browser.getVersion")
            assert chrome.line is not None
            if last_words is None:
                await watcher.line.close()
            else:
                await watcher.line.send(last_words)
            await chrome.line.wait_closed()
            assert keyhole.ended


async def test_no_chrome_is_said() -> None:
    """Where nothing listens, that is told at once."""
    async with fake_chrome() as chrome:
        endpoint = chrome.endpoint
    with pytest.raises(Disconnected, match="nothing listens there"):
        async with open_keyhole(endpoint, TAB):
            pass
