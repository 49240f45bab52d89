"""Everything that can be done on the trading page, one thing at a time."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Never, Protocol

import msgspec
import structlog

from qfluxd.chrome.cdp import Refused
from qfluxd.chrome.page import Hand
from qfluxd.chrome.pages import Target
from qfluxd.drivers.pocketoption import page, texts
from qfluxd.drivers.pocketoption.controls import account as accounts
from qfluxd.drivers.pocketoption.controls import covers, favourites, looks, picker, sidebar, views
from qfluxd.drivers.pocketoption.controls import scan as scans
from qfluxd.drivers.pocketoption.controls import timeframe as timeframes
from qfluxd.drivers.pocketoption.controls.diagnostics import Trouble, as_trouble
from qfluxd.drivers.pocketoption.controls.expiry import set_expiry
from qfluxd.drivers.pocketoption.controls.grip import Grip
from qfluxd.drivers.pocketoption.controls.stake import set_stake
from qfluxd.drivers.pocketoption.controls.touch import Touch
from qfluxd.drivers.pocketoption.controls.turns import Turns
from qfluxd.drivers.pocketoption.told import Told
from qfluxd.errors import PageError
from qfluxd.model import Account, Millis, Order, Placed
from qfluxd.ports import Permit
from qfluxd.sights import FavoritesScan, Picture, Profile, SessionScan, What

log = structlog.get_logger()

_RELISTS = 20.0
"""Seconds in which a page that is loaded anew has been told its deals."""
_NAMES = 5.0
"""Seconds after a login in which the broker has named the account in front."""


@dataclass(frozen=True, slots=True)
class Controls:
    """What placing an order needs of the other controls, while it has the turn."""

    touch: Touch

    async def select_asset(self, asset: str) -> str:
        """Put the chart on an asset; gives the symbol that it shows."""
        return await picker.select_asset(self.touch, asset)

    async def close_modals(self, *, keep: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Take away what lies over the page, but these kinds; gives the names of what was closed."""
        return await covers.clear(self.touch, toasts=True, keep=keep)


type Place = Callable[[Hand, Controls, Order, Permit], Awaitable[Placed]]
"""Places an order with the hand that has the turn."""


class Reload(Protocol):
    """Loads the trading page anew; False where that is not allowed, or the page does not let itself be reloaded."""

    async def __call__(self, *, asked: bool = False) -> bool:
        """With `asked` its owner wants it, and it is always allowed; raises `PageError` where there is no page."""


class PageHands:
    """The hands on the trading page (`qfluxd.ports.Hands`).

    The promise: one thing at a time, orders before all that waits; nothing is left open on the page that was not asked
    for; what is returned was read back after it was done.
    """

    def __init__(self, grip: Grip, told: Told, trouble: Trouble, place: Place, reload: Reload) -> None:
        self._grip = grip
        self._told = told
        self._trouble = trouble
        self._place = place
        self._reload = reload
        self._turns = Turns()

    async def run(self) -> Never:
        """Hold the page while it is worked, until cancelled."""
        await self._grip.run()

    # ------------------------------------------------------------------------------------------------- looking

    async def scan(self) -> SessionScan:
        """Everything the page shows of itself."""
        return await self._work(scans.scan)

    async def profile(self) -> Profile:
        """Who is logged in; opens the user menu and shuts it again."""
        return await self._act(scans.profile)

    async def scan_favorites(self, min_payout: int) -> FavoritesScan:
        """Every favourite, also those out of sight, with payouts."""
        return await self._act(lambda touch: favourites.scan(touch, min_payout))

    async def picture(self, what: What) -> Picture:
        """A screenshot of the page, its chart or its trade panel."""
        return await self._work(lambda touch: views.picture(touch, what))

    # -------------------------------------------------------------------------------------------------- acting

    async def select_favorite(self, pick: str, min_payout: int) -> str:
        """Put the chart on a favourite: a symbol, or first, last, best of those that pay enough. Gives the symbol."""
        return await self._act(lambda touch: favourites.select_favourite(touch, pick, min_payout))

    async def star(self, asset: str, starred: bool) -> tuple[str, ...]:
        """Add an asset to the favourites or take it out; gives the favourites after it."""
        return await self._act(lambda touch: picker.star(touch, asset, starred))

    async def select_asset(self, asset: str) -> str:
        """Put the chart on an asset; gives the symbol that it shows."""
        return await self._act(lambda touch: picker.select_asset(touch, asset))

    async def select_timeframe(self, timeframe: Millis) -> Millis:
        """Put the chart on a timeframe; gives the one that it shows."""
        return await self._act(lambda touch: timeframes.select_timeframe(touch, timeframe))

    async def set_expiry(self, expiry: Millis) -> Millis:
        """Set how long the next trade lasts; gives what the page shows."""
        return await self._act(lambda touch: set_expiry(touch.hand, touch.told, touch.trouble, expiry))

    async def set_stake(self, stake: Decimal) -> Decimal:
        """Set the stake of the next trade; gives what the page shows."""
        return await self._act(lambda touch: set_stake(touch.hand, touch.told, touch.trouble, stake))

    async def select_account(self, account: Account) -> Account:
        """Put the demo or the real account in front; gives the one that is."""
        return await self._act(lambda touch: accounts.select_account(touch, account))

    async def show_balance(self, shown: bool) -> bool:
        """Show or hide the balance on the page; gives whether it is shown."""
        return await self._act(lambda touch: accounts.show_balance(touch, shown))

    async def show_sidebar(self, shown: bool) -> bool:
        """Open or shut the list of trades; gives whether it is open."""
        return await self._act(lambda touch: sidebar.show_sidebar(touch, shown))

    async def close_modals(self) -> tuple[str, ...]:
        """Take away what lies over the page; gives the names of what was closed."""
        return await self._act(lambda touch: covers.clear(touch, toasts=True))

    async def place(self, order: Order, permit: Permit) -> Placed:
        """Set asset, expiry and stake in that order, ask `permit`, and click once."""

        async def placing(touch: Touch) -> Placed:
            await _make_ready(touch)
            return await self._place(touch.hand, Controls(touch), order, permit)

        return await self._work(placing, order=True)

    async def relist(self) -> bool:
        """Have the broker tell its open and closed deals again; False where the page may not be reloaded."""
        async with self._turns.turn():
            before = self._told.sessions
            if not await self._reload():
                return False
            await self._logged_in_since(before)
            if await self._told.until(lambda: self._told.open_deals is not None or None, _RELISTS) is None:
                raise PageError(
                    "control_stuck", f"the page has logged in anew, and was told no open deals within {_RELISTS:g} s"
                )
            return True

    async def reload(self) -> Account | None:
        """Load the page anew, as its owner asks; gives the account in front once the page has logged in again."""
        async with self._turns.turn():
            before = self._told.sessions
            if not await self._reload(asked=True):
                raise PageError("page_gone", "the trading page does not let itself be reloaded")
            await self._logged_in_since(before)
            return await self._told.until(lambda: self._told.account, _NAMES)

    async def _logged_in_since(self, session: int) -> None:
        if await self._told.until(lambda: self._told.sessions > session or None, _RELISTS) is None:
            raise PageError("control_stuck", f"the page was loaded anew, and has not logged in within {_RELISTS:g} s")

    async def reload_on_request(
        self, targets: asyncio.Queue[Target], reload: Callable[[Target], Awaitable[None]]
    ) -> Never:
        """Load each of these tabs anew, never while the page is being worked; `reload` may raise `Refused`."""
        while True:
            target = await targets.get()
            async with self._turns.turn():
                try:
                    await reload(target)
                except Refused as problem:
                    log.warning("page not reloaded", reason=str(problem))
            targets.task_done()

    # ---------------------------------------------------------------------------------------------------- turns

    async def _work[T](self, work: Callable[[Touch], Awaitable[T]], *, order: bool = False) -> T:
        """Have the turn and the page, and work it."""
        async with self._turns.turn(order=order), self._grip.hold() as hand:
            with as_trouble(page.BODY):  # whatever of it was not looked for at a control of its own
                return await work(Touch(hand, self._told, self._trouble))

    async def _act[T](self, work: Callable[[Touch], Awaitable[T]]) -> T:
        """The same for what clicks: begun once more if something has come to lie over the page meanwhile."""

        async def acting(touch: Touch) -> T:
            await _make_ready(touch)
            try:
                return await work(touch)
            except PageError as problem:
                if problem.code != "covered" or not await covers.clear(touch, toasts=True):
                    raise
            return await work(touch)

        return await self._work(acting)


async def _make_ready(touch: Touch) -> None:
    """Before anything is done: a login page is left to a person, and a page in the background takes no clicks."""
    with as_trouble(page.BODY):
        seen, address = msgspec.convert(await touch.hand.evaluate(looks.IN_FRONT), tuple[bool, str])
        if texts.asks_login(address):
            raise PageError("login_required", "the page asks for a login; log in by hand in Chrome")
        if not seen:
            await touch.hand.bring_to_front()
