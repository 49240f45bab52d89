"""Orders that wait for their moment or their price."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from msgspec.json import Decoder

from qfluxd.drivers.pocketoption.wire.packets import Message
from qfluxd.drivers.pocketoption.wire.reading import (
    ABSENT,
    Rows,
    Seconds,
    Symbol,
    Told,
    is_money,
    is_there,
    misshapen,
    side,
)
from qfluxd.drivers.pocketoption.wire.values import (
    PendingOrder,
    PendingOrderCancelSent,
    PendingOrderPlaced,
    PendingOrderRefused,
    PendingOrders,
    PendingOrderSent,
)
from qfluxd.errors import ProtocolError
from qfluxd.model import Millis

type _ServerTime = Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$")]

_AT_A_TIME = 0


class _Pending(msgspec.Struct, rename="camel"):
    """An order that waits: `open_type` 0 for a time, 1 for a price. The broker says symbol, the page asset."""

    open_type: Literal[0, 1]
    amount: Decimal
    open_time: _ServerTime | None
    open_price: float
    timeframe: Seconds
    min_payout: int
    command: Literal[0, 1]
    symbol: Symbol | None = None
    asset: Symbol | None = None
    ticket: str | None = None


class _Wrapped(msgspec.Struct):
    """Some servers put the order into `data`."""

    data: msgspec.Raw = ABSENT


class _Refused(msgspec.Struct):
    error: str


class _Ticket(msgspec.Struct):
    ticket: str


_PENDING = Decoder(_Pending)
_ROWS = Rows(Decoder(list[_Pending]), _PENDING)
_WRAPPED = Decoder(_Wrapped)
_REFUSED = Decoder(_Refused)
_TICKET = Decoder(_Ticket)


def read_pending(message: Message, offset: Millis) -> Told:
    """All orders that wait."""
    rows, errors = _ROWS.read(message.body, message)
    told = [_order(row, message, offset) for row in rows]
    yield from errors
    yield from (error for error in told if isinstance(error, ProtocolError))
    yield PendingOrders(tuple(order for order in told if isinstance(order, PendingOrder)))


def read_placed(message: Message, offset: Millis) -> Told:
    """One order, bare or in ``data``."""
    wrapped = _WRAPPED.decode(message.body).data
    order = _order(_PENDING.decode(wrapped if is_there(wrapped) else message.body), message, offset)
    return [order if isinstance(order, ProtocolError) else PendingOrderPlaced(order)]


def read_refused(message: Message, _offset: Millis) -> Told:
    """``{"error":"…"}``."""
    return [PendingOrderRefused(_REFUSED.decode(message.body).error)]


def read_sent(message: Message, offset: Millis) -> Told:
    """The page's own request."""
    order = _order(_PENDING.decode(message.body), message, offset)
    return [order if isinstance(order, ProtocolError) else PendingOrderSent(order)]


def read_cancel(message: Message, _offset: Millis) -> Told:
    """``{"ticket":"…"}`` from the page."""
    return [PendingOrderCancelSent(_TICKET.decode(message.body).ticket)]


def _order(row: _Pending, message: Message, offset: Millis) -> PendingOrder | ProtocolError:
    asset = row.symbol or row.asset
    at_a_time = row.open_type == _AT_A_TIME
    opens = None if row.open_time is None or not at_a_time else _utc(row.open_time, offset)
    if asset is None or not is_money(row.amount) or (at_a_time and opens is None):
        return misshapen(message, msgspec.json.encode(row))
    return PendingOrder(
        asset=asset,
        side=side(row.command),
        stake=row.amount,
        expiry=row.timeframe * 1000,
        min_payout=row.min_payout,
        opens=opens,
        open_price=None if at_a_time else row.open_price,
        ticket=row.ticket,
    )


def _utc(server_time: str, offset: Millis) -> Millis | None:
    """Milliseconds UTC of a server's wall clock; None where there is no such time."""
    try:
        moment = datetime.strptime(server_time, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None
    return round(moment.timestamp()) * 1000 - offset
