"""The other end of the daemon's MQTT line: asks and listens, as any program could."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any
from uuid import uuid4

from qfluxd.api.client import Client, LoginRefused, VersionRefused, Way
from qfluxd.api.payloads import encode_json
from qfluxd.api.wire import Message
from qfluxd.errors import Disconnected, Unavailable
from qfluxd.settings import MqttSettings

type Answer = dict[str, Any]

LONG_WORK = 120.0
"""Seconds for the outcome of work that has been accepted."""


@dataclass(frozen=True, slots=True)
class Said:
    """One message below the daemon's base topic; `retain` where the broker keeps it for those who come later."""

    topic: str
    payload: bytes
    retain: bool


class Caller:
    """Someone who asks and listens. The promise: an answer is taken only where it is to our own question."""

    def __init__(self, settings: MqttSettings, name: str, *, modern: bool) -> None:
        self.protocol = "MQTT 5" if modern else "MQTT 3.1.1"
        self._base = f"qfluxd/{name}/"
        self._acknowledged: dict[int, asyncio.Event] = {}
        tls = ssl.create_default_context(cafile=settings.ca) if settings.tls else None
        way = Way(settings, f"qfluxd-caller-{uuid4().hex[:12]}", modern, tls)
        self.client = Client(way, "", None, self._on_ack)

    async def listen(self, pattern: str, *, stored: bool = True) -> None:
        """Hear topics below the base from now on; with `stored` first what the broker has kept.

        Raises:
            Unavailable: the broker forbids it.
            Disconnected: the line broke.
        """
        topic = self._base + pattern.removeprefix(self._base)
        if not await self.client.hear(topic, stored=stored):
            raise Unavailable(f"the MQTT broker forbids listening to {topic}; see its access rules")

    async def hear(self) -> Said:
        """The next message.

        Raises:
            Disconnected: the line broke.
        """
        message = await self.client.receive()
        return Said(str(message.topic).removeprefix(self._base), bytes(message.payload), bool(message.retain))

    async def ask(
        self,
        command: str,
        arguments: Mapping[str, Any],
        seconds: float = 10,
        accepted: Callable[[Answer], None] = lambda _: None,
    ) -> Answer:
        """Send a command and give its final answer; long work is first told to `accepted`, and has more time.

        Raises:
            Disconnected: no answer for `seconds` (`LONG_WORK` where it was accepted), or the line broke.
            Unavailable: the broker forbids listening to the answer.
        """
        request = {"id": uuid4().hex, **arguments}
        await self.listen(f"response/{command}", stored=False)
        self._say(f"request/{command}", encode_json(request))
        while True:
            answer = await self._answer(command, request["id"], seconds)
            if answer.get("final", True):
                return answer
            seconds = max(seconds, LONG_WORK)
            accepted(answer)

    async def _answer(self, command: str, ident: object, seconds: float) -> Answer:
        try:
            async with asyncio.timeout(seconds):
                while True:
                    said = await self.hear()
                    if said.topic == f"response/{command}" and (answer := _answer_to(ident, said.payload)):
                        return answer
        except TimeoutError:
            raise Disconnected(
                f"no answer to {command} within {seconds:g} s; is the daemon running? qfluxd doctor tells"
            ) from None

    async def round_trip(self, seconds: float = 5) -> float:
        """Milliseconds until the broker has acknowledged a message of QoS 1.

        Raises:
            Disconnected: it does not within `seconds`.
        """
        began = monotonic()
        number = self._say("doctor", b"{}")
        try:
            async with asyncio.timeout(seconds):
                await self._acknowledged.setdefault(number, asyncio.Event()).wait()
        except TimeoutError:
            raise Disconnected(f"the broker did not acknowledge a message within {seconds:g} s") from None
        return (monotonic() - began) * 1000

    def _say(self, topic: str, payload: bytes) -> int:
        return self.client.put(self._base + topic, Message(topic, payload, qos=1))

    def _on_ack(self, number: int, _refused: str | None) -> None:
        self._acknowledged.setdefault(number, asyncio.Event()).set()


def _answer_to(ident: object, payload: bytes) -> Answer | None:
    try:
        answer = json.loads(payload)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) and answer.get("id") == ident else None


@asynccontextmanager
async def open_caller(settings: MqttSettings, name: str) -> AsyncIterator[Caller]:
    """Connect to the broker of the daemon called `name`, with MQTT 5 or, where it has to be, 3.1.1.

    Raises:
        Unavailable: there is no broker, or it does not let us in.
    """
    caller = await _entered(settings, name)
    try:
        yield caller
    finally:
        await caller.client.leave()


async def _entered(settings: MqttSettings, name: str) -> Caller:
    where = f"{settings.host}:{settings.port}"
    for modern in (True, False):
        caller = Caller(settings, name, modern=modern)
        try:
            await caller.client.enter()
        except VersionRefused:
            continue
        except LoginRefused as problem:
            raise Unavailable(f"the MQTT broker at {where} refuses us ({problem}); see [mqtt] username") from problem
        except Disconnected as problem:
            raise Unavailable(f"no MQTT broker at {where} ({problem}); start one, or see [mqtt] host") from problem
        return caller
    raise Unavailable(f"the MQTT broker at {where} speaks neither MQTT 5 nor 3.1.1")
