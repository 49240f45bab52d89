"""The platform's own signals: what it thinks of each asset, and how many traders follow."""

from typing import Annotated

import msgspec
from msgspec import Meta
from msgspec.json import Decoder

from qfluxd.drivers.pocketoption.wire.packets import Message
from qfluxd.drivers.pocketoption.wire.reading import Rows, Stamp, Symbol, Told, utc
from qfluxd.drivers.pocketoption.wire.values import PlatformSignal, PlatformSignals, SignalCount, SignalCounts
from qfluxd.model import MINUTE, Millis

type _Minutes = Annotated[int, Meta(ge=1, le=1440)]


class _Signal(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """``["#AAPL_otc",[[1,1],[2,1],…],180.224]``: asset, strength for each timeframe in minutes, price."""

    asset: Symbol
    strengths: list[tuple[_Minutes, int]]
    price: float | None


class _Signals(msgspec.Struct):
    signals: msgspec.Raw
    times: dict[_Minutes, Stamp] | None = None


type _Group = tuple[Stamp, list[tuple[Symbol, _Minutes, int]]]

_SIGNALS = Decoder(_Signals)
_SIGNAL_ROWS = Rows(Decoder(list[_Signal]), Decoder(_Signal))
_COUNT_ROWS = Rows(Decoder(list[_Group]), Decoder(_Group))


def read_all(message: Message, offset: Millis) -> Told:
    """The whole board."""
    return _read(message, offset, complete=True)


def read_changes(message: Message, offset: Millis) -> Told:
    """The rows that changed, on five-second marks, and for which timeframes."""
    return _read(message, offset, complete=False)


def read_counts(message: Message, offset: Millis) -> Told:
    """``[[time,[[asset,minutes,count],…]],…]``."""
    groups, errors = _COUNT_ROWS.read(message.body, message)
    counts = (
        SignalCount(utc(stamp, offset), asset, minutes * MINUTE, count)
        for stamp, rows in groups
        for asset, minutes, count in rows
    )
    return [*errors, SignalCounts(tuple(counts))]


def _read(message: Message, offset: Millis, *, complete: bool) -> Told:
    told = _SIGNALS.decode(message.body)
    rows, errors = _SIGNAL_ROWS.read(told.signals, message)
    signals = (
        PlatformSignal(row.asset, row.price, tuple((minutes * MINUTE, strength) for minutes, strength in row.strengths))
        for row in rows
    )
    times = ((minutes * MINUTE, utc(stamp, offset)) for minutes, stamp in (told.times or {}).items())
    return [*errors, PlatformSignals(tuple(signals), complete, tuple(sorted(times)))]
