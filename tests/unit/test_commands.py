"""What may be asked is described by the classes themselves."""

from typing import Any

import msgspec
import pytest

from qfluxd.api.commands import (
    COMMANDS,
    Candles,
    Command,
    PageReload,
    PageWork,
    Request,
    SignalNow,
    Topdown,
    TradeOpen,
    described,
)
from qfluxd.api.requests import Fault, parse
from qfluxd.model import Series

PROMISED = [
    "ping",
    "status",
    "health",
    "help",
    "assets/list",
    "candles",
    "history",
    "trade/open",
    "trade/status",
    "trade/list",
    "trading/pause",
    "trading/resume",
    "trading/kill",
    "control/set",
    "strategy/list",
    "strategy/enable",
    "strategy/disable",
    "strategy/set",
    "signal",
    "stats",
    "compare/start",
    "compare/stop",
    "compare/report",
    "compare/promote",
    "backtest",
    "session/scan",
    "profile/scan",
    "favorites/scan",
    "favorites/select",
    "favorites/star",
    "asset/select",
    "timeframe/select",
    "expiry/select",
    "stake/set",
    "account/select",
    "balance/show",
    "sidebar/show",
    "modals/close",
    "page/reload",
    "screenshot",
    "topdown",
    "record/start",
    "record/stop",
    "log_level",
    "reload",
    "restart",
]


def test_the_promised_commands_are_there() -> None:
    """Every command of the interface that this version has is known by its name."""
    assert list(COMMANDS) == PROMISED


@pytest.mark.parametrize("name", PROMISED)
def test_help_describes_every_command(name: str) -> None:
    """Help tells a sentence and an example for each command, and every argument with its type or its words."""
    told: dict[str, Any] = described()["commands"][name]
    assert told["about"].endswith(".")
    assert set(told["arguments"]) == set(COMMANDS[name].__struct_encode_fields__)
    assert all({"type", "enum"} & rule.keys() and rule["description"] for rule in told["arguments"].values())
    assert isinstance(parse(name, msgspec.json.encode({"id": "1", **told["example"]})), Request)


def test_help_tells_what_is_required() -> None:
    """Arguments without a default are marked as required."""
    arguments = described()["commands"]["candles"]["arguments"]
    assert {name: rule["required"] for name, rule in arguments.items()} == {
        "asset": True,
        "timeframe": True,
        "count": False,
    }


def test_a_series_is_read_from_its_arguments() -> None:
    """Another spelling of a timeframe becomes the usual one."""
    command = msgspec.convert({"asset": "EURUSD_otc", "timeframe": "60s"}, Candles)
    assert command.timeframe == "1m"
    assert command.series == Series("EURUSD_otc", 60_000)


def test_a_look_is_at_the_timeframe_that_is_named_or_else_at_the_usual_one() -> None:
    """Whoever asks for a signal may leave the timeframe out; another spelling becomes the usual one."""
    asked = msgspec.convert({"asset": "X", "strategy": "ema", "timeframe": "300s"}, SignalNow)
    assert (asked.timeframe, asked.series(60_000)) == ("5m", Series("X", 300_000))
    assert msgspec.convert({"asset": "X", "strategy": "ema"}, SignalNow).series(60_000) == Series("X", 60_000)


@pytest.mark.parametrize(
    ("command", "payload", "says"),
    [
        ("strategy/set", b'{"strategy":"ema"}', "strategy/set needs enabled or mode"),
        ("strategy/set", b'{"strategy":"ema","mode":"real"}', "mode must be one of signal, shadow, live"),
        ("strategy/enable", b"{}", "strategy/enable needs the argument strategy"),
        ("signal", b'{"asset":"X","strategy":"ema","timeframe":"1 min"}', "1 min"),
        ("control/set", b'{"control":"max_stake","value":"much"}', "value"),
    ],
)
def test_a_switch_that_makes_no_sense_is_said(command: str, payload: bytes, says: str) -> None:
    """A switch without anything to switch, a mode that there is not, a limit that is no number."""
    fault = parse(command, payload)
    assert isinstance(fault, Fault)
    assert fault.code == "bad_argument"
    assert says in fault.error


def test_commands_do_not_change() -> None:
    """A command is a frozen value."""
    assert all(command.__struct_config__.frozen for command in COMMANDS.values())
    assert all(issubclass(command, Command) for command in COMMANDS.values())


def test_what_works_the_page_is_bounded() -> None:
    """There is one hand on the page: few requests wait for it at a time, and one walk through the timeframes."""
    page = [command for command in COMMANDS.values() if issubclass(command, PageWork)]
    assert len(page) == 16
    assert {command.parallel for command in page} == {8, PageReload.parallel, Topdown.parallel}
    assert Topdown.parallel == 1


def test_an_expiry_is_told_in_both_its_forms() -> None:
    """Help says that seconds and a name are both good, and what money is."""
    arguments = described()["commands"]["trade/open"]["arguments"]
    assert arguments["expiry"]["type"] == ["integer", "string"]
    assert arguments["stake"]["type"] == "number"
    assert arguments["stake"]["description"]


def test_a_trade_has_its_length_in_milliseconds() -> None:
    """Whatever way it was written, an expiry is one length."""
    for expiry in (60, "60", "60s", "1m"):
        assert msgspec.convert({"asset": "X", "side": "call", "stake": 1, "expiry": expiry}, TradeOpen).length == 60_000
