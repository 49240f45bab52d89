"""Every control but the trade itself, worked by the real driver on the practice page in a real browser, with traps."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio

from qfluxd.errors import Disconnected, PageError
from qfluxd.model import Account, ChartShown, Millis, Situation
from qfluxd.practice.server import PracticeOptions
from qfluxd.practice.traps import Renamed, Traps
from qfluxd.sights import Reading, SessionScan, What
from tests.support.page_hands import Stand, stand

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

NOTHING_OPEN = "document.querySelectorAll('#modal-root > *').length === 0"
FAVOURITES = PracticeOptions().favourites


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stand]:
    """One practice broker, browser and driver for all tests of this file."""
    opened: asyncio.Future[Stand] = asyncio.get_running_loop().create_future()
    over = asyncio.Event()

    # What is opened here must be closed by the task that has opened it, and a fixture's two halves are two tasks.
    async def hold() -> None:
        async with stand(tmp_path_factory.mktemp("page")) as made:
            opened.set_result(made)
            await over.wait()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(hold(), name="page")
        yield await opened
        over.set()


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Stand) -> AsyncIterator[Stand]:
    """The page without traps, before and after."""
    await browser.practice.set_traps(Traps())
    await browser.hands.close_modals()
    yield browser
    await browser.practice.set_traps(Traps())


def shown(page: Stand) -> tuple[str, Millis | None]:
    """What the socket said last of the chart."""
    chart: ChartShown = page.ear.newest[ChartShown]
    return chart.asset, chart.timeframe


def chart_is_on(page: Stand, timeframe: Millis) -> bool:
    """Whether the socket said so last."""
    return shown(page)[1] == timeframe


async def scan(page: Stand, done: Callable[[SessionScan], object]) -> SessionScan:
    """The first scan that fulfils a condition; the page may be changing, or on its way to another one."""
    for _ in range(250):
        with suppress(PageError, Disconnected):
            seen = await page.hands.scan()
            if done(seen):
                return seen
        await asyncio.sleep(0.02)
    raise AssertionError("the page never showed what was waited for")


# --------------------------------------------------------------------------------------------------- the session


async def test_a_scan_tells_everything_with_its_source(page: Stand) -> None:
    """The broker's word comes first, the page's beside it; what only the page knows is the page's."""
    await page.hands.select_favorite("EURUSD_otc", 0)
    await page.hands.select_timeframe(60_000)
    seen = await page.hands.scan()
    assert seen.address == page.practice.url
    assert not seen.login
    assert seen.account == Reading("demo", "socket", "demo")
    assert seen.balance == Reading(Decimal(10_000), "socket", Decimal(10_000))
    assert seen.currency == Reading("USD", "page", "USD")
    assert seen.asset == Reading("EURUSD_otc", "socket", "EURUSD_otc")
    assert seen.timeframe == Reading(60_000, "socket", 60_000)
    assert seen.expiry == Reading(60_000, "page", 60_000)
    assert (seen.clock_mode, seen.balance_hidden, seen.favorites_shown, seen.sidebar_open) == (False, False, True, True)
    assert seen.stake.source == "page"
    assert seen.payout == Reading(page.assets["EURUSD_otc"].payout, "socket", page.assets["EURUSD_otc"].payout)
    assert (seen.call_available, seen.put_available) == (True, True)
    assert seen.open_trades == Reading(0, "socket", 0)
    assert seen.favorites == Reading(FAVOURITES, "socket", FAVOURITES)
    assert (seen.covering, seen.zoom) == ((), 100)
    assert seen.viewport == (await page.js("innerWidth"), await page.js("innerHeight"))


async def test_a_profile_is_read_from_the_user_menu_and_the_menu_is_shut(page: Stand) -> None:
    """Who is logged in stands in a drop-down that is not left open."""
    known = await page.hands.profile()
    assert known.user_id == str(page.practice.account.uid)
    assert known.account.value == "demo"
    assert known.account_banner == "You are trading on Demo account"
    assert "Trading" in known.navigation
    assert await page.js(NOTHING_OPEN)


async def test_a_balance_that_is_hidden_is_read_all_the_same(page: Stand) -> None:
    """The page keeps the figure beside the stars, and the socket says it anyway."""
    await page.practice.set_traps(Traps(balance_hidden=True))
    seen = await scan(page, lambda seen: seen.balance_hidden)
    assert await page.js("document.querySelector('.js-hd').textContent") == "*******"
    assert seen.balance == Reading(Decimal(10_000), "socket", Decimal(10_000))


async def test_the_balance_is_shown_and_hidden(page: Stand) -> None:
    """The answer is what the page shows afterwards, and asking twice changes nothing."""
    for wanted in (False, False, True):
        assert await page.hands.show_balance(wanted) is wanted
        assert (await page.hands.scan()).balance_hidden is not wanted
    assert await page.js(NOTHING_OPEN)


async def test_a_page_in_the_background_lags_and_the_socket_does_not(page: Stand) -> None:
    """Where the text of the balance is late, the broker's word is told, and the page's beside it."""
    await page.practice.set_traps(Traps(throttled=True))
    await page.practice.push_event("successupdateBalance", {"isDemo": 1, "balance": 9_990.5})
    seen = await scan(page, lambda seen: seen.balance.value == Decimal("9990.5"))
    assert seen.balance == Reading(Decimal("9990.5"), "socket", Decimal(10_000))
    await page.practice.push_event("successupdateBalance", {"isDemo": 1, "balance": 10_000})


async def test_the_time_of_day_is_not_taken_for_a_length(page: Stand) -> None:
    """In clock mode nothing is told of the expiry but that it is one."""
    await page.practice.set_traps(Traps(clock_mode=True))
    seen = await scan(page, lambda seen: seen.clock_mode)
    assert seen.expiry == Reading()


@pytest.mark.parametrize("account", ["real", "demo"])
async def test_the_account_is_changed_and_seen_by_all_witnesses(page: Stand, account: Account) -> None:
    """After it the socket, the label and the address say the same account, each with its own balance."""
    assert await page.hands.select_account(account) == account
    seen = await page.hands.scan()
    assert seen.account == Reading(account, "socket", account)
    assert seen.address == (page.practice.url if account == "demo" else page.practice.real_url)
    assert seen.balance.value == (10_000 if account == "demo" else 250)
    assert await page.hands.select_account(account) == account


async def test_the_page_is_loaded_anew_when_its_owner_asks(page: Stand) -> None:
    """A reload is answered when the new page has logged in, with the account that is in front."""
    await page.js("window.before = true")
    assert await page.hands.reload() == "demo"
    assert await page.js("window.before") is None


async def test_deals_are_told_again_after_a_reload_that_is_allowed(page: Stand) -> None:
    """A relist ends when the broker has told what is open."""
    assert await page.hands.relist()
    assert (await page.hands.scan()).open_trades.source == "socket"


# ----------------------------------------------------------------------------------------------- asset and chart


@pytest.mark.parametrize("asset", ["GBPUSD_otc", "#AAPL_otc", "UKBrent_otc", "ADA-USD_otc", "H33HKD"])
async def test_an_asset_is_found_by_its_exact_label(page: Stand, asset: str) -> None:
    """Labels and symbols often have nothing in common; the list of assets is shut afterwards."""
    if not page.assets[asset].open:
        with pytest.raises(PageError) as refused:
            await page.hands.select_asset(asset)
        assert refused.value.code == "asset_closed"
    else:
        assert await page.hands.select_asset(asset) == asset
        assert shown(page)[0] == asset
        assert (await page.hands.scan()).asset == Reading(asset, "socket", asset)
    assert await page.js(NOTHING_OPEN)


async def test_an_asset_that_is_closed_or_unknown_is_refused_with_its_own_code(page: Stand) -> None:
    """Neither touches the page."""
    before = shown(page)
    closed = next(asset.symbol for asset in page.assets.values() if not asset.open)
    for symbol, code in ((closed, "asset_closed"), ("EURUSD_otc_otc", "asset_unknown")):
        with pytest.raises(PageError) as refused:
            await page.hands.select_asset(symbol)
        assert refused.value.code == code
        assert refused.value.artifact is None
    assert shown(page) == before


async def test_a_row_that_the_page_shows_as_closed_is_not_clicked(page: Stand) -> None:
    """The page's list may know of a closing before we do; it is shut again."""
    await page.js(
        "new MutationObserver(() => document.querySelectorAll('.alist__item').forEach(row => {"
        " if (row.querySelector('.alist__label').textContent === 'AUD/CAD OTC')"
        " row.classList.add('alist__item--no-active'); })).observe(document.body, {childList: true, subtree: true})"
    )
    with pytest.raises(PageError) as refused:
        await page.hands.select_asset("AUDCAD_otc")
    assert refused.value.code == "asset_closed"
    assert await page.js(NOTHING_OPEN)
    await page.hands.relist()


async def test_every_timeframe_of_the_chart_is_selected(page: Stand) -> None:
    """The badge and the socket agree on each; one that the chart does not have is refused."""
    for timeframe in (5_000, 15_000, 300_000, 3_600_000, 14_400_000, 86_400_000, 86_400_000, 60_000):
        assert await page.hands.select_timeframe(timeframe) == timeframe
        # The answer to the change before may still come in and name what it was asked for.
        await page.ear.until(partial(chart_is_on, page, timeframe))
        assert (await page.hands.scan()).timeframe == Reading(timeframe, "socket", timeframe)
    with pytest.raises(PageError) as refused:
        await page.hands.select_timeframe(240_000)
    assert refused.value.code == "timeframe_unknown"


async def test_the_menu_of_the_visible_range_is_not_the_timeframes(page: Stand) -> None:
    """It also offers H1; a timeframe is found in its own menu also while that one is open."""
    await page.js("document.querySelector('.chart-range').click()")
    assert (await page.hands.scan()).covering == ("dropdown",)
    assert await page.hands.select_timeframe(3_600_000) == 3_600_000
    assert shown(page)[1] == 3_600_000
    assert await page.js(NOTHING_OPEN)
    assert await page.hands.select_timeframe(60_000) == 60_000


async def test_many_callers_work_the_page_one_after_the_other(page: Stand) -> None:
    """None disturbs another, and each gets what it asked for."""
    asset, timeframe, favourite, *rest = await asyncio.gather(
        page.hands.select_asset("NZDUSD_otc"),
        page.hands.select_timeframe(30_000),
        page.hands.select_favorite("last", 0),
        page.hands.show_sidebar(False),
        page.hands.select_timeframe(60_000),
        page.hands.show_sidebar(True),
    )
    assert (asset, timeframe, *rest) == ("NZDUSD_otc", 30_000, False, 60_000, True)
    assert shown(page) == (favourite, 60_000)


# -------------------------------------------------------------------------------------------------- favourites


async def test_favourites_are_read_also_where_they_are_out_of_sight(page: Stand) -> None:
    """Every starred asset has its payout, and those below the threshold are not eligible."""
    found = await page.hands.scan_favorites(90)
    assert tuple(one.asset for one in found.favorites) == FAVOURITES
    assert not all(one.visible for one in found.favorites)
    for one in found.favorites:
        asset = page.assets[one.asset]
        assert one.label == asset.label
        assert one.payout.value == (asset.payout if asset.open else None)
        assert one.payout.page == one.payout.value
    assert set(found.eligible) == {one.asset for one in found.favorites if (one.payout.value or 0) >= 90}


async def test_a_favourite_is_selected_by_place_by_payout_and_by_name(page: Stand) -> None:
    """The bar is moved by its arrows to what is out of sight."""
    eligible = (await page.hands.scan_favorites(60)).eligible
    assert await page.hands.select_favorite("last", 60) == eligible[-1]
    assert await page.hands.select_favorite("first", 60) == eligible[0]
    best = await page.hands.select_favorite("best", 0)
    assert page.assets[best].payout == max(page.assets[one].payout for one in FAVOURITES if page.assets[one].open)
    last = next(one for one in reversed(FAVOURITES) if page.assets[one].open)
    assert await page.hands.select_favorite(last, 0) == last
    assert shown(page)[0] == last


async def test_a_favourite_is_refused_by_payout_and_by_name(page: Stand) -> None:
    """Nothing below the threshold is put on the chart, nor what is no favourite."""
    before = shown(page)
    for pick, least, code in (
        ("best", 100, "payout_too_low"),
        (FAVOURITES[0], 100, "payout_too_low"),
        ("CADJPY_otc", 0, "not_favourite"),
    ):
        with pytest.raises(PageError) as refused:
            await page.hands.select_favorite(pick, least)
        assert refused.value.code == code
    assert shown(page) == before


async def test_an_asset_is_starred_and_unstarred(page: Stand) -> None:
    """The answer is what the broker tells of the favourites afterwards; asking twice changes nothing."""
    more = (*FAVOURITES, "#AAPL_otc")
    assert await page.hands.star("#AAPL_otc", True) == more
    assert await page.hands.star("#AAPL_otc", True) == more
    assert (await page.hands.scan()).favorites == Reading(more, "socket", more)
    assert await page.hands.star("#AAPL_otc", False) == FAVOURITES
    assert await page.js(NOTHING_OPEN)


async def test_favourites_that_are_hidden_are_read_and_selected(page: Stand) -> None:
    """Where the bar is switched off the list of assets serves."""
    await page.hands.select_asset("EURUSD_otc")
    await page.practice.set_traps(Traps(favourites_hidden=True))
    await scan(page, lambda seen: seen.favorites_shown is False)
    found = await page.hands.scan_favorites(0)
    assert tuple(one.asset for one in found.favorites) == FAVOURITES
    assert not any(one.visible for one in found.favorites)
    assert await page.hands.select_favorite("GBPUSD_otc", 0) == "GBPUSD_otc"


# ------------------------------------------------------------------------------------------ what lies over the page


async def test_the_sidebar_is_opened_and_shut(page: Stand) -> None:
    """Shut by itself or by command, open trades are known from the socket and the button's badge."""
    await page.practice.set_traps(Traps(sidebar_shut=True))
    seen = await scan(page, lambda seen: seen.sidebar_open is False)
    assert seen.open_trades == Reading(0, "socket", 0)
    for wanted in (True, True, False, True):
        assert await page.hands.show_sidebar(wanted) is wanted
        assert (await page.hands.scan()).sidebar_open is wanted


@pytest.mark.parametrize(
    ("traps", "name"),
    [(Traps(promo=True), "promo"), (Traps(deposit=True), "deposit"), (Traps(tutorial=True), "tutorial")],
)
async def test_what_lies_over_the_page_is_named_and_closed(page: Stand, traps: Traps, name: str) -> None:
    """It is named by a scan, closed by command, and closed by any control that has to be worked."""
    for work in (page.hands.close_modals, lambda: page.hands.select_timeframe(30_000)):
        await page.practice.set_traps(Traps())
        await page.practice.set_traps(traps)
        await scan(page, lambda seen: seen.covering == (name,))
        done = await work()
        assert done in ((name,), 30_000)
        assert (await page.hands.scan()).covering == ()
    await page.practice.set_traps(Traps())
    await page.hands.select_timeframe(60_000)


async def test_what_opens_in_the_place_of_a_drop_down_is_another_one(page: Stand) -> None:
    """The window for a deposit comes up as the user menu shuts, and as often as it is shut itself, three times."""
    await page.js("""{
      const open = () => document.querySelector('[data-modal-id="fast-deposit"]').click();
      let left = 3;
      const root = document.querySelector('#modal-root');
      document.querySelector('[data-modal-id="user-info"]').click();
      new MutationObserver((_, watch) => {
        if (root.children.length) return;
        left -= 1;
        if (left < 0) watch.disconnect();
        else open();
      }).observe(root, {childList: true});
    }""")
    assert (await page.hands.scan()).covering == ("dropdown",)
    assert await page.hands.close_modals() == ("dropdown", "deposit")
    assert await page.js(NOTHING_OPEN)


async def test_a_question_whether_to_trade_is_left_and_never_answered(page: Stand) -> None:
    """It is named and taken away, and no order leaves the page."""
    await page.practice.set_traps(Traps(confirm=True, sidebar_shut=True))
    await scan(page, lambda seen: seen.sidebar_open is False)  # it shows that the page knows of its traps
    orders = len(page.practice.orders)
    for work in (page.hands.close_modals, lambda: page.hands.show_sidebar(True)):
        await page.js("document.querySelector('.btn-call').click()")
        assert (await page.hands.scan()).covering == ("confirmation",)
        assert await work() in (("confirmation",), True)
        assert (await page.hands.scan()).covering == ()
    assert len(page.practice.orders) == orders


async def test_a_toast_is_waited_for(page: Stand) -> None:
    """It goes by itself; until then it lies over the panel."""
    await page.practice.set_traps(Traps(toast=True))
    await scan(page, lambda seen: seen.covering == ("toast",))
    assert await page.hands.close_modals() == ("toast",)
    assert (await page.hands.scan()).covering == ()


@pytest.mark.parametrize("traps", [Traps(veil=True), Traps(partly_covered=True)])
async def test_what_nobody_knows_how_to_close_is_told_and_left(page: Stand, traps: Traps) -> None:
    """Something over the buttons is told as unknown, and is in no other control's way."""
    await page.practice.set_traps(traps)
    await scan(page, lambda seen: seen.covering == ("unknown",))
    assert await page.hands.close_modals() == ()
    assert await page.hands.select_asset("AUDCAD_otc") == "AUDCAD_otc"


@pytest.mark.parametrize("renamed", ["balance", "picker", "favourites", "timeframe", "payout", "buttons", "amount"])
async def test_a_control_under_another_name_is_found_by_what_else_is_known_of_it(page: Stand, renamed: Renamed) -> None:
    """The second best selector finds what the best does not."""
    await page.practice.set_traps(Traps(renamed=renamed))
    name = {"balance": "balance-info-block__sum", "picker": "pair-name-wrap", "favourites": "favorites-tile"} | {
        "timeframe": "items__link--candles",
        "payout": "block--income",
        "buttons": "btn-higher",
        "amount": "block--stake",
    }
    for _ in range(250):
        if await page.js(f"Boolean(document.querySelector('.{name[renamed]}'))"):
            break
    seen = await page.hands.scan()
    assert seen.balance.page is not None
    assert seen.payout.page is not None
    assert seen.stake.page is not None
    assert (seen.call_available, seen.put_available) == (True, True)
    assert seen.favorites.page == FAVOURITES
    assert await page.hands.select_asset("USDJPY_otc") == "USDJPY_otc"
    assert await page.hands.select_favorite("EURGBP_otc", 0) == "EURGBP_otc"
    assert await page.hands.select_timeframe(180_000) == 180_000
    assert await page.hands.select_timeframe(60_000) == 60_000


# ---------------------------------------------------------------------------------------- pictures, zoom, trouble


@pytest.mark.parametrize("what", ["page", "chart", "panel"])
async def test_pictures_show_the_page_the_chart_and_the_panel(page: Stand, what: What) -> None:
    """Each in two forms and in the size of what it shows."""
    taken = await page.hands.picture(what)
    box = {"page": "document.documentElement", "chart": "document.querySelector('#chart-1')"}.get(
        what, "document.querySelector('#put-call-buttons-chart-1')"
    )
    size = await page.js(f"(b => [Math.round(b.width), Math.round(b.height)])({box}.getBoundingClientRect())")
    assert [taken.width, taken.height] == size
    assert taken.png.startswith(b"\x89PNG")
    assert taken.jpeg.startswith(b"\xff\xd8")


async def test_a_zoom_by_the_page_is_told_and_worked(page: Stand) -> None:
    """Another size than 100 % is reported, and clicks still reach what they are meant for."""
    await page.js("document.body.style.zoom = '0.8'")
    assert (await page.hands.scan()).zoom == 80
    assert await page.hands.select_timeframe(10_000) == 10_000
    await page.js("document.body.style.zoom = ''")
    assert (await page.hands.scan()).zoom == 100
    assert await page.hands.select_timeframe(60_000) == 60_000


async def test_a_control_that_is_gone_is_an_error_with_what_was_tried_and_a_picture(page: Stand) -> None:
    """After three of them in a row it is left alone, and a person is told."""
    await page.js("document.querySelector('.header-avatar').closest('.right-block__item').remove()")
    for code in ("control_missing", "control_missing", "control_missing", "page_changed"):
        with pytest.raises(PageError) as failed:
            await page.hands.profile()
        assert failed.value.code == code
        assert any("user-info" in selector for selector in failed.value.tried)
        assert failed.value.artifact is not None
        folder = page.state_dir / failed.value.artifact
        assert (folder / "page.png").read_bytes().startswith(b"\x89PNG")
        assert (folder / "neighbourhood.html").stat().st_size
        assert json.loads((folder / "trouble.json").read_text())["code"] == "control_missing"
    assert [code for code, _ in page.ear.alerts if code == "page_changed"] == ["page_changed"]
    await page.hands.relist()


async def test_a_login_page_is_seen_as_one(page: Stand) -> None:
    """A scan of it says that somebody has to log in, and nothing of an account."""
    await page.practice.log_out()
    seen = await scan(page, lambda seen: seen.login)
    assert seen.address == page.practice.login_url
    given_up = set(page.driver.health().given_up)
    for act in (page.hands.set_stake(Decimal(2)), page.hands.scan_favorites(0), page.hands.show_sidebar(True)):
        with pytest.raises(PageError) as refused:
            await act
        assert (refused.value.code, refused.value.artifact) == ("login_required", None)
    assert set(page.driver.health().given_up) <= given_up
    assert seen.account == Reading()
    assert not seen.call_available
    page.practice.log_in()
    await page.js(f"location.assign({json.dumps(page.practice.url)})")
    await scan(page, lambda seen: seen.account.source == "socket" and seen.favorites.page)
    assert await page.hands.select_asset("EURUSD_otc") == "EURUSD_otc"


async def test_a_tab_that_is_closed_is_told_and_the_next_one_is_taken(page: Stand) -> None:
    """Without a page there is nothing to work; a new tab is worked without a restart."""
    await page.hands.scan()
    await page.close()
    await page.ear.until(lambda: page.ear.newest[Situation].state == "waiting_page")
    with pytest.raises(PageError) as gone:
        await page.hands.scan()
    assert gone.value.code == "no_page"
    await page.open(page.practice.url)
    await scan(page, lambda seen: seen.account.source == "socket" and seen.favorites.page)
    assert await page.hands.select_asset("GBPUSD_otc") == "GBPUSD_otc"


async def test_a_zoom_by_the_browser_is_told_on_a_page_of_its_own(tmp_path: Path) -> None:
    """The browser's zoom looks like a dense screen to every script, and is told apart all the same."""
    profile = tmp_path / "chrome-profile"
    (profile / "Default").mkdir(parents=True)
    profile.chmod(0o700)
    enlarged = {"partition": {"default_zoom_level": {"x": 2.2239010857415449}}}  # 1.2 to this power is 1.5
    (profile / "Default" / "Preferences").write_text(json.dumps(enlarged))
    async with stand(tmp_path) as small:
        assert (await small.hands.scan()).zoom == 150
        assert await small.hands.select_asset("GBPUSD_otc") == "GBPUSD_otc"
