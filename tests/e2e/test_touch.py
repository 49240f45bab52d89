"""Clicks of the hands on a page that moves away from under the pointer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from qfluxd.chrome.page import Hand, open_hand
from qfluxd.drivers.pocketoption import page
from qfluxd.drivers.pocketoption.controls.diagnostics import Trouble
from qfluxd.drivers.pocketoption.controls.pressing import click_on
from qfluxd.drivers.pocketoption.controls.touch import Touch
from qfluxd.drivers.pocketoption.told import Told
from qfluxd.errors import PageError
from tests.support.lab import Lab, browser, hand

pytestmark = pytest.mark.e2e

HTML = """<style>a { position: absolute; left: 40px; top: 40px; width: 100px; height: 40px; background: #cde }</style>
<div id="root"><a class="pair-number-wrap" id="meant">meant</a></div>"""
SCRIPT = """
globalThis.clicks = [];
const root = document.querySelector('#root');
addEventListener('click', event => clicks.push(event.target.id));
globalThis.reset = html => { clicks.length = 0; root.innerHTML = html; return document.querySelector('#meant'); };
addEventListener('case', event => {
  const meant = reset('<a class="pair-number-wrap" id="meant">meant</a><a id="other" style="left: 400px">other</a>');
  if (event.detail === 'glides') meant.animate([{left: '600px'}, {left: '40px'}], 300);
  if (event.detail === 'flees') meant.onmousemove = () => { other.style.left = '40px'; };
  if (event.detail === 'buys') meant.innerHTML = '<b class="btn btn-call" style="position: absolute; inset: 0">buy</b>';
  if (event.detail === 'covered') other.style.cssText = 'left: 0; top: 0; width: 900px; height: 700px';
});
"""


@asynccontextmanager
async def touching(folder: Path) -> AsyncIterator[tuple[Touch, Hand]]:
    """A page with one control, and hands on it."""
    with Lab() as lab:
        url = lab.page("/page", SCRIPT, html=HTML)
        async with browser(folder, url) as chrome, hand(chrome.endpoint) as line:
            tabs = (await line.call("Target.getTargets"))["targetInfos"]
            target = next(tab["targetId"] for tab in tabs if tab["url"] == url)
            async with open_hand(chrome.endpoint, target) as held:
                yield Touch(held, Told(), Trouble(folder, lambda *_: None)), held


async def case(held: Hand, name: str) -> None:
    """Have the page behave so; hands share its document, and not its variables."""
    await held.evaluate("name => { dispatchEvent(new CustomEvent('case', {detail: name})); }", name)
    await held.evaluate("""() => {
      globalThis.got = [];
      document.querySelectorAll('a').forEach(each => each.addEventListener('click', () => got.push(each.id)));
    }""")


async def got(held: Hand) -> Any:
    """Which elements were clicked since."""
    return await held.evaluate("() => globalThis.got")


async def test_nothing_but_the_control_gets_a_click(tmp_path: Path) -> None:
    """One that glides is waited for, one that something slips over gets none, and neither does what slipped there.

    Buy and sell get none either, wherever they are.
    """
    async with touching(tmp_path) as (touch, held):
        await case(held, "plain")
        await touch.click(page.PICKER_OPENER)
        assert await got(held) == ["meant"]

        await case(held, "glides")
        spot = await touch.click(page.PICKER_OPENER)
        assert spot.box[0] == 40
        assert await got(held) == ["meant"]

        await case(held, "flees")
        with pytest.raises(PageError) as failed:
            await touch.click(page.PICKER_OPENER)
        assert failed.value.code == "covered"
        assert await got(held) == []

        await case(held, "covered")
        with pytest.raises(PageError) as failed:
            await touch.click(page.PICKER_OPENER)
        assert failed.value.code == "covered"
        assert "a#other" in failed.value.detail
        assert await got(held) == []
        await held.click_at(20, 20)  # the guard is off again
        assert await got(held) == ["other"]

        await case(held, "plain")
        await click_on(held, page.PICKER_OPENER)
        assert await got(held) == ["meant"]

        await case(held, "flees")
        with pytest.raises(PageError) as failed:
            await click_on(held, page.PICKER_OPENER)
        assert failed.value.code == "covered"
        assert await got(held) == []

        await case(held, "buys")
        with pytest.raises(PageError) as failed:
            await click_on(held, page.PICKER_OPENER)
        assert failed.value.code == "control_stuck"
        assert await got(held) == []
