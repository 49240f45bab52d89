"""What may be asked is described by the classes themselves."""

from typing import Any

import msgspec
import pytest

from qfluxd.api.commands import COMMANDS, Candles, Command, PageReload, PageWork, Request, Topdown, TradeOpen, described
from qfluxd.api.requests import parse
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
