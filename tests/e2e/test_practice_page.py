"""The practice broker's trading page in a real browser: its structure, its controls, and what it sends."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from qfluxd.practice.server import PracticeBroker, PracticeOptions, serve
from tests.support.fixtures import fixture
from tests.support.tab import Tab, open_tab

pytestmark = pytest.mark.e2e

SELECTORS = """
.loading-container.js-loading-container.hide .ajax-loader-v2.js-ajax-loader-v2
.wrapper > .wrapper__top > header.site-header .right-block.js-right-block
#js-window-layout-switcher
#js-fav-panel-switcher a.fav-panel-switcher
.right-block__item.js-drop-down-modal-open[data-modal-id="balance"] .balance-info-block__label
.js-drop-down-modal-open[data-modal-id="fast-deposit"]
.js-drop-down-modal-open[data-modal-id="user-info"]
.balance-info-block__currency
.balance-info-block__balance .js-hd.js-balance-demo[data-hd-show="10,000.00"][data-hd-hide][data-hd-status="show"]
#js-assets-favorites-slider > .assets-favorites-list > .assets-favorites-arrow--left.assets-favorites-arrow--disabled
.assets-favorites-list > .assets-favorites-list__wrap > .assets-favorites-list__in[style*="translate3d(0px, 0px, 0px)"]
.animated.assets-favorites-item[data-id="AUDCAD_otc"][tabindex] .assets-favorites-item__line
.assets-favorites-item__line > .assets-favorites-item__label
.assets-favorites-item[data-id="AUDCAD_otc"] .payout > .payout__in > .payout__number
.assets-favorites-item[data-id="AUDCAD_otc"] .payout__symbol
.assets-favorites-item__preview-wrapper svg.injected-svg
.currencies-block a.pair-number-wrap span.current-symbol.current-symbol_cropped
a.items__link--chart-type
.block--expiration-inputs .control__value.value .value__val
.block--expiration-inputs a
.block--bet-amount .value__val input
.js-tour-block--bet-amount
.block--payout .value__val-start
#put-call-buttons-chart-1 .action-high-low.button-call-wrap a.btn.btn-call .switch-state-block__item .payout__text
#put-call-buttons-chart-1 .action-high-low.button-put-wrap a.btn.btn-put .switch-state-block__item .payout__text
.js-react-call-put-wrap-chart-1
.widget-slot.deals .deals-list .no-deals
.widget-slot.deals li.active
.asset-inactive
.deals-noty-streamer.deals-noty-streamer--position-bottom-left
.achievements-notice-streamer
.type-of-trade-label
#modal-root
input[name=amount]
body.is-chart-demo
""".strip().splitlines()


@asynccontextmanager
async def trading(folder: Path, **options: Any) -> AsyncIterator[tuple[PracticeBroker, Tab]]:
    """A practice broker and its page in a browser, once the page shows a market."""
    async with serve(PracticeOptions(**options)) as practice, open_tab(folder, practice.url) as tab:
        await tab.until("document.querySelector('.js-loading-container.hide')")
        yield practice, tab


def asked(practice: PracticeBroker, event: str) -> list[Any]:
    """What the page has sent under a name so far."""
    return [body for name, body in practice.heard if name == event]


async def heard(practice: PracticeBroker, done: Callable[[], object]) -> None:
    """Wait until what the page has sent fulfils a condition."""
    for _ in range(500):
        if done():
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"the page has only sent {[name for name, _ in practice.heard]}")


async def chart_on(practice: PracticeBroker, asset: str, period: int) -> None:
    """Wait until the page has asked for a chart."""
    wanted = {"asset": asset, "period": period}
    await heard(practice, lambda: asked(practice, "changeSymbol")[-1:] == [wanted])


async def test_the_page_has_the_platforms_structure(tmp_path: Path) -> None:
    """Every class and id that clients of the platform rely on is there, and PRACTICE can be read."""
    async with trading(tmp_path) as (_, tab):
        missing = [each for each in SELECTORS if not await tab.js(f"!!document.querySelector({json.dumps(each)})")]
        assert missing == []
        assert await tab.js("getComputedStyle(document.querySelector('.asset-inactive')).opacity") == "0"
        assert "PRACTICE" in await tab.js("document.body.innerText")


async def test_the_page_sends_what_the_platforms_sends(tmp_path: Path) -> None:
    """After signing in it asks for its chart, saves it, subscribes, and pages back through history; all websocket."""
    async with trading(tmp_path) as (practice, tab):
        wanted = {"subfor", "signals/subscribe", "price-alert/load", "saveCharts", "loadHistoryPeriod", "signals/stats"}
        await heard(practice, lambda: wanted <= {name for name, _ in practice.heard})
        assert practice.heard[0] == ("changeSymbol", {"asset": "EURUSD_otc", "period": 60})
        history = asked(practice, "loadHistoryPeriod")[0]
        assert history["offset"] == 9000
        assert history["index"] // 100 == pytest.approx(history["time"], abs=9000)
        names = await tab.js("performance.getEntriesByType('resource').map(e => e.name).join(' ')")
        assert "transport=polling" not in names


async def test_assets_are_picked_from_the_picker_and_the_favourites(tmp_path: Path) -> None:
    """The compact name finds both markets, the exact row chooses; the picker stays until a click beside it."""
    async with trading(tmp_path) as (practice, tab):
        await tab.click(".pair-number-wrap")
        await tab.click(".drop-down-modal--quotes-list .search__field")
        await tab.type("GBPUSD")
        rows = "[...document.querySelectorAll('.alist__item .alist__label')].map(e => e.textContent)"
        assert sorted(await tab.until(f"(rows => rows.length === 2 && rows)({rows})")) == ["GBP/USD", "GBP/USD OTC"]
        await tab.click(".alist__item .alist__label", "GBP/USD OTC")
        await chart_on(practice, "GBPUSD_otc", 60)
        assert await tab.text(".current-symbol") == "GBP/USD OTC"
        assert await tab.js("!!document.querySelector('#modal-root .drop-down-modal-wrap.active')")
        await tab.call("Input.dispatchMouseEvent", type="mousePressed", x=800, y=600, button="left", clickCount=1)
        await tab.call("Input.dispatchMouseEvent", type="mouseReleased", x=800, y=600, button="left", clickCount=1)
        await tab.until("!document.querySelector('#modal-root .drop-down-modal-wrap')")
        await tab.click('.assets-favorites-item[data-id="AUDCAD_otc"]')
        await chart_on(practice, "AUDCAD_otc", 60)
        assert await tab.text(".current-symbol") == "AUD/CAD OTC"


async def test_an_asset_that_is_shut_cannot_be_picked(tmp_path: Path) -> None:
    """Its row says when and not how much, and a click on it changes nothing."""
    async with trading(tmp_path) as (practice, tab):
        await tab.click(".pair-number-wrap")
        await tab.click(".search__field")
        await tab.type("YERUSD")
        await tab.until("document.querySelector('.alist__item--no-active .alist__schedule-info')")
        await tab.click(".alist__link .alist__label", "YER/USD OTC")
        assert await tab.text(".current-symbol") == "EUR/USD OTC"
        assert len(asked(practice, "changeSymbol")) == 1


async def test_favourites_move_by_transform(tmp_path: Path) -> None:
    """The right arrow moves the track, never its scroll position; favourites can be starred and removed."""
    async with trading(tmp_path) as (practice, tab):
        await tab.click(".assets-favorites-arrow--right")
        await tab.until("document.querySelector('.assets-favorites-list__in').style.transform.includes('-300px')")
        assert await tab.js("document.querySelector('.assets-favorites-list__wrap').scrollLeft") == 0
        assert not await tab.js(
            "!!document.querySelector('.assets-favorites-arrow--left.assets-favorites-arrow--disabled')"
        )
        await tab.click('.assets-favorites-item[data-id="EURGBP_otc"] .assets-favorites-item__remove')
        await tab.until("!document.querySelector('[data-id=\"EURGBP_otc\"]')")
        assert "EURGBP_otc" not in asked(practice, "favorite/change")[0]


async def test_timeframe_and_chart_type_are_chosen_in_the_menu(tmp_path: Path) -> None:
    """Choosing M5 asks for 300 s, shows it on the button, and is saved under the platform's number."""
    async with trading(tmp_path) as (practice, tab):
        await tab.click("a.items__link--chart-type")
        names = await tab.js("[...document.querySelectorAll('.timeframes li')].map(e => e.textContent).join(' ')")
        assert names == "S5 S10 S15 S30 M1 M2 M3 M5 M10 M15 M30 H1 H4 D1"
        await tab.click(".timeframes a", "M5")
        await chart_on(practice, "EURUSD_otc", 300)
        assert await tab.text("a.items__link--chart-type") == "M5"
        await tab.click("a.items__link--chart-type")
        await tab.click(".chart-types a", "Heikin Ashi")
        await tab.until("!document.querySelector('.drop-down-modal')")
        await tab.go(practice.url)
        await tab.until("document.querySelector('a.items__link--chart-type').textContent === 'M5'")


async def test_expiry_is_set_by_preset_and_by_field(tmp_path: Path) -> None:
    """A preset and typed seconds both show as HH:MM:SS; the link beside it turns durations into times of day."""
    value = ".block--expiration-inputs .value__val"
    async with trading(tmp_path) as (_, tab):
        assert await tab.text(value) == "00:01:00"
        await tab.click(".block--expiration-inputs .control__value")
        presets = await tab.js(
            "[...document.querySelectorAll('.dops__timeframes-item')].map(e => e.textContent).join(' ')"
        )
        assert presets == "S3 S15 S30 M1 M3 M5 M30 H1 H4"
        await tab.click(".dops__timeframes-item", "M5")
        await tab.until("document.querySelector('.block--expiration-inputs .value__val').textContent === '00:05:00'")
        seconds = "document.querySelectorAll('.expiration-inputs-list-modal input')[2]"
        await tab.js(f"{seconds}.select(), {seconds}.focus()")
        await tab.type("45")
        await tab.press("Escape")
        await tab.until("!document.querySelector('.expiration-inputs-list-modal')")
        assert await tab.text(value) == "00:05:45"
        await tab.click(".block--expiration-inputs a")
        await tab.until("document.querySelector('.block--expiration-inputs .value__val').textContent !== '00:05:45'")
        await tab.click(".block--expiration-inputs .control__value")
        assert (await tab.text(".dops__timeframes-item")) == "+S3"


async def test_the_amount_field_behaves_like_the_platforms(tmp_path: Path) -> None:
    """Selected and typed over it takes the amount; emptied first it falls back to 1, and typing makes 110 of 10."""
    field = "document.querySelector('.block--bet-amount input')"
    async with trading(tmp_path) as (_, tab):
        await tab.js(f"{field}.focus(), {field}.select()")
        await tab.type("20")
        assert await tab.js(f"{field}.value") == "20"
        percent = int((await tab.text(".block--payout .value__val-start")).strip("+%"))
        assert await tab.text(".block--payout .value__val-end") == f"+${20 * (1 + percent / 100):.2f}"
        await tab.js(f"{field}.value = '', {field}.dispatchEvent(new Event('input', {{bubbles: true}}))")
        assert await tab.js(f"{field}.value") == "1"
        await tab.type("10")
        assert await tab.js(f"{field}.value") == "110"


async def test_buy_sends_the_order_and_shows_the_answer(tmp_path: Path) -> None:
    """A click on Buy sends `openOrder` with what the panel shows; the refusal appears among the notes."""
    async with trading(tmp_path) as (practice, tab):
        await tab.click("#put-call-buttons-chart-1 a.btn.btn-put")
        await tab.until("document.querySelector('.deals-noty-streamer .noty')")
        order = asked(practice, "openOrder")[0]
        assert (order["asset"], order["amount"], order["action"]) == ("EURUSD_otc", 10, "put")
        assert (order["isDemo"], order["optionType"], order["time"]) == (1, 100, 60)


async def test_the_balance_menu_leads_to_the_other_account(tmp_path: Path) -> None:
    """From demo to real: address, body class, label and the account that signs in change."""
    async with trading(tmp_path) as (practice, tab):
        await tab.click('[data-modal-id="balance"]')
        await tab.click('[data-account="real"]')
        await tab.until(
            "location.pathname === '/en/cabinet/quick-high-low/'"
            " && document.querySelector('.js-loading-container.hide')"
        )
        assert not await tab.js("document.body.classList.contains('is-chart-demo')")
        assert await tab.text(".balance-info-block__label") == "QT Real"
        assert await tab.text("div.type-of-trade-label.type-of-trade-label--real") == "You are trading on Real account"
        assert practice.real_url == await tab.js("location.href")


async def test_being_logged_out_leads_to_the_login_page_and_back(tmp_path: Path) -> None:
    """When the session ends the page goes to the login page by itself; signing in brings the market back."""
    async with trading(tmp_path) as (practice, tab):
        await practice.log_out()
        await tab.until("location.pathname === '/en/login/' && document.readyState === 'complete'")
        await tab.click(".btn-login")
        await tab.until(
            "location.pathname.includes('demo-quick') && document.querySelector('.js-loading-container.hide')"
        )


async def test_dropped_sockets_are_opened_again(tmp_path: Path) -> None:
    """After the connection is cut the page comes back by itself and asks for its chart again."""
    async with trading(tmp_path) as (practice, tab):
        practice.drop_sockets()
        await tab.until("document.querySelector('.js-loading-container:not(.hide)')")
        await tab.until("document.querySelector('.js-loading-container.hide')")
        await heard(practice, lambda: len(asked(practice, "changeSymbol")) == 2)


@pytest.mark.parametrize(("width", "height"), [(1600, 900), (390, 844)])
async def test_the_page_fits_the_window(tmp_path: Path, width: int, height: int) -> None:
    """Nothing sticks out sideways, buy and sell lie free inside the window, and the chart has room."""
    async with trading(tmp_path) as (_, tab):
        await tab.resize(width, height)
        await tab.go(await tab.js("location.href"))
        await tab.until("document.querySelector('.js-loading-container.hide')")
        assert await tab.js("document.documentElement.scrollWidth") <= width
        for side in ("call", "put"):
            free = (
                f"(e => {{ const r = e.getBoundingClientRect(); return r.right <= {width} && r.bottom <= {height}"
                " && e.contains(document.elementFromPoint(r.x + r.width / 2, r.y + r.height / 2)); })"
                f"(document.querySelector('.btn-{side}'))"
            )
            assert await tab.js(free)
        assert await tab.js("document.querySelector('.chart-canvas').getBoundingClientRect().height") > 300


async def test_the_chart_moves_with_the_ticks(tmp_path: Path) -> None:
    """The picture of the chart changes while prices come."""
    picture = "document.querySelector('.chart-canvas').toDataURL()"
    async with trading(tmp_path, speed=5) as (_, tab):
        before = await tab.js(picture)
        await tab.until(f"{picture} !== {json.dumps(before)}")
        drawn = "(c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(v => v > 150))"
        assert await tab.js(f"{drawn}(document.querySelector('.chart-canvas'))")


async def test_the_page_shows_a_recorded_session(tmp_path: Path) -> None:
    """Fed with a real recording, it shows that recording's asset, balance and favourites."""
    feed = fixture("frames/detailed_websocket_data_20250903_003350.frames.jsonl")
    async with trading(tmp_path, feed=feed, speed=100) as (_, tab):
        await tab.until("document.querySelector('.current-symbol').textContent === 'EUR/GBP OTC'")
        await tab.until("document.querySelector('.js-hd').dataset.hdShow === '48,335.49'")
        await tab.until("document.querySelectorAll('.assets-favorites-item').length === 15")
        await tab.click(".widget-slot.deals li a", "Closed")
        rows = "[...document.querySelectorAll('.deals-list .deals-list__item .item-row')].map(e => e.textContent)"
        assert (await tab.until(f"(rows => rows.length === 40 && rows)({rows})"))[:2] == [
            "NZD/USD OTC+92%23:59",
            "$20$38.40+$18.40",
        ]
