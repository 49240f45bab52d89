"""What the broker says of the market now: ticks, the crowd's mood, its clock, what can be traded."""

from typing import Annotated

import msgspec
from msgspec import Meta
from msgspec.json import Decoder

from qfluxd.drivers.pocketoption.wire.packets import Message
from qfluxd.drivers.pocketoption.wire.reading import Flag, Percent, Price, Rows, Seconds, Stamp, Symbol, Told, utc
from qfluxd.drivers.pocketoption.wire.values import ServerTime
from qfluxd.model import Asset, Assets, Favorites, Millis, Sentiment, Tick


class _Expiry(msgspec.Struct):
    time: Seconds


class _Asset(msgspec.Struct, array_like=True):
    """A row of the asset list, column by column; columns beyond the last are tolerated."""

    id: msgspec.Raw
    symbol: Symbol
    label: str
    kind: str
    digits: Annotated[int, Meta(ge=0, le=20)]
    payout: Annotated[int, Meta(ge=0)]
    default_expiry: msgspec.Raw
    clock_expiry: msgspec.Raw
    expiry_step: msgspec.Raw
    otc: Flag
    otc_id: msgspec.Raw
    real_id: msgspec.Raw
    signals: msgspec.Raw
    stamp: msgspec.Raw
    open: Flag
    expiries: list[_Expiry]
    open_until: msgspec.Raw
    min_expiry: Seconds
    opens_at: msgspec.Raw


_TICKS = Decoder(list[tuple[Symbol, Stamp, Price]])
_TICK_ROWS = Rows(_TICKS, Decoder(tuple[Symbol, Stamp, Price]))
_MOOD_ROWS = Rows(Decoder(list[tuple[Symbol, Percent]]), Decoder(tuple[Symbol, Percent]))
_ASSET_ROWS = Rows(Decoder(list[_Asset]), Decoder(_Asset))
_SYMBOLS = Decoder(list[Symbol])
_STAMP = Decoder(Stamp)


def read_ticks(message: Message, offset: Millis) -> Told:
    """``[["EURGBP_otc",1756869696.775,0.87654],…]``: asset, server seconds, price.

    A row of two is a mood that strayed (``chafor`` looks alike), not a tick.
    """
    try:
        # The one path that runs a thousand times a second; everything else may take its time.
        rows = _TICKS.decode(message.body)
    except msgspec.ValidationError:
        return _read_tick_rows(message, offset)
    return [Tick(asset, round(stamp * 1000) - offset, price) for asset, stamp, price in rows]


def _read_tick_rows(message: Message, offset: Millis) -> Told:
    rows, errors = _TICK_ROWS.read(message.body, message)
    return [*errors, *(Tick(asset, utc(stamp, offset), price) for asset, stamp, price in rows)]


def read_moods(message: Message, _offset: Millis) -> Told:
    """``[["EURUSD_otc",60],…]``: asset, percent of traders that buy."""
    rows, errors = _MOOD_ROWS.read(message.body, message)
    return [*errors, *(Sentiment(asset, buyers) for asset, buyers in rows)]


def read_clock(message: Message, offset: Millis) -> Told:
    """A number: the server's clock in seconds."""
    return [ServerTime(utc(_STAMP.decode(message.body), offset))]


def read_assets(message: Message, _offset: Millis) -> Told:
    """The whole list, a row of nineteen columns for each asset."""
    rows, errors = _ASSET_ROWS.read(message.body, message)
    return [*errors, Assets(tuple(_asset(row) for row in rows))]


def read_favorites(message: Message, _offset: Millis) -> Told:
    """``["AUDCAD_otc",…]`` in the page's order."""
    return [Favorites(tuple(_SYMBOLS.decode(message.body)))]


def _asset(row: _Asset) -> Asset:
    return Asset(
        symbol=row.symbol,
        label=row.label,
        kind=row.kind,
        digits=row.digits,
        payout=row.payout,
        open=bool(row.open),
        otc=bool(row.otc),
        expiries=tuple(sorted({expiry.time * 1000 for expiry in row.expiries})),
        min_expiry=row.min_expiry * 1000,
    )
