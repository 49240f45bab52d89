"""Orders on a real page with its traps: each is placed exactly once as it was wanted, or refused with a stable word."""

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from qfluxd.drivers.pocketoption.orders.placing import POINTS
from qfluxd.model import Order, Placed, Refusal
from qfluxd.practice.server import PracticeOptions
from tests.support.trading_page import Desk, NotedPermit, trading_page

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

ALL_TRAPS: dict[str, Any] = {
    "rerender_ms": 80,
    "blocked_ms": 300,
    **dict.fromkeys(
        (
            "amount_appends",
            "clock_mode",
            "toast",
            "promo",
            "deposit",
            "confirm",
            "tutorial",
            "sidebar_shut",
            "favourites_hidden",
            "balance_hidden",
            "throttled",
            "veil",
            "partly_covered",
            "swallow",
            "payout_drops",
        ),
        True,
    ),
}

OTHER: dict[str, Any] = {"asset": "GBPUSD_otc", "side": "put", "stake": "7", "expiry": 30_000}
"""An order for which all of the panel has to be changed."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """One practice broker, browser and driver for all tests of this file."""
    opened: asyncio.Future[Desk] = asyncio.get_running_loop().create_future()
    over = asyncio.Event()

    # What is opened here must be closed by the task that has opened it, and a fixture's two halves are two tasks.
    async def hold() -> None:
        async with trading_page(tmp_path_factory.mktemp("desk"), PracticeOptions(seed=5)) as desk:
            opened.set_result(desk)
            await over.wait()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(hold(), name="trading page")
        yield await opened
        over.set()


@pytest_asyncio.fixture(loop_scope="module")
async def desk(browser: Desk) -> Desk:
    """The page with no traps set."""
    await browser.lay()
    return browser


def placed_as_wanted(desk: Desk, order: Order, placed: Placed) -> None:
    """One order at the broker, and it is this one."""
    assert (placed.refusal, placed.landed) == (None, True)
    seen = desk.orders
    assert [(one.asset, one.side, one.stake, one.expiry) for one in seen] == [
        (order.asset, order.side, order.stake, order.expiry)
    ]
    assert desk.permit.clicks[-1] == (placed.attempts, True)


async def test_an_order_on_a_panel_that_is_right_touches_nothing_but_the_button(desk: Desk) -> None:
    """The page saves no settings, the sighting is the order's, and all points are passed in their order."""

    def saved() -> int:
        return sum(event == "saveCharts" for event, _ in desk.practice.heard)

    await desk.place(desk.order(**OTHER))
    before = saved()
    assert before > 1
    desk.forget()
    order = desk.order(**OTHER)
    placed = await desk.place(order)
    placed_as_wanted(desk, order, placed)
    assert placed.attempts == 1
    assert saved() == before
    (sighting,) = desk.permit.asked
    assert (sighting.asset, sighting.stake, sighting.expiry) == (order.asset, order.stake, order.expiry)
    assert (sighting.account_label, sighting.account_address, sighting.available) == ("demo", "demo", True)
    assert sighting.payout is not None
    assert tuple(desk.passed) == POINTS


async def test_all_of_the_panel_is_set_and_proof_of_it_kept(desk: Desk) -> None:
    """Asset, expiry and stake are changed; two pictures and what was seen lie in the order's folder."""
    order = desk.order(**OTHER)
    placed = await desk.place(order)
    placed_as_wanted(desk, order, placed)
    assert placed.artifacts is not None
    folder = desk.folder / placed.artifacts
    assert sorted(file.name for file in folder.iterdir()) == ["after.png", "before.png", "diagnostics.json"]
    assert (folder / "after.png").read_bytes().startswith(b"\x89PNG")
    told = desk.diagnostics(placed)
    assert [name for name, _ in told["heard"]] == ["OrderSent", "DealOpened"]
    assert told["notes"][-1]["reached"]["took"] is True


@pytest.mark.parametrize("expiry", [5_000, 3_600_000, 3_725_000])
async def test_lengths_without_a_name_are_set_in_the_fields(desk: Desk, expiry: int) -> None:
    """Presets where the page has one, hours, minutes and seconds where it has none."""
    order = desk.order(expiry=expiry)
    placed_as_wanted(desk, order, await desk.place(order))


@pytest.mark.parametrize("stake", ["110", "12.34"])
async def test_stakes_are_set_to_the_last_digit(desk: Desk, stake: str) -> None:
    """The broker gets exactly the stake, whatever was there before."""
    order = desk.order(stake=stake)
    placed_as_wanted(desk, order, await desk.place(order))


async def test_a_stake_in_percent_is_set_in_money(desk: Desk) -> None:
    """The panel counts in percent, with the very number of the order in its field: it is flipped first."""
    await desk.js("document.querySelector('.block--bet-amount a').click()")
    order = desk.order()
    placed_as_wanted(desk, order, await desk.place(order))
    assert await desk.js("Boolean(document.querySelector('.block--bet-amount .currency-icon--usd'))")


async def test_a_drop_down_left_open_is_in_nobodys_way(desk: Desk) -> None:
    """That of the expiry lies open when the order comes."""
    await desk.js("document.querySelector('.block--expiration-inputs .value__val').click()")
    order = desk.order(expiry=180_000)
    placed_as_wanted(desk, order, await desk.place(order))
    assert not await desk.js("Boolean(document.querySelector('.expiration-inputs-list-modal'))")


def rungs(desk: Desk, placed: Placed) -> list[str]:
    """By which way each click went."""
    return [note["rung"] for note in desk.diagnostics(placed)["notes"] if "rung" in note]


def notes(desk: Desk, placed: Placed, name: str) -> list[Any]:
    """What was noted under a name."""
    return [note[name] for note in desk.diagnostics(placed)["notes"] if name in note]


@pytest.mark.parametrize(
    "traps",
    [
        {"amount_appends": True},
        {"rerender_ms": 40},
        {"rerender_ms": 400},
        {"clock_mode": True},
        {"sidebar_shut": True, "favourites_hidden": True, "balance_hidden": True, "throttled": True},
        {"payout_drops": True},
        {"renamed": "amount"},
        {"renamed": "expiry"},
        {"renamed": "buttons"},
        {"renamed": "payout"},
        {"renamed": "picker"},
        {"answers": "late", "late_ms": 800},
        {"answers": "missing"},
        {"answers": "doubled"},
    ],
    ids=lambda traps: "-".join(f"{name}-{value}" for name, value in traps.items()),
)
async def test_a_trap_costs_neither_the_order_nor_a_second_one(browser: Desk, traps: dict[str, Any]) -> None:
    """Each trap by itself: the order reaches the broker once, with asset, side, stake and expiry as wanted."""
    await browser.lay(**traps)
    order = browser.order(**OTHER)
    placed_as_wanted(browser, order, await browser.place(order))


@pytest.mark.parametrize("trap", ["promo", "deposit", "tutorial"])
async def test_what_lies_over_the_page_is_closed_first(browser: Desk, trap: str) -> None:
    """It is closed and named, and the pointer reaches the button."""
    await browser.lay(**{trap: True})
    order = browser.order(**OTHER)
    placed = await browser.place(order)
    placed_as_wanted(browser, order, placed)
    assert [trap] in notes(browser, placed, "closed")
    assert rungs(browser, placed)[-1] == "pointer"


async def test_a_toast_over_the_buttons_is_waited_for(browser: Desk) -> None:
    """It goes by itself; then the pointer clicks."""
    await browser.lay(toast=True)
    order = browser.order(**OTHER)
    placed = await browser.place(order)
    placed_as_wanted(browser, order, placed)
    assert placed.took_ms["uncovering"] > 1000
    assert rungs(browser, placed)[-1] == "pointer"


async def test_a_veil_nobody_can_close_is_passed_by_events(browser: Desk) -> None:
    """No pointer can reach the button: the first and only click is dispatched on it."""
    await browser.lay(veil=True)
    order = browser.order(**OTHER)
    placed = await browser.place(order)
    placed_as_wanted(browser, order, placed)
    assert rungs(browser, placed) == ["events"]


async def test_a_button_with_a_free_edge_is_clicked_there(browser: Desk) -> None:
    """What lies on its middle is not touched."""
    await browser.lay(partly_covered=True)
    order = browser.order(**OTHER)
    placed = await browser.place(order)
    placed_as_wanted(browser, order, placed)
    assert rungs(browser, placed) == ["pointer"]
    assert "sticker" in notes(browser, placed, "over")[0]


async def test_a_swallowed_click_is_followed_by_one_of_another_kind(browser: Desk) -> None:
    """The page took the pointer's click on its way and sent nothing; the dispatched one is the order."""
    await browser.lay(swallow=True)
    order = browser.order(**OTHER)
    placed = await browser.place(order)
    placed_as_wanted(browser, order, placed)
    assert rungs(browser, placed) == ["pointer", "events"]
    assert browser.permit.clicks == [(1, False), (2, True)]


async def test_a_question_about_the_order_is_answered_with_yes(browser: Desk) -> None:
    """It is part of the one click: the permit is asked once, and once more for the yes."""
    await browser.lay(confirm=True)
    order = browser.order(**OTHER)
    placed = await browser.place(order)
    placed_as_wanted(browser, order, placed)
    assert browser.permit.clicks == [(1, True)]
    (sighting,) = browser.permit.went_on
    assert (sighting.asset, sighting.stake, sighting.account_label) == (order.asset, order.stake, "demo")


async def test_a_question_about_another_trade_is_answered_with_no(browser: Desk) -> None:
    """Another sum than the order's: it is turned down, and nothing leaves the page."""
    await browser.lay(confirm=True)
    await browser.js("""new MutationObserver(() => {
      for (const each of document.querySelectorAll('.trade-confirmation dd')) {
        if (each.textContent === '$10') each.textContent = '$99';
      }
    }).observe(document, { subtree: true, childList: true })""")
    placed = await browser.place(browser.order())
    assert placed.refusal is not None
    assert (placed.refusal.code, placed.landed) == ("not_placed", False)
    assert browser.permit.clicks == [(1, False)]
    assert not await browser.js("Boolean(document.querySelector('.trade-confirmation'))")
    assert browser.orders == []


async def test_a_no_that_moves_away_from_under_the_pointer_is_no_yes(browser: Desk) -> None:
    """Yes comes into its place as it is pressed: the press is stopped, and no is said where it is then."""
    await browser.lay(confirm=True)
    await browser.js("""new MutationObserver(() => {
      for (const each of document.querySelectorAll('.trade-confirmation dd')) {
        if (each.textContent === '$10') each.textContent = '$99';
      }
    }).observe(document, { subtree: true, childList: true });
    let swapped = false;
    window.addEventListener('pointerdown', (event) => {
      const no = event.target.closest('.trade-confirmation__no');
      if (!no || swapped) return;
      swapped = true;
      no.after(document.querySelector('.trade-confirmation__yes'));
    }, true)""")
    placed = await browser.place(browser.order())
    assert await browser.js("swapped")
    assert placed.refusal is not None
    assert (placed.refusal.code, placed.landed) == ("not_placed", False)
    assert browser.orders == []


@pytest.mark.parametrize("late", ["stopped", "changed"])
async def test_leave_that_is_withdrawn_while_the_page_asks_stops_the_order(browser: Desk, late: str) -> None:
    """Trading is killed, or the account in front is another one: no is said, and nothing leaves the page."""
    await browser.lay(confirm=True)
    if late == "changed":
        label = "document.querySelector('.balance-info-block__label').textContent = 'QT Real'"
        await browser.js(f"""new MutationObserver((_, watch) => {{
          if (document.querySelector('.trade-confirmation')) {{ {label}; watch.disconnect(); }}
        }}).observe(document, {{ subtree: true, childList: true }})""")
    killed = Refusal("killed", "no more")
    permit = NotedPermit(stop=lambda seen: None if late == "changed" and seen.account_label == "demo" else killed)
    placed = await browser.place(browser.order(), permit)
    assert (placed.landed, placed.refusal) == (False, killed)
    assert (permit.clicks, permit.went_on, browser.orders) == ([(1, False)], [], [])
    assert not await browser.js("Boolean(document.querySelector('.trade-confirmation'))")


async def test_an_account_that_changes_under_the_yes_stops_it(browser: Desk) -> None:
    """Leave was given with the demo account in front; the press is caught, and the next leave is not given."""
    await browser.lay(confirm=True)
    await browser.js("""window.addEventListener('pointerdown', (event) => {
      if (!event.target.closest('.trade-confirmation__yes')) return;
      document.querySelector('.balance-info-block__label').textContent = 'QT Real';
    }, true)""")
    wrong = Refusal("account_unclear", "another account")
    permit = NotedPermit(stop=lambda seen: None if seen.account_label == "demo" else wrong)
    placed = await browser.place(browser.order(), permit)
    assert (placed.landed, placed.refusal) == (False, wrong)
    assert (len(permit.went_on), permit.clicks, browser.orders) == (1, [(1, False)], [])


async def test_a_page_that_stands_still_after_the_click_is_waited_for(browser: Desk) -> None:
    """The order leaves late; nobody clicks again meanwhile."""
    await browser.lay(blocked_ms=1500)
    order = browser.order(**OTHER)
    placed = await browser.place(order)
    placed_as_wanted(browser, order, placed)
    assert placed.attempts == 1


# --------------------------------------------------------------------------------- what happens between look and click


async def under_the_press(desk: Desk, change: str) -> None:
    """Have the page change in the moment in which the pointer first goes down on buy or sell, before anybody hears.

    What is pressed before that, such as another expiration, is none of its business.
    """
    await desk.js(f"""window.addEventListener('pointerdown', function press(event) {{
      if (!event.target.closest('.btn-call, .btn-put')) return;
      window.removeEventListener('pointerdown', press, true);
      {change}
    }}, true)""")


async def test_a_stake_changed_under_the_click_stops_it(desk: Desk) -> None:
    """The click is caught in the page before the button hears of it, and the panel is set anew."""
    await under_the_press(
        desk,
        """const field = document.querySelector('.block--bet-amount input');
        field.value = '99';
        field.dispatchEvent(new InputEvent('input', { bubbles: true }));""",
    )
    order = desk.order()
    placed = await desk.place(order)
    placed_as_wanted(desk, order, placed)
    assert desk.permit.clicks == [(1, False), (2, True)]
    assert any(why == "changed" for _, why, _ in notes(desk, placed, "reached")[0]["stopped"])


async def test_the_other_button_under_the_pointer_is_never_pressed(desk: Desk) -> None:
    """Buy and sell change places: the click is caught, and the next one finds its button."""
    swap = "document.querySelector('.call-put-block').prepend(document.querySelector('.button-put-wrap'))"
    await under_the_press(desk, swap)
    order = desk.order()
    placed = await desk.place(order)
    placed_as_wanted(desk, order, placed)
    assert desk.permit.clicks == [(1, False), (2, True)]
    assert any(why == "aside" for _, why, _ in notes(desk, placed, "reached")[0]["stopped"])


async def test_a_button_made_anew_under_the_pointer_does_not_count_as_clicked(desk: Desk) -> None:
    """The page renders its panel anew: the click is caught, as nobody listens to that button, and made again."""
    flip = "document.querySelector('.block--bet-amount a').click()"
    await under_the_press(desk, f"{flip}; {flip}")
    order = desk.order(side="put")
    placed = await desk.place(order)
    placed_as_wanted(desk, order, placed)
    assert desk.permit.clicks == [(1, False), (2, True)]


async def test_a_page_that_leaves_with_the_click_is_not_clicked_again(desk: Desk) -> None:
    """The button's click makes the page load anew before any order leaves: nobody can tell, and nobody tries again."""
    await desk.js("""window.addEventListener('click', (event) => {
      if (event.target.closest('.btn-call')) { event.stopImmediatePropagation(); location.reload(); }
    }, true)""")
    placed = await desk.place(desk.order())
    assert (placed.attempts, placed.landed, placed.refusal) == (1, None, None)
    assert desk.permit.clicks == [(1, None)]
    assert desk.orders == []


async def test_an_order_that_leaves_with_its_page_is_known_by_its_frame(desk: Desk) -> None:
    """The page sends the order and is gone: the frame tells that it was placed."""
    leave = "() => setTimeout(() => location.reload(), 30)"
    await desk.js(f"document.querySelector('.btn-call').addEventListener('click', {leave})")
    order = desk.order()
    placed = await desk.place(order)
    placed_as_wanted(desk, order, placed)
    assert placed.attempts == 1


async def test_a_cancelled_click_is_left_as_it_stands(desk: Desk) -> None:
    """Nobody says what became of it, and the page can be worked on."""
    running: list[asyncio.Task[Placed]] = []

    def cancel(point: str) -> None:
        if point == "click.before":
            running[0].cancel()

    desk.on_point = cancel
    running.append(asyncio.ensure_future(desk.place(desk.order())))
    with pytest.raises(asyncio.CancelledError):
        await running[0]
    assert (len(desk.permit.asked), desk.permit.clicks) == (1, [])
    assert len(desk.orders) <= 1
    await desk.lay()
    order = desk.order()
    placed_as_wanted(desk, order, await desk.place(order))


async def test_a_chrome_that_dies_in_the_click_leaves_a_doubt(tmp_path: Path) -> None:
    """The pointer is on its way: nobody can tell, nothing is tried again, and no picture is waited for."""
    async with trading_page(tmp_path) as desk:
        await desk.place(desk.order())
        desk.forget()
        desk.on_point = lambda point: os.kill(desk.chrome.pid, signal.SIGKILL) if point == "click.before" else None
        placed = await desk.place(desk.order())
        assert (placed.attempts, placed.landed, placed.refusal) == (1, None, None)
        assert desk.permit.clicks == [(1, None)]


async def test_a_panel_without_its_stake_is_a_refusal_with_a_picture(desk: Desk) -> None:
    """What was looked for is told, and what is left of the panel lies beside a picture; nothing is clicked."""
    await desk.js("document.querySelector('.block--bet-amount').remove()")
    placed = await desk.place(desk.order())
    assert placed.refusal is not None
    assert placed.refusal.code == "control_missing"
    assert desk.permit.asked == []
    folder = desk.folder / placed.refusal.data["artifact"]
    assert sorted(file.name for file in folder.iterdir()) == ["neighbourhood.html", "page.png", "trouble.json"]
    assert "block--expiration-inputs" in (folder / "neighbourhood.html").read_text()


async def test_an_asset_that_is_closed_is_refused_unclicked(desk: Desk) -> None:
    """The list of assets says so before anything is ordered."""
    closed = next(asset.symbol for asset in desk.assets if not asset.open)
    placed = await desk.place(desk.order(closed))
    assert placed.refusal is not None
    assert placed.refusal.code == "asset_closed"
    assert (desk.permit.asked, desk.orders) == ([], [])


async def test_an_order_that_the_broker_never_gets_counts_as_sent(desk: Desk) -> None:
    """The page has sent it: there is no second click, and nobody says that it was not placed."""
    await desk.lay(lost_orders=True)
    placed = await desk.place(desk.order())
    assert (placed.attempts, placed.landed, placed.refusal) == (1, True, None)
    assert [order.refused for order in desk.orders] == ["lost"]


async def test_a_refused_permit_leaves_the_page_unclicked(desk: Desk) -> None:
    """The permit has the last word, and the page is as harmless afterwards as before."""
    permit = NotedPermit(refuse=lambda _: Refusal("killed", "no more"))
    placed = await desk.place(desk.order(), permit)
    assert (placed.attempts, placed.landed) == (0, False)
    assert placed.refusal == Refusal("killed", "no more")
    order = desk.order()
    placed_as_wanted(desk, order, await desk.place(order))


async def test_a_walk_through_all_traps(browser: Desk) -> None:
    """Drawn by a seed: each order is placed once and as wanted, or refused with nothing sent; none is left in doubt."""
    seed, many = int(os.environ.get("QFLUXD_WALK_SEED", "4")), int(os.environ.get("QFLUXD_WALK_ORDERS", "4"))
    await browser.lay(walk=seed, **ALL_TRAPS)
    chance, refused = random.Random(seed), []
    for number in range(many):
        if number % 8 == 7:
            await browser.practice.settle_now()
        browser.forget()
        order = browser.order(
            chance.choice(["EURUSD_otc", "GBPUSD_otc", "AUDCAD_otc"]),
            chance.choice(["call", "put"]),
            chance.choice(["1", "2.5", "10", "100"]),
            chance.choice([5_000, 15_000, 60_000, 65_000, 300_000]),
        )
        placed = await browser.place(order)
        if placed.refusal is None:
            placed_as_wanted(browser, order, placed)
        else:
            refused.append(placed.refusal.code)
            assert browser.orders == []
    assert len(refused) <= many // 10, refused
