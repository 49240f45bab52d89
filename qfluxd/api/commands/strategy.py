"""What may be asked about strategies: how they are doing, to switch them, what one of them says now."""

from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

from qfluxd.api.commands.arguments import Reason, Symbol, usual_name
from qfluxd.api.commands.asking import Command
from qfluxd.model import Mode, Series, parse_timeframe

type StrategyName = Annotated[
    str, Meta(min_length=1, max_length=48, description="the name of a [[strategy]] in the configuration")
]


class StrategyWork(Command, frozen=True):
    """Something asked of the plans on the desk."""


class StrategyList(StrategyWork, frozen=True):
    """Every strategy of the configuration: what it does, in which mode, and how it is doing."""

    name: ClassVar[str] = "strategy/list"


class StrategyEnable(StrategyWork, frozen=True):
    """Turns a strategy on; one that was benched is tried again."""

    name: ClassVar[str] = "strategy/enable"
    example: ClassVar[dict[str, Any]] = {"strategy": "ema_cross_eurusd"}

    strategy: StrategyName
    reason: Reason = ""


class StrategyDisable(StrategyWork, frozen=True):
    """Turns a strategy off; deals that are open run on."""

    name: ClassVar[str] = "strategy/disable"
    example: ClassVar[dict[str, Any]] = {"strategy": "ema_cross_eurusd", "reason": "losing"}

    strategy: StrategyName
    reason: Reason = ""


class StrategySet(StrategyWork, frozen=True):
    """Puts a strategy into another mode, or turns it on or off; holds across restarts until the file changes it."""

    name: ClassVar[str] = "strategy/set"
    example: ClassVar[dict[str, Any]] = {"strategy": "ema_cross_eurusd", "mode": "shadow"}

    strategy: StrategyName
    enabled: Annotated[bool, Meta(description="false turns it off")] | None = None
    mode: Annotated[Mode, Meta(description="signal, shadow or live")] | None = None
    reason: Reason = ""

    def __post_init__(self) -> None:
        if self.enabled is None and self.mode is None:
            raise ValueError("strategy/set needs enabled or mode")


class SignalNow(StrategyWork, frozen=True):
    """What a strategy says of an asset at its newest closed candle, with its numbers; nothing is traded."""

    name: ClassVar[str] = "signal"
    example: ClassVar[dict[str, Any]] = {"asset": "EURUSD_otc", "timeframe": "1m", "strategy": "ema_cross_eurusd"}

    asset: Symbol
    strategy: Annotated[
        str,
        Meta(min_length=1, max_length=48, description="the name of a [[strategy]], or of a strategy at its defaults"),
    ]
    timeframe: Annotated[str, Meta(max_length=16, description="default: that of the [[strategy]], else 1m")] | None = (
        None
    )

    def __post_init__(self) -> None:
        if self.timeframe is not None:
            msgspec.structs.force_setattr(self, "timeframe", usual_name(self.timeframe))

    def series(self, default: int) -> Series:
        """The asset through the timeframe, or through `default` milliseconds where none is named."""
        return Series(self.asset, default if self.timeframe is None else parse_timeframe(self.timeframe))


class Stats(StrategyWork, frozen=True):
    """What trades came to today and in all, by strategy: counts, profit, win rate with its interval and break-even."""

    name: ClassVar[str] = "stats"
