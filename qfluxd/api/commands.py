"""What may be asked of the daemon, over whatever line: one frozen class for each command.

A command's docstring is its description and its fields are its arguments: parsing, `help`, the documentation and
JSON Schema all read them here.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import msgspec

from qfluxd.api.payloads import LogLevel
from qfluxd.market.layout import LAST_MILLIS
from qfluxd.model import Millis, Refusal, Series, parse_timeframe, timeframe_name

MOST_CANDLES = 5_000
"""How many candles one answer holds at most."""


class Command(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something that may be asked. `per_second` and `burst` bound how often, `parallel` how many at a time."""

    name: ClassVar[str]
    example: ClassVar[dict[str, Any]] = {}
    per_second: ClassVar[float] = 50
    burst: ClassVar[int] = 200
    parallel: ClassVar[int] = 100


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
    asset: Annotated[str, msgspec.Meta(min_length=1, max_length=64, description="the broker's exact symbol")]
    timeframe: Annotated[str, msgspec.Meta(description="one of the configured timeframes, such as 1m")]

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "timeframe", timeframe_name(parse_timeframe(self.timeframe)))

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


class RecordStart(Command, frozen=True):
    """Starts writing what the page receives to a capture file, without anything that authenticates."""

    name: ClassVar[str] = "record/start"
    example: ClassVar[dict[str, Any]] = {"name": "monday"}
    per_second: ClassVar[float] = 2
    burst: ClassVar[int] = 10
    parallel: ClassVar[int] = 10

    label: (
        Annotated[
            str,
            msgspec.Meta(pattern="^[A-Za-z0-9_-]{1,64}$", description="the file's name: letters, digits, _ and -"),
        ]
        | None
    ) = msgspec.field(name="name", default=None)


class RecordStop(Command, frozen=True):
    """Ends the capture file and tells its path, frames and bytes."""

    name: ClassVar[str] = "record/stop"
    per_second: ClassVar[float] = 2
    burst: ClassVar[int] = 10
    parallel: ClassVar[int] = 10


class SetLogLevel(Command, frozen=True):
    """Changes the least level that is logged, until the next restart or for some seconds."""

    name: ClassVar[str] = "log_level"
    example: ClassVar[dict[str, Any]] = {"level": "debug", "for_s": 60}
    per_second: ClassVar[float] = 2
    burst: ClassVar[int] = 10
    parallel: ClassVar[int] = 10

    level: Annotated[LogLevel, msgspec.Meta(description="the least level that is logged")]
    for_s: (
        Annotated[int, msgspec.Meta(ge=1, le=86_400, description="seconds until the level before returns")] | None
    ) = None


class Reload(Command, frozen=True):
    """Reads the configuration again: all of it is checked first, and what needs a restart is listed."""

    name: ClassVar[str] = "reload"
    per_second: ClassVar[float] = 2
    burst: ClassVar[int] = 10
    parallel: ClassVar[int] = 10


COMMANDS: dict[str, type[Command]] = {
    command.name: command
    for command in (
        Ping,
        Status,
        Health,
        Help,
        AssetsList,
        Candles,
        History,
        RecordStart,
        RecordStop,
        SetLogLevel,
        Reload,
    )
}


class Result(msgspec.Struct, frozen=True):
    """The answer to one request. `code` is a stable word, `error` a sentence; long work answers twice.

    `id` is the asker's own, `data` an object, `at` when it was answered and `took_ms` how long it took until then.
    """

    id: str | int | None
    status: Literal["ok", "accepted", "error", "expired", "duplicate", "unknown"]
    code: str
    error: str | None
    data: Any
    final: bool
    at: Millis
    took_ms: float


@dataclass(frozen=True, slots=True)
class Later:
    """What performing gives for long work: `data` is told at once as ``accepted``, `outcome` when it is there."""

    data: Any
    outcome: Awaitable[Any]


type Perform = Callable[[Command], Awaitable[Any | Refusal | Later]]
"""Does what a command asks and gives the answer's `data` (anything msgspec can encode), a `Refusal`, or `Later`.

May raise `qfluxd.errors.QfluxdError`, which is answered as an error; anything else is a bug and is not kept quiet.
"""


def described() -> dict[str, Any]:
    """The data of `help`: every command by name with `about`, `arguments` and `example`."""
    return {"commands": {name: _describe(command) for name, command in COMMANDS.items()}}


def _describe(command: type[Command]) -> dict[str, Any]:
    schema = msgspec.json.schema_components([command])[1][command.__name__]
    required = schema.get("required", ())
    arguments = {name: {"required": name in required, **_argument(rule)} for name, rule in schema["properties"].items()}
    return {"about": " ".join((command.__doc__ or "").split()), "arguments": arguments, "example": command.example}


def _argument(rule: dict[str, Any]) -> dict[str, Any]:
    kinds = [kind for kind in rule.get("anyOf", [rule]) if kind.get("type") != "null"]
    return {key: value for source in (rule, *kinds) for key, value in source.items() if key != "anyOf"}
