"""What is seen on the trading page, each value with where it came from."""

from decimal import Decimal
from typing import Literal

import msgspec

from qfluxd.model import Account, Millis

type Source = Literal["socket", "page", "address"]
type What = Literal["page", "chart", "panel"]


class Reading[T](msgspec.Struct, frozen=True):
    """A value and its source: ``socket`` what the broker said, ``page`` what the page shows, ``address`` its address.

    Both are None where it could not be read. Where broker and page differ, `value` is the broker's and `page` what
    the page shows.
    """

    value: T | None = None
    source: Source | None = None
    page: T | None = None


class SessionScan(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the trading page shows of itself now.

    Payout and zoom are in percent; `balance_hidden` is the page's own hiding. `covering` names what lies over the page:
    ``toast``, ``promo``, ``deposit``, ``confirmation``, ``dropdown``, ``tutorial``, ``loader``, ``unknown``.
    """

    address: str
    login: bool
    account: Reading[Account]
    balance: Reading[Decimal]
    balance_hidden: bool | None
    currency: Reading[str]
    asset: Reading[str]
    timeframe: Reading[Millis]
    expiry: Reading[Millis]
    clock_mode: bool | None
    stake: Reading[Decimal]
    payout: Reading[int]
    call_available: bool
    put_available: bool
    open_trades: Reading[int]
    sidebar_open: bool | None
    favorites: Reading[tuple[str, ...]]
    favorites_shown: bool | None
    covering: tuple[str, ...]
    zoom: int | None
    viewport: tuple[int, int]


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """Who is logged in, as far as the page shows it."""

    account: Reading[Account]
    balance: Reading[Decimal]
    currency: Reading[str]
    stake: Reading[Decimal]
    display_name: str | None
    user_id: str | None
    email: str | None
    level: str | None
    experience: tuple[int, int] | None
    account_banner: str | None
    navigation: tuple[str, ...]


class Favorite(msgspec.Struct, frozen=True):
    """One starred asset. `payout` is None while it cannot be traded; `visible` is whether its item is in sight."""

    asset: str
    label: str
    payout: Reading[int]
    selected: bool
    visible: bool


class FavoritesScan(msgspec.Struct, frozen=True):
    """All favourites in the page's order, and those that pay at least `min_payout` percent."""

    favorites: tuple[Favorite, ...]
    eligible: tuple[str, ...]
    min_payout: int


class Picture(msgspec.Struct, frozen=True):
    """A screenshot in two forms, with its size in pixels."""

    what: What
    png: bytes
    jpeg: bytes
    width: int
    height: int
