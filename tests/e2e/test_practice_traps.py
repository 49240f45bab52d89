"""The practice page's traps in a real browser: each springs as documented, and only when it is set."""

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from qfluxd.drivers.pocketoption import page as selectors
from qfluxd.practice.traps import Traps
from tests.support.practice_table import AMOUNT, BALANCE, CALL, EXPIRY, PUT, Table, open_table, texts

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

COVERS = (
    ".mfp-wrap, .tutorial-v1, .achievements-notice, .drop-down-modal, .call-put-block__area, .action-high-low__sticker"
)


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


# ---------------------------------------------------------------------------------------------- all traps off


async def test_without_traps_nothing_comes_over_the_page(table: Table) -> None:
    """Loading, setting the panel and trading bring no cover, and each click is one order at once."""
    await table.tab.js("window.seen = 0")
    await table.tab.js(
        f"new MutationObserver(() => {{ seen += document.querySelectorAll({json.dumps(COVERS)}).length }})"
        ".observe(document.body, {childList: true, subtree: true})"
    )
    since = len(table.practice.orders)
    await table.tab.click('.assets-favorites-item[data-id="AUDCAD_otc"]')
    await table.tab.click(CALL)
    assert [order.asset for order in await table.orders(1, since)] == ["AUDCAD_otc"]
    await table.tab.js("new Promise(done => setTimeout(done, 900))")
    assert await table.tab.js("seen") == 0
    assert await table.free(CALL)
    classes = await table.tab.js("document.body.className")
    assert "trades-shut" not in classes
    assert "favourites-hidden" not in classes
    assert await table.tab.js(f"document.querySelector('{BALANCE}').dataset.hdStatus") == "show"


async def test_traps_can_be_set_on_an_open_page(table: Table) -> None:
    """What is switched on springs without a reload, and what is switched off goes without a trace."""
    await table.practice.set_traps(Traps(promo=True, balance_hidden=True, clock_mode=True, veil=True))
    await table.tab.until("document.querySelector('.mfp-wrap') && document.querySelector('.call-put-block__area')")
    assert await table.tab.text(BALANCE) == "*******"
    assert await table.tab.text(EXPIRY) != "00:01:00"
    await table.practice.set_traps(Traps())
    await table.gone(COVERS)
    assert await table.tab.text(BALANCE) != "*******"
    assert await table.tab.text(EXPIRY) == "00:01:00"


# -------------------------------------------------------------------------------------------------- the panel


async def test_the_amount_appends(table: Table) -> None:
    """Typing over a selected 10 makes 1020; a value set with its input event stands."""
    await table.lay(amount_appends=True)
    field = f"document.querySelector('{AMOUNT}')"
    await table.tab.js(f"{field}.focus(), {field}.select()")
    await table.tab.type("20")
    assert await table.tab.js(f"{field}.value") == "1020"
    await table.tab.js(f"{field}.select()")
    await table.tab.call("Input.insertText", text="5")
    assert await table.tab.js(f"{field}.value") == "10205"
    await table.tab.js(f"{field}.value = '20', {field}.dispatchEvent(new Event('input', {{bubbles: true}}))")
    assert await table.tab.js(f"{field}.value") == "20"


@pytest.mark.parametrize("late", [300, 0])
async def test_the_panel_is_made_anew(table: Table, late: int) -> None:
    """So long after a change of expiry every element of the panel is another one; without the trap none is."""
    await table.lay(rerender_ms=late)
    await table.tab.click(".block--expiration-inputs .control__value")
    await table.tab.js(
        f"[...document.querySelectorAll('.dops__timeframes-item')].find(e => e.textContent === 'M5').click(),"
        f"document.querySelector('{CALL}').dataset.mine = 1, document.querySelector('{AMOUNT}').dataset.mine = 1"
    )
    await table.tab.js("new Promise(done => setTimeout(done, 500))")
    for selector in (CALL, AMOUNT):
        assert await table.there(f"{selector}[data-mine]") is not bool(late)
    assert await table.tab.text(EXPIRY) == "00:05:00"
    assert await table.tab.js(f"document.querySelector('{AMOUNT}').value") == "10"


async def test_the_page_loads_in_clock_mode(table: Table) -> None:
    """The expiry is a time of day, and the order names the second it closes at; the icon leads back."""
    await table.lay(clock_mode=True)
    assert await table.tab.text(EXPIRY) != "00:01:00"
    since = len(table.practice.orders)
    await table.tab.click(CALL)
    assert (await table.orders(1, since))[0].deal
    sent = [body for event, body in table.practice.heard if event == "openOrder"]
    assert sent[-1]["time"] % 30 == 0
    assert sent[-1]["time"] > 1_000_000_000
    await table.tab.click(".block--expiration-inputs a")
    assert await table.tab.text(EXPIRY) == "00:01:00"


# ------------------------------------------------------------------------------- what lies over the whole page


async def test_a_promotion_lies_over_the_page(table: Table) -> None:
    """Only its cross closes it, and it comes again when the panel is set and when an order has left."""
    await table.lay(promo=True)
    assert not await table.free(CALL)
    await table.tab.press("Escape")
    await table.press(CALL)
    assert await table.there(".mfp-wrap")
    await table.tab.click(".mfp-close")
    assert not await table.there(".mfp-wrap")
    await table.dispatch('.assets-favorites-item[data-id="AUDCAD_otc"]')
    await table.tab.click(".mfp-close")
    await table.tab.click(CALL)
    await table.tab.click(".mfp-close")
    await table.gone(".mfp-wrap")


async def test_the_tutorial_lies_over_the_page(table: Table) -> None:
    """It covers everything until it is skipped, and does not come again on this page."""
    await table.lay(tutorial=True)
    for selector in (CALL, ".pair-number-wrap", BALANCE):
        assert not await table.free(selector)
    await table.tab.click(".tutorial-v1__skip")
    await table.gone(".tutorial-v1")
    assert await table.free(CALL)


async def test_the_deposit_opens_by_itself(table: Table) -> None:
    """The drop-down covers the panel with an amount of its own; Escape closes it."""
    await table.lay(deposit=True)
    assert await table.there("#modal-root .drop-down-modal-wrap.active .drop-down-modal--fast-deposit input")
    assert not await table.free(CALL)
    assert not await table.free(AMOUNT)
    await table.tab.press("Escape")
    assert await table.free(CALL)


async def test_the_deposit_waits_for_another_drop_down(table: Table) -> None:
    """It takes nothing away that is open: it comes when the expiry's list has been closed."""
    await table.lay(deposit=True)
    await table.tab.press("Escape")
    await table.tab.click(".block--expiration-inputs .control__value")
    await table.tab.click(".dops__timeframes-item", "M5")
    await table.tab.js("new Promise(done => setTimeout(done, 300))")
    assert await table.there(".expiration-inputs-list-modal")
    await table.tab.press("Escape")
    await table.tab.until("document.querySelector('.drop-down-modal--fast-deposit')")


# ---------------------------------------------------------------------------------------- what lies over the buttons


async def test_a_toast_lies_over_the_buttons_and_goes(table: Table) -> None:
    """No part of either button can be hit while it is there; it is gone after some seconds."""
    await table.lay(toast=True)
    for side in (CALL, PUT):
        for across in (0.02, 0.5, 0.98):
            assert not await table.free(side, across)
    assert await table.free(AMOUNT)
    await table.gone(".achievements-notice")
    assert await table.free(CALL)


async def test_a_toast_goes_when_it_is_clicked(table: Table) -> None:
    """One click takes it away, and the next reaches the button."""
    await table.lay(toast=True)
    await table.press(CALL)
    assert not await table.there(".achievements-notice")
    since = len(table.practice.orders)
    await table.press(CALL)
    assert len(await table.orders(1, since)) == 1


async def test_a_veil_takes_the_clicks_of_the_pointer(table: Table) -> None:
    """Nothing of it can be seen, no part of the buttons can be hit, and only dispatched events reach them."""
    await table.lay(veil=True)
    look = "(s => [s.backgroundColor, s.backgroundImage, s.borderStyle, s.opacity])(getComputedStyle(v))"
    seen = await table.tab.js(f"(v => {look})(document.querySelector('.call-put-block__area'))")
    assert seen == ["rgba(0, 0, 0, 0)", "none", "none", "1"]
    for across, down in ((0.5, 0.5), (0.02, 0.05), (0.98, 0.95)):
        assert not await table.free(CALL, across, down)
    await table.only_a_dispatched_click_sends()


async def test_the_veil_outlives_a_new_panel(table: Table) -> None:
    """When the panel is made anew the veil lies over the new buttons."""
    await table.lay(veil=True)
    await table.dispatch(".block--bet-amount a")
    assert not await table.free(CALL)


async def test_a_cover_leaves_the_edges_free(table: Table) -> None:
    """The middle of each button is covered; a click near its edge trades."""
    await table.lay(partly_covered=True)
    assert not await table.free(CALL)
    assert not await table.free(PUT)
    for across, down in ((0.1, 0.5), (0.9, 0.5), (0.5, 0.1), (0.5, 0.9)):
        assert await table.free(CALL, across, down)
    since = len(table.practice.orders)
    await table.press(CALL)
    await table.press(PUT, 0.9)
    assert [order.side for order in await table.orders(1, since)] == ["put"]


async def test_trusted_clicks_are_swallowed(table: Table) -> None:
    """The button lies free, but hears nothing of a pointer; dispatched events pass."""
    await table.lay(swallow=True)
    assert await table.free(CALL)
    await table.tab.js(
        "window.heard = [], ['pointerdown', 'mousedown', 'mouseup', 'click'].forEach(type =>"
        f" document.querySelector('{CALL}').addEventListener(type, () => heard.push(type)))"
    )
    await table.only_a_dispatched_click_sends()
    assert await table.tab.js("heard") == []


async def test_a_trade_is_to_be_confirmed(table: Table) -> None:
    """A click on Buy asks first; refused there is no order, confirmed there is the one that was asked about."""
    await table.lay(confirm=True)
    since = len(table.practice.orders)
    await table.tab.click(CALL)
    await table.tab.click("#modal-root .trade-confirmation__no")
    await table.gone(".trade-confirmation")
    await table.tab.click(PUT)
    facts = await table.tab.js(texts(".trade-confirmation dd"))
    assert facts == ["EUR/USDOTC", "Sell", "$10", "00:01:00"]
    await table.tab.click("#modal-root .trade-confirmation__yes")
    assert [order.side for order in await table.orders(1, since)] == ["put"]
    await table.gone(".trade-confirmation")


@pytest.mark.parametrize("blocked", [400, 0])
async def test_the_page_stands_still_after_a_click(table: Table, blocked: int) -> None:
    """Nothing runs in the page for so long after a click on Buy, and then the order leaves."""
    await table.lay(blocked_ms=blocked)
    since = len(table.practice.orders)
    took = await table.tab.js(
        f"(from => (document.querySelector('{CALL}').click(), performance.now() - from))(performance.now())"
    )
    assert (took >= 400) is bool(blocked)
    assert len(await table.orders(1, since)) == 1


# ----------------------------------------------------------------------------------------------- what is hidden


async def test_the_sidebar_is_shut(table: Table) -> None:
    """No list of trades is in sight until the button for it is pressed."""
    await table.lay(sidebar_shut=True)
    assert (await table.box(".deals-list"))[2] == 0
    await table.tab.click(".right-sidebar__item--trades")
    assert (await table.box(".deals-list"))[2] > 0


async def test_the_favourites_are_hidden(table: Table) -> None:
    """The bar is out of sight, its items still tell, and its switch brings it back."""
    await table.lay(favourites_hidden=True)
    await table.tab.until("document.querySelectorAll('.assets-favorites-item').length === 15")
    assert (await table.box(".assets-favorites-item"))[2] == 0
    await table.tab.click(".fav-panel-switcher")
    assert (await table.box(".assets-favorites-item"))[2] > 0


async def test_the_balance_is_hidden(table: Table) -> None:
    """Asterisks instead of it, and an attribute that says so; the figure itself is in another."""
    await table.lay(balance_hidden=True)
    assert await table.tab.text(BALANCE) == "*******"
    held = await table.tab.js(
        f"(({{hdStatus, hdShow}}) => [hdStatus, hdShow])({{...document.querySelector('{BALANCE}').dataset}})"
    )
    assert held == ["hide", f"{table.practice.account.balances['demo']:,.2f}"]


async def test_a_throttled_page_writes_late(table: Table) -> None:
    """Balance, clock and trades stay as they were while the sockets go on; all is written when the page wakes up."""
    await table.lay(throttled=True)
    look = f"{texts(f'{BALANCE}, .server-time, .right-sidebar__badge')}.join()"
    await table.tab.until("document.querySelector('.server-time')")
    before = await table.tab.js(look)
    since = len(table.practice.orders)
    await table.tab.click(CALL)
    await table.orders(1, since)
    await table.practice.push_event("chafor", [["EURUSD_otc", 11]])
    await table.tab.until("document.querySelector('.progress-wrapper__bar').style.width === '11%'")
    assert await table.tab.js(look) == before
    await table.practice.set_traps(Traps())
    await table.tab.until("document.querySelector('.right-sidebar__badge').textContent === '1'")
    assert await table.tab.js(look) != before


# ------------------------------------------------------------------------------------------ renamed, and by chance

RENAMED = {
    "amount": (selectors.AMOUNT, ".js-tour-block--bet-amount input", ".block--stake input"),
    "expiry": (selectors.EXPIRY, ".block--expiration-inputs .control__value", ".value__time"),
    "buttons": (selectors.CALL, ".action-high-low.button-call-wrap > a", ".btn-higher"),
    "payout": (selectors.PAYOUT, None, ".block--income .value__val-start"),
    "balance": (selectors.BALANCE, ".js-balance-demo", ".balance-info-block__sum .js-hd"),
    "picker": (selectors.PICKER_OPENER, ".currencies-block", ".pair-name-wrap"),
    "favourites": (selectors.FAVOURITE_ITEMS, None, ".favorites-tile"),
    "timeframe": (selectors.CHART_MENU_OPENER, None, ".items__link--candles"),
}


@pytest.mark.parametrize("renamed", list(RENAMED))
async def test_one_control_has_other_names(table: Table, renamed: str) -> None:
    """Its first selector finds nothing, a weaker one may, and it looks as before; gone, all is as it was."""
    control, other, new = RENAMED[renamed]
    first = control.selectors[0]
    await table.tab.until(f"document.querySelector({json.dumps(first)})")
    before = await table.box(first)
    await table.lay(renamed=renamed)
    await table.tab.until(f"document.querySelector({json.dumps(new)})")
    assert not await table.there(first)
    assert await table.box(new) == before
    if other is not None:
        assert await table.there(other)
    await table.dispatch(".block__title + .control a")
    assert not await table.there(first)
    await table.practice.set_traps(Traps())
    await table.tab.until(f"document.querySelector({json.dumps(first)})")
    assert not await table.there(new)


async def test_a_walk_springs_about_one_in_four_and_the_same_for_a_seed(table: Table) -> None:
    """Of 60 clicks with the swallowing trap on, some are taken: the same ones for a seed, others for another."""
    walks = []
    for seed in (7, 7, 8):
        await table.lay(swallow=True, walk=seed)
        await table.tab.js(
            f"window.passed = [], document.querySelector('{CALL}').addEventListener('click', () => passed.push(n))"
        )
        for n in range(60):
            await table.tab.js(f"window.n = {n}")
            await table.press(CALL)
        walks.append(await table.tab.js("passed"))
    assert walks[0] == walks[1] != walks[2]
    for passed in walks:
        assert 5 <= 60 - len(passed) <= 25


async def test_a_walk_draws_covers_when_orders_leave(table: Table) -> None:
    """Order by order other covers lie over the page, and not each time."""
    await table.lay(partly_covered=True, walk=5)
    covered = []
    for _ in range(6):
        covered.append(await table.there(".action-high-low__sticker"))
        since = len(table.practice.orders)
        await table.dispatch(CALL)
        await table.orders(1, since)
        await table.tab.js("new Promise(done => setTimeout(done, 750))")
    assert 0 < sum(covered) < 6
