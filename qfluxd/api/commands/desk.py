"""What may be asked of the desk and of the daemon itself."""

from typing import Annotated, Any, ClassVar

import msgspec

from qfluxd.api.commands.arguments import Symbol, TimeframeName, usual_name
from qfluxd.api.commands.asking import Command
from qfluxd.api.payloads import LogLevel
from qfluxd.market.layout import LAST_MILLIS
from qfluxd.model import Millis, Series, parse_timeframe

MOST_CANDLES = 5_000
"""How many candles one answer holds at most."""


class Ping(Command, frozen=True):
    """Answers at once: the daemon is there and turning."""

    name: ClassVar[str] = "ping"
    per_second: ClassVar[float] = 200
    burst: ClassVar[int] = 1_000


class Status(Command, frozen=True):
    """What the retained topics status and session say, in one answer."""

    name: ClassVar[str] = "status"


class Health(Command, frozen=True):
    """What the retained topic health says, measured now."""

    name: ClassVar[str] = "health"


class Help(Command, frozen=True):
    """Every command with its arguments, a sentence and an example."""

    name: ClassVar[str] = "help"


class AssetsList(Command, frozen=True):
    """Every asset that the broker offers, with label, kind, payout and whether it is open."""

    name: ClassVar[str] = "assets/list"


class _OfSeries(Command, frozen=True):
    asset: Symbol
    timeframe: TimeframeName

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "timeframe", usual_name(self.timeframe))

    @property
    def series(self) -> Series:
        """The asset through the timeframe."""
        return Series(self.asset, parse_timeframe(self.timeframe))


class Candles(_OfSeries, frozen=True):
    """The newest closed candles of an asset, oldest first."""

    name: ClassVar[str] = "candles"
    example: ClassVar[dict[str, Any]] = {"asset": "EURUSD_otc", "timeframe": "1m", "count": 3}

    count: Annotated[int, msgspec.Meta(ge=1, le=MOST_CANDLES, description="how many at most")] = 100


class History(_OfSeries, frozen=True):
    """The closed candles of an asset that open in a stretch of time, oldest first, also those stored on disk."""

    name: ClassVar[str] = "history"
    example: ClassVar[dict[str, Any]] = {
        "asset": "EURUSD_otc",
        "timeframe": "1m",
        "from": 1763769600000,
        "to": 1763769720000,
    }

    start: Annotated[Millis, msgspec.Meta(ge=0, le=LAST_MILLIS, description="first opening time, ms UTC")] = (
        msgspec.field(name="from")
    )
    end: (
        Annotated[Millis, msgspec.Meta(ge=0, le=LAST_MILLIS, description="opening times before this, ms UTC")] | None
    ) = msgspec.field(name="to", default=None)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.end is not None and self.end <= self.start:
            raise ValueError("to must be later than from; both are milliseconds since 1970 in UTC")


class _Rare(Command, frozen=True):
    per_second: ClassVar[float] = 2
    burst: ClassVar[int] = 10
    parallel: ClassVar[int] = 10


class RecordStart(_Rare, frozen=True):
    """Starts writing what the page receives to a capture file, without anything that authenticates."""

    name: ClassVar[str] = "record/start"
    example: ClassVar[dict[str, Any]] = {"name": "monday"}

    label: (
        Annotated[
            str,
            msgspec.Meta(pattern="^[A-Za-z0-9_-]{1,64}$", description="the file's name: letters, digits, _ and -"),
        ]
        | None
    ) = msgspec.field(name="name", default=None)


class RecordStop(_Rare, frozen=True):
    """Ends the capture file and tells its path, frames and bytes."""

    name: ClassVar[str] = "record/stop"


class SetLogLevel(_Rare, frozen=True):
    """Changes the least level that is logged, until the next restart or for some seconds."""

    name: ClassVar[str] = "log_level"
    example: ClassVar[dict[str, Any]] = {"level": "debug", "for_s": 60}

    level: Annotated[LogLevel, msgspec.Meta(description="the least level that is logged")]
    for_s: (
        Annotated[int, msgspec.Meta(ge=1, le=86_400, description="seconds until the level before returns")] | None
    ) = None


class Reload(_Rare, frozen=True):
    """Reads the configuration again: all of it is checked first, and what needs a restart is listed."""

    name: ClassVar[str] = "reload"


class Restart(_Rare, frozen=True):
    """Leaves in order and begins anew on the configuration as it is now: all of it is checked first."""

    name: ClassVar[str] = "restart"
