"""The commands that speak to a running daemon: `send`, `watch`, `record`."""

import asyncio
import json as jsonlib
from collections.abc import Container
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any
from uuid import uuid4

from cyclopts import Parameter

from qfluxd.cli.answering import put_answer
from qfluxd.cli.options import Config, Json, Seconds, Set, reached
from qfluxd.cli.printing import Failed, complain, put, put_json
from qfluxd.cli.stopping import until_stopped

if TYPE_CHECKING:
    from qfluxd.api.caller import Caller

Timeout = Annotated[float, Parameter(help="Seconds to wait for an answer. Default: 10; for work that takes long 120.")]

_DONE = ("ok", "duplicate")
_IDS = ("id", "trade")
"""Arguments that are text, also where they look like a number."""


async def send(
    command: Annotated[str, Parameter(help="Such as ping, status, candles, help.")],
    /,
    *arguments: Annotated[str, Parameter(help="key=value; a value that is JSON is taken as such.")],
    config: Config = None,
    set_: Set = None,
    timeout: Timeout = 10,  # noqa: ASYNC109 (the command's own option)
    json: Json = False,
) -> int:
    """Send one command over MQTT and print the answer.

    Exit 0 where it was done, 1 where it was turned down, 75 without an answer or where nobody can tell, 69 without
    an MQTT broker. For a trade without an id one is made up and told: sent again with it, it is not placed again.
    """
    from qfluxd.api.caller import open_caller

    texts = _texts(command)
    fields = _with_id(command, dict(_argument(word, texts) for word in arguments))
    settings = reached(config, set_)
    async with open_caller(settings.mqtt, settings.daemon.name) as caller:
        answer = await caller.ask(command, fields, timeout, lambda _: complain("accepted; the outcome follows"))
        now = None if json else await _as_it_stands(caller, answer, timeout)
    if json:
        put_json(answer)
    else:
        put_answer(command, answer, now)
    return _code(answer)


async def _as_it_stands(caller: "Caller", answer: dict[str, Any], seconds: float) -> dict[str, Any] | None:
    """How the trade of a repeated request stands by now: the answer is the first one, however old."""
    trade = (answer.get("data") or {}).get("trade")
    if answer.get("status") != "duplicate" or not isinstance(trade, dict):
        return None
    status = await caller.ask("trade/status", {"trade": trade["id"]}, seconds)
    now = (status.get("data") or {}).get("trade")
    return now if isinstance(now, dict) else None


def _with_id(command: str, fields: dict[str, Any]) -> dict[str, Any]:
    from qfluxd.api.commands import COMMANDS

    if command not in COMMANDS or not COMMANDS[command].needs_id or "id" in fields:
        return fields
    ident = f"cli-{uuid4().hex[:12]}"
    complain(f"id {ident}")
    return {"id": ident, **fields}


def _code(answer: dict[str, Any]) -> int:
    """The exit code that an answer deserves; a repeat deserves that of the first."""
    from qfluxd.cli.calling import DONE, FAILED, TRY_LATER

    data = answer.get("data")
    trade = data.get("trade") if isinstance(data, dict) else None
    if answer.get("status") == "unknown" or (isinstance(trade, dict) and trade.get("stage") == "unknown"):
        return TRY_LATER
    return DONE if answer.get("status") in _DONE and not answer.get("error") else FAILED


def _texts(command: str) -> frozenset[str]:
    """The arguments of a command that are text whatever is typed: a reason may be 123."""
    from qfluxd.api.commands import described

    told = described()["commands"].get(command, {}).get("arguments", {})
    return frozenset(key for key, rule in told.items() if rule.get("type") == "string") | frozenset(_IDS)


def _argument(word: str, texts: Container[str]) -> tuple[str, Any]:
    key, equals, text = word.partition("=")
    if not equals or not key:
        raise Failed(f"{word!r} is not key=value, such as asset=EURUSD_otc")
    try:
        value = jsonlib.loads(text, parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, ArithmeticError):
        return key, text
    return key, text if key in texts and not isinstance(value, str) else value


def _no_number(word: str) -> Any:
    raise ValueError(word)


async def watch(
    pattern: Annotated[str, Parameter(help="Topics below qfluxd/<name>/, + and # as in MQTT. Default: all.")] = "#",
    /,
    *,
    config: Config = None,
    set_: Set = None,
    seconds: Seconds = None,
    count: Annotated[int | None, Parameter(help="Stop by itself after so many messages.")] = None,
    json: Json = False,
) -> int:
    """Follow what the daemon publishes, until Ctrl-C."""
    from qfluxd.api.caller import open_caller

    settings = reached(config, set_)
    async with open_caller(settings.mqtt, settings.daemon.name) as caller:
        await caller.listen(pattern)
        await until_stopped(_follow(caller, count, json), seconds)
    return 0


async def _follow(caller: "Caller", count: int | None, json: bool) -> None:
    from qfluxd.cli.watching import as_json, teller

    tell = teller()
    heard = 0
    while count is None or heard < count:
        said = await caller.hear()
        heard += 1
        if json:
            put_json(as_json(said), indent=None)
        else:
            tell(said)


async def record(
    *,
    seconds: Seconds = None,
    name: Annotated[str | None, Parameter(help="Letters, digits, _ and -. Default: the time.")] = None,
    config: Config = None,
    set_: Set = None,
    timeout: Timeout = 10,  # noqa: ASYNC109 (the command's own option)
    json: Json = False,
) -> int:
    """Let the daemon record a redacted frame capture; prints where it is.

    Records until Ctrl-C, or as long as --for says.
    """
    from qfluxd.api.caller import open_caller

    settings = reached(config, set_)
    async with open_caller(settings.mqtt, settings.daemon.name) as caller:
        await _done(caller, "record/start", {"name": name} if name else {}, timeout)
        await until_stopped(_wait("Ctrl-C ends it" if seconds is None else f"for {seconds:g} s"), seconds)
        data = await _done(caller, "record/stop", {}, timeout)
    if json:
        put_json(data)
    else:
        put(str(data.get("path", "")))
    return 0


async def _wait(how_long: str) -> None:
    complain(f"recording; {how_long}")
    await asyncio.Event().wait()


async def _done(caller: "Caller", command: str, arguments: dict[str, Any], seconds: float) -> dict[str, Any]:
    answer = await caller.ask(command, arguments, seconds)
    if answer.get("status") not in _DONE:
        raise Failed(f"{command}: {answer.get('error')} ({answer.get('code')})")
    data = answer.get("data")
    return data if isinstance(data, dict) else {}
