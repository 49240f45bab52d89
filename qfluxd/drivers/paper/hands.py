"""The hands of a paper account: orders go to paper, and what harms nothing goes to the page that brings the prices."""

from collections.abc import Callable
from decimal import Decimal
from typing import Never

from qfluxd.drivers.paper.account import ACCOUNT
from qfluxd.drivers.paper.ear import PaperEar
from qfluxd.errors import PageError
from qfluxd.model import Account, Millis, Order, Placed
from qfluxd.ports import Hands, Permit
from qfluxd.sights import FavoritesScan, Picture, Profile, SessionScan, What


class PaperHands:
    """Places orders on paper (`qfluxd.ports.Hands`).

    The promise: nothing in here lets an order, a stake or a change of account reach the page. Looking at it, its chart
    and its favourites is passed on to the hands of the other driver, where it has any.
    """

    def __init__(self, ear: Callable[[], PaperEar | None], page: Callable[[], Hands | None]) -> None:
        """`ear` is None while nothing is heard; `page` are the hands of the driver that brings the prices."""
        self._ear = ear
        self._page = page

    # ----------------------------------------------------------------------------------------------------- on paper

    async def place(self, order: Order, permit: Permit) -> Placed:
        """Ask `permit` as for a page that is set for the order, and send it to the paper broker."""
        return self.place_now(order, permit)

    def place_now(self, order: Order, permit: Permit) -> Placed:
        """The same without waiting, for there is nothing to wait for."""
        ear = self._market()
        refusal = permit.ask(ear.sighting(order), 1)
        if refusal is not None:
            return Placed(0, False, refusal, None, {})
        ear.place(order)
        permit.clicked(1, True)
        return Placed(1, True, None, None, {})

    async def relist(self) -> bool:
        """Have the paper broker tell its deals again; False while the market is not heard."""
        ear = self._ear()
        if ear is None or not ear.connected:
            return False
        ear.log_in()
        return True

    async def set_expiry(self, expiry: Millis) -> Millis:
        """Nothing to set."""
        self._refuse(f"the expiry ({expiry} ms)")

    async def set_stake(self, stake: Decimal) -> Decimal:
        """Nothing to set."""
        self._refuse(f"the stake ({stake})")

    async def select_account(self, account: Account) -> Account:
        """Nothing to choose from."""
        self._refuse(f"the account ({account})")

    # --------------------------------------------------------------------------------------------------- on the page

    async def scan(self) -> SessionScan:
        """Everything the page shows of itself: its own account, not the paper one."""
        return await self._hands().scan()

    async def profile(self) -> Profile:
        """Who is logged in on the page."""
        return await self._hands().profile()

    async def scan_favorites(self, min_payout: int) -> FavoritesScan:
        """Every favourite of the page."""
        return await self._hands().scan_favorites(min_payout)

    async def select_favorite(self, pick: str, min_payout: int) -> str:
        """Put the chart on a favourite."""
        return await self._hands().select_favorite(pick, min_payout)

    async def star(self, asset: str, starred: bool) -> tuple[str, ...]:
        """Add an asset to the favourites or take it out."""
        return await self._hands().star(asset, starred)

    async def select_asset(self, asset: str) -> str:
        """Put the chart on an asset."""
        return await self._hands().select_asset(asset)

    async def select_timeframe(self, timeframe: Millis) -> Millis:
        """Put the chart on a timeframe."""
        return await self._hands().select_timeframe(timeframe)

    async def show_balance(self, shown: bool) -> bool:
        """Show or hide the page's balance."""
        return await self._hands().show_balance(shown)

    async def show_sidebar(self, shown: bool) -> bool:
        """Open or shut the page's list of trades."""
        return await self._hands().show_sidebar(shown)

    async def close_modals(self) -> tuple[str, ...]:
        """Take away what lies over the page."""
        return await self._hands().close_modals()

    async def picture(self, what: What) -> Picture:
        """A screenshot of the page."""
        return await self._hands().picture(what)

    async def reload(self) -> Account | None:
        """Load the page anew; the account stays the paper one."""
        await self._hands().reload()
        return ACCOUNT

    # ------------------------------------------------------------------------------------------------------ inside

    def _market(self) -> PaperEar:
        ear = self._ear()
        if ear is None or not ear.connected:
            raise PageError("page_gone", "the market is not heard, so there is no price to trade at")
        return ear

    def _hands(self) -> Hands:
        page = self._page()
        if page is None:
            raise PageError("no_page", "the driver that brings the prices works no page")
        return page

    def _refuse(self, what: str) -> Never:
        raise PageError("no_page", f"a paper account trades without the page: {what} is not set on it")
