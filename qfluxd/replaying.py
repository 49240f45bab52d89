"""A capture through the whole desk, with what came of it: for looking at, and for proving that it repeats."""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Literal

import msgspec

from qfluxd.api.wire import Message, Wire
from qfluxd.config import Loaded
from qfluxd.desk import Desk
from qfluxd.drivers import replay
from qfluxd.market.candles import BookStats
from qfluxd.market.store import Store
from qfluxd.model import Fact
from qfluxd.ports import Sink, Surroundings

type See = Callable[[Message], None]
"""Takes one fact as the message that MQTT would have got."""


class ReplayReport(msgspec.Struct, frozen=True):
    """What a replay came to. `facts` counts messages by the first word of their topic.

    `fingerprint` is the SHA-256 of every message in order: two replays of a capture with the same settings
    have the same one, at any speed.
    """

    file: str
    frames: int
    events: dict[str, int]
    errors: dict[str, int]
    facts: dict[str, int]
    ticks: BookStats
    fingerprint: str


class _Telling:
    """A sink that words facts as MQTT would, counts them and takes their fingerprint."""

    def __init__(self, see: See) -> None:
        self._see = see
        self._wire = Wire()
        self._hash = hashlib.sha256()
        self.counts: Counter[str] = Counter()

    @property
    def fingerprint(self) -> str:
        return self._hash.hexdigest()

    def on_fact(self, fact: Fact) -> None:
        message = self._wire.encode(fact)
        self.counts[message.topic.partition("/")[0]] += 1
        self._hash.update(message.topic.encode() + b" " + message.payload + b"\n")
        self._see(message)


async def run_replay(
    file: Path,
    loaded: Loaded,
    see: See,
    *,
    speed: float | Literal["max"] = "max",
    store: Path | None = None,
    sinks: Sequence[Sink] = (),
) -> ReplayReport:
    """Play `file` once with the market settings of `loaded`; with `store` what it brings is stored there too.

    `sinks` hear every fact as well.

    Raises `DataError` where the file is not a capture.
    """
    settings = loaded.settings
    offset = getattr(loaded.driver_config, "server_offset", 7200)
    driver = replay.Replay(
        replay.Config(file=file, speed=speed, server_offset=offset),
        Surroundings(settings.chrome, settings.daemon.state_dir, lambda frame: None),
    )
    telling = _Telling(see)
    everyone: list[Sink] = [telling, *sinks]
    desk = Desk(settings.market, lambda fact: _tell(everyone, fact), server_offset=offset)
    async with AsyncExitStack() as stack:
        if store is not None:
            keeper = Store(store, settings.store, settings.market.stream)
            stack.callback(keeper.close)
            everyone.append(keeper)
        await driver.run(desk)
    health = driver.health()
    return ReplayReport(
        file=str(file),
        frames=health.frames,
        events=health.events,
        errors=health.errors,
        facts=dict(telling.counts),
        ticks=desk.stats,
        fingerprint=telling.fingerprint,
    )


def _tell(sinks: Sequence[Sink], fact: Fact) -> None:
    for sink in sinks:
        sink.on_fact(fact)
