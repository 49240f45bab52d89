"""A browser tab for tests: evaluates, clicks where a person would, and types, over Chrome's own protocol."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from qfluxd.chrome.cdp import Connection, Refused
from qfluxd.chrome.endpoint import find_browser
from qfluxd.chrome.launch import launched
from qfluxd.settings import ChromeSettings


class Tab:
    """One page of a real browser."""

    def __init__(self, line: Connection, session: str) -> None:
        self._line = line
        self._session = session

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Send one command to the page."""
        return await self._line.call(method, params, self._session, seconds=20)

    async def js(self, expression: str) -> Any:
        """The value of an expression in the page."""
        answer = await self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    async def until(self, expression: str) -> Any:
        """Wait until an expression is true in the page, also across a change of page; returns its value."""
        look = (
            f"(() => {{ try {{ const v = {expression}; return v instanceof Node || v }} catch {{ return null }} }})()"
        )
        for _ in range(500):
            # A page that is just being left has no scripts to ask.
            with suppress(Refused):
                if found := await self.js(look):
                    return found
            await asyncio.sleep(0.02)
        raise AssertionError(f"never came true in the page: {expression}")

    async def text(self, selector: str) -> str:
        """The text of the first element that matches."""
        return str(await self.js(f"document.querySelector({json.dumps(selector)}).textContent.trim()"))

    async def click(self, selector: str, text: str | None = None) -> None:
        """Click the middle of an element with the mouse, after making sure that nothing covers it."""
        found = f"[...document.querySelectorAll({json.dumps(selector)})]"
        if text is not None:
            found += f".filter(e => e.textContent.trim() === {json.dumps(text)})"
        where = (
            f"(e => {{ if (!e) return null; const r = e.getBoundingClientRect();"
            "const x = r.x + r.width / 2, y = r.y + r.height / 2;"
            "const top = document.elementFromPoint(x, y);"
            f"return r.width && (e.contains(top) || top?.contains(e)) ? [x, y] : null; }})({found}[0])"
        )
        place, before = await self.until(where), None
        while place != before:  # it may still be on its way
            await asyncio.sleep(0.05)
            place, before = await self.until(where), place
        for kind in ("mousePressed", "mouseReleased"):
            await self.call("Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=1)

    async def type(self, text: str) -> None:
        """Type into what has the focus, key by key."""
        for letter in text:
            await self.call("Input.dispatchKeyEvent", type="keyDown", text=letter)
            await self.call("Input.dispatchKeyEvent", type="keyUp")

    async def press(self, key: str) -> None:
        """Press a key that writes nothing."""
        for kind in ("rawKeyDown", "keyUp"):
            await self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key)

    async def go(self, url: str) -> None:
        """Open another address and wait for it to load."""
        await self.call("Page.navigate", url=url)
        await self.until(f"location.href.startsWith({json.dumps(url)}) && document.readyState === 'complete'")

    async def resize(self, width: int, height: int) -> None:
        """Make the window as large as that."""
        await self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
        )


@asynccontextmanager
async def open_tab(folder: Path, url: str) -> AsyncIterator[Tab]:
    """A headless browser of its own with one page, for as long as the block runs."""
    settings = ChromeSettings(endpoint="http://127.0.0.1:0", headless=True)
    async with launched(settings, folder, url) as chrome:
        browser = await find_browser(chrome.endpoint)
        line = Connection(lambda _: False, lambda *_: None, lambda: None)
        await line.open(browser.line)
        targets = await line.call("Target.getTargets")
        page = next(target for target in targets["targetInfos"] if target["type"] == "page")
        attached = await line.call("Target.attachToTarget", {"targetId": page["targetId"], "flatten": True})
        try:
            yield Tab(line, attached["sessionId"])
        finally:
            line.end()
