"""aiomqtt, as this daemon needs it: one connection each, nothing left open, our own errors.

aiomqtt connects, subscribes, receives and disconnects. Its `publish` waits for each message by itself; `put` fills
paho's queue below it directly and tells of every acknowledgement, so that a burst of candles is on its way at once.
"""

import asyncio
import logging
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import aiomqtt
from paho.mqtt.client import Client as PahoClient
from paho.mqtt.client import ConnectFlags, DisconnectFlags
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions
from structlog import get_logger

from qfluxd.api.wire import Message
from qfluxd.errors import Disconnected
from qfluxd.settings import MqttSettings

LARGEST_RECEIVED = 1024 * 1024
"""Bytes: a broker that speaks MQTT 5 sends no larger message here."""
CONNECT_TIMEOUT = 2.0
"""Seconds for the TCP connection; it is made in a thread, which nothing stops before."""
ANSWER_TIMEOUT = 10.0
"""Seconds for the broker to answer a CONNECT or a SUBSCRIBE."""
LEAVE_TIMEOUT = 1.0
"""Seconds for the last bytes to be written."""

# What paho logs of a broken connection, the error that follows says better.
_SILENT = logging.getLogger("qfluxd.paho")
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False

_BAD_VERSION = 0x84
_WORDS = {0x80: "the connection broke", 0x8D: "the broker fell silent"}
_BAD_LOGIN = frozenset({0x86, 0x87, 0x8A, 0x8C})  # name or password, not authorized, banned, method


class LoginRefused(Disconnected):
    """The broker does not take this user name and password."""


class VersionRefused(Disconnected):
    """The broker does not speak this version of MQTT."""


@dataclass(frozen=True, slots=True)
class Way:
    """How to reach the broker and as whom; `modern` is MQTT 5, else 3.1.1."""

    settings: MqttSettings
    identity: str
    modern: bool
    tls: ssl.SSLContext | None


class Client(aiomqtt.Client):
    """One connection; `on_ack` hears of each message by number, with a reason where the broker refused it."""

    def __init__(
        self, way: Way, will_topic: str, will: Message | None, on_ack: Callable[[int, str | None], None]
    ) -> None:
        settings, modern = way.settings, way.modern
        super().__init__(
            settings.host,
            settings.port,
            username=settings.username,
            password=settings.password.get_secret_value() if settings.password else None,
            logger=_SILENT,
            identifier=way.identity,
            protocol=aiomqtt.ProtocolVersion.V5 if modern else aiomqtt.ProtocolVersion.V311,
            clean_session=None if modern else True,
            properties=_properties(PacketTypes.CONNECT, MaximumPacketSize=LARGEST_RECEIVED) if modern else None,
            will=aiomqtt.Will(will_topic, will.payload, will.qos, will.retain) if will else None,
            keepalive=settings.keepalive,
            timeout=ANSWER_TIMEOUT,
            max_inflight_messages=0,  # `on_ack` lets the sender keep to the broker's own limit
            tls_context=way.tls,
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        )
        self._client.connect_timeout = CONNECT_TIMEOUT
        self._modern = modern
        self._on_ack = on_ack
        self._loop_thread = threading.get_ident()
        self._thread_ended = threading.Event()
        self._leaving = False
        self.receive_maximum: int | None = None

    async def enter(self) -> None:
        """Connect, or leave nothing behind.

        Raises:
            LoginRefused: the broker does not take user name and password.
            VersionRefused: the broker does not speak this version.
            Disconnected: it cannot be reached, or closed the connection.
        """
        try:
            with _translated():
                await self.__aenter__()
        except BaseException:
            await self._abandon()
            raise

    async def leave(self) -> None:
        """Disconnect in good order if the connection is up, at once if it is not."""
        self._leaving = True
        self.timeout = LEAVE_TIMEOUT
        try:
            await self.__aexit__(None, None, None)
        except aiomqtt.MqttError as error:
            get_logger().debug("mqtt did not part in good order", error=str(error))
        finally:
            await self._hang_up()

    def put(self, topic: str, message: Message) -> int:
        """Have it sent as soon as the socket takes it; `on_ack` will hear this number."""
        properties = _publish_properties(message) if self._modern else None
        return self._client.publish(topic, message.payload, message.qos, message.retain, properties).mid

    def flush(self) -> None:
        """Write what was put, as far as the socket takes it without waiting."""
        self._client.loop_write()

    async def hear(self, topic: str, *, stored: bool) -> bool:
        """Subscribe; False where the broker forbids it.

        With `stored`, also what the broker has retained, and every message's retain flag as it was published;
        without, only what is published from now on. MQTT 3.1.1 knows neither: it sends what is retained, marked as
        such, and brings our own messages back, which MQTT 5 leaves out.
        """
        handling = SubscribeOptions.RETAIN_SEND_ON_SUBSCRIBE if stored else SubscribeOptions.RETAIN_DO_NOT_SEND
        options = SubscribeOptions(1, noLocal=True, retainAsPublished=stored, retainHandling=handling)
        with _translated():
            codes = await (self.subscribe(topic, options=options) if self._modern else self.subscribe(topic, 1))
        return all((code if isinstance(code, int) else code.value) < 0x80 for code in codes)

    async def receive(self) -> aiomqtt.Message:
        """The next message.

        Raises:
            Disconnected: the connection broke.
        """
        with _translated():
            return await anext(self.messages)

    async def _abandon(self) -> None:
        """Close what the thread that connects has opened, or will have when it is done; it cannot be stopped."""
        if not self._thread_ended.is_set():
            await asyncio.to_thread(self._thread_ended.wait, CONNECT_TIMEOUT + 0.5)
        await asyncio.sleep(0)
        await self._hang_up()

    async def _hang_up(self) -> None:
        """Close the socket, but not before the loop has done what paho has handed it for that socket."""
        self._leaving = True
        if self._client.socket() is not None:
            self._client.disconnect()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            self._client._sock_close()

    def _client_connect(self) -> None:
        try:
            super()._client_connect()
        finally:
            self._thread_ended.set()

    def _on_connect(
        self,
        client: PahoClient,
        userdata: Any,
        flags: ConnectFlags,
        reason_code: ReasonCode,
        properties: Properties | None = None,
    ) -> None:
        self.receive_maximum = getattr(properties, "ReceiveMaximum", None)
        super()._on_connect(client, userdata, flags, reason_code, properties)

    def _on_disconnect(
        self,
        client: PahoClient,
        userdata: Any,
        flags: DisconnectFlags,
        reason_code: ReasonCode,
        properties: Properties | None = None,
    ) -> None:
        if self._connected.cancelled():
            return
        # aiomqtt would wait for its whole timeout when the other side hangs up without an answer.
        if not self._connected.done() and not self._leaving:
            self._connected.set_exception(aiomqtt.MqttError("it closed the connection without an answer"))
        super()._on_disconnect(client, userdata, flags, reason_code, properties)

    def _on_socket_register_write(self, client: PahoClient, userdata: Any, sock: Any) -> None:
        # Handed over to the loop, as aiomqtt does it, this can come after the socket has been closed and its number
        # given to another; in the loop's own thread it can be done at once.
        if threading.get_ident() == self._loop_thread:
            self._watch_writable(sock)
        else:
            self._loop.call_soon_threadsafe(self._watch_writable, sock)

    def _watch_writable(self, sock: Any) -> None:
        current = self._client.socket()
        if current is not None and current is sock:
            self._loop.add_writer(current.fileno(), self._client.loop_write)

    def _on_publish(
        self, client: PahoClient, userdata: Any, mid: int, reason_code: ReasonCode, properties: Properties
    ) -> None:
        self._on_ack(mid, str(reason_code) if reason_code.is_failure else None)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except aiomqtt.MqttError as error:
        raise _meaning(error) from error
    except UnicodeError as error:
        raise Disconnected(f"the host is not a name that can be looked up: {error}") from error


def _meaning(error: aiomqtt.MqttError) -> Disconnected:
    cause = error.__cause__ if isinstance(error.__cause__, aiomqtt.MqttError) else error
    reason = getattr(cause, "rc", None)
    code = reason.value if isinstance(reason, ReasonCode) else None
    words = _WORDS.get(code, str(reason)) if code is not None else str(cause)
    if code in _BAD_LOGIN:
        return LoginRefused(words)
    return VersionRefused(words) if code == _BAD_VERSION else Disconnected(words)


def _properties(kind: int, **values: Any) -> Properties:
    properties = Properties(kind)  # type: ignore[no-untyped-call]  # paho has left it untyped
    for name, value in values.items():
        setattr(properties, name, value)
    return properties


def _publish_properties(message: Message) -> Properties | None:
    if message.expiry is None and message.correlation is None:
        return None
    values = {"MessageExpiryInterval": message.expiry, "CorrelationData": message.correlation}
    return _properties(PacketTypes.PUBLISH, **{name: value for name, value in values.items() if value is not None})
