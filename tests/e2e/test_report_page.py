"""A report in a real browser: nothing is fetched, nothing sticks out on a telephone, everything can be read."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from qfluxd.research.report.material import Arm
from qfluxd.research.report.page import page
from tests.support.reports import FINDINGS, material_of
from tests.support.tab import Tab, open_tab
from tests.support.trades import made_trades

pytestmark = pytest.mark.e2e

WIDTHS = (390, 1280)
LONG = "a_strategy_with_a_name_that_goes_on_and_on_without_any_place_to_break_it_" * 2

STICKS_OUT = """
(() => {
  const wide = document.documentElement.clientWidth;
  const out = [...document.body.querySelectorAll('*')].filter(e => {
    const box = e.getBoundingClientRect();
    return box.width && box.height && (box.right > wide + 1 || box.left < -1) && !e.closest('details:not([open])')
      && getComputedStyle(e).position !== 'absolute';
  });
  const cut = [...document.querySelectorAll('.map td')].filter(e => e.scrollWidth > e.clientWidth + 1);
  return [...out, ...cut].slice(0, 5).map(e => e.outerHTML.slice(0, 200));
})()
"""
"""What is cut off, or beyond the edge of the window."""

SMALL = """
Math.min(...[...document.querySelectorAll('main *')]
  .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()))
  .filter(e => e.getBoundingClientRect().height)
  .map(e => {
    const size = parseFloat(getComputedStyle(e).fontSize), svg = e.closest('svg');
    return svg ? size * svg.getBoundingClientRect().width / svg.viewBox.baseVal.width : size;
  }))
"""
"""The smallest letters on the page, in pixels of the screen."""

FAINT = """
(() => {
  const parse = c => c.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const ground = e => {
    for (; e; e = e.parentElement) {
      const c = parse(getComputedStyle(e).backgroundColor);
      if (c.length === 3 || c[3] === 1) return c;
    }
    return [255, 255, 255];
  };
  const found = {};
  for (const e of document.querySelectorAll('main *')) {
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())) continue;
    if (!e.getBoundingClientRect().height || ['title', 'desc'].includes(e.tagName)) continue;
    const style = getComputedStyle(e);
    const ink = parse(e.closest('svg') ? style.fill : style.color);
    const [a, b] = [light(ink), light(ground(e))].sort((x, y) => y - x);
    const ratio = (a + .05) / (b + .05);
    if (ratio < 4.5) found[`${e.tagName} ${e.className.baseVal ?? e.className} ${e.textContent.slice(0, 30)}`] = ratio;
  }
  return found;
})()
"""
"""Text whose contrast against what lies behind it is below 4.5 (WCAG 2.2, level AA)."""

BROKEN = """
[...document.querySelectorAll('.parts bdi')].filter(e => e.getClientRects().length > 1).map(e => e.textContent)
"""
"""Names of parts that go on in another line."""

OUT_OF_ITS_PLOT = """
[...document.querySelectorAll('svg.plot')].flatMap(svg => {
  const frame = svg.getBoundingClientRect();
  return [...svg.querySelectorAll('text')].filter(t => {
    const box = t.getBoundingClientRect();
    return box.left < frame.left - 8 || box.right > frame.right + 8 || box.bottom > frame.bottom + 4;
  }).map(t => t.textContent);
})
"""


def _of_assets(trades: pl.DataFrame) -> pl.DataFrame:
    """The same trades, each on another asset than the one before."""
    names = pl.Series(["EURUSD_otc", "#MSFT_otc", "BTCUSD_otc", "AUDNZD_otc"])
    return trades.with_columns(asset=names.gather(pl.int_range(trades.height, eager=True) % len(names)))


def report() -> str:
    """A report with everything in it that can be wide."""
    trades = made_trades(4000, rate=0.56, days=70)
    arms = (
        Arm("rsi", "backtest", trades, {"payout_low": 20, "too_many_open": 3}, 4023, findings=FINDINGS),
        Arm("assets", "backtest", _of_assets(made_trades(900, rate=0.56, days=70))),
        Arm(LONG, "live, demo account", made_trades(90_000, days=60, seed=4).sample(9000, seed=1).sort("signalled")),
        Arm("nothing", "shadow", made_trades(0)),
    )
    return page(material_of(*arms, tried=40))


class Served:
    """A page on loopback, and every path that a browser asked for."""

    def __init__(self, text: str) -> None:
        self._body = text.encode()
        self.asked: list[str] = []

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Give the page to whoever asks for anything."""
        head = await reader.readline()
        if not head:  # browsers open lines that they do not use
            writer.close()
            return
        self.asked.append(head.split()[1].decode())
        told = f"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {len(self._body)}\r\n"
        writer.write(f"{told}Connection: close\r\n\r\n".encode() + self._body)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[tuple[Served, Tab]]:
    """The report in a browser."""
    served = Served(report())
    server = await asyncio.start_server(served.answer, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with server, open_tab(folder, address) as tab:
        await tab.until("document.readyState === 'complete' && document.querySelector('h1')")
        yield served, tab


async def looked_at(tab: Tab, width: int, scheme: str) -> None:
    """Look at it through a window of this width, by day or by night."""
    await tab.resize(width, 900)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    await tab.call("Emulation.setEmulatedMedia", features=features)


async def test_in_a_browser(tmp_path: Path) -> None:
    """At a telephone's width and a desk's, by day and by night: nothing sticks out or is cut off, all can be read.

    And all that the browser ever asked for is the page itself.
    """
    troubles: dict[str, Any] = {}
    async with opened(tmp_path) as (served, tab):
        for width in WIDTHS:
            for scheme in ("light", "dark"):
                await looked_at(tab, width, scheme)
                troubles[f"{width} {scheme} sticks out"] = await tab.js(STICKS_OUT)
                troubles[f"{width} {scheme} broken"] = await tab.js(BROKEN)
                troubles[f"{width} {scheme} faint"] = await tab.js(FAINT)
                troubles[f"{width} {scheme} out of its plot"] = await tab.js(OUT_OF_ITS_PLOT)
            assert await tab.js("document.documentElement.scrollWidth - innerWidth") <= 0
            assert await tab.js(SMALL) >= 10.5
        assert await tab.js("performance.getEntriesByType('resource').length") == 0
        assert await tab.js("getComputedStyle(document.body).backgroundColor") == "rgb(20, 24, 29)"
    assert served.asked == ["/"]
    assert {name: found for name, found in troubles.items() if found} == {}, json.dumps(troubles, indent=1)
