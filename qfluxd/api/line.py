"""A line to an MQTT broker that is up: what may be sent now, what has arrived, what may not have."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgspec
from structlog import get_logger

from qfluxd.api.client import Client, Way
from qfluxd.api.wire import Message

WINDOW = 100
"""QoS 1 messages sent and not acknowledged; fewer where a broker says so (MQTT 5, Receive Maximum)."""
UNWRITTEN = 500
"""QoS 0 messages that the socket has not taken yet."""


class Received(msgspec.Struct, frozen=True):
    """One message from the broker, with what MQTT 5 says about where its answer is wanted."""

    topic: str
    payload: bytes
    retain: bool
    reply_to: str | None = None
    correlation: bytes | None = None


class Line:
    """Sends without waiting. Whatever was sent and not acknowledged can be told afterwards (`unsettled`).

    Topics are below `base`; `on_room` is called whenever more may be sent.
    """

    def __init__(self, way: Way, base: str, will: Message, on_room: Callable[[], None]) -> None:
        self._base = base
        self._on_room = on_room
        self._flying: dict[int, Message] = {}
        self._unwritten = 0
        self._refused = 0
        self._window = WINDOW
        self._client = Client(way, base + will.topic, will, self._on_ack)

    @property
    def room(self) -> tuple[int, int]:
        """How many more messages may be sent now, of QoS 1 and of QoS 0."""
        return max(0, self._window - len(self._flying)), max(0, UNWRITTEN - self._unwritten)

    @property
    def unsettled(self) -> list[Message]:
        """QoS 1 messages that the broker has not acknowledged, oldest first."""
        return list(self._flying.values())

    @property
    def idle(self) -> bool:
        """Whether everything has been acknowledged, or written where nothing is acknowledged."""
        return not self._flying and self._unwritten <= 0

    def send(self, message: Message) -> None:
        """Send now; the sender keeps to `room`. On a broken line a QoS 1 message stays unsettled."""
        number = self._client.put(message.topic if message.elsewhere else self._base + message.topic, message)
        if message.qos:
            self._flying[number] = message
        else:
            self._unwritten += 1

    def flush(self) -> None:
        """Write what was sent as far as the socket takes it now; the rest is written by the loop."""
        self._client.flush()

    async def subscribe(self, topic: str, *, stored: bool) -> bool:
        """Hear this topic (see `qfluxd.api.client.Client.hear`). False where the broker forbids it."""
        return await self._client.hear(self._base + topic, stored=stored)

    async def receive(self) -> Received:
        """The next message.

        Raises:
            Disconnected: the line broke.
        """
        message = await self._client.receive()
        more = message.properties
        return Received(
            str(message.topic).removeprefix(self._base),
            bytes(message.payload),
            bool(message.retain),
            getattr(more, "ResponseTopic", None),
            getattr(more, "CorrelationData", None),
        )

    async def open(self) -> None:
        """Connect; raises as `qfluxd.api.client.Client.enter` does."""
        await self._client.enter()
        self._window = min(WINDOW, self._client.receive_maximum or WINDOW)

    async def close(self) -> None:
        """Disconnect, so that the broker forgets the will."""
        await self._client.leave()

    def _on_ack(self, number: int, refused: str | None) -> None:
        message = self._flying.pop(number, None)
        if message is None:
            self._unwritten -= 1
        elif refused is not None:
            self._on_refusal(message, refused)
        self._on_room()

    def _on_refusal(self, message: Message, reason: str) -> None:
        if not self._refused:
            get_logger().warning("mqtt refused a message", topic=message.topic, reason=reason)
        self._refused += 1


@asynccontextmanager
async def open_line(way: Way, base: str, will: Message, on_room: Callable[[], None]) -> AsyncIterator[Line]:
    """Connect; on the way out disconnect. Raises as `qfluxd.api.client.Client.enter` does."""
    line = Line(way, base, will, on_room)
    await line.open()
    try:
        yield line
    finally:
        await line.close()
