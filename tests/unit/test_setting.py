"""The topics that end in /set: plain text or JSON, each a command."""

import json

import pytest

from qfluxd.api.requests import Fault, parse
from qfluxd.api.setting import command_of


def meant(topic: str, payload: str) -> tuple[str, object]:
    found = command_of(topic, payload.encode())
    assert found is not None
    return found[0], json.loads(found[1])


@pytest.mark.parametrize(
    ("topic", "payload", "command", "arguments"),
    [
        ("strategy/ema/set", "ON", "strategy/set", {"strategy": "ema", "enabled": True}),
        ("strategy/ema/set", "off", "strategy/set", {"strategy": "ema", "enabled": False}),
        ("strategy/ema/set", "shadow", "strategy/set", {"strategy": "ema", "mode": "shadow"}),
        ("strategy/ema/set", '{"mode":"live"}', "strategy/set", {"strategy": "ema", "mode": "live"}),
        ("strategy/ema/set", "true", "strategy/set", {"strategy": "ema", "enabled": True}),
        ("control/trading/set", "OFF", "trading/pause", {"reason": "control/trading/set"}),
        ("control/trading/set", "on", "trading/resume", {}),
        ("control/trading/set", "kill", "trading/kill", {"reason": "control/trading/set"}),
        ("control/trading/set", '{"value":"on","reason":"checked"}', "trading/resume", {"reason": "checked"}),
        ("control/max_stake/set", "2.5", "control/set", {"control": "max_stake", "value": 2.5}),
        ("control/max_stake/set", "null", "control/set", {"control": "max_stake", "value": None}),
    ],
)
def test_what_is_written_is_a_command(topic: str, payload: str, command: str, arguments: dict[str, object]) -> None:
    """The words that people and Home Assistant write mean the command that they look like."""
    assert meant(topic, payload) == (command, arguments)


def test_other_topics_are_none_of_these() -> None:
    """A request is a request."""
    assert command_of("request/ping", b"") is None
    assert command_of("strategy/ema", b"ON") is None


@pytest.mark.parametrize("payload", [b"\xff\xfe", b"maybe", b"[]", b"3", b""])
def test_what_makes_no_sense_is_refused_by_its_reader(payload: bytes) -> None:
    """Nothing that is written raises; the command it becomes says what is wrong."""
    for topic in ("strategy/ema/set", "control/trading/set"):
        found = command_of(topic, payload)
        assert found is not None
        read = parse(*found)
        assert isinstance(read, Fault) or read.command.name == "control/set"
