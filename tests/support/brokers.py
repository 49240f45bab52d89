"""Real mosquitto brokers on free ports, a faulty line in front of them, and an ear that hears everything."""

import asyncio
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiomqtt
import msgspec
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from qfluxd.api.commands import Perform, Request
from qfluxd.api.mosquitto import find_mosquitto, look
from qfluxd.api.mqtt import MqttEdge
from qfluxd.api.outbox import Outbox
from qfluxd.settings import MqttSettings

NO_DELAY = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
NAME = "test"
BASE = f"qfluxd/{NAME}/"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Broker:
    """A mosquitto that forgets everything when it ends; started and hurt at will, gone when the test is over."""

    def __init__(self, folder: Path, *settings: str) -> None:
        self.port = free_port()
        self._config = folder / f"mosquitto-{self.port}.conf"
        settings = settings or ("allow_anonymous true",)
        self._config.write_text(
            "\n".join([f"listener {self.port} 127.0.0.1", *settings, "user root", "log_type none\n"])
        )
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Return once it answers."""
        self._process = await asyncio.create_subprocess_exec(
            str(find_mosquitto()), "-c", str(self._config), stderr=asyncio.subprocess.DEVNULL
        )
        async with asyncio.timeout(10):
            while await look("127.0.0.1", self.port) != "broker":  # noqa: ASYNC110  # it tells nobody that it is up
                await asyncio.sleep(0.02)

    def signal(self, number: signal.Signals) -> None:
        """Hurt it."""
        assert self._process is not None
        self._process.send_signal(number)

    async def kill(self) -> None:
        """End it as a crash would; nothing when it does not run."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
            self._process = None


@asynccontextmanager
async def broker(folder: Path, *settings: str) -> AsyncIterator[Broker]:
    """A broker that runs, with these lines of configuration."""
    running = Broker(folder, *settings)
    try:
        await running.start()
        yield running
    finally:
        await running.kill()


@dataclass
class Proxy:
    """A line to a broker that refuses a version, swallows what is sent, or breaks, as the test says."""

    target: int
    refuse_5: bytes | None = None
    swallow: bool = False
    port: int = 0
    versions: list[int] = field(default_factory=list)
    _pairs: list[asyncio.StreamWriter] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, from its CONNECT packet on."""
        with suppress(OSError, asyncio.IncompleteReadError):
            first = await reader.readuntil(b"MQTT") + await reader.readexactly(1)
            self.versions.append(first[-1])
            if first[-1] == 5 and self.refuse_5 is not None:
                writer.write(self.refuse_5)
                await writer.drain()
            else:
                await self._join(first, reader, writer)
        writer.close()

    def cut(self) -> None:
        """Break every connection at once."""
        for writer in self._pairs:
            writer.transport.abort()
        self._pairs.clear()

    async def _join(self, first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, onward = await asyncio.open_connection("127.0.0.1", self.target)
        self._pairs += [writer, onward]
        onward.write(first)
        async with asyncio.TaskGroup() as both:
            both.create_task(self._copy(reader, onward, swallows=True))
            both.create_task(self._copy(there, writer, swallows=False))

    async def _copy(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, swallows: bool) -> None:
        with suppress(OSError):
            while data := await source.read(65_536):
                if not (swallows and self.swallow):
                    sink.write(data)
                    await sink.drain()
        sink.close()


@asynccontextmanager
async def proxy(target: int, **faults: Any) -> AsyncIterator[Proxy]:
    """A proxy that listens, in front of the broker at this port."""
    line = Proxy(target, **faults)
    server = await asyncio.start_server(line.serve, "127.0.0.1", 0)
    line.port = server.sockets[0].getsockname()[1]
    try:
        yield line
    finally:
        server.close()
        line.cut()
        await server.wait_closed()


@dataclass
class Ear:
    """Hears every message below the base; `heard` is all of it, in order, `times` when each came."""

    client: aiomqtt.Client
    heard: list[aiomqtt.Message] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    _more: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Hear on."""
        async for message in self.client.messages:
            self.heard.append(message)
            self.times.append(time.time())
            self._more.set()

    def on(self, topic: str) -> list[Any]:
        """The JSON heard on one topic below the base."""
        return [msgspec.json.decode(m.payload) for m in self.heard if m.topic.value == BASE + topic and m.payload]

    def has(self, topic: str, many: int) -> bool:
        """Whether so many messages were heard on one topic."""
        return len(self.on(topic)) >= many

    async def until(self, true: Callable[[], object], within: float = 10) -> None:
        """Return when this has become true; looks again at every message."""
        async with asyncio.timeout(within):
            while not true():
                self._more.clear()
                await self._more.wait()

    async def say(self, topic: str, payload: bytes | str = b"", **how: Any) -> None:
        """Publish below the base with QoS 1."""
        await self.client.publish(BASE + topic, payload, qos=1, **how)

    async def ask(self, command: str, payload: bytes | str = b"", **how: Any) -> Any:
        """Send a request; the answer that comes to its own topic next."""
        before = len(self.on(f"response/{command}"))
        await self.say(f"request/{command}", payload, **how)
        await self.until(lambda: len(self.on(f"response/{command}")) > before)
        return self.on(f"response/{command}")[before]


@asynccontextmanager
async def listening(port: int, topic: str = "qfluxd/#", **login: Any) -> AsyncIterator[Ear]:
    """An ear at the broker of this port."""
    client = aiomqtt.Client(
        "127.0.0.1", port, protocol=aiomqtt.ProtocolVersion.V5, socket_options=NO_DELAY, timeout=5, **login
    )
    client.pending_calls_threshold = 10_000
    async with client:
        ear = Ear(client)
        await client.subscribe(topic, qos=1)
        async with asyncio.TaskGroup() as group:
            hearing = group.create_task(ear.run())
            yield ear
            hearing.cancel()


async def retained(port: int, **login: Any) -> dict[str, bytes]:
    """What the broker keeps below the base, by topic without it."""
    async with listening(port, f"{BASE}#", **login) as ear:
        # What is kept is sent before anything new: the mark ends it.
        await ear.say("mark")
        await ear.until(lambda: any(message.topic.value == f"{BASE}mark" for message in ear.heard))
        return {m.topic.value.removeprefix(BASE): m.payload for m in ear.heard if m.retain}


async def obliging(request: Request) -> Any:
    """Performs everything by saying what it was."""
    return {"asked": request.command.name}


@asynccontextmanager
async def edge(
    settings: MqttSettings, outbox: Outbox | None = None, perform: Perform = obliging
) -> AsyncIterator[MqttEdge]:
    """A daemon's MQTT edge, running; stopped cleanly on the way out."""
    outbox = outbox or Outbox()
    running = MqttEdge(settings, NAME, outbox, perform)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(outbox.run()), group.create_task(running.run())]
        try:
            yield running
        finally:
            for task in tasks:
                task.cancel()


async def until(true: Callable[[], object], within: float) -> None:
    """Return when this has become true; for what nobody tells."""
    async with asyncio.timeout(within):
        while not true():  # noqa: ASYNC110  # a condition, not an event
            await asyncio.sleep(0.01)


async def connected(one: MqttEdge, within: float = 5) -> None:
    """Return when the edge has a line."""
    await until(lambda: one.health.connected, within)


def response_topic(topic: str, correlation: bytes) -> Properties:
    """MQTT 5 properties that ask for an answer at this topic."""
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho has left it untyped
    properties.ResponseTopic = topic
    properties.CorrelationData = correlation
    return properties


@contextmanager
def child_of(*arguments: str) -> Iterator[int]:
    """A process of these arguments; killed on the way out."""
    pid = os.posix_spawn(arguments[0], arguments, os.environ)
    try:
        yield pid
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
