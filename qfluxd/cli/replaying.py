"""`replay`: a capture through the whole desk, shown as it goes, with what came of it."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from qfluxd.cli.options import Config, Json, Set, loaded
from qfluxd.cli.printing import Failed, put_data, put_json
from qfluxd.cli.stopping import until_stopped

if TYPE_CHECKING:
    from qfluxd.api.wire import Message

_SHOWN = ("candle", "event", "session")


async def replay(
    file: Annotated[Path, Parameter(help="The capture, as `record` writes it.")],
    /,
    *,
    speed: Annotated[float | Literal["max"], Parameter(help="1 is as fast as it was recorded. Default: max.")] = "max",
    store: Annotated[Path | None, Parameter(help="Also store what it brings, in this folder.")] = None,
    quiet: Annotated[bool, Parameter(help="Print only what came of it.")] = False,
    config: Config = None,
    set_: Set = None,
    json: Json = False,
) -> int:
    """Play a capture through the whole desk, at any speed.

    Prints closed candles and events, then what came of it. With --json: every message as a line of JSON, the last
    line being the report. Two replays with the same settings have the same fingerprint.
    """
    import msgspec

    from qfluxd.replaying import run_replay

    if speed != "max" and not speed > 0:
        raise Failed("--speed must be more than 0, or max")
    see = _silent if quiet else _json_line if json else _line()
    report = await until_stopped(run_replay(file, loaded(config, set_), see, speed=speed, store=store))
    if report is None:
        return 0
    told = msgspec.to_builtins(report)
    if json:
        put_json({"report": told}, indent=None)
    else:
        put_data(told)
    return 0


def _silent(_: "Message") -> None:
    """Show nothing."""


def _json_line(message: "Message") -> None:
    import msgspec

    put_json({"topic": message.topic, "payload": msgspec.json.decode(message.payload)}, indent=None)


def _line() -> Callable[["Message"], None]:
    from rich.console import Console

    from qfluxd.api.caller import Said
    from qfluxd.cli.watching import line

    console = Console(highlight=False, soft_wrap=True)

    def show(message: "Message") -> None:
        if message.topic.startswith(_SHOWN):
            console.print(line(Said(message.topic, message.payload, message.retain)))

    return show
