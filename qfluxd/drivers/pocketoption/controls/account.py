"""The account in front, and whether the page shows its balance."""

from collections.abc import Awaitable, Callable

from qfluxd.drivers.pocketoption import page, texts
from qfluxd.drivers.pocketoption.controls import readings
from qfluxd.drivers.pocketoption.controls.covers import clear
from qfluxd.drivers.pocketoption.controls.readings import read
from qfluxd.drivers.pocketoption.controls.touch import Item, Part, Touch
from qfluxd.errors import PageError
from qfluxd.model import Account

_CHANGES = 20.0
"""Seconds in which the other account's page is loaded and the broker has told its balance."""


async def select_account(touch: Touch, account: Account) -> Account:
    """Put an account in front, which loads another page, and give the one that page and broker agree on then."""
    if await _in_front(touch, account):
        return account
    async with touch.trouble.working(touch.hand, page.ACCOUNT_ENTRIES, page.ACCOUNT_MENU):
        await _open_menu(touch)
        entry = await touch.until(lambda: _entry(touch, account))
        if entry is None:
            raise PageError("control_missing", f"the page's account menu has no {account} account")
        await touch.click(page.ACCOUNT_ENTRIES, Part(texts=(entry.text,)))
        if await touch.told.until(lambda: touch.told.account == account or None, _CHANGES) is None:
            raise PageError("control_stuck", f"the broker did not put the {account} account in front")
        if await touch.until(_while_loading(lambda: _in_front(touch, account)), _CHANGES) is None:
            raise PageError("control_stuck", f"the page does not show the {account} account")
    return account


async def show_balance(touch: Touch, shown: bool) -> bool:
    """Show or hide the balance on the page, and give whether it is shown then."""
    if await _balance_shown(touch, shown):
        return shown
    async with touch.trouble.working(touch.hand, page.BALANCE_SWITCH, page.ACCOUNT_MENU):
        await _open_menu(touch)
        try:
            await touch.click(page.BALANCE_SWITCH)
            if await touch.until(lambda: _balance_shown(touch, shown)) is None:
                raise PageError("control_stuck", "the balance did not change how it is shown")
        finally:
            await clear(touch)
    return shown


async def _open_menu(touch: Touch) -> None:
    await clear(touch)
    async with touch.trouble.working(touch.hand, page.ACCOUNT_MENU):
        await touch.click(page.ACCOUNT_MENU)
        if await touch.appears(page.DROPDOWN) is None:
            raise PageError("control_stuck", "a click on the balance did not open the account menu")


async def _entry(touch: Touch, account: Account) -> Item | None:
    """The menu's entry that names an account, or leads to its page."""
    for item in await touch.items(page.ACCOUNT_ENTRIES):
        named = texts.account_of_label(item.text) or texts.account_of_address(item.address or "")
        if item.shown and named == account:
            return item
    return None


async def _in_front(touch: Touch, account: Account) -> bool | None:
    """Whether broker, label and address all say that this account is in front."""
    seen = await read(touch.hand)
    labelled = readings.shown_account(seen)
    addressed = texts.account_of_address(seen.address)
    return {touch.told.account, labelled, addressed} == {account} or None


async def _balance_shown(touch: Touch, shown: bool) -> bool | None:
    hidden = readings.balance_hidden(await read(touch.hand))
    return True if hidden is not None and hidden != shown else None


def _while_loading[T](look: Callable[[], Awaitable[T | None]]) -> Callable[[], Awaitable[T | None]]:
    """The same look, which sees nothing while the page is replaced by another."""

    async def patient() -> T | None:
        try:
            return await look()
        except PageError as problem:
            if problem.code != "page_gone":
                raise
            return None

    return patient
