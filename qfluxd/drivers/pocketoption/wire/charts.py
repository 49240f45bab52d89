"""What the page shows: its charts, their settings and indicators, the prices at which it rings."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated

import msgspec
from msgspec import Meta
from msgspec.json import Decoder

from qfluxd.drivers.pocketoption.wire.packets import Message
from qfluxd.drivers.pocketoption.wire.reading import (
    ABSENT,
    Flag,
    Price,
    Rows,
    Seconds,
    Stamp,
    Symbol,
    Told,
    is_money,
    is_there,
    misshapen,
    utc,
)
from qfluxd.drivers.pocketoption.wire.values import (
    ChartClosed,
    ChartSettings,
    HistoryAsked,
    Indicator,
    Indicators,
    PriceAlert,
    PriceAlerts,
    SentimentAsked,
    TicksAsked,
)
from qfluxd.errors import ProtocolError
from qfluxd.model import ChartShown, Millis

# The page's own numbers for its timeframes, in seconds. They are no minutes: 4 is one minute, 6 is five.
PERIODS = {
    15: 1,
    0: 5,
    1: 10,
    2: 15,
    3: 30,
    4: 60,
    13: 120,
    14: 180,
    6: 300,
    7: 600,
    8: 900,
    9: 1800,
    10: 3600,
    11: 14400,
    12: 86400,
}


class _Settings(msgspec.Struct, rename="camel"):
    """One chart's settings. The page's clock mode keeps a closing stamp, its timer mode a length."""

    symbol: Symbol
    chart_period: int | None = None
    chart_id: str | None = None
    chart_type: int | str | None = None
    demo_deal_amount: Decimal | None = None
    live_deal_amount: Decimal | None = None
    fast_timeframe: Seconds | None = None
    fast_close_at: Annotated[float, Meta(ge=0, lt=1e11)] | None = None
    is_visible: Flag | None = None


class _Entry(msgspec.Struct):
    """A chart in the list: its settings are JSON within a JSON string, or plain; or it is the settings itself."""

    chart_id: str | None = None
    settings: msgspec.Raw = ABSENT


class _Change(msgspec.Struct):
    asset: Symbol
    period: Seconds | None = None


class _Older(msgspec.Struct):
    asset: Symbol
    period: Seconds
    time: Stamp
    offset: Annotated[float, Meta(ge=0, lt=1e10)]


class _Closed(msgspec.Struct, rename="camel"):
    chart_id: str


class _Indicator(msgspec.Struct):
    id: int
    type: str
    chart_id: str
    visible: Flag
    settings: msgspec.Raw


class _Indicators(msgspec.Struct):
    list: msgspec.Raw


class _Alert(msgspec.Struct, rename="camel"):
    id: int
    asset_id: int
    price: Price


_LIST = Decoder(list[msgspec.Raw])
_TEXT = Decoder(str)
_SETTINGS = Decoder(_Settings)
_ENTRY = Decoder(_Entry)
_CHANGE = Decoder(_Change)
_OLDER = Decoder(_Older)
_CLOSED = Decoder(_Closed)
_SYMBOL = Decoder(Symbol)
_INDICATORS = Decoder(_Indicators)
_INDICATOR_ROWS = Rows(Decoder(list[_Indicator]), Decoder(_Indicator))
_ALERT_ROWS = Rows(Decoder(list[_Alert]), Decoder(_Alert))


def read_charts(message: Message, offset: Millis) -> Told:
    """Each chart as it is shown and as it is set up; the page and the broker send the same forms."""
    for chart, settings in _entries(message.body, None):
        try:
            told = _SETTINGS.decode(settings)
        except msgspec.ValidationError:
            yield misshapen(message, settings)
            continue
        yield from _chart(told, chart or told.chart_id, message, offset)


def read_change(message: Message, _offset: Millis) -> Told:
    """``{"asset":"EURUSD_otc","period":300}``: the page turns its chart to another asset or timeframe."""
    told = _CHANGE.decode(message.body)
    return [ChartShown(told.asset, None if told.period is None else told.period * 1000)]


def read_closed(message: Message, _offset: Millis) -> Told:
    """``{"chartId":"chart-2"}``."""
    return [ChartClosed(_CLOSED.decode(message.body).chart_id)]


def read_history_asked(message: Message, offset: Millis) -> Told:
    """``{"asset","index","time","offset","period"}``: `offset` seconds of candles before `time`."""
    told = _OLDER.decode(message.body)
    return [HistoryAsked(told.asset, told.period * 1000, utc(told.time, offset), round(told.offset * 1000))]


def read_sentiment_on(message: Message, _offset: Millis) -> Told:
    """``"EURUSD_otc"``, wanted."""
    return [SentimentAsked(_SYMBOL.decode(message.body), on=True)]


def read_sentiment_off(message: Message, _offset: Millis) -> Told:
    """``"EURUSD_otc"``, no longer wanted."""
    return [SentimentAsked(_SYMBOL.decode(message.body), on=False)]


def read_ticks_on(message: Message, _offset: Millis) -> Told:
    """``"EURUSD_otc"``, wanted."""
    return [TicksAsked(_SYMBOL.decode(message.body), on=True)]


def read_ticks_off(message: Message, _offset: Millis) -> Told:
    """``"EURUSD_otc"``, no longer wanted."""
    return [TicksAsked(_SYMBOL.decode(message.body), on=False)]


def read_indicators(message: Message, _offset: Millis) -> Told:
    """``{"list":[{"id","type","chart_id","visible","settings":{…}},…]}``."""
    rows, errors = _INDICATOR_ROWS.read(_INDICATORS.decode(message.body).list, message)
    told = (Indicator(row.id, row.type, row.chart_id, bool(row.visible), bytes(row.settings).decode()) for row in rows)
    return [*errors, Indicators(tuple(told))]


def read_alerts(message: Message, _offset: Millis) -> Told:
    """``[{"id","assetId","price"},…]``; only the empty list was ever recorded."""
    rows, errors = _ALERT_ROWS.read(message.body, message)
    return [*errors, PriceAlerts(tuple(PriceAlert(row.id, row.asset_id, row.price) for row in rows))]


def _entries(told: bytes | msgspec.Raw, chart: str | None) -> Iterator[tuple[str | None, bytes]]:
    """Each chart's name and settings, out of lists, of entries that hold settings, and of JSON in strings."""
    text = bytes(told).lstrip()
    if text.startswith(b"["):
        for item in _LIST.decode(text):
            yield from _entries(item, chart)
    elif text.startswith(b'"'):
        yield from _entries(_TEXT.decode(text).encode(), chart)
    else:
        entry = _ENTRY.decode(text)
        if is_there(entry.settings):
            yield from _entries(entry.settings, entry.chart_id or chart)
        else:
            yield chart, text


def _chart(told: _Settings, chart: str | None, message: Message, offset: Millis) -> Told:
    if told.chart_period is not None and told.chart_period not in PERIODS:
        yield ProtocolError(f"chart_period:{message.event}")
        return
    stakes = (told.demo_deal_amount, told.live_deal_amount)
    if not all(stake is None or is_money(stake) for stake in stakes):
        yield ProtocolError(f"stake:{message.event}")
        return
    timeframe = None if told.chart_period is None else PERIODS[told.chart_period] * 1000
    yield ChartShown(told.symbol, timeframe, chart)
    yield ChartSettings(
        asset=told.symbol,
        timeframe=timeframe,
        chart=chart,
        kind=told.chart_type,
        demo_stake=told.demo_deal_amount,
        real_stake=told.live_deal_amount,
        expiry=None if told.fast_timeframe is None else told.fast_timeframe * 1000,
        closes=utc(told.fast_close_at, offset) if told.fast_close_at else None,
        visible=None if told.is_visible is None else bool(told.is_visible),
    )
