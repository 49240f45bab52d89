"""Messages a second and delay of our MQTT edge, beside aiomqtt and paho by themselves: `python -m tests.bench.mqtt`.

One mosquitto (with TCP_NODELAY) serves all. A listener in a process of its own measures the delay from the call that
sends to the message heard, and when the last of a batch has come. Ratios within one run are what counts.
"""

import asyncio
import json
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import aiomqtt
import uvloop
from paho.mqtt.client import Client as Paho
from paho.mqtt.client import MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from qfluxd.api.outbox import Outbox
from qfluxd.api.wire import Message
from qfluxd.settings import MqttSettings
from tests.support.brokers import BASE, NO_DELAY, Broker, broker, connected, edge

BURST, BURSTS = 350, 15
MANY = BURST * 30
RATE, SECONDS = 200, 3
BODY = '"timeframe":"1m","at":1763769600000,"open":1.16,"high":1.1609,"low":1.1598,"close":1.16027,"ticks":117'

type Send = Callable[[list[Message]], Awaitable[None]]
"""Takes messages to be sent in order; returns when it would take more."""
type Way = Callable[[Broker], AbstractAsyncContextManager[Send]]


def burst(qos: int) -> list[Message]:
    """A message on each of as many topics as 50 assets have with 7 timeframes; no two are alike."""
    now = time.time_ns()
    return [Message(f"c/{n}", f'{{"n":{now + n},{BODY}}}'.encode(), qos == 1, qos) for n in range(BURST)]


def stamp(topic: str, qos: int) -> Message:
    """A message that says when it was sent."""
    return Message(topic, f'{{"sent":{time.time_ns()},{BODY}}}'.encode(), qos=qos)


@asynccontextmanager
async def our_edge(at: Broker) -> AsyncIterator[Send]:
    """Outbox and edge, as in the daemon."""
    outbox = Outbox()
    async with edge(MqttSettings(port=at.port), outbox) as running:
        await connected(running)

        async def send(batch: list[Message]) -> None:
            for message in batch:
                outbox.put(message)
            while running.health.queued:  # noqa: ASYNC110  # what waits would be replaced by what comes
                await asyncio.sleep(0)

        yield send


def bare_aiomqtt(at_a_time: int) -> Way:
    """aiomqtt's own publish, so many calls at a time."""

    @asynccontextmanager
    async def way(at: Broker) -> AsyncIterator[Send]:
        client = aiomqtt.Client(
            "127.0.0.1",
            at.port,
            protocol=aiomqtt.ProtocolVersion.V5,
            socket_options=NO_DELAY,
            max_inflight_messages=100,
        )
        client.pending_calls_threshold = MANY
        async with client:

            async def worker(batch: list[Message]) -> None:
                while batch:
                    message = batch.pop()
                    await client.publish(BASE + message.topic, message.payload, message.qos, message.retain)

            async def send(batch: list[Message]) -> None:
                batch.reverse()
                async with asyncio.TaskGroup() as group:
                    for _ in range(min(at_a_time, len(batch))):
                        group.create_task(worker(batch))

            yield send

    return way


@asynccontextmanager
async def bare_paho(at: Broker) -> AsyncIterator[Send]:
    """paho with its thread."""
    client = Paho(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    client.max_inflight_messages_set(100)
    client.connect("127.0.0.1", at.port)
    client.loop_start()
    while (connection := client.socket()) is None or not client.is_connected():  # noqa: ASYNC110  # its own thread
        await asyncio.sleep(0.01)
    if isinstance(connection, socket.socket):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    async def send(batch: list[Message]) -> None:
        last = [client.publish(BASE + m.topic, m.payload, m.qos, m.retain) for m in batch][-1]
        await asyncio.to_thread(last.wait_for_publish)

    yield send
    client.disconnect()
    client.loop_stop()


WAYS: dict[str, Way] = {
    "qfluxd edge": our_edge,
    "aiomqtt, in turn": bare_aiomqtt(1),
    "aiomqtt, 100 at a time": bare_aiomqtt(100),
    "paho, own thread": bare_paho,
}


class Listener:
    """The process that hears; `report` waits for the end of a batch and gives what it measured."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        self._process = process
        self._lines = process.stdout

    async def report(self) -> dict[str, Any]:
        """Messages heard since the report before, when the last came, and the delays of stamped ones in ms."""
        async with asyncio.timeout(120):
            told: dict[str, Any] = json.loads(await self._lines.readline())
        return told


@asynccontextmanager
async def listener(port: int) -> AsyncIterator[Listener]:
    """A listener that is ready."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.mqtt", "hear", str(port), stdout=asyncio.subprocess.PIPE
    )
    try:
        one = Listener(process)
        await one.report()
        yield one
    finally:
        process.kill()
        await process.wait()


def hear(port: int) -> None:
    """Count messages, note the delays of stamped ones, and report at each end."""
    delays: list[float] = []
    heard = 0

    def on_message(client: Paho, data: object, message: MQTTMessage) -> None:
        nonlocal heard
        heard += 1
        if message.topic == f"{BASE}stamp":
            now = time.time_ns()
            delays.append((now - json.loads(message.payload)["sent"]) / 1e6)
        elif message.topic == f"{BASE}end":
            print(json.dumps({"heard": heard, "last": time.time_ns(), "delays": delays}), flush=True)
            delays.clear()
            heard = 0

    client = Paho(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    client.on_message = on_message
    client.on_subscribe = lambda *_: print("{}", flush=True)
    client.connect("127.0.0.1", port)
    client.subscribe(f"{BASE}#", qos=0)
    client.loop_forever()


async def rate(send: Send, ears: Listener, qos: int) -> float:
    """Messages a second, sent one burst after the other, until the last is heard."""
    began = time.time_ns()
    for _ in range(MANY // BURST):
        await send(burst(qos))
    await send([stamp("end", qos)])
    last: int = (await ears.report())["last"]
    return float(MANY / (last - began) * 1e9)


async def burst_time(send: Send, ears: Listener) -> float:
    """Milliseconds for a burst of retained QoS 1 messages, in the median of many."""
    taken: list[float] = []
    for _ in range(BURSTS):
        batch = burst(1)
        began = time.time_ns()
        await send([*batch, stamp("end", 1)])
        taken.append(((await ears.report())["last"] - began) / 1e6)
    return statistics.median(taken)


async def delay(send: Send, ears: Listener, qos: int) -> tuple[float, float]:
    """Delay in ms of single messages at a steady rate: p50, p99."""
    for _ in range(RATE * SECONDS):
        await send([stamp("stamp", qos)])
        await asyncio.sleep(1 / RATE)
    await send([stamp("end", qos)])
    delays: list[float] = sorted((await ears.report())["delays"])
    return delays[len(delays) // 2], delays[int(len(delays) * 0.99)]


async def measure(way: Way, at: Broker) -> str:
    """One line of the table."""
    async with listener(at.port) as ears, way(at) as send:
        await send([stamp("end", 1)])
        await ears.report()
        rates = [await rate(send, ears, qos) for qos in (0, 1)]
        single = [figure for qos in (0, 1) for figure in await delay(send, ears, qos)]
        whole = await burst_time(send, ears)
    return f"{rates[0]:9,.0f}  {rates[1]:9,.0f}  {whole:9.1f}  " + "  ".join(f"{ms:6.2f}" for ms in single)


async def main() -> None:
    """Print the table."""
    print(
        ", ".join(f"{name} {version(name)}" for name in ("aiomqtt", "paho-mqtt", "uvloop")),
        "on",
        sys.version.split()[0],
    )
    print(f"{'':24}  QoS 0 /s   QoS 1 /s  {BURST} in ms  QoS 0 p50, p99  QoS 1 p50, p99 ms")
    with tempfile.TemporaryDirectory() as folder:
        async with broker(
            Path(folder), "allow_anonymous true", "set_tcp_nodelay true", "max_inflight_messages 100"
        ) as at:
            for name, way in WAYS.items():
                print(f"{name:24}{await measure(way, at)}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["hear"]:
        hear(int(sys.argv[2]))
    else:
        uvloop.run(main())
