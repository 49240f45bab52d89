"""What the page may ask of the market socket, and the shape of each question."""

from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec

from qfluxd.model import Account, Side


class ChangeSymbol(msgspec.Struct, frozen=True):
    """Put the chart on an asset; `period` in seconds."""

    asset: str
    period: int


class LoadHistory(msgspec.Struct, frozen=True):
    """Older candles up to `time` on the broker's clock, `offset` and `period` in seconds."""

    asset: str
    index: int
    time: int
    offset: int
    period: int


class OpenOrder(msgspec.Struct, frozen=True, rename="camel"):
    """A trade the page wants. `time` is its length in seconds, or in clock mode the second it closes at.

    `request_id` is the page's own name for it, given back as it came.
    """

    asset: str
    amount: Decimal
    action: Side
    is_demo: Literal[0, 1] | bool
    time: Annotated[int, msgspec.Meta(ge=0, lt=1 << 40)]
    request_id: int | str | None = None

    @property
    def account(self) -> Account:
        """The account it is meant for."""
        return "demo" if self.is_demo else "real"


PERIODS = (1, 5, 10, 15, 30, 60, 120, 180, 300, 600, 900, 1800, 3600, 14400, 86400)
"""Every length of candle the chart offers, in seconds."""

SHAPES: dict[str, Any] = {
    "changeSymbol": ChangeSymbol,
    "loadHistoryPeriod": LoadHistory,
    "loadHistoryPeriodFast": LoadHistory,
    "openOrder": OpenOrder,
    "subfor": str,
    "unsubfor": str,
    "subscribeSymbol": str,
    "unSubscribeSymbol": str,
    "favorite/change": list[str],
    "saveCharts": dict[str, Any],
    "signals/stats": str,
}
"""Events that carry something, and what."""


def understand(event: str, data: tuple[object, ...]) -> Any:
    """The event's body in its shape; None for an event that carries nothing of interest.

    Raises:
        msgspec.ValidationError: the body is missing or has another shape.
    """
    shape = SHAPES.get(event)
    if shape is None:
        return None
    return msgspec.convert(data[0] if data else None, shape, strict=False)
