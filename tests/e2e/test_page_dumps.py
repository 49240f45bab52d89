"""What was saved of the real platform's page, put into a real browser and read as the page is."""

import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from qfluxd.chrome.page import open_hand
from qfluxd.drivers.pocketoption import page
from qfluxd.drivers.pocketoption.controls import readings
from qfluxd.drivers.pocketoption.controls.favourites import scanned
from qfluxd.drivers.pocketoption.controls.readings import Seen, read
from qfluxd.drivers.pocketoption.told import Told
from qfluxd.sights import Reading
from tests.support.fixtures import fixture
from tests.support.lab import Lab, browser, hand

pytestmark = pytest.mark.e2e

Dump = list[dict[str, Any]]
ADDRESS = "/en/cabinet/demo-quick-high-low/"
HEADER = ("right-block js-right-block", "right-block__item js-drop-down-modal-open", "balance-info-block ")
BAR = ("assets-favorites-list", "assets-favorites-list__wrap", "assets-favorites-list__in")


def dumped(name: str) -> Dump:
    """Every element that was saved, in the document's order; their HTML breaks off after 200 characters."""
    elements: Dump = json.loads(fixture(f"dom/{name}").read_text())["div_elements"]
    return elements


def of_class(dump: Dump, name: str) -> Iterator[dict[str, Any]]:
    """The elements with exactly that class."""
    return (element for element in dump if element["class"] == name)


def tag(element: dict[str, Any]) -> str:
    """An element's opening tag as it was saved."""
    return str(element["outer_html"]).partition(">")[0] + ">"


def whole(element: dict[str, Any]) -> str:
    """What was saved of an element, up to the last tag that is complete, and closed again."""
    html = re.sub(r"<[^>]*$", "", element["outer_html"])
    return html + "</div>" * (html.count("<div") - html.count("</div>"))


def rebuilt(dump: Dump) -> str:
    """The header and the bar of favourites, out of the pieces that were saved."""

    def first(name: str) -> dict[str, Any]:
        return next(of_class(dump, name))

    header = "".join(tag(first(name)) for name in HEADER)
    inside = "".join(whole(first(f"balance-info-block__{name}")) for name in ("label", "currency", "balance"))
    items = zip(
        of_class(dump, "animated assets-favorites-item"), of_class(dump, "assets-favorites-item__line"), strict=True
    )
    bar = "".join(f"{tag(item)}{whole(line)}</div>" for item, line in items)
    slider = tag(next(element for element in dump if element["id"] == "js-assets-favorites-slider"))
    loader = "".join(whole(first(name)) for name in ("loading-container js-loading-container hide",))
    return f"{loader}{header}{inside}</div></div></div>{slider}{''.join(tag(first(name)) for name in BAR)}{bar}"


@asynccontextmanager
async def seen(folder: Path, html: str) -> AsyncIterator[tuple[Seen, Any]]:
    """A document read in a browser, and what else is to be asked of it."""
    with Lab() as lab:
        url = lab.page(ADDRESS, "", html=html)
        async with browser(folder, url) as chrome, hand(chrome.endpoint) as line:
            tabs = (await line.call("Target.getTargets"))["targetInfos"]
            target = next(tab["targetId"] for tab in tabs if tab["url"] == url)
            async with open_hand(chrome.endpoint, target) as held:
                yield await read(held), held


@pytest.mark.parametrize(
    ("name", "balance"),
    [
        ("detailed_div_data_20250831_224741.json", "48446.09"),
        ("detailed_div_data_20250903_003350.json", "48335.49"),
    ],
)
async def test_the_saved_page_gives_the_right_account_balance_and_favourites(
    tmp_path: Path, name: str, balance: str
) -> None:
    """Balance, account, currency, favourites and payouts are those that the page's own text shows."""
    dump = dumped(name)
    texts = [item["text"].split("\n") for item in of_class(dump, "animated assets-favorites-item")]
    symbols = [
        re.search(r'data-id="([^"]+)"', item["outer_html"]) for item in of_class(dump, "animated assets-favorites-item")
    ]
    async with seen(tmp_path, rebuilt(dump)) as (shown, _):
        told = Told()
        assert readings.balance(shown, told) == Reading(Decimal(balance), "page", Decimal(balance))
        assert readings.balance_hidden(shown) is False
        assert readings.account(shown, told) == Reading("demo", "page", "demo")
        assert readings.currency(shown, told) == Reading("USD", "page", "USD")
        found = scanned(shown, told, 90)
        assert len(found.favorites) == len(texts) >= 6
        for one, (label, payout, sign), symbol in zip(found.favorites, texts, symbols, strict=True):
            assert symbol is not None
            assert (one.asset, one.label, sign) == (symbol[1], label, "%")
            assert one.payout == Reading(int(payout), "page", int(payout))
        assert found.eligible == tuple(one.asset for one in found.favorites if (one.payout.value or 0) >= 90)
        assert shown.covering == ()
        assert not shown.login


async def test_the_saved_buy_button_is_found_and_can_be_pressed(tmp_path: Path) -> None:
    """Where the button was found on the platform it is found by our first selector, and its word is no payout."""
    saved = json.loads(fixture("dom/trade_click_diagnostics_20250901_191134.json").read_text())
    button = re.sub(r"<(svg|path)[^>]*(>|$)", "", saved["target"]["outer_html"].replace("...", "")) + "Buy"
    place = '<div id="put-call-buttons-chart-1"><div class="action-high-low button-call-wrap">'
    assert page.CALL.selectors[0] == saved["target"]["selector_detail"]
    async with seen(tmp_path, place + button) as (shown, held):
        assert shown.call
        assert not shown.put
        assert shown.payout is None
        found = await held.find(page.CALL.selectors)
        assert (found.selector, found.count) == (page.CALL.selectors[0], 1)
