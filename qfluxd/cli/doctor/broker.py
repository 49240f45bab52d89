"""What the doctor finds on MQTT: the broker itself, and what a running daemon says of its session."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

from qfluxd.api.caller import Caller, open_caller
from qfluxd.api.mosquitto import APT, find_mosquitto, is_loopback
from qfluxd.cli.doctor.finding import Finding, bad, ok, warn
from qfluxd.config import Loaded
from qfluxd.errors import Disconnected, Unavailable

_TOPICS = ("status", "session", "health")
_GATHER = 1.0
"""Seconds for the broker to send what it keeps."""
_CLOCK_APART = 2_000
_REMEDIES = {
    "starting": "wait a moment",
    "waiting_chrome": "start Chrome with: qfluxd chrome",
    "waiting_page": "open the trading page in that Chrome",
    "stale": "look at the page: is the market open, is it connected?",
    "stopped": "start the daemon with: qfluxd run",
}


async def broker(found: Loaded) -> AsyncIterator[Finding]:
    """The line to the broker, then the daemon behind it."""
    settings = found.settings
    if not settings.mqtt.enabled:
        yield ok("mqtt", "switched off")
        return
    try:
        async with open_caller(settings.mqtt, settings.daemon.name) as caller:
            took = await caller.round_trip()
            yield ok("mqtt", f"{settings.mqtt.host}:{settings.mqtt.port}, {caller.protocol}, QoS 1 in {took:.1f} ms")
            kept = await _kept(caller)
    except (Unavailable, Disconnected) as problem:
        yield _no_broker(found, str(problem).partition(";")[0])
        return
    for finding in daemon(kept, settings.daemon.name, settings.market.stale_after):
        yield finding


def _no_broker(found: Loaded, said: str) -> Finding:
    mqtt = found.settings.mqtt
    if mqtt.start_broker and is_loopback(mqtt.host) and find_mosquitto():
        return warn("mqtt", said, "the daemon starts one itself; qfluxd run")
    return bad("mqtt", said, f"{APT}, or correct [mqtt]")


async def _kept(caller: Caller) -> dict[str, Any]:
    """What the broker keeps of the daemon's topics."""
    kept: dict[str, Any] = {}
    for topic in _TOPICS:
        await caller.listen(topic)
    try:
        async with asyncio.timeout(_GATHER):
            while len(kept) < len(_TOPICS):
                said = await caller.hear()
                kept[said.topic] = _decoded(said.payload)
    except TimeoutError:
        pass  # what is not kept does not come
    return kept


def _decoded(payload: bytes) -> dict[str, Any]:
    try:
        value = json.loads(payload)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def daemon(kept: dict[str, Any], name: str, stale_after: float) -> Iterator[Finding]:
    """What the retained topics `status`, `session` and `health` tell; without a daemon the rest is unknown."""
    if kept.get("status", {}).get("state") != "online":
        yield warn("daemon", f"none runs as qfluxd/{name}; login, socket, ticks and clock are unknown", "qfluxd run")
        return
    yield ok("daemon", f"online as qfluxd/{name}")
    session, health = kept.get("session", {}), kept.get("health", {})
    yield _login(session)
    yield _socket(session)
    yield _ticks(session, health, stale_after)
    yield _clock(session)


def _login(session: dict[str, Any]) -> Finding:
    if session.get("state") == "login_required":
        return bad("login", str(session.get("reason")), "log in by hand in that Chrome")
    if account := session.get("account"):
        return ok("login", f"the {account} account is in front")
    return warn("login", "not known yet", "see the next line")


def _socket(session: dict[str, Any]) -> Finding:
    state, reason = str(session.get("state")), str(session.get("reason"))
    if session.get("connected"):
        return ok("socket", f"{state}: {reason}")
    return bad("socket", f"{state}: {reason}", _REMEDIES.get(state, "log in by hand in that Chrome"))


def _ticks(session: dict[str, Any], health: dict[str, Any], stale_after: float) -> Finding:
    age = health.get("tick_age_ms")
    if session.get("state") == "ready":
        return ok(
            "ticks", "fresh" if age is None else f"fresh; the newest was {age / 1000:.1f} s old at the last report"
        )
    if age is None:
        return bad("ticks", "none has been heard", "see the line above")
    return bad("ticks", f"the newest was {age / 1000:.0f} s old; stale after {stale_after:g} s", _REMEDIES["stale"])


def _clock(session: dict[str, Any]) -> Finding:
    offset = session.get("clock_offset_ms")
    if offset is None:
        return warn("clock", "not measured yet", "wait for ticks")
    if abs(offset) > _CLOCK_APART:
        remedy = "set this machine's clock (timedatectl set-ntp true), or [driver.…] server_offset"
        return warn("clock", f"the broker's is {offset} ms ahead of this machine's", remedy)
    return ok("clock", f"the broker's is {offset} ms ahead of this machine's")
