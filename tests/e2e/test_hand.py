"""The hand on a page of a real headless Chromium: what it does, and how it ends when something else does."""

import asyncio
import json
import math
import os
import signal
import struct
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from qfluxd.chrome.cdp import Connection, Refused
from qfluxd.chrome.find import find_chrome
from qfluxd.chrome.launch import Chrome
from qfluxd.chrome.page import Box, Found, Hand, NotDone, View, open_hand
from qfluxd.errors import Disconnected
from qfluxd.settings import ChromeSettings
from tests.support.lab import Lab, browser, in_tab
from tests.support.lab import hand as open_line
from tests.support.processes import children, wait_gone

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

FOREVER = "() => new Promise(() => {})"
HTML = """<style>body { margin: 0; height: 3000px } button { position: absolute; width: 80px; height: 30px; border: 0 }
#near { left: 100px; top: 50px; background: #f00 } #far { left: 300px; top: 2050px; background: #00f }</style>
<button id=near></button><button id=far></button><input id=field value=10>"""
SCRIPT = """
window.heard = []
for (const kind of ['click', 'input', 'change', 'keydown'])
  addEventListener(kind, e => heard.push([kind, e.target.id, e.isTrusted, e.key ?? e.target.value ?? '']), true)
addEventListener('click', e => { document.title = JSON.stringify([e.clientX, e.clientY]) })


"""


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """Pages on a port of their own."""
    with Lab() as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chrome(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Chrome]:
    """One Chrome for all tests of this file that do it no harm."""
    opened: asyncio.Future[Chrome] = asyncio.get_running_loop().create_future()
    over = asyncio.Event()

    # What is opened here must be closed by the task that has opened it, and a fixture's two halves are two tasks.
    async def hold() -> None:
        async with browser(tmp_path_factory.mktemp("chrome")) as running:
            opened.set_result(running)
            await over.wait()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(hold(), name="chrome")
        yield await opened
        over.set()


class Bench:
    """A Chrome with one page in it, a line of the test's own to both, and the name of the tab."""

    def __init__(self, chrome: Chrome, line: Connection, target: str, session: str) -> None:
        self.chrome = chrome
        self.line = line
        self.target = target
        self.session = session

    async def page(self, method: str, **params: object) -> dict[str, Any]:
        """Do something in the page past the hand."""
        return await self.line.call(method, params, self.session, seconds=10)

    def page_soon(self, method: str, **params: object) -> None:
        """Do something in the page while the next call of the hand is under way."""
        asyncio.get_running_loop().call_later(0.2, lambda: self.line.post(method, params, self.session))

    async def own(self, expression: str) -> Any:
        """The value of an expression among the page's own variables."""
        return (await self.page("Runtime.evaluate", expression=expression, returnByValue=True))["result"].get("value")

    async def size(self) -> tuple[int, int]:
        """Width and height of the viewport."""
        width, height = await self.own("[innerWidth, innerHeight]")
        return width, height

    async def until(self, expression: str) -> None:
        """Wait until an expression is true in the page, also across a change of document."""
        for _ in range(1000):
            with suppress(Refused):
                if await self.own(expression):
                    return
            await asyncio.sleep(0.02)
        pytest.fail(f"never came true in the page: {expression}")


@asynccontextmanager
async def bench(lab: Lab, chrome: Chrome, *, html: str = HTML, script: str = SCRIPT) -> AsyncIterator[Bench]:
    """A page in a tab of its own; whatever tabs are opened meanwhile are closed with it."""
    url = lab.page("/trade/page", script, html=html)
    async with open_line(chrome.endpoint) as line:
        before = {info["targetId"] for info in await tabs(line)}
        target = (await line.call("Target.createTarget", {"url": url}))["targetId"]
        session = (await line.call("Target.attachToTarget", {"targetId": target, "flatten": True}))["sessionId"]
        await line.call("Page.enable", session=session)
        made = Bench(chrome, line, target, session)
        await made.until(f"location.href == '{url}' && document.readyState == 'complete'")
        try:
            yield made
        finally:
            with suppress(Disconnected):
                for ident in {info["targetId"] for info in await tabs(line)} - before:
                    await line.call("Target.closeTarget", {"targetId": ident})


@asynccontextmanager
async def holding(lab: Lab, chrome: Chrome, **page: str) -> AsyncIterator[tuple[Hand, Bench]]:
    """A hand on such a page."""
    async with bench(lab, chrome, **page) as made, open_hand(made.chrome.endpoint, made.target) as hand:
        yield hand, made


async def click(hand: Hand, selector: str) -> None:
    """Click the middle of an element, scrolled into sight."""
    where = """selector => {
      const element = document.querySelector(selector);
      element.scrollIntoView({block: 'nearest', behavior: 'instant'});
      const box = element.getBoundingClientRect();
      return [box.x + box.width / 2, box.y + box.height / 2];
    }"""
    await hand.click_at(*await hand.evaluate(where, selector))


async def tabs(line: Connection) -> list[dict[str, Any]]:
    """What is open in the browser."""
    infos: list[dict[str, Any]] = (await line.call("Target.getTargets"))["targetInfos"]
    return [info for info in infos if info["type"] == "page"]


async def ends(call: Awaitable[object], *, within: float = 1.0) -> str:
    """How a call ends that cannot succeed: ``gone``, or the code of what was not done; and that it does so soon."""
    start = time.monotonic()
    with pytest.raises((Disconnected, NotDone)) as raised:
        await call
    assert time.monotonic() - start < within
    return raised.value.code if isinstance(raised.value, NotDone) else "gone"


def size(png: bytes) -> tuple[int, int]:
    """Width and height of a PNG."""
    assert png.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


async def colours(hand: Hand, picture: bytes) -> list[list[int]]:
    """The colours at the corners and in the middle of a picture."""
    script = """async data => {
      const picture = await createImageBitmap(await (await fetch('data:image/png;base64,' + data)).blob())
      const {width, height} = picture
      const on = new OffscreenCanvas(width, height).getContext('2d')
      on.drawImage(picture, 0, 0)
      return [[2, 2], [width - 3, 2], [2, height - 3], [width - 3, height - 3], [width / 2, height / 2]]
        .map(([x, y]) => [...on.getImageData(x, y, 1, 1).data].slice(0, 3))
    }"""
    found: list[list[int]] = await hand.evaluate(script, b64encode(picture).decode())
    return found


# ------------------------------------------------------------------------------------------------ looking


async def test_it_looks(lab: Lab, chrome: Chrome) -> None:
    """Values go in and out as JSON, promises are awaited, the first selector that matches is named."""
    async with holding(lab, chrome) as (hand, made):
        assert (hand.target, hand.gone) == (made.target, False)
        assert await hand.evaluate("async given => ({...given, b: await 2})", {"a": [1, None, "é"]}) == {
            "a": [1, None, "é"],
            "b": 2,
        }
        assert await hand.evaluate("() => undefined") is None
        assert await hand.find(["#none", "button", "#near"]) == Found("button", 2)
        assert await hand.find(["#none"]) is None
        assert await hand.box("#near") == Box(100, 50, 80, 30)
        assert await hand.box("#none") is None
        assert await hand.view() == View(*await made.size(), 1, 1, 1)


async def test_what_a_script_raises_is_said(lab: Lab, chrome: Chrome) -> None:
    """Also a selector or a function that is none; the hand works on."""
    async with holding(lab, chrome) as (hand, _):
        for script in ("() => { throw new Error('odd') }", "() => document.querySelector('[')", "no function"):
            assert await ends(hand.evaluate(script)) == "failed"
        with pytest.raises(NotDone, match="a script failed in the page: Error: odd"):
            await hand.evaluate("() => { throw new Error('odd') }")
        assert await ends(hand.find(["["])) == "failed"
        assert await hand.evaluate("() => 1") == 1


async def test_half_a_character_does_not_come_out(lab: Lab, chrome: Chrome) -> None:
    """A text of the page that was cut in the middle of one could not be written anywhere."""
    cut = "() => { const half = '1\\u{1F600}'.slice(0, 2); return {text: half, list: [half, 2], é: '\\u{1F600}'} }"
    async with holding(lab, chrome) as (hand, _):
        told = await hand.evaluate(cut)
        assert told == {"text": "1\ufffd", "list": ["1\ufffd", 2], "é": "\U0001f600"}
        with pytest.raises(NotDone) as raised:
            await hand.evaluate("() => { throw new Error('1\\u{1F600}'.slice(0, 2)) }")
        assert raised.value.detail.encode()


async def test_its_scripts_have_a_world_of_their_own(lab: Lab, chrome: Chrome) -> None:
    """What a script leaves is there for the next one and hidden from the page; what the page has bent is straight."""
    bend = "document.querySelector = () => null; JSON.stringify = () => 'bent'; window.mine = 1;"
    async with holding(lab, chrome, script=SCRIPT + bend) as (hand, made):
        assert await hand.box("#near") == Box(100, 50, 80, 30)
        assert await hand.evaluate("() => [typeof mine, JSON.stringify(1)]") == ["undefined", "1"]
        listen = (
            "() => { globalThis.taken = 0; document.getElementById('near').addEventListener('click', () => taken++) }"
        )
        await hand.evaluate(listen)
        await click(hand, "#near")
        assert await hand.evaluate("() => taken") == 1
        assert await made.own("typeof taken") == "undefined"
        await made.own("window.old = true")
        await made.page("Page.reload")
        await made.until("!window.old && document.readyState == 'complete'")
        assert await hand.evaluate("() => typeof globalThis.taken") == "undefined"


# ------------------------------------------------------------------------------------------------ working


async def test_it_clicks_like_a_mouse(lab: Lab, chrome: Chrome) -> None:
    """In the middle, as the browser itself says it of a person; what is below the fold is scrolled to first."""
    async with holding(lab, chrome) as (hand, made):
        await click(hand, "#near")
        assert await made.own("document.title") == "[140,65]"
        await click(hand, "#far")
        assert await made.own("scrollY") > 1000
        box = await hand.box("#far")
        assert box is not None
        await hand.click_at(box.x + 1, box.y + 1)
        assert json.loads(await made.own("document.title")) == [box.x + 1, box.y + 1]
        assert await made.own("heard") == [["click", name, True, ""] for name in ("near", "far", "far")]


async def test_it_clicks_past_nothing(lab: Lab, chrome: Chrome) -> None:
    """What lies over an element takes the click, as it would a person's."""
    cover = "<div id=cover style='position:fixed;inset:0;opacity:0'></div>"
    async with holding(lab, chrome, html=HTML + cover) as (hand, made):
        await click(hand, "#near")
        assert await made.own("heard") == [["click", "cover", True, ""]]


async def test_a_zoomed_page_is_worked_and_pictured_in_the_right_place(lab: Lab, tmp_path: Path) -> None:
    """With the browser's own zoom clicks land, `view` says the zoom, and a clip shows exactly its part."""
    zoom = 1.5
    profile = tmp_path / "chrome-profile" / "Default"
    profile.mkdir(parents=True)
    level = {"partition": {"default_zoom_level": {"x": math.log(zoom) / math.log(1.2)}}}
    (profile / "Preferences").write_text(json.dumps(level))
    async with browser(tmp_path) as own, holding(lab, own) as (hand, made):
        view = await hand.view()
        assert view.zoom == pytest.approx(zoom)
        assert view.pixels == pytest.approx(zoom)
        assert view.width == pytest.approx(1600 / zoom, abs=1)
        await _clicks_and_pictures(hand, made, zoom)


async def test_a_dense_screen_is_worked_and_pictured_in_the_right_place(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two screen pixels to each of the page: clicks land, pictures have twice the size, and nobody calls it zoom."""
    dense = tmp_path / "chrome"
    dense.write_text(f'#!/bin/sh\nexec "{find_chrome(ChromeSettings())}" --force-device-scale-factor=2 "$@"\n')
    dense.chmod(0o755)
    monkeypatch.setenv("QFLUXD_CHROME", str(dense))
    async with browser(tmp_path) as own, holding(lab, own) as (hand, made):
        width, height = await made.size()
        assert await hand.view() == View(width, height, 2, 1, 1)
        assert size(await hand.screenshot()) == (2 * width, 2 * height)
        await _clicks_and_pictures(hand, made, 2)


async def _clicks_and_pictures(hand: Hand, made: Bench, pixels: float) -> None:
    for name, colour in (("#near", [255, 0, 0]), ("#far", [0, 0, 255])):
        await click(hand, name)
        assert (await made.own("heard"))[-1][:3] == ["click", name[1:], True]
        box = await hand.box(name)
        assert box is not None
        scrolled = await made.own("scrollY")
        picture = await hand.screenshot(box)
        assert size(picture) == (80 * pixels, 30 * pixels)
        assert await colours(hand, picture) == [colour] * 5
        assert await made.own("scrollY") == scrolled


async def test_it_types(lab: Lab, chrome: Chrome) -> None:
    """Key by key into what has the focus; all selected first, it is replaced; keys that write nothing work."""
    async with holding(lab, chrome) as (hand, made):
        await click(hand, "#field")
        await hand.press("End")
        await hand.type_text("5")
        assert await made.own("field.value") == "105"
        await hand.select_all()
        await hand.type_text("2.5")
        assert await made.own("field.value") == "2.5"
        await hand.press("Enter")
        assert (await made.own("heard"))[-2:] == [
            ["keydown", "field", True, "Enter"],
            ["change", "field", True, "2.5"],
        ]


async def test_it_fills_a_field_at_once(lab: Lab, chrome: Chrome) -> None:
    """The value is set past a setter of the page's own, as frameworks put one, and the page hears of it."""
    spied = "Object.defineProperty(field, 'value', {set() { throw new Error('spied') }, configurable: true});"
    async with holding(lab, chrome, script=SCRIPT + spied) as (hand, made):
        await hand.fill("#field", "42")
        await made.own("delete field.value")
        assert await made.own("field.value") == "42"
        assert [event[:3] for event in await made.own("heard")] == [
            ["input", "field", False],
            ["change", "field", False],
        ]
        assert await made.own("document.activeElement.id") == "field"
        assert await ends(hand.fill("#none", "42")) == "missing"


async def test_it_takes_pictures(lab: Lab, chrome: Chrome) -> None:
    """The whole viewport as PNG, or smaller as JPEG."""
    async with holding(lab, chrome) as (hand, made):
        assert size(await hand.screenshot()) == await made.size()
        rough, fine = await hand.screenshot(jpeg_quality=10), await hand.screenshot(jpeg_quality=95)
        assert rough.startswith(b"\xff\xd8")
        assert len(rough) < len(fine)


async def test_a_tab_in_the_background_is_worked_in_time(lab: Lab, chrome: Chrome) -> None:
    """Another tab lies before it: each call ends; brought to the front, it is seen and clicked."""
    async with holding(lab, chrome) as (hand, made):
        await made.line.call("Target.createTarget", {"url": lab.page("/other", "")})
        await hand.evaluate("() => new Promise(done => document.hidden ? done() : document.onvisibilitychange = done)")
        start = time.monotonic()
        with suppress(NotDone):  # it may be that Chrome draws nothing for it
            assert size(await hand.screenshot()) == await made.size()
        assert time.monotonic() - start < 9
        await hand.bring_to_front()
        assert await hand.evaluate("() => document.visibilityState") == "visible"
        await click(hand, "#near")
        assert await made.own("document.title") == "[140,65]"
        assert size(await hand.screenshot()) == await made.size()


# -------------------------------------------------------------------------------------- what goes wrong


async def test_a_page_that_is_reloaded_meanwhile(lab: Lab, chrome: Chrome) -> None:
    """The call under way says so at once; the next one works in the new document, also on another site."""
    async with holding(lab, chrome) as (hand, made):
        made.page_soon("Page.reload")
        assert await ends(hand.evaluate(FOREVER)) == "replaced"
        await made.until("document.readyState == 'complete'")
        await click(hand, "#near")
        lab.page("/elsewhere", "", html="<p id=there>")
        made.page_soon("Page.navigate", url=lab.url("/elsewhere", "localhost"))
        assert await ends(hand.evaluate(FOREVER), within=3) == "replaced"
        await made.until("document.querySelector('#there') && document.readyState == 'complete'")
        assert await hand.find(["#there"]) == Found("#there", 1)


async def test_a_page_that_is_busy(lab: Lab, chrome: Chrome) -> None:
    """Its main thread stands still: calls end in time, and afterwards the click that nobody vouched for has landed."""
    async with holding(lab, chrome) as (hand, made):
        made.line.post(
            "Runtime.evaluate",
            {"expression": "{ const until = Date.now() + 6000; while (Date.now() < until); }"},
            made.session,
        )
        assert await ends(hand.evaluate("() => 1", seconds=0.5)) == "stuck"
        assert await ends(hand.click_at(140, 65), within=6) == "stuck"
        assert await hand.evaluate("() => document.title") == "[140,65]"
        await click(hand, "#near")


async def test_a_dialog_is_left_to_the_person(lab: Lab, chrome: Chrome) -> None:
    """Calls end in time, nothing dismisses it, and once it is answered the page is worked again."""
    async with holding(lab, chrome) as (hand, made):
        await made.own("void setTimeout(() => { document.title = 'said ' + confirm('sure?') }, 0)")
        assert await ends(hand.evaluate("() => document.title", seconds=0.5)) == "stuck"
        await made.page("Page.handleJavaScriptDialog", accept=True)
        assert await hand.evaluate("() => document.title") == "said true"


async def test_a_tab_that_is_closed(lab: Lab, chrome: Chrome) -> None:
    """The call under way and all later ones end at once."""
    async with holding(lab, chrome) as (hand, made):
        await made.line.call("Target.createTarget", {"url": "about:blank"})
        asyncio.get_running_loop().call_later(
            0.2, lambda: made.line.post("Target.closeTarget", {"targetId": made.target})
        )
        assert await ends(hand.evaluate(FOREVER)) == "gone"
        assert hand.gone
        assert await ends(hand.click_at(1, 1)) == "gone"
        with pytest.raises(Disconnected, match="No target with given id"):
            async with open_hand(made.chrome.endpoint, made.target):
                pass


async def test_a_page_whose_process_dies(lab: Lab, chrome: Chrome) -> None:
    """The call under way and all later ones end at once; after a reload another hand works it."""
    async with bench(lab, chrome) as made:
        async with open_hand(made.chrome.endpoint, made.target) as hand:
            made.page_soon("Page.crash")
            assert await ends(hand.evaluate(FOREVER)) == "gone"
            assert hand.gone
            assert await ends(hand.screenshot()) == "gone"
        with pytest.raises(Disconnected):
            async with open_hand(made.chrome.endpoint, made.target):
                pass
        await made.page("Page.reload")
        async with open_hand(made.chrome.endpoint, made.target) as hand:
            await made.until("document.readyState == 'complete'")
            await click(hand, "#near")


async def test_chrome_that_is_killed(lab: Lab, tmp_path: Path) -> None:
    """The call under way ends at once, so does every later one, and Playwright's process is not left behind."""
    async with browser(tmp_path) as own, holding(lab, own) as (hand, made):
        (driver,) = children("run-driver")
        asyncio.get_running_loop().call_later(0.2, os.kill, made.chrome.pid, signal.SIGKILL)
        assert await ends(hand.evaluate(FOREVER)) == "gone"
        assert await ends(hand.click_at(1, 1)) == "gone"
    await wait_gone(driver)


async def test_playwright_that_is_killed(lab: Lab, chrome: Chrome) -> None:
    """The call under way ends at once; the tab lives on, and another hand takes it."""
    async with bench(lab, chrome) as made:
        async with open_hand(made.chrome.endpoint, made.target) as hand:
            (driver,) = children("run-driver")
            asyncio.get_running_loop().call_later(0.2, os.kill, driver, signal.SIGKILL)
            assert await ends(hand.evaluate(FOREVER)) == "gone"
            assert await ends(hand.click_at(1, 1)) == "gone"
            assert hand.gone
        async with open_hand(made.chrome.endpoint, made.target) as hand:
            await click(hand, "#near")
        assert await made.own("document.title") == "[140,65]"


async def test_playwright_that_is_frozen(lab: Lab, chrome: Chrome) -> None:
    """It says nothing by itself: a call that gets no answer finds out, and leaving does not wait for it."""
    async with bench(lab, chrome) as made:
        async with open_hand(made.chrome.endpoint, made.target) as hand:
            (driver,) = children("run-driver")
            os.kill(driver, signal.SIGSTOP)
            assert await ends(hand.evaluate("() => 1", seconds=0.2), within=2) == "gone"
            assert await ends(hand.click_at(1, 1)) == "gone"
        os.kill(driver, signal.SIGCONT)
        await wait_gone(driver)


async def test_chrome_that_is_frozen(lab: Lab, chrome: Chrome) -> None:
    """It says nothing by itself either."""
    async with holding(lab, chrome) as (hand, made):
        os.kill(made.chrome.pid, signal.SIGSTOP)
        try:
            assert await ends(hand.evaluate("() => 1", seconds=0.2), within=2) == "gone"
        finally:
            os.kill(made.chrome.pid, signal.SIGCONT)


@pytest.mark.parametrize("wait", [0.05, 0.2, 0.4])
async def test_who_gives_up_before_it_is_there_leaves_nothing_behind(lab: Lab, chrome: Chrome, wait: float) -> None:
    """At whatever moment of the start: no process of Playwright's and no task is left."""
    async with bench(lab, chrome) as made:
        tasks = asyncio.all_tasks()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(wait), open_hand(made.chrome.endpoint, made.target):
                await asyncio.Event().wait()
        assert not children("run-driver")
        assert asyncio.all_tasks() == tasks


async def test_playwright_that_dies_at_once(lab: Lab, chrome: Chrome) -> None:
    """That is told as a line that is gone; another start may go well."""
    async with bench(lab, chrome) as made:
        opening = asyncio.ensure_future(open_hand(made.chrome.endpoint, made.target).__aenter__())
        for _ in range(1000):
            await asyncio.sleep(0.005)
            if found := children("run-driver"):
                os.kill(found[0], signal.SIGKILL)
                break
        with pytest.raises(Disconnected, match="Playwright cannot be started"):
            await opening


async def test_nothing_to_take_in_hand(lab: Lab, tmp_path: Path) -> None:
    """No Chrome, and no such tab in it: both are told as a line that is gone."""
    async with browser(tmp_path) as own, bench(lab, own) as made:
        endpoint = made.chrome.endpoint
        with pytest.raises(Disconnected, match="No target with given id"):
            async with open_hand(endpoint, "ABCDEF"):
                pass
    with pytest.raises(Disconnected, match="no Chrome at"):
        async with open_hand(endpoint, "ABCDEF"):
            pass


async def test_what_goes_wrong_in_the_block_comes_out(lab: Lab, chrome: Chrome) -> None:
    """An error of who works the page is theirs, and passes as it is."""
    with pytest.raises(ZeroDivisionError):
        async with holding(lab, chrome):
            raise ZeroDivisionError
    assert not children("run-driver")


# ------------------------------------------------------------------------------------- the rest of the browser


async def test_of_two_tabs_with_one_address_the_right_one_is_worked(lab: Lab, chrome: Chrome) -> None:
    """A tab is known by Chrome's name for it; two hands at a time do not mix."""
    async with bench(lab, chrome) as made:
        second = (await made.line.call("Target.createTarget", {"url": lab.url("/trade/page")}))["targetId"]
        async with (
            open_hand(made.chrome.endpoint, second) as right,
            open_hand(made.chrome.endpoint, made.target) as left,
        ):
            await click(right, "#near")
            assert await right.evaluate("() => document.title") == "[140,65]"
            assert await left.evaluate("() => document.title") == "lab"
            await left.bring_to_front()
            await left.click_at(101, 51)
            assert await left.evaluate("() => document.title") == "[101,51]"
            assert await right.evaluate("() => document.title") == "[140,65]"


async def test_other_tabs_are_left_alone(lab: Lab, chrome: Chrome) -> None:
    """One stands still and asks something, one is opened later: neither is attached to, answered, or waits for us."""
    lab.page("/asks", "setTimeout(() => { document.title = 'said ' + confirm('sure?') }, 0)")
    asks = lab.url("/asks", "localhost")  # of another site, so that it stands still alone
    late = lab.page("/late", "fetch('/late').then(() => { document.title = 'loaded' })")
    async with bench(lab, chrome) as made:
        asking = (await made.line.call("Target.createTarget", {"url": "about:blank"}))["targetId"]
        session = (await made.line.call("Target.attachToTarget", {"targetId": asking, "flatten": True}))["sessionId"]
        await made.line.call("Page.enable", session=session)
        await made.line.call("Page.navigate", {"url": asks}, session)
        async with open_hand(made.chrome.endpoint, made.target) as hand:
            await hand.bring_to_front()
            await click(hand, "#near")
            opened = (await made.line.call("Target.createTarget", {"url": late}))["targetId"]
            attached = {
                info["url"]: info["attached"] for info in await tabs(made.line) if info["url"].startswith("http")
            }
            assert attached == {asks: True, late: False, lab.url("/trade/page"): True}
            loaded = "new Promise(done => setInterval(() => document.title == 'loaded' && done(1), 10))"
            answer = None
            while answer is None:
                with suppress(Refused):  # the empty page that it was opened with may just be left
                    answer = await in_tab(made.line, opened, "Runtime.evaluate", expression=loaded, awaitPromise=True)
            assert answer["result"]["value"] == 1
        await made.line.call("Page.handleJavaScriptDialog", {"accept": True}, session)
        title = await made.line.call("Runtime.evaluate", {"expression": "document.title"}, session)
        assert title["result"]["value"] == "said true"


async def test_letting_go_leaves_the_tab_as_it_is(lab: Lab, chrome: Chrome) -> None:
    """Tab, document and Chrome live on, nothing of ours stays attached, and Playwright's process has ended."""
    async with bench(lab, chrome) as made:
        await made.own("window.same = true")
        async with open_hand(made.chrome.endpoint, made.target) as hand:
            await click(hand, "#near")
            (driver,) = children("run-driver")
        await wait_gone(driver)
        assert await made.own("same")
        await made.line.call("Target.detachFromTarget", {"sessionId": made.session})
        assert [info["attached"] for info in await tabs(made.line) if info["targetId"] == made.target] == [False]
