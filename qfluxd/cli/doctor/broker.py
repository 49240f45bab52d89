"""What the doctor finds on MQTT: the broker itself, and what a running daemon says of its session."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from qfluxd.api.caller import Caller, open_caller
from qfluxd.api.mosquitto import APT, find_mosquitto, is_loopback
from qfluxd.cli.doctor.finding import Finding, bad, ok, warn
from qfluxd.cli.printing import when
from qfluxd.config import Loaded
from qfluxd.errors import Disconnected, Unavailable
from qfluxd.trading.journal import FILE

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
    expected = getattr(found.driver_config, "account", None)
    for finding in daemon(kept, settings.daemon.name, settings.market.stale_after, expected):
        yield finding
    if is_loopback(settings.mqtt.host) and (lost := _lost_journal(kept, settings.daemon.state_dir)):
        yield lost


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


def daemon(kept: dict[str, Any], name: str, stale_after: float, expected: str | None) -> Iterator[Finding]:
    """What the retained topics `status`, `session` and `health` tell; without a daemon the rest is unknown.

    `expected` is the account that the driver wants in front, None where it has none.
    """
    if kept.get("status", {}).get("state") != "online":
        yield warn("daemon", f"none runs as qfluxd/{name}; login, socket, ticks and clock are unknown", "qfluxd run")
        return
    yield ok("daemon", f"online as qfluxd/{name}")
    session, health = kept.get("session", {}), kept.get("health", {})
    yield _login(session, expected)
    yield _socket(session)
    yield _ticks(session, health, stale_after)
    yield _clock(session)


def _login(session: dict[str, Any], expected: str | None) -> Finding:
    if session.get("state") == "login_required":
        return bad("login", str(session.get("reason")), "log in by hand in that Chrome")
    account = session.get("account")
    if account is None and session.get("connected"):
        said = "which account is in front was told before the daemon listened, and no order is placed without it"
        remedy = "qfluxd send page/reload, or reload the tab; [chrome] reload_on_attach = true does so at each start"
        return warn("login", said, remedy)
    if account is None:
        return warn("login", "not known yet", "see the next line")
    if expected is not None and account != expected:
        said = f"the {account} account is in front, and the driver is for {expected}: no order is placed"
        return warn("login", said, f"qfluxd send account/select account={expected}")
    return ok("login", f"the {account} account is in front")


def _socket(session: dict[str, Any]) -> Finding:
    state, reason = str(session.get("state")), str(session.get("reason"))
    if session.get("connected"):
        return ok("socket", f"{state}: {reason}")
    return bad("socket", f"{state}: {reason}", _REMEDIES.get(state, "log in by hand in that Chrome"))


def _ticks(session: dict[str, Any], health: dict[str, Any], stale_after: float) -> Finding:
    age, at = health.get("tick_age_ms"), health.get("at")
    if session.get("state") == "ready":
        return ok(
            "ticks", "fresh" if age is None else f"fresh; the newest was {age / 1000:.1f} s old at the last report"
        )
    if age is None or at is None:
        return bad("ticks", "none has been heard", "see the line above")
    said = f"the newest known of was heard at {when(at - age)}; stale after {stale_after:g} s"
    remedy = _REMEDIES["stale"] if session.get("connected") else "see the line above"
    return bad("ticks", said, remedy)


def _lost_journal(kept: dict[str, Any], state_dir: Path) -> Finding | None:
    """A daemon that trades has its journal where the configuration says, or it writes into a file that nobody finds."""
    online = kept.get("status", {}).get("state") == "online"
    trades = online and kept.get("health", {}).get("trading") is not None
    if not trades or not os.access(state_dir, os.X_OK) or (state_dir / FILE).is_file():
        return None
    remedy = "stop the daemon and put the file back, or name the daemon's own configuration with --config"
    return bad("journal", f"the daemon trades, and {state_dir / FILE} is not there", remedy)


def _clock(session: dict[str, Any]) -> Finding:
    offset = session.get("clock_offset_ms")
    if offset is None:
        return warn("clock", "not measured yet", "wait for ticks")
    if abs(offset) > _CLOCK_APART:
        remedy = "set this machine's clock (timedatectl set-ntp true), or [driver.…] server_offset"
        return warn("clock", f"the broker's is {offset} ms ahead of this machine's", remedy)
    return ok("clock", f"the broker's is {offset} ms ahead of this machine's")
