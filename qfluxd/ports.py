"""What a driver and a sink must look like: protocols, never subclassed."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import msgspec

from qfluxd.model import Event, Fact, Frame, Millis
from qfluxd.settings import ChromeSettings

type SeeFrame = Callable[[Frame], None]
"""Takes one frame that is clean of secrets. Never waits, never raises."""


class Ear(Protocol):
    """Who listens to a driver: the desk. No method waits or raises."""

    def hear(self, at: Millis, event: Event) -> None:
        """Take one event; `at` is this machine's clock when its frame was read."""

    def beat(self, at: Millis) -> None:
        """Let time pass: nothing was heard up to `at` that has not been passed on."""

    def on_feed_lost(self) -> None:
        """Frames of the market were missed: bars that are open are not whole any more."""

    def alert(self, code: str, detail: str, at: Millis) -> None:
        """Tell a person something; `code` is a stable word, `detail` a sentence."""


class DriverHealth(msgspec.Struct, frozen=True, kw_only=True):
    """What a driver has done so far. Counts are since the daemon's start."""

    frames: int = 0
    secrets: int = 0
    lost: int = 0
    queued: int = 0
    reconnects: int = 0
    events: dict[str, int] = {}
    errors: dict[str, int] = {}
    chrome_pids: tuple[int, ...] = ()


class Driver(Protocol):
    """One broker. The promise: it says where it stands (`Situation`) before it waits for anything."""

    @property
    def server_offset(self) -> int:
        """The configured lead of the server's clock over UTC, in seconds."""

    def health(self) -> DriverHealth:
        """What it has done so far."""

    async def run(self, ear: Ear) -> None:
        """Listen until cancelled; a driver with an end (a replay) returns at it."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every driver is given beside its own table of the configuration."""

    chrome: ChromeSettings
    state_dir: Path
    see: SeeFrame


class DriverModule(Protocol):
    """A module named by an entry point of the group ``qfluxd.drivers``."""

    Config: type[Any]
    """A frozen pydantic model: the driver's own table, `[driver.<name>]`."""

    def connect(self, config: Any, surroundings: Surroundings) -> Driver:
        """The driver for this table; opens nothing yet."""


class Sink(Protocol):
    """Somewhere facts go: the outbox, the store, a terminal."""

    def on_fact(self, fact: Fact) -> None:
        """Take one fact, at once; a sink that has to wait keeps its own bounded queue."""
