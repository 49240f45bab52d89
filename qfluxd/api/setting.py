"""The topics that end in ``/set``: what is written there is a command, in plain text or JSON."""

import re
from typing import Any, Final

import msgspec

from qfluxd.api.payloads import encode_json

PATTERNS: Final = ("strategy/+/set", "control/+/set")
"""What to listen to, below the base."""

_TOPIC: Final = re.compile(r"(strategy|control)/([^/]{1,64})/set")
_ON: Final = frozenset({"on", "true", "1", "enable", "enabled", "resume", "active"})
_OFF: Final = frozenset({"off", "false", "0", "disable", "disabled", "pause", "paused"})
_MODES: Final = frozenset({"signal", "shadow", "live"})
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def command_of(topic: str, payload: bytes) -> tuple[str, bytes] | None:
    """The command and its payload that a message on such a topic means; None for any other topic.

    What makes no sense becomes a command that says so when it is read.
    """
    match = _TOPIC.fullmatch(topic)
    if match is None:
        return None
    kind, name = match.groups()
    said = _said(payload)
    command, arguments = _strategy(name, said) if kind == "strategy" else _control(name, said)
    return command, encode_json(arguments)


def _said(payload: bytes) -> Any:
    """JSON as it is, anything else as a word in lower case."""
    try:
        said = msgspec.json.decode(payload)
    except _UNREADABLE:
        said = payload.decode(errors="replace")
    return said.strip().lower() if isinstance(said, str) else said


def _strategy(name: str, said: Any) -> tuple[str, dict[str, Any]]:
    wanted: dict[str, Any] = {"strategy": name}
    if isinstance(said, dict):
        return "strategy/set", wanted | said
    if isinstance(said, str) and said in _MODES:
        return "strategy/set", wanted | {"mode": said}
    return "strategy/set", wanted | {"enabled": _switched(said)}


def _control(name: str, said: Any) -> tuple[str, dict[str, Any]]:
    arguments = dict(said) if isinstance(said, dict) else {}
    value = arguments.pop("value", None) if isinstance(said, dict) else said
    if name != "trading":
        return "control/set", {"control": name, "value": value} | arguments
    if value in ("kill", "killed"):
        return "trading/kill", {"reason": "control/trading/set"} | arguments
    switched = _switched(value)
    if switched is True:
        return "trading/resume", arguments
    if switched is False:
        return "trading/pause", {"reason": "control/trading/set"} | arguments
    return "control/set", {"control": name, "value": value} | arguments


def _switched(said: Any) -> Any:
    """A switch from whatever people write for one; what is none stays as it is, for its reader to refuse."""
    word = str(said).lower()
    return True if word in _ON else False if word in _OFF else said
