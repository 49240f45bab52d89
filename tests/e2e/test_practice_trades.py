"""Trading on the practice page in a real browser: what an open and a closed trade look like."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.support.practice_table import BALANCE, CALL, PUT, Table, open_table, texts

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Table]:
    """One practice broker and one browser for all tests of this file."""
    async with open_table(tmp_path_factory.mktemp("tab")) as table:
        yield table


@pytest_asyncio.fixture(loop_scope="module")
async def table(browser: Table) -> Table:
    """The page with no traps set."""
    await browser.lay()
    return browser


def deal(ident: str, price: float, **fields: Any) -> dict[str, Any]:
    """A deal on EURUSD_otc as the platform tells it, opened now on its clock, for a minute."""
    return {
        "id": ident,
        "openTimestamp": 1,
        "closeTimestamp": 4_000_000_000,
        "amount": 1,
        "profit": 0.92,
        "percentProfit": 92,
        "openPrice": price,
        "closePrice": 0,
        "command": 0,
        "asset": "EURUSD_otc",
        "isDemo": 1,
    } | fields


async def test_an_open_trade_is_shown_everywhere(table: Table) -> None:
    """A click on Buy leads to a note, a row that counts down, a badge, figures on its favourite, and a new balance."""
    before = await table.tab.text(BALANCE)
    await table.tab.click(CALL)
    note = await table.tab.until("document.querySelector('.deals-noty-streamer .deals-noty')?.textContent")
    assert note == "Trade order placedEUR/USD OTCForecastBuyAmount$10"
    await table.tab.until("document.querySelector('.right-sidebar__badge').textContent === '1'")
    assert await table.there(".deals-list .deals-list__item .fa-arrow-up")
    assert await table.tab.text(".deals-list__double-up") == "Double Up"
    favourite = '[data-id="EURUSD_otc"] .assets-favorites-item__deal'
    assert (await table.tab.text(favourite)).startswith("$10+$")
    assert await table.there(f"{favourite} .assets-favorites-item__progress > div")
    await table.tab.until(f"document.querySelector('{BALANCE}').textContent !== '{before}'")
    left = "document.querySelector('.deals-list__item .item-row > :last-child').textContent"
    first = await table.tab.js(left)
    assert await table.tab.until(f"{left} !== {json.dumps(first)} && {left}") < first


async def test_a_trade_that_ends_moves_to_the_closed_ones(table: Table) -> None:
    """At its end a note tells the profit, the badge and the favourite's figures go, and a row stands under Closed."""
    await table.tab.click(PUT)
    await table.tab.until("document.querySelector('.right-sidebar__badge').textContent === '1'")
    await table.practice.settle_now()
    await table.tab.until("document.querySelector('.right-sidebar__badge').textContent === ''")
    note = await table.tab.text(".deals-noty-streamer .deals-noty:last-child")
    assert note.startswith("Trade order closedEUR/USD OTCAmount$10Profit")
    assert not await table.there(".assets-favorites-item__deal > *")
    assert not await table.there(".deals-list__double-up")
    await table.tab.click(".widget-slot.deals li a", "Closed")
    assert await table.there(".deals-list__item .fa-arrow-down")


@pytest.mark.parametrize(("price", "figures"), [(0.0001, "$1$1.92+$0.92"), (9999, "$1$0$0")])
async def test_an_open_row_follows_the_price(table: Table, price: float, figures: str) -> None:
    """Stake, what would come back and the gain: of the open price alone depends whether it looks won or lost."""
    await table.practice.push_event("successopenOrder", deal("x", price))
    await table.tab.until(f"{texts('.deals-list__item .item-row:nth-child(2)')}[0] === '{figures}'")
    back = "+$1.92" if price < 1 else "+$0"
    await table.tab.until(f"document.querySelector('.assets-favorites-item__profit').textContent === '{back}'")


async def test_an_answer_that_comes_twice_is_one_trade(table: Table) -> None:
    """A doubled answer makes one row and one note; a late one does not open again what is closed."""
    one = deal("x", 1.0)
    closed = one | {"profit": 0.92, "closePrice": 1.1, "closeTimestamp": 1}
    for event, body in (
        ("successopenOrder", one),
        ("successopenOrder", one),
        ("successcloseOrder", {"profit": 0.92, "deals": [closed]}),
        ("successopenOrder", one),
        ("successopenOrder", deal("y", 1.0)),
    ):
        await table.practice.push_event(event, body)
    rows = "[...document.querySelectorAll('.deals-list__item')].map(e => e.dataset.id).join()"
    await table.tab.until(f"{rows} === 'y'")
    titles = await table.tab.js(texts(".deals-noty__title"))
    assert titles == ["Tradeorderplaced", "Tradeorderclosed", "Tradeorderplaced"]


async def test_double_up_asks_for_another_like_it(table: Table) -> None:
    """The button of an open row sends the deal's id."""
    await table.practice.push_event("successopenOrder", deal("x", 1.0))
    await table.tab.click(".deals-list__double-up")
    for _ in range(250):
        if ("deals/double-up", {"ticket": "x"}) in table.practice.heard:
            return
        await asyncio.sleep(0.02)
    raise AssertionError("nothing was sent")


async def test_an_open_trade_is_marked_on_the_chart(table: Table) -> None:
    """Where it began there is a white dot, and there was none before."""
    white = (
        "(c => { const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
        "for (let i = 0; i < d.length; i += 4) if (d[i] + d[i+1] + d[i+2] + d[i+3] === 4 * 255) return true;"
        "return false; })(document.querySelector('.chart-canvas'))"
    )
    assert not await table.tab.js(white)
    await table.tab.click(CALL)
    await table.tab.until(white)


async def test_an_asset_that_is_shut_says_so(table: Table) -> None:
    """The veil, always in the document, comes into sight over the chart, and the payout says N/A."""
    look = "(s => [s.opacity, s.pointerEvents])(getComputedStyle(document.querySelector('.asset-inactive')))"
    assert await table.tab.js(look) == ["0", "none"]
    settings = json.dumps(table.practice.account.chart | {"symbol": "YERUSD_otc"})
    await table.practice.push_event("updateCharts", [{"chart_id": "chart-1", "settings": settings}])
    await table.tab.until("document.querySelector('.block--payout .value__val-start').textContent === 'N/A'")
    await table.tab.until(f"({look}).join() === '1,auto'")
    assert await table.tab.text(".block--payout .value__val-end") == ""
