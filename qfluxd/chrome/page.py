"""Works one trading page as a person would: looks, points, clicks, types and takes pictures."""

import asyncio
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import structlog
from playwright.async_api import CDPSession, Error, Page, Playwright, async_playwright

from qfluxd.chrome.keyhole import Keyhole, open_keyhole
from qfluxd.chrome.seen import (
    BOX_SCRIPT,
    FILL_SCRIPT,
    FIND_SCRIPT,
    VIEW_SCRIPT,
    Box,
    Found,
    NotDone,
    View,
)
from qfluxd.errors import Disconnected, QfluxdError

__all__ = ["Box", "Found", "Hand", "NotDone", "View", "open_hand"]

log = structlog.get_logger()

ATTACH_SECONDS: Final = 10.0
CALL_SECONDS: Final = 5.0
PICTURE_SECONDS: Final = 8.0
_PULSE_SECONDS: Final = 1.0
_END_SECONDS: Final = 2.0
_WORLD: Final = "qfluxd"
_GONE: Final = "the tab, its process, Chrome or Playwright is gone"


class Hand:
    """One trading page, worked through Playwright.

    The promise: every call ends, in time, with what it was asked for, with `NotDone`, or with `Disconnected` when the
    tab, Chrome or Playwright is gone. Scripts run in a world of their own beside the page's: they share its document,
    not its variables. Nothing here closes a tab or the browser.
    """

    def __init__(self, page: Page, session: CDPSession, keyhole: Keyhole) -> None:
        self._page = page
        self._session = session
        self._keyhole = keyhole
        self._world: int | None = None
        self._lost = False
        self._waiting: set[asyncio.Timeout] = set()
        page.on("crash", self._on_crash)

    @property
    def target(self) -> str:
        """Chrome's name for the tab."""
        return self._keyhole.target

    @property
    def gone(self) -> bool:
        """Whether tab, process, Chrome or Playwright is known to be gone: every call would be `Disconnected`."""
        return self._lost or self._keyhole.ended or self._page.is_closed()

    # ------------------------------------------------------------------------------------------- looking

    async def evaluate(self, script: str, argument: object = None, *, seconds: float = CALL_SECONDS) -> Any:
        """Run a function ``argument => …`` in the page and return what it gives, both as JSON values.

        Its world is kept until another document is loaded, and with it what it leaves on `globalThis`.
        """
        async with self._within(seconds):
            return await self._run(script, argument)

    async def find(self, selectors: Sequence[str]) -> Found | None:
        """The first of these selectors that matches something."""
        found = await self.evaluate(FIND_SCRIPT, list(selectors))
        return None if found is None else Found(*found)

    async def box(self, selector: str) -> Box | None:
        """Where the first element that matches is, None where none does."""
        found = await self.evaluate(BOX_SCRIPT, selector)
        return None if found is None else Box(*found)

    async def view(self) -> View:
        """How the page is seen."""
        async with self._within(CALL_SECONDS):
            width, height, pixels, pinch = await self._run(VIEW_SCRIPT, None)
            return View(width, height, pixels, pinch, await self._zoom())

    async def screenshot(self, clip: Box | None = None, *, jpeg_quality: int | None = None) -> bytes:
        """A picture of the viewport or a part of it: PNG, or JPEG of a quality from 0 to 100. Scrolls nothing."""
        form: dict[str, Any] = {"format": "png"}
        if jpeg_quality is not None:
            form = {"format": "jpeg", "quality": jpeg_quality}
        async with self._within(PICTURE_SECONDS):
            if clip is not None:
                form["clip"] = await self._region(clip)
            taken = await self._session.send("Page.captureScreenshot", form)
            return b64decode(taken["data"])

    # ------------------------------------------------------------------------------------------- working

    async def click_at(self, x: float, y: float) -> None:
        """Move the mouse there, press and release; CSS pixels of the viewport.

        `NotDone` with ``stuck`` does not say that nothing was clicked.
        """
        async with self._within(CALL_SECONDS):
            await self._page.mouse.click(x, y)

    async def press(self, key: str) -> None:
        """Press a key by Playwright's name for it: ``Enter``, ``Escape``, ``ControlOrMeta+A``."""
        async with self._within(CALL_SECONDS):
            await self._page.keyboard.press(key)

    async def type_text(self, text: str) -> None:
        """Type into what has the focus, key by key."""
        async with self._within(CALL_SECONDS):
            await self._page.keyboard.type(text)

    async def select_all(self) -> None:
        """Select all that the focused field holds."""
        await self.press("ControlOrMeta+A")

    async def fill(self, selector: str, text: str) -> None:
        """Set a field's value at once, as the browser does it, and tell the page with ``input`` and ``change``."""
        if not await self.evaluate(FILL_SCRIPT, [selector, text]):
            raise NotDone("missing", f"nothing matches {selector}")

    async def bring_to_front(self) -> None:
        """Make the tab the one that is seen in its window; a tab that is not seen may not take clicks."""
        async with self._within(CALL_SECONDS):
            await self._session.send("Page.bringToFront")

    # ------------------------------------------------------------------------------------------ plumbing

    async def _run(self, script: str, argument: object) -> Any:
        """The same in the document that is there now; one that comes in its place is tried once."""
        try:
            return await self._call(script, argument)
        except _WorldGone:
            self._world = None
        try:
            return await self._call(script, argument)
        except _WorldGone:
            raise NotDone("replaced", "the page is loading another document") from None

    async def _call(self, script: str, argument: object) -> Any:
        answer = await self._send(
            "Runtime.callFunctionOn",
            {
                "functionDeclaration": script,
                "arguments": [{"value": argument}],
                "executionContextId": await self._own_world(),
                "returnByValue": True,
                "awaitPromise": True,
            },
        )
        if fault := answer.get("exceptionDetails"):
            said = fault.get("exception", {}).get("description") or fault.get("text", "")
            raise NotDone("failed", f"a script failed in the page: {_well_formed(said)[:300]}")
        return _well_formed(answer["result"].get("value"))

    async def _own_world(self) -> int:
        if self._world is None:
            tree = await self._send("Page.getFrameTree", {})
            about = {"frameId": tree["frameTree"]["frame"]["id"], "worldName": _WORLD}
            made = await self._send("Page.createIsolatedWorld", about)
            self._world = made["executionContextId"]
        return self._world

    async def _zoom(self) -> float:
        metrics = await self._send("Page.getLayoutMetrics", {})
        return float(metrics["cssVisualViewport"]["zoom"])

    async def _region(self, box: Box) -> dict[str, float]:
        """A part of the viewport as Chrome wants it: from the document's corner, in the screen's own pixels."""
        left, top = await self._run("() => [scrollX, scrollY]", None)
        zoom = await self._zoom()
        x, y, width, height = box.x + left, box.y + top, box.width, box.height
        return {"x": x * zoom, "y": y * zoom, "width": width * zoom, "height": height * zoom, "scale": 1}

    async def _send(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        try:
            return await self._session.send(method, params)
        except Error as error:
            if "Cannot find context" in error.message:
                raise _WorldGone from None
            raise

    @asynccontextmanager
    async def _within(self, seconds: float) -> AsyncIterator[None]:
        if self.gone:
            raise Disconnected(_GONE)
        try:
            async with asyncio.timeout(seconds) as waiting:
                self._waiting.add(waiting)
                try:
                    yield
                finally:
                    self._waiting.discard(waiting)
        except TimeoutError:
            await self._feel()
            raise self._fault(NotDone("stuck", f"the page did not answer within {seconds:g} s")) from None
        except Error as error:
            raise self._fault(_translated(error)) from None

    async def _feel(self) -> None:
        """Look whether Playwright and Chrome answer where the page does not: frozen, they say nothing by themselves."""
        try:
            async with asyncio.timeout(_PULSE_SECONDS):
                await self._session.send("Target.getTargetInfo")
        except (TimeoutError, Error):
            self._lost = True

    def _fault(self, otherwise: QfluxdError) -> QfluxdError:
        return Disconnected(_GONE) if self.gone else otherwise

    def _on_crash(self, _page: Page) -> None:
        self._lost = True
        for waiting in self._waiting:
            if not waiting.expired():
                waiting.reschedule(0)  # no answer will come


class _WorldGone(Exception):
    """The document in which our scripts ran is gone; nothing of the script has run."""


def _translated(error: Error) -> QfluxdError:
    said = error.message.lower()
    if any(word in said for word in ("navigated", "context was destroyed", "no frame")):
        return NotDone("replaced", "another document came in the page's place meanwhile")
    if "closed" in said or "crashed" in said:
        return Disconnected(_GONE)
    return NotDone("failed", f"Chrome refused: {_first_line(error)}")


def _well_formed(value: Any) -> Any:
    """The same without half a character, as a text that was cut may end with: no file and no message can hold one."""
    match value:
        case str() if not value.isascii():
            return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        case list():
            return [_well_formed(each) for each in value]
        case dict():
            return {key: _well_formed(each) for key, each in value.items()}
        case _:
            return value


def _first_line(error: Error) -> str:
    return error.message.partition("\n")[0][:300]  # the rest is Playwright's own log


@asynccontextmanager
async def open_hand(endpoint: str, target: str) -> AsyncIterator[Hand]:
    """Hold the tab with that CDP target id, in the Chrome at `endpoint` (``http://host:port``), while the block runs.

    Playwright runs for as long, and sees that tab only.

    Raises:
        Disconnected: no such tab, no Chrome there, or no answer in time.
    """
    async with open_keyhole(endpoint, target) as keyhole:
        driver = async_playwright()
        try:
            yield await _attach(driver.start(), keyhole)
        finally:
            await _end(driver.__aexit__())


async def _attach(starting: Coroutine[Any, Any, Playwright], keyhole: Keyhole) -> Hand:
    try:
        async with asyncio.timeout(ATTACH_SECONDS):
            playwright = await _whole(starting)
            browser = await playwright.chromium.connect_over_cdp(keyhole.address, no_defaults=True, is_local=True)
            (context,) = browser.contexts
            if not context.pages:
                raise Disconnected("the tab is gone, or its process has died")
            (page,) = context.pages
            return Hand(page, await context.new_cdp_session(page), keyhole)
    except TimeoutError:
        raise Disconnected("the tab cannot be taken in hand: it does not answer, or a dialog is open in it") from None
    except Error as error:
        raise Disconnected(f"the tab cannot be taken in hand: {_first_line(error)}") from None


async def _whole(starting: Coroutine[Any, Any, Playwright]) -> Playwright:
    """Let Playwright start to the end whatever happens: cut off in between, its process could not be ended."""
    task = asyncio.ensure_future(starting)
    task.add_done_callback(lambda done: done.cancelled() or done.exception())  # its asker may have gone
    try:
        await asyncio.wait([task])
    except asyncio.CancelledError:
        await asyncio.wait([task], timeout=CALL_SECONDS)
        raise
    if fault := task.exception():  # where its process dies at once, it is of no kind that could be named
        raise Disconnected(f"Playwright cannot be started ({fault})")
    return task.result()


async def _end(leaving: Awaitable[None]) -> None:
    try:
        async with asyncio.timeout(_END_SECONDS):
            await leaving
    except (TimeoutError, Error):
        log.warning("playwright does not end")
