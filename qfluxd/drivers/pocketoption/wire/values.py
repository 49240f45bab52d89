"""What PocketOption says beyond the words that every broker shares."""

from decimal import Decimal
from typing import TypeGuard, get_args

import msgspec

from qfluxd.model import Event, Millis, Side


class ServerTime(msgspec.Struct, frozen=True, gc=False):
    """The broker's clock, in UTC."""

    at: Millis


class PlatformSignal(msgspec.Struct, frozen=True, gc=False):
    """The platform's own opinion of one asset: a strength from 0 (none) to 4 for each timeframe, and its price."""

    asset: str
    price: float | None
    strengths: tuple[tuple[Millis, int], ...]


class PlatformSignals(msgspec.Struct, frozen=True):
    """All of the platform's signals (`complete`), or those that changed; `times` says when, for each timeframe."""

    signals: tuple[PlatformSignal, ...]
    complete: bool
    times: tuple[tuple[Millis, Millis], ...] = ()


class SignalCount(msgspec.Struct, frozen=True, gc=False):
    """How many traders followed the platform's signal of `at` on an asset and a timeframe."""

    at: Millis
    asset: str
    timeframe: Millis
    count: int


class SignalCounts(msgspec.Struct, frozen=True):
    """The platform's statistics of its signals, oldest first."""

    counts: tuple[SignalCount, ...]


class PendingOrder(msgspec.Struct, frozen=True):
    """An order that waits for a time (`opens`) or for a price (`open_price`).

    `ticket` is None on the page's own request, before the broker has named it.
    """

    asset: str
    side: Side
    stake: Decimal
    expiry: Millis
    min_payout: int
    opens: Millis | None
    open_price: float | None
    ticket: str | None = None


class PendingOrders(msgspec.Struct, frozen=True):
    """All orders that wait."""

    orders: tuple[PendingOrder, ...]


class PendingOrderPlaced(msgspec.Struct, frozen=True):
    """The broker took an order that waits."""

    order: PendingOrder


class PendingOrderRefused(msgspec.Struct, frozen=True):
    """The broker turned down an order that should have waited, in its own words."""

    error: str


class PendingOrderSent(msgspec.Struct, frozen=True):
    """The page was seen asking for an order that waits."""

    order: PendingOrder


class PendingOrderCancelSent(msgspec.Struct, frozen=True):
    """The page was seen taking back an order that waits."""

    ticket: str


class ChartSettings(msgspec.Struct, frozen=True):
    """How one of the page's charts is set up; None where the frame does not say.

    `kind` is the page's number for candles, line and so on; the stakes and `expiry` (length) or `closes`
    (point in time) stand in its trade panel.
    """

    asset: str
    timeframe: Millis | None
    chart: str | None = None
    kind: int | str | None = None
    demo_stake: Decimal | None = None
    real_stake: Decimal | None = None
    expiry: Millis | None = None
    closes: Millis | None = None
    visible: bool | None = None


class ChartClosed(msgspec.Struct, frozen=True):
    """The page closed one of its charts."""

    chart: str


class Indicator(msgspec.Struct, frozen=True):
    """An indicator on a chart; `options` is its settings as JSON."""

    id: int
    kind: str
    chart: str
    visible: bool
    options: str


class Indicators(msgspec.Struct, frozen=True):
    """All indicators on the page's charts."""

    indicators: tuple[Indicator, ...]


class PriceAlert(msgspec.Struct, frozen=True, gc=False):
    """A price at which the page rings; `asset_id` is the broker's number for the asset."""

    id: int
    asset_id: int
    price: float


class PriceAlerts(msgspec.Struct, frozen=True):
    """All price alerts."""

    alerts: tuple[PriceAlert, ...]


class HistoryAsked(msgspec.Struct, frozen=True, gc=False):
    """The page asked for the candles of `span` milliseconds before a point in time."""

    asset: str
    timeframe: Millis
    before: Millis
    span: Millis


class SentimentAsked(msgspec.Struct, frozen=True, gc=False):
    """The page wants an asset's sentiment (`on`), or no longer."""

    asset: str
    on: bool


class TicksAsked(msgspec.Struct, frozen=True, gc=False):
    """The page wants an asset's ticks beside the chart's (`on`), or no longer."""

    asset: str
    on: bool


type Said = (
    ServerTime
    | PlatformSignals
    | SignalCounts
    | PendingOrders
    | PendingOrderPlaced
    | PendingOrderRefused
    | PendingOrderSent
    | PendingOrderCancelSent
    | ChartSettings
    | ChartClosed
    | Indicators
    | PriceAlerts
    | HistoryAsked
    | SentimentAsked
    | TicksAsked
)
"""What only this broker says."""

type Heard = Event | Said
"""All that can be heard on the page's sockets."""

_EVENTS = frozenset(get_args(Event.__value__))


def is_event(heard: Heard) -> TypeGuard[Event]:
    """Whether it is one of the words that every broker shares, for the desk."""
    return type(heard) in _EVENTS
