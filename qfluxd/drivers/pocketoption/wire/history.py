"""What the broker tells of the past of an asset: its own candles, and the ticks of the last minutes.

Every form becomes one `History`: bars and ticks ascending, in UTC. A row that cannot be a bar is told as an
error and left out: the hole it leaves shows, a wrong bar would not.
"""

from collections.abc import Iterable, Iterator

import msgspec
from msgspec.json import Decoder

from qfluxd.drivers.pocketoption.wire.packets import Message
from qfluxd.drivers.pocketoption.wire.reading import (
    ABSENT,
    AnyStamp,
    Price,
    Rows,
    Seconds,
    Symbol,
    Told,
    is_there,
    misshapen,
    utc_either,
)
from qfluxd.errors import ProtocolError
from qfluxd.model import Bar, History, Millis, Series, Tick


class _Recent(msgspec.Struct):
    """The answer to a change of asset: newest candles, and the ticks up to now."""

    asset: Symbol
    period: Seconds
    history: msgspec.Raw = ABSENT
    candles: msgspec.Raw = ABSENT


class _Older(msgspec.Struct):
    """The answer to a request for older candles."""

    asset: Symbol
    period: Seconds
    data: msgspec.Raw


class _Candle(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """``[time, open, close, high, low(, volume)]``: mind that close stands before high and low."""

    time: AnyStamp
    open: Price
    close: Price
    high: Price
    low: Price
    volume: float | None = None


class _Quote(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """``[time, price(, something)]``; newer clients have seen a third element and ignore it."""

    time: AnyStamp
    price: Price
    third: msgspec.Raw = ABSENT


class _Named(msgspec.Struct):
    """A row with names: a candle, or a tick with `asset` and `price`."""

    time: AnyStamp
    open: Price | None = None
    close: Price | None = None
    high: Price | None = None
    low: Price | None = None
    asset: Symbol | None = None
    price: Price | None = None


_RECENT = Decoder(_Recent)
_OLDER = Decoder(_Older)
_CANDLES = Rows(Decoder(list[_Candle]), Decoder(_Candle))
_QUOTES = Rows(Decoder(list[_Quote]), Decoder(_Quote))
_NAMED = Rows(Decoder(list[_Named]), Decoder(_Named))


def read_recent(message: Message, offset: Millis) -> Told:
    """``{"asset","period","history":[[time,price],…],"candles":[[time,open,close,high,low],…]}``."""
    told = _RECENT.decode(message.body)
    if not is_there(told.history) and not is_there(told.candles):
        yield misshapen(message, message.body)
        return
    candles, errors = _CANDLES.read(_list(told.candles), message)
    yield from errors
    quotes, errors = _QUOTES.read(_list(told.history), message)
    yield from errors
    series = Series(told.asset, told.period * 1000)
    bars = (Bar(utc_either(row.time, offset), row.open, row.high, row.low, row.close) for row in candles)
    ticks = (Tick(told.asset, utc_either(row.time, offset), row.price) for row in quotes)
    yield from _history(message, series, bars, ticks, offset)


def read_older(message: Message, offset: Millis) -> Told:
    """``{"asset","period","data":[{"time","open","close","high","low"},…]}``, or ticks in the rows."""
    told = _OLDER.decode(message.body)
    series = Series(told.asset, told.period * 1000)
    rows, errors = _NAMED.read(told.data, message)
    yield from errors
    bars: list[Bar] = []
    ticks: list[Tick] = []
    for row in rows:
        at = utc_either(row.time, offset)
        match row:
            case _Named(open=float(o), high=float(h), low=float(low), close=float(c), price=None):
                bars.append(Bar(at, o, h, low, c))
            case _Named(open=None, high=None, low=None, close=None, price=float(price), asset=told.asset):
                ticks.append(Tick(told.asset, at, price))
            case _:
                yield misshapen(message, msgspec.json.encode(row))
    yield from _history(message, series, bars, ticks, offset)


def _list(told: msgspec.Raw) -> bytes | msgspec.Raw:
    return told if is_there(told) else b"[]"


def _history(
    message: Message, series: Series, bars: Iterable[Bar], ticks: Iterable[Tick], offset: Millis
) -> Iterator[History | ProtocolError]:
    good: list[Bar] = []
    for bar in sorted(bars, key=lambda bar: bar.at):
        wrong = _wrong(bar, series.timeframe, offset, good[-1].at if good else None)
        if wrong is None:
            good.append(bar)
        else:
            yield ProtocolError(f"{wrong}:{message.event}")
    yield History(series, tuple(good), tuple(sorted(ticks, key=lambda tick: tick.at)))


def _wrong(bar: Bar, timeframe: Millis, offset: Millis, before: Millis | None) -> str | None:
    """Why this cannot be a bar of the series, in a word; None if it can."""
    if not bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high:
        return "prices"
    # The broker cuts time by its own clock, before any conversion to UTC.
    if (bar.at + offset) % timeframe:
        return "off_grid"
    return "repeated" if bar.at == before else None
