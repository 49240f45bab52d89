"""The pieces that every kind of the broker's messages is read with: rows, times, names, money."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from msgspec.json import Decoder

from qfluxd.drivers.pocketoption.wire.outline import outline
from qfluxd.drivers.pocketoption.wire.packets import Message
from qfluxd.drivers.pocketoption.wire.socketio import UNREADABLE
from qfluxd.drivers.pocketoption.wire.values import Heard
from qfluxd.errors import ProtocolError
from qfluxd.model import Account, Millis, Side

type Told = Iterable[Heard | ProtocolError]
"""What a message says; what makes no sense in it is told in its place, not raised."""

type Reader = Callable[[Message, Millis], Told]
"""Reads one kind of message, given how far (ms) the server's clock is ahead of UTC.

It may raise what msgspec raises when the message as a whole has another shape.
"""

# Seconds reach this in the year 5138, milliseconds did in 1973: no stamp can be taken for the other kind.
_MILLISECONDS_FROM = 1e11

type Symbol = Annotated[str, Meta(min_length=1, max_length=64)]
type Stamp = Annotated[float, Meta(gt=0, lt=_MILLISECONDS_FROM)]
type AnyStamp = Annotated[float, Meta(gt=0, lt=1e14)]
type Price = Annotated[float, Meta(gt=0)]
type Seconds = Annotated[int, Meta(ge=1, le=86_400)]
type Percent = Annotated[int, Meta(ge=0, le=100)]
type Flag = Literal[0, 1] | bool

ABSENT = msgspec.Raw()
"""The default of a part that is read later, where it is there."""

_MOST_MONEY = Decimal(10) ** 15
_MOST_DIGITS = 30


def utc(stamp: float, offset: Millis) -> Millis:
    """Milliseconds UTC of a server stamp in seconds (UTC plus offset, written as an epoch)."""
    return round(stamp * 1000) - offset


def utc_either(stamp: float, offset: Millis) -> Millis:
    """The same where the server is known to write seconds or milliseconds."""
    return utc(stamp, offset) if stamp < _MILLISECONDS_FROM else round(stamp) - offset


def account(is_demo: int | bool) -> Account:
    """The account that ``isDemo`` means."""
    return "demo" if is_demo else "real"


def side(command: int) -> Side:
    """The direction that ``command`` means."""
    return "put" if command else "call"


def is_there(part: msgspec.Raw) -> bool:
    """Whether a part that is read later was told at all, and not as null."""
    return bytes(part) not in (b"", b"null")


def is_money(amount: Decimal) -> bool:
    """Whether it can be an amount of money: msgspec also reads NaN, infinity and 1E+400 as a Decimal."""
    exponent = amount.as_tuple().exponent  # a letter where it is no number
    return isinstance(exponent, int) and -_MOST_DIGITS <= exponent <= 15 and -_MOST_MONEY < amount < _MOST_MONEY


def misshapen(message: Message, body: bytes | msgspec.Raw) -> ProtocolError:
    """The error for a part of a message that has not the shape its kind has."""
    return ProtocolError(f"shape:{message.event}", outline(bytes(body)))


class Rows[Row]:
    """Reads a list whose rows are alike; a bad row is told, and the others are kept."""

    def __init__(self, whole: Decoder[list[Row]], single: Decoder[Row]) -> None:
        self._whole = whole
        self._single = single

    def read(self, body: bytes | msgspec.Raw, message: Message) -> tuple[list[Row], list[ProtocolError]]:
        """The good rows in order, and an error for each bad one. Raises what msgspec does if it is no list."""
        try:
            return self._whole.decode(body), []
        except msgspec.ValidationError:
            return self._read_singly(body, message)

    def _read_singly(self, body: bytes | msgspec.Raw, message: Message) -> tuple[list[Row], list[ProtocolError]]:
        rows: list[Row] = []
        errors: list[ProtocolError] = []
        for raw in _LIST.decode(body):
            try:
                rows.append(self._single.decode(raw))
            except UNREADABLE:
                errors.append(misshapen(message, raw))
        return rows, errors


_LIST = Decoder(list[msgspec.Raw])
