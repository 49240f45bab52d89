"""What may be asked about trades: to place one, to tell of them, to let them through or not."""

from decimal import Decimal
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

from qfluxd.api.commands.arguments import Expiry, Reason, Stake, Symbol, check_stake, length_of, usual_expiry
from qfluxd.api.commands.asking import Command
from qfluxd.model import Millis, Side

MOST_TRADES = 200


class TradeWork(Command, frozen=True):
    """Something asked of whoever keeps the journal and places orders."""


class TradeOpen(TradeWork, frozen=True):
    """Places one trade, at most once for each id, and answers when the broker has taken it."""

    name: ClassVar[str] = "trade/open"
    example: ClassVar[dict[str, Any]] = {"asset": "EURUSD_otc", "side": "call", "stake": 1, "expiry": "1m"}
    per_second: ClassVar[float] = 5
    burst: ClassVar[int] = 20
    parallel: ClassVar[int] = 20
    needs_id: ClassVar[bool] = True
    rehearses: ClassVar[bool] = True

    asset: Symbol
    side: Annotated[Side, Meta(description="call: the price will rise; put: it will fall")]
    stake: Stake
    expiry: Expiry

    def __post_init__(self) -> None:
        check_stake(self.stake)
        msgspec.structs.force_setattr(self, "expiry", usual_expiry(self.expiry))

    @property
    def length(self) -> Millis:
        """The expiry in milliseconds."""
        return length_of(self.expiry)


class TradeStatus(TradeWork, frozen=True):
    """What the journal knows of one trade: by the id of its request, by the journal's own, or by the deal's."""

    name: ClassVar[str] = "trade/status"
    example: ClassVar[dict[str, Any]] = {"trade": "evening-1"}

    trade: (
        Annotated[str, Meta(min_length=1, max_length=64, description="the id; default: that of the request")]
        | int
        | None
    ) = None

    def __post_init__(self) -> None:
        if isinstance(self.trade, int):
            msgspec.structs.force_setattr(self, "trade", str(self.trade))


class TradeList(TradeWork, frozen=True):
    """The newest trades of the journal, newest first."""

    name: ClassVar[str] = "trade/list"
    example: ClassVar[dict[str, Any]] = {"count": 5}

    count: Annotated[int, Meta(ge=1, le=MOST_TRADES, description="how many at most")] = 20


class TradingPause(TradeWork, frozen=True):
    """Lets no new order through until trading is resumed; deals that are open run on."""

    name: ClassVar[str] = "trading/pause"
    example: ClassVar[dict[str, Any]] = {"reason": "news at noon"}

    reason: Reason = ""


class TradingResume(TradeWork, frozen=True):
    """Lets orders through again; after a kill only with a reason."""

    name: ClassVar[str] = "trading/resume"
    example: ClassVar[dict[str, Any]] = {"reason": "looked at it, all well"}

    reason: Reason = ""


class TradingKill(TradeWork, frozen=True):
    """Stops every new order, also across restarts, until a person resumes trading with a reason."""

    name: ClassVar[str] = "trading/kill"
    example: ClassVar[dict[str, Any]] = {"reason": "losing streak"}

    reason: Reason = ""


class ControlSet(TradeWork, frozen=True):
    """Makes a limit tighter than the configuration file has it, across restarts; null goes back to the file's."""

    name: ClassVar[str] = "control/set"
    example: ClassVar[dict[str, Any]] = {"control": "max_stake", "value": 2}

    control: Annotated[str, Meta(max_length=64, description="max_stake, max_open, max_daily_loss or orders_per_minute")]
    value: Annotated[Decimal, Meta(description="the new limit, never above the file's")] | None = None
