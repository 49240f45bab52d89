"""A capture through the whole desk, with what came of it: for looking at, and for proving that it repeats."""

import hashlib
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import msgspec

from qfluxd.api.payloads import DecisionsPayload
from qfluxd.api.wire import Message, Wire
from qfluxd.config import Loaded, latency_of, rules_of
from qfluxd.desk import Desk, Say
from qfluxd.deskside import Deskside
from qfluxd.drivers import replay
from qfluxd.market.candles import BookStats
from qfluxd.market.capture import read_capture
from qfluxd.market.store import Store
from qfluxd.model import Fact, Millis
from qfluxd.ports import Sink, Surroundings
from qfluxd.trading.journal import Journal

type See = Callable[[Message], None]
"""Takes one fact as the message that MQTT would have got."""

_AT_ONCE = 3_000
"""Pieces of messages that are hashed together."""


class ReplayReport(msgspec.Struct, frozen=True):
    """What a replay came to. `facts` counts messages by the first word of their topic.

    `fingerprint` is the SHA-256 of every message in order: two replays of a capture with the same settings
    have the same one, at any speed. `decisions` is that of all that strategies decided: the run that was recorded has
    the same one, where it was recorded from its start.
    """

    file: str
    frames: int
    events: dict[str, int]
    errors: dict[str, int]
    facts: dict[str, int]
    ticks: BookStats
    fingerprint: str
    decisions: DecisionsPayload


@dataclass(slots=True)
class _Topic:
    """What every line of a topic begins with, and how many there were."""

    begins: bytes
    count: int = 0


class _Telling:
    """A sink that words facts as MQTT would, counts them and takes their fingerprint."""

    def __init__(self, see: See) -> None:
        self._see = see
        self._wire = Wire()
        self._hash = hashlib.sha256()
        self._unhashed: list[bytes] = []
        self._topics: dict[str, _Topic] = {}

    @property
    def fingerprint(self) -> str:
        self._take_in()
        return self._hash.hexdigest()

    @property
    def counts(self) -> dict[str, int]:
        """Messages by the first word of their topic, in the order of the first of each."""
        counts: dict[str, int] = {}
        for name, topic in self._topics.items():
            word = name.partition("/")[0]
            counts[word] = counts.get(word, 0) + topic.count
        return counts

    def on_fact(self, fact: Fact) -> None:
        message = self._wire.encode(fact)
        topic = self._topics.get(message.topic)
        if topic is None:
            topic = self._topics[message.topic] = _Topic(message.topic.encode() + b" ")
        topic.count += 1
        self._unhashed += topic.begins, message.payload, b"\n"
        if len(self._unhashed) >= _AT_ONCE:
            self._take_in()
        self._see(message)

    def _take_in(self) -> None:
        """Hash what has come together: many short pieces cost more one by one."""
        self._hash.update(b"".join(self._unhashed))
        self._unhashed.clear()


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
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="qfluxd-replay-")))
        journal = stack.enter_context(Journal(folder, _beginning(file), durable=False))
        if store is not None:
            keeper = Store(store, settings.store, settings.market.stream)
            stack.callback(keeper.close)
            everyone.append(keeper)
        say = telling.on_fact if len(everyone) == 1 else lambda fact: _tell(everyone, fact)
        desk = _desk(loaded, driver, journal, say)
        await driver.run(desk)
    health = driver.health()
    return ReplayReport(
        file=str(file),
        frames=health.frames,
        events=health.events,
        errors=health.errors,
        facts=telling.counts,
        ticks=desk.stats,
        fingerprint=telling.fingerprint,
        decisions=DecisionsPayload(desk.plans.fingerprint.decisions, str(desk.plans.fingerprint)),
    )


def _desk(loaded: Loaded, driver: replay.Replay, journal: Journal, say: Say) -> Desk:
    """The very desk of a daemon, on a journal of its own; what was done from outside is told by the recording."""
    settings = loaded.settings
    side = Deskside(
        settings.market,
        settings.risk,
        msgspec.structs.replace(rules_of(settings), budget_us=None),
        journal,
        say,
        server_offset=driver.server_offset,
        latency=latency_of(settings),
        account=getattr(loaded.driver_config, "account", None),
        keep_shadow=False,
    )
    side.orders.begin(journal.began())
    side.desk.plans.replace(loaded.plans)
    return side.desk


def _beginning(file: Path) -> Millis:
    """When the recording began; 0 for an empty one."""
    return next((frame.at for frame in read_capture(file)), 0)


def _tell(sinks: Sequence[Sink], fact: Fact) -> None:
    for sink in sinks:
        sink.on_fact(fact)
