"""What the trade panel shows, read in one look: the words of the page, and what they mean."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import msgspec

from qfluxd.chrome.page import Hand
from qfluxd.drivers.pocketoption import page, texts
from qfluxd.drivers.pocketoption.controls.inpage import LOOK, LOOK_FOR, LOOK_PAST
from qfluxd.drivers.pocketoption.told import Told
from qfluxd.drivers.pocketoption.wire.values import ChartSettings
from qfluxd.model import MINUTE, Account, Millis, Side, Sighting

_CLOCK_STEP: Final = 30 * MINUTE
_CLOCK_AHEAD: Final = 2 * MINUTE
_SAYS: Final = 0.3
"""Seconds in which what is heard on the socket follows what the page does."""


class Shown(msgspec.Struct, frozen=True):
    """The page's own words, before anyone has thought about them.

    `utc` is whether the expiry's block speaks of UTC, `open` whether its drop-down is open, `money` whether the stake
    is an amount and not a percentage; `shut` is the veil of an asset that is not traded, `hidden` a tab behind another,
    `walled` anything over the page that asks something of a person.
    """

    asset: str | None
    expiry: str | None
    utc: bool
    open: bool
    stake: str | None
    money: bool | None
    payout: str | None
    label: str | None
    demo: bool
    real: bool
    address: str
    button: bool
    available: bool
    shut: bool
    hidden: bool
    walled: bool


WALLS: Final = ",".join(
    selector
    for control in (page.DROPDOWN, page.DEPOSIT, page.CONFIRMATION, page.PROMO, page.TUTORIAL, page.LOADER, page.LOGIN)
    for selector in control.selectors
)
"""What a person would have to see to first: no button is pressed through it."""


def selectors(side: Side = "call") -> dict[str, object]:
    """What the scripts look for."""
    return {
        "walls": WALLS,
        "button": (page.CALL if side == "call" else page.PUT).selectors,
        "asset": page.SYMBOL.selectors,
        "expiry": page.EXPIRY.selectors,
        "expiryBlock": page.EXPIRY_BLOCK.selectors,
        "expiryPanel": page.EXPIRY_PANEL.selectors,
        "amount": page.AMOUNT.selectors,
        "unit": page.AMOUNT_ICON.selectors,
        "payout": page.PAYOUT.selectors,
        "label": page.ACCOUNT_LABEL.selectors,
        "demo": page.DEMO_BODY.selectors,
        "real": page.REAL_BANNER.selectors,
        "veil": page.ASSET_VEIL.selectors,
    }


async def look(hand: Hand, side: Side = "call") -> Shown:
    """One look at the panel."""
    return shown(await hand.evaluate(LOOK, selectors(side)))


async def look_for(hand: Hand, seconds: float, **want: object) -> Shown:
    """The panel as soon as it shows what is wanted, by the names of `Shown`; after that time as it is."""
    return shown(await hand.evaluate(LOOK_FOR, {"s": selectors(), "want": want, "ms": seconds * 1000}))


async def look_past(hand: Hand, seconds: float, **gone: object) -> Shown:
    """The panel as soon as it does not show that any more; after that time as it is."""
    return shown(await hand.evaluate(LOOK_PAST, {"s": selectors(), "not": gone, "ms": seconds * 1000}))


def shown(told: Any) -> Shown:
    """The words of a look, from what its script gave."""
    return msgspec.convert(told, Shown)


def expiry_of(view: Shown, told: Told, now: Millis) -> Millis | None:
    """The length that the panel shows; None where it may be a time of day, which looks alike.

    It is believed unless the page has saved another length, or the text could be the moment at which a trade opened
    at `now` closes. Where it is not, the open drop-down tells.
    """
    length = None if view.utc else texts.length(view.expiry)
    if length is None or told.expiry not in (None, length) or looks_like_clock(length, now):
        return None
    return length


def looks_like_clock(length: Millis, now: Millis) -> bool:
    """Whether a length could be the time of day at which a trade opened at `now` closes.

    The page's clock may be set to any half hour beside UTC. It counts from the next two minutes on, or from the
    length itself: by that one the two are alike just before the half hour.
    """
    return 0 < (length - now) % _CLOCK_STEP <= _CLOCK_AHEAD or -now % _CLOCK_STEP <= MINUTE


def stake_of(view: Shown) -> Decimal | None:
    """The stake in money; None where the panel counts in percent or shows none."""
    return texts.money(view.stake) if view.money else None


def asset_of(view: Shown, told: Told) -> str | None:
    """The symbol of the asset that the panel trades; where several have the same label, the socket's word decides."""
    return told.symbol(view.asset)


def label_of(view: Shown) -> Account | None:
    """The account by the balance's label; None where the page contradicts itself."""
    account = texts.account_of_label(view.label)
    against = view.real if account == "demo" else view.demo
    return None if against else account


def sighting(view: Shown, told: Told, expiry: Millis | None) -> Sighting:
    """What is shown to those who decide on the click; `expiry` as it was read and made sure of."""
    return Sighting(
        asset=asset_of(view, told),
        expiry=expiry,
        stake=stake_of(view),
        payout=texts.percent(view.payout),
        account_label=label_of(view),
        account_address=texts.account_of_address(view.address),
        available=view.available,
    )


async def agreed[T](told: Told, before: ChartSettings | None, said: Callable[[], T | None], shown: T) -> bool:
    """Whether what the page has told the broker of its settings since `before`, if anything, is what it shows."""
    if told.settings is None or told.settings is before or said() in (None, shown):
        return True
    return await told.until(lambda: said() == shown or None, _SAYS) is not None
