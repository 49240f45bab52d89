"""What may be asked of recorded prices: what a strategy would have earned on them."""

from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

from qfluxd.api.commands.arguments import Symbol
from qfluxd.api.commands.asking import Command
from qfluxd.api.commands.strategy import StrategyName
from qfluxd.market.layout import LAST_MILLIS
from qfluxd.model import Millis


class Backtest(Command, frozen=True):
    """What a strategy would have earned on the prices that are stored, by its table, and whether to believe it."""

    name: ClassVar[str] = "backtest"
    example: ClassVar[dict[str, Any]] = {"strategy": "ema_fast", "payout": 92}
    per_second: ClassVar[float] = 0.2
    burst: ClassVar[int] = 3
    parallel: ClassVar[int] = 1

    strategy: StrategyName
    assets: Annotated[tuple[Symbol, ...], Meta(max_length=20, description="only these of its assets")] = ()
    start: Annotated[Millis, Meta(ge=0, le=LAST_MILLIS, description="from when, ms UTC")] | None = msgspec.field(
        name="from", default=None
    )
    end: Annotated[Millis, Meta(ge=0, le=LAST_MILLIS, description="until when, ms UTC")] | None = msgspec.field(
        name="to", default=None
    )
    payout: (
        Annotated[int, Meta(ge=1, le=1000, description="what a win adds, in percent, where the data do not say")] | None
    ) = None
    audits: Annotated[bool, Meta(description="look whether the result is to be believed; takes longer")] = False

    def __post_init__(self) -> None:
        if self.start is not None and self.end is not None and self.end <= self.start:
            raise ValueError("to must be later than from; both are milliseconds since 1970 in UTC")
