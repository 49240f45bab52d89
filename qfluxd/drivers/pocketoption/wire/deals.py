"""What the broker says of money: the balance, orders that it takes or turns down, deals that settle."""

from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from msgspec.json import Decoder

from qfluxd.drivers.pocketoption.wire.packets import Message
from qfluxd.drivers.pocketoption.wire.reading import (
    Flag,
    Price,
    Rows,
    Stamp,
    Symbol,
    Told,
    account,
    is_money,
    misshapen,
    side,
    utc,
)
from qfluxd.errors import ProtocolError
from qfluxd.model import (
    Balance,
    ClosedDeals,
    Deal,
    DealOpened,
    DealsSettled,
    Millis,
    OpenDeals,
    OrderRefused,
    OrderSent,
)

# In clock mode an order names the moment it closes instead of its length; no length comes near this.
_STAMPS_FROM = 1_000_000_000


type _Milliseconds = Annotated[int, Meta(ge=0, le=999)]


class _Balance(msgspec.Struct, rename="camel"):
    is_demo: Flag
    balance: Decimal


class _Deal(msgspec.Struct, rename="camel"):
    """A deal; while it is open `profit` is what it would earn and `close_price` is 0."""

    id: str
    asset: Symbol
    command: Literal[0, 1]
    amount: Decimal
    percent_profit: float
    open_timestamp: Stamp
    close_timestamp: Stamp
    open_price: Price
    is_demo: Flag
    open_ms: _Milliseconds | None = None
    close_ms: _Milliseconds | None = None
    close_price: float | None = None
    profit: Decimal | None = None
    currency: str | None = None
    request_id: str | int | None = None


class _Settled(msgspec.Struct):
    """Deals that closed together; the sum beside them is nobody's profit."""

    deals: msgspec.Raw


class _Refused(msgspec.Struct):
    error: str
    asset: Symbol | None = None
    amount: Decimal | None = None


class _Order(msgspec.Struct, rename="camel"):
    """An order as the page sends it; `time` is its length in seconds, or the stamp it closes at."""

    asset: Symbol
    amount: Decimal
    action: Literal["call", "put"]
    is_demo: Flag
    time: Stamp
    request_id: str | int | None = None


_BALANCE = Decoder(_Balance)
_DEAL = Decoder(_Deal)
_DEALS = Rows(Decoder(list[_Deal]), _DEAL)
_SETTLED = Decoder(_Settled)
_REFUSED = Decoder(_Refused)
_ORDER = Decoder(_Order)


def read_balance(message: Message, _offset: Millis) -> Told:
    """``{"isDemo":1,"balance":48335.49}``; exact to the last digit."""
    told = _BALANCE.decode(message.body)
    if not is_money(told.balance):
        return [misshapen(message, message.body)]
    return [Balance(told.balance, account(told.is_demo))]


def read_open_deals(message: Message, offset: Millis) -> Told:
    """All deals that are open now."""
    deals, errors = _read_deals(message, message.body, offset, settled=False)
    return [*errors, OpenDeals(deals, whole=not errors)]


def read_closed_deals(message: Message, offset: Millis) -> Told:
    """The latest closed deals, newest first."""
    deals, errors = _read_deals(message, message.body, offset, settled=True)
    return [*errors, ClosedDeals(deals, whole=not errors)]


def read_settled_deals(message: Message, offset: Millis) -> Told:
    """``{"profit":<sum>,"deals":[…]}``: each deal has its own profit; the sum is not any deal's."""
    deals, errors = _read_deals(message, _SETTLED.decode(message.body).deals, offset, settled=True)
    return [*errors, DealsSettled(deals)]


def read_deal_opened(message: Message, offset: Millis) -> Told:
    """One deal, with the page's own id of the order where the answer has it."""
    told = _DEAL.decode(message.body)
    deal = _deal(told, offset, settled=False)
    if deal is None:
        return [misshapen(message, message.body)]
    return [DealOpened(deal, None if told.request_id is None else str(told.request_id))]


def read_refusal(message: Message, _offset: Millis) -> Told:
    """``{"error":"…","amount":1,"asset":"EURUSD_otc"}``."""
    told = _REFUSED.decode(message.body)
    if told.amount is not None and not is_money(told.amount):
        return [misshapen(message, message.body)]
    return [OrderRefused(told.error, told.asset, told.amount)]


def read_order(message: Message, offset: Millis) -> Told:
    """The page's own order.

    In clock mode only the closing time is named: the length is then what is left of it by this machine's
    clock, when the frame was read.
    """
    told = _ORDER.decode(message.body)
    expiry = round(told.time * 1000)
    if told.time >= _STAMPS_FROM:
        expiry = utc(told.time, offset) - message.at
    if expiry <= 0 or not is_money(told.amount):
        return [misshapen(message, message.body)]
    request = None if told.request_id is None else str(told.request_id)
    return [OrderSent(told.asset, told.action, told.amount, expiry, account(told.is_demo), request)]


def _read_deals(
    message: Message, body: bytes | msgspec.Raw, offset: Millis, *, settled: bool
) -> tuple[tuple[Deal, ...], list[ProtocolError]]:
    rows, errors = _DEALS.read(body, message)
    deals: list[Deal] = []
    for row in rows:
        deal = _deal(row, offset, settled)
        if deal is None:
            errors.append(misshapen(message, msgspec.json.encode(row)))
        else:
            deals.append(deal)
    return tuple(deals), errors


def _deal(row: _Deal, offset: Millis, settled: bool) -> Deal | None:
    """The deal; None if its amounts are none, its payout is no whole number, or it settled for nothing told."""
    profit = row.profit if settled else None
    if not row.percent_profit.is_integer() or not is_money(row.amount) or (settled and profit is None):
        return None
    if profit is not None and not is_money(profit):
        return None
    return Deal(
        id=row.id,
        asset=row.asset,
        side=side(row.command),
        stake=row.amount,
        payout=int(row.percent_profit),
        opened=utc(row.open_timestamp, offset) + (row.open_ms or 0),
        closes=utc(row.close_timestamp, offset) + (row.close_ms or 0),
        open_price=row.open_price,
        account=account(row.is_demo),
        currency=row.currency,
        close_price=(row.close_price or None) if settled else None,
        profit=profit,
    )
