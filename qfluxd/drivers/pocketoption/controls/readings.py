"""What the page shows, read at one moment, and what each value is worth beside what the broker said."""

import re
from decimal import Decimal

import msgspec

from qfluxd.chrome.page import Hand
from qfluxd.drivers.pocketoption import page, texts
from qfluxd.drivers.pocketoption.controls import looks
from qfluxd.drivers.pocketoption.controls.diagnostics import as_trouble
from qfluxd.drivers.pocketoption.controls.panel import looks_like_clock
from qfluxd.drivers.pocketoption.told import Told
from qfluxd.model import HOUR, Account, Millis
from qfluxd.sights import Reading

_LONGEST = 12 * HOUR
"""The longest trade there is; what shows more is a time of day."""
_MONEY_ICON = re.compile(r"icon--(?!percent)\w")


class SeenFavourite(msgspec.Struct, frozen=True):
    """One item of the favourites bar, as it is written there."""

    asset: str | None
    label: str
    payout: str | None
    selected: bool
    visible: bool


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the page shows at one moment, as it is written there; None where it does not show it."""

    address: str
    login: bool
    demo_body: bool
    label: str | None
    balance: str | None
    balance_class: str | None
    balance_text: str | None
    balance_status: str | None
    currency: str | None
    banner: str | None
    asset: str | None
    timeframe: str | None
    expiry: str | None
    expiry_block: str | None
    stake: str | None
    stake_icon: str | None
    payout: str | None
    call: bool
    put: bool
    inactive: bool
    favourites: tuple[SeenFavourite, ...]
    favourites_shown: bool | None
    sidebar: bool | None
    open_trades: str | None
    covering: tuple[str, ...]
    css_zoom: float
    viewport: tuple[int, int]


async def read(hand: Hand) -> Seen:
    """Everything the page shows now, in one look."""
    with as_trouble(page.BODY):
        return msgspec.convert(await hand.evaluate(looks.READ, looks.READ_OF), Seen)


def account(seen: Seen, told: Told) -> Reading[Account]:
    """The account in front: the broker's word, the page's label, its classes, and its address, in this order."""
    shown = shown_account(seen)
    if told.account is None and shown is None:
        address = texts.account_of_address(seen.address)
        return Reading(address, None if address is None else "address")
    return _held(told.account, shown)


def shown_account(seen: Seen) -> Account | None:
    """The account that the page itself names: by its label, else by its classes."""
    labelled = texts.account_of_label(seen.label) or texts.account_of_class(seen.balance_class)
    return labelled or ("demo" if seen.demo_body else None)


def balance(seen: Seen, told: Told) -> Reading[Decimal]:
    """The balance; the page keeps it also while it hides it."""
    return _held(None if told.balance is None else told.balance.amount, texts.money(seen.balance))


def balance_hidden(seen: Seen) -> bool | None:
    """Whether the page hides the balance; None where it shows none at all."""
    if seen.balance_text is None:
        return None
    return seen.balance_status == "hide" or "*" in seen.balance_text


def currency(seen: Seen, told: Told) -> Reading[str]:
    """The account's currency, such as USD."""
    return _held(None if told.balance is None else told.balance.currency, seen.currency or None)


def asset(seen: Seen, told: Told) -> Reading[str]:
    """The symbol of the asset on the chart."""
    return _held(told.asset, shown_asset(seen, told))


def shown_asset(seen: Seen, told: Told) -> str | None:
    """The symbol of what the page names above its chart."""
    if seen.asset is None:
        return None
    starred = (item.asset for item in seen.favourites if item.label == seen.asset)
    return told.symbol(seen.asset) or next(starred, None)


def timeframe(seen: Seen, told: Told) -> Reading[Millis]:
    """The chart's timeframe."""
    return _held(told.timeframe, texts.timeframe(seen.timeframe))


def expiry(seen: Seen, told: Told, now: Millis) -> Reading[Millis]:
    """How long the next trade lasts; none while the panel shows, or may show, when it ends."""
    return _shown(texts.length(seen.expiry), told.expiry) if clock_mode(seen, told, now) is False else Reading()


def clock_mode(seen: Seen, told: Told, now: Millis) -> bool | None:
    """Whether the panel shows when a trade ends instead of how long it lasts; None where that cannot be told.

    Both are written alike. The length that the page has saved settles it, and whether a trade opened at `now` could
    end at that time of day.
    """
    shown = texts.length(seen.expiry)
    if shown is None:
        return None
    if "UTC" in (seen.expiry_block or "") or shown > _LONGEST:
        return True
    if shown == told.expiry:
        return False
    if looks_like_clock(shown, now):
        return None if told.expiry is None else True
    return False if told.expiry is None else None


def stake(seen: Seen, told: Told) -> Reading[Decimal]:
    """The stake of the next trade in money; none while the panel takes it in percent."""
    if seen.stake_icon is not None and not _MONEY_ICON.search(seen.stake_icon):
        return Reading()
    return _shown(texts.money(seen.stake), told.stake)


def payout(seen: Seen, told: Told) -> Reading[int]:
    """What a win adds to the stake, in percent."""
    known = told.assets.get(told.asset or "")
    return _held(known.payout if known is not None and known.open else None, texts.percent(seen.payout))


def open_trades(seen: Seen, told: Told) -> Reading[int]:
    """How many trades are open; the page tells by the badge of its trades button."""
    shown = None if seen.open_trades is None else int(seen.open_trades)
    return _held(None if told.open_deals is None else len(told.open_deals), shown)


def favourites(seen: Seen, told: Told) -> Reading[tuple[str, ...]]:
    """The starred symbols in the page's order."""
    shown = tuple(item.asset for item in seen.favourites if item.asset)
    return _held(told.favourites, shown if seen.favourites_shown is not None else None)


def _held[T](said: T | None, shown: T | None) -> Reading[T]:
    """A value of the page held against the broker's."""
    if said is not None:
        return Reading(said, "socket", shown)
    return Reading(shown, None if shown is None else "page", shown)


def _shown[T](shown: T | None, saved: T | None) -> Reading[T]:
    """A value of the panel, which an order is made of; the socket carries only the page's own note of it."""
    return _held(saved, None) if shown is None else Reading(shown, "page", shown)
