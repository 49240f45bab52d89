"""docs/mqtt.md says what the program does: every example in it is read by the models themselves."""

import re
import shlex
from typing import Any

import msgspec
import pytest

from qfluxd.api import payloads
from qfluxd.api.commands import COMMANDS, Request, Result, described
from qfluxd.api.requests import parse
from qfluxd.api.setting import command_of
from tests.support.fixtures import ROOT

PAGE = (ROOT / "docs" / "mqtt.md").read_text()
MODELS: dict[str, type[msgspec.Struct]] = {
    "status": payloads.StatusPayload,
    "session": payloads.SessionPayload,
    "info": payloads.InfoPayload,
    "health": payloads.HealthPayload,
    "account": payloads.AccountPayload,
    "assets": payloads.AssetsPayload,
    "asset/<asset>": payloads.AssetPayload,
    "tick/<asset>": payloads.TickPayload,
    "candle/<asset>/<timeframe>": payloads.CandlePayload,
    "event/alert": payloads.AlertPayload,
    "event/session": payloads.SessionEventPayload,
    "event/trade": payloads.TradeEventPayload,
    "trades/open": payloads.OpenTradesPayload,
    "control": payloads.ControlPayload,
    "signal/<strategy>/<asset>": payloads.SignalPayload,
    "event/signal": payloads.SignalEventPayload,
    "strategy/<name>": payloads.StrategyPayload,
    "stats/today": payloads.StatsPayload,
    "compare/<name>": payloads.ComparisonPayload,
    "event/compare": payloads.ComparisonEventPayload,
    "log/<level>": payloads.LogPayload,
}
TOPIC_EXAMPLES = dict(re.findall(r"^### `([^`]+)`\n\n```json\n(.+)\n```$", PAGE, re.MULTILINE))
REQUESTS = PAGE.partition("## Requests")[2]


def test_every_payload_has_its_section() -> None:
    """Each payload of the program is shown under its topic, and nothing else is."""
    assert TOPIC_EXAMPLES.keys() == MODELS.keys()
    assert set(MODELS.values()) == set(payloads.PAYLOADS)


@pytest.mark.parametrize("topic", MODELS)
def test_a_payload_is_written_as_it_is_shown(topic: str) -> None:
    """The example is exactly what the program would write: same keys, same order, same numbers."""
    example = TOPIC_EXAMPLES[topic]
    assert payloads.encode_json(msgspec.json.decode(example, type=MODELS[topic])).decode() == example


@pytest.mark.parametrize("example", re.findall(r"```json\n(.+)\n```", REQUESTS))
def test_an_answer_is_written_as_it_is_shown(example: str) -> None:
    """The answers shown have the fields of every answer, in their order."""
    assert payloads.encode_json(msgspec.json.decode(example, type=Result)).decode() == example


@pytest.mark.parametrize("line", re.findall(r"^(mosquitto_(?:pub|rr) .+request/.+)$", PAGE, re.MULTILINE))
def test_a_request_that_is_shown_is_a_good_one(line: str) -> None:
    """Every request on the page is understood."""
    words = shlex.split(line)
    command = words[words.index("-t") + 1].removeprefix("qfluxd/main/request/")
    payload = words[words.index("-m") + 1].encode() if "-m" in words else b""
    assert isinstance(parse(command, payload), Request)


SWITCHES = re.findall(r"^mosquitto_pub -t qfluxd/main/((?:strategy|control)/\S+/set) -m (\S+)$", PAGE, re.MULTILINE)


@pytest.mark.parametrize(("topic", "payload"), SWITCHES)
def test_a_switch_that_is_shown_is_a_good_one(topic: str, payload: str) -> None:
    """What the page writes to a topic that ends in /set is understood."""
    meant = command_of(topic, payload.encode())
    assert meant is not None
    assert isinstance(parse(*meant), Request)


def test_every_row_of_the_switches_is_understood() -> None:
    """Each topic and payload of the table is the command that stands beside it."""
    table = PAGE.partition("### Switches")[2].partition("```")[0]
    rows = re.findall(r"^\| (?:`([a-z/<>]+)`)? ?\| (.+?) \| (.+?) \|$", table, re.MULTILINE)
    topic, seen = "", 0
    for named, payloads_shown, means in rows:
        topic = named or topic
        for payload in re.findall(r"`([^`]+)`", payloads_shown):
            place = topic.replace("<name>", "x").replace("<limit>", "max_stake")
            found = command_of(place, payload.encode())
            assert found is not None
            assert isinstance(parse(*found), Request)
            assert f"`{found[0]}`" in means or means.startswith("the same")
            seen += 1
    assert seen == 12


def test_the_error_that_is_shown_is_the_one_that_is_said() -> None:
    """The sentence of the example is the program's own."""
    fault = parse("candles", b'{"aset":"X"}')
    assert not isinstance(fault, Request)
    assert fault.error in PAGE


def test_the_table_lists_every_command() -> None:
    """Names, arguments, defaults and sentences of the table are those of the commands."""
    rows = re.findall(r"^\| `([a-z_/]+)` \| (.*?) ?\| (.+\.) \|$", REQUESTS, re.MULTILINE)
    assert rows == [(name, _arguments(name), told["about"]) for name, told in described()["commands"].items()]


def _arguments(name: str) -> str:
    fields: dict[str, dict[str, Any]] = described()["commands"][name]["arguments"]
    ordered = [(field, fields[field]) for field in COMMANDS[name].__struct_encode_fields__]
    return ", ".join(
        f"`{field}`" if rule["required"] else f"`{field}` = {msgspec.json.encode(rule['default']).decode()}"
        for field, rule in ordered
    )
