"""What the doctor finds on this machine: the configuration, the disk, the programs."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from qfluxd.api.mosquitto import APT, find_mosquitto
from qfluxd.cli.doctor.finding import Finding, bad, ok, warn
from qfluxd.config import Loaded

_TOO_LITTLE, _LITTLE = 100e6, 1e9
"""Bytes free below which nothing can be stored for long, and below which someone should know."""


def configuration(found: Loaded) -> Iterator[Finding]:
    """The configuration, which is right or we would not be here, and what is to be said of it."""
    yield ok("configuration", f"{found.file or 'the defaults'}: right")
    for notice in found.notices:
        yield Finding("configuration", "warn", notice)


def disk(state_dir: Path) -> Iterator[Finding]:
    """The folder for what is kept: whether it can be written, by whom, and how much room there is."""
    existing = next(path for path in (state_dir, *state_dir.parents) if path.exists())
    if not os.access(existing, os.W_OK | os.X_OK):
        yield bad(
            "state", f"{existing} cannot be written", f"give it to this user, or set [daemon] state_dir: {state_dir}"
        )
        return
    if existing != state_dir:
        yield ok("state", f"{state_dir} does not exist yet and can be made")
    elif state_dir.stat().st_mode & 0o077:
        yield warn("state", f"{state_dir} is open to other users", f"chmod 700 {state_dir}")
    else:
        yield ok("state", f"{state_dir} is ours alone")
    yield _room(existing)


def _room(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    said = f"{free / 1e9:.1f} GB free"
    if free < _TOO_LITTLE:
        return bad("disk", said, "make room, or set [store] keep_days lower")
    return ok("disk", said) if free >= _LITTLE else warn("disk", said, "make room soon, or set [store] keep_days lower")


def programs(found: Loaded) -> Iterator[Finding]:
    """The MQTT broker that the daemon may start."""
    if not (found.settings.mqtt.enabled and found.settings.mqtt.start_broker):
        return
    if path := find_mosquitto():
        yield ok("mosquitto", str(path))
    else:
        yield warn("mosquitto", "not installed, so the daemon cannot start a broker", APT)
